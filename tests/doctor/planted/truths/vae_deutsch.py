"""A variational autoencoder whose noise is given; the arrays of a dict of lists are moved."""

import numpy as np
from numeric import log_loss, moved, sigmoid

PLANT = {
    "zurueck": "return",
    "rueckwaerts": "f_bild =",
    "lernschritt": ("for schicht", "return"),
}
COST_IN_CODE = True


def make(code):
    rng = np.random.default_rng(271)
    weights = code.neue_gewichte(6, 5, 2, rng)
    for _, bias in weights.values():
        bias[:] = rng.normal(scale=0.2, size=bias.shape)
    return code.lernschritt, (weights, rng.uniform(size=(7, 6)), rng.normal(size=(7, 2)))


def parameters(call, args):
    return {f"{name}{i}": a for name, both in args[0].items() for i, a in enumerate(both)}


def affine(p, name, a):
    return np.einsum("ni,ij->nj", a, p[f"{name}0"]) + p[f"{name}1"]


def code_of(call, args):
    p = parameters(call, args)
    h = np.tanh(affine(p, "kodierer", args[1]))
    return affine(p, "mittel", h), np.exp(affine(p, "logvarianz", h))


def output(call, args):
    p, (mean, variance) = parameters(call, args), code_of(call, args)
    z = mean + np.sqrt(variance) * args[2]
    return sigmoid(affine(p, "bild", np.tanh(affine(p, "dekodierer", z))))


def target(call, args):
    return args[1]


def loss(call, args, out):
    mean, variance = code_of(call, args)
    far = 0.5 * float((variance + mean * mean - 1 - np.log(variance)).sum())
    return (log_loss(out, args[1]) + 0.7 * far) / 7


def own(call, args):
    return float(call(*args))


def claimed(call, args):
    return moved(parameters, call, args)
