"""What every noted expression is passed through, and for which threads something comes of it.

A code that notes may be run by anybody: by another thread, or long after the reading. Then nothing
is noted, and nothing stands in another's place.
"""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock, get_ident
from types import FunctionType, MethodType
from typing import Any, Protocol

from shapecheck_bp.reading.failing import is_a_persons

# What may go wrong in a reading's own work. Anything else comes from outside, at any moment.
FAULTS = (
    *(ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError),
    *(RuntimeError, SyntaxError, TypeError, ValueError),
)


class Taker(Protocol):
    """Who takes notes: ``notes.Notes``."""

    instead: bool

    def note(self, number: int, value: Any, /) -> Any:
        """Note that an expression came to a value, and say what it is to come to."""


_taking: dict[int, Taker] = {}  # by thread


def seen(number: int, value: Any) -> Any:
    """The value of an expression, noted where the thread takes notes."""
    taker = _taking.get(get_ident())
    return value if taker is None else taker.note(number, value)


def chosen() -> bool:
    """Whether this thread is to run what stands instead."""
    taker = _taking.get(get_ident())
    return taker is not None and taker.instead


@contextmanager
def taken_by(taker: Taker) -> Iterator[None]:
    """While this lasts, what this thread runs is noted by that one."""
    me = get_ident()
    before = _taking.get(me)
    _taking[me] = taker
    try:
        yield
    finally:
        if before is None:
            del _taking[me]
        else:
            _taking[me] = before


DEEPER = 64  # calls that a reading may be deep itself
_depth_lock = Lock()
_depth = {"readings": 0, "limit": 0}


@contextmanager
def deeper() -> Iterator[None]:
    """While this lasts, calls may be as much deeper as a reading needs, beside the person's own."""
    with _depth_lock:
        if not _depth["readings"]:
            _depth["limit"] = sys.getrecursionlimit()
            sys.setrecursionlimit(_depth["limit"] + DEEPER)
        _depth["readings"] += 1
    try:
        yield
    finally:
        with _depth_lock:
            _depth["readings"] -= 1
            ours = _depth["limit"] + DEEPER
            if not _depth["readings"] and sys.getrecursionlimit() == ours:
                with suppress(RecursionError):  # we are too deep for it ourselves
                    sys.setrecursionlimit(_depth["limit"])


def is_anothers(error: BaseException) -> bool:
    """Whether somebody else's code raised this, as a handler of a signal may at any moment."""
    handlers = [signal.getsignal(number) for number in signal.valid_signals()]
    functions = [each.__func__ if type(each) is MethodType else each for each in handlers]
    codes = [each.__code__ for each in functions if type(each) is FunctionType]
    traceback = error.__traceback__
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if is_a_persons(code) or any(code is handler for handler in codes):
            return True
        traceback = traceback.tb_next
    return False
