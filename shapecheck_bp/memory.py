"""The check's memory: a signature that has passed once passes always, so it is judged once.

Whether an array fits depends on its class, shape and dtype alone. ``key`` writes, for an
annotation, the expression that takes these from every array in a value, through tuples, lists,
dicts and records, and the class of everything else. Such expressions stand in the code of each
checked function, which therefore costs a few attribute look-ups and one look-up in a dict.

>>> from jaxtyping import Float
>>> from typing import Any
>>> key(Float[Any, "n m"], "X", {})
'X.__class__, X.shape, X.dtype'
>>> key(str | None, "name", {})
'_shapecheck_class_or_array(name)'
"""

from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import fields, is_dataclass
from types import UnionType
from typing import Any, ForwardRef, NewType, TypeVar, Union, get_args, get_origin

from shapecheck_bp.annotations import (
    array_hints,
    fields_of,
    is_array_hint,
    is_class,
    is_record,
    parts_of,
)

MOST_SIGNATURES = 4096
MOST_RESULTS = 64
MOST_PROGRAMS = 256  # each of which is some 25 kB
DEEPEST = 8
PREFIX = "_shapecheck_"  # of every name in the code of a checked function that is not a parameter's


class NotMemorable(Exception):
    """An annotation that looks at more than shapes, dtypes and classes."""


class Results(set[Hashable]):
    """The results that a signature has had; where they have to be what they were, how to repeat."""

    __slots__ = ("repeat",)

    def __init__(self) -> None:
        """Begin with none."""
        self.repeat: Callable[..., Any] | None = None


class Memory(dict[Hashable, Results]):
    """Signatures that have passed, each with those of the results it has had.

    Emptied when full, so that ever-new shapes need no more room; and never copied along.
    """

    programs = 0

    def results(self, signature: Hashable) -> Results:
        """Where the results of a signature that has just passed are kept."""
        if len(self) >= MOST_SIGNATURES:
            self.clear()
        return self.setdefault(signature, Results())

    def clear(self) -> None:
        """Forget everything."""
        super().clear()
        self.programs = 0

    def program(self, results: Results, program: Callable[..., Any]) -> None:
        """Keep the program that a signature is repeated by."""
        if self.programs >= MOST_PROGRAMS:
            self.clear()
        results.repeat = program
        self.programs += 1

    @staticmethod
    def keep(results: set[Hashable], outcome: Hashable) -> None:
        """Add a result that has passed."""
        if len(results) >= MOST_RESULTS:
            results.clear()
        results.add(outcome)

    def __reduce__(self) -> tuple[type["Memory"], tuple[()]]:
        """Start empty in another process."""
        return Memory, ()


def key(hint: Any, place: str, names: dict[str, Any], depth: int = 0) -> str:
    """The expression, for a value at ``place``, of all that the verdict on it depends on.

    ``names`` receives what the expression refers to.

    Raises:
        NotMemorable: where that is more than can be kept.
    """
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any or hint is object:
        return ""
    if is_array_hint(hint):
        return _key_of_array(hint, place)
    if hint is None or _is_plain(hint):
        return f"{place}.__class__"
    if hasattr(hint, "__shape_axes__"):
        # A network stands for itself: frozen, and equal only where all of it is.
        whole = is_dataclass(hint) and all(field.compare for field in fields(hint))
        frozen = whole and hint.__dataclass_params__.frozen
        return place if frozen else f"{place}.__class__, *{place}.__shape_axes__().items()"
    if not all(map(_is_ordinary, parts_of(hint))):
        raise NotMemorable
    if origin in (Union, UnionType) and (array_hints(hint) or all(map(_is_plain, arguments))):
        return _key_of_union(hint, place, names)
    if not array_hints(hint):
        names[name := f"{PREFIX}hint_{len(names)}"] = hint
        from beartype.door import is_bearable  # as late as in leaves.py

        names[f"{PREFIX}is_bearable"] = is_bearable
        return f"{PREFIX}is_bearable({place}, {name})"
    if is_record(hint) and depth < DEEPEST:
        inner = [
            key(field, f"{place}.{name}", names, depth + 1)
            for name, field in fields_of(hint).items()
        ]
    elif origin is tuple and arguments[-1] is not Ellipsis:
        inner = [key(one, f"{place}[{i}]", names, depth) for i, one in enumerate(arguments)]
        inner.append(f"{place}.__len__()")
    elif is_class(origin, Mapping) and _is_plain(arguments[0]):
        item, of = f"{PREFIX}item{depth}", f"{PREFIX}key"
        each = f"{of}.__class__, {of}, {key(arguments[1], item, names, depth + 1)}"
        inner = [_key_of_items(f"{of}, {item}", each, f"{place}.items()")]
    elif is_class(origin, Collection) and not is_class(origin, Mapping):
        each = key(arguments[0], f"{PREFIX}item{depth}", names, depth + 1)
        inner = [_key_of_items(f"{PREFIX}item{depth}", each, place)]
    else:
        raise NotMemorable
    return ", ".join([f"{place}.__class__", *filter(None, inner)])


def _key_of_items(item: str, inside: str, items: str) -> str:
    return f"*[({inside},) for {item} in {items}]"


def _key_of_array(hint: Any, place: str) -> str:
    if "{" in hint.dim_str:
        raise NotMemorable
    return f"{place}.__class__, {place}.shape, {place}.dtype"


def _key_of_union(hint: Any, place: str, names: dict[str, Any]) -> str:
    """Of arrays and plain classes: whichever came."""
    for option in get_args(hint):
        if is_array_hint(option):
            _key_of_array(option, place)
        elif not _is_plain(option):
            raise NotMemorable
    names[f"{PREFIX}class_or_array"] = class_or_array
    return f"{PREFIX}class_or_array({place})"


def class_or_array(value: Any) -> object:
    """What a union of arrays and plain classes is remembered by."""
    return (type(value), value.shape, value.dtype) if hasattr(value, "dtype") else type(value)


def _is_ordinary(part: Any) -> bool:
    """Whether beartype can be asked about this outside a call, where no axis has a size yet."""
    hidden = isinstance(part, NewType | TypeVar | ForwardRef | str)
    foreign = type(part).__module__.partition(".")[0] == "jaxtyping"
    return not hidden and (is_array_hint(part) or not foreign)


def _is_plain(hint: Any) -> bool:
    """Whether membership is a matter of the class alone."""
    return (
        isinstance(hint, type)
        and not get_args(hint)
        and not is_record(hint)
        and not hasattr(hint, "__shape_axes__")
        and type(hint).__instancecheck__ is type.__instancecheck__
    )
