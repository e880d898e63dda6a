"""Which array is to blame for a call that does not fit, and which repair would make it fit.

A repair is tried on the call itself: every array is replaced by its shape and dtype, some of them
are changed, and jaxtyping is asked again. The smallest change that makes the whole call fit names
the argument to blame, which is often not the one that was being read when the call was refused.

>>> from jaxtyping import Float
>>> A = Leaf("A", Float[Any, "n_in m"], Seen((5, 4)))
>>> W = Leaf("W", Float[Any, "n_out n_in"], Seen((5, 4)))
>>> b = Leaf("b", Float[Any, "n_out 1"], Seen((5, 1)))
>>> [repair.instead for repair in repairs([A, W], misfit=W)]
['A.T', 'W.T']
>>> [repair.instead for repair in repairs([A, W, b], misfit=W)]
['A.T']
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import Any, NamedTuple

from jaxtyping import AnnotationError

from shapecheck_bp.shapes.annotations import is_array_hint
from shapecheck_bp.shapes.arrays import dtype_name
from shapecheck_bp.shapes.judging import first_misfit
from shapecheck_bp.shapes.kinds import Seen, has_dtype, has_shape, is_of_class
from shapecheck_bp.shapes.leaves import RESULT, Leaf, Sizes

INTEGERS = ("Int", "Integer")
MOST_REPAIRS_IN_PAIRS = 16
LONG_CALL = 32


class Repair(NamedTuple):
    """What to pass instead, for which arguments, and the shapes and dtypes that then arrive."""

    arguments: tuple[str, ...]
    instead: str
    seen: dict[str, Seen]
    axes: str = ""
    """Of one array: what changes its axes, as ``.T`` or ``[:, None]``."""
    cast: str = ""
    """Of one array: the dtype that it is cast to."""
    everything: bool = False
    """Whether every matrix of the call is transposed."""


class Verdict(NamedTuple):
    """The leaf to blame for a call that does not fit, and what would make the call fit."""

    leaf: Leaf
    repairs: list[Repair]
    candidates: list[str]
    """The arguments that repairs change; or else each array without which the rest would fit."""


def blame(leaves: Sequence[Leaf], misfit: Leaf) -> Verdict:
    """Whom to blame where ``misfit`` is the first leaf that contradicts those before it.

    A result is blamed itself, and so is what is no array.
    """
    if misfit.path.startswith(RESULT):
        turned = [repair for repair in _of_array(_by_shape(misfit), "") if not repair.cast]
        fitting = [repair for repair in turned if _fits(_repaired(map(_by_shape, leaves), repair))]
        return Verdict(misfit, fitting, [misfit.path] if fitting else [])
    if not (is_array(misfit) or isinstance(misfit.value, Sizes)):
        return Verdict(misfit, [], [])
    fitting = repairs(leaves, misfit)
    suspects = [] if fitting else [leaf.path for leaf in culprits(leaves, misfit)]
    paths = [path for repair in fitting for path in repair.seen] or suspects
    first = next((leaf for leaf in leaves if leaf.path in paths), misfit)
    candidates = [" and ".join(repair.arguments) for repair in fitting] or suspects
    leaf = misfit if misfit.path in paths else first
    return Verdict(leaf, fitting, list(dict.fromkeys(candidates)))


def repairs(leaves: Sequence[Leaf], misfit: Leaf) -> list[Repair]:
    """The smallest repairs after which the whole call fits.

    Of one array; failing that, two arrays exchanged; one argument as a whole; everything (the other
    convention); two arrays changed. Several answers mean that the shapes cannot tell which is
    meant. In a long call only the arrays that share an axis with ``misfit`` are changed one by one.
    """
    call = [_by_shape(leaf) for leaf in leaves]
    floats = [dtype_name(leaf.value) for leaf in call if is_array(leaf) and _is_float(leaf)]
    usual = max(floats, key=floats.count, default="float64")
    near = _near(leaves, misfit)
    single = [repair for leaf in call if leaf.path in near for repair in _of_array(leaf, usual)]
    simple = [repair for repair in single if not (repair.axes and repair.cast)]
    pairs = combinations(single, 2) if len(single) <= MOST_REPAIRS_IN_PAIRS else ()
    arrays = [leaf for leaf in call if leaf.path in near and is_array(leaf)]
    exchanged = map(_exchanged, combinations(arrays, 2))
    for attempts in (simple, single, exchanged, *_flips(call), map(_both, pairs)):
        if fitting := [repair for repair in attempts if _fits(_repaired(call, repair))]:
            return fitting
    return []


def culprits(leaves: Sequence[Leaf], misfit: Leaf) -> list[Leaf]:
    """The arrays without any one of which the rest would fit."""
    call = [_by_shape(leaf) for leaf in leaves]
    near = _near(leaves, misfit)
    return [
        leaf
        for i, leaf in enumerate(leaves)
        if is_array(leaf) and leaf.path in near and _fits([*call[:i], *call[i + 1 :]])
    ]


def _near(leaves: Sequence[Leaf], misfit: Leaf) -> set[str]:
    """All places of a short call; of a long one those that share an axis with the misfit."""
    if len(leaves) <= LONG_CALL:
        return {leaf.path for leaf in leaves}
    near = [leaf for leaf in leaves if is_array(leaf) and {*misfit.axes} & {*leaf.axes}]
    return {leaf.path for leaf in (misfit, *near[:LONG_CALL])}


def is_array(leaf: Leaf) -> bool:
    """Whether an array is expected here, and something with a shape and a dtype came."""
    value = leaf.value
    return (
        is_array_hint(leaf.hint)
        and not isinstance(value, Sizes)
        and is_of_class(value, leaf.hint)
        and has_shape(value)
    )


def wrong_dtype(leaf: Leaf) -> bool:
    """Whether an array's dtype alone contradicts its annotation."""
    return not has_dtype(leaf.value.dtype, leaf.hint.dtype)


