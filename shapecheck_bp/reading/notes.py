"""What is noted while a person's code runs: for every expression its shapes, and silent broadcasts.

Of an expression the first and the last shape are kept, and how often it was met; arrays are not.
Where the axes of an array come from is known while the array lives. Nothing of the person's is
called for it, and no attribute is asked for that a class of theirs could answer.
"""

import ast
import weakref
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from shapecheck_bp.reading import labels
from shapecheck_bp.reading.instrument import Site
from shapecheck_bp.reading.labels import Label, Labels, Seen, Shape
from shapecheck_bp.reading.meetings import Meeting, silent, together
from shapecheck_bp.reading.passing import FAULTS, is_anothers
from shapecheck_bp.reading.reached import module_of
from shapecheck_bp.reading.records import Record, labels_of, name_in_library
from shapecheck_bp.reading.safety import LIBRARIES

MANY, MOST = 20_000, 100_000  # arrays: those that are gone are forgotten, or all of them

# Of statements, by identity: what each came to first and last, and how often.
Statements = dict[int, tuple[Shape | None, Shape | None, int]]


class Notes:
    """Notes on one run."""

    def __init__(self, sites: Iterable[Site], instead: bool = False) -> None:
        """Begin with none; ``instead`` is whether other expressions are to be run."""
        self.records: dict[int, Record] = {}
        self.add(sites)
        self.instead = instead
        self.order: list[Site] = []
        """The sites in the order in which they were met first."""
        self.exchange: dict[tuple[int, int | None], Callable[[Any], Any]] = {}
        self.meetings: dict[int, Meeting] = {}
        self._lengths: dict[int, dict[Any, Label]] = {}  # named in a function
        self.missed = 0
        """How often taking a note went wrong."""
        self._known: dict[int, tuple[Callable[[], Any], Seen]] = {}
        self._most = MANY
        self._shape_of: dict[int, Callable[[Any], Shape]] = {}  # by the identity of a class
        self._kinds: list[type] = []

    def add(self, sites: Iterable[Site]) -> None:
        """Note these, too."""
        new = [Record(site) for site in sites if site.number not in self.records]
        self.records |= {record.number: record for record in new}
        for record in new:
            record.connect(self.records)

    def note(self, number: int, value: Any, /) -> Any:
        """Note that an expression came to a value, and say what it is to come to."""
        record = self.records.get(number)
        if record is None:
            return value
        if self.exchange:
            value = self._exchanged(number, record.times, value)
        try:
            if record.site.is_called:
                record.called = name_in_library(value)
                return value
            times = record.times = record.times + 1
            if times == 1:
                self.order.append(record.site)
            kind = type(value)
            shape_of = self._shape_of.get(id(kind))  # a metaclass may have a hash of its own
            if shape_of is None:
                shape_of = self._learn(kind)
            if shape_of is _no_shape:
                if record.last is not None:
                    record.last = record.seen = None
                if record.said and (kind is tuple or kind is list):
                    self._said(value)
                elif record.function is not None:  # of losses and the like, only a number comes
                    self._meet(record, ())
            else:
                self._array(record, value, shape_of(value))
        except FAULTS as error:  # what goes wrong in here is no matter of the person's
            if is_anothers(error):
                raise
            self.missed += 1
        return value

    def _learn(self, kind: type) -> Callable[[Any], Shape]:
        shape_of = self._shape_of[id(kind)] = _shape_getter(kind)
        self._kinds.append(kind)
        return shape_of

    def _exchanged(self, number: int, time: int, value: Any) -> Any:
        for key in ((number, None), (number, time)):
            if key in self.exchange:
                value = self.exchange[key](value)
        return value

    def done(self) -> None:
        """Let go of all that was needed only while notes were taken."""
        self._known.clear()
        self._shape_of.clear()
        self._kinds.clear()
        for record in self.records.values():
            record.seen = record.made = None

    def statements(self) -> Statements:
        """Of each statement, by identity: what it came to first and last, and how often."""
        found: Statements = {}
        for site in self.order:
            if site.is_whole:
                record = self.records[site.number]
                first, _, times = found.get(id(site.statement), (record.first, None, 0))
                found[id(site.statement)] = first, record.last, times + record.times
        return found

    def _array(self, record: Record, value: Any, shape: Shape) -> None:
        if record.times == 1:
            record.first = shape
        record.last = shape
        if record.resized:  # NumPy resizes no array that somebody refers to
            self._known.pop(id(value), None)
            record.seen = Seen(shape, labels.new(shape))
        elif not record.makes:
            record.seen = self._known_as(value, shape)
        elif record.in_place:
            record.seen = self._known_as(value, shape)
            self._meet(record, shape)
        else:
            operands = [inner.seen for inner in record.inside]
            made = record.made
            if made is None or made.shape != shape or operands != record.made_of:
                made = self._made(record, value, shape, operands)
                self._meet(record, shape)
            for inner in record.inside:
                inner.seen = None  # used: by recursion it may be another's next time
            record.seen = made
            self._remember(value, made)
        if record.site.is_summed and labels.may_be_asked(type(value)):
            record.seen = record.seen._replace(is_symmetric=labels.is_symmetric(value))

    def _made(self, record: Record, value: Any, shape: Shape, operands: list[Seen | None]) -> Seen:
        """What an expression made, as far as it is known what it does; kept for the next time."""
        arrays = [operand for operand in operands if operand is not None]
        owner = record.of.get(id(getattr(record.site.node, "value", None)))
        lengths = self._lengths.setdefault(id(record.site.function), {})
        found = labels_of(record, shape, arrays, owner.seen if owner else None, lengths)
        record.made = None
        if found is None or len(found) != len(shape):
            return self._known_as(value, shape)
        seen = self._known_as(value, shape, found)
        if arrays and record.function is None:  # what is called may be another function next time
            record.made, record.made_of = seen, operands
        return seen

    def _known_as(self, value: Any, shape: Shape, found: Labels | None = None) -> Seen:
        """An array as it was met before, or else with these labels, or new ones."""
        entry = self._known.get(id(value))
        if entry is not None and entry[0]() is value and entry[1].shape == shape:
            return entry[1]
        seen = Seen(shape, labels.new(shape) if found is None else found)
        self._remember(value, seen)
        return seen

    def _remember(self, value: Any, seen: Seen) -> None:
        known = self._known
        try:
            known[id(value)] = weakref.ref(value), seen
        except TypeError:
            known.pop(id(value), None)
        if len(known) > self._most:
            self._forget()

    def _forget(self) -> None:
        """Bound the memory, which would else grow with the arrays that there are."""
        known = self._known
        for key, (refer, _) in [*known.items()]:
            if refer() is None:
                known.pop(key, None)
        if 2 * len(known) > MOST:
            known.clear()
        self._most = max(MANY, 2 * len(known))

    def _said(self, values: Any) -> None:
        """Arrays that somebody made with axes of length 1, by meshgrid or the like."""
        for value in values:
            shape_of = _shape_getter(type(value))
            if shape_of is not _no_shape:
                shape = shape_of(value)
                self._remember(value, Seen(shape, labels.new(shape, labels.SAID)))

    def _meet(self, record: Record, shape: Shape) -> None:
        """Whether one operand was spread over another without a word."""
        if record.number in self.meetings:
            return
        name, node = record.name, record.site.node
        for nodes in record.pairs(name):
            left, right = (self._operand(record, part) for part in nodes)
            if left is not None and right is not None and left.shape != right.shape:
                why = silent(left, right, shape, node, name)
                if why:
                    whole = together(left.shape, right.shape)
                    meeting = Meeting(record.site, nodes, left, right, whole, why)
                    self.meetings[record.number] = meeting
                    return

    def _operand(self, record: Record, part: ast.AST) -> Seen | None:
        if part is getattr(record.site.node, "target", None):
            return record.seen
        inner = record.of.get(id(part))
        return None if inner is None else inner.seen


def _no_shape(_: Any) -> Shape:
    """What stands for the shape of what has none."""
    return ()


def _shape_getter(kind: type) -> Callable[[Any], Shape]:
    """How the shape of such a value is found without running anybody's code."""
    if issubclass(kind, np.ndarray):
        return np.ndarray.shape.__get__
    if module_of(kind).partition(".")[0] not in LIBRARIES or not hasattr(kind, "shape"):
        return _no_shape
    if issubclass(kind, np.generic) or not hasattr(kind, "dtype"):
        return _no_shape
    return lambda value: tuple(value.shape)
