"""The words of a ShapeError, laid out like a page of working: equation, shapes, what to do.

Each function returns the parts of one kind of ShapeError, its message among them. Shapes and dtypes
are shown, and never what an array holds.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from types import NoneType, UnionType
from typing import Any, Literal, SupportsIndex, Union, get_args, get_origin

import numpy as np

from shapecheck_bp.shapes.annotations import is_array_hint
from shapecheck_bp.shapes.arrays import Array, dtype_name
from shapecheck_bp.shapes.leaves import RESULT, Leaf, Sizes, reason
from shapecheck_bp.shapes.repairs import (
    EVERYTHING,
    Change,
    culprits,
    is_array,
    repairs,
    root,
    wrong_dtype,
)

LONGEST_TABLE = 6
_WORDS = ((SupportsIndex, "a whole number"), (NoneType, "None"))


def misfit(function: Callable[..., Any], leaves: list[Leaf], first: Leaf) -> dict[str, Any]:
    """A call in which ``first`` is the first leaf that contradicts its annotation or the others."""
    returned = first.path.startswith(RESULT)
    by_shape = not returned and (is_array(first) or isinstance(first.value, Sizes))
    found = repairs(leaves, first) if by_shape else []
    suspects = [] if found or not by_shape else culprits(leaves, first)
    changed = {path for change in found for path in change.seen} or {one.path for one in suspects}
    suspected = [leaf for leaf in leaves if leaf.path in changed]
    blamed = first if first in suspected or not suspected else suspected[0]
    bound = _bindings(leaf for leaf in leaves if leaf is not blamed)
    shown = _shown(leaves, blamed)
    named = [change.argument for change in found] or [leaf.path for leaf in suspects]
    if len(suspects) > 1:
        headline = f"{' and '.join(named)} do not fit together."
    else:
        headline = _headline(found) or f"{blamed.path} does not fit."
    return _parts(
        function,
        blamed,
        headline=headline,
        rows=[(leaf, _note(leaves, leaf, bound) if leaf is blamed else "") for leaf in shown],
        suggestion=_what_to_do(function, blamed, found, bound),
        argument=" or ".join(dict.fromkeys(named)) if len(named) > 1 else blamed.path,
        bindings={axis: size for axis, (size, _) in bound.items()},
    )


def empty(function: Callable[..., Any], leaf: Leaf) -> dict[str, Any]:
    """A call with an array that has no entries."""
    axes, shape = _axes(leaf), leaf.value.shape
    axis = axes[shape.index(0)] if len(axes) == len(shape) and "..." not in axes else "every axis"
    return _parts(
        function,
        leaf,
        headline=f"{leaf.path} is empty.",
        rows=[(leaf, "")],
        suggestion=f"Pass at least one entry along {axis}.",
    )


def mixed(function: Callable[..., Any], leaves: list[Leaf], kinds: list[str]) -> dict[str, Any]:
    """A call whose arrays have several kinds: dtypes, or libraries. The rarest kind is blamed."""
    kind = min(reversed(kinds), key=kinds.count)
    odd = [leaf for leaf, other in zip(leaves, kinds, strict=True) if other == kind]
    others = [other for other in kinds if other != kind]
    usual = max(others, key=others.count)
    arguments = " and ".join(dict.fromkeys(root(leaf.path) for leaf in odd))
    parts = _parts(
        function,
        odd[0],
        headline=f"{odd[0].path} is {kind}, and {leaves[kinds.index(usual)].path} is {usual}.",
        rows=list(zip(leaves, kinds, strict=True)),
        suggestion="Look for a cast in the function, or for a number among its arguments that has"
        " a dtype of its own."
        if odd[0].path.startswith(RESULT)
        else f"Pass {arguments} as {usual}, or everything else as {kind}.",
    )
    return parts | {"expected": usual, "actual": kind}


def function_name(function: Callable[..., Any]) -> str:
    """The name that a reader knows: ``column.linear_forward``, or ``f`` in a script."""
    module = (getattr(function, "__module__", None) or "__main__").rpartition(".")[2]
    _, local, name = getattr(function, "__qualname__", str(function)).rpartition("<locals>.")
    return name if local or module == "__main__" else f"{module}.{name}"


def first_line(function: Callable[..., Any] | None) -> str:
    """What a docstring says first, which in a step is its equation, without a full stop."""
    told = getattr(function, "__doc__", None)
    line = (told if isinstance(told, str) else "").strip().partition("\n")[0]
    return line.partition(" Source:")[0].rstrip(".")


def _parts(
    function: Callable[..., Any],
    blamed: Leaf,
    *,
    headline: str,
    rows: Sequence[tuple[Leaf, str]],
    suggestion: str,
    argument: str = "",
    bindings: dict[str, Any] | None = None,
) -> dict[str, Any]:
    cells = [(leaf.path, _expected(leaf), f"got {_actual(leaf)}", note) for leaf, note in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    table = ["   ".join(map(str.ljust, row, widths)).rstrip() for row in cells]
    said = first_line(function)
    equation = said if "=" in said else ""
    where = _where_examples_lie(function, [leaf for leaf, _ in rows])
    formula = f"{equation}        {where}".strip()
    sections = filter(any, ([formula], table, [suggestion]))
    indented = ("\n".join(f"  {line}" for line in lines) for lines in sections)
    return {
        "message": "\n\n".join([f"{function_name(function)}: {headline}", *indented]),
        "function": function_name(function),
        "argument": argument or blamed.path,
        "expected": _expected(blamed),
        "actual": _actual(blamed),
        "bindings": bindings or {},
        "suggestion": suggestion,
    }


def _shown(leaves: list[Leaf], blamed: Leaf) -> list[Leaf]:
    """The leaves worth showing: all arrays of a short call, else those that share an axis."""
    shown = [leaf for leaf in leaves if leaf is blamed or is_array_hint(leaf.hint)]
    if len(shown) <= LONGEST_TABLE:
        return shown
    return [leaf for leaf in shown if leaf is blamed or {*_axes(leaf)} & {*_axes(blamed)}]


def _headline(found: list[Change]) -> str:
    if not found:
        return ""
    if found[0].instead == EVERYTHING:
        return f"the arguments do not fit, and with {EVERYTHING} they would."
    arguments = " or ".join(dict.fromkeys(change.argument for change in found))
    verb = "do" if " and " in arguments else "does"
    return f"{arguments} {verb} not fit, and {_options(found)} would."


def _options(found: list[Change]) -> str:
    return " or ".join(change.instead for change in found)


def _what_to_do(
    function: Callable[..., Any],
    blamed: Leaf,
    found: list[Change],
    bound: dict[str, tuple[Any, str]],
) -> str:
    module = _other_convention(function)
    other = module.rpartition(".")[2]
    if blamed.path.startswith(RESULT):
        return f"The arguments fit: look inside {function_name(function)}, or at its annotations."
    if not found:
        return f"Pass {_wanted(blamed, bound)}."
    if found[0].instead == EVERYTHING:
        elsewhere = f"Use {module}, or pass" if other else "Pass"
        return f"{elsewhere} {EVERYTHING}: these lie in the other convention."
    if other and "m" in _axes(blamed) and _options(found) == f"{blamed.path}.T":
        return f"Pass {blamed.path}.T, or use {module} if your examples are {other}s."
    return f"Pass {_options(found)}."


def _other_convention(function: Callable[..., Any]) -> str:
    """The module with the mirror image of a function, where its own module names one."""
    return str(getattr(function, "__globals__", {}).get("OTHER_CONVENTION", ""))


def _wanted(leaf: Leaf, bound: dict[str, tuple[Any, str]]) -> str:
    if leaf.path.startswith("len("):
        size, path = bound["L"]
        return f"{leaf.path[4:-1]} for {size} layers, as in {path.removeprefix('len(').rstrip(')')}"
    axes = _axes(leaf)
    sizes = [bound[axis][0] if axis in bound else axis for axis in axes]
    wanted = f"{_expected(leaf)}{f' = {_tuple(sizes)}' if sizes != axes else ''}"
    if not is_array_hint(leaf.hint):
        fields = ", ".join(getattr(leaf.hint, "_fields", ()))
        return f"{leaf.path} as {wanted}{f'({fields})' if fields else ''}"
    if not is_array(leaf):
        kind = leaf.hint.array_type
        if kind not in (Any, Array, np.ndarray):
            return f"{leaf.path} as a {getattr(kind, '__name__', kind)} {wanted}"
        example = f", for example numpy.asarray({leaf.path})"
        return f"{leaf.path} as an array {wanted}{example * isinstance(leaf.value, list | tuple)}"
    labels = "int" in str(leaf.value.dtype) and len(leaf.value.shape) == 1
    if labels and len(axes) == 2 and wrong_dtype(leaf):
        return f"{leaf.path} as {wanted}; if these are labels, pass their one_hot"
    return f"{leaf.path} as {wanted}"


def _note(leaves: list[Leaf], leaf: Leaf, bound: dict[str, tuple[Any, str]]) -> str:
    """Where this leaf contradicts its annotation or the rest of the call."""
    if get_origin(leaf.hint) is tuple and isinstance(leaf.value, tuple):
        return f"{len(leaf.value)} entries where {len(get_args(leaf.hint))} are meant"
    if not is_array_hint(leaf.hint) or not (is_array(leaf) or isinstance(leaf.value, Sizes)):
        return ""
    shape, axes = leaf.value.shape, _axes(leaf)
    notes = [f"{dtype_name(leaf.value)} is not {leaf.hint.dtype.__name__}"] * wrong_dtype(leaf)
    if not all(re.fullmatch(r"\w+", axis) for axis in axes):
        return "; ".join(notes) or reason(leaves, leaf)
    if len(shape) != len(axes):
        many = "axis" if len(shape) == 1 else "axes"
        verb = "is" if len(axes) == 1 else "are"
        return "; ".join([*notes, f"{len(shape)} {many} where {len(axes)} {verb} meant"])
    for axis, size in zip(axes, shape, strict=True):
        if axis in bound and bound[axis][0] != size:
            here = f"here, in layer {leaf.layer}," if leaf.layer else "here,"
            notes.append(f"{axis} is {size} {here} and {bound[axis][0]} in {bound[axis][1]}")
        if axis.isdigit() and int(axis) != size:
            notes.append(f"{size} where {axis} is meant")
    return "; ".join(notes)


def _bindings(leaves: Iterable[Leaf]) -> dict[str, tuple[Any, str]]:
    """Each axis's size, and the leaf that settled it."""
    bound: dict[str, tuple[Any, str]] = {}
    for leaf in leaves:
        axes, shape = _axes(leaf), getattr(leaf.value, "shape", ())
        if not isinstance(shape, tuple):
            continue  # np.ndarray itself, say, in place of an array
        for axis, size in zip(axes, shape, strict=False):
            if axis.isidentifier() and axis != "_" and len(axes) == len(shape):
                layer = f", layer {leaf.layer}" if leaf.layer else ""
                bound.setdefault(axis, (size, f"{leaf.path}{layer}"))
    return bound


