"""Leaky relus and the mean squared error, W (out, in) on rows; updates in place."""

import numpy as np
from numeric import moved

PLANT = {
    "lrelu_prime": "",
    "MLPRegressor.partial_fit": "grad_y =",
}
COST_IN_CODE = True
NAMES = ("fc1", "fc2", "out")


def make(code):
    rng = np.random.default_rng(17)
    net = code.MLPRegressor(6, 5, 4, 3)
    return net.partial_fit, (rng.normal(size=(8, 6)), rng.normal(size=(8, 3)))


def parameters(call, args):
    return {
        f"{name}_{kind}": getattr(call.__self__, f"{name}_{kind}")
        for name in NAMES
        for kind in ("weight", "bias")
    }


def output(call, args):
    p, a = parameters(call, args), args[0]
    for name in NAMES:
        z = np.einsum("ni,oi->no", a, p[f"{name}_weight"]) + p[f"{name}_bias"]
        a = np.where(z >= 0, z, 0.2 * z)
    return z


def target(call, args):
    return args[1]


def loss(call, args, out):
    return float(((out - args[1]) ** 2).mean())


def claimed(call, args):
    return moved(parameters, call, args)
