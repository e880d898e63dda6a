"""What a program does, one instruction after the other: a recorded run in little memory.

Every step has the operands that it had, so every number is the same to the last bit, unless a
library has one function for several steps. What changes:

order       a step that makes room is taken as early as it can be
memory      a step writes over an operand that nobody reads any more, if it works entry by entry,
            or else into the memory of such a value; and a variable that nobody reads any more is
            deleted
pieces      NumPy takes a run of entrywise steps on large arrays a few rows at a time, so that these
            stay in the processor's cache from one step to the next

>>> import numpy as np
>>> from array_api_compat import array_namespace
>>> from shapecheck_bp.replay.recording import record
>>> tape, _ = record(lambda Z: array_namespace(Z).exp(Z * Z), (np.ones((2, 3)),))
>>> for call in planned(tape).instructions:
...     print(call.result, "=", call.function.__name__, call.inputs, call.settings)
v1 = multiply (v0, v0) {}
None = exp (v1,) {'out': v1}
"""

from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass
from itertools import groupby
from math import inf, prod
from typing import Any, NamedTuple

import numpy as np

from shapecheck_bp.replay.recording import Ref, Step, Tape, refs_in
from shapecheck_bp.transpose import map_leaves

LARGE = 1 << 17  # entries from which on a run of steps is taken in pieces
PIECE = 1 << 15  # entries of a piece, where a row has no more
NUMBERS = {"zeros_like": 0, "ones_like": 1}  # made of an array, and known without it
COMBINING = ("add", "divide", "maximum", "minimum", "multiply", "subtract")


@dataclass(frozen=True)
class Variable:
    """A variable, its transpose, or the piece of it whose turn it is."""

    number: int
    flipped: bool = False
    in_piece: bool = False

    def __repr__(self) -> str:
        """As ``v3``, ``v3.T`` or ``v3[piece]``."""
        if self.in_piece:
            return f"v{self.number}[piece]"
        return f"v{self.number}.T" if self.flipped else f"v{self.number}"


class Call(NamedTuple):
    """``result = function(*inputs, **settings)``; no result where a setting is where it goes."""

    function: Callable[..., Any]
    inputs: tuple[Any, ...]
    settings: dict[str, Any]
    result: Variable | None


class InPieces(NamedTuple):
    """All of the calls on the first rows, so many at a time, then all of them on the next."""

    rows: int
    at_a_time: int
    calls: list[Call]


class Delete(NamedTuple):
    """The variables are not read any more."""

    variables: list[Variable]


class Plan(NamedTuple):
    """The variables of the arguments, what is done with them, and what is given back."""

    arguments: Any
    instructions: list[Call | InPieces | Delete]
    result: Any


