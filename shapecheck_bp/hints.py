"""Which repair would have made a failed call fit.

A repair is tried on the call itself: every array is replaced by its shape and dtype, one of them is
changed, and jaxtyping is asked again. The smallest change that makes the whole call fit names the
argument to blame, which is often not the one that was being read when the call was refused.

>>> from jaxtyping import Float
>>> A = Leaf("A", Float[Any, "n_in m"], Seen((5, 4)))
>>> W = Leaf("W", Float[Any, "n_out n_in"], Seen((5, 4)))
>>> b = Leaf("b", Float[Any, "n_out 1"], Seen((5, 1)))
>>> [[repair.instead for repair in change] for change in repairs([A, W])]
[['A.T'], ['W.T']]
>>> [[repair.instead for repair in change] for change in repairs([A, W, b])]
[['A.T']]
"""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any, NamedTuple

from shapecheck_bp.leaves import Leaf, Seen, Sizes, first_misfit, is_array_hint

DTYPES = {"Float": "float64", "Int": "int64", "Integer": "int64", "Bool": "bool"}
MOST_CANDIDATES_IN_PAIRS = 16


class Repair(NamedTuple):
    """An argument, what to pass in its place, and the shape and dtype that this would have."""

    path: str
    instead: str
    seen: Seen


def repairs(leaves: Sequence[Leaf]) -> list[tuple[Repair, ...]]:
    """The smallest repairs after which the whole call fits, each a change of one or more arguments.

    One argument changed; failing that, every matrix transposed (the other convention); failing
    that, two arguments changed. Several answers mean that the shapes cannot tell which is meant.
    """
    call = [_by_shape(leaf) for leaf in leaves]
    candidates = [repair for leaf in call for repair in _candidates(leaf)]
    found: list[tuple[Repair, ...]] = [(one,) for one in candidates if _fits(call, [one])]
    if found:
        return found
    transposes = tuple(repair for repair in candidates if repair.instead == f"{repair.path}.T")
    if len(transposes) > 1 and _fits(call, transposes):
        return [transposes]
    if len(candidates) > MOST_CANDIDATES_IN_PAIRS:
        return []
    return [pair for pair in combinations(candidates, 2) if _fits(call, pair)]


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


def _by_shape(leaf: Leaf) -> Leaf:
    if not is_array(leaf):
        return leaf
    hint, value = leaf.hint, leaf.value
    return Leaf(leaf.path, hint.dtype[Any, hint.dim_str], Seen(tuple(value.shape), value.dtype))


def _candidates(leaf: Leaf) -> Iterator[Repair]:
    if not is_array(leaf):
        return
    path, (shape, dtype) = leaf.path, leaf.value
    if len(shape) == 2:
        yield Repair(path, f"{path}.T", Seen(shape[::-1], dtype))
    if len(shape) == 1:
        yield Repair(path, f"{path}[:, None]", Seen((*shape, 1), dtype))
        yield Repair(path, f"{path}[None, :]", Seen((1, *shape), dtype))
    if wrong_dtype(leaf) and leaf.hint.dtype.__name__ in DTYPES:
        wanted = DTYPES[leaf.hint.dtype.__name__]
        yield Repair(path, f"{path} as {wanted}", Seen(shape, wanted))


def _fits(call: Sequence[Leaf], change: Sequence[Repair]) -> bool:
    seen = {repair.path: repair.seen for repair in change}
    changed = (leaf._replace(value=seen.get(leaf.path, leaf.value)) for leaf in call)
    return first_misfit(changed) is None
