import numpy as np

# binary classifier: linear -> batch normalization -> softplus -> linear -> squared hinge
# m examples in the m columns of X, y is (1, m) and has only -1 and +1


class BNNet:
    EPS = 1e-5

    def __init__(self, n_x, n_h, weight_decay=0.01, seed=6):
        np.random.seed(seed)
        self.W1 = np.random.randn(n_h, n_x)
        self.gamma = 1 + 0.3 * np.random.randn(n_h, 1)
        self.beta = 0.3 * np.random.randn(n_h, 1)
        self.W2 = np.random.randn(1, n_h)
        self.b2 = np.random.randn(1, 1)
        self.weight_decay = weight_decay

    def forward(self, X):
        self.X = X
        self.Z1 = np.dot(self.W1, X)
        # batch norm, one little step after the other
        self.mean = np.mean(self.Z1, axis=1, keepdims=True)
        self.centered = self.Z1 - self.mean
        self.var = np.mean(self.centered**2, axis=1, keepdims=True)
        self.std = np.sqrt(self.var + self.EPS)
        self.inv = 1. / self.std
        self.Zhat = self.centered * self.inv
        self.N1 = self.gamma * self.Zhat + self.beta
        self.A1 = np.log1p(np.exp(self.N1))
        self.S = np.dot(self.W2, self.A1) + self.b2
        return self.S

    def cost(self, y):
        slack = np.maximum(0, 1 - y * self.S)
        decay = np.sum(self.W1**2) + np.sum(self.W2**2)
        return np.sum(slack**2) / y.shape[1] + 0.5 * self.weight_decay * decay

    def backward(self, y):
        m = y.shape[1]
        slack = np.maximum(0, 1 - y * self.S)
        dS = -2 * y * slack / m
        self.dW2 = np.dot(dS, self.A1.T) + self.weight_decay * self.W2
        self.db2 = np.sum(dS, axis=1, keepdims=True)
        dA1 = np.dot(self.W2.T, dS)
        dN1 = dA1 / (1 + np.exp(-self.N1))

        self.dbeta = np.sum(dN1, axis=1, keepdims=True)
        self.dgamma = np.sum(dN1 * self.Zhat, axis=1, keepdims=True)
        dZhat = dN1 * self.gamma
        dinv = np.sum(dZhat * self.centered, axis=1, keepdims=True)
        dstd = -dinv / self.std**2
        dvar = 0.5 * dstd / self.std
        dcentered = dZhat * self.inv
        dcentered += 2 * self.centered * dvar / m
        dmean = -np.sum(dcentered, axis=1, keepdims=True)
        dZ1 = dcentered + dmean / m

        self.dW1 = np.dot(dZ1, self.X.T) + self.weight_decay * self.W1

    def gradient_step(self, X, y, alpha=0.05):
        self.forward(X)
        J = self.cost(y)
        self.backward(y)
        for name in ("W1", "gamma", "beta", "W2", "b2"):
            value = getattr(self, name)
            setattr(self, name, value - alpha * getattr(self, "d" + name))
        return J
