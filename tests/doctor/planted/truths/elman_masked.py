"""A recurrent net on padded sentences, its gradient shortened; the dict of a closure is rebound."""

from inspect import getclosurevars

import numpy as np
from numeric import moved, sigmoid, softmax

PLANT = {"make_trainer": ("d_scores = np.exp", "return loss")}
COST_IN_CODE = True
LENGTHS = (5, 3, 4)


def make(code):
    rng = np.random.default_rng(131)
    step = code.make_trainer(code.new_params(6, 4, 3, rng), 0.1, 0.2)
    mask = (np.arange(5)[:, None] < np.array(LENGTHS)).astype(float)
    return step, (rng.integers(0, 6, size=(5, 3)), rng.integers(0, 3, size=(5, 3)), mask)


def parameters(call, args):
    return getclosurevars(call).nonlocals["params"]


def output(call, args):
    p, outs = parameters(call, args), []
    for sentence, length in zip(args[0].T, LENGTHS, strict=True):
        s = np.zeros(4)
        for token in sentence[:length]:
            s = sigmoid(p["embed"][token] + p["recur"].T @ s + p["state_bias"])
            outs.append(p["emit"].T @ s + p["emit_bias"])
    return softmax(np.array(outs), axis=1)


def target(call, args):
    return np.concatenate([tags[:n] for tags, n in zip(args[1].T, LENGTHS, strict=True)])


def loss(call, args, out):
    chosen = [row[tag] for row, tag in zip(out, target(call, args), strict=True)]
    return -float(np.log(chosen).sum()) / sum(LENGTHS)


def own(call, args):
    return float(call(*args))


def claimed(call, args):
    return moved(parameters, call, args)
