"""Arrays whose sizes and entries are symbols, kept as the number in row i and column j.

A matrix W of n_out rows and n_in columns is the entry W[i, j]; its transpose W[j, i]; and

    (W @ X)[i, j]    is   Σ_k W[i, k] X[k, j]
    sum(Z, axis=0)   is   Σ_k Z[k, j], for every i
    g(Z)[i, j]       is   g(Z[i, j]), whatever g may be

so that (AB)ᵀ = BᵀAᵀ need not be taught: the entry j, i of the one and the entry i, j of the other
are the same sum of the same products. An array made of symbols stands for all arrays of all sizes,
and two results that have the same entry are equal for all of them. Code that asks for a size, or
for the depth of a network, and goes one way or another, is refused where it does.

>>> n, k, m = map(size, "nkm")
>>> A, B = Symbolic.named("A", (n, k)), Symbolic.named("B", (k, m))
>>> (A @ B).entry
Σ_{k_1:k} A[i, k_1] B[k_1, j]
>>> (A @ B).T.entry is (B.T @ A.T).entry
True
>>> A @ A
Traceback (most recent call last):
ValueError: (n, k) @ (n, k): k and n are different sizes
"""

import inspect
import math
import operator
from collections.abc import Callable
from functools import cache
from typing import Any, NoReturn

import numpy as np
from array_api_compat import numpy as xp
from numpy.lib.mixins import NDArrayOperatorsMixin

from shapecheck_bp.activations import ACTIVATIONS
from shapecheck_bp.proof import functions, sums
from shapecheck_bp.proof.numbers import Number, number
from shapecheck_bp.proof.undecided import asked, refuse
from shapecheck_bp.tracing import notation


class Symbolic(NDArrayOperatorsMixin):
    """An array of symbols: its shape, its entry in row i and column j, and how that is written.

    It goes through the shipped code of ``column`` and ``row`` as NumPy's arrays do: NumPy leaves
    its functions to it, by ``__array_ufunc__`` and ``__array_function__``.
    """

    dtype = np.dtype("float64")

    def __init__(self, shape: tuple[Any, ...], entry: Number, formula: Any = None) -> None:
        self.shape = shape
        self.entry = entry
        self.formula = formula

    @classmethod
    def named(
        cls, symbol: str, shape: tuple[Any, ...], layer: int | None = None, kind: str = "entry"
    ) -> "Symbolic":
        """A matrix of symbols, or for shape () a number; an axis of size 1 has index 0."""
        formula = notation.name(symbol, layer, shape)
        sizes = (1, 1, *shape)[-2:]
        row, column = (0 if _is_one(n) else k for n, k in zip(sizes, "ij", strict=True))
        return cls(shape, sums.entry(formula.id, row, column, kind), formula)

    def __eq__(self, other: object) -> bool:
        return refuse(self) if other is not self and asked() else other is self

    __ne__ = object.__ne__
    __hash__ = object.__hash__
    __bool__ = refuse

    def __array_namespace__(self, api_version: str | None = None) -> Any:
        """NumPy's functions."""
        return xp

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = ()) -> Any:
        """What NumPy's function computes, entry by entry; ``A += b`` is A = A + b."""
        if method != "__call__" or (out and out[0] is not inputs[0]):
            raise _unknown(f"{ufunc.__name__} with {'out' if out else method}")
        if ufunc not in OPERATIONS:
            return self.__array_function__(ufunc, (), inputs, {})
        sign, compute = OPERATIONS[ufunc]
        write = notation.binary if len(inputs) > 1 else notation.applied
        shape = _broadcast(*(getattr(one, "shape", ()) for one in inputs))
        return Symbolic(shape, compute(*map(_entry, inputs)), write(sign, *map(_written, inputs)))

    def __array_function__(self, function: Any, types: Any, given: Any, settings: Any) -> Any:
        """What NumPy's function computes of arrays as a whole."""
        if function not in FUNCTIONS:
            raise _unknown(function.__name__)
        return FUNCTIONS[function](*given, **settings)

    def __array__(self, *_: Any, **settings: Any) -> NoReturn:
        """An array of numbers it is not."""
        raise _unknown("asarray")

    def __repr__(self) -> str:
        of_shape = f" of shape {_show(self.shape)}" if self.shape else ""
        return notation.Formula(self.formula).line + of_shape

    def at(self, row: Any, column: Any) -> Number:
        """The entry in another row and column."""
        return sums.renamed(self.entry, {"i": row, "j": column})

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def T(self) -> "Symbolic":
        """The entry in row j and column i."""
        if self.ndim < 2:
            return self
        return Symbolic(self.shape[::-1], self.at("j", "i"), notation.transposed(self.formula))

    def __getitem__(self, place: Any) -> "Symbolic":
        """The first so many rows or columns, or one of them."""
        shape, names = list(self.shape), {}
        for axis, (index, part) in enumerate(zip("ij", place, strict=True)):
            start, stop = part.start or 0, part.stop
            if stop is not None and stop - start == 1:
                names[index] = start
            elif start:
                raise ValueError(f"a part of {self!r} starts at 0 or is one row or column")
            shape[axis] = shape[axis] if stop is None else stop - start
        return Symbolic(tuple(shape), sums.renamed(self.entry, names), self.formula)

    def astype(self, *_: Any, **settings: Any) -> "Symbolic":
        """The same: true and false are 1 and 0 here."""
        return self

    def sum(self, axis: int | None = None, keepdims: bool = False) -> "Symbolic":
        """Σ over the index of an axis."""
        return self._over("sum", sums.over, axis, keepdims)

    def max(self, axis: int | None = None, keepdims: bool = False) -> "Symbolic":
        """The max over the index of an axis."""
        return self._over("max", sums.largest, axis, keepdims)

    def mean(self, axis: int | None = None, keepdims: bool = False) -> Any:
        """The sum over an axis, divided by its size."""
        return self.sum(axis, keepdims) / math.prod(
            self.shape if axis is None else [self.shape[axis]]
        )

    def _over(self, name: str, over: Any, axis: int | None, keepdims: bool) -> "Symbolic":
        axes = range(self.ndim) if axis is None else [axis % self.ndim]
        shape, entry = [1 if one in axes else n for one, n in enumerate(self.shape)], self.entry
        for one in axes:
            entry = over("ij"[-self.ndim :][one], self.shape[one], entry)
        if not keepdims:  # what is left of a matrix lies along the last axis
            shape = [n for one, n in enumerate(self.shape) if one not in axes]
            entry = sums.renamed(entry, {"i": "j"})
        formula = notation.applied(name, self.formula, over=[self.shape[one] for one in axes])
        return Symbolic(tuple(shape), entry, formula)

    def __elementwise__(self, function: Callable[..., Any]) -> Any:
        """g(Z), with g left opaque; what is none of ours is written out, whatever it is called."""
        g = OPAQUE.get(function)
        if g is None:
            return function(self)
        return Symbolic(self.shape, sums.call(g, self.entry), notation.applied(g, self.formula))


