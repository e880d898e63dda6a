"""Numbers written with index sums, in one form for all ways to write the same.

A number is made of terms, each a coefficient and a product:

    3 b[i, 0] Σ_{k:n, l:m} W[i, k]^2 g(Z[k, l])

What is multiplied are entries such as W[i, k], sizes, δ, g of a number, exp, log, 1 over a number,
and sums over indices (``factors``). A sum is over a product that no index of it can be taken out
of. What is equal for one of these reasons has one form, and is told by ``==``:

    a (b + c) = a b + a c, and what multiplies and divides cancels
    Σ_k (f(k) + g(k)) = Σ_k f(k) + Σ_k g(k),   c Σ_k f(k) = Σ_k c f(k),   Σ_k c = n c
    Σ_k f(k) Σ_l g(l) = Σ_l Σ_k f(k) g(l), under whatever names for k and l
    Σ_k δ(k, b) f(k) = f(b)
    Σ_k Y[k, j] = 1, where that is said of Y ("share")

and for those of fractions in ``division`` and of exp, log and |x| in ``functions``.

>>> A, B = (lambda i, j, name=name: entry(name, i, j) for name in "AB")
>>> (A("i", "k") + B(0, 0)) ** 2 - B(0, 0) * (2 * A("i", "k") + B(0, 0))
A[i, k]^2
>>> over("k", "n", over("l", "m", A("i", "k") * (B("k", "l") + 1)))
m Σ_{k_1:n} A[i, k_1] + Σ_{k_1:m,k_2:n} A[i, k_2] B[k_2, k_1]
"""

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from fractions import Fraction
from functools import cached_property
from itertools import chain, count, permutations, product
from typing import Any, ClassVar
from weakref import WeakValueDictionary

from shapecheck_bp.proof.factors import (
    ENTRIES,
    ZERO_OR_ONE,
    Bound,
    Factor,
    Index,
    Product,
    joined,
    remembered,
    written,
)

ONE: Product = frozenset()
MOST_ALIKE = 5  # indices over one size, which are tried under all names


class Number:
    """A sum of terms, each with a coefficient; equal numbers are the same object."""

    known: ClassVar[WeakValueDictionary[Any, "Number"]] = WeakValueDictionary()
    terms: dict[Product, Any]

    def __new__(cls, terms: Mapping[Product, Any]) -> "Number":
        """The number of these terms."""
        left = {term: c for term, c in terms.items() if c}
        key = frozenset(left.items())
        self = cls.known.get(key)
        if self is None:
            self = cls.known[key] = super().__new__(cls)
            self.terms = left
        return self

    @cached_property
    def factors(self) -> set[Factor]:
        """All that its terms are made of."""
        return {factor for product in self.terms for factor, _ in product}

    @cached_property
    def free(self) -> frozenset[str]:
        """The indices that are not summed over."""
        return frozenset().union(*(factor.free for factor in self.factors))

    @cached_property
    def text(self) -> str:
        """How it is written."""
        return " + ".join(sorted(written(*term) for term in self.terms.items())) or "0"

    def __add__(self, other: Any) -> "Number":
        return weighted([(self, 1), (number(other), 1)])

    def __mul__(self, other: Any) -> "Number":
        return _times(self, number(other))

    def __pow__(self, power: Any) -> "Number":
        power = power.value if isinstance(power, Number) else power
        if power is None or int(power) != power:
            raise ValueError(f"a power of {power}: only whole powers are decided")
        one = self
        if power < 0:
            from shapecheck_bp.proof.functions import inverse

            one = inverse(self)
        powered: Number = math.prod([one] * abs(int(power)), start=number(1))
        return powered

    def __neg__(self) -> "Number":
        return self * -1

    def __sub__(self, other: Any) -> "Number":
        return self + -number(other)

    def __rsub__(self, other: Any) -> "Number":
        return number(other) - self

    def __truediv__(self, other: Any) -> "Number":
        return self * number(other) ** -1

    def __rtruediv__(self, other: Any) -> "Number":
        return number(other) * self**-1

    __radd__ = __add__
    __rmul__ = __mul__

    def __repr__(self) -> str:
        return self.text

    @cached_property
    def value(self) -> Any:
        """The number itself where it is known."""
        return self.terms.get(ONE, 0) if self.terms.keys() <= {ONE} else None

    @property
    def leading(self) -> Any:
        """The coefficient of its first term."""
        return min((written(product, 1), c) for product, c in self.terms.items())[1]

    def shared(
        self, which: Callable[[Factor], bool] = lambda factor: factor.kind not in ZERO_OR_ONE
    ) -> tuple[Product, "Number"]:
        """What all terms have in common, and the rest."""
        powers = [dict(product) for product in self.terms]
        least = {f: min(one.get(f, 0) for one in powers) for f in self.factors if which(f)}
        shared = frozenset(pair for pair in least.items() if pair[1])
        below = [(factor, -n) for factor, n in shared]
        return shared, weighted(
            (of_product(joined(product, below)), c) for product, c in self.terms.items()
        )

    def renamed(self, names: Mapping[str, Index]) -> "Number":
        """The same with other indices, all at once; only free ones are meant."""
        meant = frozenset((k, new) for k, new in names.items() if k in self.free and k != new)
        return _with_names(self, meant) if meant else self

    def mapped(self, change: Callable[[Factor], "Number"]) -> "Number":
        """The same, with what ``change`` makes of each factor in its place."""
        changed = {factor: change(factor) for factor in self.factors}
        return weighted(
            (_powers((changed[factor], n) for factor, n in product), c)
            for product, c in self.terms.items()
        )


