import numpy as np
from dataclasses import dataclass


@dataclass
class Block:
    gain: np.ndarray
    shift: np.ndarray
    up: np.ndarray
    down: np.ndarray


def block_forward(blk, x):
    mean = x.mean(-1, keepdims=True)
    sd = np.sqrt(x.var(-1, keepdims=True) + 1e-6)
    n = (x - mean) / sd
    y = n * blk.gain + blk.shift
    z = y @ blk.up
    h = np.tanh(z)
    return x + h @ blk.down, (n, sd, y, h)


def block_backward(blk, tape, d_out):
    n, sd, y, h = tape
    d_down = h.T @ d_out
    d_h = d_out @ blk.down.T
    d_z = d_h * (1 - h ** 2)
    d_up = y.T @ d_z
    d_y = d_z @ blk.up.T
    d_gain = (d_y * n).sum(0)
    d_shift = d_y.sum(0)
    d_n = d_y * blk.gain
    d_x = (d_n - d_n.mean(-1, keepdims=True) - n * (d_n * n).mean(-1, keepdims=True)) / sd
    d_x = d_x + d_out  # the skip
    return d_x, Block(d_gain, d_shift, d_up, d_down)


def gradients(blocks, x, target):
    tapes = []
    h = x
    for blk in blocks:
        h, tape = block_forward(blk, h)
        tapes.append(tape)
    err = h - target
    loss = (err ** 2).mean()
    d = 2 * err / err.size
    grads = [None] * len(blocks)
    for i in range(len(blocks) - 1, -1, -1):
        d, grads[i] = block_backward(blocks[i], tapes[i], d)
    return loss, grads
