"""A step by a shorter way to the same numbers: without what NumPy looks at first, at every call.

>>> from shapecheck_bp.replay.recording import record
>>> tape, _ = record(lambda Z: Z / np.sum(Z, axis=0), (np.ones((2, 2)),))
>>> shortened(tape.steps[0], tape.kinds)[:2]
(<built-in method reduce of numpy.ufunc object at ...>, (v0, 0, None, None, False))
"""

import operator
from typing import Any

import numpy as np
from numpy.lib import NumpyVersion

from shapecheck_bp.replay.recording import Kind, Step, refs_in

# Before 2.3 dot did not tell of invalid numbers, as matmul does.
DOT_TELLS = NumpyVersion(np.__version__) >= "2.3.0"
REDUCTIONS: dict[Any, np.ufunc] = {np.sum: np.add, np.max: np.maximum}
# For numbers such as J, of which a ufunc would make arrays.
OPERATORS = {
    np.add: operator.add,
    np.subtract: operator.sub,
    np.multiply: operator.mul,
    np.true_divide: operator.truediv,
}


def shortened(step: Step, kinds: list[Kind]) -> Step:
    """The step that gives the same for values of these kinds, to the last bit."""
    function, inputs, settings, _ = step
    read = [kinds[ref.place] for ref in refs_in(inputs)]
    if function in REDUCTIONS and len(inputs) == 1 and settings.keys() <= {"axis", "keepdims"}:
        axis, keepdims = settings.get("axis"), settings.get("keepdims", False)
        inputs = (*inputs, axis, None, None, keepdims)
        return step._replace(function=REDUCTIONS[function].reduce, inputs=inputs, settings={})
    # The same BLAS routine; but for vectors it has others, and gaps are copied before.
    if function is np.matmul and DOT_TELLS and all(map(_is_full_matrix, read)):
        return step._replace(function=np.ndarray.dot)
    if isinstance(function, np.ufunc) and len({kind.dtype for kind in read}) == 1:
        return _with_constants(step, read)
    return step


def _is_full_matrix(kind: Kind) -> bool:
    return len(kind.shape) == 2 and min(kind.shape) > 1 and kind.order != ""


def _with_constants(step: Step, read: list[Kind]) -> Step:
    """The step with Python's numbers as the arrays that NumPy would make of them."""
    dtype = read[0].dtype
    if dtype.kind != "f":
        return step
    are_numbers = all(kind.shape == () and not kind.order for kind in read)
    if are_numbers and step.function in OPERATORS:
        step = step._replace(function=OPERATORS[step.function])

    def constant(value: Any) -> Any:
        if type(value) not in (int, float):
            return value
        return dtype.type(value) if are_numbers else np.asarray(value, dtype)

    return step._replace(inputs=tuple(map(constant, step.inputs)))
