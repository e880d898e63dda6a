"""What is noted while a person's code runs: for every expression its shapes, and silent broadcasts.

Of an operation only its site and shape are kept, eight bytes each; arrays are not. Which labels an
array has its labels from is known while the array lives.
"""

import ast
import weakref
from array import array
from collections.abc import Callable
from typing import Any

import numpy as np

from shapecheck_bp.reading import labels
from shapecheck_bp.reading.instrument import Site
from shapecheck_bp.reading.labels import Labels, Seen, Shape
from shapecheck_bp.reading.meetings import Meeting, silent
from shapecheck_bp.reading.safety import LIBRARIES

NO_SHAPE = -1
ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)


class Notes:
    """Notes on one run."""

    def __init__(self, sites: dict[int, Site], resizes: bool = False) -> None:
        self.sites = sites
        self.resizes = resizes
        self.order = array("q")  # the number of each site as it was met, and where its shape stands
        self.shapes: dict[Shape | None, int] = {}
        self.met: array[int] = array("i")
        self.last: dict[int, Seen] = {}
        self.exchange: dict[tuple[int, int | None], Callable[[Any], Any]] = {}
        self.times: dict[int, int] = {}
        self.meetings: dict[int, Meeting] = {}
        self.missed = 0
        self.known: dict[int, tuple[Any, Labels]] = {}
        self.kinds: dict[type, Callable[[Any], Shape] | None] = {}

    def note(self, number: int, value: Any) -> Any:
        """Note that an expression came to a value, and say what it is to come to."""
        site = self.sites.get(number)
        if site is None:
            return value
        if self.exchange:
            value = self._exchanged(number, value)
        try:
            self._note(site, number, value)
        except Exception:  # whatever goes wrong here is no matter of the person's code
            self.missed += 1
        return value

    def _exchanged(self, number: int, value: Any) -> Any:
        time = self.times.get(number, 0)
        self.times[number] = time + 1
        for key in ((number, None), (number, time)):
            if key in self.exchange:
                value = self.exchange[key](value)
        return value

    def done(self) -> None:
        """Let go of all that was needed only while notes were taken."""
        self.known.clear()
        self.last.clear()

    def statements(self) -> dict[int, tuple[Shape | None, Shape | None, int]]:
        """Of each statement, by identity: what it came to first and last, and how often."""
        shapes = [*self.shapes]
        found: dict[int, tuple[Shape | None, Shape | None, int]] = {}
        for number, met in zip(self.order, self.met, strict=True):
            site = self.sites[number]
            if site.is_whole:
                shape = None if met == NO_SHAPE else shapes[met]
                first, _, times = found.get(id(site.statement), (shape, None, 0))
                found[id(site.statement)] = first, shape, times + 1
        return found

    def _note(self, site: Site, number: int, value: Any) -> None:
        kind = type(value)
        try:
            shape_of = self.kinds[kind]
        except KeyError:
            shape_of = self.kinds[kind] = _shape_getter(kind)
        self.order.append(number)
        if shape_of is None:
            self.met.append(NO_SHAPE)
            self.last.pop(number, None)
            if kind in (tuple, list) and labels.is_written(site.node):
                for item in value:
                    if shape_of := _shape_getter(type(item)):
                        self._remember(item, labels.new(shape_of(item), written=True))
            return
        shape = shape_of(value)
        self.met.append(self.shapes.setdefault(shape, len(self.shapes)))
        node = site.node
        operands = [self.last.get(inner.number) for inner in site.inside.values()]
        if isinstance(node, ast.AugAssign):
            target = self.last.get(number) or Seen(shape, self._known(value, shape))
            self._meet(site, target, operands[0], shape)
            return
        if isinstance(node, ast.Name | ast.Attribute) and not self._is_transpose(node):
            found = self._known(value, shape)
        else:
            found = self._made(site, value, shape, operands)
            self._remember(value, found)
        self.last[number] = Seen(shape, found)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ARITHMETIC):
            left, right = (self._operand(site, side) for side in (node.left, node.right))
            if left and right:
                self._meet(site, left, right, shape)

    def _operand(self, site: Site, node: ast.expr) -> Seen | None:
        inner = site.inside.get(id(node))
        return self.last.get(inner.number) if inner else None

    # Labels.

    def _is_transpose(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Attribute) and node.attr in ("T", "mT")

    def _known(self, value: Any, shape: Shape) -> Labels:
        """The labels of an array that was met before, or new ones."""
        entry = self.known.get(id(value))
        if entry is not None and entry[0]() is value and len(entry[1]) == len(shape):
            return entry[1]
        found = labels.new(shape)
        self._remember(value, found)
        return found

    def _remember(self, value: Any, found: Labels) -> None:
        if self.resizes:
            return
        key, known = id(value), self.known
        try:
            known[key] = weakref.ref(value, lambda _: known.pop(key, None)), found
        except TypeError:
            known.pop(key, None)

    def _made(self, site: Site, value: Any, shape: Shape, operands: list[Seen | None]) -> Labels:
        """The labels of what an expression made, as far as it is known what it does."""
        node = site.node
        arrays = [operand for operand in operands if operand is not None]
        found: Labels | None = None
        if isinstance(node, ast.Attribute) and arrays and self._is_transpose(node):
            found = arrays[0].labels[::-1]
        elif isinstance(node, ast.BinOp):
            left, right = self._operand(site, node.left), self._operand(site, node.right)
            if isinstance(node.op, ast.MatMult):
                found = labels.matmul(left.labels, right.labels) if left and right else None
            elif left and right:
                pair = (left.labels, left.shape), (right.labels, right.shape)
                found = labels.elementwise(*pair, shape)
            else:
                found = (left or right).labels if left or right else None  # type: ignore[union-attr]
        elif isinstance(node, ast.UnaryOp) and arrays:
            found = arrays[0].labels
        elif isinstance(node, ast.Subscript):
            owner = self._operand(site, node.value)
            found = labels.indexed(owner.labels, node.slice, shape) if owner else None
        elif isinstance(node, ast.Call):
            found = labels.of_call(node, shape, arrays)
        if found is None or len(found) != len(shape):
            return self._known(value, shape)
        return found

    # Broadcasts.

    def _meet(self, site: Site, left: Seen, right: Seen | None, shape: Shape) -> None:
        """Whether one operand was spread over the other without a word."""
        if right is None or site.number in self.meetings or left.shape == right.shape:
            return
        why = silent(left, right, shape, site.node)
        if why:
            self.meetings[site.number] = Meeting(site, left, right, shape, why)


def _shape_getter(kind: type) -> Callable[[Any], Shape] | None:
    """How the shape of such a value is found without running anybody's code."""
    if issubclass(kind, np.ndarray):
        return np.ndarray.shape.__get__
    if kind.__module__.partition(".")[0] in LIBRARIES and hasattr(kind, "shape"):
        if issubclass(kind, np.generic) or not hasattr(kind, "dtype"):
            return None
        return lambda value: tuple(value.shape)
    return None