def number(value: Any) -> Number:
    """A number of Python's; 0.01 is meant as it is written."""
    if isinstance(value, Number):
        return value
    exactly = value if isinstance(value, int | Fraction) else Fraction(repr(float(value)))
    return Number({ONE: exactly})


def weighted(numbers: Iterable[tuple[Number, Any]]) -> Number:
    """A sum of numbers, each times a known one."""
    found: dict[Product, Any] = {}
    for one, c in numbers:
        for term, d in one.terms.items():
            found[term] = found.get(term, 0) + c * d
    return Number(found)


@remembered
def alone(factor: Factor) -> Number:
    """A factor, as a number."""
    return Number({frozenset({(factor, 1)}): 1})


@remembered
def of_product(one: Product) -> Number:
    """A product of factors, in the one form that it has."""
    for factor, power in one:
        if factor.kind == "several":
            from shapecheck_bp.proof.functions import divided

            above = one - {(factor, power)}
            several = factor.parts[0] ** power if power > 0 else None
            found = of_product(above) * several if several else divided(one, factor)
            if found is not None:
                return found
    return Number({one: 1})


def entry(matrix: str, row: Index, column: Index, kind: str = "entry") -> Number:
    """W[i, k]; a share is an entry of a matrix of which each column adds up to one."""
    return alone(Factor(kind, matrix, row, column))


def size(n: Any) -> Number:
    """The size of an axis: a number, or a name for any."""
    return number(n) if isinstance(n, int) else alone(Factor("size", str(n)))


def call(function: str, x: Number) -> Number:
    """g(x), of which nothing is known but that its derivative is g'."""
    return alone(Factor("call", function, x))


def delta(i: Index, k: Index) -> Number:
    """1 where both indices are the same, else 0."""
    if i == k or (isinstance(i, int) and isinstance(k, int)):
        return number(int(i == k))
    return alone(Factor("delta", *sorted((i, k), key=str)))


def over(k: str, n: Any, x: Number) -> Number:
    """Σ_k x, k over an axis of that size; one of which the size is known is written out."""
    if isinstance(n, int):
        return weighted((x.renamed({k: place}), 1) for place in range(n))
    return total(((k, str(n)),), x)


def largest(k: str, n: Any, x: Number) -> Number:
    """max_k x, of which nothing is used but that it comes of all x alike: max(Σ_k each(x))."""
    return call("max", over(k, n, call("each", x))) if k in x.free else x


# How a factor is made again of other parts, by its kind; ``functions`` adds its own.
MAKERS: dict[str, Callable[..., Number]] = {
    "several": lambda x: x,
    "call": call,
    "sum": lambda bound, x: total(bound, x),
}


def _renamed(factor: Factor, names: Mapping[str, Index]) -> Number:
    """A factor with other indices."""
    kind, parts = factor.kind, factor.parts
    if factor.free.isdisjoint(names):
        return alone(factor)
    if kind in ENTRIES:
        row, column = (names.get(k, k) for k in parts[1:])
        return entry(parts[0], row, column, kind)
    if kind == "delta":
        return delta(*(names.get(k, k) for k in parts))
    if kind == "sum":
        bound, inner = opened(factor, {*names, *names.values()})
        return total(bound, inner.renamed(names))
    return remade(factor, lambda inner: inner.renamed(names))


def opened(factor: Factor, taken: Collection[Index]) -> tuple[Bound, Number]:
    """What a sum is over, and of what, under names for its indices that are not taken."""
    bound, inner = factor.parts
    names = {k: f"{k}'" for k, _ in bound if k in taken}
    while not {*taken, *inner.free}.isdisjoint(names.values()):
        names = {k: f"{new}'" for k, new in names.items()}
    return tuple((names.get(k, k), n) for k, n in bound), inner.renamed(names)


