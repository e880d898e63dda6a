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

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from shapecheck_bp.activations import ACTIVATIONS
from shapecheck_bp.losses import PAIRS
from shapecheck_bp.proof import functions, indices, notation, sums
from shapecheck_bp.proof.arithmetic import Arithmetic
from shapecheck_bp.proof.notation import Formula
from shapecheck_bp.proof.sums import Number
from shapecheck_bp.proof.undecided import Size, asked, sizes

__all__ = ["Spelled", "Symbolic", "same", "sizes"]

Self = TypeVar("Self", bound="Spelled")


class Spelled(Arithmetic):
    """An array of symbols: its shape, its entry in row i and column j, and how that is written."""

    def __init__(self, shape: tuple[Any, ...], entry: Number, formula: Formula) -> None:
        self.shape = shape
        self.entry = entry
        self.formula = formula

    @classmethod
    def named(
        cls: type[Self],
        symbol: str,
        shape: tuple[Any, ...],
        layer: int | None = None,
        kind: str = "entry",
    ) -> Self:
        """A matrix of symbols, or for shape () a number; an axis of size 1 has index 0."""
        formula = notation.named(symbol, layer, shape)
        sizes = (1, 1, *shape)[-2:]
        row, column = (0 if _is_one(n) else k for n, k in zip(sizes, "ij", strict=True))
        return cls(shape, sums.entry(formula.line, row, column, kind), formula)

    def __eq__(self, other: object) -> bool:
        if other is not self and asked():
            raise TypeError(f"{asked()} compares {self!r}: then nothing is shown for all of them")
        return other is self

    def __bool__(self) -> bool:
        raise TypeError(f"{asked()}: {self!r} is neither true nor false")

    __hash__ = object.__hash__

    def rename(self, symbol: str, layer: int | None) -> None:
        """Be written as a name from here on."""
        self.formula = notation.named(symbol, layer, self.shape)

    def __repr__(self) -> str:
        return f"{self.formula.line} of shape {_show(self.shape)}"

    def at(self, row: Any, column: Any) -> Number:
        """The entry in another row and column."""
        return self.entry.renamed({"i": row, "j": column})

    @property
    def T(self: Self) -> Self:
        """The entry in row j and column i."""
        if self.ndim < 2:
            return self
        return type(self)(self.shape[::-1], self.at("j", "i"), notation.transposed(self.formula))

    def __matmul__(self: Self, other: Any) -> Self:
        """Σ_k self[i, k] other[k, j]."""
        if not isinstance(other, Spelled) or self.ndim != 2 or other.ndim != 2:
            raise ValueError(f"a product of matrices needs two matrices; got {self!r}, {other!r}")
        (rows, inner), (same_inner, columns) = self.shape, other.shape
        if inner != same_inner:
            raise ValueError(
                f"{_show(self.shape)} @ {_show(other.shape)}: {inner} and {same_inner} are"
                " different sizes"
            )
        entry = total("k", inner, self.at("i", "k") * other.at("k", "j"))
        formula = notation.product_of("@", self.formula, other.formula)
        return type(self)((rows, columns), entry, formula)

    def __getitem__(self: Self, place: Any) -> Self:
        """The first so many rows or columns, or one of them."""
        shape, names = list(self.shape), {}
        for axis, (index, part) in enumerate(zip("ij", place, strict=True)):
            start, stop = part.start or 0, part.stop
            if stop is not None and stop - start == 1:
                names[index] = start
            elif start:
                raise ValueError(f"a part of {self!r} starts at 0 or is one row or column")
            shape[axis] = shape[axis] if stop is None else stop - start
        return type(self)(tuple(shape), self.entry.renamed(names), self.formula)

    @classmethod
    def combine(cls: type[Self], operation: str, left: Any, right: Any) -> Self:
        """Combine entry by entry; an axis of size 1 meets any size, as in NumPy."""
        shapes = [getattr(one, "shape", ()) for one in (left, right)]
        entry = OPERATIONS[operation](*map(_entry, (left, right)))
        return cls(_broadcast(*shapes), entry, _written(operation, left, right))

    def apply(self: Self, function: str) -> Self:
        """Apply a function to the entry."""
        entry = FUNCTIONS[function](self.entry)
        return type(self)(self.shape, entry, notation.applied(function, self.formula))

    def reduce(self: Self, function: str, axis: int | None, keepdims: bool) -> Self:
        """Σ or max over the index of an axis."""
        axes = range(self.ndim) if axis is None else [axis % self.ndim]
        kept, entry = list(self.shape), self.entry
        over = total if function == "sum" else lambda k, n, x: indices.largest([(k, _name(n))], x)
        for one in axes:
            entry = over("ij"[-self.ndim :][one], self.shape[one], entry)
            kept[one] = 1
        formula = notation.over_axis(function, self.formula, [self.shape[one] for one in axes])
        if not keepdims:
            kept = [n for one, n in enumerate(self.shape) if one not in axes]
            # What is left of a matrix lies along the last axis.
            entry = entry.renamed({"i": "j"})
        return type(self)(tuple(kept), entry, formula)


