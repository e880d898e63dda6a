"""Arrays whose sizes and entries are symbols, kept as the number in row i and column j.

A matrix W of n_out rows and n_in columns is the entry W[i, j]; its transpose W[j, i]; and

    (W @ X)[i, j]    is   Σ_k W[i, k] X[k, j]
    sum(Z, axis=0)   is   Σ_k Z[k, j], for every i
    g(Z)[i, j]       is   g(Z[i, j]), whatever g may be

so that (AB)ᵀ = BᵀAᵀ need not be taught: the entry j, i of the one and the entry i, j of the other
are the same sum of the same products. An array made of symbols stands for all arrays of all sizes,
and two results that have the same entry are equal for all of them. Code that asks for a size, or
for the depth of a network, and goes one way or another, is refused where it does.

>>> n, k, m = sizes("n k m")
>>> A, B = Symbolic.named("A", (n, k)), Symbolic.named("B", (k, m))
>>> (A @ B).entry
Σ_{k_1:k} A[i, k_1] B[k_1, j]
>>> same((A @ B).T, B.T @ A.T)
True
>>> A @ A
Traceback (most recent call last):
ValueError: (n, k) @ (n, k): k and n are different sizes
"""

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

from shapecheck_bp.activations import ACTIVATIONS
from shapecheck_bp.losses import PAIRS
from shapecheck_bp.proof import functions, sums
from shapecheck_bp.proof.arithmetic import Arithmetic
from shapecheck_bp.proof.factors import Factor
from shapecheck_bp.proof.sums import Number
from shapecheck_bp.proof.undecided import asked, refuse
from shapecheck_bp.tracing import notation

z = sums.entry("z", 0, 0)


class Symbolic(Arithmetic):
    """An array of symbols: its shape, its entry in row i and column j, and how that is written."""

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

    __hash__ = object.__hash__
    __bool__ = refuse

    def __repr__(self) -> str:
        return f"{notation.Formula(self.formula).line} of shape {_show(self.shape)}"

    def at(self, row: Any, column: Any) -> Number:
        """The entry in another row and column."""
        return self.entry.renamed({"i": row, "j": column})

    @property
    def T(self) -> "Symbolic":
        """The entry in row j and column i."""
        if self.ndim < 2:
            return self
        return Symbolic(self.shape[::-1], self.at("j", "i"), notation.transposed(self.formula))

    def __matmul__(self, other: Any) -> "Symbolic":
        """Σ_k self[i, k] other[k, j]."""
        if not isinstance(other, Symbolic) or self.ndim != 2 or other.ndim != 2:
            raise ValueError(f"a product of matrices needs two matrices; got {self!r}, {other!r}")
        (rows, inner), (same_inner, columns) = self.shape, other.shape
        if inner != same_inner:
            raise ValueError(
                f"{_show(self.shape)} @ {_show(other.shape)}: {inner} and {same_inner} are"
                " different sizes"
            )
        entry = sums.over("k", inner, self.at("i", "k") * other.at("k", "j"))
        formula = notation.binary("@", self.formula, other.formula)
        return Symbolic((rows, columns), entry, formula)

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
        return Symbolic(tuple(shape), self.entry.renamed(names), self.formula)

    @staticmethod
    def combine(operation: str, left: Any, right: Any) -> "Symbolic":
        """Combine entry by entry; an axis of size 1 meets any size, as in NumPy."""
        shapes = [getattr(one, "shape", ()) for one in (left, right)]
        entry = OPERATIONS[operation](*map(_entry, (left, right)))
        formula = notation.binary(operation, _written(left), _written(right))
        return Symbolic(_broadcast(*shapes), entry, formula)

    def apply(self, function: str) -> "Symbolic":
        """Apply a function to the entry."""
        entry = FUNCTIONS[function](self.entry)
        return Symbolic(self.shape, entry, notation.applied(function, self.formula))

    def reduce(self, function: str, axis: int | None, keepdims: bool) -> "Symbolic":
        """Σ or max over the index of an axis."""
        axes = range(self.ndim) if axis is None else [axis % self.ndim]
        kept, entry = list(self.shape), self.entry
        over = sums.over if function == "sum" else sums.largest
        for one in axes:
            entry = over("ij"[-self.ndim :][one], self.shape[one], entry)
            kept[one] = 1
        formula = notation.applied(function, self.formula, over=[self.shape[one] for one in axes])
        if not keepdims:
            kept = [n for one, n in enumerate(self.shape) if one not in axes]
            # What is left of a matrix lies along the last axis.
            entry = entry.renamed({"i": "j"})
        return Symbolic(tuple(kept), entry, formula)

    def __elementwise__(self, function: Callable[..., Any]) -> Any:
        """g(Z), with g left opaque.

        Written out are an output that has a loss of its own, and what is no activation of ours: no
        function is trusted by its name.
        """
        g = OPAQUE.get(function)
        if g is None:
            return function(self)
        entry = sums.call(g, self.entry)
        entry = written_out(entry) if g.rstrip("'") in PAIRS else entry
        return Symbolic(self.shape, entry, notation.applied(g, self.formula))


