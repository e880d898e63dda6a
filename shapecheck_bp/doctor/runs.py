"""One run of a step: what it noted on its way, what it began with and what came of it.

Every expression's value is noted, or only the cost, and any value can be exchanged for another.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np

from shapecheck_bp.doctor.arrays import Path, kept, mark
from shapecheck_bp.doctor.program import Version

Key = tuple[int, int]
"""An expression's number, and which time it is met."""
Change = Mapping[Path, Any]
Exchange = Mapping[Key, Callable[[Any], Any]]
Looks = Mapping[int, Callable[[Any], None]]
ARRAYS = (np.ndarray, np.matrix)
NUMBERS = (float, int, np.float64, np.float32, np.int64)
MOST_NOTES, MOST_BYTES = 2_000_000, 2**30


class Enough(BaseException):
    """What is asked for is known, or the step has run for too long."""


class Event:
    """An expression met once: its number, which time that is, and what it came to."""

    __slots__ = ("at", "number", "thing", "time", "value")

    def __init__(self, number: int, time: int, thing: Any, value: Any, at: int) -> None:
        """What it came to, and a copy of that as it was then."""
        self.number, self.time, self.thing, self.value, self.at = number, time, thing, value, at

    @property
    def key(self) -> Key:
        """By which it is found in other runs."""
        return self.number, self.time


def plus(change: Any) -> Callable[[Any], Any]:
    """An exchange: the value and this."""
    return lambda value: value + change


def instead(other: Any) -> Callable[[Any], Any]:
    """An exchange: a copy of this, whatever the value is."""
    return lambda _: kept(other)


def _same(one: Any, other: Any) -> bool:
    return bool(one.dtype == other.dtype and one.tobytes() == other.tobytes())


class Watch(Protocol):
    """Who looks for the cost."""

    def begin(self, version: Version) -> None:
        """Begin a run of a version."""

    def see(self, number: int, time: int, value: Any) -> bool:
        """Look at a value; whether all is known that is needed."""

    def value(self) -> float | None:
        """The cost, if it came."""


class Values:
    """What is passed to ``reading.passing``: notes the values of a run."""

    instead = False

    def __init__(
        self,
        keep: bool,
        exchange: Exchange,
        watch: Watch | None,
        stores: set[int],
        most: int,
        looks: Looks | None = None,
    ) -> None:
        """Note all, or only what the watch wants; more than ``most`` expressions are too many.

        ``stores`` has the numbers of what is noted once it is stored, and is changed in place.
        """
        self.looks = looks or {}
        self.stores = stores
        self.events: list[Event] = []
        self.times: dict[int, int] = {}
        self.keep, self.exchange, self.watch = keep, exchange, watch
        self.left, self.bytes = most, MOST_BYTES
        self.copies: dict[int, Any] = {}

    def note(self, number: int, value: Any) -> Any:
        """Note a value; give what stands for it."""
        if number in self.looks:
            self.looks[number](value)
        kind = type(value)
        if kind not in NUMBERS and (kind not in ARRAYS or value.dtype.names):
            return value
        time = self.times.get(number, 0)
        self.times[number] = time + 1
        self.left -= 1
        if not self.left:
            raise Enough
        if self.exchange and (number, time) in self.exchange:
            value = self._exchanged(number, time, value)
        if self.keep:
            self.events.append(Event(number, time, value, self._copy(value), len(self.events)))
        if self.watch is not None and self.watch.see(number, time, value):
            raise Enough
        return value

    def _copy(self, value: Any) -> Any:
        """A copy, which is the last one where nothing has changed since."""
        if type(value) not in ARRAYS:
            return value
        known = self.copies.get(id(value))
        if known is None or known.shape != value.shape or not _same(known, value):
            known = self.copies[id(value)] = np.array(value)
            self.bytes -= value.nbytes
            if self.bytes < 0:
                raise Enough
        return known

    def _exchanged(self, number: int, time: int, value: Any) -> Any:
        made = self.exchange[number, time](value)
        if type(value) is np.matrix:
            made = np.asmatrix(made)
        if number in self.stores and type(value) in ARRAYS:
            if value.dtype.kind == "f" and value.flags.writeable:
                value[...] = made
            return value
        return made


class Run:
    """One run: what the state was before and after, what came back, and what was noted."""

    def __init__(self) -> None:
        """Nothing has happened yet."""
        self.before: dict[Path, Any] = {}
        self.after: dict[Path, Any] = {}
        self.starts: dict[int, Path] = {}
        """The path of an array in the state, by its identity."""
        self.result: Any = None
        self.returned: dict[Path, Any] = {}
        self.error: BaseException | None = None
        self.events: list[Event] = []
        self.alive: Any = None
        self.is_cut = False
        """Whether it was ended from here."""

    def is_moved(self, path: Path) -> bool:
        """Whether there is now what was elsewhere before, as in a list that was shuffled."""
        now = self.after[path]
        there = self.starts.get(mark(now), path)
        return there != path and np.array_equal(self.before[there], now)
