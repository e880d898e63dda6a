"""Arrays whose sizes and entries are symbols, kept as formulas for the entry in row i, column j.

A matrix W of n_out rows and n_in columns is the entry W[i, j]; its transpose W[j, i]; and

    (W @ X)[i, j]    is   Σ_k W[i, k] X[k, j]
    sum(Z, axis=0)   is   Σ_k Z[k, j], for every i
    g(Z)[i, j]       is   g(Z[i, j]), whatever g may be

so that (AB)ᵀ = BᵀAᵀ need not be taught: the entry j, i of the one and the entry i, j of the other
are the same sum of the same products. An array made of symbols stands for all arrays of all sizes,
and two results that have the same entry are equal for all of them.

>>> n, k, m = sizes("n k m")
>>> A, B = Symbolic.named("A", (n, k)), Symbolic.named("B", (k, m))
>>> (A @ B).entry
Sigma(A[i, k_1]*B[k_1, j], k_1, k)
>>> same((A @ B).T, B.T @ A.T)
True
>>> A @ A
Traceback (most recent call last):
ValueError: (n, k) @ (n, k): k and n are different sizes
"""

from collections.abc import Callable
from typing import Any

import sympy
from sympy import Add, Expr, Function, Mul, Pow, Symbol

from shapecheck_bp.proof import notation, shifts
from shapecheck_bp.proof.arithmetic import Arithmetic
from shapecheck_bp.proof.cases import activation_name
from shapecheck_bp.proof.notation import Formula
from shapecheck_bp.proof.shifts import Largest

I, J = sympy.symbols("i j", integer=True)  # noqa: E741  # the row and the column of an entry
K = sympy.Symbol("k", integer=True)  # what a sum is over, until it has an index of its own


def sizes(names: str) -> Any:
    """Symbols that may be any positive whole number."""
    return sympy.symbols(names, integer=True, positive=True)


def size(name: str) -> Any:
    """One such symbol."""
    return Symbol(name, integer=True, positive=True)


class Entry(Expr):  # type: ignore[misc]
    """The entry of a matrix in some row and column: SymPy's own, without its search for bounds."""

    is_commutative = True

    def _sympystr(self, printer: Any) -> str:
        matrix, row, column = self.args
        return f"{matrix}[{row}, {column}]"


class Sigma(Expr):  # type: ignore[misc]
    """Σ_k term, k over an axis of that size: SymPy's Sum, but with no search for closed forms."""

    is_commutative = True


class Symbolic(Arithmetic):
    """An array of symbols: its shape, its entry in row i and column j, and how that is written."""

    def __init__(self, shape: tuple[Any, ...], entry: Any, formula: Formula) -> None:
        self.shape = shape
        self.entry = entry
        self.formula = formula

    @classmethod
    def named(cls, symbol: str, shape: tuple[Any, ...], layer: int | None = None) -> "Symbolic":
        """A matrix of symbols, or for shape () a number; an axis of size 1 has index 0."""
        formula = notation.named(symbol, layer, shape)
        if not shape:
            return cls((), Symbol(formula.line), formula)
        row, column = (0 if size == 1 else index for size, index in zip(shape, (I, J), strict=True))
        return cls(shape, Entry(Symbol(formula.line), *map(sympy.sympify, (row, column))), formula)

    def rename(self, symbol: str, layer: int | None) -> None:
        """Be written as a name from here on."""
        self.formula = notation.named(symbol, layer, self.shape)

    def __repr__(self) -> str:
        return f"{self.formula.line} of shape ({', '.join(map(str, self.shape))})"

    @property
    def T(self) -> "Symbolic":
        """The entry in row j and column i."""
        if self.ndim < 2:
            return self
        entry = self.entry.xreplace({I: J, J: I})
        return Symbolic(self.shape[::-1], entry, notation.transposed(self.formula))

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
        term = self.entry.xreplace({J: K}) * other.entry.xreplace({I: K})
        formula = notation.product_of("@", self.formula, other.formula)
        return Symbolic((rows, columns), _sum(term, inner), formula)

    @classmethod
    def combine(cls, operation: str, left: Any, right: Any) -> "Symbolic":
        """Combine entry by entry; an axis of size 1 meets any size, as in NumPy."""
        if operation not in OPERATIONS:
            raise TypeError(f"symbols have no order: {operation} cannot be decided")
        shapes = [getattr(one, "shape", ()) for one in (left, right)]
        entries = [one.entry if isinstance(one, Symbolic) else one for one in (left, right)]
        entry = OPERATIONS[operation](*map(sympy.sympify, entries))
        return Symbolic(_broadcast(*shapes), entry, _written(operation, left, right))

    def apply(self, function: str) -> "Symbolic":
        """Apply a function to the entry."""
        entry = FUNCTIONS[function](self.entry)
        return Symbolic(self.shape, entry, notation.applied(function, self.formula))

    def __elementwise__(self, function: Callable[..., Any]) -> "Symbolic":
        """g(Z), with g left opaque."""
        name = activation_name(function)
        return Symbolic(
            self.shape, Function(name)(self.entry), notation.applied(name, self.formula)
        )

    def reduce(self, function: str, axis: int | None, keepdims: bool) -> "Symbolic":
        """Σ or max over the index of an axis."""
        if axis is None:
            formula = notation.over_axis(function, self.formula, self.shape)
            return Symbolic((), self._over_all(function), formula)
        axis = axis % self.ndim
        entry = self._over(function, self.entry, axis)
        formula = notation.over_axis(function, self.formula, self.shape[axis : axis + 1])
        kept = tuple(1 if i == axis else size for i, size in enumerate(self.shape))
        if keepdims:
            return Symbolic(kept, entry, formula)
        # What is left of a matrix lies along the last axis.
        entry = entry.xreplace({I: J}) if axis == 1 else entry
        return Symbolic(self.shape[:axis] + self.shape[axis + 1 :], entry, formula)

    def _over(self, function: str, entry: Any, axis: int) -> Any:
        index, size = (I, J)[-self.ndim :][axis], self.shape[axis]
        term = entry.xreplace({index: K})
        if function == "sum":
            return _sum(term, size)
        k = _index_around(term)
        return Largest(term.xreplace({K: k}), k, size) if term.has(K) else term

    def _over_all(self, function: str) -> Any:
        """Σ over both indices, in an order that does not depend on which of them is the row."""
        axes = sorted(range(self.ndim), key=lambda axis: str(self.shape[axis]), reverse=True)
        entry = self.entry
        for axis in axes:
            entry = self._over(function, entry, axis)
        return entry


