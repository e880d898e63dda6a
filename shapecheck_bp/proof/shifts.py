"""exp, log and sums in which a softmax's shift by the largest cancels before anything is compared.

Subtracting one number from every exponent changes no softmax. The code does it so that nothing
overflows; here that number is taken out of exponentials, of sums and of logarithms, where it meets
itself with the other sign. Nothing is assumed of it but that it is one number.

>>> z, w = sympy.symbols("z w")
>>> E = [exp(z - Largest(z, w)), exp(w - Largest(z, w))]
>>> E[0] / total(E)
exp(z)/(exp(w) + exp(z))
>>> z - Largest(z, w) - log(total(E))
z - log(exp(w) + exp(z))
"""

from collections.abc import Iterable
from functools import reduce
from typing import Any

import sympy
from sympy import Add, Function, Mul


class Largest(Function):  # type: ignore[misc]
    """The max of some numbers, of whose value and slope nothing is used."""

    is_extended_real = is_real = True

    def fdiff(self, argindex: int = 1) -> Any:
        """A slope in each direction, whatever it is."""
        return Function(f"Largest_{argindex}", real=True)(*self.args)


def exp(entry: Any) -> Any:
    """e ** (z - largest) as e ** z * e ** -largest."""
    parts = Add.make_args(entry)
    shifts = [part for part in parts if part.has(Largest)]
    rest = Add(*(part for part in parts if part not in shifts))
    return Mul(*map(sympy.exp, shifts), sympy.exp(rest))


def log(entry: Any) -> Any:
    """The logarithm of e ** -largest * s as -largest + log(s)."""
    factors = Mul.make_args(entry)
    powers = [factor for factor in factors if isinstance(factor, sympy.exp)]
    rest = Mul(*(factor for factor in factors if factor not in powers))
    return Add(*(power.exp for power in powers), sympy.log(rest))


def larger(a: Any, b: Any) -> Any:
    """max(a, b), left as it stands where SymPy would only search in vain for which it is."""
    return sympy.Max(a, b, evaluate=not any(isinstance(one, Add) for one in (a, b)))


def smaller(a: Any, b: Any) -> Any:
    """min(a, b), likewise."""
    return sympy.Min(a, b, evaluate=not any(isinstance(one, Add) for one in (a, b)))


def total(terms: Iterable[Any]) -> Any:
    """A sum, with what all terms share of e ** -largest in front."""
    factors = [set(Mul.make_args(term)) for term in terms]
    shared = {one for one in reduce(set.intersection, factors) if one.has(Largest)}
    return Mul(*shared, Add(*(Mul(*(one - shared)) for one in factors)))
