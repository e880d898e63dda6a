"""The codes of live functions, exchanged while a reading lasts and put back whatever happens.

Several readings may hold a function at once: in other threads, or one inside another. The last one
to come in has its code in place; the function's own is back when the last one has left. A function
that was given other code meanwhile keeps what it was given.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import RLock
from types import CodeType, FunctionType
from typing import Any, NamedTuple

from shapecheck_bp.reading.sources import File

_lock = RLock()


class Live(NamedTuple):
    """A function that can be read, its own code and its file."""

    function: FunctionType
    plain: CodeType
    file: File


class _Held:
    """A function that readings hold: its own code, and theirs in the order of their coming."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.codes: dict[object, CodeType] = {}
        self.placed = live.plain

    def place(self) -> None:
        """Put the right code in place, unless the person's own program has put another there."""
        function: Any = self.live.function
        plain = self.live.plain
        if function.__code__ is self.placed:
            self.placed = [plain, *self.codes.values()][-1]
            function.__code__ = self.placed
        elif not self.codes:
            theirs = self.live.file.plain(function.__code__)  # another function's, which is read
            if theirs is not None:
                function.__code__ = theirs


_held: dict[int, _Held] = {}


def plain_code(function: FunctionType) -> CodeType:
    """The code of a function as it stands, whoever reads it."""
    held = _held.get(id(function))
    return function.__code__ if held is None else held.live.plain


@contextmanager
def exchanged(codes: Sequence[tuple[Live, CodeType]]) -> Iterator[None]:
    """While this lasts, each function has its code of these."""
    token = object()
    try:
        for live, code in codes:
            with _lock:
                held = _held.setdefault(id(live.function), _Held(live))
                held.codes[token] = code
                held.place()
        yield
    finally:
        for live, _ in codes:
            with _lock:
                held = _held.get(id(live.function), _Held(live))
                held.codes.pop(token, None)
                held.place()
                if not held.codes:
                    _held.pop(id(live.function), None)