LARGEST_SPREAD = 2000  # operations


def same(a: Symbolic, b: Symbolic) -> bool:
    """Whether two arrays have the same shape, and the same entry whatever the symbols stand for."""
    if a.shape != b.shape:
        return False
    if a.entry == b.entry:
        return True
    if max(sympy.count_ops(one.entry) for one in (a, b)) > LARGEST_SPREAD:
        return bool(sympy.expand(a.entry - b.entry) == 0)
    return bool(sympy.expand(_spread(a.entry) - _spread(b.entry)) == 0)


def _spread(entry: Any) -> Any:
    """Σ (a + b) c as Σ a c + Σ b c, inside out."""
    if not entry.args:
        return entry
    if not isinstance(entry, Sigma):
        return entry.func(*map(_spread, entry.args))
    term, k, size = entry.args
    terms = Add.make_args(sympy.expand(_spread(term).xreplace({k: K})))
    return Add(*(_sum(one, size) for one in terms))


def _index_around(term: Any) -> Symbol:
    """An index for a sum of this term: k_1 if it has no sum inside, k_2 around one with k_1, …

    So it depends on the term alone, and neither on the order of its factors nor on i and j.
    """
    bound = (inner.args[1] for inner in term.atoms(Sigma, Largest))
    depths = (int(k.name.removeprefix("k_")) for k in bound)
    return Symbol(f"k_{max(depths, default=0) + 1}", integer=True)


def _sum(term: Any, size: Any) -> Any:
    """Σ_K term, with the factors that do not depend on K in front."""
    if size == 1:
        return term.xreplace({K: sympy.Integer(0)})
    factors = Mul.make_args(term)
    inside = Mul(*(factor for factor in factors if factor.has(K)))
    outside = Mul(*(factor for factor in factors if not factor.has(K)))
    if inside == 1:
        return outside * size
    k = _index_around(inside)
    return outside * Sigma(inside.xreplace({K: k}), k, size)


OPERATIONS: dict[str, Any] = {
    "+": lambda a, b: Add(a, b),
    "-": lambda a, b: Add(a, Mul(-1, b)),
    "*": lambda a, b: Mul(a, b),
    "/": lambda a, b: Mul(a, Pow(b, -1)),
    "**": Pow,
    "max": shifts.larger,
    "min": shifts.smaller,
}
FUNCTIONS: dict[str, Callable[[Any], Expr]] = {
    "exp": shifts.exp,
    "log": shifts.log,
    "log1p": lambda entry: sympy.log(1 + entry),
    "abs": sympy.Abs,
    "tanh": sympy.tanh,
}


def _written(operation: str, left: Any, right: Any) -> Formula:
    a, b = (
        one.formula if isinstance(one, Symbolic) else notation.number(one) for one in (left, right)
    )
    if operation in "+-":
        return notation.sum_of(operation, a, b)
    if operation == "*" and left == -1:
        return notation.negative(b)
    if operation == "*":
        return notation.product_of("*", a, b)
    if operation == "/":
        return notation.quotient_of(a, b)
    if operation == "**":
        return notation.power_of(a, right)
    return notation.applied(operation, a, b)


def _broadcast(left: tuple[Any, ...], right: tuple[Any, ...]) -> tuple[Any, ...]:
    longest = max(len(left), len(right))
    padded = [(1,) * (longest - len(shape)) + shape for shape in (left, right)]
    met = []
    for a, b in zip(*padded, strict=True):
        if a != b and 1 not in (a, b):
            raise ValueError(f"{_show(left)} and {_show(right)}: {a} and {b} are different sizes")
        met.append(b if a == 1 else a)
    return tuple(met)


def _show(shape: tuple[Any, ...]) -> str:
    return f"({', '.join(map(str, shape))})"
