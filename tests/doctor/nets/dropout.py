"""A two-layer classifier with inverted dropout on the hidden units."""

import numpy as np


class DropoutNet:
    def __init__(self, sizes, keep=0.6, seed=80):
        n_in, n_hidden = sizes
        self.rng = np.random.default_rng(seed)
        self.W1 = self.rng.normal(0, 1, (n_in, n_hidden))
        self.b1 = self.rng.normal(0, 0.2, n_hidden)
        self.w2 = self.rng.normal(0, 1, n_hidden)
        self.b2 = np.zeros(1)
        self.keep = keep

    def step(self, x, y):
        """Mean binary cross-entropy, y of 0 and 1; gradients by name."""
        z1 = x @ self.W1 + self.b1
        h = np.maximum(z1, 0)
        mask = (self.rng.random(h.shape) < self.keep) / self.keep
        dropped = h * mask
        z2 = dropped @ self.w2 + self.b2
        p = 1 / (1 + np.exp(-z2))
        loss = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))

        dz2 = (p - y) / len(y)
        grads = {"w2": dropped.T @ dz2, "b2": dz2.sum(keepdims=True)}
        ddropped = np.outer(dz2, self.w2)
        dh = ddropped * mask
        dz1 = dh * (z1 > 0)
        grads["W1"] = x.T @ dz1
        grads["b1"] = dz1.sum(axis=0)
        return loss, grads


def make():
    net = DropoutNet((4, 6))
    rng = np.random.default_rng(81)
    return net.step, (rng.normal(size=(8, 4)), rng.integers(0, 2, 8))


def parameters(call, args):
    return {name: getattr(call.__self__, name) for name in ("W1", "b1", "w2", "b2")}


def claimed(call, args):
    return call(*args)[1]


def cost(call, args):
    return call(*args)[0]


BREAKS = [
    {
        "line": 26,
        "instead": "        dz2 = (p - y) * p * (1 - p) / len(y)",
        "what": "sigmoid's slope a second time",
    },
    {
        "line": 27,
        "instead": '        grads = {"w2": h.T @ dz2, "b2": dz2.sum(keepdims=True)}',
        "what": "hidden units from before the mask",
    },
    {"line": 29, "instead": "        dh = ddropped", "what": "mask left out"},
    {"line": 29, "instead": "        dh = ddropped * (mask > 0)", "what": "1/keep left out"},
    {
        "line": 29,
        "instead": "        dh = ddropped * (self.rng.random(h.shape) < self.keep) / self.keep",
        "what": "another mask drawn",
    },
    {"line": 30, "instead": "        dz1 = dh * (dh > 0)", "what": "relu's slope at the gradient"},
    {"line": 32, "instead": '        grads["b1"] = dh.sum(axis=0)', "what": "without relu's slope"},
]
