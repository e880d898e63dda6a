"""An autoencoder whose decoder is its encoder turned round: one W for both."""

import numpy as np


class TiedAutoencoder:
    def __init__(self, visible, hidden, rate=0.1, seed=70):
        rng = np.random.default_rng(seed)
        self.W = rng.normal(0, 0.5, (hidden, visible))
        self.b = rng.normal(0, 0.1, (hidden, 1))
        self.c = rng.normal(0, 0.1, (visible, 1))
        self.rate = rate

    def encode(self, X):
        return 1 / (1 + np.exp(-(self.W @ X + self.b)))

    def decode(self, H):
        return self.W.T @ H + self.c

    def fit_batch(self, X):
        """One example per column."""
        m = X.shape[1]
        H = self.encode(X)
        R = self.decode(H)
        loss = np.sum((R - X) ** 2) / m

        dR = 2 * (R - X) / m
        dc = np.sum(dR, axis=1, keepdims=True)
        dH = self.W @ dR
        dZ = dH * H * (1 - H)
        db = np.sum(dZ, axis=1, keepdims=True)
        # W was used twice
        dW = H @ dR.T
        dW += dZ @ X.T

        self.W = self.W - self.rate * dW
        self.b = self.b - self.rate * db
        self.c = self.c - self.rate * dc
        return loss


def make():
    rng = np.random.default_rng(71)
    return TiedAutoencoder(visible=5, hidden=3).fit_batch, (rng.uniform(-1, 1, (5, 8)),)


def parameters(call, args):
    return {name: getattr(call.__self__, name) for name in ("W", "b", "c")}


def claimed(call, args):
    before = parameters(call, args)
    call(*args)
    after = parameters(call, args)
    return {name: before[name] - after[name] for name in before}


def cost(call, args):
    return call(*args)


BREAKS = [
    {"line": 27, "instead": "        dR = 2 * (X - R) / m", "what": "sign of the error"},
    {
        "line": 28,
        "instead": "        dc = np.mean(dR, axis=1, keepdims=True)",
        "what": "a second mean over the batch",
    },
    {"line": 29, "instead": "        dH = self.W @ R", "what": "the output for its error"},
    {"line": 30, "instead": "        dZ = dH * (1 - H**2)", "what": "tanh's slope for sigmoid's"},
    {
        "line": 31,
        "instead": "        db = np.sum(dH, axis=1, keepdims=True)",
        "what": "without sigmoid's slope",
    },
    {
        "line": 34,
        "instead": "        dW = dZ @ X.T",
        "what": "= for +=, the decoder's share forgotten",
    },
    {
        "line": 38,
        "instead": "        self.c = self.c + self.rate * dc",
        "what": "sign: a step uphill",
    },
]
