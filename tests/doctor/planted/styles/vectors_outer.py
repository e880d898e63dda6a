import numpy as np


class SmallNet:
    """x -> tanh -> tanh -> linear.  One example, rank 1 vectors."""

    def __init__(self, nx, nh1, nh2, ny, seed=3):
        r = np.random.RandomState(seed)
        self.W1 = r.randn(nh1, nx) * .6
        self.b1 = r.randn(nh1) * .2
        self.W2 = r.randn(nh2, nh1) * .6
        self.b2 = r.randn(nh2) * .2
        self.V = r.randn(ny, nh2) * .6
        self.c = r.randn(ny) * .2

    def forward(self, x):
        self.x = x
        self.u1 = self.W1 @ x + self.b1
        self.h1 = np.tanh(self.u1)
        self.u2 = self.W2 @ self.h1 + self.b2
        self.h2 = np.tanh(self.u2)
        self.y = self.V @ self.h2 + self.c
        return self.y

    def backward(self, t):
        e = self.y - t
        dV = np.outer(e, self.h2)
        dc = e
        g2 = (self.V.T @ e) * (1. - self.h2**2)
        dW2 = np.outer(g2, self.h1)
        db2 = g2
        g1 = (self.W2.T @ g2) * (1. - self.h1**2)
        dW1 = np.outer(g1, self.x)
        db1 = g1
        return dW1, db1, dW2, db2, dV, dc

    def gradients(self, x, t):
        self.forward(x)
        return self.backward(t)
