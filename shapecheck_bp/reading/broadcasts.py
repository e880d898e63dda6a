"""Silent broadcasts in words: what met what, where, and what to write so that it is said.

To NumPy nothing is wrong where each of two operands is spread over the other, or where one meets an
axis that is not its own. What to write instead is tried on the shapes.
"""

import ast
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from shapecheck_bp.reading.failing import shown_name
from shapecheck_bp.reading.meetings import Meeting
from shapecheck_bp.reading.repairs import spliced
from shapecheck_bp.reading.values import Evaluator
from shapecheck_bp.reading.variants import Operand, Shape, Variant, exchanged, filled, of_operand

WORDS = {
    "both": "each is spread over the other",
    "axis": "they meet along different axes of the same array",
    "product": "each entry by itself, where a product of matrices would fit too",
}
MOST = 2  # repairs that are told


@dataclass(frozen=True)
class Broadcast:
    """One operand spread over another, where nothing in the source says that this is meant."""

    file: str
    line: int
    expression: str
    operands: Mapping[str, Shape]
    result: Shape
    why: str
    repairs: tuple[str, ...]

    def __str__(self) -> str:
        """As a reading prints it."""
        width = max(map(len, self.operands))
        lines = [f"  {shown_name(self.file)}:{self.line}   {self.expression}", ""]
        lines += [f"  {text:<{width}}   {shape}" for text, shape in self.operands.items()]
        lines += ["", f"  is {self.result}: {self.why}."]
        if self.repairs:
            lines.append(f"  If that is not meant: {' or '.join(self.repairs)}")
        return "\n".join(lines)


def in_words(meeting: Meeting) -> Broadcast:
    """What is said of two operands that met."""
    site = meeting.site
    left, right = (
        Operand(node, site.file.text(node), seen.shape)
        for node, seen in zip(meeting.nodes, (meeting.left, meeting.right), strict=True)
    )
    return Broadcast(
        file=site.file.name,
        line=site.line,
        expression=site.text,
        operands={left.text: left.shape, right.text: right.shape},
        result=meeting.shape,
        why=WORDS[meeting.why],
        repairs=tuple(dict.fromkeys(_repairs(meeting, left, right)))[:MOST],
    )


def _repairs(meeting: Meeting, left: Operand, right: Operand) -> Iterator[str]:
    """What to write for it, under which neither is spread over the other, or along its own axis."""
    node, file = meeting.site.node, meeting.site.file
    if meeting.why == "product":
        yield filled("{0} @ {1}", left, right).text
        return
    for operand, other in ((right, left), (left, right)):
        if isinstance(node, ast.AugAssign) and operand is left:
            continue
        inner = _inmost(operand, meeting)
        for variant in of_operand(inner, other.shape):
            shape = _shape(variant, inner)
            if shape is not None and not _is_flip(variant, inner) and _says(shape, other, meeting):
                tree = exchanged(node, inner.node, variant.tree)
                yield spliced(file.text, node, inner.node, variant.text, tree)


def _inmost(operand: Operand, meeting: Meeting) -> Operand:
    """``best`` in ``gamma * best``: what has the shape, apart from numbers around it."""
    node = operand.node
    while isinstance(node, ast.BinOp | ast.UnaryOp):
        parts = [node.operand] if isinstance(node, ast.UnaryOp) else [node.left, node.right]
        arrays = [part for part in parts if not _is_number(part)]
        if len(arrays) != 1 or isinstance(getattr(node, "op", None), ast.MatMult):
            break
        node = arrays[0]
    return Operand(node, meeting.site.file.text(node), operand.shape)


def _is_number(node: ast.expr) -> bool:
    """A number, or a name in capitals, as constants have."""
    return isinstance(node, ast.Constant) or (isinstance(node, ast.Name) and node.id.isupper())


def _is_flip(variant: Variant, operand: Operand) -> bool:
    return variant.text == f"{operand.atom}.T" or variant.tree is getattr(operand.node, "value", 0)


def _says(shape: Shape, other: Operand, meeting: Meeting) -> bool:
    """Whether an operand of that shape is spread over the other no longer, or along its axis."""
    with suppress(ValueError):
        result = np.broadcast_shapes(shape, other.shape)
        if meeting.why == "axis":
            return result == meeting.shape and shape[-1:] == (1,)
        return result in (shape, other.shape) and result != meeting.shape
    return False


def _shape(variant: Variant, operand: Operand) -> Shape | None:
    """The shape of an operand that is written otherwise."""
    if "keepdim" in variant.text:
        return (*operand.shape, 1)
    zeros = np.zeros(operand.shape, dtype=bool)
    with suppress(Exception):
        value = Evaluator({}, {id(operand.node): (operand.node, zeros)}).value(variant.tree)
        return tuple(value.shape)
    return None
