"""A convolution, relu, and a dense layer; a dict of gradients is returned."""

import numpy as np
from numeric import half_squares

PLANT = {
    "conv_grad": "",
    "step": "diff =",
}
COST_IN_CODE = False
NAMES = ("filt", "off", "dense", "dense_off")


def make(code):
    rng = np.random.default_rng(37)
    shapes = ((4, 2, 3), (4,), (4 * 6, 2), (2,))
    weights = [rng.normal(scale=0.5, size=shape) for shape in shapes]
    return code.step, (rng.normal(size=(5, 2, 8)), rng.normal(size=(5, 2)), *weights)


def parameters(call, args):
    return dict(zip(NAMES, args[2:], strict=True))


def output(call, args):
    x, _, filt, off, dense, dense_off = args
    windows = np.lib.stride_tricks.sliding_window_view(x, 3, axis=2)
    z = np.einsum("nctf,kcf->nkt", windows, filt) + off[:, None]
    return np.where(z > 0, z, 0).reshape(5, -1) @ dense + dense_off


def target(call, args):
    return args[1]


def loss(call, args, out):
    return half_squares(out, args[1])


def claimed(call, args):
    return call(*args)
