r"""Arrays that know how far rounding is likely to have taken them.

The model is that of Higham and Mary (A new approach to probabilistic rounding error analysis,
2019): roundings are independent and zero in the mean, and none is larger than u = 2**-53 (2**-24 in
float32) times what is rounded. Errors go on as they do in a laboratory: f(a, b) is off by what a is
off times ∂f/∂a, and by what b is off times ∂f/∂b, and the squares of independent errors add up. So
each array has with it the squares of all that rounding has done to it, and a step adds its own:

    a + b     e(a)² + e(b)² + (u (a + b))²
    a b       (b e(a))² + (a e(b))² + (u a b)²
    g(a)      (g'(a) e(a))² + (4 u g(a))²

A sum of n terms x_k with the result S, in random order, has partial sums whose squares add up to
n (S² / 3 + Σ x_k² / 6) in the mean, and so much is rounded. Of exp, log, log1p and tanh it is
assumed that NumPy's are right to 4 units in the last place.

By Hoeffding's inequality a result is off by more than λ times the root of that sum with a
probability of at most 2 exp(-λ²/2), which is 7e-6 for λ = 5. So the bound grows with the root of
the number of roundings. It is no certain bound: it leaves out what is of the order of u², and takes
the errors of two operands for independent also where both have one from the same step.

>>> X = Rounded.exact(np.array([[3.0, 5.0]]))
>>> (X / 3).value
array([[1.        , 1.66666667]])
>>> (X / 3).error * 2**53
array([[5.        , 8.33333333]])
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from shapecheck_bp.proof.arithmetic import Arithmetic
from shapecheck_bp.transpose import map_leaves

LIKELY = 5.0  # λ
ULPS = 4  # how far NumPy's exp, log, log1p and tanh may be from the truth


class Rounded(Arithmetic):
    """A float64 array, what its error is made of, and the type whose rounding is meant.

    ``squares`` is the sum of the squares of its errors, in units of u².
    """

    def __init__(self, value: Any, squares: Any, dtype: Any) -> None:
        self.value = value
        self.squares = squares
        self.dtype = np.dtype(dtype)
        self.shape = value.shape

    @classmethod
    def exact(cls, value: Any) -> "Rounded":
        """An array of which nothing has been rounded yet."""
        wide = np.asarray(value, dtype="float64")
        return cls(wide, np.zeros(wide.shape), value.dtype)

    @property
    def unit(self) -> float:
        """u, the most that a rounding takes away from 1."""
        return float(np.finfo(self.dtype).eps) / 2

    @property
    def error(self) -> Any:
        """How far off it is, with the probability that λ gives; infinite where that is unknown."""
        error = LIKELY * self.unit * np.sqrt(self.squares)
        return np.where(np.isfinite(error), error, np.inf)

    @property
    def T(self) -> "Rounded":
        """The transpose."""
        return Rounded(self.value.T, self.squares.T, self.dtype)

    def __getitem__(self, place: Any) -> "Rounded":
        return Rounded(self.value[place], self.squares[place], self.dtype)

    def __matmul__(self, other: Any) -> "Rounded":
        """A sum of n products for each entry."""
        a, b = self.value**2, other.value**2
        passed_on = self.squares @ b + a @ other.squares
        return self._sum(self.value @ other.value, passed_on, a @ b, self.shape[-1])

    @classmethod
    def combine(cls, operation: str, left: Any, right: Any) -> "Rounded":
        """Combine entry by entry."""
        like = left if isinstance(left, Rounded) else right
        (a, e_a), (b, e_b) = like._operand(left), like._operand(right)
        if operation in "<>":
            return like._step((a - b) * (1 if operation == ">" else -1), e_a + e_b)
        f, slopes = COMBINE[operation]
        with np.errstate(all="ignore"):
            by_a, by_b = slopes(a, b)
            made, passed_on = f(a, b), by_a**2 * e_a + by_b**2 * e_b
        return like._rounded(made, passed_on, 0 if operation in ("max", "min") else 1)

    def apply(self, function: str) -> "Rounded":
        """exp, log and tanh are right to a few units in the last place; abs is right."""
        f, slope = APPLY[function]
        with np.errstate(all="ignore"):
            made, passed_on = f(self.value), slope(self.value) ** 2 * self.squares
        return self._rounded(made, passed_on, 0 if function == "abs" else 2 * ULPS)

    def reduce(self, function: str, axis: int | None, keepdims: bool) -> "Rounded":
        """A sum in random order; the max has the error of the largest."""
        over: Any = {"axis": axis, "keepdims": keepdims}
        if function == "max":
            largest = np.max(self.value, **over)
            return Rounded(largest, np.max(self.squares, **over), self.dtype)
        made, passed_on, squares = (
            np.asarray(np.sum(one, **over)) for one in (self.value, self.squares, self.value**2)
        )
        return self._sum(made, passed_on, squares, self.value.size // max(made.size, 1))

    def _operand(self, other: Any) -> Any:
        """The value and the squares of an array or a number; 0.01, say, is itself rounded."""
        if isinstance(other, Rounded):
            return other.value, other.squares
        off = float(self.dtype.type(other)) != other
        return np.float64(other), np.float64(off * other**2)

    def _step(self, difference: Any, squares: Any) -> "Rounded":
        """1 where the difference is above 0; off by 1 where rounding may decide it."""
        off = Rounded(difference, squares, self.dtype)
        unsure = (np.abs(difference) <= off.error) & (off.error > 0)
        return Rounded(np.float64(difference > 0), unsure / self.unit**2, self.dtype)

    def _sum(self, made: Any, passed_on: Any, squares: Any, count: int) -> "Rounded":
        """A sum of so many terms, whose squares add up to this."""
        return self._rounded(made, passed_on + count * (made**2 / 3 + squares / 6) + squares, 0)

    def _rounded(self, made: Any, passed_on: Any, units: int) -> "Rounded":
        """The result of a step that is rounded by so many units, and may underflow or overflow."""
        limits = np.finfo(self.dtype)
        with np.errstate(all="ignore"):
            own = (units * made) ** 2 + bool(units) * (
                float(limits.smallest_subnormal) / self.unit
            ) ** 2
        squares = np.where(np.abs(made) <= limits.max, passed_on + own, np.inf)
        return Rounded(np.asarray(made), squares, self.dtype)


def lifted(value: Any) -> Any:
    """Every floating-point array as one that knows its rounding."""
    return map_leaves(lambda one: Rounded.exact(one) if _is_float(one) else one, value)


def _is_float(value: Any) -> bool:
    numeric = isinstance(value, np.ndarray | np.generic)
    return numeric and np.issubdtype(value.dtype, np.floating)


Derivatives = Callable[[Any, Any], tuple[Any, Any]]
COMBINE: dict[str, tuple[Callable[[Any, Any], Any], Derivatives]] = {
    "+": (np.add, lambda a, b: (1, 1)),
    "-": (np.subtract, lambda a, b: (1, 1)),
    "*": (np.multiply, lambda a, b: (b, a)),
    "/": (np.divide, lambda a, b: (1 / b, a / b**2)),
    "**": (np.power, lambda a, b: (b * a ** (b - 1), 0)),
    "max": (np.maximum, lambda a, b: (a >= b, a < b)),
    "min": (np.minimum, lambda a, b: (a <= b, a > b)),
}
APPLY: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "exp": (np.exp, np.exp),
    "log": (np.log, lambda a: 1 / a),
    "log1p": (np.log1p, lambda a: 1 / (1 + a)),
    "tanh": (np.tanh, lambda a: 1 - np.tanh(a) ** 2),
    "abs": (np.abs, np.ones_like),
}
