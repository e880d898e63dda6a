"""Relu layers, a sigmoid, and the mean log loss; new parameters are returned."""

from itertools import pairwise

import numpy as np
from numeric import log_loss, sigmoid

PLANT = {
    "relu_back": "",
    "sigmoid_back": "",
    "linear_back": "",
    "model_backward": "",
    "update_parameters": "",
}
COST_IN_CODE = True
SIZES = (5, 4, 3, 2)


def make(code):
    rng = np.random.default_rng(21)
    given = {}
    for i, (n_in, n_out) in enumerate(pairwise(SIZES), start=1):
        given[f"W{i}"] = rng.normal(size=(n_out, n_in))
        given[f"b{i}"] = rng.normal(size=(n_out, 1))
    X = rng.normal(size=(5, 7))
    Y = rng.integers(0, 2, size=(2, 7)).astype(float)
    return code.iteration, (X, Y, given, 0.05)


def parameters(call, args):
    return args[2]


def output(call, args):
    a, _, p, _ = args
    for i in range(1, 4):
        z = p[f"W{i}"] @ a + p[f"b{i}"]
        a = np.where(z > 0, z, 0) if i < 3 else sigmoid(z)
    return a


def target(call, args):
    return args[1]


def loss(call, args, out):
    return log_loss(out, args[1]) / 7


def claimed(call, args):
    before = {name: np.array(value) for name, value in args[2].items()}
    new, _ = call(*args)
    return {name: before[name] - new[name] for name in before}
