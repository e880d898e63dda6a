"""A recorded run as a program for NumPy: the same steps, in memory that is used again.

A result takes the memory of a temporary that nobody reads any more, and a run of entrywise steps
on large arrays is taken a piece at a time, so that a piece stays in the processor's cache from one
step to the next. Every step has the operands that it had, so every number is the same to the last
bit.

>>> import numpy as np
>>> from shapecheck_bp.replay.recording import record
>>> tape, _ = record(lambda Z: np.exp(Z * Z + 1), (np.ones((2, 3)),))
>>> print(Program(tape, ("Z",)).source)
def program(Z):
    v0 = Z
    v1 = multiply(v0, v0)
    add(v1, one_0, out=v1)
    exp(v1, out=v1)
    return v1
"""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.lib import NumpyVersion

from shapecheck_bp.replay.homes import Homes, is_entrywise
from shapecheck_bp.replay.order import in_order, refs_in
from shapecheck_bp.replay.recording import Ref, Step, Tape

# Before 2.3 dot did not tell of invalid numbers, as matmul does.
DOT_TELLS = NumpyVersion(np.__version__) >= "2.3.0"
LARGE = 1 << 17  # entries from which on steps are taken a piece at a time
PIECE = 1 << 15  # entries of a piece
OPERATORS = {np.add: "+", np.subtract: "-", np.multiply: "*", np.true_divide: "/"}
NARROWEST = 64  # columns of a piece, so that it is read along its rows


