"""The limit: the matrix products of one gradient and nothing else.

A layer has three: one forward, one for dW and one for dA_prev, which the first layer does not need.
The results are newly allocated, as in every program that is compared with them.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from cases import Case


def operands(case: Case) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """A_prev, W and dZ of each layer, examples as rows."""
    random = np.random.default_rng(1)
    return [
        tuple(
            random.standard_normal(shape, dtype="float32")
            for shape in ((case.m, n_in), (n_in, n_out), (case.m, n_out))
        )
        for n_in, n_out in pairwise(case.sizes)
    ]


def products_row(layers: Any) -> list[Any]:
    """Z = A_prev @ W, dW = A_prev.T @ dZ, dA_prev = dZ @ W.T."""
    made = []
    for layer, (A_prev, W, dZ) in enumerate(layers, start=1):
        made += [A_prev @ W, A_prev.T @ dZ]
        if layer > 1:
            made.append(dZ @ W.T)
    return made


def products_column(layers: Any) -> list[Any]:
    """Z = W @ A_prev, dW = dZ @ A_prev.T, dA_prev = W.T @ dZ."""
    made = []
    for layer, (A_prev, W, dZ) in enumerate(layers, start=1):
        made += [W @ A_prev, dZ @ A_prev.T]
        if layer > 1:
            made.append(W.T @ dZ)
    return made


def in_numpy_row(case: Case) -> Callable[[], Any]:
    layers = operands(case)
    return lambda: products_row(layers)


def in_numpy_column(case: Case) -> Callable[[], Any]:
    layers = [tuple(np.ascontiguousarray(array.T) for array in layer) for layer in operands(case)]
    return lambda: products_column(layers)


def in_torch(case: Case) -> Callable[[], Any]:
    import torch

    layers = [tuple(map(torch.from_numpy, layer)) for layer in operands(case)]
    return lambda: products_row(layers)


def in_jax(case: Case) -> Callable[[], Any]:
    """All are results of one compiled function, so that none can be left out."""
    import jax

    layers = [tuple(map(jax.device_put, layer)) for layer in operands(case)]
    compiled = jax.jit(products_row)
    return lambda: jax.block_until_ready(compiled(layers))
