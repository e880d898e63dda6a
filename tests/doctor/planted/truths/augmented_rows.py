"""Tanh layers on one vector, biases in the last rows, what is added moves them in place."""

import numpy as np
from numeric import half_squares, moved, numbered

PLANT = {
    "act_d": "",
    "Mlp.correct": "out =",
}
COST_IN_CODE = False


def make(code):
    rng = np.random.default_rng(83)
    return code.Mlp(4, 5, 3, 2).learn_one, (rng.normal(size=4), rng.uniform(-0.8, 0.8, size=2))


def parameters(call, args):
    return numbered(m=call.__self__.m)


def output(call, args):
    a = args[0]
    for m in call.__self__.m:
        a = np.tanh(a @ m[:-1] + m[-1])
    return a


def target(call, args):
    return args[1]


def loss(call, args, out):
    return half_squares(out, args[1])


def claimed(call, args):
    return moved(parameters, call, args)
