"""Numbers written with index sums, in one form for all ways to write the same.

A number is a sum of terms. A term is a coefficient, indices that are summed over, and a product:

    3 Σ_{k:n, l:m} W[i, k]^2 g(Z[k, l])

What is multiplied are entries such as W[i, k], sizes, δ, g of a number, exp, log, and 1 over a sum
(``factors``). What is equal for one of these reasons has one form, and is told by ``==``:

    a (b + c) = a b + a c, and what multiplies and divides cancels
    Σ_k (f(k) + g(k)) = Σ_k f(k) + Σ_k g(k),   c Σ_k f(k) = Σ_k c f(k),   Σ_k c = n c
    Σ_k f(k) Σ_l g(l) = Σ_l Σ_k f(k) g(l), under whatever names for k and l
    Σ_k δ(k, b) f(k) = f(b)
    Σ_k Y[k, j] = 1, where that is said of Y ("share")
    u / (1 + u) = 1 - 1 / (1 + u), which decides fractions of exponentials

and by those for exp, log and |x| in ``functions``. The derivative by W[a, b] is that of every
factor in turn; that of an entry is δ, and that of g is g'.

>>> A, B = (lambda i, j, name=name: entry(name, i, j) for name in "AB")
>>> (A("i", "k") + B(0, 0)) ** 2 - B(0, 0) * (2 * A("i", "k") + B(0, 0))
A[i, k]^2
>>> over("k", "n", over("l", "m", A("i", "k") * (B("k", "l") + 1)))
m Σ_{k_1:n} A[i, k_1] + Σ_{k_1:m,k_2:n} A[i, k_2] B[k_2, k_1]
>>> over("i", "n", over("k", "m", A("i", "k") ** 3)).derivative("A", "a", "b")
3 A[a, b]^2
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from functools import cache, cached_property, reduce, wraps
from itertools import chain, count, permutations, product
from operator import attrgetter, mul
from typing import Any, ClassVar

from shapecheck_bp.proof.factors import (
    ENTRIES,
    NEVER_ZERO,
    ZERO_OR_ONE,
    Bound,
    Factor,
    Index,
    Product,
    Term,
    joined,
    outside,
    place_of,
    written,
)

ONE: Term = (), frozenset()
order = attrgetter("order")
MOST_ALIKE = 5  # indices over one size, which are tried under all names


class Number:
    """A sum of terms, each with a coefficient; the same number is always the same object."""

    known: ClassVar[dict[Any, "Number"]] = {}
    looks: ClassVar[dict[Any, int]] = {}
    terms: dict[Term, Any]
    place: int
    made: dict[Any, "Number"]
    """What has been made of it by renaming and differentiating."""

    def __new__(cls, terms: Mapping[Term, Any]) -> "Number":
        """The number of these terms."""
        left = {term: c for term, c in terms.items() if c}
        key = frozenset(left.items())
        if key not in cls.known:
            self = cls.known[key] = super().__new__(cls)
            self.terms, self.place, self.made = left, len(cls.known), {}
        return cls.known[key]

    @cached_property
    def factors(self) -> set[Factor]:
        """All that its terms are made of."""
        return {factor for _, product in self.terms for factor, _ in product}

    @cached_property
    def free(self) -> frozenset[str]:
        """The indices that are not summed over."""
        return frozenset().union(
            *(f.free.difference(k for k, _ in bound) for bound, one in self.terms for f, _ in one)
        )

    @cached_property
    def look(self) -> int:
        """The same for numbers that differ in the names of indices only."""
        terms = (
            (c, *sorted(n for _, n in bound), *sorted((f.order[0], n) for f, n in one))
            for (bound, one), c in self.terms.items()
        )
        return self.looks.setdefault(frozenset(terms), len(self.looks))

    def __add__(self, other: Any) -> "Number":
        return weighted([(self, 1), (number(other), 1)])

    def __mul__(self, other: Any) -> "Number":
        return _times(self, number(other))

    def __pow__(self, power: Any) -> "Number":
        power = power.value if isinstance(power, Number) else power
        if power is None or int(power) != power:
            raise ValueError(f"a power of {power}: only whole powers are decided")
        return reduce(mul, [self if power >= 0 else inverse(self)] * abs(int(power)), number(1))

    def __neg__(self) -> "Number":
        return self * -1

    def __sub__(self, other: Any) -> "Number":
        return self + -number(other)

    def __rsub__(self, other: Any) -> "Number":
        return number(other) - self

    def __truediv__(self, other: Any) -> "Number":
        return self * inverse(other)

    def __rtruediv__(self, other: Any) -> "Number":
        return number(other) * inverse(self)

    __radd__ = __add__
    __rmul__ = __mul__

    @cached_property
    def value(self) -> Any:
        """The number itself where it is known."""
        return self.terms.get(ONE, 0) if self.terms.keys() <= {ONE} else None

    def shared(
        self, which: Callable[[Factor], bool] = lambda factor: factor.kind not in ZERO_OR_ONE
    ) -> tuple[Product, "Number"]:
        """What all terms have in common, outside of the sums, and the rest."""
        powers = [outside(term) for term in self.terms]
        least = {f: min(one.get(f, 0) for one in powers) for f in self.factors if which(f)}
        shared = frozenset(pair for pair in least.items() if pair[1])
        return shared, self * of_product((f, -n) for f, n in shared)

    def apart(self, taken: Iterable[Index]) -> Iterator[tuple[Any, Bound, Product]]:
        """Its terms, with other names for what is summed over where a name is taken."""
        taken = {*taken}
        for (bound, one), c in self.terms.items():
            names = {k: _fresh(k, taken | self.free) for k, _ in bound if k in taken}
            other = Number({((), one): 1}).renamed(names).terms if names else {((), one): 1}
            for (_, two), d in other.items():
                yield c * d, tuple((names.get(k, k), n) for k, n in bound), two

    def renamed(self, names: Mapping[str, Index]) -> "Number":
        """The same with other indices, all at once; only free ones are meant."""
        names = {k: new for k, new in names.items() if k in self.free and k != new}
        key = frozenset(names.items())
        if names and key not in self.made:
            self.made[key] = self.mapped(
                lambda factor: _renamed(factor, names), {*names, *names.values()}
            )
        return self.made[key] if names else self

    def mapped(self, change: Callable[[Factor], "Number"], taken: Iterable[Index] = ()) -> "Number":
        """The same, with what ``change`` makes of each factor in its place."""
        return weighted(
            (total(bound, _multiplied((change(factor), n) for factor, n in one)), c)
            for c, bound, one in self.apart(taken)
        )

    def derivative(self, matrix: str, row: Index, column: Index) -> "Number":
        """The derivative by an entry of a matrix, g' being that of g."""
        key = matrix, row, column
        if key not in self.made:
            self.made[key] = weighted(
                (total(bound, _slope(factor, key) * of_product(joined(one, [(factor, -1)]))), n * c)
                for c, bound, one in self.apart(key[1:])
                for factor, n in one
            )
        return self.made[key]

    def __repr__(self) -> str:
        return " + ".join(sorted(written(term, c) for term, c in self.terms.items())) or "0"


