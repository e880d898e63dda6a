"""Where the axes of an array come from, as far as the code says.

Every axis of an array that a reading meets has a label. A transpose exchanges labels, a sum over
an axis drops one, a product keeps the outer two, arithmetic keeps them; what comes from elsewhere
has new ones. So ``S - S.mean(axis=1)``, whose shapes a bias row has too, is told from it: the one
axis of the means has the label of S's rows, and meets S's columns.

>>> a, b = Label(), Label()
>>> matmul((a, b), (b, a)) == (a, a)
True
"""

import ast
from collections.abc import Sequence
from typing import Any, NamedTuple

from shapecheck_bp.reading.variants import REDUCTIONS, name_of

Shape = tuple[Any, ...]
WRITTEN = (
    *("reshape", "view", "expand_dims", "unsqueeze", "atleast_2d", "atleast_3d", "broadcast_to"),
    *(
        "meshgrid",
        "ix_",
        "outer",
        "ogrid",
        "mgrid",
        "newaxis",
        "column_stack",
        "vstack",
        "rearrange",
    ),
    *("repeat", "tile", "expand", "expand_as", "view_as", "broadcast_arrays", "broadcast_tensors"),
)
PRODUCTS = ("dot", "matmul", "mm")
TRANSPOSES = ("T", "mT", "transpose", "t")


class Label:
    """The origin of an axis; ``written`` where somebody wrote that it should be of length 1."""

    def __init__(self, written: bool = False) -> None:
        self.written = written


Labels = tuple[Label, ...]


class Seen(NamedTuple):
    """An array as it was met: its shape, and its axes' labels."""

    shape: Shape
    labels: Labels


def new(shape: Shape, written: bool = False) -> Labels:
    """New labels; those of axes of length 1 are written where the code says so."""
    return tuple(Label(written and size == 1) for size in shape)


def matmul(left: Labels, right: Labels) -> Labels:
    """Those of a product of matrices, or of a matrix and a vector."""
    if len(right) == 1:
        return left[:-1]
    return (*left[:-1], *right[:-2], *right[-1:])[-max(len(left), len(right)) :]


def elementwise(left: tuple[Labels, Shape], right: tuple[Labels, Shape], shape: Shape) -> Labels:
    """Those of a sum or the like: of the operand that is not of length 1 there."""
    made = []
    for place in range(1, len(shape) + 1):
        options = [
            (labels[-place], sizes[-place])
            for labels, sizes in (left, right)
            if place <= len(sizes)
        ]
        wide = [label for label, size in options if size != 1] or [label for label, _ in options]
        made.append(wide[0])
    return tuple(reversed(made))


def without(labels: Labels, shape: Shape, axis: int, kept: bool) -> Labels:
    """Those of a sum over an axis."""
    axis %= len(shape)
    middle = (Label(),) if kept else ()
    return (*labels[:axis], *middle, *labels[axis + 1 :])


def indexed(labels: Labels, index: ast.expr, shape: Shape) -> Labels | None:
    """Those of a part of an array, where the index is made of None, colons and whole numbers."""
    parts: Sequence[ast.expr] = index.elts if isinstance(index, ast.Tuple) else [index]
    taken = sum(not _is_none(part) for part in parts if not _is_dots(part))
    made: list[Label] = []
    place = 0
    for part in parts:
        if _is_none(part):
            made.append(Label(written=True))
        elif _is_dots(part):
            rest = len(labels) - taken
            made += labels[place : place + rest]
            place += rest
        elif isinstance(part, ast.Slice):
            whole = part.lower is None and part.upper is None
            made.append(labels[place] if whole else Label())
            place += 1
        elif isinstance(part, ast.Constant) and isinstance(part.value, int):
            place += 1
        else:
            return None
    made += labels[place:]
    return tuple(made) if len(made) == len(shape) else None


def _is_none(part: ast.expr) -> bool:
    none = isinstance(part, ast.Constant) and part.value is None
    return none or getattr(part, "attr", getattr(part, "id", "")) == "newaxis"


def _is_dots(part: ast.expr) -> bool:
    return isinstance(part, ast.Constant) and part.value is Ellipsis


def is_written(node: Any) -> bool:
    """Whether somebody wrote that axes of length 1 are wanted: meshgrid(...), ogrid[...]."""
    if isinstance(node, ast.Call):
        return name_of(node) in WRITTEN
    owner = getattr(node, "value", None)
    return isinstance(node, ast.Subscript) and getattr(owner, "attr", "") in WRITTEN


def of_call(node: ast.Call, shape: Shape, arrays: list[Seen]) -> Labels | None:
    """Those of what a call gives, where its name and the shapes say what it does."""
    name = name_of(node)
    if is_written(node):
        return new(shape, written=True)
    if name in PRODUCTS and len(arrays) == 2:
        return matmul(arrays[0].labels, arrays[1].labels)
    if name in TRANSPOSES and len(arrays) == 1 and shape == arrays[0].shape[::-1]:
        return arrays[0].labels[::-1]
    if len(arrays) != 1:
        return None
    array_ = arrays[0]
    if shape == array_.shape:
        return array_.labels
    axis = _axis_of(node, name)
    if axis is not None and -len(array_.shape) <= axis < len(array_.shape):
        kept = len(shape) == len(array_.shape)
        found = without(array_.labels, array_.shape, axis, kept)
        place = axis % len(array_.shape)
        sizes = (*array_.shape[:place], *((1,) if kept else ()), *array_.shape[place + 1 :])
        if sizes == shape:
            return found
    return None


def _axis_of(node: ast.Call, name: str) -> int | None:
    """The axis that a call names, if it names one."""
    for keyword in node.keywords:
        if keyword.arg in ("axis", "dim"):
            return _whole(keyword.value)
    position = 0 if isinstance(node.func, ast.Attribute) and len(node.args) == 1 else 1
    if name in REDUCTIONS and len(node.args) > position:
        return _whole(node.args[position])
    return None


def _whole(node: ast.expr) -> int | None:
    try:
        value = ast.literal_eval(node)
    except ValueError:
        return None
    return value if type(value) is int else None
