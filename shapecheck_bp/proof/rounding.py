"""Arrays that know how far rounding is likely to have taken them.

The model is that of Higham and Mary (A new approach to probabilistic rounding error analysis,
2019): roundings are independent and zero in the mean, and none is larger than u = 2**-53 (2**-24 in
float32) times what is rounded. Then the error of a result is a sum of independent parts, one for
each rounding on the way, and by Hoeffding's inequality it is larger than λ times the root of the
sum of their squares with a probability of at most 2 exp(-λ²/2), which is 7e-6 for λ = 5. So it
grows with the root of the number of roundings. It is no certain bound, and it leaves out what is
of the order of u².

How large each part is, the values on the way say. A sum of n terms x_k with the result S, in random
order, has partial sums whose squares add up to n (S² / 3 + Σ x_k² / 6) in the mean, and so much is
rounded. How parts add up further on, with what they have in common, is not guessed: every rounding
gets a random sign, in 8 runs side by side, and is carried on by the derivative of each step. The
mean square over the runs stands for the sum of squares. Of exp, log, log1p and tanh it is assumed
that NumPy's are right to 4 units in the last place.

An array also knows its grain, a power of two of which every entry is a whole multiple. Where the
absolute values of the terms add up to at most 2**53 grains, every partial sum is such a number, is
represented exactly, and the bound is zero: nothing was rounded, in whatever order.

>>> X = Rounded(np.array([[3.0, 5.0]]))
>>> (X @ X.T).value, (X @ X.T).error
(array([[34.]]), array([[0.]]))
>>> bool(np.allclose((X / 3).error, LIKELY * 2.0**-53 * X.value / 3))
True
"""

import math
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from shapecheck_bp.proof.arithmetic import Arithmetic

LIKELY = 5  # λ
RUNS = 8
ULPS = 4  # how far NumPy's exp, log, log1p and tanh may be from the truth


