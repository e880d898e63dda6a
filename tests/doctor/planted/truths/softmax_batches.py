"""Softmax regression, its gradient summed over parts, decay, momentum; one matrix is rebound."""

import numpy as np
from numeric import cross_entropy, moved, one_hot, softmax

PLANT = {"SoftmaxRegression.epoch": ("acc += ", "return total")}
FORWARD = {"SoftmaxRegression.probabilities": ""}
COST_IN_CODE = True


def make(code):
    rng = np.random.default_rng(139)
    net = code.SoftmaxRegression(5, 3)
    return net.epoch, (rng.normal(size=(5, 8)), rng.integers(0, 3, 8))


def parameters(call, args):
    return {"theta": call.__self__.theta}


def output(call, args):
    theta = call.__self__.theta
    return softmax(np.einsum("ki,in->nk", theta[:, 1:], args[0]) + theta[:, 0], axis=1)


def target(call, args):
    return one_hot(args[1], 3)


def loss(call, args, out):
    decay = float((call.__self__.theta[:, 1:] ** 2).sum())
    return cross_entropy(out, target(call, args)) / 8 + 0.025 * decay


def own(call, args):
    return float(call(*args))


def claimed(call, args):
    return moved(parameters, call, args)
