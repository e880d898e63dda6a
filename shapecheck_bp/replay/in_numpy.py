"""NumPy's arrays: each step without what NumPy looks at first, to the same last bit.

>>> import numpy as np
>>> from shapecheck_bp.replay.recording import record
>>> tape, _ = record(lambda Z: Z / Z.__array_namespace__().sum(Z, axis=0), (np.ones((2, 2)),))
>>> spelled(tape.steps[0], tape)[:2]
(<built-in method reduce of numpy.ufunc object at ...>, (v0, 0, None, None, False))
"""

import operator
from typing import Any

import numpy as np
from numpy.lib import NumpyVersion

from shapecheck_bp.replay.recording import Kind, Step, Tape, refs_in

ARRAYS = (np.ndarray,)
RESULTS = (np.ndarray, np.generic)
CONSTANTS = (np.dtype, type)
IN_PIECES = True
unusual = None

# Before 2.3 dot did not tell of invalid numbers, as matmul does.
DOT_TELLS = NumpyVersion(np.__version__) >= "2.3.0"
REDUCTIONS = {"sum": np.add, "max": np.maximum}
# For numbers such as J, of which a ufunc would make arrays.
OPERATORS = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
}


def kind(value: Any) -> Kind:
    """The kind of an array or a NumPy scalar."""
    order = ""
    if isinstance(value, np.ndarray) and value.flags.forc:
        order = "C" if value.flags.c_contiguous else "F"
    return Kind(value.shape, value.dtype, order)


def same(made: Any, recorded: Any) -> bool:
    """Whether two results are the same to the last bit."""
    if (made.shape, made.dtype, type(made)) != (recorded.shape, recorded.dtype, type(recorded)):
        return False
    return bool(made.tobytes() == recorded.tobytes())


def fused(steps: list[Step], tape: Tape) -> list[Step]:
    """The steps as they are: NumPy has no function for several of them."""
    return steps


def spelled(step: Step, tape: Tape) -> Step:
    """The step as a call that gives the same for values of these kinds, to the last bit."""
    name, inputs, settings, *_ = step
    read = [tape.kinds[ref.place] for ref in refs_in(inputs)]
    if name in REDUCTIONS and len(inputs) == 1 and settings.keys() <= {"axis", "keepdims"}:
        axis, keepdims = settings.get("axis"), settings.get("keepdims", False)
        inputs = (*inputs, axis, None, None, keepdims)
        reduce = REDUCTIONS[name].reduce
        return step._replace(function=reduce, inputs=inputs, settings={}, fresh=True)
    # The same BLAS routine; but for vectors it has others, and gaps are copied before.
    if name == "matmul" and DOT_TELLS and all(map(_is_full_matrix, read)):
        return step._replace(function=np.ndarray.dot, fresh=True, room="out")
    if name == "astype" and len(inputs) == 2 and not settings:
        inputs = (inputs[0], np.dtype(inputs[1]))
        return step._replace(
            function=np.ndarray.astype, inputs=inputs, fresh=True, entrywise=_is_flat(step)
        )
    function = getattr(np, name, None)
    if function in (np.where, np.ones_like):
        return step._replace(function=function, fresh=True, entrywise=_is_flat(step))
    if not isinstance(function, np.ufunc) or settings:
        return step._replace(function=getattr(tape.xp, name))
    entrywise = function.signature is None and _is_flat(step)
    step = step._replace(function=function, fresh=True, entrywise=entrywise, room="out")
    return _with_constants(step, name, read) if len({each.dtype for each in read}) == 1 else step


def _is_full_matrix(kind: Kind) -> bool:
    return len(kind.shape) == 2 and min(kind.shape) > 1 and kind.order != ""


def _is_flat(step: Step) -> bool:
    return not any(ref.flipped for ref in refs_in(step.inputs))


def _with_constants(step: Step, name: str, read: list[Kind]) -> Step:
    """The step with Python's numbers as the arrays that NumPy would make of them."""
    dtype = read[0].dtype
    if dtype.kind != "f":
        return step
    are_numbers = all(kind.shape == () and not kind.order for kind in read)
    if are_numbers and name in OPERATORS:
        step = step._replace(function=OPERATORS[name], fresh=False, entrywise=False, room="")

    def constant(value: Any) -> Any:
        if type(value) not in (int, float):
            return value
        return dtype.type(value) if are_numbers else np.asarray(value, dtype)

    return step._replace(inputs=tuple(map(constant, step.inputs)))
