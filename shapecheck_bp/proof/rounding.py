"""Arrays that know how far rounding may have taken them, whatever order sums are made in.

Beside each entry stands a bound on the distance between any floating-point result and the true one.
A sum of n terms in any order, with or without fused multiply-add, is off by at most

    γ_n (|x_1| + … + |x_n|),   γ_n = n u / (1 - n u),   u = 2**-53 (2**-24 in float32),

and each operation adds its own rounding to what its arguments bring. (N. J. Higham, Accuracy and
Stability of Numerical Algorithms, second edition, chapter 3.) Of exp, log, log1p and tanh it is
assumed, as NumPy's authors test, that they are right to 4 units in the last place. The bound itself
is computed in float64, whose rounding it does not count.

An array also knows its grain, a power of two of which every entry is a whole multiple. Where the
absolute values of the terms add up to at most 2**53 grains, every partial sum is such a number, is
represented exactly, and the bound is zero: nothing was rounded, in whatever order.

>>> X = Rounded(np.array([[3.0, 5.0]]))
>>> (X @ X.T).value, (X @ X.T).error
(array([[34.]]), array([[0.]]))
>>> thirds = X / 3
>>> bool(np.all(thirds.error == 2.0**-53 * np.abs(thirds.value)))
True
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from shapecheck_bp.proof.arithmetic import Arithmetic

# How far NumPy's exp, log, log1p and tanh may be from the truth, in units in the last place.
ULPS = 4


class Rounded(Arithmetic):
    """An array with a bound on its rounding error, and its grain where it has one."""

    def __init__(
        self, value: Any, error: Any = 0.0, grain: float | None = None, dtype: Any = None
    ) -> None:
        """Take an array as exact, or with the error and grain that are known."""
        self.dtype = np.dtype(getattr(value, "dtype", "float64") if dtype is None else dtype)
        self.value = np.asarray(value, dtype="float64")
        # Past the largest number, or where nothing is known, there is no bound.
        lost = np.isnan(error) | ~(np.abs(self.value) <= np.finfo(self.dtype).max)
        self.error = np.where(lost, np.inf, error)
        exact = grain is None and dtype is None
        self.grain = _grain(self.value) if exact else grain

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """The shape."""
        return self.value.shape

    @property
    def T(self) -> "Rounded":
        """The transpose."""
        return Rounded(self.value.T, self.error.T, self.grain, self.dtype)

    @property
    def size(self) -> Any:
        """No result of whatever order is larger than this."""
        return np.abs(self.value) + 2 * self.error

    def __getitem__(self, place: Any) -> "Rounded":
        return Rounded(self.value[place], self.error[place], self.grain, self.dtype)

    def __matmul__(self, other: Any) -> "Rounded":
        """A sum of n products for each entry."""
        value = self.value @ other.value
        carried = self.error @ other.size + self.size @ other.error
        terms = self.size @ other.size
        return self._sum(value, carried, terms, self.shape[-1], _product(self, other))

    @classmethod
    def combine(cls, operation: str, left: Any, right: Any) -> "Rounded":
        """Combine entry by entry."""
        dtype = next(one.dtype for one in (left, right) if isinstance(one, Rounded))
        a, b = (one if isinstance(one, Rounded) else _constant(one, dtype) for one in (left, right))
        return _COMBINE[operation](a, b)

    def apply(self, function: str) -> "Rounded":
        """exp, log and tanh are right to a few units in the last place; abs is right."""
        if function == "abs":
            return Rounded(np.abs(self.value), self.error, self.grain, self.dtype)
        with np.errstate(all="ignore"):
            value = getattr(np, function)(self.value)
            carried = _SLOPES[function](self.value, value, self.error)
        carried = np.where(self.error > 0, carried, 0.0)
        error = carried + 2 * ULPS * self.unit * (np.abs(value) + carried) + self.tiny
        return Rounded(value, error, None, self.dtype)

    def reduce(self, function: str, axis: int | None, keepdims: bool) -> "Rounded":
        """A sum in any order; the max is as far off as its arguments at most."""
        if function == "max":
            value = np.max(self.value, axis=axis, keepdims=keepdims)
            error = np.max(self.error, axis=axis, keepdims=keepdims)
            return Rounded(value, error, self.grain, self.dtype)
        value, carried, terms = (
            np.sum(one, axis=axis, keepdims=keepdims) for one in (self.value, self.error, self.size)
        )
        count = self.value.size if axis is None else self.shape[axis]
        return self._sum(value, carried, terms, count, self.grain)

    @classmethod
    def astype(cls, array: "Rounded", dtype: Any) -> "Rounded":
        """True and false as 1 and 0."""
        return Rounded(array.value, array.error, array.grain, dtype)

    @classmethod
    def where(cls, condition: "Rounded", a: Any, b: Any) -> "Rounded":
        """Take from a or b, and where the condition may be either, allow for both."""
        a, b = (
            one if isinstance(one, Rounded) else _constant(one, condition.dtype) for one in (a, b)
        )
        true, open_ = condition.value != 0, condition.error > 0
        value = np.where(true, a.value, b.value)
        error = np.where(true, a.error, b.error)
        either = np.abs(a.value - b.value) + a.error + b.error
        grain = min(a.grain, b.grain) if a.grain and b.grain else None
        return Rounded(value, np.where(open_, either, error), grain, condition.dtype)

    @property
    def unit(self) -> float:
        """The unit roundoff u."""
        return float(np.finfo(self.dtype).eps) / 2

    @property
    def tiny(self) -> float:
        """What underflow may cost."""
        return float(np.finfo(self.dtype).smallest_normal)

    def _sum(self, value: Any, carried: Any, terms: Any, count: int, grain: Any) -> "Rounded":
        if _fits(terms, grain, self.unit):
            return Rounded(value, carried, grain, self.dtype)
        gamma = count * self.unit / (1 - count * self.unit)
        return Rounded(value, carried + gamma * terms + count * self.tiny, None, self.dtype)


def _fits(terms: Any, grain: float | None, unit: float) -> bool:
    """Whether sums of these magnitudes are represented exactly, in any order."""
    return grain is not None and bool(np.max(terms, initial=0.0) * unit < grain)


def _product(a: Rounded, b: Rounded) -> float | None:
    return a.grain * b.grain if a.grain is not None and b.grain is not None else None


def _once(a: Rounded, value: Any, carried: Any, terms: Any, grain: float | None) -> Rounded:
    """The result of one operation, rounded once unless it fits."""
    if _fits(terms, grain, a.unit):
        return Rounded(value, carried, grain, a.dtype)
    error = carried + a.unit * (np.abs(value) + carried) + a.tiny
    return Rounded(value, error, None, a.dtype)


def _add(a: Rounded, b: Rounded, sign: int = 1) -> Rounded:
    grain = min(a.grain, b.grain) if a.grain is not None and b.grain is not None else None
    return _once(a, a.value + sign * b.value, a.error + b.error, a.size + b.size, grain)


def _multiply(a: Rounded, b: Rounded) -> Rounded:
    carried = a.error * b.size + a.size * b.error
    return _once(a, a.value * b.value, carried, a.size * b.size, _product(a, b))


def _divide(a: Rounded, b: Rounded) -> Rounded:
    value = a.value / b.value
    if b.value.ndim == 0 and math.frexp(abs(float(b.value)))[0] == 0.5 and not b.error.any():
        grain = a.grain / abs(float(b.value)) if a.grain is not None else None
        return Rounded(value, a.error / np.abs(b.value), grain, a.dtype)  # by a power of two
    with np.errstate(divide="ignore", invalid="ignore"):
        least = np.abs(b.value) - 2 * b.error
        most = a.size / least
        carried = np.where(least > 0, (a.error + most * b.error) / least, np.inf)
    return _once(a, value, carried, np.inf, None)


def _power(a: Rounded, b: Rounded) -> Rounded:
    if float(b.value) != 2:
        raise ValueError(f"a power of {float(b.value)}: only squares are bounded")
    return _multiply(a, a)


def _larger(a: Rounded, b: Rounded) -> Rounded:
    grain = min(a.grain, b.grain) if a.grain is not None and b.grain is not None else None
    error = np.maximum(a.error, b.error)
    return Rounded(np.maximum(a.value, b.value), error, grain, a.dtype)


def _smaller(a: Rounded, b: Rounded) -> Rounded:
    return _multiply(_constant(-1, a.dtype), _larger(-a, -b))


def _exceeds(a: Rounded, b: Rounded) -> Rounded:
    """1 where a > b, which is uncertain where they are within their errors."""
    error = 2 * (a.error + b.error)
    unsure = (np.abs(a.value - b.value) <= error) & (error > 0)
    return Rounded(a.value > b.value, np.where(unsure, 1.0, 0.0), 1.0, a.dtype)


def _constant(number: Any, dtype: Any) -> Rounded:
    """A number in the code, rounded to the arrays' float type."""
    value = float(number)
    rounded = float(dtype.type(value))
    error = 0.0 if rounded == value else float(np.finfo(dtype).eps) * abs(value)
    return Rounded(
        np.float64(value), error, _grain(np.float64(value)) if not error else None, dtype
    )


def _grain(value: Any) -> float | None:
    """A power of four, from 1 down to 2 ** -20, of which all entries are multiples."""
    for exponent in range(0, 21, 2):
        grain = 2.0**-exponent
        if np.all(np.isfinite(value)) and np.all(np.mod(value, grain) == 0):
            return grain
    return None


_COMBINE: dict[str, Callable[[Rounded, Rounded], Rounded]] = {
    "+": _add,
    "-": lambda a, b: _add(a, b, sign=-1),
    "*": _multiply,
    "/": _divide,
    "**": _power,
    "max": _larger,
    "min": _smaller,
    ">": _exceeds,
    "<": lambda a, b: _exceeds(b, a),
}
_SLOPES: dict[str, Callable[[Any, Any, Any], Any]] = {
    # How far f may be from the truth: that lies within e of v, and any result within 2 e of v.
    "exp": lambda v, f, e: np.exp(v + e) * np.expm1(e),
    "log": lambda v, f, e: np.where(v > 2 * e, e / (v - 2 * e), np.inf),
    "log1p": lambda v, f, e: np.where(1 + v > 2 * e, e / (1 + v - 2 * e), np.inf),
    "tanh": lambda v, f, e: e,
}
