"""CuPy's arrays: a kernel for each entrywise step, into the memory that it may have."""

from typing import Any

import cupy
import numpy as np

from shapecheck_bp.replay.recording import Kind, Ref, Step, Tape, refs_in

ARRAYS = (cupy.ndarray,)
RESULTS = (cupy.ndarray,)
CONSTANTS = (np.dtype, type)
IN_PIECES = False
unusual = None


def kind(value: Any) -> Kind:
    """The kind of an array."""
    order = "C" if value.flags.c_contiguous else "F" if value.flags.f_contiguous else ""
    return Kind(value.shape, value.dtype, order)


def same(made: Any, recorded: Any) -> bool:
    """Whether two results are the same to the last bit."""
    if (made.shape, made.dtype) != (recorded.shape, recorded.dtype):
        return False
    return bool(cupy.array_equal(made, recorded))


def fused(steps: list[Step], tape: Tape) -> list[Step]:
    """The steps as they are."""
    return steps


def spelled(step: Step, tape: Tape) -> Step:
    """The step as a call of CuPy."""
    name, inputs, settings, *_ = step
    function = getattr(cupy, name, None)
    if not isinstance(function, cupy.ufunc) or settings:
        # What is fresh is so in CuPy as in NumPy, of which it has the functions.
        fresh = name in ("matmul", "sum", "max", "astype")
        return step._replace(function=getattr(tape.xp, name), fresh=fresh)
    plain = all(isinstance(each, Ref | int | float) for each in inputs)
    flat = plain and not any(ref.flipped for ref in refs_in(inputs))
    return step._replace(function=function, fresh=True, entrywise=flat, room="out")
