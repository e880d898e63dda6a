r"""How far rounding is likely to take what code computes, from running it on the values at hand.

The model is that of Higham and Mary (A new approach to probabilistic rounding error analysis,
2019): roundings are independent and zero in the mean, and none is larger than u = 2**-53 (2**-24 in
float32) times what is rounded. Then the error of a result is a sum of independent parts, one for
each rounding on the way, and by Hoeffding's inequality it is larger than λ times the root of the
sum of their squares with a probability of at most 2 exp(-λ²/2), which is 7e-6 for λ = 5. So it
grows with the root of the number of roundings. It is no certain bound, and it leaves out what is
of the order of u².

The sum of squares is measured. The code runs in float64, once as it is and 16 times on arrays
(``Moved``) whose every result is moved by a random normal number times what rounding may do to it.
The mean square of how far these runs end from the first stands for the sum of squares; where u is
float64's own, what float64 itself rounds comes on top. It is an estimate, so that λ is 6.5 here:
what Student's t with 16 degrees of freedom is beyond with that probability.

A sum of n terms x_k with the result S, in random order, has partial sums whose squares add up to
n (S² / 3 + Σ x_k² / 6) in the mean, and so much is rounded. Of exp, log, log1p and tanh it is
assumed that NumPy's are right to 4 units in the last place.

>>> (third,) = likely([(X / 3,) for (X,) in in_runs((np.array([[3.0, 5.0]]),))])
>>> third.value
array([[1.        , 1.66666667]])
>>> bool(np.all(third.units > 1)), bool(np.all(third.error("float32") < 20 * 2.0**-24))
(True, True)
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from shapecheck_bp.transpose import map_leaves

LIKELY = 6.5  # λ
RUNS = 16
ULPS = 4  # how far NumPy's exp, log, log1p and tanh may be from the truth
EXACT = ("absolute", "negative", "maximum", "minimum")
ONCE = ("add", "subtract", "multiply", "divide", "square", "power")


class Moved(np.ndarray[Any, Any]):
    """A float64 array that stands for one of another float type, whose roundings are random."""

    limits: Any
    """What NumPy says of the type that is meant."""
    random: np.random.Generator

    @classmethod
    def exact(cls, value: Any, random: np.random.Generator) -> "Moved":
        """An array of which nothing has been rounded yet."""
        self = np.asarray(value, "float64").view(cls)
        self.limits, self.random = np.finfo(value.dtype), random
        return self

    def __array_finalize__(self, source: Any) -> None:
        if isinstance(source, Moved):
            self.limits, self.random = source.limits, source.random

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **settings: Any) -> Any:
        """What NumPy computes, moved by what rounding may do to it."""
        (room,) = settings.pop("out", (None,))  # of x += y, say
        read = [self._read(one) for one in inputs]
        made = np.asarray(getattr(ufunc, method)(*read, **settings))
        if made.dtype.kind == "f" and ufunc.__name__ not in EXACT:
            self._move(made, _rounded(made, ufunc, read, settings))
            made[~(np.abs(made) <= self.limits.max)] = np.inf  # from where no error is known
        if room is None:
            return self._like(made)
        np.asarray(room)[...] = made
        return room

    def __array_function__(self, *call: Any) -> Any:
        """What NumPy chooses among arrays, by np.where, is such an array again."""
        made = super().__array_function__(*call)
        return self._like(self._read(made)) if type(made) is np.ndarray else made

    def _like(self, made: Any) -> "Moved":
        moved: Moved = made.view(Moved)
        moved.limits, moved.random = self.limits, self.random
        return moved

    def _read(self, one: Any) -> Any:
        """An operand; a number such as 0.01 is rounded before anything is done with it."""
        if isinstance(one, Moved):
            return one.view(np.ndarray)
        read = np.array(one, dtype="float64")
        changed = read.astype(self.limits.dtype) != read
        return self._move(read, read * changed) if np.any(changed) else read

    def _move(self, made: Any, rounded: Any) -> Any:
        largest = np.abs(rounded) * (self.limits.eps / 2) + self.limits.smallest_subnormal
        made += self.random.standard_normal(made.shape, "float32") * largest
        return made


def _rounded(made: Any, ufunc: Any, read: list[Any], settings: Any) -> Any:
    """What is rounded in a step; in a sum the root of the sum of squares."""
    if ufunc is np.matmul:
        count, squares = read[0].shape[-1], np.square(read[0]) @ np.square(read[1])
    elif ufunc is np.add and made.size < read[0].size:
        count, squares = read[0].size / made.size, np.add.reduce(np.square(read[0]), **settings)
    else:
        return made if ufunc.__name__ in ONCE else made * (2 * ULPS)
    return np.sqrt(count * (np.square(made) / 3 + squares / 6) + squares)


@dataclass(frozen=True)
class Rounded:
    """An array in float64, and how far rounding is likely to take it, in units of u."""

    value: Any
    units: Any

    def error(self, dtype: Any) -> Any:
        """How far in that float type; infinite where that is not known."""
        return self.units * (np.finfo(dtype).eps / 2)


def of_floats(value: Any, change: Callable[[Any], Any]) -> Any:
    """What ``change`` makes of every floating-point array inside; all else as it is."""

    def one(leaf: Any) -> Any:
        numeric = isinstance(leaf, np.ndarray | np.generic)
        return change(leaf) if numeric and np.issubdtype(leaf.dtype, np.floating) else leaf

    return map_leaves(one, value)


def in_runs(arguments: Any) -> list[Any]:
    """The arguments in float64, and for each run as arrays that are moved."""
    random = np.random.default_rng(0)  # the same numbers for the same calls
    exact = of_floats(arguments, lambda one: np.asarray(one, "float64"))
    return [exact, *[of_floats(arguments, lambda one: Moved.exact(one, random))] * RUNS]


def likely(results: Sequence[Any]) -> Any:
    """What the first run gave, each array with how far rounding is likely to take it."""

    def one(value: Any, *moved: Any) -> Any:
        if not isinstance(moved[0], Moved):  # nothing that is rounded
            return value
        squares = np.mean([np.square(np.asarray(run) - value) for run in moved], axis=0)
        units = LIKELY * np.sqrt(squares) / (moved[0].limits.eps / 2)
        return Rounded(value, np.where(np.isfinite(units), units, np.inf))

    return map_leaves(one, *results)