class Size(Symbolic):
    """The size of an axis: any number from 1 up. What is calculated with it is symbols again."""

    is_integer = is_positive = True
    is_number = False

    def __repr__(self) -> str:
        return str(self.formula.id)

    __index__ = refuse


@cache
def size(name: str) -> Size:
    """A symbol that may be any positive whole number; the same one for the same name."""
    return Size((), sums.size(name), notation.name(name))


def sizes(names: str) -> list[Size]:
    """Several of them."""
    return [size(name) for name in names.split()]


def same(a: Symbolic, b: Symbolic) -> bool:
    """Whether two arrays have the same shape, and the same entry whatever the symbols stand for."""
    if a.shape != b.shape or a.entry is b.entry:
        return a.shape == b.shape
    try:
        return written_out(a.entry) is written_out(b.entry)
    except (ValueError, ArithmeticError):  # formulas of kinds that are not decided
        return False


@cache
def written_out(x: Number) -> Number:
    """A number in which every activation, and every g', is what it computes."""

    def change(factor: Factor) -> Number:
        g = factor.parts[0] if factor.kind == "call" else ""
        pair = ACTIVATIONS.get(g.rstrip("'"))
        if pair is None:
            return sums.remade(factor, written_out)
        return computed(pair.g_prime if g.endswith("'") else pair.g, factor.parts[1])

    return x.mapped(change)


def computed(function: Callable[..., Any], x: Number = z) -> Number:
    """What an elementwise function computes of a number."""
    return written_out(inspect.unwrap(function)(Symbolic((1, 1), x)).entry)


OPAQUE = {
    inspect.unwrap(function): name + prime
    for name, pair in ACTIVATIONS.items()
    for function, prime in ((pair.g, ""), (pair.g_prime, "'"))
}
OPERATIONS: dict[str, Callable[[Number, Number], Number]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": lambda a, b: a**b,
    "max": functions.maximum,
    "min": functions.minimum,
    ">": lambda a, b: functions.step(a - b),
    "<": lambda a, b: functions.step(b - a),
}
FUNCTIONS: dict[str, Callable[[Number], Number]] = {
    "exp": functions.exp,
    "log": functions.log,
    "log1p": lambda x: functions.log(1 + x),
    "abs": functions.absolute,
    "tanh": functions.tanh,
}


def _entry(value: Any) -> Number:
    return value.entry if isinstance(value, Symbolic) else sums.number(value)


def _written(value: Any) -> Any:
    return value.formula if isinstance(value, Symbolic) else notation.number(value)


def _is_one(n: Any) -> bool:
    return isinstance(n, int) and n == 1


def _broadcast(left: tuple[Any, ...], right: tuple[Any, ...]) -> tuple[Any, ...]:
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
