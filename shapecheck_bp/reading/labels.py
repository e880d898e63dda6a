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

import numpy as np

from shapecheck_bp.reading.safety import LIBRARIES
from shapecheck_bp.reading.variants import REDUCTIONS, name_of

Shape = tuple[Any, ...]
# Who calls these, or takes a part of these, wants axes of length 1.
SAYING = {
    *("reshape", "view", "expand_dims", "unsqueeze", "atleast_2d", "atleast_3d", "broadcast_to"),
    *("meshgrid", "ix_", "outer", "ogrid", "mgrid", "newaxis", "column_stack", "vstack", "c_"),
    *("repeat", "tile", "expand", "expand_as", "view_as", "broadcast_arrays", "broadcast_tensors"),
    *("rearrange", "reshape_as", "unflatten", "indices", "unsqueeze_"),
}
# Who makes an array of these lengths.
MAKING = {
    *("zeros", "ones", "empty", "full", "arange", "linspace", "eye"),
    *("random", "normal", "standard_normal", "uniform", "integers", "randint", "rand", "randn"),
}
ROUNDING = 1e-6
PRODUCTS = ("dot", "matmul", "mm")
TRANSPOSES = ("T", "mT", "transpose", "t")


class Label:
    """The origin of an axis: of which array it was, and how it came to be of length 1 if it is."""

    def __init__(self, of: object = None, how: str = "") -> None:
        """A new one.

        Args:
            of: what all axes of the array that it was first met in share.
            how: SAID where somebody put it there for spreading (x[:, None], x.reshape(-1, 1)),
                MADE where it was so from the beginning, or cut so (ones((n, 1)), x[:, :1]), and
                KEPT where a sum kept it.
        """
        self.of, self.how = of or self, how


SAID, MADE, KEPT = "said", "made", "kept"
Labels = tuple[Label, ...]


class Seen(NamedTuple):
    """An array as it was met: its shape, its axes' labels, and whether its rows are its columns."""

    shape: Shape
    labels: Labels
    is_symmetric: bool = False


def new(shape: Shape, how: str = "") -> Labels:
    """New labels; of axes of length 1 it is known how they came to be so."""
    of = object()
    return tuple(Label(of, how if size == 1 else "") for size in shape)


def matmul(left: Labels, right: Labels) -> Labels:
    """Those of a product of matrices, or of a matrix and a vector.

    A column of results is none that anybody put there, whatever it was multiplied with.
    """
    if len(right) == 1:
        return left[:-1]
    last = Label() if right[-1].how else right[-1]
    return (*left[:-1], *right[:-2], last)[-max(len(left), len(right)) :]


def elementwise(arrays: Sequence[Seen], shape: Shape) -> Labels:
    """Those of a sum or the like: of the first operand that is not of length 1 there."""
    made = []
    for place in range(1, len(shape) + 1):
        options = [
            (seen.labels[-place], seen.shape[-place]) for seen in arrays if place <= len(seen.shape)
        ]
        wide = [label for label, size in options if size != 1] or [label for label, _ in options]
        made.append(wide[0] if wide else Label())
    return tuple(reversed(made))


def indexed(labels: Labels, index: ast.expr, shape: Shape) -> Labels | None:
    """Those of a part of an array, where the index is of None, colons, numbers and one-lists."""
    parts: Sequence[ast.expr] = index.elts if isinstance(index, ast.Tuple) else [index]
    taken = sum(not _is_none(part) for part in parts if not _is_dots(part))
    found: list[Label] = []
    place = 0
    for part in parts:
        if _is_none(part):
            found.append(Label(how=SAID))
        elif _is_dots(part):
            rest = len(labels) - taken
            found += labels[place : place + rest]
            place += rest
        elif isinstance(part, ast.Slice) or (isinstance(part, ast.List) and len(part.elts) == 1):
            whole = isinstance(part, ast.Slice) and part.lower is None and part.upper is None
            found.append(labels[place] if whole else Label(how=MADE))
            place += 1
        elif isinstance(part, ast.Constant) and isinstance(part.value, int):
            place += 1
        else:
            return None
    found += labels[place:]
    return tuple(found) if len(found) == len(shape) else None


def _is_none(part: ast.expr) -> bool:
    none = isinstance(part, ast.Constant) and part.value is None
    return none or getattr(part, "attr", getattr(part, "id", "")) == "newaxis"


def _is_dots(part: ast.expr) -> bool:
    return isinstance(part, ast.Constant) and part.value is Ellipsis