class Symbolic(Spelled):
    """An array of symbols to which an activation is g and nothing more.

    Only the outputs that have a loss of their own are written out, as the loss is.
    """

    def __elementwise__(self, function: Callable[..., Any]) -> "Symbolic":
        """g(Z), with g left opaque."""
        g = activation_name(function)
        known = g.rstrip("'") in PAIRS
        entry = computed(function, self) if known else sums.call(g, self.entry)
        return Symbolic(self.shape, entry, notation.applied(g, self.formula))


def total(k: str, n: Any, x: Number) -> Number:
    """Σ_k x, k over an axis of size n."""
    return indices.over(k, _name(n), x)


def same(a: Spelled, b: Spelled) -> bool:
    """Whether two arrays have the same shape, and the same entry whatever the symbols stand for."""
    return a.shape == b.shape and a.entry is b.entry


@cache
def formula_of(g: str) -> Number:
    """What an activation, or its derivative, computes from z."""
    pair = ACTIVATIONS[g.rstrip("'")]
    return computed(pair.g_prime if g.endswith("'") else pair.g)


def computed(function: Callable[..., Any], Z: Spelled | None = None) -> Number:
    """What an elementwise function computes from Z, or from z, when it is written out."""
    Z = Spelled.named("z", (1, 1)) if Z is None else Spelled(Z.shape, Z.entry, Z.formula)
    return function(Z).entry  # type: ignore[no-any-return]


@cache
def activation_name(function: Callable[..., Any]) -> str:
    """The activation g, or g', that a function computes; no function is trusted by its name."""
    for name, pair in ACTIVATIONS.items():
        for mark, known in (("", pair.g), ("'", pair.g_prime)):
            if getattr(known, "__wrapped__", None) is function:
                return name + mark
    try:
        found = computed(function)
        return next(g for a in ACTIVATIONS for g in (a, f"{a}'") if formula_of(g) is found)
    except Exception:  # whatever a function of somebody's own may raise
        return f"{function.__name__}_of_{function.__module__}"


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


def _size_operator(operation: str, swapped: bool) -> Callable[[Any, Any], Any]:
    def combine(size: Size, other: Any) -> Any:
        cls = type(other) if isinstance(other, Spelled) else Symbolic
        return cls.combine(operation, *((other, size) if swapped else (size, other)))

    return combine


for _operation, _method in {"+": "add", "-": "sub", "*": "mul", "/": "truediv"}.items():
    setattr(Size, f"__{_method}__", _size_operator(_operation, swapped=False))
    setattr(Size, f"__r{_method}__", _size_operator(_operation, swapped=True))


def _entry(value: Any) -> Number:
    if isinstance(value, Size):
        return sums.size(value.name)
    return value.entry if isinstance(value, Spelled) else sums.number(value)


def _name(n: Any) -> str | int:
    return n.name if isinstance(n, Size) else int(n)


def _is_one(n: Any) -> bool:
    return isinstance(n, int) and n == 1


def _written(operation: str, left: Any, right: Any) -> Formula:
    a, b = (
        one.formula if isinstance(one, Spelled) else notation.number(one) for one in (left, right)
    )
    if operation == "*" and isinstance(left, int) and left == -1:
        return notation.negative(b)
    if operation == "**":
        return notation.power_of(a, right)
    write = notation.BINARY.get(operation, notation.applied)
    return write(operation, a, b)


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
