"""Two layers with a layer norm between them, each row for itself, and one step of descent."""

import numpy as np


def layer_norm(x, gamma, beta, eps=1e-6):
    mean = x.mean(axis=1, keepdims=True)
    std = np.sqrt(x.var(axis=1, keepdims=True) + eps)
    normed = (x - mean) / std
    return gamma * normed + beta, normed, std


def layer_norm_grad(dy, gamma, normed, std):
    dgamma = (dy * normed).sum(axis=0)
    dbeta = dy.sum(axis=0)
    dnormed = dy * gamma
    along = (dnormed * normed).mean(axis=1, keepdims=True)
    centre = dnormed.mean(axis=1, keepdims=True)
    dx = (dnormed - centre - normed * along) / std
    return dx, dgamma, dbeta


def update(params, X, Y, lr=0.01):
    """Changes params in place; gives the cost from before."""
    hidden = X @ params["W1"] + params["b1"]
    y, normed, std = layer_norm(hidden, params["gamma"], params["beta"])
    a = np.tanh(y)
    out = a @ params["W2"] + params["b2"]
    diff = out - Y
    cost = (diff**2).sum(axis=1).mean()

    grads = {}
    dout = 2 * diff / len(X)
    grads["W2"] = a.T @ dout
    grads["b2"] = dout.sum(axis=0)
    dy = (dout @ params["W2"].T) * (1 - a**2)
    dhidden, grads["gamma"], grads["beta"] = layer_norm_grad(dy, params["gamma"], normed, std)
    grads["W1"] = X.T @ dhidden
    grads["b1"] = dhidden.sum(axis=0)

    for name in params:
        params[name] -= lr * grads[name]
    return cost


def make():
    rng = np.random.default_rng(41)
    params = {
        "W1": rng.normal(size=(4, 5)),
        "b1": rng.normal(size=5) / 10,
        "gamma": rng.uniform(0.5, 1.5, size=5),
        "beta": rng.normal(size=5) / 10,
        "W2": rng.normal(size=(5, 3)),
        "b2": np.zeros(3),
    }
    return update, (params, rng.normal(size=(6, 4)), rng.normal(size=(6, 3)))


def parameters(call, args):
    return args[0]


def claimed(call, args):
    params = args[0]
    before = {name: array.copy() for name, array in params.items()}
    call(*args)
    return {name: before[name] - params[name] for name in params}


def cost(call, args):
    return call(*args)


BREAKS = [
    {
        "line": 14,
        "instead": "    dgamma = (dy * normed).mean(axis=0)",
        "what": "mean for sum over the rows",
    },
    {"line": 16, "instead": "    dnormed = dy", "what": "gamma forgotten"},
    {
        "line": 17,
        "instead": "    along = (dnormed * normed).mean(axis=0, keepdims=True)",
        "what": "mean over the wrong axis",
    },
    {
        "line": 17,
        "instead": "    along = (dnormed * normed).sum(axis=1, keepdims=True)",
        "what": "1/n of the mean forgotten",
    },
    {
        "line": 19,
        "instead": "    dx = (dnormed - normed * along) / std",
        "what": "the mean's own way forgotten",
    },
    {
        "line": 19,
        "instead": "    dx = (dnormed - centre - normed * along) * std",
        "what": "times the deviation, not by it",
    },
    {
        "line": 36,
        "instead": '    dy = (dout @ params["W2"].T) * (1 - y**2)',
        "what": "tanh's slope at its argument",
    },
    {
        "line": 42,
        "instead": "        params[name] += lr * grads[name]",
        "what": "sign: a step uphill",
    },
]
