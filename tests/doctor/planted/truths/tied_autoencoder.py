"""An autoencoder whose decoder has the encoder's matrix; updates in place."""

import numpy as np
from numeric import half_squares, moved, sigmoid

PLANT = {
    "AutoEncoder.cost_and_grads": "delta_r =",
    "AutoEncoder.sgd": "",
}
COST_IN_CODE = True


def make(code):
    rng = np.random.default_rng(59)
    net = code.AutoEncoder(5, 3, rng)
    return net.sgd, (rng.uniform(size=(5, 7)), 0.1)


def parameters(call, args):
    return {name: getattr(call.__self__, name) for name in ("W", "bhid", "bvis")}


def output(call, args):
    net = call.__self__
    hidden = sigmoid(np.einsum("hv,vn->hn", net.W, args[0]) + net.bhid)
    return sigmoid(np.einsum("hv,hn->vn", net.W, hidden) + net.bvis)


def target(call, args):
    return args[0]


def loss(call, args, out):
    return half_squares(out, args[0]) / 7


def claimed(call, args):
    return moved(parameters, call, args)
