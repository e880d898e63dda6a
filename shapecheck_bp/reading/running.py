"""``read``: a call made once, as it stands, with every expression noted; and made again, changed.

>>> def scores(W, X):
...     return W @ X
>>> reading = read(scores, np.ones((2, 3)), np.ones((3, 4)))
>>> reading.result.shape, reading.error
((2, 4), None)
"""

import ast
from collections.abc import Callable, Mapping
from functools import cached_property, partial
from types import FunctionType, MethodType
from typing import Any

from shapecheck_bp.reading.broadcasts import Broadcast, in_words
from shapecheck_bp.reading.explaining import Explanation, explained_in
from shapecheck_bp.reading.failing import is_a_persons
from shapecheck_bp.reading.instrument import Site
from shapecheck_bp.reading.listing import listing
from shapecheck_bp.reading.live import Live, exchanged, plain_code
from shapecheck_bp.reading.notes import Notes
from shapecheck_bp.reading.passing import FAULTS, deeper, is_anothers, taken_by
from shapecheck_bp.reading.reached import Reached, is_a_persons_class, mro_of, own_names
from shapecheck_bp.reading.sources import File, NotRead, file_of
from shapecheck_bp.reading.state import State

Exchange = Mapping[tuple[Site, int | None], Callable[[Any], Any]]


class Reading:
    """What was seen while a call was made."""

    def __init__(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Any) -> None:
        code = _function_of(function)
        self.name = _name_of(function) if code is None else code.__qualname__
        self.files: dict[str, File] = {}
        self.not_read: dict[str, str] = {}
        """The functions that are left as they are, though the call may come to them, and why."""
        reached = Reached(function, *args, *kwargs.values())
        lives = self._lives(reached)
        self.why_not = self._why_not(code, lives)
        """Why the function itself was not read, or nothing where it was."""
        self._state = State(function, args, kwargs, reached.named.values())
        self.result: Any = None
        """What the call returned."""
        self.error: Exception | None = None
        """The exception that it ended in, which is kept and not raised."""
        del reached, code
        self.notes = self._run(partial(function, *args, **kwargs), lives, self)

    def again(
        self,
        exchange: Exchange | None = None,
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
        other.not_read, other.why_not = dict(self.not_read), self.why_not
        other.result = other.error = None
        with self._state.again() as call:
            lives = other._lives(Reached(call))
            other.notes = self._run(call, lives, other, exchange, instead)
        return other

    def _lives(self, reached: Reached) -> list[Live]:
        """The functions that can be read, of those that the call may come to."""
        lives = []
        for function in reached.functions.values():
            try:
                file, plain = file_of(function), plain_code(function)
                file.noted(plain)
            except NotRead as why:
                self.not_read[function.__qualname__] = str(why)
            except FAULTS as error:
                if is_anothers(error):
                    raise
                why_not = f"its source is too much for Python: {error}"
                self.not_read[function.__qualname__] = why_not
            else:
                self.files[file.name] = file
                lives.append(Live(function, plain, file))
        return lives

    def _why_not(self, function: FunctionType | None, lives: list[Live]) -> str:
        if function is None:
            return "" if lives else "it is not written in Python"
        if not is_a_persons(function.__code__):
            typed = function.__code__.co_filename.startswith("<")
            return "" if lives else "it has no source" if typed else "it is a library's"
        return self.not_read.get(function.__qualname__, "")

    def _run(
        self,
        call: Callable[[], Any],
        lives: list[Live],
        into: "Reading",
        exchange: Exchange | None = None,
        instead: Mapping[ast.AST, ast.expr] | None = None,
    ) -> Notes:
        codes = [(live, live.file.noted(live.plain, instead)) for live in lives]
        sites = (site for file in self.files.values() for site in file.sites.values())
        notes = Notes(sites, bool(instead))
        notes.exchange = {(site.number, time): f for (site, time), f in (exchange or {}).items()}
        try:
            with exchanged(codes), taken_by(notes), deeper():
                into.result = call()
        except Exception as error:
            into.error = error
        finally:
            notes.done()
        return notes

    @cached_property
    def broadcasts(self) -> list[Broadcast]:
        """The silent ones, in the order in which they were met."""
        return [in_words(meeting) for meeting in self.notes.meetings.values()]

    @cached_property
    def explanation(self) -> Explanation | None:
        """What the error came of, with repairs under which the rest of the call goes on, too."""
        return None if self.error is None else explained_in(self, self.error)

    def __str__(self) -> str:
        """The source of what ran, each line with the shapes that it made."""
        return listing(self)

    __repr__ = __str__


def _function_of(called: Any) -> FunctionType | None:
    """The function in Python that is run where this is called, or None."""
    kind = type(called)
    while kind is partial or kind is MethodType:
        called = called.func if kind is partial else called.__func__
        kind = type(called)
    if kind is FunctionType:
        return called  # type: ignore[no-any-return]
    name, owner = ("__init__", called) if issubclass(kind, type) else ("__call__", kind)
    for base in mro_of(owner):
        entry = own_names(base).get(name)
        if entry is not None:
            return entry if type(entry) is FunctionType else None
    return None


def _name_of(called: Any) -> str:
    """The name of what is not written in Python, or of the class that it is one of."""
    kind = type(called)
    if is_a_persons_class(kind):
        return str(type.__dict__["__name__"].__get__(kind))
    name = getattr(called, "__name__", None)
    return name if isinstance(name, str) else kind.__name__


def read(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Reading:
    """Make a call once, as it is, and note every expression of the person's own code in it.

    Nothing of their files is changed, and an exception is kept in ``.error``. Not noted are
    libraries, code without source, generators and coroutines (``.not_read`` says which and why),
    and other threads. Otherwise the call does what it does without. What may be seen of a reading:
    the call comes from here, ``__code__`` is another, references (weak ones, too) are counted
    otherwise, ``sys.getrecursionlimit()`` is higher by 64, and who traces or times calls sees those
    that take the notes.

    >>> def centred(x):
    ...     return x - x.mean(axis=1, keepdims=True)
    >>> read(centred, np.ones((3, 3))).broadcasts
    []
    """
    return Reading(function, args, kwargs)
