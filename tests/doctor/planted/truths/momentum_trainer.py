"""Tanh, then softplus, on inputs scaled inside, with momentum; a dict of parameters is rebound."""

import numpy as np
from numeric import moved

PLANT = {
    "PriceNet._backward": "",
    "PriceNet._apply": "",
}
COST_IN_CODE = True


def make(code):
    rng = np.random.default_rng(71)
    net = code.PriceNet(5, 4)
    return net.train, (rng.normal(scale=10, size=(7, 5)), rng.uniform(1, 3, size=(7, 2)))


def parameters(call, args):
    return call.__self__.p


def output(call, args):
    p = call.__self__.p
    hidden = np.tanh(args[0] @ p["Wh"] / 10 + p["bh"])
    return np.logaddexp(0, hidden @ p["Wo"] + p["bo"])


def target(call, args):
    return args[1]


def loss(call, args, out):
    return float(((out - args[1]) ** 2).sum()) / 7


def claimed(call, args):
    return moved(parameters, call, args)
