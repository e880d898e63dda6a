"""One head of scaled dot-product attention, fitted to targets by squared error."""

import numpy as np


class Attention:
    def __init__(self, d, seed):
        rng = np.random.default_rng(seed)
        self.Wq, self.Wk, self.Wv, self.Wo = rng.normal(0, 0.7, (4, d, d))
        self.d = d

    def forward(self, X):
        self.Q = X @ self.Wq
        self.K = X @ self.Wk
        self.V = X @ self.Wv
        S = self.Q @ self.K.transpose(0, 2, 1) / np.sqrt(self.d)
        S = S - S.max(axis=-1, keepdims=True)
        self.A = np.exp(S) / np.exp(S).sum(axis=-1, keepdims=True)
        self.heads = self.A @ self.V
        return self.heads @ self.Wo

    def backward(self, X, dout):
        # weights are shared by all sequences of the batch and all their places
        rows = X.reshape(-1, self.d)
        grads = {}
        grads["Wo"] = self.heads.reshape(-1, self.d).T @ dout.reshape(-1, self.d)
        dheads = dout @ self.Wo.T
        dA = dheads @ self.V.transpose(0, 2, 1)
        dV = self.A.transpose(0, 2, 1) @ dheads
        dS = self.A * (dA - (dA * self.A).sum(axis=-1, keepdims=True))
        dQ = dS @ self.K / np.sqrt(self.d)
        dK = dS.transpose(0, 2, 1) @ self.Q / np.sqrt(self.d)
        grads["Wq"] = rows.T @ dQ.reshape(-1, self.d)
        grads["Wk"] = rows.T @ dK.reshape(-1, self.d)
        grads["Wv"] = rows.T @ dV.reshape(-1, self.d)
        return grads

    def loss_and_grads(self, X, T):
        diff = self.forward(X) - T
        loss = np.sum(diff**2) / len(X)
        return loss, self.backward(X, 2 * diff / len(X))


def make():
    rng = np.random.default_rng(52)
    model = Attention(d=4, seed=51)
    return model.loss_and_grads, (rng.normal(size=(2, 5, 4)), rng.normal(size=(2, 5, 4)))


def parameters(call, args):
    return {name: getattr(call.__self__, name) for name in ("Wq", "Wk", "Wv", "Wo")}


def claimed(call, args):
    return call(*args)[1]


def cost(call, args):
    return call(*args)[0]


BREAKS = [
    {
        "line": 26,
        "instead": '        grads["Wo"] = self.V.reshape(-1, self.d).T @ dout.reshape(-1, self.d)',
        "what": "the values as they were before they were mixed",
    },
    {
        "line": 27,
        "instead": "        dheads = dout @ self.Wo",
        "what": "transpose of a square Wo forgotten",
    },
    {
        "line": 29,
        "instead": "        dV = self.A @ dheads",
        "what": "transpose of a square A forgotten",
    },
    {
        "line": 30,
        "instead": "        dS = self.A * (dA - (dA * self.A).sum(axis=1, keepdims=True))",
        "what": "softmax's sum over the wrong axis",
    },
    {
        "line": 30,
        "instead": "        dS = self.A * (1 - self.A) * dA",
        "what": "the diagonal alone of softmax's jacobian",
    },
    {"line": 31, "instead": "        dQ = dS @ self.K", "what": "scale 1/sqrt(d) forgotten"},
    {
        "line": 31,
        "instead": "        dQ = dS @ self.Q / np.sqrt(self.d)",
        "what": "queries for keys",
    },
    {
        "line": 32,
        "instead": "        dK = dS @ self.Q / np.sqrt(self.d)",
        "what": "transpose of a square dS forgotten",
    },
]