def is_said(node: Any) -> bool:
    """Whether somebody wrote that axes of length 1 are wanted: meshgrid(...), ogrid[...]."""
    if isinstance(node, ast.Call):
        return name_of(node) in SAYING
    owner = getattr(node, "value", None)
    return isinstance(node, ast.Subscript) and getattr(owner, "attr", "") in SAYING


def made(node: ast.Call, name: str, shape: Shape, lengths: dict[Any, Label]) -> Labels:
    """Those of an array that a call makes of no other: ``zeros((n, 1))``, ``array([[1], [2]])``.

    Axes whose lengths have one name in a function are taken for the same; ``lengths`` keeps them.
    """
    named = [keyword.value for keyword in node.keywords]
    listed = [one.elts for one in (*node.args, *named) if isinstance(one, ast.Tuple | ast.List)]
    sizes = [keyword.value for keyword in node.keywords if keyword.arg in ("size", "shape")]
    options = (*listed, node.args, sizes)
    given = next((items for items in options if items and len(items) == len(shape)), [])
    if any(isinstance(item, ast.Tuple | ast.List) for items in listed for item in items):
        return new(shape, MADE)
    found = list(new(shape))
    names = [getattr(item, "id", "") for item in given]
    for place, (size, item) in enumerate(zip(shape, given, strict=False)):
        if size == 1 and isinstance(item, ast.Constant):
            found[place] = Label(how=MADE)
        elif size != 1 and names.count(names[place] or None) == 1 and name in MAKING:
            found[place] = lengths.setdefault((names[place], size), found[place])
    return tuple(found)


def of_call(node: ast.Call, name: str, shape: Shape, arrays: list[Seen]) -> Labels | None:
    """Those of what a call gives, where its name and the shapes say what it does."""
    if name in PRODUCTS and len(arrays) == 2:
        return matmul(arrays[0].labels, arrays[1].labels)
    if name in TRANSPOSES and len(arrays) == 1 and shape == arrays[0].shape[::-1]:
        return arrays[0].labels[::-1]
    if len(arrays) != 1:
        return None
    if shape == arrays[0].shape:
        return arrays[0].labels
    axes = axes_of(node, name)
    return _without(arrays[0], axes, shape) if axes else None


def _without(reduced: Seen, axes: tuple[int, ...], shape: Shape) -> Labels | None:
    """Those of a sum over some axes, or of another call that takes axes away."""
    rank = len(reduced.shape)
    if any(not -rank <= axis < rank for axis in axes):
        return None
    gone = {axis % rank for axis in axes}
    left = [(reduced.labels[i], size) for i, size in enumerate(reduced.shape) if i not in gone]
    if shape == tuple(size for _, size in left):
        found = [label for label, _ in left]
    elif shape == tuple(1 if i in gone else size for i, size in enumerate(reduced.shape)):
        found = [Label(how=KEPT) if i in gone else label for i, label in enumerate(reduced.labels)]
    else:
        return None
    # Of a symmetric table, the sums along its rows are those along its columns too.
    return None if reduced.is_symmetric else tuple(found)


def may_be_asked(kind: type) -> bool:
    """Whether operators on such arrays are a library's own."""
    return kind.__module__.partition(".")[0] in LIBRARIES


def is_symmetric(array: Any) -> bool:
    """Whether a table of numbers is its own transpose, but for rounding."""
    if len(array.shape) != 2 or array.shape[0] != array.shape[1]:
        return False
    try:
        with np.errstate(all="ignore"):
            gap = abs(array * 1.0 - array.T)
            return bool(gap.max() <= ROUNDING * abs(array).max())
    except Exception:  # while JAX traces there are no values
        return False


def axes_of(node: ast.Call, name: str) -> tuple[int, ...]:
    """The axes that a call names, if it names some."""
    for keyword in node.keywords:
        if keyword.arg in ("axis", "dim"):
            return _whole(keyword.value)
    position = 0 if isinstance(node.func, ast.Attribute) and len(node.args) == 1 else 1
    if name in REDUCTIONS and len(node.args) > position:
        return _whole(node.args[position])
    return ()


def _whole(node: ast.expr) -> tuple[int, ...]:
    """A whole number, or some."""
    try:
        value = ast.literal_eval(node)
    except ValueError:
        return ()
    values = value if isinstance(value, tuple) else (value,)
    return values if all(type(one) is int for one in values) else ()
