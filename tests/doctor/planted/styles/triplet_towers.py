from typing import NamedTuple

import numpy as np


class Tower(NamedTuple):
    kernel1: np.ndarray
    bias1: np.ndarray
    kernel2: np.ndarray
    bias2: np.ndarray


def embed(t: Tower, x):
    hidden = np.tanh(x @ t.kernel1 + t.bias1)
    raw = hidden @ t.kernel2 + t.bias2
    length = np.linalg.norm(raw, axis=1, keepdims=True)
    unit = raw / length
    return unit, (x, hidden, unit, length)


def embed_vjp(t: Tower, saved, d_unit) -> Tower:
    x, hidden, unit, length = saved
    along = (unit * d_unit).sum(axis=1, keepdims=True)
    d_raw = (d_unit - unit * along) / length
    d_hidden = d_raw @ t.kernel2.T
    d_pre = d_hidden * (1 - hidden ** 2)
    return Tower(x.T @ d_pre, d_pre.sum(axis=0), hidden.T @ d_raw, d_raw.sum(axis=0))


def triplet_loss(t: Tower, anchor, positive, negative, margin=0.4):
    """mean of max(0, |a-p|^2 - |a-n|^2 + margin), and its gradient as a Tower"""
    a, saved_a = embed(t, anchor)
    p, saved_p = embed(t, positive)
    n, saved_n = embed(t, negative)
    gap = ((a - p) ** 2).sum(axis=1) - ((a - n) ** 2).sum(axis=1) + margin
    loss = np.maximum(gap, 0).mean()

    active = (gap > 0).astype(float)[:, None] / len(gap)
    d_a = 2 * active * (n - p)
    d_p = 2 * active * (p - a)
    d_n = 2 * active * (a - n)

    branches = [
        embed_vjp(t, saved_a, d_a),
        embed_vjp(t, saved_p, d_p),
        embed_vjp(t, saved_n, d_n),
    ]
    total = Tower(*[sum(parts) for parts in zip(*branches)])
    return loss, total