def number(value: Any) -> Number:
    """A number of Python's; 0.01 is meant as it is written."""
    if isinstance(value, Number):
        return value
    exactly = value if isinstance(value, int | Fraction) else Fraction(repr(float(value)))
    return Number({ONE: exactly})


def weighted(numbers: Iterable[tuple[Number, Any]]) -> Number:
    """A sum of numbers, each times a known one."""
    found: dict[Term, Any] = {}
    for one, c in numbers:
        for term, d in one.terms.items():
            found[term] = found.get(term, 0) + c * d
    return Number(found)


@cache
def of_one(kind: str, *parts: Any) -> Number:
    """A factor alone."""
    return Number({((), frozenset({(Factor(kind, *parts), 1)})): 1})


def of_product(powers: Iterable[tuple[Factor, int]]) -> Number:
    """A product of factors."""
    return _summed((), frozenset(powers))


def entry(matrix: str, row: Index, column: Index, kind: str = "entry") -> Number:
    """W[i, k]; a share is an entry of a matrix of which each column adds up to one."""
    return of_one(kind, matrix, row, column)


def size(n: Any) -> Number:
    """The size of an axis: a number, or a name for any."""
    return number(n) if isinstance(n, int) else of_one("size", str(n))


def call(function: str, x: Number) -> Number:
    """g(x), of which nothing is known but that its derivative is g'."""
    return of_one("call", function, x)


