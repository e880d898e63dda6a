"""What a call brings, leaf by leaf, and whether jaxtyping and beartype accept it.

An annotated argument such as ``params: tuple[Layer[Float[Array, "n[l] n[l-1]"], …], …]`` is a tree.
``leaves_of`` walks value and annotation together down to the arrays, and ``first_misfit`` asks
jaxtyping (for arrays) and beartype (for all else) about each leaf in turn, with one set of axis
sizes for the whole call.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import combinations, takewhile
from types import NoneType, UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

from jaxtyping import Shaped, jaxtyped

from shapecheck_bp.shapes.annotations import (
    array_hints,
    fields_of,
    is_array_hint,
    is_class,
    is_record,
    lags,
    spell_out,
)

RESULT = "the result"  # the path of what a function returns


class Leaf(NamedTuple):
    """A place in a call, the annotation that it falls under, and the value that is there."""

    path: str
    hint: Any
    value: Any
    layer: int = 0
    container: str = ""
    """Where the value is the number of a container's items: the container's place."""

    @property
    def axes(self) -> list[str]:
        """The axes of an array as its annotation names them; of anything else none."""
        return self.hint.dim_str.split() if is_array_hint(self.hint) else []


class Seen(NamedTuple):
    """The part of an array that a shape check looks at."""

    shape: tuple[Any, ...]
    dtype: Any = "float64"


class Sizes(Seen):
    """Sizes that are no array's: a network's, or the number of layers that a container is for."""


def first_misfit(leaves: Iterable[Leaf]) -> Leaf | None:
    """The first leaf that contradicts its annotation or the leaves before it."""
    with jaxtyped("context"):
        for leaf in leaves:
            if not _fits(leaf.value, leaf.hint):
                return leaf
    return None


def _accepts(value: Any, hint: Any) -> bool:
    """Whether beartype takes a value for one of an annotation that holds no array."""
    from beartype.door import is_bearable  # 7 ms, which a program that fits arrays need not spend

    return is_bearable(value, hint)


def _fits(value: Any, hint: Any) -> bool:
    if get_origin(hint) in (Union, UnionType):
        return any(_fits(value, option) for option in get_args(hint))
    by_class = is_array_hint(hint) or is_record(hint)
    return isinstance(value, hint) if by_class else _accepts(value, hint)


def reason(leaves: Iterable[Leaf], misfit: Leaf) -> str:
    """Why jaxtyping refuses an array's leaf after those before it, in its own words."""
    with jaxtyped("context"):
        for leaf in takewhile(lambda leaf: leaf is not misfit, leaves):
            if is_array_hint(leaf.hint):
                isinstance(leaf.value, leaf.hint)
        return str(misfit.hint.__instancecheck_str__(misfit.value))


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


def leaves_of(
    hints: Mapping[str, Any],
    values: Mapping[str, Any],
    arguments: Mapping[str, Any] | None = None,
) -> list[Leaf]:
    """Every leaf of ``values``, with its annotation from ``hints``; sources of axes come first.

    A source is an argument whose annotation is a class with ``__shape_axes__``. ``arguments`` are
    those of the call where ``values`` is its result.
    """
    arguments = values if arguments is None else arguments
    settled: dict[str, Any] = {}
    leaves = []
    for name, value in arguments.items():
        meant = hasattr(hints.get(name), "__shape_axes__") and not isinstance(value, type)
        if meant and hasattr(value, "__shape_axes__"):
            axes = value.__shape_axes__()
            settled |= axes
            leaves.append(Leaf(name, Shaped[Any, " ".join(axes)], Sizes((*axes.values(),))))
    for name, value in values.items():
        if name in hints:
            leaves += _walk(name, hints[name], value, settled, arguments)
    return leaves


