"""While torch.compile reads a call: its shapes are compared in plain Python, which is not compiled.

A checked function is read like any other. What the memory does there would break the graph, so this
is read in its place: ``fits`` compares sizes one by one, and leaves guards and no operations. What
it goes by is written into the code, since whatever else it read would be looked at again at every
call.
Arrays, optional ones, and tuples, lists, dicts and records of them are compared, and nothing else:
not records that hold others of their class, to whatever depth.
Where something does not fit, the call is made outside the graph, or, with ``fullgraph=True``,
refused.
"""

import sys
from collections.abc import Callable, Iterable
from dataclasses import MISSING
from types import NoneType
from typing import Any, get_args, get_origin, is_typeddict

from jaxtyping import Shaped

from shapecheck_bp.shapes.annotations import (
    INDEXED,
    array_hints,
    has_own_axes,
    is_array_hint,
    is_union,
    lags,
    parts_of,
)
from shapecheck_bp.shapes.kinds import Seen, fits_array
from shapecheck_bp.shapes.records import fields_of, is_carried, is_record
from shapecheck_bp.shapes.switch import OFF, mode

ANYTHING = ("anything",)


def plan(hint: Any, things: list[Any]) -> tuple[Any, ...]:
    """An annotation as ``fits`` goes through it: as a literal, with numbers for other things.

    >>> plan(Shaped[Any, "n 3 _"], [])[2:]
    ((('axis', 'n', False), ('fixed', 3, False), ('any', None, False)), None)
    """

    def number(thing: Any) -> int:
        for i, known in enumerate(things):
            if known is thing or (isinstance(thing, frozenset) and known == thing):
                return i
        things.append(thing)
        return len(things) - 1

    origin, inside = get_origin(hint), get_args(hint)
    if hint is None or hint is NoneType:
        return ("none",)
    if is_array_hint(hint):
        return _plan_of_array(hint, number)
    if is_union(hint) and array_hints(hint):
        return ("either", tuple(plan(each, things) for each in inside))
    if origin is list or (origin is tuple and inside[-1:] == (...,)):
        return ("items", plan(inside[0], things), min(lags(inside[0]), default=None))
    if origin is tuple and ... not in inside:
        return ("entries", tuple(plan(each, things) for each in inside))
    if origin is dict:
        return ("values", plan(inside[1], things))
    if is_record(hint) and array_hints(hint) and not is_typeddict(origin or hint):
        if is_carried(hint) or any(hint in parts_of(field.hint) for field in fields_of(hint)):
            return ANYTHING
        fields = []
        for field in fields_of(hint):
            default = None if field.default is MISSING else number(field.default)
            fields.append((field.name, plan(field.hint, things), field.filled, default))
        return ("record", number(origin or hint), tuple(fields), has_own_axes(hint))
    if hasattr(hint, "__shape_axes__"):
        return ("source", number(hint))
    return ANYTHING


def _plan_of_array(hint: Any, number: Callable[[Any], int]) -> tuple[Any, ...]:
    dtypes: Any = None
    if hint.dtype is not Shaped:
        torch = sys.modules["torch"]
        known = {each for each in vars(torch).values() if isinstance(each, torch.dtype)}
        kind = hint.dtype[Any, "..."]
        dtypes = number(frozenset(each for each in known if fits_array(Seen((), each), kind)))
    axes = []
    for dim in hint.dims:
        name, stretches = type(dim).__name__, getattr(dim, "broadcastable", False)
        if getattr(dim, "treepath", False) or (name == "_NamedVariadicDim" and stretches):
            return ANYTHING
        if name == "_FixedDim":
            axes.append(("fixed", dim.size, stretches))
        elif name in ("_NamedDim", "_NamedVariadicDim"):
            axes.append(("axis", dim.name, stretches))
        elif name == "_SymbolicDim":
            if layered := INDEXED.fullmatch(dim.elem):
                axes.append(("layered", layered.groups(), stretches))
                continue
            if "{" in dim.elem or "[" in dim.elem:
                return ANYTHING
            try:
                names = compile(dim.elem, "", "eval").co_names
            except SyntaxError:  # no axis, which is said where the call is judged
                return ANYTHING
            size = eval(f"lambda {', '.join(names)}: {dim.elem}")
            axes.append(("computed", (number(size), names), stretches))
        else:
            axes.append(("any", None, False))
    return ("array", dtypes, tuple(axes), hint.index_variadic)


