"""Settings that are no arrays: what is chosen by name, whole numbers, dtypes.

>>> whole_number("batch_size", 2.5, least=1)
Traceback (most recent call last):
ValueError: batch_size: expected a whole number from 1 up; got 2.5
"""

from collections.abc import Iterable
from difflib import get_close_matches
from operator import index
from typing import Any, NoReturn, SupportsIndex, TypeVar

import numpy as np
from jaxtyping import Float

from shapecheck_bp.shapes.arrays import Array

Entry = TypeVar("Entry")
FLOATS: Any = Float[Array, " _"]
CONVENTIONS = ("column", "row")

# What the names are elsewhere, in small letters and without signs.
ELSEWHERE = {
    "mse": "squared_error",
    "l2": "squared_error",
    "bce": "log_loss",
    "binarycrossentropy": "log_loss",
    "categoricalcrossentropy": "cross_entropy",
    "nll": "cross_entropy",
    "logistic": "sigmoid",
    "linear": "identity",
}


def no_such_name(argument: str, known: Iterable[str], name: object) -> ValueError:
    """The error for a name that is not among those that are known; it tells which may be meant.

    >>> print(no_such_name("loss", ("squared_error", "log_loss"), "mse"))
    loss: expected 'squared_error' or 'log_loss'; got 'mse'. Did you mean 'squared_error'?
    """
    plain = {_plain(one): one for one in known}
    names = [*map(repr, plain.values())]
    listed = " or ".join(names) if len(names) == 2 else f"one of {', '.join(names)}"
    told = f"{argument}: expected {listed}; got {name!r}"
    if isinstance(name, str):
        asked = _plain(name)
        near = get_close_matches(asked, plain, n=1, cutoff=0.7)
        meant = ELSEWHERE.get(asked, "")
        meant = meant if meant in plain.values() else plain[near[0]] if near else ""
        told += f". Did you mean {meant!r}?" if meant else ""
    return ValueError(told)


class ByName(dict[str, Entry]):
    """A table by name; of a name that it lacks it says what it has.

    >>> ByName("operators of ONNX", relu="Relu", tanh="Tanh")["softplus"]
    Traceback (most recent call last):
    ValueError: operators of ONNX: expected 'relu' or 'tanh'; got 'softplus'
    """

    def __init__(self, what: str, **entries: Entry) -> None:
        super().__init__(entries)
        self.what = what

    def __missing__(self, name: str) -> NoReturn:
        raise no_such_name(self.what, self, name)


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name.lower()))


def check_convention(convention: Any) -> None:
    """Refuse what names neither convention.

    Raises:
        ValueError: it is neither ``"column"`` nor ``"row"``.
    """
    if convention not in CONVENTIONS:
        raise no_such_name("convention", CONVENTIONS, convention)


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
