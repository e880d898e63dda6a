"""What a call brings, leaf by leaf.

An annotated argument such as ``params: tuple[Layer[Float[Array, "n[l] n[l-1]"], …], …]`` is a tree.
``leaves_of`` walks value and annotation together down to the arrays. Each leaf knows the scope of
its axes: the call, or the record that it is a field of.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import MISSING
from itertools import combinations
from types import NoneType
from typing import Annotated, Any, NamedTuple, get_args, get_origin

from jaxtyping import Shaped

from shapecheck_bp.shapes.annotations import (
    PYTHONS,
    array_hints,
    has_own_axes,
    is_array_hint,
    is_class,
    is_resolved,
    is_union,
    lags,
    spell_out,
)
from shapecheck_bp.shapes.arrays import Array
from shapecheck_bp.shapes.kinds import Seen, could_be
from shapecheck_bp.shapes.names import meant_by
from shapecheck_bp.shapes.records import Field, fields_of, is_carried, is_record, record_class

RESULT = "the result"  # the path of what a function returns


class Place(NamedTuple):
    """Where in a call an annotation stands."""

    axes: Mapping[str, Any] = {}
    """What is settled for n[l]: l, and what sources of axes say."""
    arguments: Mapping[str, Any] = {}
    scope: str = ""
    """The path of the record whose axes these are; of the call's it is empty."""


class Leaf(NamedTuple):
    """A place in a call, the annotation that it falls under, and the value that is there."""

    path: str
    hint: Any
    value: Any
    layer: int = 0
    container: str = ""
    """Where the value is the number of a container's items: the container's place."""
    place: Place = Place()

    @property
    def axes(self) -> list[str]:
        """The axes of an array as its annotation names them; of anything else none."""
        return self.hint.dim_str.split() if is_array_hint(self.hint) else []


class Sizes(Seen):
    """Sizes that are no array's: a network's, or the number of layers that a container is for."""


def axis_names(leaf: Leaf) -> list[str]:
    """A name for each axis of an array; ``*batch`` stands for batch_0, batch_1, …"""
    names: list[str] = []
    for axis in leaf.axes:
        if axis[0] in "*.":
            count = len(leaf.value.shape) - len(leaf.axes) + 1
            names += [f"{axis.lstrip('*')}_{i}" for i in range(count)]
        else:
            names.append(axis)
    return names


def coinciding(leaf: Leaf) -> list[tuple[str, str]]:
    """The axes of an array that no check tells apart, because they have the same size.

    Where that size is 1 there is nothing to tell: exchanged, it is the same array.
    """
    axes = zip(axis_names(leaf), leaf.value.shape, strict=True)
    return [
        (a, b)
        for (a, size), (b, same) in combinations(axes, 2)
        if size == same and size != 1 and (a != b or a == "_")
    ]


def of_ours(leaves: list[Leaf]) -> list[Leaf]:
    """The leaves that are to be an ``Array``, for which there are more rules."""
    return [leaf for leaf in leaves if getattr(leaf.hint, "array_type", None) is Array]


def leaves_of(
    hints: Mapping[str, Any],
    values: Mapping[str, Any],
    arguments: Mapping[str, Any] | None = None,
    every_item: Collection[str] = (),
) -> list[Leaf]:
    """Every leaf of ``values``, with its annotation from ``hints``; sources of axes come first.

    A source is an argument whose annotation is a class with ``__shape_axes__``. ``arguments`` are
    those of the call where ``values`` is its result. ``every_item`` names those whose items are
    looked at one by one even where they hold no arrays: ``*args`` and ``**kwargs``.
    """
    arguments = values if arguments is None else arguments
    settled: dict[str, Any] = {}
    leaves = []
    for name, value in arguments.items():
        hint: Any = hints.get(name)
        if hint is None or is_array_hint(hint) or not hasattr(hint, "__shape_axes__"):
            continue
        if hasattr(value, "__shape_axes__") and not isinstance(value, type):
            axes = value.__shape_axes__()
            settled |= axes
            leaves.append(Leaf(name, Shaped[Any, " ".join(axes)], Sizes((*axes.values(),))))
    place = Place(settled, arguments)
    for name, value in values.items():
        hint = hints.get(name)
        if is_array_hint(hint) and "[" not in hint.dim_str and "{" not in hint.dim_str:
            leaves.append(Leaf(name, hint, value, 0, "", place))  # as walk does, at half the cost
        elif name in every_item and name in hints and not array_hints(hint):
            item_hint = next(hint for hint in get_args(hints[name])[::-1] if hint is not ...)
            items = value.items() if isinstance(value, dict) else enumerate(value)
            leaves += [Leaf(f"{name}[{key!r}]", item_hint, item) for key, item in items]
        elif name in hints:
            leaves += walk(name, hints[name], value, place)
    return leaves