def remade(factor: Factor, change: Callable[[Number], Number]) -> Number:
    """A factor of another number than is inside it."""
    *others, inner = factor.parts
    if not isinstance(inner, Number):
        return alone(factor)
    return MAKERS[factor.kind](*others, change(inner))


@remembered
def _with_names(x: Number, names: frozenset[tuple[str, Index]]) -> Number:
    """A number with other indices."""
    new = dict(names)
    return x.mapped(lambda factor: _renamed(factor, new))


@remembered
def _times(a: Number, b: Number) -> Number:
    """A product of two."""
    if 1 in (a.value, b.value):
        return a if b.value == 1 else b
    return weighted(
        (of_product(joined(left, right)), c * d)
        for left, c in a.terms.items()
        for right, d in b.terms.items()
    )


def _powers(numbers: Iterable[tuple[Number, int]]) -> Number:
    """A product of powers of numbers, those that are a product of factors at once."""
    factors, others = [], []
    for x, power in numbers:
        product, c = next(iter(x.terms.items())) if len(x.terms) == 1 else (ONE, 0)
        if c == 1:
            factors.append([(factor, n * power) for factor, n in product])
        else:
            others.append(x**power)
    made: Number = math.prod(others, start=of_product(joined(*factors)))
    return made


def total(bound: Bound, x: Number) -> Number:
    """Σ x over all these indices at once."""
    return weighted((_summed(bound, product), c) for product, c in x.terms.items())


@remembered
def _summed(bound: Bound, one: Product) -> Number:
    """Σ of a product, in the one form that it has."""
    summed = dict(bound)
    if not bound:
        return of_product(one)
    for factor, power in one:
        if factor.free.isdisjoint(summed):
            continue
        if factor.kind == "delta":
            here = min(factor.free & summed.keys())
            (other,) = (place for place in factor.parts if place != here)
            others = tuple((k, n) for k, n in bound if k != here)
            return total(others, of_product(one - {(factor, 1)}).renamed({here: other}))
        if factor.kind == "sum" and power > 0:
            more, inner = opened(factor, {*summed, *(k for f, _ in one for k in f.free)})
            return total(bound + more, of_product(joined(one, [(factor, -1)])) * inner)
    for k, n in bound:
        mine = frozenset(pair for pair in one if k in pair[0].free)
        others = tuple(pair for pair in bound if pair[0] != k)
        if not mine:
            return _summed(others, one) * size(n)
        if [(f.kind, f.parts[1:2], power) for f, power in mine] == [("share", (k,), 1)]:
            return _summed(others, one - mine)  # Σ_k Y[k, j] = 1
    inside, mine = _together(summed, one)
    if one - mine:
        first, others = (
            tuple(pair for pair in bound if (pair[0] in inside) == is_in) for is_in in (True, False)
        )
        return _summed(first, mine) * _summed(others, one - mine)
    return _named(bound, one)


def _together(summed: Mapping[str, str], one: Product) -> tuple[set[str], Product]:
    """The first index that is summed over, others that meet it in a factor, and these factors."""
    inside, met = {min(summed)}, set[str]()
    while inside != met:
        met = inside
        mine = frozenset(pair for pair in one if not pair[0].free.isdisjoint(met))
        inside = {k for factor, _ in mine for k in factor.free if k in summed}
    return inside, mine


def _named(bound: Bound, one: Product) -> Number:
    """Names k_1, k_2, … for what is summed over, that depend on what they do alone.

    Those over one size are tried in every order, of which the same one comes first each time.
    """
    sizes = sorted(n for _, n in bound)
    others = {k for factor, _ in one for k in factor.free} - dict(bound).keys()
    numbered = (f"k_{place}" for place in count(1))
    named = tuple(zip((k for k in numbered if k not in others), sizes, strict=False))
    alike = [[k for k, n in bound if n == size] for size in sorted({*sizes})]
    if max(map(len, alike)) > MOST_ALIKE:
        raise ValueError("a sum over more indices alike than are told apart here")
    tried = [
        Number({one: 1}).renamed(dict(zip(chain(*orders), dict(named), strict=True)))
        for orders in product(*map(permutations, alike))
    ]
    first = min(tried, key=str) if len(tried) > 1 else tried[0]
    if len(first.terms) != 1:
        raise ValueError(f"the sum of {first} has no one form here")
    ((inner, c),) = first.terms.items()
    return weighted([(alone(Factor("sum", named, Number({inner: 1}))), c)])