class Size(Symbolic):
    """The size of an axis: any number from 1 up. What is calculated with it is symbols again."""

    is_integer = is_positive = True
    is_number = False

    __index__ = refuse


@cache
def size(name: str) -> Size:
    """A symbol that may be any positive whole number; the same one for the same name."""
    return Size((), sums.size(name), notation.name(name))


OPAQUE = {
    inspect.unwrap(function): name + prime
    for name, pair in ACTIVATIONS.items()
    for function, prime in ((pair.g, ""), (pair.g_prime, "'"))
}
# By NumPy's function: how it is written, and what it computes of numbers.
OPERATIONS: dict[Any, tuple[str, Callable[..., Number]]] = {
    np.add: ("+", operator.add),
    np.subtract: ("-", operator.sub),
    np.multiply: ("*", operator.mul),
    np.divide: ("/", operator.truediv),
    np.power: ("**", operator.pow),
    np.greater: (">", lambda a, b: functions.step(a - b)),
    np.less: ("<", lambda a, b: functions.step(b - a)),
    np.maximum: ("max", functions.maximum),
    np.minimum: ("min", functions.minimum),
    np.absolute: ("abs", functions.absolute),
    np.exp: ("exp", functions.exp),
    np.log: ("log", functions.log),
    np.log1p: ("log1p", lambda a: functions.log(1 + a)),
    np.tanh: ("tanh", functions.tanh),
}


def _unknown(what: str) -> TypeError:
    known = ", ".join(sorted(one.__name__ for one in (*OPERATIONS, *FUNCTIONS)))
    return TypeError(f"arrays of symbols, which the proof runs on, know {known}; and not {what}")


def _product(left: Any, right: Any) -> Symbolic:
    """Σ_k left[i, k] right[k, j]."""
    if not all(isinstance(one, Symbolic) and one.ndim == 2 for one in (left, right)):
        raise ValueError(f"a product of matrices needs two matrices; got {left!r}, {right!r}")
    (rows, inner), (same_inner, columns) = left.shape, right.shape
    if inner != same_inner:
        raise ValueError(
            f"{_show(left.shape)} @ {_show(right.shape)}: {inner} and {same_inner} are"
            " different sizes"
        )
    entry = sums.over("k", inner, left.at("i", "k") * right.at("k", "j"))
    return Symbolic((rows, columns), entry, notation.binary("@", left.formula, right.formula))


FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.matmul: _product,
    np.dot: _product,
    np.transpose: lambda x: x.T,
    np.negative: lambda x: -1 * x,
    np.square: lambda x: x * x,
    np.sum: Symbolic.sum,
    np.max: Symbolic.max,
    np.mean: Symbolic.mean,
    np.where: lambda condition, x, y: condition * x + (1 - condition) * y,
    np.zeros_like: lambda x, **_: 0,
    np.ones_like: lambda x, **_: 0 * x + 1,
}


def _entry(value: Any) -> Number:
    return value.entry if isinstance(value, Symbolic) else number(value)


def _written(value: Any) -> Any:
    return value.formula if isinstance(value, Symbolic) else notation.number(value)


def _is_one(n: Any) -> bool:
    return isinstance(n, int) and n == 1


def _broadcast(left: tuple[Any, ...], right: tuple[Any, ...] = ()) -> tuple[Any, ...]:
    longest = max(len(left), len(right))
    padded = [(1,) * (longest - len(shape)) + shape for shape in (left, right)]
    met = []
    for a, b in zip(*padded, strict=True):
        if a != b and not _is_one(a) and not _is_one(b):
            raise ValueError(f"{_show(left)} and {_show(right)}: {a} and {b} are different sizes")
        met.append(b if _is_one(a) else a)
    return tuple(met)


def _show(shape: tuple[Any, ...]) -> str:
    return f"({', '.join(map(str, shape))})"
