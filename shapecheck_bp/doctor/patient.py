"""Somebody's function: what it wants and gives, what it does meanwhile, and where it fails.

It always gets arrays of its own, so that nothing it changes is ours; whatever it raises is kept
with its place.
"""

import linecache
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from inspect import Parameter, getsource, iscoroutinefunction, signature, unwrap
from typing import Any

import numpy as np

from shapecheck_bp.doctor.probe import Probe
from shapecheck_bp.doctor.styles import Outcome, Reading, named, packed, unpack

ACCESS = (KeyError, AttributeError, IndexError, TypeError)  # what a wrong container ends in
NAMES = {
    "X": ("x", "inputs", "data"),
    "Y": ("y", "targets", "labels", "t"),
}


class Patient:
    """A function, which is called and looked at."""

    def __init__(self, function: Callable[..., Any]) -> None:
        """Read its parameters.

        Raises:
            TypeError: it is no function of (params, X, Y) or of (W, b, X, Y).
        """
        if not callable(function):
            raise TypeError(f"gradients: expected a function; got {type(function).__name__}")
        self.function = function
        try:
            needed = [
                name
                for name, one in signature(function).parameters.items()
                if one.default is Parameter.empty
                and one.kind not in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
            ]
        except ValueError:
            needed = []
        four = len(needed) == 4 and needed[0].lower()[0] in "wt" and needed[1].lower()[0] == "b"
        if not (len(needed) == 3 or four) or iscoroutinefunction(function):
            raise TypeError(
                "gradients: expected a function of (params, X, Y), or of (W, b, X, Y); got one of"
                f" ({', '.join(needed)})"
            )
        self.parameters = needed
        self.order = self._order(needed)
        self.code = getattr(unwrap(function), "__code__", None)

    @staticmethod
    def _order(names: list[str]) -> list[int]:
        """Where X and Y stand among the parameters, by their names; else they come last."""
        lower = [name.lower() for name in names]
        found = [next((i for i, one in enumerate(lower) if one in NAMES[key]), -1) for key in "XY"]
        if min(found) < 0:
            found = [len(names) - 2, len(names) - 1]
        return [i for i in range(len(names)) if i not in found] + found

    def styles(self, layers: int) -> list[str]:
        """The forms in which the parameters may be wanted, likeliest first, by the source."""
        if len(self.parameters) == 4:
            return ["lists", "arrays"] if layers == 1 else ["lists"]
        try:
            source = getsource(unwrap(self.function))
        except (OSError, TypeError):
            source = ""
        by_key = any(key in source for key in ('["W', "['W", '"W"', "'W'", 'f"W', "f'W"))
        if by_key:
            return ["dict", "layers", "pair"]
        first = self.parameters[self.order[0]]
        unpacks = re.search(rf"\b\w+, \w+ = {first}\n|= {first}\[[01]\]\n", source)
        return ["pair", "layers", "dict"] if unpacks else ["layers", "pair", "dict"]

    def __call__(self, problem: Probe, reading: Reading) -> Outcome:
        """Call it on a problem."""
        outcome = Outcome(reading, problem)
        given, kept = packed(problem, reading), packed(problem, reading)
        arguments: list[Any] = [None] * len(self.order)
        for place, argument in zip(self.order, given, strict=True):
            arguments[place] = argument
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                unpack(self.function(*arguments), outcome)
        except (Exception, SystemExit) as error:
            outcome.error = error
            outcome.place, outcome.seen = self._seen(error)
        before, after = dict(named(kept)), dict(named(given))
        outcome.changed = [
            name for name in {**before, **after} if not _equal(after.get(name), before.get(name))
        ]
        return outcome

    def watched(self, problem: Probe, reading: Reading) -> list[Any]:
        """Call it once more, and give every array that its own code has in hand on the way."""
        seen: list[Any] = []

        def look(frame: Any, event: str, value: Any) -> None:
            if event == "return" and self._is_own(frame):
                seen.extend(_arrays([*frame.f_locals.values()]))

        before = sys.getprofile()
        sys.setprofile(look)
        try:
            self(problem, reading)
        finally:
            sys.setprofile(before)
        return seen

    def _seen(self, error: BaseException) -> tuple[str, list[Any]]:
        """Where an exception was raised in the person's file, and the arrays in sight there."""
        place, seen, trace = "", [], error.__traceback__
        while trace is not None:
            frame = trace.tb_frame
            if self._is_own(frame):
                line = linecache.getline(frame.f_code.co_filename, trace.tb_lineno).strip()
                place = f"line {trace.tb_lineno}{f': {line}' if line else ''}"
                seen = [one for one in frame.f_locals.values() if isinstance(one, np.ndarray)]
            trace = trace.tb_next
        return place, seen

    def _is_own(self, frame: Any) -> bool:
        """Whether a frame is of code in the function's own file."""
        return self.code is not None and frame.f_code.co_filename == self.code.co_filename


def _arrays(value: Any, depth: int = 3) -> Iterator[Any]:
    """The matrices in a value and in the containers inside it."""
    if isinstance(value, np.ndarray):
        yield from (value, value.T) if value.ndim == 2 else ()
    elif depth and isinstance(value, Mapping | tuple | list):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _arrays(item, depth - 1)


def _equal(one: Any, other: Any) -> bool:
    """Whether an argument is what it was; whatever else it has become, it is not."""
    return isinstance(one, np.ndarray) and bool(np.array_equal(one, other))
