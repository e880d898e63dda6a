"""Batch normalisation between affine layers, tanh, softmax; a dict of gradients is returned."""

import numpy as np
from numeric import cross_entropy, softmax

PLANT = {
    "affine_bwd": "",
    "bn_bwd": "",
    "tanh_bwd": "",
    "softmax_xent": "ds =",
    "train_step": "g =",
}
FORWARD = {"bn_fwd": "", "softmax_xent": ""}
COST_IN_CODE = True


def make(code):
    rng = np.random.default_rng(41)
    shapes = {"w1": (4, 5), "b1": (5,), "gamma": (5,), "beta": (5,), "w2": (5, 3), "b2": (3,)}
    given = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    t = np.eye(3)[rng.integers(0, 3, 8)]
    return code.train_step, (given, rng.normal(size=(8, 4)), t)


def parameters(call, args):
    return args[0]


def output(call, args):
    p, x, _ = args
    h = x @ p["w1"] + p["b1"]
    h = (h - h.mean(0)) / np.sqrt(h.var(0) + 1e-5)
    return softmax(np.tanh(p["gamma"] * h + p["beta"]) @ p["w2"] + p["b2"], axis=1)


def target(call, args):
    return args[2]


def loss(call, args, out):
    return cross_entropy(out, args[2]) / 8


def own(call, args):
    return call(*args)[0]


def claimed(call, args):
    return call(*args)[1]
