"""Arrays of symbols, one for each entry, so that SymPy can differentiate by each of them.

>>> Z = Entries.named("Z", (2, 1))
>>> Z.values.tolist()
[[Z_11], [Z_21]]
>>> xp = Z.__array_namespace__()
>>> xp.sum(Z * Z).values.item()
Z_11**2 + Z_21**2
>>> from shapecheck_bp.activations import tanh
>>> tanh(Z).values[0, 0], tanh(Opaque(Z.values)).values[0, 0].func
(tanh(Z_11), tanh)
>>> sympy.diff(tanh(Opaque(Z.values)).values[0, 0], Z.values[0, 0])
tanh_prime(Z_11)
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
import sympy
from sympy import Function

from shapecheck_bp.activations import ACTIVATIONS
from shapecheck_bp.proof import shifts
from shapecheck_bp.proof.arithmetic import Arithmetic
from shapecheck_bp.proof.cases import activation_name

Self = TypeVar("Self", bound="Entries")


class Entries(Arithmetic):
    """An array whose entries are SymPy expressions of real numbers."""

    def __init__(self, values: Any) -> None:
        self.values = np.asarray(values, dtype=object)

    @classmethod
    def named(cls: type[Self], symbol: str, shape: tuple[int, ...]) -> Self:
        """An array of real symbols, W_11, W_12, …; for shape () one symbol."""
        values = np.empty(shape, dtype=object)
        for index in np.ndindex(shape):
            place = "".join(str(i + 1) for i in index)
            values[index] = sympy.Symbol(f"{symbol}_{place}" if place else symbol, real=True)
        return cls(values)

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """The shape."""
        return self.values.shape

    @property
    def T(self: Self) -> Self:
        """The transpose."""
        return type(self)(self.values.T)

    def __getitem__(self: Self, place: Any) -> Self:
        return type(self)(self.values[place])

    def __matmul__(self: Self, other: Any) -> Self:
        """Σ_k self[i, k] other[k, j], for every i and j."""
        return type(self)(self.values @ other.values)

    @classmethod
    def combine(cls: type[Self], operation: str, left: Any, right: Any) -> Self:
        """Combine entry by entry."""
        a, b = (one.values if isinstance(one, Entries) else one for one in (left, right))
        return cls(_COMBINE[operation](a, b))

    def apply(self: Self, function: str) -> Self:
        """Apply a function to every entry."""
        return type(self)(_APPLY[function](self.values))

    def reduce(self: Self, function: str, axis: int | None, keepdims: bool) -> Self:
        """Take the sum, or for the max some number that the entries determine."""
        over: Any = shifts.total if function == "sum" else lambda all_: shifts.Largest(*all_)
        kept = self.values.reshape(-1) if axis is None else np.moveaxis(self.values, axis, -1)
        found = np.empty(kept.shape[:-1], dtype=object)
        for index in np.ndindex(found.shape):
            found[index] = over(kept[index])
        return type(self)(np.expand_dims(found, axis) if keepdims and axis is not None else found)

    @classmethod
    def astype(cls: type[Self], array: Self, dtype: Any) -> Self:
        """True and false as 1 and 0."""
        return cls(np.frompyfunc(lambda true: sympy.Integer(bool(true)), 1, 1)(array.values))

    @classmethod
    def where(cls: type[Self], condition: Self, a: Any, b: Any) -> Self:
        """Take from a where the condition holds, else from b."""
        values = (one.values if isinstance(one, Entries) else one for one in (condition, a, b))
        return cls(np.frompyfunc(lambda true, a, b: a if true else b, 3, 1)(*values))


class Opaque(Entries):
    """Entries to which activations are g and g' and nothing more."""

    def __elementwise__(self, function: Callable[..., Any]) -> "Opaque":
        """g(Z), of which nothing is known but that g' is its derivative."""
        g = opaque_function(activation_name(function))
        return Opaque(np.frompyfunc(g, 1, 1)(self.values))


@lru_cache
def opaque_function(name: str) -> Any:
    """A real function of a real number; the derivative of g is the g' that stands beside it.

    That is taken for granted here, and shown elsewhere from their own formulas.
    """

    def fdiff(self: Any, argindex: int = 1) -> Any:
        g_prime = next(pair.g_prime for pair in ACTIVATIONS.values() if pair.g.__name__ == name)
        return opaque_function(g_prime.__name__)(self.args[0])

    return type(name, (Function,), {"is_extended_real": True, "is_real": True, "fdiff": fdiff})


_COMBINE: dict[str, Any] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "**": np.power,
    ">": np.frompyfunc(lambda a, b: bool(sympy.Gt(a, b)), 2, 1),
    "<": np.frompyfunc(lambda a, b: bool(sympy.Lt(a, b)), 2, 1),
    "max": np.frompyfunc(shifts.larger, 2, 1),
    "min": np.frompyfunc(shifts.smaller, 2, 1),
}
_APPLY: dict[str, Any] = {
    "exp": np.frompyfunc(shifts.exp, 1, 1),
    "log": np.frompyfunc(shifts.log, 1, 1),
    "log1p": np.frompyfunc(lambda entry: sympy.log(1 + entry), 1, 1),
    "abs": np.frompyfunc(sympy.Abs, 1, 1),
    "tanh": np.frompyfunc(sympy.tanh, 1, 1),
}
