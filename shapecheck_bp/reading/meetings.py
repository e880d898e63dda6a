"""Whether an operand was spread over another without a word.

Shapes alone do not tell a mistake from a bias row. What does: that both operands were spread, and
nobody wrote an axis of length 1; that an axis met another one than its own; that a transposed
matrix was multiplied entry by entry with a column.
"""

import ast
from math import prod
from typing import Any, NamedTuple

from shapecheck_bp.reading.instrument import Site
from shapecheck_bp.reading.labels import Seen, Shape


class Meeting(NamedTuple):
    """Two operands of which one was spread over the other without a word."""

    site: Site
    left: Seen
    right: Seen
    shape: Shape
    why: str


def silent(left: Seen, right: Seen, shape: Shape, node: Any) -> str:
    """Why a broadcast is likely not meant, or nothing where it may be."""
    sides = (left, right)
    if any(prod(side.shape) == 1 for side in sides):
        return ""
    written = any(
        label.written
        for side in sides
        for label, size in zip(side.labels, side.shape, strict=True)
        if size == 1
    )
    if all(side.shape != shape for side in sides) and not written:
        return "both"
    if len(left.shape) != len(right.shape):
        ends = (left.labels[::-1], right.labels[::-1], left.shape[::-1], right.shape[::-1])
        for label, other, size, same in zip(*ends, strict=False):
            strangers = label is not other and size == same != 1
            if strangers and (label in right.labels) != (other in left.labels):
                return "axis"
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult) and not written:
        flipped = isinstance(node.left, ast.Attribute) and node.left.attr == "T"
        if flipped and len(left.shape) == 2 == len(right.shape) and right.shape[-1] == 1:
            return "product"
    return ""
