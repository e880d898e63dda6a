"""Linear, batch normalisation, relu, linear; the way back through the norm one node at a time."""

import numpy as np

EPS = 1e-5


def batchnorm_forward(x, gamma, beta):
    mu = np.mean(x, axis=0)
    xmu = x - mu
    var = np.mean(xmu**2, axis=0)
    std = np.sqrt(var + EPS)
    ivar = 1 / std
    xhat = xmu * ivar
    out = gamma * xhat + beta
    return out, (xmu, std, ivar, xhat, gamma)


def batchnorm_backward(dout, cache):
    xmu, std, ivar, xhat, gamma = cache
    m = dout.shape[0]
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * xhat, axis=0)
    dxhat = dout * gamma
    # xhat = xmu * ivar
    divar = np.sum(dxhat * xmu, axis=0)
    dxmu = dxhat * ivar
    # ivar = 1 / std
    dstd = -divar / std**2
    # std = sqrt(var + eps)
    dvar = 0.5 * dstd / std
    # var = mean of xmu**2
    dxmu += 2 * xmu * dvar / m
    # xmu = x - mu
    dmu = -np.sum(dxmu, axis=0)
    dx = dxmu + dmu / m
    return dx, dgamma, dbeta


def train(X, Y, W1, gamma, beta, W2, b2):
    z = X @ W1
    y, cache = batchnorm_forward(z, gamma, beta)
    a = np.maximum(0, y)
    out = a @ W2 + b2
    m = X.shape[0]
    loss = np.sum((out - Y) ** 2) / (2 * m)

    dout = (out - Y) / m
    dW2 = a.T @ dout
    db2 = np.sum(dout, axis=0)
    da = dout @ W2.T
    dy = da * (y > 0)
    dz, dgamma, dbeta = batchnorm_backward(dy, cache)
    dW1 = X.T @ dz
    return loss, dW1, dgamma, dbeta, dW2, db2


def make():
    rng = np.random.default_rng(31)
    X, Y = rng.normal(size=(7, 3)), rng.normal(size=(7, 2))
    W1, W2 = rng.normal(size=(3, 5)), rng.normal(size=(5, 2))
    return train, (X, Y, W1, rng.uniform(0.5, 1.5, 5), rng.normal(0, 0.3, 5), W2, np.zeros(2))


NAMES = "W1", "gamma", "beta", "W2", "b2"


def parameters(call, args):
    return dict(zip(NAMES, args[2:], strict=True))


def claimed(call, args):
    return dict(zip(NAMES, call(*args)[1:], strict=True))


def cost(call, args):
    return call(*args)[0]


BREAKS = [
    {"line": 22, "instead": "    dbeta = np.sum(dout * gamma, axis=0)", "what": "gamma in dbeta"},
    {
        "line": 23,
        "instead": "    dgamma = np.sum(dout * xmu, axis=0)",
        "what": "not yet divided by the deviation",
    },
    {"line": 24, "instead": "    dxhat = dout", "what": "gamma forgotten"},
    {"line": 29, "instead": "    dstd = divar / std**2", "what": "sign of the slope of 1/std"},
    {"line": 31, "instead": "    dvar = dstd / std", "what": "the root's one half forgotten"},
    {
        "line": 33,
        "instead": "    dxmu = 2 * xmu * dvar / m",
        "what": "= for +=, one of two ways forgotten",
    },
    {"line": 36, "instead": "    dx = dxmu + dmu", "what": "the mean's 1/m forgotten"},
    {
        "line": 52,
        "instead": "    dy = da * (z > 0)",
        "what": "relu's slope at what comes before the norm",
    },
]
