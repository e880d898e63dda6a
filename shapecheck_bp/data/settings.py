"""Settings that are no arrays: the conventions by name, whole numbers, dtypes.

>>> whole_number("batch_size", 2.5, least=1)
Traceback (most recent call last):
ValueError: batch_size: expected a whole number from 1 up; got 2.5
"""

from operator import index
from typing import Any, SupportsIndex

import numpy as np
from jaxtyping import Float

from shapecheck_bp.shapes.arrays import Array

FLOATS: Any = Float[Array, " _"]
CONVENTIONS = ("column", "row")


def check_convention(convention: Any) -> None:
    """Refuse what names neither convention.

    Raises:
        ValueError: it is neither ``"column"`` nor ``"row"``.
    """
    if convention not in CONVENTIONS:
        raise ValueError(f"convention: expected 'column' or 'row'; got {convention!r}")


def whole_number(name: str, number: SupportsIndex, least: int) -> int:
    """A setting as an int.

    Raises:
        ValueError: it is not whole, or below ``least``.
    """
    try:
        # Before NumPy 2.3 its booleans can be indices, with a warning.
        whole = least - 1 if isinstance(number, np.bool_) else index(number)
    except TypeError:
        whole = least - 1
    if whole < least:
        raise ValueError(f"{name}: expected a whole number from {least} up; got {number!r}")
    return whole


def float_dtype(xp: Any, dtype: Any) -> Any:
    """A library's dtype for ``dtype``, and its default float for None.

    Raises:
        ValueError: the library has no such floating type.

    >>> float_dtype(np, "float32")
    dtype('float32')
    """
    if dtype is None:
        return xp.asarray(0.0).dtype
    named = getattr(xp, dtype, dtype) if isinstance(dtype, str) else dtype
    try:
        made = xp.empty(0, dtype=named)
        if isinstance(made, FLOATS):  # so no longdouble, which no function takes
            return made.dtype
    except (TypeError, AttributeError):
        pass
    raise ValueError(f"dtype: expected a floating type such as 'float32'; got {dtype!r}")
