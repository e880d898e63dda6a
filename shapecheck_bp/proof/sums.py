"""Numbers written with index sums, and one form for all ways to write the same.

A number is a sum of products. Its factors are entries such as W[i, k], sizes, g of a number, exp,
log, and sums over an index. What is equal for one of these reasons has one form, and is told by
``==``:

    a (b + c) = a b + a c, and what multiplies and divides cancels
    Σ_k (f(k) + g(k)) = Σ_k f(k) + Σ_k g(k),   Σ_k c f(k) = c Σ_k f(k),   Σ_k c = n c
    Σ_k Σ_l f(k, l) = Σ_l Σ_k f(k, l), under whatever names for k and l
    Σ_k δ(k, b) f(k) = f(b)
    exp(x + y) = exp(x) exp(y),   log(exp(x) s) = x + log(s)
    |x|, max(x, y), min(x, y) by the step that is 1 where x > 0 and else 0, and case by case inside
    u / (1 + u) = 1 - 1 / (1 + u), which decides fractions of exponentials

The derivative by W[a, b] is that of every factor in turn; of an entry it is δ, of a sum the sum.
What products are made of is in ``factors``, sums over an index in ``indices``, exp and its like in
``functions``.

>>> W, z = entry("W", "i", "k"), entry("z", 0, 0)
>>> (W + z) ** 2 - z * (2 * W + z)
W[i, k]^2
>>> (W**3).derivative("W", "i", "b")
3 W[i, k]^2 delta(b, k)
"""

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from functools import cache, cached_property, reduce
from itertools import product
from operator import mul
from typing import Any, ClassVar

from shapecheck_bp.proof.factors import (
    BINDING,
    ENTRIES,
    NEVER_ZERO,
    Factor,
    Index,
    Product,
    place_of,
    written,
)


class Number:
    """A sum of products, each with a coefficient; the same number is always the same object."""

    known: ClassVar[dict[Any, "Number"]] = {}
    looks: ClassVar[dict[Any, int]] = {}
    terms: dict[Product, Any]
    place: int
    made: dict[Any, "Number"]
    """What has been made of it by renaming and differentiating."""

    def __new__(cls, terms: Mapping[Product, Any]) -> "Number":
        """The number of these terms."""
        left = {one: c for one, c in terms.items() if c}
        key = frozenset(left.items())
        if key not in cls.known:
            self = cls.known[key] = super().__new__(cls)
            self.terms, self.place, self.made = left, len(cls.known), {}
        return cls.known[key]

    @cached_property
    def factors(self) -> set[Factor]:
        """All that its products are made of."""
        return {factor for one in self.terms for factor, _ in one}

    @cached_property
    def free(self) -> frozenset[str]:
        """The indices that stand for rows and columns from outside."""
        return frozenset().union(*(factor.free for factor in self.factors))

    @cached_property
    def matrices(self) -> frozenset[str]:
        """The matrices that it has entries of."""
        return frozenset().union(*(factor.matrices for factor in self.factors))

    @cached_property
    def depth(self) -> int:
        """The number of the highest index k_1, k_2, … that is summed over inside."""
        return max((factor.depth for factor in self.factors), default=0)

    @cached_property
    def look(self) -> int:
        """The same for numbers that differ in the names of indices only."""
        terms = ((c, sorted((f.order[0], n) for f, n in one)) for one, c in self.terms.items())
        return self.looks.setdefault(frozenset((c, *one) for c, one in terms), len(self.looks))

    def __add__(self, other: Any) -> "Number":
        return weighted([(self, 1), (number(other), 1)])

    def __mul__(self, other: Any) -> "Number":
        return _times(self, number(other))

    def __pow__(self, power: Any) -> "Number":
        power = power.value if isinstance(power, Number) else power
        if power is None or int(power) != power:
            raise ValueError(f"a power of {power}: only whole powers are decided")
        return reduce(mul, [self if power >= 0 else self.inverse] * abs(int(power)), number(1))

    def __neg__(self) -> "Number":
        return self * -1

    def __sub__(self, other: Any) -> "Number":
        return self + -number(other)

    def __rsub__(self, other: Any) -> "Number":
        return number(other) - self

    def __truediv__(self, other: Any) -> "Number":
        return self * number(other).inverse

    def __rtruediv__(self, other: Any) -> "Number":
        return number(other) * self.inverse

    __radd__ = __add__
    __rmul__ = __mul__

    @cached_property
    def value(self) -> Any:
        """The number itself where it is known."""
        known = not self.terms or self.terms.keys() == {frozenset()}
        return self.terms.get(frozenset(), 0) if known else None

    @cached_property
    def inverse(self) -> "Number":
        """1 over it; what all its terms share is divided by alone."""
        if not self.terms:
            raise ZeroDivisionError("a division by what is zero for all arguments")
        if len(self.terms) == 1:
            ((one, c),) = self.terms.items()
            if any(factor.kind in ("step", "delta") for factor, _ in one):
                raise ZeroDivisionError("a division by what may be zero")
            return Number({frozenset((f, -n) for f, n in one): plain(Fraction(1) / c)})
        if steps := steps_in(self):
            return case_by_case(self, steps, lambda case: case.inverse)
        shared, rest = self.shared()
        if shared.value != 1:
            return shared.inverse * rest.inverse
        share = Fraction(1) / rest.terms[min(rest.terms, key=place_of)]
        return Number({frozenset({(Factor("several", rest * share), -1)}): plain(share)})

    def shared(
        self, which: Callable[[Factor], bool] = lambda factor: True
    ) -> tuple["Number", "Number"]:
        """What all terms have in common, and the rest."""
        powers = [dict(one) for one in self.terms]
        least = {f: min(one.get(f, 0) for one in powers) for f in self.factors if which(f)}
        common = {pair for pair in least.items() if pair[0].kind not in ("step", "delta")}
        shared = Number({frozenset(pair for pair in common if pair[1]): 1})
        return shared, self * shared.inverse

    def renamed(self, names: Mapping[str, Index]) -> "Number":
        """The same with other indices, all at once; only free ones are meant.

        No new name may be that of one that is summed over inside.
        """
        names = {k: new for k, new in names.items() if k in self.free and k != new}
        key = frozenset(names.items())
        if names and key not in self.made:
            new = [*names.values()]
            # Where no two indices become one, nothing inside can be simplified by it.
            apart = self.free.isdisjoint({*new} - names.keys()) and len({*new}) == len(new)
            made = []
            for one, c in self.terms.items():
                kept = {pair for pair in one if pair[0].free.isdisjoint(names)}
                changed = [(_renamed(f, names, apart), power) for f, power in one - kept]
                made.append((_multiplied(dict(kept), changed), c))
            self.made[key] = weighted(made)
            if apart:
                self.made[key].made[frozenset((new, k) for k, new in key)] = self
        return self.made[key] if names else self

    def derivative(self, matrix: str, row: Index, column: Index) -> "Number":
        """The derivative by an entry of a matrix, g' being that of g."""
        key = matrix, row, column
        if key not in self.made:
            self.made[key] = weighted(
                (_slope(factor, key) * _of({**dict(one), factor: power - 1}), power * c)
                for one, c in self.terms.items()
                for factor, power in one
                if matrix in factor.matrices
            )
        return self.made[key]

    def __repr__(self) -> str:
        return " + ".join(sorted(written(one, c) for one, c in self.terms.items())) or "0"


