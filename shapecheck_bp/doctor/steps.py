"""A step of a person's own code, run again and again from the same beginning.

A run can begin with parameters changed, and can exchange the value of an expression, each time from
copies of all that the step may touch. It notes every expression's value, or only the cost.
"""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from copy import copy
from functools import partial
from types import CodeType, FunctionType, MethodType
from typing import Any

import numpy as np

from shapecheck_bp.doctor.arrays import FLOATS, Parts, Path, arrays, at, kept, mark, put
from shapecheck_bp.doctor.edits import Change as Edited
from shapecheck_bp.doctor.guarding import CannotJudge
from shapecheck_bp.doctor.program import Program, Version
from shapecheck_bp.doctor.runs import (
    MOST_NOTES,
    Change,
    Enough,
    Exchange,
    Looks,
    Run,
    Values,
    Watch,
)
from shapecheck_bp.doctor.streams import StreamCopier
from shapecheck_bp.reading.passing import deeper, taken_by
from shapecheck_bp.reading.safety import drop_half_a_pair
from shapecheck_bp.reading.state import State
from shapecheck_bp.shapes.names import signature_of

Named = list[tuple[dict[str, Any], list[str]]]


class Step:
    """A call or a block that is run again from copies of its state."""

    def __init__(self, program: Program, call: "partial[Any]", named: Named) -> None:
        """A call of a program; of ``named`` modules the dictionaries, and the names that matter.

        Raises:
            CannotJudge: its state cannot be copied.
        """
        self.program, self.named = program, named
        drop_half_a_pair()
        self.state = State(call.func, call.args, call.keywords, named, StreamCopier())
        if self.state.why_not:
            raise CannotJudge(f"it cannot be run again: {self.state.why_not}")
        self.signature: inspect.Signature | None = None
        with suppress(TypeError, ValueError):
            self.signature = signature_of(call.func)
        self.version = program.version()
        self.runs = 0
        self.remark = ""
        self.taken = 0
        """How many examples were taken, where these are few of many."""
        self.most = MOST_NOTES
        self.parts: Parts = {}
        self.inside: Callable[[], Iterator[Step]] = lambda: iter(())
        """The same step as a loop of the called function, whose names are then of its state."""

    def runs_in(self, seconds: float, run: Run) -> int:
        """How many runs may be made where about so much time is to be had.

        It is reckoned from what a run does, and not measured, so that it is the same each time.
        """
        size = sum(np.size(event.value) for event in run.events)
        return max(300, int(seconds / (4e-4 + 2e-6 * len(run.events) + 1e-9 * size)))

    @contextmanager
    def held(self, version: Version | None = None) -> Iterator[None]:
        """While this lasts, a version's codes are in place."""
        before, self.version = self.version, version or self.version
        try:
            with self.program.placed(self.version):
                yield
        finally:
            self.version = before

    @contextmanager
    def trying(self, *changes: Edited) -> Iterator[Version]:
        """While this lasts, the version with these changes of the program more is in place."""
        before = self.program.changes
        self.program.changes = (*before, *changes)
        try:
            version = self.program.version()
            with self.held(version):
                yield version
        finally:
            self.program.changes = before

    def keep(self, version: Version, *changes: Edited) -> None:
        """Have these changes, with which this version was tried, stay in the program."""
        self.program.changes, self.version = (*self.program.changes, *changes), version

    def run(
        self,
        *,
        change: Change | None = None,
        exchange: Exchange | None = None,
        watch: Watch | None = None,
        keep: bool = False,
        looks: Looks | None = None,
    ) -> Run:
        """Run it once.

        Args:
            change: what to add to arrays of the state, by path.
            exchange: for an event, what to make of its value.
            watch: who looks for the cost; the run ends when it has that.
            keep: whether every value is noted.
            looks: for the number of an expression, who is shown each of its values.
        """
        self.runs += 1
        run = Run()
        values = Values(keep, exchange or {}, watch, self.version.stores, self.most, looks)
        if watch is not None:
            watch.begin(self.version)
        with self.state.again(_Copier(self.version.by_plain)) as call:
            roots = self._roots(call) if change or watch is None or keep else {}
            for path, by in (change or {}).items():
                put(roots, path, by)
            call = self._rebound(call, roots, change or {})
            found = arrays(roots, self.parts) if watch is None or keep else {}
            if found:
                run.before = {path: kept(value) for path, value in found.items()}
                run.starts = {mark(value): path for path, value in found.items()}
            with taken_by(values), deeper():
                try:
                    run.result = self._call(call)
                except Enough:
                    run.is_cut = True
                except Exception as error:
                    run.error = error
            run.events, run.alive = values.events, (found, call)
            if watch is None or keep:
                run.after = arrays(self._roots(call), self.parts)
                run.returned = arrays(run.result, self.parts)
                if isinstance(run.result, np.ndarray | float | np.floating):
                    run.returned = {(): run.result}
        return run

    def after(self) -> "Step | None":
        """The same step from where it ends, or None where that cannot be copied."""
        return self._from({}, True)

    def beginning(self, values: Change) -> "Step | None":
        """The same step with other values in some arrays, or None where that cannot be copied."""
        return self._from(values, False)

    def with_floats(self, run: Run) -> "Step | None":
        """The same step with floats in the place of ints that become floats, as of a bias of 0."""
        after = [path for path, value in run.after.items() if isinstance(value, FLOATS)]
        new = [path for path in after if path not in run.before]
        if not new:
            return None
        with self.state.again(_Copier(self.version.by_plain)) as call:
            before = {path: _int_at(self._roots(call), path) for path in new}
        ints = {path: float(value) for path, value in before.items() if value is not None}
        return self._from(ints, False) if ints else None

    def _from(self, values: Change, run: bool) -> "Step | None":
        with self.state.again(_Copier(self.version.by_plain)) as call:
            roots = self._roots(call)
            found = arrays(roots, self.parts)
            for path, value in values.items():
                if path not in found and _int_at(roots, path) is None:
                    return None
                put(roots, path, value, add=False)
            call = self._rebound(call, roots, values)
            if run:
                taker = Values(False, {}, None, self.version.stores, self.most)
                with self.program.placed(self.version), taken_by(taker), deeper():
                    self._call(call)
            other = copy(self)
            other.runs = 0
            other.state = State(call.func, call.args, call.keywords, self.named, StreamCopier())
        return None if other.state.why_not else other

    def _call(self, call: "partial[Any]") -> Any:
        block = self.program.block
        if block is None:
            return call()
        assert self.version.block is not None
        exec(self.version.block, block.names)
        return None

    def _rebound(
        self, call: "partial[Any]", roots: dict[str, Any], paths: Change
    ) -> "partial[Any]":
        """The call with those numbers that have a name of their own; a number has no place."""
        for name in {path[0] for path in paths if len(path) == 1}:
            if isinstance(roots[name], (int, *FLOATS)):
                for space, names in self.named:
                    if name in names and name in space:
                        space[name] = roots[name]
                if self.signature is not None and name in self.signature.parameters:
                    bound = self.signature.bind(*call.args, **call.keywords)
                    bound.arguments[name] = roots[name]
                    call = partial(call.func, *bound.args, **bound.kwargs)
        return call

    def _roots(self, call: "partial[Any]") -> dict[str, Any]:
        """All that the step can change, by name."""
        block = self.program.block
        roots: dict[str, Any] = {}
        if block is None:
            if self.signature is not None:
                roots |= self.signature.bind(*call.args, **call.keywords).arguments
            for name, value in _held_by(call.func):
                roots.setdefault(name, value)
        for space, names in self.named:
            for name in names:
                if name in space and not name.startswith("__"):
                    roots.setdefault(name, space[name])
        return roots