def delta(i: Index, k: Index) -> Number:
    """1 where both indices are the same, else 0."""
    if i == k or (isinstance(i, int) and isinstance(k, int)):
        return number(int(i == k))
    return of_one("delta", *sorted((i, k), key=str))


def over(k: str, n: Any, x: Number) -> Number:
    """Σ_k x, k over an axis of that size; one of which the size is known is written out."""
    if isinstance(n, int):
        return weighted((x.renamed({k: place}), 1) for place in range(n))
    return total(((k, str(n)),), x)


def largest(k: str, n: Any, x: Number) -> Number:
    """max_k x, of which nothing is used but that it comes of all x alike: max(Σ_k each(x))."""
    return call("max", over(k, n, call("each", x))) if k in x.free else x


# How a factor is made again of other parts, by its kind; ``functions`` adds its own.
MAKERS: dict[str, Callable[..., Number]] = {"several": lambda x: x, "call": call}


def _renamed(factor: Factor, names: Mapping[str, Index]) -> Number:
    """A factor with other indices."""
    kind, parts = factor.kind, factor.parts
    if factor.free.isdisjoint(names):
        return of_one(kind, *parts)
    if kind in ENTRIES:
        row, column = (names.get(k, k) for k in parts[1:])
        return entry(parts[0], row, column, kind)
    if kind == "delta":
        return delta(*(names.get(k, k) for k in parts))
    return remade(factor, lambda inner: inner.renamed(names))


def remade(factor: Factor, change: Callable[[Number], Number]) -> Number:
    """A factor of another number than is inside it."""
    *others, inner = factor.parts
    if not isinstance(inner, Number):
        return of_one(factor.kind, *factor.parts)
    return MAKERS[factor.kind](*others, change(inner))


@cache
def _slope(factor: Factor, by: tuple[str, Index, Index]) -> Number:
    """The derivative of a factor by an entry."""
    kind, parts = factor.kind, factor.parts
    if kind in ENTRIES and parts[0] == by[0]:
        return delta(parts[1], by[1]) * delta(parts[2], by[2])
    if kind == "step" or not isinstance(parts[-1], Number):
        return number(0)
    if parts[0] == "max":
        raise ValueError("the derivative of a max over an axis is not known")
    inner = parts[-1].derivative(*by)
    if kind == "call":
        return call(f"{parts[0]}'", parts[1]) * inner
    if kind == "exp":
        return of_one(kind, *parts) * inner
    return inner * inverse(parts[0]) if kind == "log" else inner


def by_cases(f: Callable[[Number], Number]) -> Callable[[Any], Number]:
    """f where a step in the number, outside of sums, is 1, and f where it is 0."""

    @cache
    @wraps(f)
    def apply(value: Any) -> Number:
        x = number(value)
        steps = [factor for term in x.terms for factor in outside(term) if factor.kind == "step"]
        if not steps:
            return f(x)
        first = min(steps, key=order)
        with_step = Number({term: c for term, c in x.terms.items() if first in outside(term)})
        left, step = x - with_step, of_product([(first, 1)])
        without = (
            (_summed(bound, one - {(first, 1)}), c) for (bound, one), c in with_step.terms.items()
        )
        return step * apply(left + weighted(without)) + (1 - step) * apply(left)

    return apply


@by_cases
def inverse(x: Number) -> Number:
    """1 over it; what all its terms share is divided by alone."""
    if not x.terms:
        raise ZeroDivisionError("a division by what is zero for all arguments")
    shared, rest = x.shared()
    if any(f.kind == "delta" for f in rest.factors):
        raise ZeroDivisionError("a division by what may be zero")
    c: Fraction = 1 / Fraction(rest.terms[min(rest.terms, key=place_of)])
    below = [] if rest.value else [(Factor("several", rest * c), -1)]
    return of_product([*((f, -n) for f, n in shared), *below]) * c


