"""Once written down, a run need not be thought through again: what makes repeated calls quick.

``column`` and ``row`` are written to be read. What one of their functions does to arrays of known
shapes is always the same list of steps, so it is recorded once (``recording``), planned (``plan``)
and written out as a program without the calls, look-ups and temporaries on the way.

>>> import numpy as np
>>> from array_api_compat import array_namespace
>>> def step(Z):
...     return array_namespace(Z).exp(Z * Z + 1)
>>> Z = np.ones((2, 3))
>>> program, first = learn(step, (Z,), ("Z",))
>>> np.array_equal(program(-Z), step(-Z))
True
>>> tape, _ = record(step, (Z,))
>>> print(Program(tape, ("Z",), step).source)
def program(Z):
    v0 = Z
    v1 = multiply(v0, v0)
    add(v1, c0, out=v1)
    exp(v1, out=v1)
    return v1
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import count
from typing import Any

import numpy as np

from shapecheck_bp.replay.plan import Call, Delete, InPieces, Variable, planned
from shapecheck_bp.replay.recording import Tape, library_of, record
from shapecheck_bp.transpose import map_leaves


class NotNow(Exception):
    """A call is out of the ordinary, as one that PyTorch differentiates; the next may not be."""


def learn(
    function: Callable[..., Any], arguments: tuple[Any, ...], parameters: Iterable[str]
) -> tuple[Callable[..., Any], Any]:
    """A program that does the same for arguments of the same shapes, and what it gives for these.

    It is held to the numbers of the run that it was recorded from: NumPy's to the last bit, those
    of a library with functions for several steps to rounding. Where there is none, since values are
    looked at or the library is not known here, it is the function itself.

    Raises:
        NotNow: the call is to be made as it is written, and another one may be recorded.
    """
    try:
        library, arrays = library_of(arguments)
        if library.unusual is not None and library.unusual(arrays, learning=True):
            raise NotNow
        tape, result = record(function, arguments)
        program = Program(tape, parameters, function).compile()
        same = map_leaves(library.same, program(*arguments), result)
    except NotNow:
        raise
    except Exception:  # whatever is wrong is for the function itself to say
        return function, function(*arguments)
    return (program if _all(same) else function), result


def _all(same: Any) -> bool:
    return all(map(_all, same)) if isinstance(same, tuple) else bool(same)


class Program:
    """The source of a recorded run, and what the names in it stand for."""

    def __init__(self, tape: Tape, parameters: Iterable[str], function: Any) -> None:
        """Write it, for a function of these parameters, which is called where it does not hold."""
        plan = planned(tape)
        self.names: dict[str, Any] = {"pieces": pieces, "new": tuple.__new__}
        self._numbers = count()
        lines = [f"def program({', '.join(parameters)}):"]
        for name, value in zip(parameters, plan.arguments, strict=True):
            if value is not None:
                lines.append(f"{_pattern(value)} = {name}")
        if tape.library.unusual is not None:
            self.names |= {"unusual": tape.library.unusual, "as_written": function}
            arrays = ", ".join(f"v{place}" for place in range(tape.given))
            lines.append(f"if unusual(({arrays},)):")
            lines.append(f"    return as_written({', '.join(parameters)})")
        for instruction in plan.instructions:
            lines += self._lines(instruction)
        lines.append(f"return {self._written(plan.result)}")
        self.source = "\n    ".join(lines)

    def compile(self) -> Callable[..., Any]:
        """The program itself."""
        names = dict(self.names)
        exec(compile(self.source, "<a recorded run>", "exec"), names)
        return names["program"]  # type: ignore[no-any-return]

    def _lines(self, instruction: Call | InPieces | Delete) -> Iterator[str]:
        match instruction:
            case Call(function, inputs, settings, result):
                given = [self._written(value) for value in inputs]
                given += [f"{name}={self._written(value)}" for name, value in settings.items()]
                call = f"{self._name(function)}({', '.join(given)})"
                yield call if result is None else f"{result} = {call}"
            case InPieces(rows, at_a_time, calls):
                yield f"for piece in pieces({rows}, {at_a_time}):"
                yield from (f"    {line}" for call in calls for line in self._lines(call))
            case Delete(variables):
                yield f"del {', '.join(map(repr, variables))}"

    def _written(self, value: Any) -> str:
        """A value as an expression."""
        if isinstance(value, tuple):
            items = [self._written(item) for item in value]
            written = f"({items[0]},)" if len(items) == 1 else f"({', '.join(items)})"
            if hasattr(value, "_make"):  # a NamedTuple, whose own call takes twice as long
                return f"new({self._name(type(value))}, {written})"
            return written
        if value is None or type(value) in (Variable, bool, int, str):
            return repr(value)
        return self._name(value)

    def _name(self, value: Any) -> str:
        """A name for something from outside: a function's or a type's own, or c0, c1 and so on."""
        if not callable(value):
            name = f"c{next(self._numbers)}"
            self.names[name] = value
            return name
        name, owner = value.__name__, getattr(value, "__self__", None)
        if isinstance(owner, np.ufunc):
            name = f"{owner.__name__}_{name}"
        while self.names.setdefault(name, value) != value:  # as for np.trace and np.linalg.trace
            name += "_"
        return name


def _pattern(value: Any) -> str:
    """What an argument is unpacked into."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(_pattern, value))}]"
    return "_" if value is None else repr(value)


def pieces(rows: int, at_a_time: int) -> list[slice]:
    """So many rows at a time.

    >>> pieces(5, 2)
    [slice(0, 2, None), slice(2, 4, None), slice(4, 6, None)]
    """
    return [slice(start, start + at_a_time) for start in range(0, rows, at_a_time)]
