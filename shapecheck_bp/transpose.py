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

    Raises:
        TypeError: it is a text, or has a state_dict in it, whose biases would stay as they are.
    """
    if isinstance(value, str | bytes):
        raise TypeError(
            f"value: expected an array, or a tuple, list or dict of arrays; got {value!r}"
        )
    return cast(Anything, _flipped(value))


def _flipped(value: Any) -> Any:
    if getattr(value, "ndim", None) == 2 and hasattr(value, "T"):
        return value.T
    if isinstance(value, tuple):
        items = map(_flipped, value)
        return value._make(items) if hasattr(value, "_make") else type(value)(items)
    if isinstance(value, list):
        return type(value)(map(_flipped, value))
    if isinstance(value, dict):
        _refuse_state(value)
        flipped = copy(value)
        for key, item in value.items():
            flipped[key] = _flipped(item)
        return flipped
    return value


def _refuse_state(value: dict[Any, Any]) -> None:
    """Refuse PyTorch's weights, whose biases have one axis: half of them would be transposed."""
    for key, bias in value.items():
        if not (isinstance(key, str) and key.endswith("bias")):
            continue
        weight = f"{key.removesuffix('bias')}weight"
        if [getattr(one, "ndim", None) for one in (value.get(weight), bias)] == [2, 1]:
            raise TypeError(
                f"value: got a state_dict, of which {weight} would be transposed and"
                f" {key} of shape {tuple(bias.shape)} would not. Pass it to"
                " layouts.to_row(state, 'torch') or layouts.to_column(state, 'torch')"
            )


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
