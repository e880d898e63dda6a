"""While torch.compile reads a call: its shapes are compared in plain Python, which is not compiled.

A checked function is read like any other. What the memory does there would break the graph, so this
is read in its place: ``fits`` compares sizes one by one, and leaves guards and no operations.
Arrays, optional ones and tuples, lists and dicts of them are compared, and nothing else. Where
something does not fit, the call is made outside the graph, or, with ``fullgraph=True``, refused.
"""

import sys
from collections.abc import Iterable
from types import NoneType
from typing import Any, get_args, get_origin

from jaxtyping import Shaped

from shapecheck_bp.shapes.annotations import array_hints, is_array_hint, is_union
from shapecheck_bp.shapes.kinds import Seen, fits_array
from shapecheck_bp.shapes.switch import OFF, mode

ANYTHING = ("anything",)


def plan(hint: Any) -> tuple[Any, ...]:
    """An annotation as ``fits`` goes through it.

    >>> plan(Shaped[Any, "n 3 _"])[2:]
    ((('axis', 'n', False), ('fixed', 3, False), ('any', None, False)), None)
    """
    origin, inside = get_origin(hint), get_args(hint)
    if hint is None or hint is NoneType:
        return ("none",)
    if is_array_hint(hint):
        return _plan_of_array(hint)
    if is_union(hint) and array_hints(hint):
        return ("either", tuple(map(plan, inside)))
    if origin is list or (origin is tuple and inside[-1:] == (...,)):
        return ("items", plan(inside[0]))
    if origin is tuple and ... not in inside:
        return ("entries", tuple(map(plan, inside)))
    if origin is dict:
        return ("values", plan(inside[1]))
    return ANYTHING


def _plan_of_array(hint: Any) -> tuple[Any, ...]:
    dtypes: Any = None
    if hint.dtype is not Shaped:
        torch = sys.modules["torch"]
        known = {each for each in vars(torch).values() if isinstance(each, torch.dtype)}
        kind = hint.dtype[Any, "..."]
        dtypes = frozenset(each for each in known if fits_array(Seen((), each), kind))
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
            if "{" in dim.elem:
                return ANYTHING
            try:
                names = compile(dim.elem, "", "eval").co_names
            except SyntaxError:  # no axis, which is said where the call is judged
                return ANYTHING
            size = eval(f"lambda {', '.join(names)}: {dim.elem}")
            axes.append(("computed", (size, names), stretches))
        else:
            axes.append(("any", None, False))
    return ("array", dtypes, tuple(axes), hint.index_variadic)


def fits(plan: Any, value: Any, sizes: dict[str, Any]) -> bool:
    """Whether a value fits a plan and the sizes so far, to which it adds."""
    kind = plan[0]
    if kind == "none":
        return value is None
    if kind == "either":
        for option in plan[1]:
            tried = dict(sizes)
            if fits(option, value, tried):
                sizes.update(tried)
                return True
        return False
    if kind == "items":
        return isinstance(value, (tuple, list)) and all(
            [fits(plan[1], each, sizes) for each in value]
        )
    if kind == "values":
        return isinstance(value, dict) and all(
            [fits(plan[1], each, sizes) for each in value.values()]
        )
    if kind == "entries":
        return (
            isinstance(value, tuple)
            and len(value) == len(plan[1])
            and all([fits(each, value[i], sizes) for i, each in enumerate(plan[1])])
        )
    if kind == "array":
        return _fits_array(plan, value, sizes)
    return True


def _fits_array(plan: Any, value: Any, sizes: dict[str, Any]) -> bool:
    _, dtypes, axes, variadic = plan
    if not hasattr(value, "shape") or (dtypes is not None and value.dtype not in dtypes):
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
            meant = name[0](*[sizes[each] for each in name[1]])
        else:
            meant = sizes.setdefault(name, size)
        if meant != size:
            return False
    return True


def names_for(law: Any, parameters: Iterable[str], prefix: str) -> dict[str, Any]:
    """What the code of a checked function needs to be read by torch.compile."""
    from torch.compiler import disable, is_dynamo_compiling

    def is_off() -> bool:
        """Whether the checks are off; asked while a call is read, and no part of it."""
        if "before" not in vars(law):
            law.before = disable(law.before)  # type: ignore[no-untyped-call]
            law.after = disable(law.after)  # type: ignore[no-untyped-call]
        return mode.get() is OFF

    is_off._dynamo_marked_constant = True  # type: ignore[attr-defined]
    hints = law.hints
    plans = [plan(hints.get(each, Any)) for each in parameters]
    return {
        f"{prefix}compiling": is_dynamo_compiling,
        f"{prefix}is_off": is_off,
        f"{prefix}fits": fits,
        f"{prefix}plan": ("entries", tuple(plans)),
        f"{prefix}plan_of_result": plan(hints.get("return", Any)),
    }


def forget(function: Any) -> None:
    """Have torch.compile forget the parameters of a function that is getting other code."""
    functions = sys.modules.get("torch._dynamo.variables.functions")
    getattr(functions, "_spec_cache", {}).pop(function, None)
