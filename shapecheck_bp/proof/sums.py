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
    NEVER_ZERO,
    Factor,
    Index,
    Product,
    joined,
    lowered,
    place_of,
    written,
)


class Number:
    """A sum of products, each with a coefficient; the same number is always the same object."""

    known: ClassVar[dict[Any, "Number"]] = {}
    looks: ClassVar[dict[Any, int]] = {}
    terms: dict[Product, Any]

    def __new__(cls, terms: Mapping[Product, Any]) -> "Number":
        """The number of these terms."""
        left = {one: c for one, c in terms.items() if c}
        key = frozenset(left.items())
        if key not in cls.known:
            self = cls.known[key] = super().__new__(cls)
            self.terms = left
            self.free = self.matrices = frozenset()
            self.depth = 0
            for factor in {factor for one in left for factor, _ in one}:
                self.free |= factor.free
                self.matrices |= factor.matrices
                self.depth = max(self.depth, factor.depth)
            self.made, self.place = {}, len(cls.known)
        return cls.known[key]

    free: frozenset[str]
    matrices: frozenset[str]
    depth: int
    place: int
    made: dict[Any, "Number"]
    """What has been made of it by renaming and differentiating."""

    @cached_property
    def look(self) -> int:
        """The same for numbers that differ in the names of indices only."""
        looks = frozenset(
            (c, tuple(sorted((factor.order[0], power) for factor, power in one)))
            for one, c in self.terms.items()
        )
        return self.looks.setdefault(looks, len(self.looks))

    def __add__(self, other: Any) -> "Number":
        return sum_of((self, number(other)))

    def __mul__(self, other: Any) -> "Number":
        return _times(self, number(other))

    def __pow__(self, power: Any) -> "Number":
        if isinstance(power, Number):
            power = power.value
        if power is None or int(power) != power:
            raise ValueError(f"a power of {power}: only whole powers are decided")
        base, times = (self if power >= 0 else self.inverse), abs(int(power))
        if len(base.terms) == 1:
            ((one, c),) = base.terms.items()
            return weighted([(_of({factor: n * times for factor, n in one}), c**times)])
        return reduce(mul, [base] * times, number(1))

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
            return Number(
                {frozenset((factor, -power) for factor, power in one): plain(Fraction(1) / c)}
            )
        if steps := steps_in(self):
            return case_by_case(self, steps, lambda case: case.inverse)
        shared, rest = self.shared()
        if len(rest.terms) == 1:
            return shared.inverse * rest.inverse
        first = rest.terms[min(rest.terms, key=place_of)]
        several = Factor("several", rest * (Fraction(1) / first))
        return shared.inverse * Number({frozenset({(several, -1)}): plain(Fraction(1) / first)})

    def shared(
        self, which: Callable[[Factor], bool] = lambda factor: True
    ) -> tuple["Number", "Number"]:
        """What all terms have in common, and the rest."""
        powers = [dict(one) for one in self.terms]
        factors = {factor for one in powers for factor in one}
        least = {one: min(power.get(one, 0) for power in powers) for one in factors if which(one)}
        common = {
            pair for pair in least.items() if pair[1] and pair[0].kind not in ("step", "delta")
        }
        shared = Number({frozenset(common): 1})
        return shared, self * shared.inverse if common else self

    def rebuilt(
        self,
        change: Callable[[Factor], "Number | None"],
        concerns: Callable[[Factor], Any] = lambda factor: True,
        done: dict["Number", "Number"] | None = None,
        fresh: bool = True,
    ) -> "Number":
        """The same with some factors exchanged, inside sums and functions too.

        Only what the change ``concerns`` is looked at; what has been rebuilt by it is in ``done``.
        What comes in must not have an index of the name of one that is summed over, unless these
        get ``fresh`` ones.
        """
        done = {} if done is None else done

        def of(factor: Factor) -> "Number":
            if (new := change(factor)) is not None:
                return new
            kind, parts = factor.kind, factor.parts
            if kind in BINDING:
                bound, term = opened(factor) if fresh else (dict(parts[0]), parts[1])
                return MAKERS[kind](bound, inside(term))
            if kind == "call":
                return call(parts[0], inside(parts[1]))
            return MAKERS[kind](inside(parts[0])) if kind in MAKERS else alone(factor)

        def inside(inner: Number) -> Number:
            if inner not in done:
                made = []
                for one, c in inner.terms.items():
                    kept = {pair for pair in one if not concerns(pair[0])}
                    new = [(of(factor), power) for factor, power in one - kept]
                    made.append((_multiplied(dict(kept), new) if new else Number({one: 1}), c))
                done[inner] = weighted(made)
            return done[inner]

        return inside(self)

    def renamed(self, names: Mapping[str, Index]) -> "Number":
        """The same with other indices, all at once; only free ones are meant."""
        names = {k: new for k, new in names.items() if k in self.free and k != new}
        if not names:
            return self
        key = frozenset(names.items())
        apart = self.free.isdisjoint({*names.values()} - names.keys())
        apart = apart and len({*names.values()}) == len(names)
        if key not in self.made:

            def change(factor: Factor) -> Number | None:
                if factor.kind in ("entry", "share"):
                    matrix, *places = factor.parts
                    row, column = (names.get(k, k) for k in places)
                    return entry(matrix, row, column, factor.kind)
                if factor.kind == "delta":
                    return delta(*(names.get(k, k) for k in factor.parts))
                if factor.kind == "sum" and apart and named_by_sizes(factor.parts[0], names):
                    return of_one("sum", factor.parts[0], factor.parts[1].renamed(names))
                return None

            inner = {f"k_{place}" for place in range(1, self.depth + 1)}
            self.made[key] = self.rebuilt(
                change,
                lambda factor: not factor.free.isdisjoint(names),
                fresh=not inner.isdisjoint(names.values()),
            )
        return self.made[key]

    def derivative(self, matrix: str, row: Index, column: Index) -> "Number":
        """The derivative by an entry of a matrix, g' being that of g."""
        if matrix not in self.matrices:
            return number(0)
        key = matrix, row, column
        if key not in self.made:
            self.made[key] = sum_of(
                _slope(factor, key) * power * c * Number({lowered(one, factor): 1})
                for one, c in self.terms.items()
                for factor, power in one
                if matrix in factor.matrices
            )
        return self.made[key]

    def __repr__(self) -> str:
        return " + ".join(sorted(map(written, self.terms.items()))) or "0"


