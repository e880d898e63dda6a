# Three quantiles of a delivery time at once. Nothing is allocated while training.
import numpy as np


class QuantileNet:
    def __init__(self, batch, n_in, n_hidden, quantiles=(0.1, 0.5, 0.9), lr=0.05, mu=0.9):
        rng = np.random.default_rng(77)
        q = len(quantiles)
        self.tau = np.array(quantiles)
        self.lr = lr
        self.mu = mu
        self.W = rng.normal(0, 0.5, (n_in, n_hidden))
        self.b = rng.normal(0, 0.2, n_hidden)
        self.V = rng.normal(0, 0.5, (n_hidden, q))
        self.c = rng.normal(0, 0.2, q)
        self.theta = [self.W, self.b, self.V, self.c]
        self.vel = [np.zeros(p.shape) for p in self.theta]
        self.grad = [np.zeros(p.shape) for p in self.theta]
        # work space
        self.h = np.zeros((batch, n_hidden))
        self.dh = np.zeros((batch, n_hidden))
        self.pred = np.zeros((batch, q))
        self.res = np.zeros((batch, q))
        self.dpred = np.zeros((batch, q))

    def forward(self, x):
        np.matmul(x, self.W, out=self.h)
        self.h += self.b
        np.tanh(self.h, out=self.h)
        np.matmul(self.h, self.V, out=self.pred)
        self.pred += self.c
        return self.pred

    def pinball(self, y):
        np.subtract(y[:, None], self.pred, out=self.res)
        return np.maximum(self.tau * self.res, (self.tau - 1) * self.res).mean()

    def backward(self, x):
        gW, gb, gV, gc = self.grad
        np.less(self.res, 0, out=self.dpred)
        self.dpred -= self.tau
        self.dpred /= self.dpred.size
        np.matmul(self.h.T, self.dpred, out=gV)
        np.sum(self.dpred, axis=0, out=gc)
        np.matmul(self.dpred, self.V.T, out=self.dh)
        np.multiply(self.h, self.h, out=self.h)
        np.subtract(1, self.h, out=self.h)
        self.dh *= self.h
        np.matmul(x.T, self.dh, out=gW)
        np.sum(self.dh, axis=0, out=gb)

    def nesterov(self):
        for p, v, g in zip(self.theta, self.vel, self.grad):
            v *= self.mu
            v -= self.lr * g
            p += self.mu * v - self.lr * g

    def train_batch(self, x, y):
        self.forward(x)
        loss = self.pinball(y)
        self.backward(x)
        self.nesterov()
        return loss


def train(net, batches, x_val, y_val, max_epochs=500, patience=10):
    """Stops early, and gives the best validation loss."""
    best, waited = np.inf, 0
    for _ in range(max_epochs):
        for x, y in batches:
            net.train_batch(x, y)
        net.forward(x_val)
        val = net.pinball(y_val)
        waited = 0 if val < best else waited + 1
        best = min(best, val)
        if waited == patience:
            break
    return best
