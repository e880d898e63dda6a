"""Relu, softmax with integer labels, decay of the weights; a dict of gradients is returned."""

import numpy as np
from numeric import cross_entropy, one_hot, softmax

PLANT = {"objective": ("dlogits = soft", "return fit")}
FORWARD = {"objective": "soft /="}
COST_IN_CODE = True


def make(code):
    rng = np.random.default_rng(31)
    given = code.init(5, 6, 3, rng)
    return code.objective, (given, rng.normal(size=(8, 5)), rng.integers(0, 3, 8), 0.1)


def parameters(call, args):
    return args[0]


def output(call, args):
    p, X = args[:2]
    z = X @ p["W1"] + p["b1"]
    return softmax(np.where(z > 0, z, 0) @ p["W2"] + p["b2"], axis=1)


def target(call, args):
    return one_hot(args[2], 3)


def loss(call, args, out):
    decay = sum(float((args[0][name] ** 2).sum()) for name in ("W1", "W2"))
    return cross_entropy(out, target(call, args)) / 8 + 0.05 * decay


def own(call, args):
    return call(*args)[0]


def claimed(call, args):
    return call(*args)[1]