@cache
def _times(a: Number, b: Number) -> Number:
    """A product of two."""
    if a.value is not None or b.value is not None:
        c, of = (a.value, b) if a.value is not None else (b.value, a)
        return of if c == 1 else Number({one: plain(c * d) for one, d in of.terms.items()})
    return weighted(
        (_of(joined(dict(one), dict(two))), c * d)
        for (one, c), (two, d) in product(a.terms.items(), b.terms.items())
    )


def named_by_sizes(bound: Any, names: Mapping[str, Index]) -> bool:
    """Whether other indices than these can be renamed without a look at the ones summed over."""
    sizes = {n for _, n in bound}
    return len(sizes) == len(bound) and not {k for k, _ in bound} & {*names.values()}


def number(value: Any) -> Number:
    """A number of Python's; 0.01 is meant as it is written."""
    if isinstance(value, Number):
        return value
    exactly = value if isinstance(value, int | Fraction) else Fraction(repr(float(value)))
    return Number({frozenset(): plain(exactly)})


def sum_of(numbers: Iterable[Number]) -> Number:
    """A sum of some numbers."""
    return weighted((one, 1) for one in numbers)


def weighted(numbers: Iterable[tuple[Number, Any]]) -> Number:
    """A sum of numbers, each times a known one."""
    found: dict[Product, Any] = {}
    numbers = list(numbers)
    if len(numbers) == 1 and numbers[0][1] == 1:
        return numbers[0][0]
    for one, c in numbers:
        for factors, d in one.terms.items():
            found[factors] = found.get(factors, 0) + c * d
    return Number({factors: plain(c) for factors, c in found.items()})


def plain(c: Any) -> Any:
    """A whole number as Python has it."""
    return c.numerator if c.denominator == 1 else c


def of_one(kind: str, *parts: Any) -> Number:
    """A factor alone."""
    return Number({frozenset({(Factor(kind, *parts), 1)}): 1})


def alone(factor: Factor) -> Number:
    """The same, of one that is made."""
    return Number({frozenset({(factor, 1)}): 1})


def opened(factor: Factor) -> tuple[dict[str, Any], Number]:
    """What is summed over, under names that nothing else has, and the term."""
    fresh = {k: f"~{k}" for k, _ in factor.parts[0]}
    return {fresh[k]: n for k, n in factor.parts[0]}, factor.parts[1].renamed(fresh)


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
MAKERS: dict[str, Callable[..., Number]] = {"several": lambda x: x}


