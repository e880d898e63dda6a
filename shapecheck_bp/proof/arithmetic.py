"""The array API of symbols, as far as backprop uses it.

An array of symbols runs through the shipped code of ``column`` and ``row`` like any library's: its
operators and the functions of its namespace all come down to three methods.
"""

import math
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np


class Arithmetic:
    """An array whose entries are no floating-point numbers.

    What it is is said by ``T``, ``@`` and these:

        combine(operation, left, right)    two arrays, or an array and a number, entry by entry
        apply(function)                    exp, log, log1p, abs or tanh of every entry
        reduce(function, axis, keepdims)   the sum or the max over an axis, or over all entries
    """

    shape: tuple[Any, ...]
    dtype: Any = np.dtype("float64")
    combine: Callable[..., Any]
    apply: Callable[..., Any]
    reduce: Callable[..., Any]

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    def __array_namespace__(self, api_version: str | None = None) -> Any:
        """The functions of the array API."""
        return NAMESPACE

    def sum(self, axis: int | None = None, keepdims: bool = False) -> Any:
        """The sum over an axis, as a method."""
        return self.reduce("sum", axis, keepdims)

    def mean(self, axis: int | None = None, keepdims: bool = False) -> Any:
        """The mean over an axis, as a method."""
        count = math.prod(self.shape if axis is None else [self.shape[axis]])
        return self.sum(axis, keepdims) / count

    def max(self, axis: int | None = None, keepdims: bool = False) -> Any:
        """The max over an axis, as a method."""
        return self.reduce("max", axis, keepdims)

    def __neg__(self) -> Any:
        return self.combine("*", -1, self)

    def __abs__(self) -> Any:
        return self.apply("abs")

    __array_ufunc__ = None  # what stands beside it leaves the operator to it


def _operator(operation: str, swapped: bool = False) -> Callable[[Any, Any], Any]:
    if swapped:
        return lambda self, other: self.combine(operation, other, self)
    return lambda self, other: self.combine(operation, self, other)


for _name, _operation in {"add": "+", "sub": "-", "mul": "*", "truediv": "/", "pow": "**"}.items():
    setattr(Arithmetic, f"__{_name}__", _operator(_operation))
    setattr(Arithmetic, f"__r{_name}__", _operator(_operation, swapped=True))
for _name, _operation in {"gt": ">", "lt": "<"}.items():
    setattr(Arithmetic, f"__{_name}__", _operator(_operation))


def _apply(function: str, x: Any) -> Any:
    return x.apply(function)


def _absent(name: str) -> Any:
    known = ", ".join(sorted(name for name in vars(NAMESPACE) if not name.startswith("_")))
    raise AttributeError(
        f"arrays of symbols, which the proof runs on, know {known}; and not {name}"
    )


NAMESPACE = ModuleType("symbols")
NAMESPACE.__dict__.update(
    **{name: partial(_apply, name) for name in ("exp", "log", "log1p", "abs", "tanh")},
    sum=Arithmetic.sum,
    max=Arithmetic.max,
    mean=Arithmetic.mean,
    square=lambda x: x * x,
    matmul=lambda x, y: x @ y,
    maximum=lambda x, y: x.combine("max", x, y),
    minimum=lambda x, y: x.combine("min", x, y),
    zeros_like=lambda x: 0,
    ones_like=lambda x: 0 * x + 1,
    astype=lambda x, dtype: x,  # true and false are 1 and 0 here
    where=lambda condition, x, y: condition * x + (1 - condition) * y,
    __getattr__=_absent,
)
