"""A recurrent net over letters, softmax at each; gradients in a tuple of the result."""

import numpy as np
from numeric import cross_entropy, one_hot, softmax

PLANT = {"one_pass": "gU ="}
COST_IN_CODE = True
NAMES = ("U", "R", "O", "c", "d")


def make(code):
    rng = np.random.default_rng(29)
    shapes = ((4, 6), (4, 4), (6, 4), (4, 1), (6, 1))
    weights = [rng.normal(scale=0.7, size=shape) for shape in shapes]
    letters = [2, 0, 5, 1, 2]
    return code.one_pass, (letters, [0, 5, 1, 2, 3], rng.normal(size=(4, 1)), *weights)


def parameters(call, args):
    return dict(zip(NAMES, args[3:], strict=True))


def output(call, args):
    p, s, outs = parameters(call, args), args[2], []
    for letter in args[0]:
        s = np.tanh(p["U"] @ np.eye(6)[:, [letter]] + p["R"] @ s + p["c"])
        outs.append(softmax(p["O"] @ s + p["d"], axis=0))
    return np.hstack(outs)


def target(call, args):
    return one_hot(np.array(args[1]), 6).T


def loss(call, args, out):
    return cross_entropy(out, target(call, args))


def claimed(call, args):
    return dict(zip(NAMES, call(*args)[1], strict=True))