@cache
def _slope(factor: Factor, by: tuple[str, Index, Index]) -> Number:
    """The derivative of a factor by an entry."""
    kind, parts = factor.kind, factor.parts
    if kind in ("entry", "share"):
        return delta(parts[1], by[1]) * delta(parts[2], by[2])
    if kind == "sum":
        bound, term = opened(factor)
        return MAKERS["sum"](bound, term.derivative(*by))
    if kind == "step":
        return number(0)
    if kind == "max":
        raise ValueError("the derivative of a max over an axis is not known")
    inner: Number = parts[-1].derivative(*by)
    if kind == "call":
        return call(f"{parts[0]}'", parts[1]) * inner
    if kind == "exp":
        return alone(factor) * inner
    return inner * parts[0].inverse if kind == "log" else inner


def steps_in(x: Number) -> list[Factor]:
    """The steps that a number has outside of sums."""
    return [factor for one in x.terms for factor, _ in one if factor.kind == "step"]


def case_by_case(x: Number, steps: list[Factor], f: Callable[[Number], Number]) -> Number:
    """f(x) where the step is 1, and f(x) where it is 0."""
    first = min(steps, key=lambda one: one.order)
    up = sum_of(
        Number({frozenset(pair for pair in one if pair[0] is not first): c})
        for one, c in x.terms.items()
    )
    down = Number({one: c for one, c in x.terms.items() if (first, 1) not in one})
    return alone(first) * f(up) + (1 - alone(first)) * f(down)


def _settled(powers: dict[Factor, int]) -> Number | None:
    """What a product comes to where more is to be done than to add powers."""
    for factor, power in powers.items():
        if factor.kind in ("step", "delta") and power > 1:
            powers[factor] = 1
    for factor, power in powers.items():
        if factor.kind != "several" or not power:
            continue
        if power > 0:
            left = {one: n for one, n in powers.items() if one is not factor}
            expanded: Number = factor.parts[0] ** power
            return _of(left) * expanded
        for v, at, end, rest in _divisions(factor):
            if powers.get(v, 0) >= at if at else powers.get(v, 0) < 0:
                # v**at end + rest = s, so that v**at / s = 1 / end - rest / end 1 / s
                ((own, c),) = end.inverse.terms.items()
                above = joined(powers, {v: -at, factor: 1}, dict(own))
                below = [(_of(joined(above, {factor: -1}, dict(one))), d) for one, d in rest]
                return weighted([(_of(above), c), (weighted(below), -c)])
    return None


def _multiplied(powers: dict[Factor, int], numbers: Iterable[tuple[Number, int]]) -> Number:
    """A product times powers of numbers, those of one term first."""
    several: list[Number] = []
    coefficient: Any = 1
    for one, power in numbers:
        if len(one.terms) != 1:
            several.append(one**power)
            continue
        ((factors, c),) = one.terms.items()
        coefficient *= c if power == 1 or c == 1 else Fraction(c) ** power
        for factor, n in factors:
            powers[factor] = powers.get(factor, 0) + n * power
    return reduce(mul, several, weighted([(_of(powers), coefficient)]))


@cache
def _divisions(several: Factor) -> list[tuple[Factor, int, Number, list[tuple[Product, Any]]]]:
    """The ends of a sum by powers of one of its factors: where one of them can be solved for.

    An exponential v may be solved for from both ends, so that v**n / s is left for n from 0 to
    less than the highest power in s; anything else from above.
    """
    terms = several.parts[0].terms
    powers = [dict(one) for one in terms]
    for v in sorted({f for one in powers for f in one}, key=lambda f: (f.kind != "exp", f.order)):
        highest, lowest = (f(one.get(v, 0) for one in powers) for f in (max, min))
        found = []
        for at in (highest, 0) if v.kind == "exp" else (highest,):
            ends = [one for one in terms if dict(one).get(v, 0) == at]
            own = frozenset(pair for one in ends for pair in one if pair[0] is not v)
            if len(ends) == 1 and all(factor.kind in NEVER_ZERO for factor, _ in own):
                rest = [term for term in terms.items() if term[0] != ends[0]]
                found.append((v, at, Number({own: terms[ends[0]]}), rest))
        if found and highest > 0 and lowest >= 0:
            return found
    return []


def _of(powers: Mapping[Factor, int]) -> Number:
    """A product, settled."""
    powers = {one: n for one, n in powers.items() if n}
    settled = _settled(powers)
    return Number({frozenset(powers.items()): 1}) if settled is None else settled
