"""A function run once on arrays that write down what NumPy does to them.

>>> import numpy as np
>>> tape, _ = record(lambda Z: (Z @ Z.T, Z @ Z.T + 1), (np.ones((2, 3)),))
>>> for step in tape.steps:
...     print(step.result, "=", step.function.__name__, *step.inputs)
v1 = matmul v0 v0.T
v2 = add v1 1
>>> tape.result
(v1, v2)
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from shapecheck_bp.transpose import map_leaves

CONSTANTS = int | float | str | np.dtype | type | None


class NotRecordable(Exception):
    """A function that looks at values, or does what no list of steps can say."""


@dataclass(frozen=True)
class Ref:
    """A value of a run by its place on the tape, as it is or transposed."""

    place: int
    flipped: bool = False

    def __repr__(self) -> str:
        return f"v{self.place}.T" if self.flipped else f"v{self.place}"


class Step(NamedTuple):
    """What NumPy did once: ``result = function(*inputs, **settings)``.

    The inputs are values of the run, constants, and tuples of these; the settings are constants.
    """

    function: Callable[..., Any]
    inputs: tuple[Any, ...]
    settings: dict[str, Any]
    result: Ref


class Kind(NamedTuple):
    """What is known of a value before it is computed."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    order: str  # "C" or "F" as it lies in memory; "" for a NumPy scalar, and for what has gaps

    @classmethod
    def of(cls, value: Any) -> "Kind":
        """The kind of an array or a NumPy scalar."""
        order = ""
        if isinstance(value, np.ndarray) and value.flags.forc:
            order = "C" if value.flags.c_contiguous else "F"
        return cls(value.shape, value.dtype, order)

    @property
    def nbytes(self) -> int:
        """The memory it takes."""
        return prod(self.shape) * self.dtype.itemsize


def refs_in(value: Any) -> Iterator[Ref]:
    """The values of a run that the inputs of a step, or a result, speak of."""
    if isinstance(value, Ref):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from refs_in(item)


class Tape:
    """The steps of a run, each of them once, however often the function took it."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.kinds: list[Kind] = []  # of each value, by its place
        self.given = 0  # so many of the values, the first ones, are arguments
        self.arguments: Any = None  # a Ref for an array, and None for all else
        self.result: Any = None
        self._known: dict[tuple[Callable[..., Any], str], Ref] = {}

    def new(self, value: Any) -> Ref:
        """A place for a value."""
        self.kinds.append(Kind.of(value))
        return Ref(len(self.kinds) - 1)

    def take(
        self, function: Callable[..., Any], inputs: tuple[Any, ...], settings: dict[str, Any]
    ) -> "Recorded":
        """Take a step, and write it down unless it has been taken before."""
        value = function(*map(_value, inputs), **settings)
        refs = tuple(map(_written_down, inputs))
        if not isinstance(value, np.ndarray | np.generic):
            raise NotRecordable(f"{function.__name__} gives a {type(value).__name__}")
        # BLAS has a routine of its own for A @ A.T, and did not take it for two that are equal.
        equal = function is np.matmul and refs[0].place == refs[1].place
        if equal and not np.may_share_memory(*map(_value, inputs)):
            raise NotRecordable("a product of two arrays that are equal")
        known = function, repr((refs, settings))  # 1, 1.0 and True are equal, and written otherwise
        if known not in self._known:
            self._known[known] = self.new(value)
            self.steps.append(Step(function, refs, settings, self._known[known]))
        return Recorded(value, self._known[known], self)


class Recorded(NDArrayOperatorsMixin):
    """An array with its place on the tape; what is done to it is done, and written down."""

    def __init__(self, value: Any, ref: Ref, tape: Tape) -> None:
        self.value, self.ref, self.tape = value, ref, tape

    shape = property(lambda self: self.value.shape)
    dtype = property(lambda self: self.value.dtype)
    ndim = property(lambda self: self.value.ndim)

    @property
    def T(self) -> "Recorded":
        """The same value transposed, which is no step."""
        flipped = Ref(self.ref.place, not self.ref.flipped)
        return Recorded(self.value.T, flipped, self.tape)

    def __array_namespace__(self, api_version: str | None = None) -> Any:
        """NumPy, which asks the two methods below."""
        import array_api_compat.numpy  # brings all of NumPy along, which takes 50 ms

        return array_api_compat.numpy

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **settings: Any) -> Any:
        """Take the step of an operator or a function such as ``np.exp``."""
        if method != "__call__" or ufunc.nout != 1 or settings:
            raise NotRecordable(f"{ufunc.__name__}.{method} with {settings}")
        return self.tape.take(ufunc, inputs, settings)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """Take the step of any other function, such as ``np.sum``."""
        return self.tape.take(function, args, kwargs)

    def astype(self, dtype: Any, copy: bool = True) -> Any:
        """Take the step of a change of dtype."""
        return self.tape.take(np.ndarray.astype, (self, np.dtype(dtype)), {})

    def __pow__(self, power: Any) -> Any:
        """Take the step that NumPy's ``** 2`` is."""
        if type(power) is not int or power != 2:  # NumPy's ** has its rules for other constants
            raise NotRecordable(f"the power {power}")
        return self.tape.take(np.square, (self,), {})

    def _looked_at(self, *args: Any) -> Any:
        raise NotRecordable("a value is looked at")

    __bool__ = __int__ = __float__ = __index__ = __iter__ = __len__ = __array__ = _looked_at
    __getitem__ = __setitem__ = _looked_at


def _value(item: Any) -> Any:
    """What a step computes with."""
    if isinstance(item, list | tuple):
        return [_value(inner) for inner in item]
    return item.value if isinstance(item, Recorded) else item


def _written_down(item: Any) -> Any:
    """What the tape says of it."""
    if isinstance(item, list | tuple):
        return tuple(map(_written_down, item))
    if isinstance(item, Recorded):
        return item.ref
    if not isinstance(item, CONSTANTS):
        raise NotRecordable(f"a {type(item).__name__} that came from elsewhere")
    return item


def record(function: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[Tape, Any]:
    """Run a function, and return what it did and what it gave.

    What may be different in another run are the numbers in the arrays, here and in tuples; a
    network and None are as they are now.

    Raises:
        NotRecordable: the result could depend on more than the steps.
    """
    tape = Tape()

    def given(value: Any) -> Any:
        if type(value) is np.ndarray:
            tape.given += 1
            return Recorded(value, tape.new(value), tape)
        if value is None or hasattr(value, "__shape_axes__"):
            return value
        raise NotRecordable(f"a {type(value).__name__}")

    def given_back(value: Any) -> Ref:
        if not isinstance(value, Recorded):
            raise NotRecordable(f"it gives a {type(value).__name__}")
        return value.ref

    wrapped = map_leaves(given, arguments)
    result = function(*wrapped)
    tape.arguments = map_leaves(lambda value: getattr(value, "ref", None), wrapped)
    tape.result = map_leaves(given_back, result)
    return tape, map_leaves(_value, result)
