"""An engine whose operations send gradients back; leaky relus, a sigmoid; moved in place."""

import numpy as np
from numeric import moved, numbered, sigmoid

PLANT = {
    "Tensor.__matmul__": "def send",
    "Tensor.__add__": "def send",
    "Tensor.leaky": "def send",
    "Tensor.sigmoid": "def send",
    "Tensor.mse": "def send",
    "optimise": ("loss.backward", "return"),
}
COST_IN_CODE = True


def make(code):
    rng = np.random.default_rng(151)
    shapes = ((4, 5), (5,), (5, 3), (3,), (3, 2), (2,))
    params = [code.Tensor(rng.normal(size=shape)) for shape in shapes]
    return code.optimise, (params, rng.normal(size=(6, 4)), rng.uniform(size=(6, 2)))


def parameters(call, args):
    return numbered(params=[tensor.data for tensor in args[0]])


def output(call, args):
    w0, b0, w1, b1, w2, b2 = (tensor.data for tensor in args[0])
    a = np.einsum("ni,ij->nj", args[1], w0) + b0
    a = np.einsum("ni,ij->nj", np.maximum(a, 0.05 * a), w1) + b1
    return sigmoid(np.einsum("ni,ij->nj", np.maximum(a, 0.05 * a), w2) + b2)


def target(call, args):
    return args[2]


def loss(call, args, out):
    return float(((out - args[2]) ** 2).mean())


def own(call, args):
    return call(*args)


def claimed(call, args):
    return moved(parameters, call, args)
