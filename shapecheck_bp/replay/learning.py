"""Once written down, a run need not be thought through again: what makes repeated calls quick.

``column`` and ``row`` are written to be read. What one of their functions does to NumPy arrays of
known shapes is always the same list of steps, so it is recorded once (``recording``), put in an
order that needs little memory (``order``) and written out as a program without the calls,
look-ups and temporaries on the way (``program``). A program is held to the numbers of the run that
it was recorded from, to the last bit, before it is used.

>>> import numpy as np
>>> def step(W, X):
...     return (np.maximum(W @ X, 0),)
>>> W, X = np.ones((2, 3)), np.ones((3, 4))
>>> program, first = learn(step, (W, X), ("W", "X"))
>>> np.array_equal(program(W, -X), step(W, -X))
True
"""

from collections.abc import Callable, Iterable
from typing import Any

from shapecheck_bp.replay.program import Program
from shapecheck_bp.replay.recording import record
from shapecheck_bp.transpose import map_leaves


def learn(
    function: Callable[..., Any], arguments: tuple[Any, ...], parameters: Iterable[str]
) -> tuple[Callable[..., Any], Any]:
    """A program that does the same for arguments of the same shapes, and what it gives for these.

    Where there is none, for other arrays than NumPy's or where values are looked at, that is the
    function itself.
    """
    try:
        tape, result = record(function, arguments)
        program = Program(tape, parameters).compile()
        same = _bits(program(*arguments)) == _bits(result)
    except Exception:  # whatever is wrong is for the function itself to say
        return function, function(*arguments)
    return (program if same else function), result


def has_settings(arguments: tuple[Any, ...]) -> bool:
    """Whether there is more than arrays and a network among the arguments.

    >>> has_settings((np.ones(2), None)), has_settings((np.ones(2), 64))
    (False, True)
    """
    found: list[Any] = []
    map_leaves(found.append, arguments)
    return not all(
        one is None or hasattr(one, "dtype") or hasattr(one, "__shape_axes__") for one in found
    )


def _bits(result: Any) -> list[Any]:
    found: list[Any] = []
    map_leaves(lambda one: found.append((one.shape, one.dtype, type(one), one.tobytes())), result)
    return found