def _int_at(roots: dict[str, Any], path: Path) -> int | None:
    """The int that is found on a path, if one is."""
    try:
        found = at(roots, path)
    except (LookupError, AttributeError, TypeError):
        return None
    return found if type(found) is int else None


def _held_by(function: Any) -> Iterator[tuple[str, Any]]:
    """The object of a method, and the variables of closures."""
    if isinstance(function, MethodType):
        yield "self", function.__self__
        function = function.__func__
    elif not isinstance(function, FunctionType):
        yield "self", function
    todo, known = [function], set()
    while todo:
        each = todo.pop()
        if isinstance(each, MethodType):
            yield "self", each.__self__
        elif isinstance(each, FunctionType) and each.__closure__ and id(each) not in known:
            known.add(id(each))
            for name, cell in zip(each.__code__.co_freevars, each.__closure__, strict=True):
                with suppress(ValueError):  # it is empty
                    yield name, cell.cell_contents
                    todo.append(cell.cell_contents)


class _Copier(StreamCopier):
    """Copies functions with the codes of a version, and arrays of few digits with more.

    A slope that is measured with seven digits has three.
    """

    def __init__(self, codes: dict[CodeType, CodeType]) -> None:
        """The codes by the plain ones."""
        super().__init__()
        self.codes = codes

    def _array(self, value: Any, kind: type) -> Any:
        made = super()._array(value, kind)
        few = kind is np.ndarray and value.dtype == np.float32
        if few and type(made.base) is not np.ndarray:  # and no part of another's memory
            made = self.memo[id(value)] = made.astype(float)
        return made

    def _function(self, value: FunctionType) -> FunctionType:
        made = super()._function(value)
        if made is not value:
            made.__code__ = self.codes.get(made.__code__, made.__code__)
        return made
