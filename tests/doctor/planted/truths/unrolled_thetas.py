"""Sigmoids, log loss over classes and decay, all parameters in one vector."""

import numpy as np
from numeric import log_loss, one_hot, sigmoid

PLANT = {"cost_function": "Delta1 ="}
COST_IN_CODE = True


def make(code):
    rng = np.random.default_rng(19)
    theta = rng.uniform(-1, 1, size=5 * 5 + 3 * 6)
    X, y = rng.normal(size=(7, 4)), rng.integers(0, 3, 7)
    return code.cost_function, (theta, 4, 5, 3, X, y, 0.6)


def parameters(call, args):
    return {"nn_params": args[0]}


def matrices(args):
    return args[0][:25].reshape(5, 5), args[0][25:].reshape(3, 6)


def output(call, args):
    one, two = matrices(args)
    hidden = sigmoid(args[4] @ one[:, 1:].T + one[:, 0])
    return sigmoid(hidden @ two[:, 1:].T + two[:, 0])


def target(call, args):
    return one_hot(args[5], 3)


def loss(call, args, out):
    decay = sum(float((theta[:, 1:] ** 2).sum()) for theta in matrices(args))
    return (log_loss(out, target(call, args)) + 0.3 * decay) / 7


def claimed(call, args):
    return {"nn_params": call(*args)[1]}
