"""A mixture of normal distributions over tanh; Adam moves a nested dict in place."""

import numpy as np
from numeric import softmax

PLANT = {"nll_grad": "n ="}
FORWARD = {"nll": "pi ="}
COST_IN_CODE = True


def make(code):
    rng = np.random.default_rng(113)
    net = code.make_net(3, 5, 2)
    return code.train_step, (net, code.Adam(net), rng.normal(size=(7, 3)), rng.normal(size=7))


def flat(nested):
    return {f"{layer}_{k}": a for layer, of_it in nested.items() for k, a in of_it.items()}


def parameters(call, args):
    return flat(args[0])


def output(call, args):
    p = parameters(call, args)
    h = np.tanh(args[2] @ p["hidden_w"] + p["hidden_b"])
    raw = [h @ p[f"{head}_w"] + p[f"{head}_b"] for head in ("pi", "mu", "sigma")]
    return np.stack([softmax(raw[0], axis=1), raw[1], np.exp(raw[2])])


def target(call, args):
    return args[3]


def loss(call, args, out):
    y, total = args[3], 0.0
    for n in range(7):
        chances = [
            pi * np.exp(-((y[n] - mu) ** 2) / (2 * s * s)) / np.sqrt(2 * np.pi * s * s)
            for pi, mu, s in out[:, n].T
        ]
        total -= np.log(sum(chances))
    return float(total) / 7


def own(call, args):
    return call(*args)


def claimed(call, args):
    # a first step of Adam is as long wherever it goes: its mean has the gradient
    call(*args)
    return flat(args[1].m)
