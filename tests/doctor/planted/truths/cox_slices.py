"""Who of those at risk comes first, arctangents, decay; a new vector after a line search."""

import numpy as np

PLANT = {"gradient": "share ="}
FORWARD = {"partial_likelihood": ""}
COST_IN_CODE = True
EVENT = np.array([0.0, 1, 1, 0, 1, 1, 0, 1])


def make(code):
    rng = np.random.default_rng(307)
    return code.line_search_step, (rng.normal(size=code.SIZE), rng.normal(size=(8, 4)), EVENT)


def parameters(call, args):
    return {"theta": args[0]}


def output(call, args):
    w1, b1, w2, b2, v = np.split(args[0], np.cumsum([12, 3, 9, 3]))
    h = np.arctan(np.einsum("ni,ij->nj", args[1], w1.reshape(4, 3)) + b1)
    return np.arctan(np.einsum("ni,ij->nj", h, w2.reshape(3, 3)) + b2) @ v


def target(call, args):
    return EVENT


def loss(call, args, out):
    total = 0.0
    for i in np.flatnonzero(EVENT):
        total -= np.log(np.exp(out[i]) / sum(np.exp(out[j]) for j in range(i + 1)))
    return float(total) / 5 + 0.025 * float((args[0] ** 2).sum())


def own(call, args):
    return float(call(*args)[1])


def claimed(call, args):
    return {"theta": args[0] - call(*args)[0]}