def walk(path: str, hint: Any, value: Any, place: Place) -> Iterator[Leaf]:
    """The leaves of one value."""
    origin = get_origin(hint)
    if is_array_hint(hint):
        layer = place.axes.get("l", 0) if "[l]" in hint.dim_str else 0
        spelled = spell_out(hint, place.axes, place.arguments)
        yield Leaf(path, spelled, value, layer, place=place)
    elif is_resolved(hint):
        yield from walk(path, meant_by(hint), value, place)
    elif is_record(hint) and (array_hints(hint) or record_class(hint) is dict):
        yield from walk_fields(path, hint, value, place)
    elif not array_hints(hint):
        yield Leaf(path, hint, value, place=place)
    elif is_union(hint):
        option = only_option(hint, value)
        if option is hint:
            yield Leaf(path, hint, value, place=place)
        else:
            yield from walk(path, option, value, place)
    elif origin in (tuple, list) and isinstance(value, origin):
        yield from _walk_items(path, hint, value, place)
    elif is_class(origin, Mapping) and isinstance(value, origin):
        key_hint, item_hint = get_args(hint)
        for key, item in value.items():
            yield Leaf(f"a key of {path}", key_hint, key)
            yield from walk(f"{path}[{key!r}]", item_hint, item, place)
    elif is_class(origin, Iterable) and isinstance(value, origin) and _has_items(value, hint):
        for i, item in enumerate(value):
            yield from walk(f"{path}[{i}]", get_args(hint)[0], item, place)
    elif origin is Annotated:
        yield from walk(path, get_args(hint)[0], value, place)
        yield Leaf(path, hint, value, place=place)
    elif origin in (tuple, list, dict):
        yield Leaf(path, origin, value)
    else:
        yield Leaf(path, hint, value, place=place)


def walk_fields(
    path: str, hint: Any, value: Any, place: Place, made: bool = False
) -> Iterator[Leaf]:
    """Of a record, whose fields have axes of their own unless they are filled in from outside.

    One that JAX carries may hold anything, unless it has just been made.
    """
    cls = get_origin(hint) or hint
    kind = record_class(hint)
    if not isinstance(value, kind) or (is_carried(cls) and not made):
        yield Leaf(path, kind, value)
        return
    inside = Place({}, place.arguments, path) if has_own_axes(hint) else place
    for field in fields_of(hint):
        where = f"{path}[{field.name!r}]" if kind is dict else f"{path}.{field.name}"
        there = (
            value.get(field.name, MISSING) if kind is dict else getattr(value, field.name, MISSING)
        )
        if there is MISSING and field.required:
            yield Leaf(where, field.hint, there, place=inside)
        elif there is not MISSING and not _is_trusted(there, field):
            yield from walk(where, field.hint, there, place if field.filled else inside)


def _is_trusted(value: Any, field: Field) -> bool:
    return value is field.default and not hasattr(value, "dtype")


def _walk_items(path: str, hint: Any, items: Any, place: Place) -> Iterator[Leaf]:
    item_hints = get_args(hint)
    if get_origin(hint) is list or item_hints[-1] is Ellipsis:
        if behind := lags(item_hints[0]):
            layers = Sizes((len(items) - min(behind),))
            yield Leaf(f"len({path})", Shaped[Any, "L"], layers, container=path, place=place)
        item_hints = (item_hints[0],) * len(items)
    if len(items) != len(item_hints):
        yield Leaf(path, hint, items)
        return
    for i, (item_hint, item) in enumerate(zip(item_hints, items, strict=True)):
        inside = place._replace(axes={**place.axes, "l": i + 1})
        yield from walk(f"{path}[{i}]", item_hint, item, inside)


def only_option(hint: Any, value: Any) -> Any:
    """The one option of a union that can be meant; or the union."""
    options = [option for option in get_args(hint) if option is not NoneType]
    if value is None and len(options) < len(get_args(hint)):
        return NoneType
    if len(options) == 1:
        return options[0]
    meant = [option for option in options if could_be(value, option)]
    plain = [option for option in meant if not array_hints(option)]
    meant = plain or meant
    return meant[0] if len(meant) == 1 else hint


def _has_items(value: Any, hint: Any) -> bool:
    """Whether these are items that can be looked at without using them up, and are of the hint.

    A class of somebody's own with one parameter, as ``Variable[Float[Array, ""]]``, is no container
    of it, though it may be one of something else.
    """
    of_python = get_origin(hint).__module__ in PYTHONS
    return of_python and isinstance(value, Collection) and len(get_args(hint)) == 1
