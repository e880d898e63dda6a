"""What is noted while a person's code runs: for every expression its shapes, and silent broadcasts.

Of an operation only its site and shape are kept, eight bytes each; arrays are not. Which labels an
array has its labels from is known while the array lives.
"""

import ast
import weakref
from array import array
from collections.abc import Callable
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

import numpy as np

from shapecheck_bp.reading import labels, values
from shapecheck_bp.reading.instrument import Site
from shapecheck_bp.reading.labels import Label, Labels, Seen, Shape
from shapecheck_bp.reading.meetings import OF_TWO, Meeting, pairs, silent, together
from shapecheck_bp.reading.values import LIBRARIES
from shapecheck_bp.reading.variants import name_of

NO_SHAPE = -1


class Notes:
    """Notes on one run."""

    def __init__(self, sites: dict[int, Site], resizes: bool = False) -> None:
        """Begin with none. Arrays that are resized in place may not be watched."""
        self.sites = sites
        self.resizes = resizes
        self.order = array("q")  # the number of each site as it was met, and where its shape stands
        self.shapes: dict[Shape | None, int] = {}
        self.met: array[int] = array("i")
        self.last: dict[int, Seen] = {}
        self.exchange: dict[tuple[int, int | None], Callable[[Any], Any]] = {}
        self.times: dict[int, int] = {}
        self.meetings: dict[int, Meeting] = {}
        self.called: dict[int, str] = {}  # what was called, by the number of the function's site
        self.lengths: dict[int, dict[Any, Label]] = {}  # named in a function
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
        if site.is_called:
            self.called[number] = _name_in_library(value, kind)
            return
        try:
            shape_of = self.kinds[kind]
        except KeyError:
            shape_of = self.kinds[kind] = _shape_getter(kind)
        self.order.append(number)
        node = site.node
        if shape_of is None:
            self.met.append(NO_SHAPE)
            self.last.pop(number, None)
            if kind in (tuple, list) and labels.is_said(node):
                for item in value:
                    if shape_of := _shape_getter(type(item)):
                        self._remember(item, labels.new(shape_of(item), labels.SAID))
            elif isinstance(node, ast.Call):  # of losses and the like, only a number comes
                self._meet(site, ())
            return
        shape = shape_of(value)
        self.met.append(self.shapes.setdefault(shape, len(self.shapes)))
        if isinstance(node, ast.AugAssign):
            self.last[number] = self._known(value, shape)
            self._meet(site, shape)
            return
        if isinstance(node, ast.Name | ast.Attribute) and not self._is_transpose(node):
            found = self._known(value, shape)
        else:
            found = self._made(site, value, shape)
        if site.is_summed and kind.__module__.partition(".")[0] in LIBRARIES:
            found = found._replace(is_symmetric=labels.is_symmetric(value))
        self.last[number] = found
        self._meet(site, shape)

    def _operand(self, site: Site, node: ast.AST) -> Seen | None:
        if node is getattr(site.node, "target", None):
            return self.last.get(site.number)
        inner = site.inside.get(id(node))
        return self.last.get(inner.number) if inner else None

    # Labels.

    def _is_transpose(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Attribute) and node.attr in ("T", "mT")

    def _known(self, value: Any, shape: Shape, found: Labels | None = None) -> Seen:
        """An array with the labels that it was met with before, or else these, or new ones."""
        entry = self.known.get(id(value))
        if entry is not None and entry[0]() is value and len(entry[1]) == len(shape):
            return Seen(shape, entry[1])
        if found is None or len(found) != len(shape):
            found = labels.new(shape)
        self._remember(value, found)
        return Seen(shape, found)

    def _remember(self, value: Any, found: Labels) -> None:
        if self.resizes:
            return
        key, known = id(value), self.known
        try:
            known[key] = weakref.ref(value, lambda _: known.pop(key, None)), found
        except TypeError:
            known.pop(key, None)

    def _made(self, site: Site, value: Any, shape: Shape) -> Seen:
        """An array that an expression made, and its labels where it is known what that does."""
        node = site.node
        found: Labels | None = None
        arrays = [seen for inner in site.inside.values() if (seen := self.last.get(inner.number))]
        if isinstance(node, ast.Attribute) and arrays:
            found = arrays[0].labels[::-1]
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
            found = labels.matmul(*(seen.labels for seen in arrays)) if len(arrays) == 2 else None
        elif labels.is_said(node):
            found = labels.new(shape, labels.SAID)
        elif isinstance(node, ast.Subscript):
            owner = self._operand(site, node.value)
            found = labels.indexed(owner.labels, node.slice, shape) if owner else None
        elif isinstance(node, ast.Call):
            name = self._name(site)
            if not arrays:
                lengths = self.lengths.setdefault(id(site.function), {})
                found = labels.made(node, name, shape, lengths)
            elif len(arrays) > 1 and name in {"where", *OF_TWO}:
                found = labels.elementwise(arrays, shape)
            else:
                found = labels.of_call(node, name, shape, arrays)
        elif arrays:
            found = labels.elementwise(arrays, shape)
        return self._known(value, shape, found)

    # Broadcasts.

    def _name(self, site: Site) -> str:
        """The name of the library's function that a call is of."""
        inner = site.inside.get(id(getattr(site.node, "func", None)))
        if inner is None or not inner.is_called:
            return name_of(inner.node if inner else site.node)
        return self.called.get(inner.number, "")

    def _meet(self, site: Site, shape: Shape) -> None:
        """Whether one operand was spread over the other without a word."""
        if site.number in self.meetings:
            return
        node = site.node
        name = self._name(site) if isinstance(node, ast.Call) else ""
        for nodes in pairs(node, name):
            left, right = (self._operand(site, side) for side in nodes)
            if left and right and left.shape != right.shape:
                why = silent(left, right, shape, node, name)
                if why:
                    whole = together(left.shape, right.shape)
                    self.meetings[site.number] = Meeting(site, nodes, left, right, whole, why)
                    return


def _name_in_library(value: Any, kind: type) -> str:
    """The name of a library's function, or of the class of its callable object; else nothing."""
    if kind.__module__.partition(".")[0] in LIBRARIES:
        return str(getattr(value, "__name__", kind.__name__))
    if issubclass(kind, FunctionType | BuiltinFunctionType | MethodType):
        owner = value.__self__ if kind is MethodType else value
        if values.library_of(owner) in LIBRARIES:
            return str(value.__name__)
    return ""


def _shape_getter(kind: type) -> Callable[[Any], Shape] | None:
    """How the shape of such a value is found without running anybody's code."""
    if issubclass(kind, np.ndarray):
        return np.ndarray.shape.__get__
    if kind.__module__.partition(".")[0] in LIBRARIES and hasattr(kind, "shape"):
        if issubclass(kind, np.generic) or not hasattr(kind, "dtype"):
            return None
        return lambda value: tuple(value.shape)
    return None
