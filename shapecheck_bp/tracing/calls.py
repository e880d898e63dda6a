"""What a trace keeps of each checked call: names, axes and sizes, and no array."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from operator import index
from types import NoneType
from typing import Any, NamedTuple

from shapecheck_bp.shapes.arrays import dtype_name
from shapecheck_bp.shapes.law import Law
from shapecheck_bp.shapes.leaves import Leaf, axis_names, coinciding
from shapecheck_bp.shapes.repairs import is_array
from shapecheck_bp.shapes.words import first_line, function_name
from shapecheck_bp.tracing.naming import quantities, result_names, symbol_of

LONGEST = 100  # characters of a plain argument


class Place(NamedTuple):
    """One array of a call: what it is called, its axes in names and in numbers."""

    name: str
    path: str
    axes: tuple[str, ...]
    sizes: tuple[Any, ...]
    dtype: str
    blind: tuple[tuple[str, str], ...] = ()
    """The axes that no check tells apart here, because they have the same size."""

    @property
    def blind_to(self) -> str:
        """In words what a check cannot see here, or nothing."""
        if len(self.axes) == 2:
            return f"{self.name}.T" if self.blind else ""
        return ", ".join(f"{a} for {b} in {self.name}" for a, b in self.blind)


@dataclass
class Call:
    """One call of a checked function."""

    function: str
    equation: str
    """The first line of its docstring."""
    depth: int
    arguments: tuple[Place, ...]
    others: dict[str, str] = field(default_factory=dict)
    """Arguments without arrays, as they would be written down."""
    result: tuple[Place, ...] = ()
    calls: int = 0
    """How many checked calls it made itself."""
    raised: str = ""
    """The kind of exception that it ended with, or nothing."""

    @property
    def name(self) -> str:
        """The function's name alone."""
        return self.function.rpartition(".")[2]

    @property
    def places(self) -> tuple[Place, ...]:
        """Every array, arguments first."""
        return self.arguments + self.result

    @property
    def sizes(self) -> dict[str, Any]:
        """The size of each axis by name."""
        return {
            axis: size
            for place in self.places
            for axis, size in zip(place.axes, place.sizes, strict=True)
            if axis.isidentifier() and axis != "_"
        }

    @property
    def blind_to(self) -> list[str]:
        """What the check could not have seen in this call: ``A_prev.T`` in the place of A_prev."""
        return [place.blind_to for place in self.places if place.blind]

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values."""
        return {
            "function": self.function,
            "equation": self.equation,
            "depth": self.depth,
            "arguments": [_plain(place) for place in self.arguments],
            "others": self.others,
            "result": [_plain(place) for place in self.result],
            "blind_to": self.blind_to,
            "raised": self.raised or None,
        }


class Recorder:
    """A listener that writes a call down when it is entered, and its result when it is left."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    @contextmanager
    def __call__(self, law: Law, arguments: Mapping[str, Any]) -> Iterator[Callable[[Any], None]]:
        """Write down a call."""
        caller = _caller.get().get(id(self))
        leaves = law.leaves(arguments)
        given = {leaf.path.partition("[")[0].partition(".")[0] for leaf in leaves if is_array(leaf)}
        call = Call(
            function=function_name(law.function),
            equation=first_line(law.function),
            depth=caller.depth + 1 if caller else 0,
            arguments=tuple(
                _place(leaf, _argument_name(leaf)) for leaf in leaves if is_array(leaf)
            ),
            others={
                name: _written(value) for name, value in arguments.items() if name not in given
            },
        )
        self._add(call, caller)

        def done(result: Any) -> None:
            returned = [leaf for leaf in law.returned(result, arguments) if is_array(leaf)]
            named = quantities(result_names(law.function), result)
            names = {id(value): name for name, value in named}
            call.result = tuple(
                _place(leaf, names.get(id(leaf.value), leaf.path)) for leaf in returned
            )

        inside = _caller.set({**_caller.get(), id(self): call})
        try:
            yield done
        except BaseException as error:
            call.raised = type(error).__name__
            raise
        finally:
            # A coroutine may be closed where it was not started.
            with suppress(ValueError):
                _caller.reset(inside)

    def _add(self, call: Call, caller: Call | None) -> None:
        """Write a call down below its caller, after those that this one has made already."""
        place = len(self.calls)
        if caller:
            caller.calls += 1
            while self.calls[place - 1] is not caller:
                place -= 1
            while place < len(self.calls) and self.calls[place].depth > caller.depth:
                place += 1
        self.calls.insert(place, call)


# Which call each recorder is in; a context variable, so that tasks do not mix their calls up.
_caller: ContextVar[dict[int, Call]] = ContextVar("caller", default={})  # noqa: B039  # never changed


def _place(leaf: Leaf, name: str) -> Place:
    sizes, declared = tuple(leaf.value.shape), axis_names(leaf)
    if len(declared) != len(sizes):  # the call is about to be refused
        return Place(name, leaf.path, ("?",) * len(sizes), sizes, dtype_name(leaf.value))
    axes = (
        axis if axis.isidentifier() or axis.isdigit() else str(size)
        for axis, size in zip(declared, sizes, strict=True)
    )
    blind = tuple(coinciding(leaf))
    return Place(name, leaf.path, tuple(axes), sizes, dtype_name(leaf.value), blind)


def _argument_name(leaf: Leaf) -> str:
    """W[1] for ``params[0].W``, whose axes are a layer's; a user's own list is as it is."""
    symbol, layer = symbol_of(leaf.path)
    is_layered = any(axis.startswith("n_") and axis[2:].isdigit() for axis in axis_names(leaf))
    is_field = symbol != leaf.path and layer is not None and "." in leaf.path
    return f"{symbol}[{layer}]" if is_field and is_layered else leaf.path


def _written(value: Any) -> str:
    """A plain value or a network as it is written; of anything else the class."""
    kind = type(value)
    text = kind.__name__
    with suppress(Exception):  # a value's own code may do anything, and is not to be disturbed
        if kind in (NoneType, bool, str, int, float, complex) or hasattr(kind, "__shape_axes__"):
            text = repr(value)
        elif hasattr(kind, "dtype") and isinstance(value.shape, tuple):
            text = f"{text} {value.shape}"
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _plain(place: Place) -> dict[str, Any]:
    sizes: list[int | str] = []
    for size in place.sizes:
        try:
            sizes.append(index(size))
        except TypeError:
            sizes.append(str(size))
    return {**place._asdict(), "axes": list(place.axes), "sizes": sizes, "blind": bool(place.blind)}