class Rounded(Arithmetic):
    """An array, what rounding may have added to it in each run, and its grain where it has one."""

    random: ClassVar[np.random.Generator] = np.random.default_rng(0)

    def __init__(
        self, value: Any, parts: Any = 0.0, grain: float | None = None, dtype: Any = None
    ) -> None:
        """Take an array as exact, or with the parts of its error and the grain that are known."""
        self.dtype = np.dtype(getattr(value, "dtype", "float64") if dtype is None else dtype)
        self.value = np.asarray(value, dtype="float64")
        # Past the largest number, or where nothing is known, there is no bound.
        lost = ~(np.abs(self.value) <= np.finfo(self.dtype).max)
        parts = np.where(lost, np.inf, parts) if lost.any() else np.asarray(parts)
        exactly = not parts.any()
        shape = (RUNS, *self.value.shape)
        self.parts = np.zeros(()) if exactly else np.broadcast_to(parts, shape)
        exact = grain is None and dtype is None
        self.grain = _grain(self.value) if exact else grain

    @property
    def error(self) -> Any:
        """How far off it is, with the probability that λ gives."""
        with np.errstate(all="ignore"):
            parts = np.broadcast_to(self.parts, (RUNS, *self.shape))
            error = LIKELY * np.sqrt(np.mean(parts**2, axis=0))
        return np.where(np.isnan(error), np.inf, error)

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """The shape."""
        return self.value.shape

    @property
    def T(self) -> "Rounded":
        """The transpose."""
        parts = np.swapaxes(self.parts, 1, -1) if self.parts.ndim else self.parts
        return Rounded(self.value.T, parts, self.grain, self.dtype)

    def __getitem__(self, place: Any) -> "Rounded":
        place = place if isinstance(place, tuple) else (place,)
        parts = self.parts[(slice(None), *place)] if self.parts.ndim else self.parts
        return Rounded(self.value[place], parts, self.grain, self.dtype)

    def __matmul__(self, other: Any) -> "Rounded":
        """A sum of n products for each entry."""
        a, b = self.value, other.value
        parts: Any = np.zeros(())
        if self.parts.ndim:
            rows = self.parts.reshape(-1, b.shape[0]) @ b  # one product, and not one for each run
            parts = rows.reshape(RUNS, -1, b.shape[1])
        if other.parts.ndim:
            parts = parts + a @ other.parts
        sums = a @ b, np.abs(a) @ np.abs(b), a**2 @ b**2
        return self._sum(sums, parts, a.shape[-1], _product(self, other))

    @classmethod
    def combine(cls, operation: str, left: Any, right: Any) -> "Rounded":
        """Combine entry by entry."""
        a, b = _alike(left, right)
        with np.errstate(all="ignore"):
            return _COMBINE[operation](a, b)

    def apply(self, function: str) -> "Rounded":
        """exp, log and tanh are right to a few units in the last place; abs is right."""
        v = self.value
        if function == "abs":
            return Rounded(np.abs(v), np.sign(v) * self.parts, self.grain, self.dtype)
        with np.errstate(all="ignore"):
            value = getattr(np, function)(v)
            parts = np.where(self.parts == 0, 0, _SLOPES[function](v, value) * self.parts)
        return self._rounded(value, parts, ULPS * 2 * np.abs(value))

    def reduce(self, function: str, axis: int | None, keepdims: bool) -> "Rounded":
        """A sum in random order; the max is as far off as the largest."""
        v, parts = self.value, self.parts
        if function == "max":
            assert axis is not None
            first = np.expand_dims(np.argmax(v, axis=axis), axis)
            value = np.take_along_axis(v, first, axis)
            if parts.ndim:
                parts = np.take_along_axis(parts, first[None], axis % v.ndim + 1)
            found = Rounded(value, parts, self.grain, self.dtype)
            return (
                found if keepdims else found[tuple(0 if i == axis else slice(None) for i in (0, 1))]
            )
        axes = tuple(range(v.ndim)) if axis is None else (axis % v.ndim,)
        sums = [np.sum(one, axis=axes, keepdims=keepdims) for one in (v, np.abs(v), v**2)]
        if parts.ndim:
            parts = np.sum(parts, axis=tuple(one + 1 for one in axes), keepdims=keepdims)
        return self._sum(sums, parts, math.prod(v.shape[one] for one in axes), self.grain)

    @classmethod
    def astype(cls, array: "Rounded", dtype: Any) -> "Rounded":
        """True and false as 1 and 0."""
        return Rounded(array.value, array.parts, array.grain, dtype)

    @classmethod
    def where(cls, condition: "Rounded", a: Any, b: Any) -> "Rounded":
        """Take from a or b, and where the condition may be either, allow for both."""
        condition, a, b = _alike(condition, a, b)
        true = condition.value != 0
        parts = np.where(true, a.parts, b.parts) + condition.parts * (a.value - b.value)
        return Rounded(np.where(true, a.value, b.value), parts, _lesser(a, b), condition.dtype)

    @property
    def unit(self) -> float:
        """The unit roundoff u."""
        return float(np.finfo(self.dtype).eps) / 2

    def _sum(self, sums: Any, parts: Any, count: int, grain: Any) -> "Rounded":
        value, terms, squares = sums
        if _fits(terms, grain, self.unit):
            return Rounded(value, parts, grain, self.dtype)
        own = np.sqrt(count * (value**2 / 3 + squares / 6) + squares)
        return self._rounded(value, parts, own)

    def _rounded(self, value: Any, parts: Any, own: Any) -> "Rounded":
        """The result of a step that is rounded itself, by ``own`` units of u, and underflows."""
        signs = 2.0 * self.random.integers(0, 2, (RUNS, *np.shape(value))) - 1
        least = np.finfo(self.dtype).smallest_subnormal
        return Rounded(value, parts + signs * (self.unit * own + least), None, self.dtype)


