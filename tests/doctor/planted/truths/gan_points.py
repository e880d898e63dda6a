"""A generator through a discriminator that is not moved; Adam moves the arrays of a list."""

import numpy as np
from numeric import numbered

PLANT = {
    "Net.back": "da =",
    "bce_with_logits": ("dlogit =", "return"),
    "generator_step": ("_, dfake", "G.adam"),
}
COST_IN_CODE = True


def make(code):
    rng = np.random.default_rng(227)
    nets = code.Net(3, 5, 2, rng), code.Net(2, 4, 1, rng)
    return code.generator_step, (*nets, rng.normal(size=(6, 3)))


def parameters(call, args):
    return numbered(vars=args[0].vars)


def output(call, args):
    a = args[2]
    for net in args[:2]:
        w1, b1, w2, b2 = net.vars
        a = np.einsum("ni,ij->nj", a, w1) + b1
        a = np.einsum("ni,ij->nj", np.maximum(a, a / 5), w2) + b2
    return a


def target(call, args):
    return np.ones((6, 1))


def loss(call, args, out):
    return float(np.log(1 + np.exp(-out)).sum()) / 6


def own(call, args):
    return float(call(*args))


def claimed(call, args):
    # a first step of Adam is as long wherever it goes: its mean has the gradient
    call(*args)
    return numbered(vars=args[0].m)
