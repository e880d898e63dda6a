"""Layers that are moved on the way back, a residual block, the Jacobian of softmax; one column."""

import numpy as np
from numeric import cross_entropy, moved, numbered, sigmoid, softmax

PLANT = {
    "Linear.back": "",
    "Swish.back": "",
    "Softmax.back": "",
    "Residual.back": "",
    "surprise_slope": "",
    "Chain.study": ("g =", "return"),
}
COST_IN_CODE = True


def make(code):
    np.random.seed(163)  # noqa: NPY002 - the style's own source of numbers
    inner = code.Residual(code.Linear(5, 4), code.Swish(), code.Linear(4, 5))
    net = code.Chain(code.Linear(4, 5), inner, code.Swish(), code.Linear(5, 3), code.Softmax())
    rng = np.random.default_rng(167)
    return net.study, ([rng.normal(size=(4, 1))], [np.array([[0.0], [1.0], [0.0]])])


def parameters(call, args):
    first, block, _, last, _ = call.__self__.parts
    linear = (first, block.parts[0], block.parts[2], last)
    return numbered(w=[one.kernel for one in linear], b=[one.shift for one in linear])


def output(call, args):
    p = parameters(call, args)
    a = p["w0"] @ args[0][0] + p["b0"]
    z = p["w1"] @ a + p["b1"]
    a = a + p["w2"] @ (z * sigmoid(z)) + p["b2"]
    return softmax(p["w3"] @ (a * sigmoid(a)) + p["b3"], axis=0)


def target(call, args):
    return args[1][0]


def loss(call, args, out):
    return cross_entropy(out, args[1][0])


def own(call, args):
    return float(call(*args))


def claimed(call, args):
    return moved(parameters, call, args)
