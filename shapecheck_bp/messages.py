"""The words of a ShapeError, laid out like a page of working: equation, shapes, what to do.

Each function returns the parts of one kind of ShapeError, its message among them. Shapes and dtypes
are shown, and never what an array holds.
"""

from collections.abc import Callable, Iterable, Sequence
from types import UnionType
from typing import Any, Union, get_args, get_origin

from shapecheck_bp.hints import Repair, is_array, repairs, wrong_dtype
from shapecheck_bp.leaves import Leaf, Sizes, is_array_hint

RESULT = "the result"
LONGEST_TABLE = 6
OTHER_CONVENTION = {"shapecheck_bp.column": "row", "shapecheck_bp.row": "column"}


def misfit(function: Callable[..., Any], leaves: list[Leaf], first: Leaf) -> dict[str, Any]:
    """A call in which ``first`` is the first leaf that contradicts its annotation or the others."""
    repairable = is_array(first) or isinstance(first.value, Sizes)
    found = repairs(leaves) if repairable and not first.path.startswith(RESULT) else []
    changed = list(dict.fromkeys(repair.path for change in found for repair in change))
    blamed = next((leaf for leaf in leaves if leaf.path in changed), first)
    bound = _bindings(leaf for leaf in leaves if leaf is not blamed)
    shown = _shown(leaves, blamed)
    return _parts(
        function,
        blamed,
        headline=_headline(leaves, blamed, found),
        rows=[(leaf, _note(leaf, bound) if leaf is blamed else "") for leaf in shown],
        suggestion=_what_to_do(function, leaves, blamed, found, bound),
        argument=" or ".join(changed) if len(found) > 1 else blamed.path,
        bindings={axis: size for axis, (size, _) in bound.items()},
    )


def empty(function: Callable[..., Any], leaf: Leaf) -> dict[str, Any]:
    """A call with an array that has no entries."""
    axis = leaf.hint.dim_str.split()[leaf.value.shape.index(0)]
    return _parts(
        function,
        leaf,
        headline=f"{leaf.path} is empty.",
        rows=[(leaf, f"{axis} is 0")],
        suggestion=f"Pass at least one entry along {axis}.",
    )


def mixed(function: Callable[..., Any], leaves: list[Leaf], kinds: list[str]) -> dict[str, Any]:
    """A call whose arrays have several kinds: dtypes, or libraries. The rarest kind is blamed."""
    kind = min(reversed(kinds), key=kinds.count)
    blamed = leaves[kinds.index(kind)]
    others = [other for other in kinds if other != kind]
    usual = max(others, key=others.count)
    parts = _parts(
        function,
        blamed,
        headline=f"{blamed.path} is {kind}, and {leaves[kinds.index(usual)].path} is {usual}.",
        rows=list(zip(leaves, kinds, strict=True)),
        suggestion="Look for a number among the arguments that has another dtype than the arrays."
        if blamed.path.startswith(RESULT)
        else f"Pass {blamed.path} as {usual}, or everything else as {kind}.",
    )
    return parts | {"expected": usual, "actual": kind}


def function_name(function: Callable[..., Any]) -> str:
    """The name that a reader knows: ``column.linear_forward``, or ``f`` in a script."""
    module = function.__module__.rpartition(".")[2]
    _, local, name = function.__qualname__.rpartition("<locals>.")
    return name if local or module == "__main__" else f"{module}.{name}"


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
    equation = (function.__doc__ or "").strip().partition("\n")[0].rstrip(".")
    formula = f"{equation}        {_where_examples_lie(leaf for leaf, _ in rows)}".strip()
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


def _headline(leaves: list[Leaf], blamed: Leaf, found: list[tuple[Repair, ...]]) -> str:
    if not found:
        return f"{blamed.path} does not fit."
    if _all_transposed(leaves, found):
        return "the arguments do not fit, and with every matrix transposed they would."
    if len(found) == 1 and len(found[0]) > 1:
        paths, instead = _list([r.path for r in found[0]]), _list([r.instead for r in found[0]])
        return f"{paths} do not fit, and {instead} would."
    paths = " or ".join(dict.fromkeys(_list([r.path for r in change]) for change in found))
    options = " or ".join(_list([r.instead for r in change]) for change in found)
    return f"{paths} does not fit, and {options} would."


def _what_to_do(
    function: Callable[..., Any],
    leaves: list[Leaf],
    blamed: Leaf,
    found: list[tuple[Repair, ...]],
    bound: dict[str, tuple[Any, str]],
) -> str:
    other = OTHER_CONVENTION.get(function.__module__)
    if blamed.path.startswith(RESULT):
        return f"The arguments fit: look inside {function_name(function)}, or at its annotations."
    if not found:
        return f"Pass {_wanted(blamed, bound)}."
    if _all_transposed(leaves, found):
        elsewhere = f"Use shapecheck_bp.{other}, or pass" if other else "Pass"
        return f"{elsewhere} every matrix transposed: these lie in the other convention."
    options = " or ".join(_list([repair.instead for repair in change]) for change in found)
    if other and "m" in _axes(blamed) and options == f"{blamed.path}.T":
        return f"Pass {options}, or use shapecheck_bp.{other} if your examples are {other}s."
    return f"Pass {options}."


