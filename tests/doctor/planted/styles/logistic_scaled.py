import numpy as np


class LogisticRegression:
    """y is 0/1. Features are standardised inside."""

    def __init__(self, lr=0.1, l2=0.2):
        self.lr = lr
        self.l2 = l2
        self.w = None
        self.b = None

    def _scale(self, X):
        return (X - self.mean_) / self.std_

    def prepare(self, X, seed=0):
        self.mean_ = X.mean(axis=0)
        self.std_ = X.std(axis=0)
        rng = np.random.default_rng(seed)
        self.w = rng.normal(size=X.shape[1])
        self.b = rng.normal(size=1)
        return self

    def fit(self, X, y, epochs=1):
        Xs = self._scale(X)
        n_samples = len(Xs)
        self.history = []
        for epoch in range(epochs):
            p = 1 / (1 + np.exp(-(Xs @ self.w + self.b)))
            ll = np.sum(y * np.log(p) + (1 - y) * np.log(1 - p))
            self.history.append(-ll / n_samples + self.l2 / 2 * np.dot(self.w, self.w))

            residual = p - y
            grad_w = Xs.T @ residual / n_samples + self.l2 * self.w
            grad_b = residual.sum() / n_samples

            self.w = self.w - self.lr * grad_w
            self.b = self.b - self.lr * grad_b
        return self