def _walk(
    path: str, hint: Any, value: Any, axes: Mapping[str, Any], arguments: Mapping[str, Any]
) -> Iterator[Leaf]:
    origin = get_origin(hint)
    if is_array_hint(hint):
        layer = axes.get("l", 0) if "[l]" in hint.dim_str else 0
        yield Leaf(path, spell_out(hint, axes, arguments), value, layer)
    elif not array_hints(hint):
        yield Leaf(path, hint, value)
    elif origin in (Union, UnionType):
        option = _only_option(hint, value, axes, arguments)
        if get_origin(option) in (Union, UnionType):
            yield Leaf(path, option, value)
        else:
            yield from _walk(path, option, value, axes, arguments)
    elif is_record(hint) and isinstance(value, origin or hint):
        for name, field in fields_of(hint).items():
            yield from _walk(f"{path}.{name}", field, getattr(value, name), axes, arguments)
    elif origin in (tuple, list) and isinstance(value, origin):
        yield from _walk_items(path, hint, value, axes, arguments)
    elif is_class(origin, Mapping) and isinstance(value, origin):
        key_hint, item_hint = get_args(hint)
        for key, item in value.items():
            yield Leaf(f"a key of {path}", key_hint, key)
            yield from _walk(f"{path}[{key!r}]", item_hint, item, axes, arguments)
    elif is_class(origin, Iterable) and isinstance(value, origin) and _has_items(value, hint):
        for i, item in enumerate(value):
            yield from _walk(f"{path}[{i}]", get_args(hint)[0], item, axes, arguments)
    elif origin is Annotated:
        yield from _walk(path, get_args(hint)[0], value, axes, arguments)
        yield Leaf(path, hint, value)
    elif is_record(hint):
        yield Leaf(path, origin or hint, value)
    elif origin in (tuple, list, dict):
        yield Leaf(path, origin, value)
    else:
        yield Leaf(path, hint, value)


def _walk_items(
    path: str, hint: Any, items: Any, axes: Mapping[str, Any], arguments: Mapping[str, Any]
) -> Iterator[Leaf]:
    item_hints = get_args(hint)
    if get_origin(hint) is list or item_hints[-1] is Ellipsis:
        if behind := lags(item_hints[0]):
            layers = Sizes((len(items) - min(behind),))
            yield Leaf(f"len({path})", Shaped[Any, "L"], layers, container=path)
        item_hints = (item_hints[0],) * len(items)
    if len(items) != len(item_hints):
        yield Leaf(path, hint, items)
        return
    for i, (item_hint, item) in enumerate(zip(item_hints, items, strict=True)):
        yield from _walk(f"{path}[{i}]", item_hint, item, {**axes, "l": i + 1}, arguments)


def _only_option(
    hint: Any, value: Any, axes: Mapping[str, Any], arguments: Mapping[str, Any]
) -> Any:
    """The one option of a union that can be meant; or the union, its axes spelled out."""
    options = [option for option in get_args(hint) if option is not NoneType]
    arrays = [option for option in options if is_array_hint(option)]
    plain = [option for option in options if not array_hints(option)]
    if value is None and len(options) < len(get_args(hint)):
        return NoneType
    if len(options) == 1:
        return options[0]
    if len(arrays) + len(plain) == len(options) and hasattr(value, "dtype"):
        meant = [option for option in plain if _accepts(value, option)] or [
            option for option in arrays if len(arrays) == 1 or _could_be(value, option)
        ]
        if len(meant) == 1:
            return meant[0]
    spelled = (
        spell_out(option, axes, arguments) if is_array_hint(option) else option
        for option in get_args(hint)
    )
    return Union[tuple(spelled)]  # noqa: UP007  # the options are known only now


def _could_be(value: Any, option: Any) -> bool:
    """Whether an array has the class, dtype and number of axes of an annotation."""
    axes = " ".join("..." if axis[0] in "*." else "_" for axis in option.dim_str.split())
    return isinstance(value, option.dtype[option.array_type, axes])


def _has_items(value: Any, hint: Any) -> bool:
    """Whether these are items that can be looked at without using them up."""
    return isinstance(value, Collection) and len(get_args(hint)) == 1
