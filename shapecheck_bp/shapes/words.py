"""What a ShapeError says: the equation, the shapes, and what to do, like a page of working.

``refusal`` puts it together. Shapes and dtypes are shown, and never what an array holds.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import takewhile
from typing import Any, get_args

import numpy as np
from jaxtyping import Float

from shapecheck_bp.shapes.annotations import is_array_hint
from shapecheck_bp.shapes.arrays import Array, dtype_name, library_name, shape_text
from shapecheck_bp.shapes.errors import ShapeError, shape_error, table
from shapecheck_bp.shapes.judging import first_misfit
from shapecheck_bp.shapes.leaves import RESULT, Leaf, of_ours, walk
from shapecheck_bp.shapes.notes import Settled, note_on, settled_by
from shapecheck_bp.shapes.repairs import Repair, Verdict, blame, is_array, root, wrong_dtype
from shapecheck_bp.shapes.terms import (
    actual,
    annotation_text,
    cell,
    class_name,
    expected,
    is_union_of_arrays,
    value_text,
)

LONGEST_TABLE = 6


def refusal(function: Callable[..., Any], leaves: list[Leaf], misfit: Leaf | None) -> ShapeError:
    """The error that says what is wrong with a whole call, whose first misfit may be known."""
    if misfit:
        return _misfit(function, leaves, misfit)
    arrays = of_ours(leaves)
    if empty := next((leaf for leaf in arrays if 0 in leaf.value.shape), None):
        return _empty(function, empty)
    if len({library_name(leaf.value) for leaf in arrays}) > 1:
        return _mixed(function, arrays, library_name)
    return _mixed(function, [leaf for leaf in arrays if leaf.hint.dtype is Float], dtype_name)


def _misfit(function: Callable[..., Any], leaves: list[Leaf], first: Leaf) -> ShapeError:
    """The error where ``first`` is the first leaf that contradicts its annotation or the others."""
    leaves = [leaf for leaf in leaves if leaf.place.scope == first.place.scope]
    verdict = blame(leaves, first)
    blamed, candidates = verdict.leaf, verdict.candidates
    others = settled_by(leaf for leaf in leaves if leaf is not blamed)
    note = note_on(leaves, blamed, others)
    return _error(
        function,
        blamed,
        _headline(verdict),
        [(leaf, note if leaf is blamed else "") for leaf in _shown(leaves, blamed)],
        _what_to_do(function, verdict, others, leaves),
        more=_options_refused(leaves, blamed),
        argument=" or ".join(candidates) if len(candidates) > 1 else blamed.path,
        bindings={axis: settled.size for axis, settled in others.items()},
    )


def _empty(function: Callable[..., Any], leaf: Leaf) -> ShapeError:
    """The error where an array has no entries."""
    axes, shape = leaf.axes, leaf.value.shape
    axis = axes[shape.index(0)] if len(axes) == len(shape) and "..." not in axes else "every axis"
    suggestion = f"Pass at least one entry along {axis}."
    return _error(function, leaf, f"{leaf.path} is empty.", [(leaf, "")], suggestion)


def _mixed(
    function: Callable[..., Any], leaves: list[Leaf], kind_of: Callable[[Any], str]
) -> ShapeError:
    """The error where arrays have several dtypes, or libraries; the rarest is blamed."""
    kinds = [kind_of(leaf.value) for leaf in leaves]
    rarest = min(reversed(kinds), key=kinds.count)
    others = [kind for kind in kinds if kind != rarest]
    usual = max(others, key=others.count)
    rare = [leaf for leaf, kind in zip(leaves, kinds, strict=True) if kind == rarest]
    headline = f"{rare[0].path} is {rarest}, and {leaves[kinds.index(usual)].path} is {usual}."
    arguments = " and ".join(dict.fromkeys(root(leaf.path) for leaf in rare))
    suggestion = f"Pass {arguments} as {usual}, or everything else as {rarest}."
    if rare[0].path.startswith(RESULT):
        suggestion = (
            "Look for a cast in the function, or for a number among its arguments that has a dtype"
            " of its own."
        )
    rows = list(zip(leaves, kinds, strict=True))
    return _error(function, rare[0], headline, rows, suggestion, expected=usual, actual=rarest)


def function_name(function: Callable[..., Any]) -> str:
    """The name that a reader knows: ``column.linear_forward``, or ``f`` in a script."""
    module = (getattr(function, "__module__", None) or "__main__").rpartition(".")[2]
    _, local, name = getattr(function, "__qualname__", str(function)).rpartition("<locals>.")
    return name if local or module == "__main__" else f"{module}.{name}"


def first_line(function: Callable[..., Any] | None) -> str:
    """What a docstring says first, which in a step is its equation, without a full stop."""
    docstring = getattr(function, "__doc__", None)
    line = docstring.strip().partition("\n")[0] if isinstance(docstring, str) else ""
    return line.partition(" Source:")[0].rstrip(".")


def _error(
    function: Callable[..., Any],
    blamed: Leaf,
    headline: str,
    rows: Sequence[tuple[Leaf, str]],
    suggestion: str,
    more: Sequence[str] = (),
    **fields: Any,
) -> ShapeError:
    """An error about one leaf; each row of its table is a leaf and a note on it."""
    line = first_line(function)
    equation = line if "=" in line else ""
    formula = f"{equation}        {_where_examples_lie(function, rows)}".strip()
    usual = {"argument": blamed.path, "expected": expected(blamed), "actual": actual(blamed)}
    return shape_error(
        function_name(function),
        headline,
        [formula] if formula else [],
        table([(leaf.path, cell(leaf), f"got {actual(leaf)}", note) for leaf, note in rows]),
        more,
        suggestion=suggestion,
        **usual | fields,
    )


def _options_refused(leaves: list[Leaf], blamed: Leaf) -> list[str]:
    """Of a union that holds arrays: why each of its options is not what came."""
    if not is_union_of_arrays(blamed.hint):
        return []
    before = list(takewhile(lambda leaf: leaf is not blamed, leaves))
    rows = []
    for option in get_args(blamed.hint):
        scopes: dict[str, Any] = {}
        first_misfit(before, scopes)
        parts = list(walk(blamed.path, option, blamed.value, blamed.place))
        part = first_misfit(parts, scopes) or parts[-1]
        others = settled_by(leaf for leaf in [*before, *parts] if leaf is not part)
        where = "" if part.path == blamed.path else f"{part.path} "
        note = note_on([*before, *parts], part, others)
        why = f"{where}got {actual(part) if is_array(part) else value_text(part.value)}"
        rows.append((f"not {annotation_text(option)}:", f"{why}; {note}" if note else why))
    return table(rows)


def _where_examples_lie(function: Callable[..., Any], rows: Iterable[tuple[Leaf, str]]) -> str:
    """Whether the examples of a module with two conventions are columns or rows."""
    matrices = [leaf.axes for leaf, _ in rows if len(leaf.axes) == 2 and "m" in leaf.axes]
    places = {axes.index("m") for axes in matrices}
    if not _other_convention(function) or len(places) != 1:
        return ""
    return f"examples are {'columns' if places == {1} else 'rows'}"


def _other_convention(function: Callable[..., Any]) -> str:
    """The module with the mirror image of a function, where its own module names one."""
    return str(getattr(function, "__globals__", {}).get("OTHER_CONVENTION", ""))


def _shown(leaves: list[Leaf], blamed: Leaf) -> list[Leaf]:
    """The leaves worth showing: all arrays of a short call, else those that share an axis."""
    shown = [leaf for leaf in leaves if leaf is blamed or is_array_hint(leaf.hint)]
    if len(shown) <= LONGEST_TABLE:
        return shown
    return [leaf for leaf in shown if leaf is blamed or {*leaf.axes} & {*blamed.axes}]


def _headline(verdict: Verdict) -> str:
    """What is wrong, and what would repair it."""
    candidates = verdict.candidates
    if not verdict.repairs and len(candidates) > 1:
        return f"{' and '.join(candidates)} do not fit together."
    if not verdict.repairs:
        return f"{verdict.leaf.path} does not fit."
    repair = verdict.repairs[0]
    if repair.everything:
        return f"{candidates[0]} do not fit, and with {repair.instead} they would."
    verb = "does" if len(repair.arguments) == 1 else "do"
    return f"{' or '.join(candidates)} {verb} not fit, and {_options(verdict.repairs)} would."


def _options(repairs: list[Repair]) -> str:
    return " or ".join(repair.instead for repair in repairs)


def _what_to_do(
    function: Callable[..., Any],
    verdict: Verdict,
    others: dict[str, Settled],
    leaves: Sequence[Leaf],
) -> str:
    """The suggestion, in a sentence; a module may have a better one for its own classes."""
    blamed, repairs, module = verdict.leaf, verdict.repairs, _other_convention(function)
    if blamed.path.startswith(RESULT):
        return f"The arguments fit: look inside {function_name(function)}, or at its annotations."
    if not repairs:
        advice = getattr(function, "__globals__", {}).get("ADVICE")
        came = {leaf.path: leaf.value for leaf in leaves}
        better = advice(blamed.path, came, module) if module and callable(advice) else None
        return f"Pass {better or _wanted(blamed, others)}."
    repair = repairs[0]
    if repair.everything:
        elsewhere = f"Use {module}, or pass" if module else "Pass"
        return f"{elsewhere} {repair.instead}: these lie in the other convention."
    transposed = len(repairs) == 1 and (repair.axes, repair.cast) == (".T", "")
    if module and transposed and "m" in blamed.axes:
        examples = f"{module.rpartition('.')[2]}s"
        return f"Pass {repair.instead}, or use {module} if your examples are {examples}."
    return f"Pass {_options(repairs)}."


def _wanted(leaf: Leaf, others: dict[str, Settled]) -> str:
    """What a leaf should have been, with the sizes that the rest of the call has settled."""
    if leaf.container:
        size, counted = others["L"]
        return f"{leaf.container} for {size} layers, as in {counted.container or counted.path}"
    axes = leaf.axes
    sizes = [others[axis].size if axis in others else axis for axis in axes]
    wanted = f"{expected(leaf)} = {shape_text(sizes)}" if sizes != axes else expected(leaf)
    if not is_array_hint(leaf.hint):
        fields = ", ".join(getattr(leaf.hint, "_fields", ()))
        return f"{leaf.path} as {wanted}({fields})" if fields else f"{leaf.path} as {wanted}"
    if not is_array(leaf):
        kind = leaf.hint.array_type
        if kind not in (Any, Array, np.ndarray):
            return f"{leaf.path} as a {class_name(kind)} {wanted}"
        example = ""
        if hasattr(leaf.value, "to_numpy"):  # of pandas, polars, …
            example = f", for example {leaf.path}.to_numpy()"
        elif isinstance(leaf.value, list | tuple):
            example = f", for example numpy.asarray({leaf.path})"
        return f"{leaf.path} as an array {wanted}{example}"
    labels = "int" in str(leaf.value.dtype) and len(leaf.value.shape) == 1
    if labels and len(axes) == 2 and wrong_dtype(leaf):
        return f"{leaf.path} as {wanted}; if these are labels, pass their one_hot"
    return f"{leaf.path} as {wanted}"