@cache
def _times(a: Number, b: Number) -> Number:
    """A product of two."""
    if 1 in (a.value, b.value):
        return a if b.value == 1 else b
    return weighted(
        (_summed(one + two, joined(left, right)), c * d)
        for c, one, left in a.apart(b.free)
        for d, two, right in b.apart(a.free.union(k for k, _ in one))
    )


def _multiplied(numbers: Iterable[tuple[Number, int]]) -> Number:
    """A product of powers of numbers, those of one term first."""
    several, found = [], []
    coefficient: int | Fraction = 1
    for one, power in numbers:
        ((bound, factors), c) = next(iter(one.terms.items()), (ONE, 0))
        if len(one.terms) == 1 and not bound:
            coefficient *= c if c == 1 else Fraction(c) ** power
            found.append([(factor, n * power) for factor, n in factors])
        else:
            several.append(one**power)
    return reduce(mul, several, of_product(joined(*found)) * coefficient)


def total(bound: Bound, x: Number) -> Number:
    """Σ x over all these indices at once."""
    if not bound:
        return x
    return weighted((_summed(bound + more, one), c) for c, more, one in x.apart(dict(bound)))


@cache
def _summed(bound: Bound, one: Product) -> Number:
    """Σ of a product, in the one form that it has."""
    summed = dict(bound)
    for factor, power in one:
        if factor.kind == "delta" and not factor.free.isdisjoint(summed):
            here = min(factor.free & summed.keys())
            (other,) = (place for place in factor.parts if place != here)
            others = tuple((k, n) for k, n in bound if k != here)
            return total(others, of_product(one - {(factor, 1)}).renamed({here: other}))
        if factor.kind == "several" and power > 0:
            return total(bound, of_product(one - {(factor, power)}) * factor.parts[0] ** power)
        if factor.kind == "several" and (found := _division(factor)):
            v, highest, a, b = found
            if dict(one).get(v, 0) >= highest:
                above = Number({((), joined(one, [(v, -highest)])): 1})
                s = of_one(factor.kind, *factor.parts)
                return total(bound, (above * s - above * b) * inverse(a))
    for k, n in bound:
        mine = frozenset(pair for pair in one if k in pair[0].free)
        others = tuple(pair for pair in bound if pair[0] != k)
        if not mine:
            return _summed(others, one) * size(n)
        if [(f.kind, f.parts[1:2], power) for f, power in mine] == [("share", (k,), 1)]:
            return _summed(others, one - mine)  # Σ_k Y[k, j] = 1
        if any(f.kind == "several" for f, _ in one - mine):
            below = Factor("several", _summed(((k, n),), mine))  # Σ_k f(k) / Σ_k f(k) = 1
            if below in dict(one - mine):
                return _summed(others, joined(one - mine, [(below, 1)]))
    return _named(bound, one) if bound else Number({((), one): 1})


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
        Number({((), one): 1}).renamed(dict(zip(chain(*orders), dict(named), strict=True)))
        for orders in product(*map(permutations, alike))
    ]
    first = min(tried, key=lambda number: number.place)
    if len(first.terms) != 1:
        raise ValueError(f"the sum of {first} has no one form here")
    (((_, product_), c),) = first.terms.items()
    return Number({(named, product_): c})


def _fresh(k: str, taken: Iterable[Index]) -> str:
    while k in taken:
        k = f"~{k}"
    return k


@cache
def _division(s: Factor) -> tuple[Factor, int, Number, Number] | None:
    """v, n, a and b of a sum a v**n + b, where v is an exponential that b has lower powers of.

    So v**n / s is 1 / a - b / a 1 / s, and lower powers of v are left above s.
    """
    terms = s.parts[0].terms
    for v in sorted({f for one in terms for f in outside(one) if f.kind == "exp"}, key=order):
        powers = {term: dict(term[1]).get(v, 0) for term in terms}
        n = max(powers.values())
        first, *others = (term for term, power in powers.items() if power == n)
        known = all(f.kind in NEVER_ZERO for f, _ in first[1])
        if known and not first[0] and not others and min(powers.values()) >= 0:
            top = Number({first: terms[first]})
            return v, n, top * of_product([(v, -n)]), s.parts[0] - top
    return None
