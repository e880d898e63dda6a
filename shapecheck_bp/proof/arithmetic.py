"""What the proof's arrays have in common: the array API, as far as backprop uses it.

An array of another arithmetic (symbols, numbers that know their rounding) runs through the shipped
code of ``column`` and ``row`` like any library's: its operators and the functions of its namespace
all come down to five methods, which each kind of array defines for itself.
"""

import math
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any, ClassVar

import numpy as np


class Arithmetic:
    """An array whose entries are no floating-point numbers, or more than that.

    Each kind defines ``T``, ``@`` and these:

        combine(operation, left, right)    two arrays, or an array and a number, entry by entry
        apply(function)                    exp, log, log1p, abs or tanh of every entry
        reduce(function, axis, keepdims)   the sum or the max over an axis, or over all entries
    """

    shape: tuple[Any, ...]
    dtype: Any = np.dtype("float64")
    namespace: ClassVar[Any]
    combine: Callable[..., Any]
    apply: Callable[..., Any]
    reduce: Callable[..., Any]

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    def __array_namespace__(self, api_version: str | None = None) -> Any:
        """The functions of the array API, for arrays of this kind."""
        return self.namespace

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.namespace = _namespace(cls)

    def sum(self, axis: int | None = None, keepdims: bool = False) -> Any:
        """The sum over an axis, as a method."""
        return self.reduce("sum", axis, keepdims)

    def mean(self, axis: int | None = None, keepdims: bool = False) -> Any:
        """The mean over an axis, as a method."""
        return self.reduce("sum", axis, keepdims) / math.prod(
            self.shape if axis is None else [self.shape[axis]]
        )

    def max(self, axis: int | None = None, keepdims: bool = False) -> Any:
        """The max over an axis, as a method."""
        return self.reduce("max", axis, keepdims)

    def __neg__(self) -> Any:
        return self.combine("*", -1, self)

    def __abs__(self) -> Any:
        return self.apply("abs")

    def __bool__(self) -> bool:
        raise TypeError(f"a {type(self).__name__} array is neither true nor false")

    # What Python's operators do, as a NumPy array would.
    __array_ufunc__ = None
    __hash__ = object.__hash__


def _operator(operation: str, swapped: bool) -> Callable[[Any, Any], Any]:
    if swapped:
        return lambda self, other: self.combine(operation, other, self)
    return lambda self, other: self.combine(operation, self, other)


_OPERATORS = {"add": "+", "sub": "-", "mul": "*", "truediv": "/", "pow": "**"}
for _name, _operation in _OPERATORS.items():
    setattr(Arithmetic, f"__{_name}__", _operator(_operation, swapped=False))
    setattr(Arithmetic, f"__r{_name}__", _operator(_operation, swapped=True))
for _name, _operation in {"gt": ">", "lt": "<"}.items():
    setattr(Arithmetic, f"__{_name}__", _operator(_operation, swapped=False))


def _namespace(cls: type[Arithmetic]) -> ModuleType:
    def method(name: str, x: Any, **over: Any) -> Any:
        return getattr(x, name)(**over)

    def apply(function: str, x: Any) -> Any:
        return x.apply(function)

    xp = ModuleType(cls.__name__.lower())  # like any library's, also where it is put into a set
    xp.__dict__.update(
        **{name: partial(apply, name) for name in ("exp", "log", "log1p", "abs", "tanh")},
        **{name: partial(method, name) for name in ("sum", "max", "mean")},
        square=lambda x: x * x,
        matmul=lambda x, y: x @ y,
        maximum=lambda x, y: cls.combine("max", x, y),
        minimum=lambda x, y: cls.combine("min", x, y),
        zeros_like=lambda x: 0,
        ones_like=lambda x: 0 * x + 1,
        astype=lambda x, dtype: x,  # true and false are 1 and 0 here
        where=lambda condition, x, y: condition * x + (1 - condition) * y,
    )
    known = ", ".join(sorted(name for name in vars(xp) if not name.startswith("_")))

    def absent(name: str) -> Any:
        raise AttributeError(
            f"{cls.__name__} arrays, which the proof runs on, know {known}; and not {name}"
        )

    xp.__dict__["__getattr__"] = absent
    return xp