def _axes(leaf: Leaf) -> list[str]:
    return leaf.hint.dim_str.split() if is_array_hint(leaf.hint) else []


def _where_examples_lie(function: Callable[..., Any], leaves: Iterable[Leaf]) -> str:
    matrices = [axes for axes in map(_axes, leaves) if len(axes) == 2 and "m" in axes]
    places = {axes.index("m") for axes in matrices}
    if not _other_convention(function) or len(places) != 1:
        return ""
    return f"examples are {('rows', 'columns')[places.pop()]}"


def _expected(leaf: Leaf) -> str:
    if isinstance(leaf.value, Sizes):
        return ", ".join(_axes(leaf))
    shape = _tuple(_axes(leaf)) if is_array_hint(leaf.hint) else ""
    plain = shape and not (is_array(leaf) and wrong_dtype(leaf))
    return shape if plain else _hint(leaf.hint)


def _actual(leaf: Leaf) -> str:
    if isinstance(leaf.value, Sizes):
        return ", ".join(map(str, leaf.value.shape))
    if get_origin(leaf.hint) is Literal and isinstance(leaf.value, str | int | None):
        return repr(leaf.value)
    if not is_array_hint(leaf.hint) or not is_array(leaf):
        return type(leaf.value).__name__
    shape = _tuple(leaf.value.shape)
    return f"{dtype_name(leaf.value)} {shape}" if wrong_dtype(leaf) else shape


def _hint(hint: Any) -> str:
    if words := next((words for kind, words in _WORDS if hint is kind), None):
        return words
    if is_array_hint(hint):
        return f"{hint.dtype.__name__} {_tuple(hint.dim_str.split())}"
    if get_origin(hint) is Literal:
        return " or ".join(map(repr, get_args(hint)))
    if get_origin(hint) in (Union, UnionType):
        return " or ".join(map(_hint, get_args(hint)))
    return getattr(hint, "__name__", str(hint)) if isinstance(hint, type) else str(hint)


def _tuple(sizes: Iterable[Any]) -> str:
    sizes = list(map(str, sizes))
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"
