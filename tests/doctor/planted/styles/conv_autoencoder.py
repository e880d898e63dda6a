"""Convolutional auto-encoder for 1-D signals of any length.

code_k = softplus(correlate(x, enc[k]) + enc_off[k])
x_rec  = sum over k of convolve(code_k, dec[k]) + dec_off
"""
from dataclasses import dataclass, fields

import numpy as np


@dataclass
class Kernels:
    enc: np.ndarray        # (filters, taps)
    enc_off: np.ndarray    # (filters,)
    dec: np.ndarray        # (filters, taps)
    dec_off: np.ndarray    # (1,)

    def like(self):
        return Kernels(*(np.zeros_like(getattr(self, f.name)) for f in fields(self)))


def softplus(v):
    return np.log1p(np.exp(v))


def logistic(v):
    return 1.0 / (1.0 + np.exp(-v))


def encode(k, x):
    return np.array([np.correlate(x, h, "valid") + off for h, off in zip(k.enc, k.enc_off)])


def decode(k, codes):
    rec = sum(np.convolve(c, h, "full") for c, h in zip(codes, k.dec))
    return rec + k.dec_off


def accumulate(k, x, grads):
    """Adds the gradient of one signal to grads and returns what is left of the signal."""
    pre = encode(k, x)
    codes = softplus(pre)
    rest = decode(k, codes) - x

    grads.dec_off += rest.sum()
    for i in range(len(codes)):
        grads.dec[i] += np.correlate(rest, codes[i], "valid")
        d_code = np.correlate(rest, k.dec[i], "valid")
        d_pre = d_code * logistic(pre[i])
        grads.enc[i] += np.correlate(x, d_pre, "valid")
        grads.enc_off[i] += d_pre.sum()
    return rest


def descent(k, signals, mu=0.01):
    grads = k.like()
    left = [accumulate(k, x, grads) for x in signals]
    k.enc -= mu * grads.enc
    k.enc_off -= mu * grads.enc_off
    k.dec -= mu * grads.dec
    k.dec_off -= mu * grads.dec_off
    return left
