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
'_class_or_array(name)'
"""

from collections.abc import Hashable
from types import UnionType
from typing import Any, Union, get_args, get_origin

from beartype.door import is_bearable

from shapecheck_bp.leaves import array_hints, fields_of, is_array_hint, is_record

MOST_SIGNATURES = 4096
MOST_RESULTS = 64
DEEPEST = 8


class NotMemorable(Exception):
    """An annotation that looks at more than shapes, dtypes and classes."""


class Memory(dict[Hashable, set[Hashable]]):
    """Signatures that have passed, each with those of the results it has had.

    Emptied when full, so that ever-new shapes need no more room; and never copied along.
    """

    def results(self, signature: Hashable) -> set[Hashable]:
        """Where the results of a signature that has just passed are kept."""
        if len(self) >= MOST_SIGNATURES:
            self.clear()
        return self.setdefault(signature, set())

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
        frozen = getattr(getattr(hint, "__dataclass_params__", None), "frozen", False)
        return place if frozen else f"{place}.__class__, *{place}.__shape_axes__().items()"
    if origin in (Union, UnionType):
        return _key_of_union(hint, place, names)
    if not array_hints(hint):
        names[name := f"_hint_{len(names)}"] = hint
        names["_is_bearable"] = is_bearable
        return f"_is_bearable({place}, {name})"
    if is_record(hint) and depth < DEEPEST:
        fields = fields_of(hint).items()
        inner = [key(field, f"{place}.{name}", names, depth + 1) for name, field in fields]
    elif origin is tuple and arguments[-1] is not Ellipsis:
        inner = [key(one, f"{place}[{i}]", names, depth) for i, one in enumerate(arguments)]
        inner.append(f"len({place})")
    elif origin in (tuple, list):
        each = key(arguments[0], f"_item{depth}", names, depth + 1)
        inner = [_key_of_items(f"_item{depth}", each, place)]
    elif origin is dict and _is_plain(arguments[0]):
        each = key(arguments[1], f"_item{depth}", names, depth + 1)
        each = f"_key.__class__, _key, {each}"
        inner = [_key_of_items(f"_key, _item{depth}", each, f"{place}.items()")]
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
    names["_class_or_array"] = class_or_array
    return f"_class_or_array({place})"


def class_or_array(value: Any) -> object:
    """What a union of arrays and plain classes is remembered by."""
    return (type(value), value.shape, value.dtype) if hasattr(value, "dtype") else type(value)


def _is_plain(hint: Any) -> bool:
    """Whether membership is a matter of the class alone."""
    return (
        isinstance(hint, type)
        and not get_args(hint)
        and not is_record(hint)
        and not hasattr(hint, "__shape_axes__")
        and type(hint).__instancecheck__ is type.__instancecheck__
    )