class Program:
    """The source of a recorded run, and what the names in it stand for."""

    def __init__(self, tape: Tape, parameters: Iterable[str]) -> None:
        """Write it, for a function of these parameters."""
        self.kinds, self.steps = tape.kinds, in_order(tape)
        self.homes = Homes(self.steps, self.kinds, tape.result)
        self.names: dict[str, Any] = {}
        self._named: dict[tuple[Any, ...], str] = {}
        self._compact: set[str] = set()  # variables whose memory surely lies in the usual order
        self.lines: list[str] = []
        for name, value in zip(parameters, tape.arguments, strict=True):
            if any(True for _ in refs_in(value)):
                self.lines.append(f"{self._pattern(value)} = {name}")
        start = 0
        while start < len(self.steps):
            run = range(start, self._end_of_run(start))
            if len(run) > 1:
                self._take_in_pieces(run)
            else:
                self._take(start)
            dropped = list(self.homes.let_go(run))
            if dropped and self._is_large(self.steps[start]):
                self.lines.append(f"del {', '.join(dropped)}")
            start = run.stop
        self.lines.append(f"return {self._written(tape.result, self.homes.of)}")
        self.source = "\n    ".join([f"def program({', '.join(parameters)}):", *self.lines])

    def compile(self) -> Callable[..., Any]:
        """The program itself."""
        made = dict(self.names)
        exec(compile(self.source, "<a recorded run>", "exec"), made)
        return made["program"]  # type: ignore[no-any-return]

    def _pattern(self, value: Any) -> str:
        """What an argument is unpacked into."""
        if isinstance(value, tuple):
            return f"({''.join(f'{self._pattern(one)}, ' for one in value)})"
        return self.homes.given(value) if isinstance(value, Ref) else "_"

    def _take(self, index: int) -> None:
        """One step by itself."""
        step = self.steps[index]
        kind, out = self.kinds[step.result.place], None
        if isinstance(step.function, np.ufunc) and len(kind.shape) == 2:
            dying = self.homes.dying(index) if is_entrywise(step) else iter(())
            out = next(map(self.homes.of, dying), None) or self.homes.free(kind)
        call = self._call(step, self.homes.of, out)
        self.lines.append(call if out else f"{step.result} = {call}")
        if step.function is np.matmul and not out:
            self._compact.add(str(step.result))
        self.homes.settle(step, out or str(step.result))

    # A run of entrywise steps on large arrays.

    def _is_large(self, step: Step) -> bool:
        return self.kinds[step.result.place].size >= LARGE

    def _end_of_run(self, start: int) -> int:
        shape = self.kinds[self.steps[start].result.place].shape
        for index, step in enumerate(self.steps[start:], start):
            alike = self.kinds[step.result.place].shape == shape and len(shape) == 2
            if not (alike and is_entrywise(step) and self._is_large(step)):
                return max(index, start + 1)
        return len(self.steps)

    def _take_in_pieces(self, run: range) -> None:
        """All of the run on one piece of the arrays, before the next piece."""
        rows, columns = shape = self.kinds[self.steps[run.start].result.place].shape
        axis = 0 if columns <= PIECE else 1
        width = PIECE // columns or max(PIECE // rows, NARROWEST)
        cuts = [slice(at, at + width) for at in range(0, shape[axis], width)]
        inside: list[str] = []
        piece: dict[Ref, str] = {}
        whole: dict[str, str] = {}  # the variable that a piece is cut from

        def cut(name: str, label: str) -> str:
            inside.append(f"{label} = {name}[piece]")
            whole[label] = name
            return label

        def operand(ref: Ref) -> str:
            size = self.kinds[ref.place].shape
            if len(size) < 2 or size[axis] < shape[axis]:
                return self.homes.of(ref)
            if ref not in piece:
                piece[ref] = cut(self.homes.of(ref), f"p{ref.place}")
            return piece[ref]

        for index in run:
            step = self.steps[index]
            made = step.result
            for ref in refs_in(step.inputs):
                operand(ref)
            stays = self.homes.outlives(made, run.stop)
            dying = [piece[ref] for ref in self.homes.dying(index)]
            out = next((one for one in dying if one in whole or not stays), None)
            if stays and not out:
                out = cut(self._room(made), f"p{made.place}")
            piece[made] = out or f"p{made.place}"
            if out and isinstance(step.function, np.ufunc):
                inside.append(self._call(step, operand, out))
            elif stays:
                inside.append(f"{out}[...] = {self._call(step, operand)}")
            else:
                piece[made] = f"p{made.place}"
                inside.append(f"{piece[made]} = {self._call(step, operand)}")
            if piece[made] in whole:
                self.homes.settle(step, whole[piece[made]])
        at = cuts if axis == 0 else [(slice(None), one) for one in cuts]
        self.lines.append(f"for piece in {self._name('pieces', tuple(at))}:")
        self.lines += [f"    {line}" for line in inside]

    def _room(self, ref: Ref) -> str:
        """A variable with memory for a result that is made in pieces."""
        kind = self.kinds[ref.place]
        if (name := self.homes.free(kind)) is not None:
            return name
        empty, dtype = self._name("empty", np.empty), self._name("dtype", kind.dtype)
        self.lines.append(f"{ref} = {empty}({kind.shape}, {dtype}, {kind.order!r})")
        return str(ref)

    # How things are written.

    def _call(self, step: Step, operand: Callable[[Ref], str], out: str | None = None) -> str:
        function, inputs = step.function, step.inputs
        if function is np.matmul and self._may_be_dot(inputs) and out in {None, *self._compact}:
            # The same BLAS routine, with half of the way to it.
            left, right = map(operand, inputs)
            return f"{left}.dot({right}{f', {out}' if out else ''})"
        kinds = [self.kinds[ref.place] for ref in refs_in(inputs)]
        dtypes = {kind.dtype for kind in kinds}
        if isinstance(function, np.ufunc) and [dtype.kind for dtype in dtypes] == ["f"]:
            function, inputs = with_constants(function, inputs, *dtypes)
            if function in OPERATORS and all(kind.is_number for kind in kinds):
                # A number such as J, for which a ufunc would make arrays.
                left, right = (self._written(_number(one), operand) for one in inputs)
                return f"{left} {OPERATORS[function]} {right}"
        written = [self._written(one, operand) for one in inputs]
        written += [f"{name}={self._written(value, operand)}" for name, value in step.settings]
        written += [f"out={out}"] if out else []
        owner = getattr(function, "__self__", None)
        name = f"{owner.__name__}_reduce" if isinstance(owner, np.ufunc) else function.__name__
        return f"{self._name(name, function)}({', '.join(written)})"

    def _may_be_dot(self, inputs: tuple[Any, ...]) -> bool:
        """Whether no factor is a vector, for which BLAS has other routines, or has gaps."""
        kinds = [self.kinds[ref.place] for ref in refs_in(inputs)]
        plain = all(len(kind.shape) == 2 and min(kind.shape) > 1 for kind in kinds)
        return DOT_TELLS and plain and all(kind.order for kind in kinds)

    def _written(self, value: Any, operand: Callable[[Ref], str]) -> str:
        if isinstance(value, Ref):
            return operand(value)
        if isinstance(value, tuple):
            items = f"({''.join(f'{self._written(one, operand)}, ' for one in value)})"
            if not hasattr(value, "_make"):
                return items
            make, kind = self._name("make", tuple.__new__), self._name("kind", type(value))
            return f"{make}({kind}, {items})"
        return repr(value) if value is None else self._name("one_", value)

    def _name(self, wanted: str, value: Any) -> str:
        """A name for something from outside; the same name for the same thing."""
        alike = (wanted, type(value), getattr(value, "dtype", None), repr(value))
        if alike not in self._named:
            others = sum(known[0] == wanted for known in self._named)
            self._named[alike] = f"{wanted}{others or '0' * wanted.endswith('_')}"
            self.names[self._named[alike]] = value
        return self._named[alike]


def _number(one: Any) -> Any:
    """A constant without an array around it."""
    return one[()] if isinstance(one, np.ndarray) else one


def with_constants(
    function: np.ufunc, inputs: tuple[Any, ...], dtype: np.dtype[Any]
) -> tuple[np.ufunc, tuple[Any, ...]]:
    """Python's numbers as the arrays that NumPy would make of them at every call.

    A division by a power of two becomes a multiplication, which is as exact, and quicker.
    """
    numbers = [np.asarray(one, dtype) if type(one) in (int, float) else one for one in inputs]
    divisor = inputs[-1]
    if function is np.true_divide and type(divisor) is int and divisor.bit_count() == 1:
        inverse = np.asarray(1 / divisor, dtype)
        if divisor > 0 and inverse >= np.finfo(dtype).tiny:
            return np.multiply, (*numbers[:-1], inverse)
    return function, tuple(numbers)
