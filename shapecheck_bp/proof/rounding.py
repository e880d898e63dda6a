r"""Arrays that know how far rounding is likely to have taken them.

The model is that of Higham and Mary (A new approach to probabilistic rounding error analysis,
2019): roundings are independent and zero in the mean, and none is larger than u = 2**-53 (2**-24 in
float32) times what is rounded. Then the error of a result is a sum of independent parts, one for
each rounding on the way, and by Hoeffding's inequality it is larger than λ times the root of the
sum of their squares with a probability of at most 2 exp(-λ²/2), which is 7e-6 for λ = 5. So it
grows with the root of the number of roundings. It is no certain bound, and it leaves out what is
of the order of u².

The sum of squares is measured, on the values at hand. The code runs in float64, once as it is and
16 times side by side with a random normal number for every rounding: the result of each step is
moved by so much of what rounding may do to it, but in a unit of 2**-26, beside which float64's own
rounding is nothing. The mean square of how far the runs end from the first, scaled back to u,
stands for the sum of squares. It is an estimate, so that λ is 6.5 here: what Student's t with 16
degrees of freedom is beyond with that probability.

A sum of n terms x_k with the result S, in random order, has partial sums whose squares add up to
n (S² / 3 + Σ x_k² / 6) in the mean, and so much is rounded. Of exp, log, log1p and tanh it is
assumed that NumPy's are right to 4 units in the last place.

>>> X = Rounded.exact(np.array([[3.0, 5.0]]))
>>> (X / 3).value
array([[1.        , 1.66666667]])
>>> bool(np.all((X / 3).error > 2.0**-53)), bool(np.all((X / 3).error < 20 * 2.0**-53))
(True, True)
"""

import math
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from shapecheck_bp.proof.arithmetic import Arithmetic
from shapecheck_bp.transpose import map_leaves

LIKELY = 6.5  # λ
RUNS = 16
UNIT = 2.0**-26  # by which the runs are moved
ULPS = 4  # how far NumPy's exp, log, log1p and tanh may be from the truth