def fits(plan: Any, value: Any, sizes: dict[str, Any], things: Any) -> bool:
    """Whether a value fits a plan and the sizes so far, to which it adds."""
    kind = plan[0]
    if kind == "none":
        return value is None
    if kind == "either":
        for option in plan[1]:
            tried = dict(sizes)
            if fits(option, value, tried, things):
                sizes.update(tried)
                return True
        return False
    if kind == "items":
        return isinstance(value, (tuple, list)) and _fit_items(plan, value, sizes, things)
    if kind == "values":
        return isinstance(value, dict) and all(
            [fits(plan[1], each, sizes, things) for each in value.values()]
        )
    if kind == "entries":
        return (
            isinstance(value, tuple)
            and len(value) == len(plan[1])
            and all([fits(each, value[i], sizes, things) for i, each in enumerate(plan[1])])
        )
    if kind == "record":
        return isinstance(value, things[plan[1]]) and _fit_fields(plan, value, sizes, things)
    if kind == "source":
        return isinstance(value, things[plan[1]]) and all(
            [sizes.setdefault(axis, size) == size for axis, size in value.__shape_axes__().items()]
        )
    if kind == "array":
        return _fits_array(plan, value, sizes, things)
    return True


def _fit_items(plan: Any, items: Any, sizes: dict[str, Any], things: Any) -> bool:
    _, inside, lag = plan
    if lag is not None and sizes.setdefault("L", len(items) - lag) != len(items) - lag:
        return False
    outer = sizes.get("l")
    for i, each in enumerate(items):
        sizes["l"] = i + 1
        if not fits(inside, each, sizes, things):
            return False
    sizes["l"] = outer
    return True


def _fit_fields(plan: Any, record: Any, sizes: dict[str, Any], things: Any) -> bool:
    _, _, fields, has_own = plan
    own: dict[str, Any] = {} if has_own else sizes
    for name, inside, filled, default in fields:
        value = getattr(record, name)
        if default is not None and value is things[default] and not hasattr(value, "dtype"):
            continue  # it is trusted
        if not fits(inside, value, sizes if filled else own, things):
            return False
    return True


def _fits_array(plan: Any, value: Any, sizes: dict[str, Any], things: Any) -> bool:
    _, dtypes, axes, variadic = plan
    if not hasattr(value, "shape") or (dtypes is not None and value.dtype not in things[dtypes]):
        return False
    shape = tuple(value.shape)
    if variadic is not None:
        many = len(shape) - len(axes) + 1
        if many < 0:
            return False
        name, middle = axes[variadic][1], shape[variadic : variadic + many]
        shape = (*shape[:variadic], *shape[variadic + many :])
        axes = (*axes[:variadic], *axes[variadic + 1 :])
        if name is not None:
            known = sizes.setdefault(f"*{name}", middle)
            if len(known) != len(middle) or any(
                [a != b for a, b in zip(known, middle, strict=True)]
            ):
                return False
    if len(shape) != len(axes):
        return False
    for i, (kind, name, stretches) in enumerate(axes):
        size = shape[i]
        if kind == "any" or (stretches and size == 1):
            continue
        if kind == "fixed":
            meant = name
        elif kind == "computed":
            if not all([each in sizes for each in name[1]]):
                return False
            meant = things[name[0]](*[sizes[each] for each in name[1]])
        elif kind == "layered":
            letter, index, lag = name
            layer = int(index) if index.isdigit() else sizes.get(index)
            axis = f"{letter}_{index}{lag}" if layer is None else f"{letter}_{layer - bool(lag)}"
            meant = sizes.setdefault(axis, size)
        else:
            meant = sizes.setdefault(name, size)
        if meant != size:
            return False
    return True


def read_by(law: Any, parameters: Iterable[str], prefix: str) -> tuple[tuple[Any, Any], Any]:
    """What the code of a checked function needs to be read by torch.compile.

    Args:
        law: the function's.
        parameters: their names.
        prefix: of the names in its code.

    Returns:
        The plans of its arguments and of its result, and names that its code refers to.
    """
    from torch.compiler import disable, is_dynamo_compiling

    def is_off() -> bool:
        """Whether the checks are off; asked while a call is read, and no part of it."""
        if "before" not in vars(law):
            law.before = disable(law.before)
            law.after = disable(law.after)
        return mode.get() is OFF

    def is_whole() -> bool:
        """Whether the shapes of all steps follow from the arguments', and no step was replaced."""
        repeats = law.repeats
        return repeats is not None and repeats.look(repeats.where) == repeats.seen

    for asked in (is_off, is_whole):
        asked._dynamo_marked_constant = True  # type: ignore[attr-defined]
    things: list[Any] = []
    arguments = tuple(plan(law.hints.get(each, Any), things) for each in parameters)
    plans = ("entries", arguments), plan(law.hints.get("return", Any), things)
    return plans, {
        f"{prefix}compiling": is_dynamo_compiling,
        f"{prefix}is_off": is_off,
        f"{prefix}is_whole": is_whole,
        f"{prefix}unchecked": law.repeats and law.repeats.unchecked,
        f"{prefix}fits": fits,
        f"{prefix}things": tuple(things),
    }


def forget(function: Any) -> None:
    """Have torch.compile forget the parameters of a function that is getting other code."""
    functions = sys.modules.get("torch._dynamo.variables.functions")
    getattr(functions, "_spec_cache", {}).pop(function, None)
