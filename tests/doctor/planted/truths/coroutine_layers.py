"""Generators that wait for what comes back, a sine, a skip; each moves its own on the way."""

import numpy as np
from numeric import half_squares, moved

PLANT = {
    "linear": "below =",
    "sine": "yield grad",
    "softsign": "yield grad",
    "skip": "yield grad",
    "finish": "",
    "train": ("finish", "return"),
}
COST_IN_CODE = False


def make(code):
    rng = np.random.default_rng(281)
    one, two, three, four = (code.weights(rng, *s) for s in ((3, 5), (5, 5), (5, 5), (5, 2)))
    inner = [(code.linear, two), (code.softsign, None), (code.linear, three)]
    net = [(code.linear, one), (code.sine, None), (code.skip, inner), (code.linear, four)]
    return code.train, (net, rng.normal(size=(7, 3)), rng.normal(size=(7, 2)))


def parameters(call, args):
    (_, one), _, (_, inner), (_, four) = args[0]
    return {"one": one, "two": inner[0][1], "three": inner[2][1], "four": four}


def affine(w, a):
    return np.einsum("ni,ij->nj", np.hstack([a, np.ones((len(a), 1))]), w)


def output(call, args):
    p = parameters(call, args)
    a = np.sin(affine(p["one"], args[1]))
    z = affine(p["two"], a)
    return affine(p["four"], a + affine(p["three"], np.sign(z) - np.sign(z) / (1 + np.abs(z))))


def target(call, args):
    return args[2]


def loss(call, args, out):
    return half_squares(out, args[2])


def claimed(call, args):
    return moved(parameters, call, args)
