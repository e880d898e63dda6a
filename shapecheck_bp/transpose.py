"""The transpose law: ``flip`` carries anything from one convention to the other, and back.

For every public function f of ``column`` and ``row``,
``row.f(*flip(args)) == flip(column.f(*args))``.

>>> import numpy as np
>>> W, labels = np.ones((3, 4)), np.arange(5)
>>> flipped = flip({"W": W, "labels": labels, "loss": "log_loss"})
>>> flipped["W"].shape, flipped["labels"].shape, flipped["loss"]
((4, 3), (5,), 'log_loss')
"""

from copy import copy
from typing import Any, TypeVar

Anything = TypeVar("Anything")


def flip(value: Anything) -> Anything:
    """Transpose every 2-D array inside ``value``, and leave the rest alone.

    Looks into tuples, NamedTuples, lists and dicts. Its own inverse. The arrays are views: nothing
    is copied where the library has views (JAX arrays cannot be shared, and XLA may copy them).
    """
    return _flip(value)  # type: ignore[no-any-return]


def _flip(value: Any) -> Any:
    if getattr(value, "ndim", None) == 2 and hasattr(value, "T"):
        return value.T
    if isinstance(value, tuple):
        items = map(_flip, value)
        return value._make(items) if hasattr(value, "_make") else type(value)(items)
    if isinstance(value, list):
        return type(value)(map(_flip, value))
    if isinstance(value, dict):
        flipped = copy(value)
        for key, item in value.items():
            flipped[key] = _flip(item)
        return flipped
    return value
