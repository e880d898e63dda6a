"""Whether a value is of the kind that an annotation asks for, whatever its sizes.

>>> import numpy as np
>>> from jaxtyping import Float
>>> could_be(np.ones((2, 3)), Float[np.ndarray, "n m"] | None)
True
>>> could_be([np.ones(3)], Float[np.ndarray, "n m"])
False
"""

from functools import lru_cache
from typing import Annotated, Any, NamedTuple, get_args, get_origin

from shapecheck_bp.shapes.annotations import array_hints, is_array_hint, is_resolved, is_union
from shapecheck_bp.shapes.names import meant_by
from shapecheck_bp.shapes.records import is_record, record_class
from shapecheck_bp.shapes.scopes import Scope


class Seen(NamedTuple):
    """The part of an array that a shape check looks at."""

    shape: tuple[Any, ...]
    dtype: Any = "float64"


def accepts(value: Any, hint: Any, conf: Any = None) -> bool:
    """Whether beartype takes a value for one of an annotation; of what it cannot know, all."""
    # 7 ms, which a program that fits arrays need not spend
    from beartype import BeartypeConf
    from beartype.door import is_bearable
    from beartype.roar import BeartypeException

    try:
        return is_bearable(value, hint, conf=conf or BeartypeConf())
    except BeartypeException:  # a Protocol that is for type checkers alone, Self, a missing name
        return True


def fits_array(value: Any, hint: Any) -> bool:
    """Whether jaxtyping takes a value for an array, its dtype told by what it is.

    To jaxtyping a dtype is the name of its type, which for an int64 may be ``longlong``.
    """
    if isinstance(value, hint):
        return True
    dtype: Any = getattr(value, "dtype", None)
    if getattr(dtype, "kind", "") not in ("i", "u") or not is_of_class(value, hint):
        return False
    return isinstance(Seen(value.shape, dtype.name), hint.dtype[Any, hint.dim_str])


def has_dtype(dtype: Any, kind: Any) -> bool:
    """Whether a dtype is of a kind: ``Float``, ``Int8``; asked once of each that can be hashed."""
    try:
        library: Any = type(dtype)
        return _has_dtype(library, dtype, kind)
    except TypeError:
        return fits_array(Seen((), dtype), kind[Any, "..."])


@lru_cache(maxsize=1024)
def _has_dtype(library: Any, dtype: Any, kind: Any) -> bool:
    # Dtypes of two libraries may not be compared: their classes are told apart first.
    return fits_array(Seen((), dtype), kind[Any, "..."])


def is_of_class(value: Any, hint: Any) -> bool:
    """Whether a value is of the class of arrays that a jaxtyping annotation names."""
    return hint.array_type is Any or isinstance(value, hint.array_type)


def has_shape(value: Any) -> bool:
    """Whether a value has a dtype and a shape that can be looked at; a nested tensor has none."""
    try:
        return hasattr(value, "dtype") and hasattr(value, "shape")
    except Exception:
        return False


def could_be(value: Any, option: Any) -> bool:
    """Whether a value has the class that an annotation asks for; an array also dtype and rank."""
    origin, inside = get_origin(option), get_args(option)
    if is_resolved(option):
        return could_be(value, meant_by(option))
    if is_union(option):
        return any(could_be(value, one) for one in inside)
    if is_array_hint(option):
        axes = " ".join("..." if axis[0] in "*." else "_" for axis in option.dim_str.split())
        kind = option.dtype[option.array_type, axes]
        return has_shape(value) and bool(Scope().within(fits_array, value, kind))
    if is_record(option):
        return isinstance(value, record_class(option))
    if origin is Annotated and array_hints(option):
        return could_be(value, inside[0])
    if isinstance(origin, type) and array_hints(option):
        return isinstance(value, origin)
    return bool(Scope().within(accepts, value, option))
