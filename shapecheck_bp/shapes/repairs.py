"""Which repair would have made a failed call fit.

A repair is tried on the call itself: every array is replaced by its shape and dtype, some of them
are changed, and jaxtyping is asked again. The smallest change that makes the whole call fit names
the argument to blame, which is often not the one that was being read when the call was refused.

>>> from jaxtyping import Float
>>> A = Leaf("A", Float[Any, "n_in m"], Seen((5, 4)))
>>> W = Leaf("W", Float[Any, "n_out n_in"], Seen((5, 4)))
>>> b = Leaf("b", Float[Any, "n_out 1"], Seen((5, 1)))
>>> [change.instead for change in repairs([A, W])]
['A.T', 'W.T']
>>> [change.instead for change in repairs([A, W, b])]
['A.T']
"""

import re
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any, NamedTuple

from jaxtyping import AnnotationError

from shapecheck_bp.shapes.annotations import is_array_hint
from shapecheck_bp.shapes.arrays import dtype_name
from shapecheck_bp.shapes.leaves import Leaf, Seen, Sizes, first_misfit

EVERYTHING = "every matrix transposed"
INTEGERS = ("Int", "Integer")
MOST_CHANGES_IN_PAIRS = 16
LONG_CALL = 32


class Change(NamedTuple):
    """What to pass instead, for which argument, and the shapes and dtypes that then arrive."""

    argument: str
    instead: str
    seen: dict[str, Seen]


def repairs(leaves: Sequence[Leaf], misfit: Leaf | None = None) -> list[Change]:
    """The smallest changes after which the whole call fits.

    Of one array; failing that, of one argument as a whole; of everything (the other convention); of
    two arrays. Several answers mean that the shapes cannot tell which is meant. In a long call only
    the arrays that share an axis with ``misfit`` are changed one by one.
    """
    call = [_by_shape(leaf) for leaf in leaves]
    floats = [dtype_name(leaf.value) for leaf in call if is_array(leaf) and _is_float(leaf)]
    usual = max(floats, key=floats.count, default="float64")
    near = {leaf.path for leaf in _near(leaves, misfit)}
    single = [one for leaf in call if leaf.path in near for one in _changes(leaf, usual)]
    pairs = combinations(single, 2) if len(single) <= MOST_CHANGES_IN_PAIRS else ()
    simple = [one for one in single if not re.match(r".+[\].T] as ", one.instead)]
    for attempt in (simple, single, _flips(call), map(_both, pairs)):
        if found := [change for change in attempt if _fits(_with(call, change))]:
            return found
    return []


def culprits(leaves: Sequence[Leaf], misfit: Leaf | None = None) -> list[Leaf]:
    """The arrays without any one of which the rest would fit."""
    call = [_by_shape(leaf) for leaf in leaves]
    near = {leaf.path for leaf in _near(leaves, misfit)}
    return [
        leaf
        for i, leaf in enumerate(leaves)
        if is_array(leaf) and leaf.path in near and _fits([*call[:i], *call[i + 1 :]])
    ]


def _near(leaves: Sequence[Leaf], misfit: Leaf | None) -> Sequence[Leaf]:
    """All leaves of a short call; of a long one those that share an axis with the misfit."""
    if misfit is None or len(leaves) <= LONG_CALL:
        return leaves
    axes = {*misfit.hint.dim_str.split()}
    near = [leaf for leaf in leaves if is_array(leaf) and axes & {*leaf.hint.dim_str.split()}]
    return [misfit, *near[:LONG_CALL]]


def is_array(leaf: Leaf) -> bool:
    """Whether an array is expected here, and something with a shape and a dtype came."""
    value = leaf.value
    return (
        is_array_hint(leaf.hint)
        and not isinstance(value, Sizes)
        and isinstance(value, leaf.hint.array_type if leaf.hint.array_type is not Any else object)
        and hasattr(value, "shape")
        and hasattr(value, "dtype")
    )


def wrong_dtype(leaf: Leaf) -> bool:
    """Whether an array's dtype alone contradicts its annotation."""
    return not isinstance(Seen((), leaf.value.dtype), leaf.hint.dtype[Any, "..."])


def root(path: str) -> str:
    """The argument that a place lies in: ``params[0].W`` lies in ``params``."""
    return re.split(r"[.\[]", path)[0]


def _is_float(leaf: Leaf) -> bool:
    return leaf.hint.dtype.__name__ == "Float" and not wrong_dtype(leaf)


def _by_shape(leaf: Leaf) -> Leaf:
    if not is_array(leaf):
        return leaf
    hint, value = leaf.hint, leaf.value
    seen = Seen(tuple(value.shape), value.dtype)
    return leaf._replace(hint=hint.dtype[Any, hint.dim_str], value=seen)


def _changes(leaf: Leaf, usual_float: str) -> Iterator[Change]:
    """Every way to change one array: its axes, its dtype, or both."""
    if not is_array(leaf):
        return
    path, (shape, dtype) = leaf.path, leaf.value
    shapes = {path: shape}
    if len(shape) == 2:
        shapes[f"{path}.T"] = shape[::-1]
    if len(shape) == 1:
        shapes |= {f"{path}[:, None]": (*shape, 1), f"{path}[None, :]": (1, *shape)}
    if len(shape) == 2 and len(leaf.hint.dims) == 1:
        lines = {f"{path}[0]": (shape[0], shape[1:]), f"{path}[:, 0]": (shape[1], shape[:1])}
        shapes |= {instead: line for instead, (cut, line) in lines.items() if cut == 1}
    cast = ""
    if wrong_dtype(leaf) and re.search(r"u?int|float|bool", str(dtype)):
        wanted = leaf.hint.dtype.__name__
        dtype = usual_float if wanted == "Float" else "int64" if wanted in INTEGERS else dtype
        cast = f" as {dtype_name(Seen((), dtype))}"
    for instead, changed in shapes.items():
        if instead != path or cast:
            yield Change(path, f"{instead}{cast}", {path: Seen(changed, dtype)})


def _flips(call: Sequence[Leaf]) -> Iterator[Change]:
    """Every matrix in one argument transposed; then every matrix there is."""
    flipped = {
        leaf.path: Seen(leaf.value.shape[::-1], leaf.value.dtype)
        for leaf in call
        if is_array(leaf) and len(leaf.value.shape) == 2
    }
    roots = dict.fromkeys(map(root, flipped))
    for argument in roots:
        inside = {path: seen for path, seen in flipped.items() if root(path) == argument}
        yield Change(argument, f"flip({argument})", inside)
    yield Change("the arguments", EVERYTHING, flipped)


def _both(pair: tuple[Change, Change]) -> Change:
    (one, instead, seen), (other, instead_of_other, seen_of_other) = pair
    return Change(f"{one} and {other}", f"{instead} and {instead_of_other}", seen | seen_of_other)


def _with(call: Sequence[Leaf], change: Change) -> list[Leaf]:
    return [leaf._replace(value=change.seen.get(leaf.path, leaf.value)) for leaf in call]


def _fits(call: Sequence[Leaf]) -> bool:
    try:
        return first_misfit(call) is None
    except AnnotationError:  # an axis such as n+1, whose n is bound in none of these leaves
        return False