def number(value: Any) -> Number:
    """A number of Python's; 0.01 is meant as it is written."""
    if isinstance(value, Number):
        return value
    exactly = value if isinstance(value, int | Fraction) else Fraction(repr(float(value)))
    return Number({frozenset(): plain(exactly)})


def weighted(numbers: Iterable[tuple[Number, Any]]) -> Number:
    """A sum of numbers, each times a known one."""
    found: dict[Product, Any] = {}
    for one, c in numbers:
        for factors, d in one.terms.items():
            found[factors] = found.get(factors, 0) + c * d
    return Number({factors: plain(c) for factors, c in found.items()})


def plain(c: Any) -> Any:
    """A whole number as Python has it."""
    return c.numerator if c.denominator == 1 else c


def of_one(kind: str, *parts: Any) -> Number:
    """A factor alone."""
    return alone(Factor(kind, *parts))


@cache
def alone(factor: Factor) -> Number:
    """The same, of one that is made."""
    return Number({frozenset({(factor, 1)}): 1})


def entry(matrix: str, row: Index, column: Index, kind: str = "entry") -> Number:
    """W[i, k]; a share is an entry of a matrix of which each column adds up to one."""
    return of_one(kind, matrix, row, column)


def size(name: str | int) -> Number:
    """The size of an axis."""
    return of_one("size", name) if isinstance(name, str) else number(name)


def call(function: str, x: Number) -> Number:
    """g(x), of which nothing is known but that its derivative is g'."""
    return of_one("call", function, x)


def delta(i: Index, k: Index) -> Number:
    """1 where both indices are the same, else 0."""
    if i == k or (isinstance(i, int) and isinstance(k, int)):
        return number(int(i == k))
    return of_one("delta", *sorted((i, k), key=str))


# How a factor is made again of other parts, by its kind; ``indices`` and ``functions`` add theirs.
MAKERS: dict[str, Callable[..., Number]] = {"several": lambda x: x, "call": call}


def _renamed(factor: Factor, names: Mapping[str, Index], apart: bool) -> Number:
    """A factor with other indices."""
    kind, parts = factor.kind, factor.parts
    if kind in ENTRIES:
        row, column = (names.get(k, k) for k in parts[1:])
        return entry(parts[0], row, column, kind)
    if kind == "delta":
        return delta(*(names.get(k, k) for k in parts))
    *others, inner = parts
    if kind in BINDING and apart and len({n for _, n in parts[0]}) == len(parts[0]):
        return of_one(kind, *others, inner.renamed(names))
    if kind in BINDING:
        bound, inner = opened(factor)
        return MAKERS[kind](bound, inner.renamed(names))
    return MAKERS[kind](*others, inner.renamed(names))


