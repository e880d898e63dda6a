"""Faults of value, looked for once, where data enters; a gradient step never re-reads the data.

>>> import numpy as np
>>> check_labels(np.array([0, 3, 10]), classes=10)
Traceback (most recent call last):
ValueError: labels: expected classes 0 to 9; example 2 has label 10
"""

from operator import index
from typing import Any, SupportsIndex

from array_api_compat import array_namespace

from shapecheck_bp.shapes import Array


def whole_number(name: str, number: SupportsIndex, least: int) -> int:
    """A setting as an int, refused where it is not whole or below ``least``."""
    try:
        whole = index(number)
    except TypeError:
        whole = least - 1
    if whole < least:
        raise ValueError(f"{name}: expected a whole number from {least} up; got {number!r}")
    return whole


# Targets that were once float32 sum to one within this, whatever they are now.
ROUNDING = 1e-4


def float_dtype(xp: Any, dtype: Any) -> Any:
    """A library's dtype for ``dtype``, and its default float for None."""
    if dtype is None:
        return xp.asarray(0.0).dtype
    named = getattr(xp, dtype, dtype) if isinstance(dtype, str) else dtype
    try:
        made = xp.empty(0, dtype=named).dtype
        if xp.isdtype(made, "real floating"):
            return made
    except (TypeError, AttributeError):
        pass
    raise ValueError(f"dtype: expected a floating type such as 'float32'; got {dtype!r}")


def check_labels(labels: Array, classes: SupportsIndex) -> None:
    """Refuse class indices outside 0, …, classes - 1."""
    classes = whole_number("classes", classes, least=1)
    if (i := _first((labels < 0) | (labels >= classes))) is not None:
        raise ValueError(
            f"labels: expected classes 0 to {classes - 1}; example {i} has label {int(labels[i])}"
        )


def check_finite(name: str, values: Array) -> None:
    """Refuse NaN and infinity."""
    xp = array_namespace(values)
    flat = xp.reshape(~xp.isfinite(values), (-1,))
    if (i := _first(flat)) is not None:
        row, column = divmod(i, values.shape[1])
        count = int(xp.sum(xp.astype(flat, xp.int32)))
        raise ValueError(
            f"{name}: expected finite numbers; {count} of {flat.shape[0]} entries are NaN or"
            f" infinite, the first at {name}[{row}, {column}]"
        )


def check_targets(loss: str, Y: Array, totals: Array) -> None:
    """Refuse targets that the loss cannot mean; ``totals`` sums each example's targets."""
    check_finite("Y", Y)
    xp = array_namespace(Y)
    if loss == "squared_error":
        return
    if bool(xp.any((Y < 0) | (Y > 1))):
        raise ValueError(f"Y: expected targets from 0 to 1 under {loss}; some lie outside")
    if loss == "cross_entropy":
        wrong = xp.abs(totals - 1) > ROUNDING
        if (i := _first(wrong)) is not None:
            raise ValueError(
                f"Y: expected each example's targets to sum to 1 under {loss};"
                f" those of example {i} sum to {float(totals[i]):.6g}"
            )


def _first(faults: Array) -> int | None:
    """Where a vector of booleans is first true."""
    xp = array_namespace(faults)
    return int(xp.argmax(xp.astype(faults, xp.int32))) if bool(xp.any(faults)) else None
