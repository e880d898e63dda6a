"""Elu, softplus and a linear layer, half the squared error; a list of pairs is returned."""

import numpy as np
from numeric import half_squares, numbered

PLANT = {"grad": "out ="}
PLANT_LINES = ("lambda z: np.where(z > 0, 1.0, np.exp(z))", "lambda z: 1 / (1 + np.exp(-z))")
COST_IN_CODE = True


def make(code):
    rng = np.random.default_rng(61)
    net = code.build((4, 6, 5, 3), ("elu", "softplus", "linear"), rng)
    return code.grad, (net, rng.normal(size=(7, 4)), rng.normal(size=(7, 3)))


def parameters(call, args):
    return numbered(W=[W for W, _, _ in args[0]], b=[b for _, b, _ in args[0]])


def output(call, args):
    (W0, b0, _), (W1, b1, _), (W2, b2, _) = args[0]
    z = args[1] @ W0 + b0
    z = np.where(z > 0, z, np.exp(z) - 1) @ W1 + b1
    return np.logaddexp(0, z) @ W2 + b2


def target(call, args):
    return args[2]


def loss(call, args, out):
    return half_squares(out, args[2])


def claimed(call, args):
    pairs = call(*args)[1]
    return numbered(W=[dW for dW, _ in pairs], b=[db for _, db in pairs])
