"""What annotations and values are called in a message.

Shapes, dtypes and classes are shown, and never what an array holds.

>>> from jaxtyping import Float
>>> annotation_text(Float[Any, "n m"] | list[Float[Any, "m"]] | None)
'Float (n, m) or list of Float (m,) or None'
>>> value_text([np.ones(3), np.ones(2)])
'list of (3,), (2,)'
"""

from dataclasses import MISSING
from types import NoneType
from typing import Any, Literal, SupportsIndex, get_args, get_origin

import numpy as np

from shapecheck_bp.shapes.annotations import array_hints, is_array_hint, is_union
from shapecheck_bp.shapes.arrays import dtype_name, shape_text
from shapecheck_bp.shapes.kinds import has_shape
from shapecheck_bp.shapes.leaves import Leaf, Sizes
from shapecheck_bp.shapes.repairs import is_array, wrong_dtype


def is_union_of_arrays(hint: Any) -> bool:
    """Whether this is a union with arrays among, or inside, its options."""
    return is_union(hint) and bool(array_hints(hint))


def expected(leaf: Leaf) -> str:
    """What an annotation asks for: a shape, with its kind of dtype where that is what is wrong."""
    if isinstance(leaf.value, Sizes):
        return ", ".join(leaf.axes)
    if not is_array_hint(leaf.hint) or (is_array(leaf) and wrong_dtype(leaf)):
        return annotation_text(leaf.hint)
    return shape_text(leaf.axes)


def cell(leaf: Leaf) -> str:
    """What an annotation asks for, in a table; the options of a union stand below it."""
    options = get_args(leaf.hint) if is_union_of_arrays(leaf.hint) else ()
    return f"one of {len(options)}" if options else expected(leaf)


def actual(leaf: Leaf) -> str:
    """What came: a shape, with its dtype where that is wrong, or what it is instead of an array."""
    if isinstance(leaf.value, Sizes):
        return ", ".join(map(str, leaf.value.shape))
    if get_origin(leaf.hint) is Literal and isinstance(leaf.value, str | int | None):
        return repr(leaf.value)
    if not is_array(leaf):
        if is_union_of_arrays(leaf.hint) or leaf.value is MISSING:
            return value_text(leaf.value)
        kind = type(leaf.value)
        alike = kind is not leaf.hint and kind.__name__ == annotation_text(leaf.hint)
        return f"another {kind.__name__}, of {kind.__module__}" if alike else kind.__name__
    shape = shape_text(leaf.value.shape)
    return f"{dtype_name(leaf.value)} {shape}" if wrong_dtype(leaf) else shape


def value_text(value: Any) -> str:
    """What something is that stands in an array's place, or holds arrays: never what is in them."""
    kind = type(value).__name__
    if value is MISSING:
        return "nothing"
    if has_shape(value) and isinstance(value.shape, tuple) and not isinstance(value, np.generic):
        return f"{kind} {shape_text(value.shape)}"
    inside = value.values() if isinstance(value, dict) else value
    if isinstance(value, list | tuple | dict) and all(map(has_shape, inside)) and value:
        shapes = [shape_text(each.shape) for each in inside]
        return f"{kind} of {', '.join(shapes[:3])}{', …' if len(shapes) > 3 else ''}"
    return kind


def annotation_text(hint: Any) -> str:
    """An annotation as a reader would say it."""
    if hint is SupportsIndex:
        return "a whole number"
    if hint is NoneType:
        return "None"
    if is_array_hint(hint):
        return f"{hint.dtype.__name__} {shape_text(hint.dim_str.split())}"
    if get_origin(hint) is Literal:
        return " or ".join(map(repr, get_args(hint)))
    if is_union(hint):
        return " or ".join(map(annotation_text, get_args(hint)))
    inside = [each for each in get_args(hint) if each is not ...]
    if array_hints(hint) and get_origin(hint) in (list, tuple, dict):
        inside = inside[1:] if get_origin(hint) is dict else inside
        return f"{get_origin(hint).__name__} of {', '.join(map(annotation_text, inside))}"
    return class_name(hint) if isinstance(hint, type) and not inside else str(hint)


def class_name(cls: Any) -> str:
    """The name that people know a class by; of JAX's arrays it is not where they are made."""
    name = str(getattr(cls, "__name__", cls)).rpartition(".")[2]
    module = str(getattr(cls, "__module__", ""))
    of_jax = module == "jax" or module.startswith("jaxlib") or "jaxlib" in str(cls)
    return f"jax.{name}" if of_jax else name