def opened(factor: Factor) -> tuple[list[tuple[str, Any]], Number]:
    """What is summed over, under names that nothing else has, and the term."""
    fresh = {k: f"~{k}" for k, _ in factor.parts[0]}
    return [(fresh[k], n) for k, n in factor.parts[0]], factor.parts[1].renamed(fresh)


@cache
def _slope(factor: Factor, by: tuple[str, Index, Index]) -> Number:
    """The derivative of a factor by an entry."""
    kind, parts = factor.kind, factor.parts
    if kind in ENTRIES:
        return delta(parts[1], by[1]) * delta(parts[2], by[2])
    if kind == "step":
        return number(0)
    if kind == "max":
        raise ValueError("the derivative of a max over an axis is not known")
    if kind == "sum":
        bound, term = opened(factor)
        return MAKERS["sum"](bound, term.derivative(*by))
    inner: Number = parts[-1].derivative(*by)
    if kind == "call":
        return call(f"{parts[0]}'", parts[1]) * inner
    if kind == "exp":
        return alone(factor) * inner
    return inner * parts[0].inverse if kind == "log" else inner


def steps_in(x: Number) -> list[Factor]:
    """The steps that a number has outside of sums."""
    return [factor for factor in x.factors if factor.kind == "step"]


def case_by_case(x: Number, steps: list[Factor], f: Callable[[Number], Number]) -> Number:
    """f(x) where the first of the steps is 1, and f(x) where it is 0."""
    first = min(steps, key=lambda one: one.order)
    step = (first, 1)
    up = weighted((Number({one - {step}: c}), 1) for one, c in x.terms.items())
    down = Number({one: c for one, c in x.terms.items() if step not in one})
    return alone(first) * f(up) + (1 - alone(first)) * f(down)


@cache
def _times(a: Number, b: Number) -> Number:
    """A product of two."""
    if 1 in (a.value, b.value):
        return a if b.value == 1 else b
    pairs = product(a.terms.items(), b.terms.items())
    return weighted((_of(_joined(one, two)), c * d) for (one, c), (two, d) in pairs)


def _multiplied(powers: dict[Factor, int], numbers: Iterable[tuple[Number, int]]) -> Number:
    """A product times powers of numbers, those of one term first."""
    several: list[Number] = []
    coefficient: Any = 1
    for one, power in numbers:
        if len(one.terms) == 1:
            ((factors, c),) = one.terms.items()
            coefficient *= c if c == 1 else Fraction(c) ** power
            for factor, n in factors:
                powers[factor] = powers.get(factor, 0) + n * power
        else:
            several.append(one**power)
    return reduce(mul, several, weighted([(_of(powers), coefficient)]))


def _joined(*products: Iterable[tuple[Factor, int]]) -> dict[Factor, int]:
    """A product of products."""
    found: dict[Factor, int] = {}
    for one in products:
        for factor, power in one:
            found[factor] = found.get(factor, 0) + power
    return found


def _of(powers: Mapping[Factor, int]) -> Number:
    """A product, in the one form that it has."""
    powers = {f: 1 if f.kind in ("step", "delta") else n for f, n in powers.items() if n}
    for factor, power in powers.items():
        if factor.kind != "several":
            continue
        if power > 0:
            expanded: Number = factor.parts[0] ** power
            return _of({**powers, factor: 0}) * expanded
        for v, at, end, rest in _divisions(factor):
            if powers.get(v, 0) >= at if at else powers.get(v, 0) < 0:
                # v**at end + rest = s, so that v**at / s = 1 / end - rest / end 1 / s
                above = Number({frozenset(_joined(powers.items(), [(v, -at)]).items()): 1})
                return (above * alone(factor) - above * rest) * end.inverse
    return Number({frozenset(powers.items()): 1})


@cache
def _divisions(several: Factor) -> list[tuple[Factor, int, Number, Number]]:
    """Both ends of a sum by powers of one of its exponentials v, where they can be solved for.

    So v**n / s is left for n from 0 to less than the highest power in s.
    """
    terms = several.parts[0].terms
    for v in sorted(
        (f for f in several.parts[0].factors if f.kind == "exp"), key=lambda f: f.order
    ):
        powers = {one: dict(one).get(v, 0) for one in terms}
        highest, found = max(powers.values()), []
        for at in (highest, 0):
            ends = {one for one, power in powers.items() if power == at}
            if len(ends) == 1 and all(f.kind in NEVER_ZERO for one in ends for f, _ in one):
                end = Number({one: terms[one] for one in ends})
                rest = Number({one: terms[one] for one in terms.keys() - ends})
                found.append((v, at, end / alone(v) ** at, rest))
        if found and highest > 0 and min(powers.values()) >= 0:
            return found
    return []
