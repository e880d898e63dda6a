import numpy as np


class PriceNet:
    """House prices. Softplus at the end, prices are positive."""

    def __init__(self, n_features, n_hidden, seed=42):
        rng = np.random.default_rng(seed)
        self.p = dict(
            Wh=rng.standard_normal((n_features, n_hidden)) * 0.5,
            bh=rng.standard_normal((1, n_hidden)) * 0.1,
            Wo=rng.standard_normal((n_hidden, 2)) * 0.5,
            bo=rng.standard_normal((1, 2)) * 0.1,
        )
        self.vel = {name: np.zeros_like(val) for name, val in self.p.items()}
        self.lr = 0.03
        self.beta = 0.9

    def _forward(self, X):
        self.Xn = X / 10.0
        self.Zh = self.Xn @ self.p["Wh"] + self.p["bh"]
        self.Ah = np.tanh(self.Zh)
        self.Zo = self.Ah @ self.p["Wo"] + self.p["bo"]
        self.yhat = np.log(1 + np.exp(self.Zo))
        return self.yhat

    def _backward(self, Y):
        m = Y.shape[0]
        grads = {}
        dyhat = 2 * (self.yhat - Y) / m
        dZo = dyhat / (1 + np.exp(-self.Zo))
        grads["Wo"] = self.Ah.T @ dZo
        grads["bo"] = np.sum(dZo, axis=0, keepdims=True)
        dAh = dZo @ self.p["Wo"].T
        dZh = dAh * (1 - self.Ah ** 2)
        grads["Wh"] = self.Xn.T @ dZh
        grads["bh"] = np.sum(dZh, axis=0, keepdims=True)
        return grads

    def _apply(self, grads):
        for name in self.p:
            self.vel[name] = self.beta * self.vel[name] - self.lr * grads[name]
            self.p[name] = self.p[name] + self.vel[name]

    def train(self, X, Y, n_steps=1, verbose=False):
        for i in range(n_steps):
            self._forward(X)
            cost = np.sum((self.yhat - Y) ** 2) / Y.shape[0]
            self._apply(self._backward(Y))
            if verbose and i % 100 == 0:
                print(i, cost)
        return cost
