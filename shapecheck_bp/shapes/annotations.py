"""Reading annotations: the arrays inside them, the fields of records, and the names of axes.

Two additions to jaxtyping's axis names make containers say what they mean. Inside
``tuple[T, ...]``, ``n[l]`` and ``n[l-1]`` are the axes n_1, n_0 in the first item, n_2, n_1 in the
second, and so on; and an argument with a ``__shape_axes__`` method, such as a Network, settles axes
for the others, among them L, the number of layers. To jaxtyping all of these are plain axis names.

>>> from jaxtyping import Float
>>> spell_out(Float[Any, "n[l] n[l-1]"], {"l": 2}, {}).dim_str
'n_2 n_1'
"""

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import lru_cache
from typing import Any, Literal, get_args, get_origin, get_type_hints

from jaxtyping import AbstractArray


def is_array_hint(hint: Any) -> bool:
    """Whether this is a jaxtyping annotation, such as ``Float[Array, "n m"]``."""
    return is_class(hint, AbstractArray)


def is_class(hint: Any, parent: type) -> bool:
    """Whether an annotation is a class, and ``parent`` or a subclass of it."""
    return isinstance(hint, type) and issubclass(hint, parent)


def parts_of(hint: Any) -> list[Any]:
    """An annotation and every annotation inside it, through containers and NamedTuples."""
    todo, seen = [hint], []
    while todo:
        part = todo.pop()
        if part not in seen:
            seen.append(part)
            todo += () if get_origin(part) is Literal else get_args(part)
            todo += fields_of(part).values() if is_record(part) else ()
    return seen


def array_hints(hint: Any) -> list[Any]:
    """Every jaxtyping annotation that stands inside this one."""
    return [part for part in parts_of(hint) if is_array_hint(part)]


def is_record(hint: Any) -> bool:
    """Whether this is a NamedTuple or a dataclass, bare or with its type variables filled in."""
    cls = get_origin(hint) or hint
    return isinstance(cls, type) and (
        (issubclass(cls, tuple) and hasattr(cls, "_fields")) or is_dataclass(cls)
    )


@lru_cache(maxsize=1024)
def _fields_of(hint: Any) -> dict[str, Any]:
    cls = get_origin(hint) or hint
    names = getattr(cls, "_fields", None) or [field.name for field in fields(cls)]
    filled = dict(zip(getattr(cls, "__parameters__", ()), get_args(hint), strict=False))
    declared = get_type_hints(cls, include_extras=True)
    return {name: filled.get(declared[name], declared[name]) for name in names if name in declared}


def fields_of(hint: Any) -> dict[str, Any]:
    """A record's annotations by field; none where they name what only type checkers know."""
    try:
        return _fields_of(hint)
    except NameError:
        return {}


_INDEXED = re.compile(r"(\w+)\[(\w+)(-1)?\]")


def lags(hint: Any) -> set[int]:
    """How far the axes in this annotation lag behind l: n[l] by 0, n[l-1] by 1.

    A tuple has as many items as the network has layers where its items speak of n[l], and one more
    where they speak of n[l-1] alone: A starts with X.
    """
    if get_origin(hint) is list or Ellipsis in get_args(hint):
        return set()  # a container of containers: l counts in the inner ones
    indexed = [_INDEXED.findall(array.dim_str) for array in array_hints(hint)]
    return {len(lag) // 2 for axes in indexed for _, index, lag in axes if index == "l"}


def spell_out(hint: Any, axes: Mapping[str, Any], arguments: Mapping[str, Any]) -> Any:
    """The annotation with n[l] as n_2, say, and with jaxtyping's {expressions} evaluated."""

    def spell(axis: re.Match[str]) -> str:
        name, index, lag = axis.groups()
        position = int(index) if index.isdigit() else axes.get(index)
        if position is None:
            return f"{name}_{index}{'_before' if lag else ''}"
        return f"{name}_{position - bool(lag)}"

    outside_braces = re.split(r"(\{[^}]*\})", hint.dim_str)
    spelled = "".join(
        part if part.startswith("{") else _INDEXED.sub(spell, part) for part in outside_braces
    )
    if "{" in spelled:
        spelled = eval(f"f{spelled!r}", {}, dict(arguments))
    return hint if spelled == hint.dim_str else hint.dtype[hint.array_type, spelled]
