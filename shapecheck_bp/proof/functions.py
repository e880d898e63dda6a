"""exp, log and step of numbers, and what is made of them: |x|, max, min, tanh.

>>> z = entry("z", 0, 0)
>>> exp(minimum(z, 0)) / (1 + exp(-absolute(z))) == 1 / (1 + exp(-z))
True
>>> maximum(z, 0) + log(1 + exp(-absolute(z)))
log(1 + exp(z[0, 0]))
"""

from fractions import Fraction
from typing import Any

from shapecheck_bp.proof.factors import NEVER_ZERO, Factor, joined, place_of
from shapecheck_bp.proof.sums import MAKERS, Number, by_cases, entry, number, of_one, of_product

__all__ = ["absolute", "entry", "exp", "log", "maximum", "minimum", "step", "tanh"]


@by_cases
def exp(x: Number) -> Number:
    """e to the x, as a product for a sum in x."""
    return of_product(
        (Factor("exp", Number({term: Fraction(1, c.denominator)})), c.numerator)
        for term, c in x.terms.items()
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
        inside = factor.parts[0] if factor.kind in ("exp", "several") else of_product([(factor, 1)])
        found += power * (inside if factor.kind == "exp" else of_one("log", inside))
    c = rest.terms[min(rest.terms, key=place_of)]
    parts = [number(c), rest * (1 / Fraction(c))] if c > 0 else [rest]
    return sum((of_one("log", part) for part in parts if part.value != 1), start=found)


def tanh(x: Any) -> Number:
    """The hyperbolic tangent, by exponentials."""
    return 1 - 2 / (exp(2 * number(x)) + 1)


@by_cases
def step(x: Number) -> Number:
    """1 where x > 0, else 0; where x = 0 is not looked at."""
    if x.value is not None:
        return number(int(x.value > 0))
    _, x = x.shared(_positive)
    first = x.terms[min(x.terms, key=place_of)]
    upwards = of_one("step", x * (1 / Fraction(first)))
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


def _positive(factor: Factor) -> bool:
    if factor.kind == "several":
        return all(
            c > 0 and all(map(_positive, dict(one)))
            for (_, one), c in factor.parts[0].terms.items()
        )
    return factor.kind in NEVER_ZERO


MAKERS.update(exp=exp, log=log, step=step)
