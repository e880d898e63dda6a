"""What a value is remembered by: the expression of all that the verdict on it depends on.

Of an array that is its class, shape and dtype; of a container, those of what is in it; of anything
else its class, or what beartype says of it.

>>> from jaxtyping import Float
>>> Keys().key(Float[Any, "n m"], "X")
'X.__class__, X.shape, X.dtype'
>>> Keys().key(str | None, "name")
'_shapecheck_class_or_array(name)'
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from inspect import Parameter
from typing import Any, ForwardRef, NewType, TypeVar, get_args, get_origin

from shapecheck_bp.shapes.annotations import (
    PYTHONS,
    array_hints,
    is_anything,
    is_array_hint,
    is_class,
    is_resolved,
    is_tree,
    is_union,
    parts_of,
)
from shapecheck_bp.shapes.kinds import accepts
from shapecheck_bp.shapes.records import (
    Field,
    fields_of,
    is_carried,
    is_record,
    record_class,
)

PREFIX = "_shapecheck_"  # of every name in the code of a checked function that is not a parameter's
DEEPEST = 8


class NotMemorable(Exception):
    """An annotation that looks at more than shapes, dtypes and classes."""


class Keys:
    """Writes the keys of one function's values; ``names`` is what they refer to."""

    def __init__(self, conf: Any = None, makes_record: bool = False) -> None:
        self.conf = conf
        self.makes_record = makes_record
        self.names: dict[str, Any] = {}

    def of_parameter(self, parameter: Parameter, hints: Mapping[str, Any]) -> str:
        """What an argument is remembered by."""
        name, hint = parameter.name, hints.get(parameter.name, Any)
        if parameter.kind is Parameter.VAR_POSITIONAL and not array_hints(hint):
            return self._each(name, *get_args(hint)[:1])
        if parameter.kind is Parameter.VAR_KEYWORD and get_args(hint) and not array_hints(hint):
            return self._each(f"{name}.values()", *get_args(hint)[1:])
        return self._or_default(self.key(hint, name), name, parameter.default)

    def _each(self, items: str, hint: Any = Any) -> str:
        """What items are remembered by, each of which is looked at."""
        key = self.key(hint, f"{PREFIX}item")
        return f"*[({key},) for {PREFIX}item in {items}]" if key else ""

    def _or_default(self, key: str, place: str, default: Any) -> str:
        """What is remembered of a value that has a default; that is trusted, and told apart."""
        if not key or default is Parameter.empty or default is MISSING:
            return key
        self.names[name := f"{PREFIX}default_{len(self.names)}"] = default
        return f"{place} is {name} or ({key},)"

    def key(self, hint: Any, place: str, depth: int = 0) -> str:
        """The expression, for a value at ``place``, of all that the verdict on it depends on.

        Raises:
            NotMemorable: where that is more than can be kept.
        """
        origin, arguments = get_origin(hint), get_args(hint)
        if is_anything(hint):
            return ""
        if is_array_hint(hint):
            return _key_of_array(hint, place)
        if is_resolved(hint):
            raise NotMemorable  # a tree of any depth
        if origin is Callable:
            self.names[f"{PREFIX}callable"] = callable
            return f"{PREFIX}callable({place})"
        if is_tree(hint):
            return self._key_of_tree(hint, place)
        if hint is None or _is_plain(hint):
            return f"{place}.__class__"
        if hasattr(hint, "__shape_axes__"):
            return _key_of_source(hint, place)
        if not all(map(_is_ordinary, parts_of(hint))):
            raise NotMemorable
        if is_union(hint) and (array_hints(hint) or all(map(_is_plain, arguments))):
            return self._key_of_union(hint, place, depth)
        just_made = self.makes_record and place == f"{PREFIX}result"
        if is_record(hint) and is_carried(hint) and not just_made:
            return f"{place}.__class__"
        if not array_hints(hint) and not (is_record(hint) and record_class(hint) is dict):
            return self._key_of_verdict(hint, place)
        if is_record(hint) and depth < DEEPEST:
            inside = [self._key_of_field(field, hint, place, depth) for field in fields_of(hint)]
        elif origin is tuple and arguments[-1] is not Ellipsis:
            inside = [self.key(item, f"{place}[{i}]", depth) for i, item in enumerate(arguments)]
            inside.append(f"{place}.__len__()")
        elif is_class(origin, Mapping) and _is_plain(arguments[0]):
            item, name = f"{PREFIX}item{depth}", f"{PREFIX}key"
            each = f"{name}.__class__, {name}, {self.key(arguments[1], item, depth + 1)}"
            inside = [f"*[({each},) for {name}, {item} in {place}.items()]"]
        elif is_class(origin, Collection) and origin.__module__ in PYTHONS:
            item = f"{PREFIX}item{depth}"
            inside = [f"*[({self.key(arguments[0], item, depth + 1)},) for {item} in {place}]"]
        else:
            raise NotMemorable
        return ", ".join([f"{place}.__class__", *filter(None, inside)])

    def _key_of_field(self, field: Field, record: Any, place: str, depth: int) -> str:
        if record_class(record) is not dict:
            there = f"{place}.{field.name}"
            return self._or_default(self.key(field.hint, there, depth + 1), there, field.default)
        key = self.key(field.hint, f"{place}[{field.name!r}]", depth + 1)
        return f"{field.name!r} in {place} and ({key},)"

    def _key_of_union(self, hint: Any, place: str, depth: int) -> str:
        """Of arrays and plain classes: whichever came; of a container: what is in it."""
        self.names[f"{PREFIX}class_or_array"] = class_or_array
        self.names[f"{PREFIX}isinstance"] = isinstance
        inside: dict[Any, list[str]] = {}
        for option in get_args(hint):
            if not (is_array_hint(option) or _is_plain(option)):
                kind = record_class(option)
                if not isinstance(kind, type):
                    raise NotMemorable
                inside.setdefault(kind, []).append(self.key(option, place, depth))
        key = f"{PREFIX}class_or_array({place}){_computed(get_args(hint))}"
        for kind, keys in inside.items():
            if any(other is not kind and issubclass(kind, other) for other in inside):
                raise NotMemorable  # it cannot be told which of them a value is
            self.names[name := f"{PREFIX}kind_{len(self.names)}"] = kind
            both = ", ".join(dict.fromkeys(keys))
            key = f"({both},) if {PREFIX}isinstance({place}, {name}) else ({key},)"
        return f"({key})" if inside else key

    def _key_of_tree(self, hint: Any, place: str) -> str:
        """Of a PyTree: its structure, and each leaf."""
        options = get_args(hint.leaftype) or (hint.leaftype,)
        if not all(is_array_hint(one) or _is_plain(one) or is_anything(one) for one in options):
            raise NotMemorable
        self.names[f"{PREFIX}leaves_and_structure"] = leaves_and_structure
        return f"*{PREFIX}leaves_and_structure({place}){_computed(options)}"

    def _key_of_verdict(self, hint: Any, place: str) -> str:
        """Of what depends on more than the class: what beartype says of it."""
        self.names[name := f"{PREFIX}hint_{len(self.names)}"] = hint
        self.names[f"{PREFIX}accepts"] = accepts
        conf = ""
        if self.conf is not None:
            self.names[f"{PREFIX}conf"] = self.conf
            conf = f", {PREFIX}conf"
        return f"{PREFIX}accepts({place}, {name}{conf})"


def class_or_array(value: Any) -> object:
    """What a union of arrays and plain classes is remembered by."""
    return (type(value), value.shape, value.dtype) if hasattr(value, "dtype") else type(value)


def leaves_and_structure(tree: Any) -> tuple[Any, ...]:
    """What a PyTree is remembered by."""
    from jax.tree_util import tree_flatten

    leaves, structure = tree_flatten(tree)
    return structure, *map(class_or_array, leaves)


def _key_of_array(hint: Any, place: str) -> str:
    return f"{place}.__class__, {place}.shape, {place}.dtype{_computed([hint])}"


def _computed(hints: Iterable[Any]) -> str:
    """What the axes of arrays are computed from, beside their own sizes, as in ``{n} k``."""
    dims = [hint.dim_str for hint in hints if is_array_hint(hint)]
    return "".join(f", f{each!r}" for each in dims if "{" in each)


def _key_of_source(hint: Any, place: str) -> str:
    """Of what settles axes: itself where it is frozen, and equal only where all of it is."""
    whole = is_dataclass(hint) and all(field.compare for field in fields(hint))
    frozen = whole and hint.__dataclass_params__.frozen
    return place if frozen else f"{place}.__class__, *{place}.__shape_axes__().items()"


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
