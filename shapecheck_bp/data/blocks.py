"""J and its gradients over blocks of examples, where all of them are more than memory holds.

J is a mean over examples, and its gradients are. Of blocks of m_1, m_2, … examples, m in all, with
the costs J_1, J_2, …,

    J = sum(m_k * J_k) / m,    dW = sum(m_k * dW_k) / m,    db = sum(m_k * db_k) / m,

so that ``gradients(net, params, X, Y, block_size)`` needs the memory of one block, and the time
that all examples take. X and Y may be files that NumPy maps into memory: each block is copied from
there, so that the products run on ordinary arrays (``docs/how-to/memory.md`` shows it).

>>> from shapecheck_bp import Network, row
>>> net, X, Y = Network((4, 2)), np.ones((1000, 4)), np.full((1000, 2), 0.5)
>>> J, grads = row.gradients(net, row.init(net), X, Y, block_size=64)
>>> grads[0].dW.shape
(4, 2)

The results are those of the whole, but for rounding: the sums are made in another order. Under
``jax.jit`` the block_size is a static argument, and the blocks are written out one by one.
"""

from collections.abc import Callable, Iterator
from operator import add
from typing import Any, TypeVar

import numpy as np

from shapecheck_bp.data.progress import progress
from shapecheck_bp.data.settings import whole_number
from shapecheck_bp.shapes.arrays import Array
from shapecheck_bp.transpose import map_leaves

QUIET = 2.0  # seconds without a bar
LOOKED_AT = 2**20  # entries at a time

Means = TypeVar("Means")


def in_blocks(f: Callable[[Any, Any], Means], X: Any, Y: Any, block_size: Any, axis: int) -> Means:
    """The means ``f(X, Y)`` over all examples, from those over blocks of ``block_size``.

    Args:
        f: gives arrays, in tuples, that are means over examples.
        X: the inputs.
        Y: the targets.
        block_size: examples to a block; the last one takes what remains.
        axis: where the examples lie.

    Raises:
        ValueError: a block_size that is no whole number from 1 up.
    """
    block_size = whole_number("block_size", block_size, least=1)
    m = X.shape[axis]
    if block_size >= m:
        return f(X, Y)
    total: Any = None
    for start in progress(range(0, m, block_size), "blocks of examples", QUIET):
        stop = min(start + block_size, m)
        m_k, block = stop - start, slice(start, stop)
        means_k = f(in_memory(examples_at(X, block, axis)), in_memory(examples_at(Y, block, axis)))
        part = map_leaves(lambda mean, m_k=m_k: m_k * mean, means_k)
        total = part if total is None else map_leaves(add, total, part)
    means: Means = map_leaves(lambda sum_: sum_ / m, total)
    return means


def in_memory(array: Any) -> Any:
    """A part of a mapped file as an array of its own; any other array as it is."""
    return np.array(array) if isinstance(array, np.memmap) else array


def pieces(array: Array, axis: int) -> Iterator[tuple[int, Array]]:
    """A matrix in parts, each with where it starts, so that what is made of one is never large."""
    size = array.shape[axis]
    step = max(1, LOOKED_AT // array.shape[1 - axis])
    for start in range(0, size, step):
        yield start, examples_at(array, slice(start, min(start + step, size)), axis)


def examples_at(array: Array, which: Any, axis: int) -> Array:
    """Some of the examples: by a slice, which copies nothing, or by indices."""
    return array[:, which] if axis else array[which, :]
