"""Embeddings averaged over a window, softmax over the words; updates in place."""

import numpy as np
from numeric import cross_entropy, moved, one_hot, softmax

PLANT = {"CBOW.update": "du ="}
FORWARD = {"CBOW.probabilities": ""}
COST_IN_CODE = True


def make(code):
    rng = np.random.default_rng(47)
    net = code.CBOW(7, 4)
    return net.update, (rng.integers(0, 7, size=(6, 3)), rng.integers(0, 7, 6))


def parameters(call, args):
    return {"emb": call.__self__.emb, "out": call.__self__.out}


def output(call, args):
    counts = np.eye(7)[args[0]].mean(axis=1)
    return softmax(counts @ call.__self__.emb @ call.__self__.out, axis=1)


def target(call, args):
    return one_hot(args[1], 7)


def loss(call, args, out):
    return cross_entropy(out, target(call, args)) / 6


def own(call, args):
    return call(*args)


def claimed(call, args):
    return moved(parameters, call, args)
