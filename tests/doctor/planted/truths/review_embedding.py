"""The mean of word vectors, gelu, a sigmoid; RMSprop moves the arrays of a list in place."""

import numpy as np
from numeric import log_loss, moved, numbered, sigmoid

PLANT = {
    "gelu_prime": "",
    "SentimentModel.backward": "d_out =",
}
COST_IN_CODE = True
DOCS = [[3, 1, 3], [0, 5], [2, 2, 6, 4], [1], [6, 0, 4, 5, 1]]


def make(code):
    return code.SentimentModel(7, 4, 5).train_on, (DOCS, np.array([1, 0, 0, 1, 1]))


def parameters(call, args):
    return numbered(params=call.__self__.params)


def output(call, args):
    vectors, w, b, v, c = call.__self__.params
    counts = np.array([np.bincount(doc, minlength=7) / len(doc) for doc in DOCS])
    x = counts @ vectors @ w + b
    # half of 1 + tanh is a sigmoid of twice as much
    x = x * sigmoid(np.sqrt(8 / np.pi) * (x + 0.044715 * x * x * x))
    return sigmoid(x @ v[:, 0] + c)


def target(call, args):
    return args[1]


def loss(call, args, out):
    return log_loss(out, args[1]) / 5


def own(call, args):
    return float(call(*args))


def claimed(call, args):
    # a first step of RMSprop divides by what it keeps
    steps = moved(parameters, call, args)
    kept = numbered(params=call.__self__.sq)
    return {name: step * (np.sqrt(kept[name]) + 1e-8) for name, step in steps.items()}
