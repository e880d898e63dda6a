"""Deep net, functional style: net = [(W, b, activation name), ...], rows."""

import numpy as np

ACT = {
    "elu": (
        lambda z: np.where(z > 0, z, np.expm1(z)),
        lambda z: np.where(z > 0, 1.0, np.exp(z)),
    ),
    "softplus": (
        lambda z: np.log1p(np.exp(z)),
        lambda z: 1 / (1 + np.exp(-z)),
    ),
    "linear": (lambda z: z, lambda z: np.ones_like(z)),
}


def build(sizes, acts, rng):
    net = []
    for n_in, n_out, act in zip(sizes, sizes[1:], acts):
        net.append((rng.normal(0, 1 / np.sqrt(n_in), (n_in, n_out)), rng.normal(0, 0.1, (1, n_out)), act))
    return net


def run(net, x):
    zs, hs = [], [x]
    for W, b, act in net:
        zs.append(hs[-1] @ W + b)
        hs.append(ACT[act][0](zs[-1]))
    return zs, hs


def sse(pred, y):
    return 0.5 * np.sum((pred - y) ** 2)


def grad(net, x, y):
    zs, hs = run(net, x)
    loss = sse(hs[-1], y)
    out = []
    d = hs[-1] - y
    for i in reversed(range(len(net))):
        W, b, act = net[i]
        d = d * ACT[act][1](zs[i])
        dW = hs[i].T @ d
        db = d.sum(axis=0, keepdims=True)
        out.append((dW, db))
        d = d @ W.T
    out.reverse()
    return loss, out
