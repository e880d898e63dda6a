"""The greater of two linear pieces and the Huber loss; global variables are moved in place."""

import numpy as np
from numeric import moved

PLANT = {
    "huber_slope": "",
    "train_once": ("dy =", "return"),
}
COST_IN_CODE = True
SHAPES = {"w1": (5, 4), "c1": (5, 1), "w2": (5, 4), "c2": (5, 1), "wy": (2, 5), "cy": (2, 1)}


def make(code):
    rng = np.random.default_rng(127)
    for name, shape in SHAPES.items():
        setattr(code, name, rng.normal(size=shape))
    return code.train_once, (rng.normal(size=(4, 8)), rng.normal(size=(2, 8)), 3)


def parameters(call, args):
    return {name: call.__globals__[name] for name in SHAPES}


def output(call, args):
    p, x = parameters(call, args), args[0]
    pieces = [np.einsum("hi,in->hn", p[f"w{k}"], x) + p[f"c{k}"] for k in "12"]
    return np.einsum("oh,hn->on", p["wy"], np.maximum(*pieces)) + p["cy"]


def target(call, args):
    return args[1]


def loss(call, args, out):
    far = np.abs(out - args[1])
    near = np.minimum(far, 0.8)
    return float((near**2 / 2 + 0.8 * (far - near)).sum()) / 8


def own(call, args):
    return call(*args)


def claimed(call, args):
    return moved(parameters, call, args)
