"""Convolutions by im2col, max pooling, softmax; a list of new weights is rebound."""

import numpy as np
from numeric import cross_entropy, moved, numbered, one_hot, softmax

PLANT = {
    "col2im": "dcol =",
    "conv_backward": "drows =",
    "maxpool_backward": "",
    "ConvNet.fit_batch": ("probs[n,", "rate ="),
}
COST_IN_CODE = True


def make(code):
    rng = np.random.default_rng(103)
    shapes = ((9, 2), (2,), (8, 3), (3,), (12, 3), (3,))
    weights = [rng.normal(scale=0.6, size=shape) for shape in shapes]
    images = rng.normal(size=(4, 1, 8, 8))
    return code.ConvNet(weights).fit_batch, (images, np.array([2, 0, 1, 2]))


def parameters(call, args):
    return numbered(weights=call.__self__.weights)


def convolved(x, w, b, k):
    windows = np.lib.stride_tricks.sliding_window_view(x, (k, k), axis=(2, 3))
    kernel = w.reshape(x.shape[1], k, k, -1)
    z = np.einsum("nchwij,cijf->nfhw", windows, kernel) + b[:, None, None]
    return np.where(z > 0, z, 0)


def output(call, args):
    w1, b1, w2, b2, w3, b3 = call.__self__.weights
    a = convolved(args[0], w1, b1, 3)
    corners = [a[:, :, i::2, j::2] for i in (0, 1) for j in (0, 1)]
    a = convolved(np.max(corners, axis=0), w2, b2, 2)
    return softmax(a.reshape(4, 12) @ w3 + b3, axis=1)


def target(call, args):
    return one_hot(args[1], 3)


def loss(call, args, out):
    return cross_entropy(out, target(call, args)) / 4


def own(call, args):
    return call(*args)


def claimed(call, args):
    return moved(parameters, call, args)
