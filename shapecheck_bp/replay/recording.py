"""A function run once on arrays that write down what is done to them.

Whatever library an array is from, a function asks for its namespace and calls the functions of the
array API there, or uses Python's operators; both are named on the tape as the standard names them.

>>> import numpy as np
>>> tape, _ = record(lambda Z: (Z @ Z.T, Z @ Z.T + 1), (np.ones((2, 3)),))
>>> for step in tape.steps:
...     print(step.result, "=", step.function, *step.inputs)
v1 = matmul v0 v0.T
v2 = add v1 1
>>> tape.result
(v1, v2)
"""

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from math import prod
from typing import Any, NamedTuple

from array_api_compat import array_namespace

from shapecheck_bp.transpose import map_leaves

LIBRARIES = ("cupy", "numpy", "torch")  # each has a module here, in_numpy and so on
OPERATORS = {
    "add": ("add", operator.add),
    "sub": ("subtract", operator.sub),
    "mul": ("multiply", operator.mul),
    "truediv": ("divide", operator.truediv),
    "matmul": ("matmul", operator.matmul),
    "gt": ("greater", operator.gt),
    "ge": ("greater_equal", operator.ge),
    "lt": ("less", operator.lt),
    "le": ("less_equal", operator.le),
    "eq": ("equal", operator.eq),
    "ne": ("not_equal", operator.ne),
}


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
    """What was done once: ``result = function(*inputs, **settings)``.

    The inputs are values of the run, constants, and tuples of these; the settings are constants.
    On a tape a function is a name of the array API, of which a library makes what is called.
    """

    function: Any
    inputs: tuple[Any, ...]
    settings: dict[str, Any]
    result: Ref
    fresh: bool = False
    """Whether the result is surely new memory, and no view of an operand."""
    entrywise: bool = False
    """Whether an entry of the result depends on the same entry of each operand alone."""
    room: str = ""
    """The setting by which the function is told where to put its result, if it has one."""


class Kind(NamedTuple):
    """What is known of a value before it is computed."""

    shape: tuple[int, ...]
    dtype: Any
    order: str  # "C" or "F" as it lies in memory; "" for a NumPy scalar, and for what has gaps

    @property
    def nbytes(self) -> int:
        """The memory it takes."""
        return int(prod(self.shape) * self.dtype.itemsize)


def refs_in(value: Any) -> Iterator[Ref]:
    """The values of a run that the inputs of a step, or a result, speak of."""
    if isinstance(value, Ref):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from refs_in(item)


class Tape:
    """The steps of a run, each of them once, however often the function took it."""

    def __init__(self, library: Any, first: Any) -> None:
        """Begin empty, for arrays of a library (``in_numpy``, …), of which this is one."""
        self.library, self.first, self.xp = library, first, array_namespace(first)
        self.namespace = Namespace(self)
        self.steps: list[Step] = []
        self.kinds: list[Kind] = []  # of each value, by its place
        self.given = 0  # so many of the values, the first ones, are arguments
        self.arguments: Any = None  # a Ref for an array, and None for all else
        self.result: Any = None
        self._known: dict[tuple[str, str], Ref] = {}

    def new(self, value: Any) -> Ref:
        """A place for a value."""
        self.kinds.append(self.library.kind(value))
        return Ref(len(self.kinds) - 1)

    def take(
        self, name: str, function: Callable[..., Any], inputs: tuple[Any, ...], settings: Any
    ) -> "Recorded":
        """Take a step, and write it down unless it has been taken before."""
        values = [_value(item) for item in inputs]
        value = function(*values, **settings)
        refs = tuple(map(self._written_down, inputs))
        for setting in settings.values():
            self._written_down(setting)
        if not isinstance(value, self.library.RESULTS):
            raise NotRecordable(f"{name} gives a {type(value).__name__}")
        # BLAS has a routine of its own for A @ A.T, and did not take it for two that are equal.
        equal = name == "matmul" and refs[0].place == refs[1].place
        if equal and inputs[0].made is not inputs[1].made:
            raise NotRecordable("a product of two arrays that are equal")
        known = name, repr((refs, settings))  # 1, 1.0 and True are equal, and written otherwise
        if known not in self._known:
            self._known[known] = self.new(value)
            self.steps.append(Step(name, refs, settings, self._known[known]))
        return Recorded(value, self._known[known], self)

    def _written_down(self, item: Any) -> Any:
        """What is said of an input."""
        if isinstance(item, list | tuple):
            return tuple(map(self._written_down, item))
        if isinstance(item, Recorded):
            return item.ref
        if item is not None and not isinstance(item, (int, float, str, *self.library.CONSTANTS)):
            raise NotRecordable(f"a {type(item).__name__} that came from elsewhere")
        return item


