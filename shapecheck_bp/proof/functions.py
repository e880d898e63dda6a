"""exp, log and step of numbers, what is made of them (|x|, max, min, tanh), and the derivative.

The derivative by W[a, b] is that of every factor in turn: that of an entry is δ, that of g is g'.

>>> z = entry("z", 0, 0)
>>> exp(minimum(z, 0)) / (1 + exp(-absolute(z))) == 1 / (1 + exp(-z))
True
>>> maximum(z, 0) + log(1 + exp(-absolute(z)))
log(1 + exp(z[0, 0]))
>>> derivative(over("i", "n", over("k", "m", entry("A", "i", "k") ** 3)), "A", "a", "b")
3 A[a, b]^2
"""

from collections.abc import Callable
from fractions import Fraction
from functools import wraps
from typing import Any

from shapecheck_bp.proof.factors import (
    ENTRIES,
    NEVER_ZERO,
    Factor,
    Index,
    Product,
    joined,
    remembered,
)
from shapecheck_bp.proof.numbers import Number, alone, number, of_product, weighted
from shapecheck_bp.proof.sums import MAKERS, call, delta, entry, opened, over, total

__all__ = ["absolute", "entry", "exp", "log", "maximum", "minimum", "over", "step", "tanh"]


def by_cases(f: Callable[[Number], Number]) -> Callable[[Any], Number]:
    """f where a step in the number, outside of sums, is 1, and f where it is 0."""

    @remembered
    @wraps(f)
    def apply(value: Any) -> Number:
        x = number(value)
        steps = [factor for factor in x.factors if factor.kind == "step"]
        if not steps:
            return f(x)
        step = min(steps, key=str)

        def at(value: int) -> Number:
            known = x.mapped(lambda one: number(value) if one is step else alone(one))
            return apply(known)

        return alone(step) * at(1) + (1 - alone(step)) * at(0)

    return apply


@by_cases
def inverse(x: Number) -> Number:
    """1 over it; what all its terms share is divided by alone."""
    if not x.terms:
        raise ZeroDivisionError("a division by what is zero for all arguments")
    shared, rest = x.shared()
    if any(f.kind == "delta" for f in rest.factors):
        raise ZeroDivisionError("a division by what may be zero")
    c = 1 / Fraction(rest.leading)
    below = [] if rest.value else [(Factor("several", rest * c), -1)]
    return of_product(frozenset([*((f, -n) for f, n in shared), *below])) * c


def divided(one: Product, s: Factor) -> Number | None:
    """v**n / s, in a product, where s is a v**n + b: 1 / a - b / a 1 / s."""
    v, n, a, b = _highest(s) or (s, 1, None, None)
    if a is None or dict(one).get(v, 0) < n:
        return None
    above, kept = (of_product(joined(one, [(v, -n)], more)) for more in ([], [(s, 1)]))
    return (kept - above * b) * inverse(a)


@remembered
def _highest(s: Factor) -> tuple[Factor, int, Number, Number] | None:
    """v, n, a and b of a sum a v**n + b, where v is an exponential that b has lower powers of."""
    terms = s.parts[0].terms
    for v in sorted((f for f in s.parts[0].factors if f.kind == "exp"), key=str):
        powers = {term: dict(term).get(v, 0) for term in terms}
        n = max(powers.values())
        first, *others = (term for term, power in powers.items() if power == n)
        known = all(f.kind in NEVER_ZERO for f, _ in first)
        if known and not others and min(powers.values()) >= 0:
            top = Number({first: terms[first]})
            return v, n, top * alone(v) ** -n, s.parts[0] - top
    return None


@by_cases
def exp(x: Number) -> Number:
    """e to the x, as a product for a sum in x."""
    return of_product(
        frozenset(
            (Factor("exp", Number({product: Fraction(1, c.denominator)})), c.numerator)
            for product, c in x.terms.items()
        )
    )


@by_cases
def log(x: Number) -> Number:
    """The logarithm, as a sum for what is positive in a product."""
    if not x.terms:
        raise ZeroDivisionError("the logarithm of what is zero for all arguments")
    shared, rest = x.shared(_positive)
    more, rest = rest.shared(_positive)  # of u (1 - 1 / (1 + u)) = 1 / (1 + u) u, say
    found = number(0)
    for factor, power in joined(shared, more):
        inside = factor.parts[0] if factor.kind in ("exp", "several") else alone(factor)
        found += power * (inside if factor.kind == "exp" else alone(Factor("log", inside)))
    c = rest.leading
    parts = [number(c), rest * (1 / Fraction(c))] if c > 0 else [rest]
    return sum((alone(Factor("log", part)) for part in parts if part.value != 1), start=found)


def tanh(x: Any) -> Number:
    """The hyperbolic tangent, by exponentials."""
    return 1 - 2 / (exp(2 * number(x)) + 1)


@by_cases
def step(x: Number) -> Number:
    """1 where x > 0, else 0; where x = 0 is not looked at."""
    if x.value is not None:
        return number(int(x.value > 0))
    _, x = x.shared(_positive)
    first = x.leading
    upwards = alone(Factor("step", x * (1 / Fraction(first))))
    return upwards if first > 0 else 1 - upwards


def absolute(x: Any) -> Number:
    """|x|."""
    return number(x) * (2 * step(x) - 1)


def maximum(x: Any, y: Any) -> Number:
    """The larger of two."""
    larger: Number = number(x) - y
    return larger * step(larger) + number(y)


def minimum(x: Any, y: Any) -> Number:
    """The smaller of two."""
    return -maximum(-number(x), -number(y))


@remembered
def derivative(x: Number, matrix: str, row: Index, column: Index) -> Number:
    """The derivative by an entry of a matrix, g' being that of g."""
    by = matrix, row, column
    return weighted(
        (_slope(factor, by) * of_product(joined(one, [(factor, -1)])), n * c)
        for one, c in x.terms.items()
        for factor, n in one
    )


@remembered
def _slope(factor: Factor, by: tuple[str, Index, Index]) -> Number:
    """The derivative of a factor by an entry."""
    kind, parts = factor.kind, factor.parts
    if kind in ENTRIES and parts[0] == by[0]:
        return delta(parts[1], by[1]) * delta(parts[2], by[2])
    if kind == "step" or not isinstance(parts[-1], Number):
        return number(0)
    if kind == "sum":
        bound, inner = opened(factor, by[1:])
        return total(bound, derivative(inner, *by))
    if parts[0] == "max":
        raise ValueError("the derivative of a max over an axis is not known")
    inner = derivative(parts[-1], *by)
    if kind == "call":
        return call(f"{parts[0]}'", parts[1]) * inner
    if kind == "exp":
        return alone(factor) * inner
    return inner * inverse(parts[0]) if kind == "log" else inner


def _positive(factor: Factor) -> bool:
    if factor.kind in ("several", "sum"):
        return all(
            c > 0 and all(map(_positive, dict(one))) for one, c in factor.parts[-1].terms.items()
        )
    return factor.kind in NEVER_ZERO


MAKERS.update(exp=exp, log=log, step=step)