def root(path: str) -> str:
    """The argument that a place lies in: ``params[0].W`` lies in ``params``."""
    return re.split(r"[.\[]", path)[0]


def _is_float(leaf: Leaf) -> bool:
    return leaf.hint.dtype.__name__ == "Float" and not wrong_dtype(leaf)


def _by_shape(leaf: Leaf) -> Leaf:
    """The leaf with nothing of an array but its shape and dtype."""
    if not is_array(leaf):
        return leaf
    hint, value = leaf.hint, leaf.value
    seen = Seen(tuple(value.shape), value.dtype)
    return leaf._replace(hint=hint.dtype[Any, hint.dim_str], value=seen)


def _of_array(leaf: Leaf, usual_float: str) -> Iterator[Repair]:
    """Every way to change one array: its axes, its dtype, or both."""
    if not is_array(leaf):
        return
    path, (shape, dtype) = leaf.path, leaf.value
    shapes = {"": shape}
    if len(shape) == 2:
        shapes[".T"] = shape[::-1]
    if len(shape) == 1:
        shapes |= {"[:, None]": (*shape, 1), "[None, :]": (1, *shape)}
    if len(shape) == 2 and len(leaf.hint.dims) == 1:
        lines = {"[0]": (shape[0], shape[1:]), "[:, 0]": (shape[1], shape[:1])}
        shapes |= {axes: line for axes, (cut, line) in lines.items() if cut == 1}
    cast = _cast(leaf, usual_float)
    for axes, changed in shapes.items():
        if axes or cast:
            instead = f"{path}{axes} as {cast}" if cast else f"{path}{axes}"
            yield Repair((path,), instead, {path: Seen(changed, cast or dtype)}, axes, cast)


def _cast(leaf: Leaf, usual_float: str) -> str:
    """The dtype that an array of another kind of number may be cast to, if there is one."""
    if not wrong_dtype(leaf) or not re.search(r"u?int|float|bool", str(leaf.value.dtype)):
        return ""
    wanted = leaf.hint.dtype.__name__
    return usual_float if wanted == "Float" else "int64" if wanted in INTEGERS else ""


def _flips(call: Sequence[Leaf]) -> tuple[list[Repair], list[Repair]]:
    """Every matrix in one argument transposed; and, failing that, every matrix there is."""
    flipped = {
        leaf.path: Seen(leaf.value.shape[::-1], leaf.value.dtype)
        for leaf in call
        if is_array(leaf) and len(leaf.value.shape) == 2
    }
    single = []
    for argument in dict.fromkeys(map(root, flipped)):
        inside = {path: seen for path, seen in flipped.items() if root(path) == argument}
        single.append(Repair((argument,), f"flip({argument})", inside))
    all_ = Repair(("the arguments",), "every matrix transposed", flipped, everything=True)
    return single, [all_]


def _exchanged(pair: tuple[Leaf, Leaf]) -> Repair:
    first, second = pair
    paths = first.path, second.path
    seen = {first.path: second.value, second.path: first.value}
    return Repair(paths, f"{' and '.join(paths)} exchanged", seen)


def _both(pair: tuple[Repair, Repair]) -> Repair:
    first, second = pair
    instead = f"{first.instead} and {second.instead}"
    return Repair(first.arguments + second.arguments, instead, first.seen | second.seen)


def _repaired(call: Iterable[Leaf], repair: Repair) -> list[Leaf]:
    """The call with what then arrives."""
    return [leaf._replace(value=repair.seen.get(leaf.path, leaf.value)) for leaf in call]


def _fits(call: Sequence[Leaf]) -> bool:
    try:
        return first_misfit(call) is None
    except AnnotationError:  # an axis such as n+1, whose n is bound in none of these leaves
        return False