def planned(tape: Tape) -> Plan:
    """The plan that does what the tape says."""
    kinds = tape.kinds
    steps = [_spelled(step, tape) for step in in_order(needed(tape), tape)]
    homes, last_uses = homes_of(steps, tape)
    instructions: list[Call | InPieces | Delete] = []
    done = 0
    for _, together in groupby(steps, lambda step: _what_goes_together(step, tape)):
        run = list(together)
        done += len(run)
        used = {homes[ref.place] for step in run for ref in refs_in((step.inputs, step.result))}
        dead = {home for home in used if last_uses.get(home, inf) < done}
        if len(run) == 1:
            instructions.append(_call(run[0], homes))
        else:
            new = used & {step.result.place for step in run}
            for home in sorted(new - dead):
                instructions.append(Call(np.empty, tuple(kinds[home]), {}, Variable(home)))
            # A piece is cut from an array of as many rows; what is new and dead is but a piece.
            rows, columns = kinds[run[0].result.place].shape
            full = {home for home in used if len(kinds[home].shape) == 2}
            cut = {home for home in full if kinds[home].shape[0] == rows} - (new & dead)
            calls = [_call(step, homes, cut) for step in run]
            instructions.append(InPieces(rows, max(PIECE // columns, 1), calls))
        if dead:
            instructions.append(Delete([Variable(home) for home in sorted(dead)]))
    arguments, result = _in_variables((tape.arguments, tape.result), homes)
    return Plan(arguments, instructions, result)


def _call(step: Step, homes: dict[int, int], cut: Collection[int] = ()) -> Call:
    """A step on variables, of which those in ``cut`` are read and written in pieces."""
    inputs = _in_variables(step.inputs, homes, cut)
    result = _in_variables(step.result, homes, cut)
    has_room = result.in_piece or result.number != step.result.place
    if has_room and step.room:
        return Call(step.function, inputs, step.settings | {step.room: result}, None)
    return Call(step.function, inputs, step.settings, result)


def _in_variables(value: Any, homes: dict[int, int], cut: Collection[int] = ()) -> Any:
    """What is said of a run's values, said of the variables that they lie in."""

    def variable(leaf: Any) -> Any:
        if not isinstance(leaf, Ref):
            return leaf
        home = homes[leaf.place]
        return Variable(home, leaf.flipped, in_piece=home in cut)

    return map_leaves(variable, value)


def needed(tape: Tape) -> list[Step]:
    """The steps that the result rests on, with 0 for an array of zeros where that does."""
    steps = tape.library.fused(tape.steps, tape)
    numbers = {step.result: NUMBERS.get(step.function) for step in steps}
    wanted = {ref.place for ref in refs_in(tape.result)}
    kept: list[Step] = []
    for step in reversed(steps):
        if step.result.place not in wanted:
            continue
        if step.function in COMBINING:
            dtypes = [tape.kinds[ref.place].dtype for ref in refs_in(step.inputs)]
            known = [numbers.get(each) for each in step.inputs]
            if known.count(None) == 1 and dtypes == dtypes[:1] * 2:
                pairs = zip(step.inputs, known, strict=True)
                inputs = tuple(each if number is None else number for each, number in pairs)
                step = step._replace(inputs=inputs)
        wanted |= {ref.place for ref in refs_in(step.inputs)}
        kept.append(step)
    return kept[::-1]


def _spelled(step: Step, tape: Tape) -> Step:
    return step if callable(step.function) else tape.library.spelled(step, tape)


def in_order(steps: list[Step], tape: Tape) -> list[Step]:
    """The steps, each after those that it rests on.

    A step whose result is smaller than a temporary that it reads is taken as soon as it can be: the
    temporary is free the sooner, and still in the cache.
    """
    kinds = tape.kinds
    reads = {step.result: {ref.place for ref in refs_in(step.inputs)} for step in steps}

    def makes_room(step: Step) -> bool:
        temporaries = [place for place in reads[step.result] if place >= tape.given]
        return any(kinds[place].nbytes > kinds[step.result.place].nbytes for place in temporaries)

    early = [step for step in steps if makes_room(step)]
    waiting = {step.result: step for step in steps}
    known = set(range(tape.given))
    order: list[Step] = []
    while waiting:
        ready = (step for step in early if step.result in waiting and known >= reads[step.result])
        step = next(ready, None) or next(iter(waiting.values()))
        order.append(waiting.pop(step.result))
        known.add(step.result.place)
    return order


def homes_of(steps: list[Step], tape: Tape) -> tuple[dict[int, int], dict[int, float]]:
    """The variable that each value lies in, and the last step that uses a variable.

    A variable has the number of the first value that lies in it.
    """
    kinds, last_reads = tape.kinds, _last_reads(steps, tape)
    homes = {place: place for place in range(tape.given)}
    last_uses: dict[int, float] = {}
    whole: set[int] = set()  # of what is never a piece, since it was made in one
    for index, step in enumerate(steps):
        made = step.result.place
        operands = {homes[ref.place] for ref in refs_in(step.inputs)}
        if step.entrywise:
            free = {home for home in operands if last_uses.get(home, inf) == index}
        else:
            free = {home for home in whole - operands if last_uses[home] < index and step.room}
        free = {home for home in free if kinds[home] == kinds[made]}
        homes[made] = min(free, default=made)
        if not step.entrywise:
            whole.add(homes[made])
        last_uses[homes[made]] = last_reads[made]
    return homes, last_uses


def _last_reads(steps: list[Step], tape: Tape) -> dict[int, float]:
    """The last step that reads each value; infinity for what may never be written over."""
    last: dict[int, float] = dict.fromkeys(range(tape.given), inf)
    for index, step in enumerate(steps):
        until = index if step.fresh else inf
        for ref in refs_in(step.inputs):
            last[ref.place] = max(until, last[ref.place])
        is_array = tape.kinds[step.result.place].order != ""
        last[step.result.place] = until if is_array else inf
    return last | {ref.place: inf for ref in refs_in(tape.result)}


def _what_goes_together(step: Step, tape: Tape) -> Hashable:
    """The same for steps that may be taken in pieces together; for any other its own."""
    shape = tape.kinds[step.result.place].shape
    is_large = tape.library.IN_PIECES and len(shape) == 2 and prod(shape) >= LARGE
    return shape if is_large and step.entrywise else step.result
