"""Faults of value, looked for once, where data enters; a gradient step never re-reads the data.

>>> import numpy as np
>>> check_labels(np.array([0, 3, 10]), classes=10)
Traceback (most recent call last):
ValueError: labels: expected classes 0 to 9; example 2 has label 10
"""

from typing import SupportsIndex

from array_api_compat import array_namespace

from shapecheck_bp.data.blocks import pieces
from shapecheck_bp.data.settings import whole_number
from shapecheck_bp.shapes.arrays import Array

# Targets that were once float32 sum to one within this, whatever they are now.
ROUNDING = 1e-4


def check_labels(labels: Array, classes: SupportsIndex) -> None:
    """Refuse class indices outside 0, …, classes - 1, and what has a shape and is no array."""
    if hasattr(labels, "to_numpy"):  # a Series of pandas, polars, …
        kind = type(labels).__name__
        raise TypeError(f"labels: expected an array; got {kind}. Pass labels.to_numpy()")
    classes, xp = whole_number("classes", classes, least=1), array_namespace(labels)
    wide = xp.astype(labels, xp.asarray(0).dtype)  # no int8 can be compared with 300
    if (i := _first((wide < 0) | (wide >= classes))) is not None:
        raise ValueError(
            f"labels: expected classes 0 to {classes - 1}; example {i} has label {int(labels[i])}"
        )


def check_finite(name: str, values: Array) -> None:
    """Refuse NaN and infinity."""
    xp, axis = array_namespace(values), int(values.shape[1] > values.shape[0])
    count, first = 0, values.shape
    for start, piece in pieces(values, axis):
        flat = xp.reshape(~xp.isfinite(piece), (-1,))
        if (i := _first(flat)) is not None:
            count += int(xp.sum(xp.astype(flat, xp.int32)))
            row, column = divmod(i, piece.shape[1])
            first = min(first, (row, start + column) if axis else (start + row, column))
    if count:
        row, column = first
        size = values.shape[0] * values.shape[1]
        raise ValueError(
            f"{name}: expected finite numbers; {count} of {size} entries are NaN or"
            f" infinite, the first at {name}[{row}, {column}]"
        )


def check_targets(loss: str, Y: Array, axis: int) -> None:
    """Refuse targets that the loss cannot mean; the examples lie along ``axis``."""
    check_finite("Y", Y)
    if loss == "squared_error":
        return
    xp = array_namespace(Y)
    for start, piece in pieces(Y, axis):
        if bool(xp.any((piece < 0) | (piece > 1))):
            raise ValueError(f"Y: expected targets from 0 to 1 under {loss}; some lie outside")
        if loss == "cross_entropy":
            totals = xp.sum(piece, axis=1 - axis)
            if (i := _first(xp.abs(totals - 1) > ROUNDING)) is not None:
                raise ValueError(
                    f"Y: expected each example's targets to sum to 1 under {loss};"
                    f" those of example {start + i} sum to {float(totals[i]):.6g}"
                )


def _first(faults: Array) -> int | None:
    """Where a vector of booleans is first true."""
    xp = array_namespace(faults)
    return int(xp.argmax(xp.astype(faults, xp.int32))) if bool(xp.any(faults)) else None
