"""Batch normalisation in small steps, softplus, the squared hinge loss; attributes are rebound."""

import numpy as np
from numeric import moved

PLANT = {
    "BNNet.backward": "dS =",
    "BNNet.gradient_step": ("for", "return"),
}
FORWARD = {"BNNet.forward": ""}
COST_IN_CODE = True
NAMES = ("W1", "gamma", "beta", "W2", "b2")


def make(code):
    rng = np.random.default_rng(149)
    y = np.array([[1.0, -1, 1, 1, -1, -1, 1, -1]])
    return code.BNNet(5, 4).gradient_step, (rng.normal(size=(5, 8)), y)


def parameters(call, args):
    return {name: getattr(call.__self__, name) for name in NAMES}


def output(call, args):
    p = parameters(call, args)
    z = p["W1"] @ args[0]
    far = z - z.sum(1, keepdims=True) / 8
    z = far / np.sqrt((far * far).sum(1, keepdims=True) / 8 + 1e-5)
    return p["W2"] @ np.logaddexp(0, p["gamma"] * z + p["beta"]) + p["b2"]


def target(call, args):
    return args[1]


def loss(call, args, out):
    p = parameters(call, args)
    decay = float((p["W1"] ** 2).sum() + (p["W2"] ** 2).sum())
    short = [max(0.0, 1 - float(s)) ** 2 for s in (out * args[1]).ravel()]
    return sum(short) / 8 + 0.005 * decay


def own(call, args):
    return float(call(*args))


def claimed(call, args):
    return moved(parameters, call, args)
