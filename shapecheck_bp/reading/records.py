"""What is known of one expression in one run: its shapes, and what the axes come from."""

import ast
import sys
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

from shapecheck_bp.reading import labels
from shapecheck_bp.reading.instrument import Site
from shapecheck_bp.reading.labels import Label, Labels, Seen, Shape
from shapecheck_bp.reading.meetings import OF_TWO, pairs
from shapecheck_bp.reading.reached import module_of
from shapecheck_bp.reading.safety import LIBRARIES
from shapecheck_bp.reading.variants import name_of

Pairs = list[tuple[ast.expr, ast.expr]]


class Record:
    """What is known of a site in one run."""

    __slots__ = (
        *("site", "number", "times", "first", "last", "seen", "inside", "of", "called", "said"),
        *("made", "made_of", "makes", "in_place", "resized", "function", "_pairs"),
    )

    def __init__(self, site: Site) -> None:
        node = site.node
        self.site, self.number = site, site.number
        self.times = 0
        self.first: Shape | None = None
        self.last: Shape | None = None
        self.seen: Seen | None = None  # what it came to last, until that is used
        self.inside: list[Record] = []
        self.of: dict[int, Record] = {}  # the records right inside it, by the identity of the node
        self.made: Seen | None = None  # what it made last, and of which operands
        self.made_of: list[Seen | None] = []
        transpose = isinstance(node, ast.Attribute) and node.attr in ("T", "mT")
        self.makes = transpose or not isinstance(node, ast.Name | ast.Attribute)
        self.in_place = isinstance(node, ast.AugAssign)
        self.said = labels.is_said(node)
        self.resized = False
        self.called = ""  # the library's function that was called here
        self.function: Record | None = None  # the record of what this calls, where that is noted
        self._pairs: dict[str, Pairs] = {}

    def connect(self, records: dict[int, "Record"]) -> None:
        """Look up the records of its operands."""
        node = self.site.node
        for part, site in self.site.inside.items():
            if (found := records.get(site.number)) is not None:
                self.of[part] = found
        if isinstance(node, ast.Call):
            function = self.of.get(id(node.func))
            self.function = function if function is not None and function.site.is_called else None
            owner = self.of.get(id(getattr(node.func, "value", None)))
            if owner is not None and name_of(node) == "resize":
                owner.resized = True
        self.inside = [found for found in self.of.values() if not found.site.is_called]

    @property
    def name(self) -> str:
        """Of a call: the name of the library's function, as far as that is known."""
        node = self.site.node
        if not isinstance(node, ast.Call):
            return ""
        if self.function is not None:
            return self.function.called
        return name_of(node.func if isinstance(node.func, ast.Call) else node)  # MSELoss()(p, y)

    def pairs(self, name: str) -> Pairs:
        """The parts of the expression that are put together entry by entry, two and two."""
        if name not in self._pairs:
            self._pairs[name] = pairs(self.site.node, name)
        return self._pairs[name]


def labels_of(
    record: Record, shape: Shape, arrays: list[Seen], owner: Seen | None, lengths: dict[Any, Label]
) -> Labels | None:
    """The labels of what an expression makes of these, or None where that is not known."""
    node = record.site.node
    if isinstance(node, ast.Attribute):
        return arrays[0].labels[::-1] if arrays else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        return labels.matmul(*(seen.labels for seen in arrays)) if len(arrays) == 2 else None
    if record.said:
        return labels.new(shape, labels.SAID)
    if isinstance(node, ast.Subscript):
        return labels.indexed(owner.labels, node.slice, shape) if owner else None
    if isinstance(node, ast.Call):
        name = record.name
        if not arrays:
            return labels.made(node, name, shape, lengths)
        if len(arrays) == 1 or name not in {"where", *OF_TWO}:
            return labels.of_call(node, name, shape, arrays)
    return labels.elementwise(arrays, shape) if arrays else None


def name_in_library(value: Any) -> str:
    """The name of a library's function, or of the class of its callable object; else nothing."""
    kind = type(value)
    if _is_a_librarys(kind):
        name = getattr(value, "__name__", None)
        return name if isinstance(name, str) else kind.__name__
    if kind is FunctionType:
        return value.__name__ if _is_name_of_library(value.__module__) else ""
    if kind in (MethodType, BuiltinFunctionType):
        owner = value.__self__
        if owner is None:  # as PyTorch's own
            name = str(value.__name__)
            return name if getattr(sys.modules.get("torch"), name, None) is value else ""
        if isinstance(owner, ModuleType):
            return value.__name__ if _is_name_of_library(owner.__name__) else ""
        return value.__name__ if _is_a_librarys(type(owner)) else ""
    return ""


def _is_a_librarys(kind: type) -> bool:
    return _is_name_of_library(module_of(kind))


def _is_name_of_library(module: Any) -> bool:
    return isinstance(module, str) and module.partition(".")[0] in LIBRARIES
