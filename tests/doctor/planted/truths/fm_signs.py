"""A factorization machine and the logistic loss of signs, a closure for an optimizer."""

import numpy as np

PLANT = {"make_fun": ("coef =", "return f,")}
FORWARD = {"scores": ""}
COST_IN_CODE = True
RNG = np.random.default_rng(137)
X, Y = RNG.normal(size=(7, 4)), np.array([1.0, -1, -1, 1, 1, -1, 1])
THETA = RNG.normal(scale=0.6, size=1 + 4 + 4 * 2)


def make(code):
    return code.make_fun(X.copy(), Y.copy(), 2), (THETA.copy(),)


def parameters(call, args):
    return {"theta": args[0]}


def output(call, args):
    theta = args[0]
    v, out = theta[5:].reshape(4, 2), theta[0] + X @ theta[1:5]
    for i in range(4):
        for j in range(i):
            out = out + X[:, i] * X[:, j] * (v[i] @ v[j])
    return out


def target(call, args):
    return Y


def loss(call, args, out):
    decay = float((args[0][1:] ** 2).sum())
    return float(np.log(1 + np.exp(-Y * out)).sum()) / 7 + 0.05 * decay


def own(call, args):
    return float(call(*args)[0])


def claimed(call, args):
    return {"theta": call(*args)[1]}