class Rounded(Arithmetic):
    """A float64 array, as it is and in runs that are moved; and the type whose rounding is meant.

    The first axis of ``runs`` counts them. The one at 0 is not moved.
    """

    random: ClassVar[np.random.Generator] = np.random.default_rng(0)

    def __init__(self, runs: Any, dtype: Any) -> None:
        self.runs = runs
        self.dtype = np.dtype(dtype)
        self.unit = float(np.finfo(self.dtype).eps) / 2

    @classmethod
    def exact(cls, value: Any) -> "Rounded":
        """An array of which nothing has been rounded yet."""
        wide = np.asarray(value, dtype="float64")
        return cls(np.broadcast_to(wide, (1 + RUNS, *wide.shape)), value.dtype)

    @property
    def value(self) -> Any:
        """What comes out in float64."""
        return self.runs[0]

    @property
    def error(self) -> Any:
        """How far off it is, with the probability that λ gives; infinite where that is unknown."""
        with np.errstate(all="ignore"):
            squares = np.mean((self.runs[1:] - self.value) ** 2, axis=0)
        error = LIKELY * np.sqrt(squares) * (self.unit / UNIT)
        return np.where(np.isfinite(error), error, np.inf)

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """The shape."""
        return self.runs.shape[1:]  # type: ignore[no-any-return]

    @property
    def T(self) -> "Rounded":
        """The transpose."""
        return self._with(np.swapaxes(self.runs, 1, -1))

    def __getitem__(self, place: Any) -> "Rounded":
        place = place if isinstance(place, tuple) else (place,)
        return self._with(self.runs[(slice(None), *place)])

    def __matmul__(self, other: Any) -> "Rounded":
        """A sum of n products for each entry."""
        squares = self.value**2 @ other.value**2
        return self._sum(self.runs @ other.runs, squares, self.shape[-1])

    @classmethod
    def combine(cls, operation: str, left: Any, right: Any) -> "Rounded":
        """Combine entry by entry."""
        like = left if isinstance(left, Rounded) else right
        axes = max(np.ndim(getattr(one, "value", one)) for one in (left, right))
        a, b = (like._operand(one, axes) for one in (left, right))
        with np.errstate(all="ignore"):
            if operation in "<>":
                return like._above(a - b if operation == ">" else b - a)
            made = COMBINE[operation](a, b)
        return like._with(made) if operation in CHOOSE else like._rounded(made, np.abs(made[0]))

    def apply(self, function: str) -> "Rounded":
        """exp, log and tanh are right to a few units in the last place; abs is right."""
        with np.errstate(all="ignore"):
            made = getattr(np, function)(self.runs)
        return (
            self._with(made)
            if function == "abs"
            else self._rounded(made, 2 * ULPS * np.abs(made[0]))
        )

    def reduce(self, function: str, axis: int | None, keepdims: bool) -> "Rounded":
        """A sum in random order; the max is the largest of each run."""
        axes = tuple(range(self.ndim)) if axis is None else (axis % self.ndim,)
        of_runs = tuple(one + 1 for one in axes)
        made = getattr(np, function)(self.runs, axis=of_runs, keepdims=keepdims)
        if function == "max":
            return self._with(made)
        squares = np.sum(self.value**2, axis=axes, keepdims=keepdims)
        return self._sum(made, squares, math.prod(self.shape[one] for one in axes))

    def _with(self, runs: Any) -> "Rounded":
        return Rounded(runs, self.dtype)

    def _operand(self, other: Any, axes: int) -> Any:
        """The runs of an array or a number, with axes of size 1 in front."""
        if isinstance(other, Rounded):
            runs = other.runs
        else:
            runs = np.full(1 + RUNS, float(other))
            if float(self.dtype.type(other)) != other:  # 0.01, say
                runs = self._rounded(runs, np.abs(runs[0])).runs
        return runs.reshape(1 + RUNS, *(1,) * (axes + 1 - runs.ndim), *runs.shape[1:])

    def _above(self, difference: Any) -> "Rounded":
        """1 where the difference is above 0; moved by 1 where rounding may decide it."""
        off = self._with(difference)
        unsure = (np.abs(off.value) <= off.error) & (off.error > 0)
        sure = np.broadcast_to(off.value > 0, difference.shape)
        moved = np.array(sure, dtype="float64")
        moved[1:] += unsure * (UNIT / self.unit)
        return self._with(moved)

    def _sum(self, made: Any, squares: Any, count: int) -> "Rounded":
        """A sum of so many terms, whose squares add up to this."""
        return self._rounded(made, np.sqrt(count * (made[0] ** 2 / 3 + squares / 6) + squares))

    def _rounded(self, made: Any, own: Any) -> "Rounded":
        """The result of a step that is rounded by ``own`` units, and may underflow or overflow."""
        limits = np.finfo(self.dtype)
        noise = self.random.standard_normal((RUNS, *made.shape[1:]), dtype="float32")
        moved = np.array(made)
        moved[1:] += noise * (UNIT * (own + limits.smallest_subnormal / self.unit))
        moved[:, ~(np.abs(made[0]) <= limits.max)] = np.inf  # from where no error is known
        return self._with(moved)


def lifted(value: Any) -> Any:
    """Every floating-point array as one that knows its rounding."""
    Rounded.random = np.random.default_rng(0)  # the same numbers for the same calls
    return map_leaves(lambda one: Rounded.exact(one) if _is_float(one) else one, value)


def _is_float(value: Any) -> bool:
    numeric = isinstance(value, np.ndarray | np.generic)
    return numeric and np.issubdtype(value.dtype, np.floating)


COMBINE: dict[str, Callable[[Any, Any], Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "**": np.power,
    "max": np.maximum,
    "min": np.minimum,
}
CHOOSE = ("max", "min")
