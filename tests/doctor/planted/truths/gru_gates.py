"""A gated recurrent net and a sigmoid after the last step; nested dicts are moved in place."""

import numpy as np
from alive import Number
from numeric import log_loss, moved, sigmoid

PLANT = {
    "GRUClassifier.bptt": "score_err =",
    "GRUClassifier.train_on_batch": ("gW,", "return"),
}
COST_IN_CODE = False


def make(code):
    rng = np.random.default_rng(101)
    net = code.GRUClassifier(3, 4)
    return net.train_on_batch, (rng.normal(size=(5, 4, 3)), np.array([1.0, 0, 0, 1, 1]))


def parameters(call, args):
    net = call.__self__
    gates = {f"{n}{k}": getattr(net, n)[k] for n in ("W", "U", "b") for k in "zrc"}
    return {**gates, "v": net.v, "v0": Number(vars(net), "v0")}


def output(call, args):
    net, p, outs = call.__self__, parameters(call, args), []
    for sequence in args[0]:
        s = np.zeros(4)
        for x in sequence:
            update = sigmoid(p["Wz"].T @ x + p["Uz"].T @ s + p["bz"])
            reset = sigmoid(p["Wr"].T @ x + p["Ur"].T @ s + p["br"])
            new = np.tanh(p["Wc"].T @ x + p["Uc"].T @ (reset * s) + p["bc"])
            s = update * new + (1 - update) * s
        outs.append(sigmoid(s @ p["v"] + net.v0))
    return np.array(outs)


def target(call, args):
    return args[1]


def loss(call, args, out):
    return log_loss(out, args[1])


def claimed(call, args):
    return moved(parameters, call, args)
