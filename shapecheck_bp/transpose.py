"""The transpose law: ``flip`` carries anything from one convention to the other, and back.

For every public function f of ``column`` and ``row``,
``row.f(*flip(args)) == flip(column.f(*args))``.

>>> import numpy as np
>>> W, labels = np.ones((3, 4)), np.arange(5)
>>> flipped = flip({"W": W, "labels": labels, "loss": "log_loss"})
>>> flipped["W"].shape, flipped["labels"].shape, flipped["loss"]
((4, 3), (5,), 'log_loss')
"""

from collections.abc import Callable
from copy import copy
from typing import Any, TypeVar, cast

Anything = TypeVar("Anything")


def flip(value: Anything) -> Anything:
    """Transpose every 2-D array inside ``value``, and leave the rest alone.

    Looks into tuples, NamedTuples, lists and dicts. Its own inverse. The arrays are views: nothing
    is copied where the library has views (JAX arrays cannot be shared, and XLA may copy them).
    """
    flipped: Any = value
    if getattr(value, "ndim", None) == 2 and hasattr(value, "T"):
        flipped = value.T
    elif isinstance(value, tuple):
        items = map(flip, value)
        flipped = value._make(items) if hasattr(value, "_make") else type(value)(items)
    elif isinstance(value, list):
        flipped = type(value)(map(flip, value))
    elif isinstance(value, dict):
        flipped = copy(value)
        for key, item in value.items():
            flipped[key] = flip(item)
    return cast(Anything, flipped)


def map_leaves(change: Callable[..., Any], *values: Any) -> Any:
    """What ``change`` makes of all that stands in the same place inside tuples and NamedTuples.

    >>> map_leaves(int.__add__, (1, (2, 3)), (10, (20, 30)))
    (11, (22, 33))
    """
    first = values[0]
    if not isinstance(first, tuple):
        return change(*values)
    items = [map_leaves(change, *inside) for inside in zip(*values, strict=True)]
    return first._make(items) if hasattr(first, "_make") else tuple(items)
