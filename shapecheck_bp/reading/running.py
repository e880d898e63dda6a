"""``read``: a call made once, as it stands, with every expression noted; and made again, changed.

>>> def scores(W, X):
...     return W @ X
>>> reading = read(scores, np.ones((2, 3)), np.ones((3, 4)))
>>> reading.result.shape, reading.error
((2, 4), None)
"""

import ast
import builtins
import linecache
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from threading import get_ident
from typing import Any

from shapecheck_bp.reading.broadcasts import Broadcast, in_words
from shapecheck_bp.reading.explaining import Explanation, explained_in
from shapecheck_bp.reading.instrument import SEEN, File, Site, files_of, noted
from shapecheck_bp.reading.listing import listing
from shapecheck_bp.reading.notes import Notes
from shapecheck_bp.reading.state import State

# The notes that each thread takes; what is noted by no thread is passed on as it is.
_taking: dict[int, Notes] = {}
_files: dict[str, File] = {}


def seen(number: int, value: Any) -> Any:
    """What every noted expression is passed through."""
    notes = _taking.get(get_ident())
    return value if notes is None else notes.note(number, value)


setattr(builtins, SEEN, seen)  # for good: a function made while a reading lasts may outlive it


class Reading:
    """What was seen while a call was made."""

    def __init__(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Any) -> None:
        self.name = getattr(function, "__qualname__", repr(function))
        self.files = {
            name: file for name in files_of(function) if (file := _file(name)) is not None
        }
        self._state = State(function, args, kwargs, self.files)
        self.result: Any = None
        """What the call returned."""
        self.error: Exception | None = None
        """The exception that it ended in, which is kept and not raised."""
        self.notes = self._run(lambda: function(*args, **kwargs), self)

    def again(
        self,
        exchange: Mapping[tuple[Site, int | None], Callable[[Any], Any]] | None = None,
        instead: Mapping[ast.AST, ast.expr] | None = None,
    ) -> "Reading":
        """The same call, from where it began, with something changed.

        Args:
            exchange: for an expression, and which time it is met (from 0, or None for every
                time), what to make of its value.
            instead: for an expression of the source, what is to stand there.

        Raises:
            NotAgain: what the call may change could not be copied.
        """
        other = object.__new__(Reading)
        other.name, other.files, other._state = self.name, self.files, self._state
        other.result = other.error = None
        changed = {
            name: file.with_instead(instead) if instead else file
            for name, file in self.files.items()
        }
        with self._state.again() as call:
            other.notes = self._run(call, other, changed, exchange)
        return other

    def _run(
        self,
        call: Callable[[], Any],
        into: "Reading",
        files: Mapping[str, File] | None = None,
        exchange: Mapping[tuple[Site, int | None], Callable[[Any], Any]] | None = None,
    ) -> Notes:
        sites = {one.number: one for file in self.files.values() for one in file.sites.values()}
        notes = Notes(sites, any(".resize(" in file.source for file in self.files.values()))
        notes.exchange = {(site.number, time): f for (site, time), f in (exchange or {}).items()}
        with noted(self.files if files is None else files), _taken(notes):
            try:
                into.result = call()
            except Exception as error:
                into.error = error
        return notes

    @cached_property
    def broadcasts(self) -> list[Broadcast]:
        """The silent ones, in the order in which they were met."""
        return [in_words(meeting) for meeting in self.notes.meetings.values()]

    @cached_property
    def explanation(self) -> Explanation | None:
        """What the error came of, with repairs under which the rest of the call goes on, too."""
        return None if self.error is None else explained_in(self)

    def __str__(self) -> str:
        """The source of what ran, each line with the shapes that it made."""
        return listing(self)

    __repr__ = __str__


@contextmanager
def _taken(notes: Notes) -> Iterator[None]:
    me = get_ident()
    before = _taking.get(me)
    _taking[me] = notes
    try:
        yield
    finally:
        notes.done()
        if before is None:
            del _taking[me]
        else:
            _taking[me] = before


def _file(name: str) -> File | None:
    """A person's file, parsed and compiled once for as long as it stays as it is."""
    linecache.checkcache(name)
    known = _files.get(name)
    if known is None or known.source != "".join(linecache.getlines(name)):
        with suppress(SyntaxError, ValueError, RecursionError):
            _files[name] = known = File(name)
    return known


def read(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Reading:
    """Make a call once, as it is, and note every expression of the person's own code in it.

    Nothing of their files is changed, and an exception is kept in ``.error``. Not noted are
    libraries, code without source, generators and coroutines, and other threads.

    >>> def centred(x):
    ...     return x - x.mean(axis=1, keepdims=True)
    >>> read(centred, np.ones((3, 3))).broadcasts
    []
    """
    return Reading(function, args, kwargs)
