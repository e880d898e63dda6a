"""Residual blocks with layer normalisation; a list of gradients in objects is returned."""

import numpy as np

PLANT = {
    "block_backward": "",
    "gradients": "d =",
}
FORWARD = {"block_forward": ""}
COST_IN_CODE = True
NAMES = ("gain", "shift", "up", "down")


def make(code):
    rng = np.random.default_rng(79)
    shapes = ((4,), (4,), (4, 5), (5, 4))
    blocks = [code.Block(*(rng.normal(size=shape) for shape in shapes)) for _ in range(2)]
    return code.gradients, (blocks, rng.normal(size=(6, 4)), rng.normal(size=(6, 4)))


def in_blocks(blocks):
    return {f"{name}{i}": getattr(b, name) for i, b in enumerate(blocks) for name in NAMES}


def parameters(call, args):
    return in_blocks(args[0])


def output(call, args):
    p, h = parameters(call, args), args[1]
    for i in range(2):
        centred = h - h.sum(1, keepdims=True) / 4
        n = centred / np.sqrt((centred**2).sum(1, keepdims=True) / 4 + 1e-6)
        h = h + np.tanh((n * p[f"gain{i}"] + p[f"shift{i}"]) @ p[f"up{i}"]) @ p[f"down{i}"]
    return h


def target(call, args):
    return args[2]


def loss(call, args, out):
    return float(((out - args[2]) ** 2).mean())


def own(call, args):
    return call(*args)[0]


def claimed(call, args):
    return in_blocks(call(*args)[1])
