"""A net over a graph, of which some nodes have labels, with decay; global variables are rebound."""

import numpy as np
from numeric import moved, softmax

PLANT = {"epoch": "dZ1 ="}
FORWARD = {"loss_fn": "", "forward": "E ="}
COST_IN_CODE = True
KNOWN = [0, 2, 4, 7, 8]
LABELS = [0, 0, 1, 2, 2]


def make(code):
    rng = np.random.default_rng(269)
    code.W0 = rng.normal(scale=0.8, size=(4, 5))
    code.W1 = rng.normal(scale=0.8, size=(5, 3))
    return code.epoch, ()


def parameters(call, args):
    return {name: call.__globals__[name] for name in ("W0", "W1")}


def output(call, args):
    p, code = parameters(call, args), call.__globals__
    near = [{n} | {a + b - n for a, b in code["edges"] if n in (a, b)} for n in range(9)]

    def spread(h):
        rows = [
            sum(h[j] / np.sqrt(len(near[i]) * len(near[j])) for j in sorted(near[i]))
            for i in range(9)
        ]
        return np.array(rows)

    a = spread(code["X"] @ p["W0"])
    return softmax(spread(np.where(a > 0, a, 0) @ p["W1"]), axis=1)[KNOWN]


def target(call, args):
    return np.eye(3)[LABELS]


def loss(call, args, out):
    decay = float((parameters(call, args)["W0"] ** 2).sum())
    chosen = [row[label] for row, label in zip(out, LABELS, strict=True)]
    return -float(np.log(chosen).sum()) / 5 + 0.0025 * decay


def own(call, args):
    return float(call(*args))


def claimed(call, args):
    return moved(parameters, call, args)
