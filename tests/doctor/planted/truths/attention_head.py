"""One attention head; gradients are kept in a dict of the object, which is returned."""

import numpy as np
from numeric import half_squares, softmax

PLANT = {
    "Head.backprop": "dmix =",
    "Head.fit_once": "",
}
FORWARD = {"softmax": ""}
COST_IN_CODE = False


def make(code):
    rng = np.random.default_rng(43)
    head = code.Head(5, 4, 3, 2, rng)
    return head.fit_once, (rng.normal(size=(6, 5)), rng.normal(size=(6, 2)))


def parameters(call, args):
    return call.__self__.params


def output(call, args):
    p, x = parameters(call, args), args[0]
    scores = np.einsum("id,dk,ek,je->ij", x, p["q"], p["k"], x) / 2
    return softmax(scores, axis=1) @ x @ p["v"] @ p["o"]


def target(call, args):
    return args[1]


def loss(call, args, out):
    return half_squares(out, args[1])


def own(call, args):
    return half_squares(call.__self__(args[0]), args[1])


def claimed(call, args):
    return call(*args)
