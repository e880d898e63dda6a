"""Numbers: sums of terms, each a coefficient times a product of factors.

Equal numbers are the same object, and what is worked out of them is remembered, until all is
forgotten. Numbers are let go when nobody holds them.

>>> A, B = (alone(Factor("entry", name, "i", "j")) for name in "AB")
>>> (A + B) ** 2 - B * (2 * A + B)
A[i, j]^2
>>> 1 / (1 / (A + B)) is A + B
True
"""

import math
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from functools import cached_property
from typing import Any, ClassVar
from weakref import WeakValueDictionary

from shapecheck_bp.proof.factors import ZERO_OR_ONE, Factor, Product, joined, remembered, written

ONE: Product = frozenset()


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
            from shapecheck_bp.proof.functions import inverse  # which is made of numbers

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
            from shapecheck_bp.proof.functions import divided  # which is made of numbers

            inside: Number = factor.parts[0]
            others = one - {(factor, power)}
            found = of_product(others) * inside**power if power > 0 else divided(one, factor)
            if found is not None:
                return found
    return Number({one: 1})


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
