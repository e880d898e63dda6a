"""Word vectors against words drawn in the step; both tables are moved in place."""

from copy import deepcopy

import numpy as np
from numeric import log_loss, moved, sigmoid

PLANT = {"Word2Vec.train_sentence": ("g =", "return")}
COST_IN_CODE = True
TEXT = ["a", "cat", "sat", "on", "a", "mat", "and", "a", "dog", "sat", "on", "a", "cat"]
SENTENCE = ["a", "dog", "sat", "on", "a", "mat"]
IDS = [sorted(set(TEXT)).index(word) for word in SENTENCE]
PAIRS = [(IDS[i], IDS[j]) for i in range(6) for j in (i - 1, i + 1) if 0 <= j < 6]


def make(code):
    return code.Word2Vec(TEXT).train_sentence, (SENTENCE,)


def parameters(call, args):
    return {"syn0": call.__self__.syn0, "syn1": call.__self__.syn1}


def output(call, args):
    net = call.__self__
    rng, scores = deepcopy(net.rng), []
    for centre, neighbour in PAIRS:
        noise = rng.choice(7, size=3, p=net.p_noise)
        scores.append([net.syn1[k] @ net.syn0[centre] for k in (neighbour, *noise)])
    return sigmoid(np.array(scores))


def target(call, args):
    return np.eye(4)[np.zeros(len(PAIRS), int)]


def loss(call, args, out):
    return log_loss(out, target(call, args)) / len(PAIRS)


def own(call, args):
    return call(*args)


def claimed(call, args):
    return moved(parameters, call, args)
