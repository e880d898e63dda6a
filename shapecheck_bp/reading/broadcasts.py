"""Silent broadcasts in words: what met what, where, and what to write so that it is said.

To NumPy nothing is wrong where each of two operands is spread over the other, or where one meets an
axis that is not its own. What to write instead is tried on the shapes.
"""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shapecheck_bp.reading.meetings import Meeting
from shapecheck_bp.reading.values import Evaluator
from shapecheck_bp.reading.variants import Operand, Shape, exchanged, expression, of_operand

WORDS = {
    "both": "each is spread over the other",
    "axis": "they meet along different axes of the same array",
    "product": "each entry by itself; a product of matrices would fit too",
}


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
        lines = [f"{Path(self.file).name}:{self.line}   {self.expression} is {self.result}"]
        lines += [f"  {text:<{width}}   {shape}" for text, shape in self.operands.items()]
        lines.append(f"  {self.why}.")
        if self.repairs:
            lines.append(f"  If that is not meant: {' or '.join(self.repairs)}")
        return "\n".join(lines)


def in_words(meeting: Meeting) -> Broadcast:
    """What is said of two operands that met."""
    site = meeting.site
    node = site.node
    left, right = meeting.nodes
    operands = [
        Operand(left, site.file.text(left), meeting.left.shape),
        Operand(right, site.file.text(right), meeting.right.shape),
    ]
    return Broadcast(
        file=site.file.name,
        line=site.line,
        expression=site.text,
        operands={operand.text: operand.shape for operand in operands},
        result=meeting.shape,
        why=WORDS[meeting.why],
        repairs=tuple(_repairs(node, operands, meeting)),
    )


def _repairs(node: Any, operands: list[Operand], meeting: Meeting) -> list[str]:
    """What to write for it under which it is spread otherwise, or not at all."""
    left, right = operands
    if meeting.why == "product":
        return [f"{left.atom} @ {right.atom}"]
    found: dict[str, None] = {}
    for operand, other in ((left, right), (right, left)):
        for text in of_operand(operand, other.shape):
            shape = _shape(text, operand)
            if shape is None or (isinstance(node, ast.AugAssign) and operand is left):
                continue
            if meeting.why == "axis" and len(operand.shape) > 1:
                continue
            try:
                result = np.broadcast_shapes(shape, other.shape)
            except ValueError:
                continue
            better = result in (shape, other.shape) if meeting.why == "both" else shape[-1:] == (1,)
            if better and result != () and _smaller(result, meeting):
                found[ast.unparse(exchanged(node, operand.node, expression(text)))] = None
    return [*found][:3]


def _smaller(result: Shape, meeting: Meeting) -> bool:
    return meeting.why != "both" or result != meeting.shape


def _shape(text: str, operand: Operand) -> Shape | None:
    """The shape of an operand that is written otherwise."""
    zeros = np.zeros(operand.shape, dtype=bool)
    tree = expression(text)
    known = {
        id(node): (node, zeros) for node in ast.walk(tree) if ast.unparse(node) == operand.text
    }
    if not known:  # with keepdims, of which only the shape is known
        return (*operand.shape, 1)
    try:
        return tuple(Evaluator({}, known).value(tree).shape)
    except Exception:
        return None
