"""Somebody's function: what it wants and gives, what it does meanwhile, and where it fails.

It always gets arrays of its own, so that nothing it changes is ours; whatever it raises is kept
with its place.
"""

import linecache
import warnings
from collections.abc import Callable
from inspect import Parameter, iscoroutinefunction, unwrap
from typing import Any

import numpy as np

from shapecheck_bp.doctor.arrays import arrays
from shapecheck_bp.doctor.probe import Probe
from shapecheck_bp.doctor.styles import NoGradientsError, Outcome, Reading, packed, unpack
from shapecheck_bp.shapes.names import signature_of

NAMES = {
    "X": ("x", "inputs", "data"),
    "Y": ("y", "targets", "labels", "t"),
}
SEVERAL = "layers", "dict", "pair", "flat"
AT_THE_END = 10**9


class Patient:
    """A function, which is called and looked at."""

    def __init__(self, function: Callable[..., Any]) -> None:
        """Read its parameters.

        Raises:
            TypeError: it is no function of (params, X, Y), of (W, b, X, Y) or of (W1, b1, …, X, Y).
        """
        self.function = function
        try:
            needed = [
                name
                for name, one in signature_of(function).parameters.items()
                if one.default is Parameter.empty
                and one.kind not in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
            ]
        except ValueError:
            needed = []
        first = "".join(one[0].lower() for one in needed[:2])
        several = len(needed) % 2 == 0 and first in ("wb", "tb")
        is_method = needed[:1] == ["self"] or len(needed) < 3
        if not (len(needed) == 3 or several) or is_method or iscoroutinefunction(function):
            own = "; what has its parameters itself: diagnose(net.gradients, X, Y)"
            raise TypeError(
                "gradients: expected a function of (params, X, Y), of (W, b, X, Y) or of (W1, b1,"
                f" …, X, Y); got one of ({', '.join(needed)}){own * is_method}"
            )
        self.parameters = needed
        lower = [name.lower() for name in needed]
        data = [next((i for i, one in enumerate(lower) if one in NAMES[key]), -1) for key in "XY"]
        if min(data) < 0:
            data = [len(needed) - 2, len(needed) - 1]
        self.order = [i for i in range(len(needed)) if i not in data] + data
        """Where parameters, X and Y stand among its arguments."""
        self.code = getattr(unwrap(function), "__code__", None)

    def styles(self, layers: int) -> list[str]:
        """The forms in which the parameters may be wanted, likeliest first.

        Raises:
            TypeError: it wants W and b of another number of layers.
        """
        number, is_one = len(self.parameters), layers == 1
        if number == 3:
            return ["layers", "one", "dict", "keys", "pair"] if is_one else [*SEVERAL]
        if number == 4:
            return ["arrays", "lists"] if is_one else ["lists"]
        if number != 2 * layers + 2:
            raise TypeError(
                f"gradients: expected W and b of {layers} layers, X and Y; got a function of"
                f" ({', '.join(self.parameters)})"
            )
        return ["each"]

    def arguments(self, problem: Probe, reading: Reading) -> tuple[list[Any], dict[int, str]]:
        """What to call it with, in its own order, and the names of the arrays in it."""
        given, names = packed(problem, reading)
        return [given[self.order.index(i)] for i in range(len(given))], names

    def __call__(self, problem: Probe, reading: Reading) -> Outcome:
        """Call it on a problem."""
        outcome = Outcome(reading, problem)
        given, _ = self.arguments(problem, reading)
        kept, names = self.arguments(problem, reading)
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                unpack(self.function(*given), outcome)
        except (Exception, SystemExit) as error:
            outcome.error = error
            self._look(error, outcome)
        after = arrays(given)
        changed = {
            names[id(value)]
            for path, value in arrays(kept).items()
            if not np.array_equal(value, after.get(path, ()))
        }
        outcome.changed = [name for name in names.values() if name in changed]
        return outcome

    def _look(self, error: BaseException, outcome: Outcome) -> None:
        """Where an exception was raised in the person's file, and the arrays in sight there."""
        if isinstance(error, NoGradientsError):
            outcome.reached = (AT_THE_END,)
        trace = error.__traceback__
        while trace is not None:
            frame = trace.tb_frame
            if self.code is not None and frame.f_code.co_filename == self.code.co_filename:
                line = linecache.getline(frame.f_code.co_filename, trace.tb_lineno).strip()
                outcome.place = f"line {trace.tb_lineno}{f': {line}' if line else ''}"
                outcome.reached += (trace.tb_lineno,)
                here = frame.f_locals.values()
                outcome.seen = [one for one in here if isinstance(one, np.ndarray)]
            trace = trace.tb_next