def _all_transposed(leaves: list[Leaf], found: list[tuple[Repair, ...]]) -> bool:
    matrices = [leaf.path for leaf in leaves if is_array(leaf) and len(leaf.value.shape) == 2]
    return (
        len(found) == 1
        and len(found[0]) > 1
        and [repair.instead for repair in found[0]] == [f"{path}.T" for path in matrices]
    )


def _wanted(leaf: Leaf, bound: dict[str, tuple[Any, str]]) -> str:
    if isinstance(leaf.value, Sizes):
        size, path = bound["L"]
        return f"{leaf.path[4:-1]} for {size} layers, as in {path.removeprefix('len(').rstrip(')')}"
    if is_array_hint(leaf.hint) and not is_array(leaf):
        return f"{leaf.path} as an array, for example numpy.asarray({leaf.path})"
    axes = _axes(leaf)
    sizes = [bound[axis][0] if axis in bound else axis for axis in axes]
    return f"{leaf.path} as {_expected(leaf)}{f' = {_tuple(sizes)}' if sizes != axes else ''}"


def _note(leaf: Leaf, bound: dict[str, tuple[Any, str]]) -> str:
    """Where this leaf contradicts its annotation or the rest of the call."""
    if not is_array_hint(leaf.hint) or not (is_array(leaf) or isinstance(leaf.value, Sizes)):
        return ""
    shape, axes = leaf.value.shape, _axes(leaf)
    if wrong_dtype(leaf):
        return f"{_dtype(leaf.value)} is not {leaf.hint.dtype.__name__}"
    if len(shape) != len(axes):
        many = "axis" if len(shape) == 1 else "axes"
        return f"{len(shape)} {many} where {len(axes)} {'is' if len(axes) == 1 else 'are'} meant"
    return "; ".join(
        f"{axis} is {size} here, and {bound[axis][0]} in {bound[axis][1]}"
        if axis in bound
        else f"{size} where {axis} is meant"
        for axis, size in zip(axes, shape, strict=True)
        if (axis in bound and bound[axis][0] != size) or (axis.isdigit() and int(axis) != size)
    )


def _bindings(leaves: Iterable[Leaf]) -> dict[str, tuple[Any, str]]:
    """Each axis's size, and the leaf that settled it."""
    bound: dict[str, tuple[Any, str]] = {}
    for leaf in leaves:
        axes, shape = _axes(leaf), getattr(leaf.value, "shape", ())
        for axis, size in zip(axes, shape, strict=False):
            if axis.isidentifier() and len(axes) == len(shape):
                bound.setdefault(axis, (size, leaf.path))
    return bound


def _axes(leaf: Leaf) -> list[str]:
    return leaf.hint.dim_str.split() if is_array_hint(leaf.hint) else []


def _where_examples_lie(leaves: Iterable[Leaf]) -> str:
    matrices = [axes for axes in map(_axes, leaves) if len(axes) == 2 and "m" in axes]
    places = {axes.index("m") for axes in matrices}
    return "" if len(places) != 1 else f"examples are {('rows', 'columns')[places.pop()]}"


def _expected(leaf: Leaf) -> str:
    if isinstance(leaf.value, Sizes):
        return ", ".join(_axes(leaf))
    shape = _tuple(_axes(leaf)) if is_array_hint(leaf.hint) else ""
    plain = shape and not (is_array(leaf) and wrong_dtype(leaf))
    return shape if plain else _hint(leaf.hint)


def _actual(leaf: Leaf) -> str:
    if isinstance(leaf.value, Sizes):
        return ", ".join(map(str, leaf.value.shape))
    if not is_array_hint(leaf.hint) or not is_array(leaf):
        return type(leaf.value).__name__
    shape = _tuple(leaf.value.shape)
    return f"{_dtype(leaf.value)} {shape}" if wrong_dtype(leaf) else shape


def _hint(hint: Any) -> str:
    if is_array_hint(hint):
        return f"{hint.dtype.__name__} {_tuple(hint.dim_str.split())}"
    if get_origin(hint) in (Union, UnionType):
        return " or ".join(map(_hint, get_args(hint)))
    return getattr(hint, "__name__", str(hint)) if isinstance(hint, type) else str(hint)


def _dtype(array: Any) -> str:
    return str(array.dtype).rpartition(".")[2]


def _tuple(sizes: Iterable[Any]) -> str:
    sizes = list(map(str, sizes))
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"


def _list(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
