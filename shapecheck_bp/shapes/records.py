"""Records: NamedTuples, dataclasses, TypedDicts, and classes of attrs and pydantic.

>>> class Pair(NamedTuple):
...     x: int
...     y: "Missing" = None
>>> [(field.name, field.hint) for field in fields_of(Pair)]
[('x', <class 'int'>), ('y', <class 'shapecheck_bp.shapes.names.Unknown'>)]
"""

import sys
from dataclasses import MISSING, fields, is_dataclass
from functools import lru_cache
from types import FrameType
from typing import (
    Any,
    Final,
    NamedTuple,
    NotRequired,
    Required,
    TypeVar,
    get_args,
    get_origin,
    is_typeddict,
)

from shapecheck_bp.shapes.names import annotations_of, read_hints


def is_record(hint: Any) -> bool:
    """Whether this is a NamedTuple, a dataclass, a TypedDict, or a class of attrs or pydantic.

    Bare, or with its type variables filled in.
    """
    cls = get_origin(hint) or hint
    return isinstance(cls, type) and (
        (issubclass(cls, tuple) and hasattr(cls, "_fields"))
        or is_dataclass(cls)
        or "__attrs_attrs__" in vars(cls)
        or isinstance(vars(cls).get("__pydantic_fields__"), dict)
        or is_typeddict(cls)
    )


def record_class(hint: Any) -> Any:
    """The class that a record has while the program runs; of a TypedDict it is dict."""
    cls = get_origin(hint) or hint
    return dict if is_typeddict(cls) else cls


class Field(NamedTuple):
    """A field of a record."""

    name: str
    hint: Any
    filled: bool
    """Whether what it holds is said where the record is used, and not where it is defined."""
    default: Any
    """A value that is trusted where it is no array, such as None."""
    required: bool
    """Whether a TypedDict is none without it."""


def field_names(cls: Any) -> list[str]:
    """The names of a record's fields."""
    if is_typeddict(cls):
        return [*cls.__required_keys__, *cls.__optional_keys__]
    if is_dataclass(cls):
        return [field.name for field in fields(cls)]
    attrs = [field.name for field in vars(cls).get("__attrs_attrs__", ())]
    return [*(getattr(cls, "_fields", None) or attrs or vars(cls).get("__pydantic_fields__", ()))]


@lru_cache(maxsize=1024)
def fields_of(hint: Any) -> list[Field]:
    """A record's fields, with their annotations."""
    cls = get_origin(hint) or hint
    defaults: dict[str, Any] = dict(getattr(cls, "_field_defaults", {}))
    if is_dataclass(cls):
        defaults = {field.name: field.default for field in fields(cls)}
    declared: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        module = getattr(sys.modules.get(base.__module__), "__dict__", {})
        declared |= read_hints(cls, annotations_of(base), {base.__name__: base}, module)
    filled = dict(zip(getattr(cls, "__parameters__", ()), get_args(hint), strict=False))
    found = []
    for name in field_names(cls):
        field = declared.get(name, Any)
        required = name in getattr(cls, "__required_keys__", ())
        while get_origin(field) in (Required, NotRequired, Final):
            if get_origin(field) is not Final:
                required = get_origin(field) is Required
            (field,) = get_args(field)
        is_filled = isinstance(field, TypeVar) and field in filled
        field = filled[field] if is_filled else field
        found.append(Field(name, field, is_filled, defaults.get(name, MISSING), required))
    return found


def is_carried(hint: Any) -> bool:
    """Whether JAX carries records of this class through its transformations.

    Then its fields hold whatever a transformation puts there: a stack of arrays, None, a shape.
    """
    cls = get_origin(hint) or hint
    jax = sys.modules.get("jax")
    if jax is None or issubclass(cls, tuple) or is_typeddict(cls):
        return False
    try:
        return not jax.tree_util.all_leaves([object.__new__(cls)])
    except TypeError:  # an abstract class, of which each subclass may be one or not
        return True


CARRIERS = ("jax", "torch", "optree")


def is_called_by_carrier(frame: FrameType | None) -> bool:
    """Whether a constructor was called by a library that carries trees, and not by a person."""
    while frame is not None and frame.f_code.co_name in ("checked", "__init__"):
        frame = frame.f_back
    name = str(frame.f_globals.get("__name__")) if frame else ""
    return name.partition(".")[0] in CARRIERS
