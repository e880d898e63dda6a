"""Where an array contradicts its annotation or the rest of the call, in the words of a note.

>>> from jaxtyping import Float
>>> from shapecheck_bp.shapes.kinds import Seen
>>> A, W = (Leaf(name, Float[Any, "n k"], Seen((2, k))) for name, k in (("A", 3), ("W", 4)))
>>> note_on([A, W], W, settled_by([A]))
'k is 4 here, and 3 in A'
"""

import re
from collections.abc import Iterable
from typing import Any, NamedTuple, get_args, get_origin

from shapecheck_bp.shapes.annotations import is_array_hint
from shapecheck_bp.shapes.arrays import dtype_name
from shapecheck_bp.shapes.judging import reason
from shapecheck_bp.shapes.leaves import Leaf, Sizes
from shapecheck_bp.shapes.repairs import is_array, wrong_dtype


class Settled(NamedTuple):
    """The size of an axis, and the leaf that settled it."""

    size: Any
    leaf: Leaf


def note_on(leaves: list[Leaf], leaf: Leaf, others: dict[str, Settled]) -> str:
    """Where a leaf contradicts its annotation or the rest of the call."""
    if (
        get_origin(leaf.hint) is tuple
        and isinstance(leaf.value, tuple)
        and ... not in get_args(leaf.hint)
    ):
        came = "1 entry" if len(leaf.value) == 1 else f"{len(leaf.value)} entries"
        return f"{came} where {len(get_args(leaf.hint))} are meant"
    if not is_array_hint(leaf.hint) or not (is_array(leaf) or isinstance(leaf.value, Sizes)):
        return ""
    shape, axes, notes = leaf.value.shape, leaf.axes, []
    if wrong_dtype(leaf):
        notes.append(f"{dtype_name(leaf.value)} is not {leaf.hint.dtype.__name__}")
    if not all(re.fullmatch(r"\w+", axis) for axis in axes):
        return "; ".join(notes) or reason(leaves, leaf)
    if len(shape) != len(axes):
        came = "1 axis" if len(shape) == 1 else f"{len(shape)} axes"
        meant = "1 is meant" if len(axes) == 1 else f"{len(axes)} are meant"
        return "; ".join([*notes, f"{came} where {meant}"])
    layer = f" in layer {leaf.layer}," if leaf.layer else ""
    for axis, size in zip(axes, shape, strict=True):
        if axis in others and others[axis].size != size:
            settled = others[axis]
            in_layer = f", layer {settled.leaf.layer}" if settled.leaf.layer else ""
            elsewhere = f"{settled.size} in {settled.leaf.path}{in_layer}"
            notes.append(f"{axis} is {size} here,{layer} and {elsewhere}")
        if axis.isdigit() and int(axis) != size:
            notes.append(f"{size} where {axis} is meant")
    return "; ".join(dict.fromkeys(notes))


def settled_by(leaves: Iterable[Leaf]) -> dict[str, Settled]:
    """The axes by name, each with its size."""
    settled: dict[str, Settled] = {}
    for leaf in leaves:
        axes, shape = leaf.axes, getattr(leaf.value, "shape", ())
        if isinstance(shape, tuple) and len(axes) == len(shape):  # no tuple: a class, say
            for axis, size in zip(axes, shape, strict=True):
                if axis.isidentifier() and axis != "_":
                    settled.setdefault(axis, Settled(size, leaf))
    return settled