class Namespace:
    """A library's functions, each of which takes its step."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._tape.xp, name)
        if isinstance(found, type) or not callable(found):
            return found
        return lambda *inputs, **settings: self._tape.take(name, found, inputs, settings)


class Recorded:
    """An array with its place on the tape; what is done to it is done, and written down."""

    def __init__(self, value: Any, ref: Ref, tape: Tape) -> None:
        self.value, self.ref, self.tape = value, ref, tape
        self.made = value  # and not what is only transposed

    shape = property(lambda self: self.value.shape)
    dtype = property(lambda self: self.value.dtype)
    ndim = property(lambda self: self.value.ndim)

    @property
    def T(self) -> "Recorded":
        """The same value transposed, which is no step."""
        flipped = Recorded(self.value.T, Ref(self.ref.place, not self.ref.flipped), self.tape)
        flipped.made = self.made
        return flipped

    def __array_namespace__(self, api_version: str | None = None) -> Any:
        return self.tape.namespace

    def __neg__(self) -> "Recorded":
        return self.tape.take("negative", operator.neg, (self,), {})

    def __pow__(self, power: Any) -> "Recorded":
        if type(power) is not int or power != 2:  # libraries have rules for other constants
            raise NotRecordable(f"the power {power}")
        return self.tape.take("square", lambda value: value**2, (self,), {})

    def _looked_at(self, *args: Any) -> Any:
        raise NotRecordable("a value is looked at")

    __bool__ = __int__ = __float__ = __index__ = __iter__ = __len__ = __array__ = _looked_at
    __getitem__ = __setitem__ = _looked_at
    __array_ufunc__ = None  # what stands beside it leaves the operator to it
    __hash__ = object.__hash__


def _operator(name: str, function: Callable[..., Any], swapped: bool) -> Callable[..., Any]:
    if swapped:
        return lambda self, other: self.tape.take(name, function, (other, self), {})
    return lambda self, other: self.tape.take(name, function, (self, other), {})


for _method, _known in OPERATORS.items():
    setattr(Recorded, f"__{_method}__", _operator(*_known, swapped=False))
    setattr(Recorded, f"__r{_method}__", _operator(*_known, swapped=True))


def _value(item: Any) -> Any:
    """What a step computes with."""
    if isinstance(item, list | tuple):
        return [_value(inner) for inner in item]
    return item.value if isinstance(item, Recorded) else item


def library_of(arguments: Any) -> tuple[Any, list[Any]]:
    """The module here that knows of the library of the arguments' arrays; and those arrays.

    Raises:
        NotRecordable: there is none.
    """
    leaves: list[Any] = []
    map_leaves(leaves.append, arguments)
    arrays = [leaf for leaf in leaves if hasattr(leaf, "dtype")]
    name = type(arrays[0]).__module__.partition(".")[0] if arrays else "nothing"
    if name not in LIBRARIES:
        raise NotRecordable(f"arrays of {name}")
    return import_module(f"shapecheck_bp.replay.in_{name}"), arrays


def record(function: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[Tape, Any]:
    """Run a function, and return what it did and what it gave.

    What may be different in another run are the numbers in the arrays, here and in tuples; a
    network and None are as they are now.

    Raises:
        NotRecordable: the result could depend on more than the steps.
    """
    library, arrays = library_of(arguments)
    tape = Tape(library, arrays[0])

    def given(value: Any) -> Any:
        if type(value) in library.ARRAYS:
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
