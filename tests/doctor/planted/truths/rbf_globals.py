"""Radial basis functions on one vector; global variables are rebound to what is added."""

import numpy as np
from numeric import half_squares, moved

PLANT = {"present": ("err =", "return")}
COST_IN_CODE = False


def make(code):
    rng = np.random.default_rng(107)
    code.init(3, 5, 2)
    return code.present, (rng.uniform(-1, 1, size=3), rng.normal(size=2))


def parameters(call, args):
    return {name: call.__globals__[name] for name in ("mu", "sig", "w", "w0")}


def output(call, args):
    p, out = parameters(call, args), 0.0
    for k in range(5):
        far = np.linalg.norm(args[0] - p["mu"][k]) / p["sig"][k]
        out = out + p["w"][:, k] * np.exp(-0.5 * far**2)
    return out + p["w0"]


def target(call, args):
    return args[1]


def loss(call, args, out):
    return half_squares(out, args[1])


def claimed(call, args):
    return moved(parameters, call, args)
