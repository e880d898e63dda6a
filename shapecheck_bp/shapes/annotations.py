"""Reading annotations: the arrays inside them, and the names of axes.

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
from inspect import Parameter
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from jaxtyping import AbstractArray

from shapecheck_bp.shapes.names import Unknown, meant_by
from shapecheck_bp.shapes.records import fields_of, is_record


def is_array_hint(hint: Any) -> bool:
    """Whether this is a jaxtyping annotation, such as ``Float[Array, "n m"]``."""
    return is_class(hint, AbstractArray)


def is_class(hint: Any, parent: type) -> bool:
    """Whether an annotation is a class, and ``parent`` or a subclass of it."""
    return isinstance(hint, type) and issubclass(hint, parent)


def parts_of(hint: Any) -> list[Any]:
    """An annotation and every annotation inside it, through containers and records."""
    todo: list[Any] = [hint]
    seen: list[Any] = []
    while todo:
        part = todo.pop()
        if not any(part is known for known in seen):  # an alias may be part of itself
            seen.append(part)
            todo += () if get_origin(part) is Literal else get_args(part)
            todo += (field.hint for field in fields_of(part)) if is_record(part) else ()
            todo += [meant_by(part)] if is_resolved(part) else []
    return seen


def array_hints(hint: Any) -> list[Any]:
    """Every jaxtyping annotation that stands inside this one."""
    return [part for part in parts_of(hint) if is_array_hint(part)]


def is_tree(hint: Any) -> bool:
    """Whether this is a jaxtyping ``PyTree[...]``."""
    return isinstance(hint, type) and hasattr(hint, "leaftype") and hasattr(hint, "structure")


def is_resolved(hint: Any) -> bool:
    """Whether this is the name, inside a recursive alias, of that alias itself."""
    return meant_by(hint) is not None


PYTHONS = ("builtins", "collections", "collections.abc")
"""Where classes are from whose one parameter is what their items are."""


def is_union(hint: Any) -> bool:
    """Whether this is ``A | B``, or ``Union`` or ``Optional`` of them."""
    return get_origin(hint) in (Union, UnionType)


def is_anything(hint: Any) -> bool:
    """Whether every value is one of these."""
    if is_union(hint):
        return any(map(is_anything, get_args(hint)))
    return any(hint is known for known in (Any, object, Unknown, Parameter.empty))


INDEXED = re.compile(r"(\w+)\[(\w+)(-1)?\]")  # n[l], n[l-1], n[0], n[L]


def has_own_axes(hint: Any) -> bool:
    """Whether a record's axes are its own, and not those of the call that it comes to.

    They are, unless its fields speak of n[l]: of layers that hang together.
    """
    arrays = [array for field in fields_of(hint) for array in array_hints(field.hint)]
    return not any(INDEXED.search(array.dim_str) for array in arrays)


def lags(hint: Any) -> set[int]:
    """How far the axes in this annotation lag behind l: n[l] by 0, n[l-1] by 1.

    A tuple has as many items as the network has layers where its items speak of n[l], and one more
    where they speak of n[l-1] alone: A starts with X.
    """
    if get_origin(hint) is list or Ellipsis in get_args(hint):
        return set()  # a container of containers: l counts in the inner ones
    indexed = [INDEXED.findall(array.dim_str) for array in array_hints(hint)]
    return {len(lag) // 2 for axes in indexed for _, index, lag in axes if index == "l"}


def spell_out(hint: Any, axes: Mapping[str, Any], arguments: Mapping[str, Any]) -> Any:
    """The annotation with n[l] as n_2, say, and with jaxtyping's {expressions} evaluated."""

    if "[" not in hint.dim_str and "{" not in hint.dim_str:
        return hint

    def spell(axis: re.Match[str]) -> str:
        name, index, lag = axis.groups()
        position = int(index) if index.isdigit() else axes.get(index)
        if position is None:
            return f"{name}_{index}{'_before' if lag else ''}"
        return f"{name}_{position - bool(lag)}"

    outside_braces = re.split(r"(\{[^}]*\})", hint.dim_str)
    spelled = "".join(
        part if part.startswith("{") else INDEXED.sub(spell, part) for part in outside_braces
    )
    if "{" in spelled:
        try:
            spelled = eval(f"f{spelled!r}", {}, dict(arguments))
        except Exception:  # of no argument of this call: it cannot be known
            spelled = re.sub(r"\S*\{[^}]*\}\S*", "_", spelled)
    return hint if spelled == hint.dim_str else hint.dtype[hint.array_type, spelled]
