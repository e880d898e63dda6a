"""exp, log and step of numbers, and what is made of them: |x|, max, min, tanh.

>>> z = entry("z", 0, 0)
>>> exp(minimum(z, 0)) / (1 + exp(-absolute(z))) == 1 / (1 + exp(-z))
True
>>> maximum(z, 0) + log(1 + exp(-absolute(z)))
log(1 + exp(z[0, 0]))
"""

from fractions import Fraction
from typing import Any

from shapecheck_bp.proof.factors import NEVER_ZERO, Factor, place_of
from shapecheck_bp.proof.sums import (
    MAKERS,
    Number,
    alone,
    case_by_case,
    entry,
    number,
    of_one,
    steps_in,
)

__all__ = ["absolute", "entry", "exp", "log", "maximum", "minimum", "step", "tanh"]


def exp(x: Any) -> Number:
    """e to the x, as a product for a sum in x."""
    if steps := steps_in(x := number(x)):
        return case_by_case(x, steps, exp)
    powers = {
        (Factor("exp", Number({one: Fraction(1, c.denominator)})), c.numerator)
        for one, c in x.terms.items()
    }
    return Number({frozenset(powers): 1})


def log(x: Any) -> Number:
    """The logarithm, as a sum for what is positive in a product."""
    if steps := steps_in(x := number(x)):
        return case_by_case(x, steps, log)
    shared, rest = x.shared(_positive)
    parts = [shared]
    if len(rest.terms) == 1 and _all_positive(rest):
        parts, rest = [shared, rest], number(1)
    found = number(0)
    for one, c in (term for part in parts for term in part.terms.items()):
        rest *= c
        for factor, power in one:
            inside = factor.parts[0] if factor.kind in ("exp", "several") else alone(factor)
            found += power * (inside if factor.kind == "exp" else of_one("log", inside))
    return found if rest == number(1) else found + of_one("log", rest)


def tanh(x: Any) -> Number:
    """The hyperbolic tangent, by exponentials."""
    return 1 - 2 / (exp(2 * number(x)) + 1)


def step(x: Any) -> Number:
    """1 where x > 0, else 0; where x = 0 is not looked at."""
    if steps := steps_in(x := number(x)):
        return case_by_case(x, steps, step)
    if x.value is not None:
        return number(int(x.value > 0))
    _, x = x.shared(_positive)
    first = x.terms[min(x.terms, key=place_of)]
    upwards = of_one("step", x * (Fraction(1) / first))
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
    if factor.kind in ("sum", "several"):
        return _all_positive(factor.parts[-1])
    return factor.kind in NEVER_ZERO


def _all_positive(x: Number) -> bool:
    return all(c > 0 and all(_positive(f) for f, _ in one) for one, c in x.terms.items())


MAKERS.update(exp=exp, log=log, step=step)
