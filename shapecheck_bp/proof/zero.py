"""Whether an expression is zero for all real values of its symbols, shown exactly.

Three steps, each of which loses nothing: multiply out; take the absolute values, maxima and steps
apart by the sign of what is inside; then write one exponential of each denominator as the
denominator less the others, after which multiplying out decides a rational function.

>>> x, y = sympy.symbols("x y", real=True)
>>> is_zero((x + y) ** 2 - x**2 - 2 * x * y - y**2)
True
>>> E, F = sympy.exp(x), sympy.exp(y)
>>> is_zero(1 - E / (E + F) - 1 / (1 + E / F))
True
>>> is_zero(sympy.Max(x, 0) - (x + sympy.Abs(x)) / 2)
True
>>> is_zero(sympy.Max(x, 0) - sympy.Abs(x))
False
"""

from functools import lru_cache
from typing import Any

import numpy as np
import sympy
from sympy import Abs, Add, Dummy, Heaviside, Max, Min, Mul, sign

from shapecheck_bp.activations import sigmoid
from shapecheck_bp.proof.entries import Entries, opaque_function

BENT = (Abs, Max, Min, Heaviside, sign)


@lru_cache(maxsize=4096)
def is_zero(expression: Any) -> bool:
    """Whether it is shown to be zero whatever its symbols and opaque functions stand for.

    Off the corners of ``Abs`` and its like: the two sides are looked at, and not the corner. False
    where it is not zero, and where it is zero for a reason that these three steps do not know.
    """
    expression = sympy.sympify(expression)
    bent = _inside(expression)
    if not bent:
        return _is_zero_rational(expression)
    spelled = sympy.expand(expression.xreplace({_sigmoid(z): _formula(z) for z in bent}))
    if not _inside(spelled):
        return _is_zero_rational(spelled)
    for part in _apart(spelled):
        z = min(_inside(part), key=sympy.default_sort_key)
        for side in (1, -1):
            size = Dummy("size", positive=True)
            settled = part.xreplace({z: side * size})
            corner = {size, -size} & _inside(settled)
            if corner or not is_zero(settled):  # a corner elsewhere than at zero is not decided
                return False
    return True


def _sigmoid(z: Any) -> Any:
    return opaque_function("sigmoid")(z)


def _formula(z: Any) -> Any:
    """What ``activations.sigmoid`` computes from z."""
    return sigmoid(Entries(np.array([[z]]))).values[0, 0]


def _inside(expression: Any) -> set[Any]:
    """What the functions with a corner are applied to."""
    arguments = (part for atom in expression.atoms(*BENT) for part in atom.args)
    return {part for part in arguments if not part.is_number}


def _apart(expression: Any) -> list[Any]:
    """A sum as partial sums, each with one corner, if they are zero one by one; else whole."""
    corners = _inside(expression)
    parts: dict[Any, Any] = {}
    for term in Add.make_args(expression):
        key = frozenset(z for z in corners if term.has(z))
        parts[key] = parts.get(key, 0) + term
    separate = all(len(key) == 1 for key in parts)
    return list(parts.values()) if separate else [expression]


def _is_zero_rational(expression: Any) -> bool:
    """Decide a rational function of exponentials, and of the logarithms of such."""
    multiples = {one: _multiple(one.exp) for one in expression.atoms(sympy.exp)}
    names = {z: Dummy("E", positive=True) for _, z in multiples.values()}
    powers = {one: names[z] ** times for one, (times, z) in multiples.items()}
    exponents = {E: z for z, E in names.items()}
    logs = expression.atoms(sympy.log)
    spelled = {one: _log(one.args[0].xreplace(powers), exponents) for one in logs}
    plain = expression.xreplace(spelled).xreplace(powers)
    for below in _denominators(plain):
        # E_1 + E_2 as s, so that E_2 is s - E_1 and no denominator is a sum.
        if last := [E for E in exponents if below.coeff(E) == 1 and not (below - E).has(E)]:
            plain = plain.xreplace({last[0]: Dummy("s", positive=True) - (below - last[0])})
    plain = sympy.expand(plain)
    return bool(plain == 0 or sympy.expand(sympy.numer(sympy.together(plain))) == 0)


def _multiple(exponent: Any) -> tuple[Any, Any]:
    """2 a - 2 b as 2 and a - b, b - a as -1 and a - b."""
    times, z = exponent.primitive()
    return (-times, -z) if z.could_extract_minus_sign() else (times, z)


def _denominators(expression: Any) -> list[Any]:
    powers = expression.atoms(sympy.Pow)
    return sorted(
        {one.base for one in powers if one.base.is_Add and one.exp.is_negative},
        key=sympy.default_sort_key,
    )


def _log(inside: Any, exponents: dict[Any, Any]) -> Any:
    """The logarithm of a rational function of E = exp(z), that of E itself being z."""
    found = sympy.Integer(0)
    above, below = sympy.fraction(sympy.together(inside))
    for part, side in ((above, 1), (below, -1)):
        for factor in Mul.make_args(sympy.factor_terms(sympy.expand(part))):
            base, power = factor.as_base_exp()
            found += side * power * (exponents[base] if base in exponents else sympy.log(base))
    return found
