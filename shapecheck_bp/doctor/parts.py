"""A part of the data of a call, where there are many examples: a step of few says the same.

>>> (W, X, Y), _, _ = next(parts((np.ones((3, 2)), np.ones((500, 3)), np.ones((500, 2))), {}))
>>> W.shape, X.shape, Y.shape
((3, 2), (12, 3), (12, 2))
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

MOST_EXAMPLES, FEW, FEWEST, LARGE = 12, 3, 2, 2**20


def parts(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Iterator[tuple[Any, Any, int]]:
    """The arguments with fewer examples, and how many these are."""
    given = [*args, *kwargs.values()]
    lists = [_few(value) for value in given]
    length = _examples([value for value in lists if isinstance(value, np.ndarray)])
    if length:
        shorter = [_shorter(value, length) for value in lists]
        yield (
            shorter[: len(args)],
            dict(zip(kwargs, shorter[len(args) :], strict=True)),
            MOST_EXAMPLES,
        )
    if any(one is not other for one, other in zip(lists, given, strict=True)):
        yield lists[: len(args)], dict(zip(kwargs, lists[len(args) :], strict=True)), FEW


def fewer_in(names: dict[str, Any]) -> dict[str, Any]:
    """Of names, those of long data with few examples, and of their number; where that is much.

    >>> fewer_in({"X": np.ones((2_000, 784)), "y": np.ones(2_000), "m": 2_000, "k": 3})["m"]
    12
    """
    data = {name: value for name, value in names.items() if isinstance(value, np.ndarray)}
    length = _examples([*data.values()])
    if not length or sum(value.size for value in data.values()) < LARGE:
        return {}
    short = {name: _shorter(value, length) for name, value in data.items()}
    counts = {n: MOST_EXAMPLES for n, v in names.items() if type(v) is int and v == length}
    return {n: value for n, value in short.items() if value is not data[n]} | counts


def batch_sizes_in(names: dict[str, Any]) -> list[str]:
    """The names of what may be how many examples a batch has, where these are not few.

    >>> batch_sizes_in({"batch_size": 32, "n_batches": 2, "minibatch": 1.5, "size": 9})
    ['batch_size']
    """
    found = names.items()
    return [n for n, v in found if "batch" in n.lower() and type(v) is int and v > FEWEST]


def _few(value: Any) -> Any:
    """Of a list of examples, each a tuple of arrays, the first ones."""
    if type(value) is list and len(value) > FEW and all(map(_is_example, value)):
        return value[:FEW]
    return value


def _is_example(item: Any) -> bool:
    return type(item) in (tuple, list) and any(isinstance(part, np.ndarray) for part in item)


def _examples(given: Sequence[Any]) -> int:
    """How many examples there are, where there are many: what several arrays are long."""
    sizes: dict[int, int] = {}
    for value in given:
        for size in {*value.shape[:1], *value.shape[-1:]}:
            sizes[size] = sizes.get(size, 0) + 1
    shared = [size for size, count in sizes.items() if count > 1 and size > 4 * MOST_EXAMPLES]
    return max(shared, default=0)


def _shorter(value: Any, length: int) -> Any:
    if isinstance(value, np.ndarray) and length in value.shape:
        axis = 0 if value.shape[0] == length else value.ndim - 1
        return np.take(value, range(MOST_EXAMPLES), axis=axis)
    return value