def _alike(*values: Any) -> list[Rounded]:
    """Arrays and numbers as arrays of as many axes."""
    dtype = next(one.dtype for one in values if isinstance(one, Rounded))
    made = [one if isinstance(one, Rounded) else _constant(one, dtype) for one in values]
    axes = max(one.ndim for one in made)
    for place, one in enumerate(made):
        shape = (1,) * (axes - one.ndim) + one.shape
        parts = one.parts.reshape(RUNS, *shape) if one.parts.ndim else one.parts
        made[place] = Rounded(one.value.reshape(shape), parts, one.grain, one.dtype)
    return made


def _fits(terms: Any, grain: float | None, unit: float) -> bool:
    """Whether sums of these magnitudes are represented exactly, in any order."""
    return grain is not None and bool(np.max(terms, initial=0.0) * unit < grain)


def _product(a: Rounded, b: Rounded) -> float | None:
    return a.grain * b.grain if a.grain is not None and b.grain is not None else None


def _lesser(a: Rounded, b: Rounded) -> float | None:
    return min(a.grain, b.grain) if a.grain is not None and b.grain is not None else None


def _once(a: Rounded, value: Any, parts: Any, terms: Any, grain: float | None) -> Rounded:
    """The result of one operation, rounded once unless it fits."""
    if _fits(terms, grain, a.unit):
        return Rounded(value, parts, grain, a.dtype)
    return a._rounded(value, parts, np.abs(value))


def _add(a: Rounded, b: Rounded, sign: int = 1) -> Rounded:
    terms = np.abs(a.value) + np.abs(b.value)
    return _once(a, a.value + sign * b.value, a.parts + sign * b.parts, terms, _lesser(a, b))


def _multiply(a: Rounded, b: Rounded) -> Rounded:
    value, parts = a.value * b.value, a.parts * b.value + a.value * b.parts
    return _once(a, value, parts, np.abs(value), _product(a, b))


def _divide(a: Rounded, b: Rounded) -> Rounded:
    value = a.value / b.value
    parts = (a.parts - value * b.parts) / b.value
    if b.value.size == 1 and math.frexp(abs(b.value.item()))[0] == 0.5 and not b.parts.ndim:
        grain = a.grain / abs(b.value.item()) if a.grain is not None else None
        return Rounded(value, parts, grain, a.dtype)  # by a power of two
    return _once(a, value, parts, np.inf, None)


def _power(a: Rounded, b: Rounded) -> Rounded:
    if b.value.item() != 2:
        raise ValueError(f"a power of {b.value.item()}: only squares are bounded")
    return _multiply(a, a)


def _one_of(first: Any, a: Rounded, b: Rounded) -> Rounded:
    """The entries of a where they come first, else those of b."""
    parts = np.where(first, a.parts, b.parts)
    return Rounded(np.where(first, a.value, b.value), parts, _lesser(a, b), a.dtype)


def _exceeds(a: Rounded, b: Rounded) -> Rounded:
    """1 where a > b, which is uncertain where they are within their errors."""
    error = a.error + b.error
    unsure = (np.abs(a.value - b.value) <= error) & (error > 0)
    return Rounded(a.value > b.value, np.where(unsure, 1.0, 0.0), 1.0, a.dtype)


def _constant(number: Any, dtype: Any) -> Rounded:
    """A number in the code, rounded to the arrays' float type."""
    value = np.float64(float(number))
    if float(dtype.type(value)) == value:
        return Rounded(value, 0.0, _grain(value), dtype)
    return Rounded(value, np.finfo(dtype).eps * np.abs(value), None, dtype)


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
    "max": lambda a, b: _one_of(a.value > b.value, a, b),
    "min": lambda a, b: _one_of(a.value < b.value, a, b),
    ">": _exceeds,
    "<": lambda a, b: _exceeds(b, a),
}
_SLOPES: dict[str, Callable[[Any, Any], Any]] = {
    "exp": lambda v, f: f,
    "log": lambda v, f: 1 / v,
    "log1p": lambda v, f: 1 / (1 + v),
    "tanh": lambda v, f: 1 - f**2,
}
