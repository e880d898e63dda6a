"""Which known mistakes give the very numbers that came out.

The numbers of a probe are drawn, so that two different formulas do not come to the same by chance:
where a mistake reproduces all of them, it is that mistake, or one that is the same here.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import islice, product
from typing import Any

import numpy as np

from shapecheck_bp.doctor.probe import Gradients, Probe
from shapecheck_bp.doctor.sick import Fault, candidates, gradients
from shapecheck_bp.doctor.styles import Outcome
from shapecheck_bp.shapes.switch import enforce

TOLERANCE = 1e-5  # relative; a person's epsilon inside a logarithm must not count
MOST_PAIRS = 20_000
MOST = 3  # explanations
NOTHING = 1e-6  # sums that cancel, as those of A - Y over classes, are no more than rounding
Name = tuple[str, int]


def alike(found: Any, expected: Any) -> bool:
    """Whether two arrays are the same, up to axes of length 1 and small change."""
    found, expected = np.asarray(found), np.asarray(expected)
    if found.shape != expected.shape:
        found, expected = np.squeeze(found), np.squeeze(expected)
        if found.shape != expected.shape:
            return False
    with np.errstate(invalid="ignore"):
        off = np.abs(found - expected).max(initial=0)
    return bool(off <= TOLERANCE * max(float(np.abs(expected).max(initial=0)), NOTHING) < np.inf)


def _is_right(name: Name, found: Any, expected: Any) -> bool:
    """Whether a gradient is as expected; the shape of a db may be another."""
    has_shape = name[0] == "db" or np.shape(found) == np.shape(expected)
    return has_shape and alike(found, expected)


def wrong_quantities(outcome: Outcome, grads: Gradients, scale: float = 1.0) -> list[Name]:
    """What came out otherwise than in ``grads``, last layer first."""
    return [
        name
        for name, found in outcome.grads.items()
        if not _is_right(name, found, scale * np.asarray(grads[name]))
    ]


def explanations(
    outcome: Outcome, again: Outcome, law: Callable[[Probe], float], pairs: bool
) -> list[list[Fault]]:
    """Mistakes with which everything comes out as it did: single ones, or else pairs of them.

    What explains one problem by chance does not explain another. ``law`` gives the factor by which
    the person's own loss is ours.
    """
    if again.error is not None:
        return []
    with enforce(False), np.errstate(all="ignore"):
        found = islice(_explained(outcome, law(outcome.problem), pairs), MOST)
        return [faults for faults in found if _explains(again, faults, law(again.problem))]


def _explained(outcome: Outcome, scale: float, pairs: bool) -> Iterator[list[Fault]]:
    wrong = {*wrong_quantities(outcome, outcome.problem.right, scale)}
    able, found = [], []  # alone, a mistake spoils nothing that is right here
    for fault, spoiled in _singles(outcome.problem):
        names = wrong if spoiled is None else spoiled & outcome.grads.keys()
        if names <= wrong:
            left = len(wrong) if spoiled is None else sum(_unexplained(outcome, [fault], scale))
            able.append((fault, names, left < len(wrong)))
            found += [[fault]] if not left else []
    if found := found or _with_updated_weights(outcome, [], scale):
        yield from found
    elif pairs:
        yield from _pairs(outcome, wrong, able, scale)
        below = {name for name in outcome.grads if name[1] < outcome.problem.net.L}
        for fault, spoiled, _ in able:
            if spoiled | below == wrong:
                yield from _with_updated_weights(outcome, [fault], scale)


@lru_cache(maxsize=32)
def _singles(problem: Probe) -> list[tuple[Fault, set[Name] | None]]:
    """Each mistake that is seen here, with the gradients that are not right.

    They are None where they cannot be computed at these sizes.
    """
    found: list[tuple[Fault, set[Name] | None]] = []
    for fault in candidates(problem.net):
        try:
            spoiled = {
                name
                for name, one in gradients(problem, [fault])
                if np.shape(one) != np.shape(problem.right[name])
                or not alike(one, problem.right[name])
            }
        except ValueError:
            found.append((fault, None))
            continue
        found += [(fault, spoiled)] if spoiled else []
    return found


def _pairs(
    outcome: Outcome, wrong: set[Name], able: list[tuple[Fault, set[Name], bool]], scale: float
) -> Iterator[list[Fault]]:
    """Two mistakes at once; of several places for the same two the first is as good as any.

    Together they spoil all that is wrong, and one of them explains something, unless both are in
    all of it.
    """
    first = [one for one in able if one[2]] or able
    if len(first) * len(able) > MOST_PAIRS:  # in a deep network only what is in several layers,
        last = outcome.problem.net.L  # or in the output, and so in all
        able = [one for one in able if len(one[0].layers) > 1 or last in one[0].layers]
        first = [one for one in first if one in able] or able
    seen: set[frozenset[str]] = set()
    tried = set()
    for one, spoiled, _ in first:
        tried.add(one)
        for other, more, _ in able:
            names = frozenset((one.mistake, other.mistake))
            if other in tried or names in seen or spoiled | more != wrong or _overlap(one, other):
                continue
            if _explains(outcome, [one, other], scale):
                seen.add(names)
                yield [one, other]


def _overlap(one: Fault, other: Fault) -> bool:
    """Whether both are in one place, where only one can be."""
    is_place = one.quantity == other.quantity and bool({*one.layers} & {*other.layers})
    return is_place and not (one.is_factor or other.is_factor)


def _unexplained(outcome: Outcome, faults: Sequence[Fault], scale: float) -> Iterator[bool]:
    """For each gradient, from the last layer on, whether these mistakes do not explain it."""
    for name, one in gradients(outcome.problem, faults):
        if name in outcome.grads:
            yield not _is_right(name, outcome.grads[name], scale * np.asarray(one))


def _explains(outcome: Outcome, faults: Sequence[Fault], scale: float) -> bool:
    """Whether these mistakes explain everything; the first gradient that is not ends the search."""
    try:
        return not any(_unexplained(outcome, faults, scale))
    except ValueError:
        return False


def _with_updated_weights(outcome: Outcome, faults: list[Fault], scale: float) -> list[list[Fault]]:
    """The mistake of passing dZ back through weights that have been updated already, and others.

    By how much is not known. The gradient of the layer below the last is linear in it, so that it
    follows from there; whether it then explains everything is seen as always.
    """
    L, name = outcome.problem.net.L, ("dW", outcome.problem.net.L - 1)
    if L < 2 or name not in outcome.grads:
        return []
    mistake = Fault("updated_weights_used", "dA_prev", tuple(range(2, L + 1)), "W_new.T @ dZ")

    def dW(rate: float) -> Any:
        some = [*faults, mistake._replace(rate=rate)] if rate else faults
        return next(one for this, one in gradients(outcome.problem, some) if this == name)

    try:
        start, found = dW(0.0), outcome.grads[name] / scale
        change = dW(1.0) - start
    except ValueError:
        return []
    if found.shape != start.shape or not np.any(change) or not np.all(np.isfinite(change)):
        return []
    rate = float(np.sum((found - start) * change) / np.sum(change**2))
    explained = [*faults, mistake._replace(rate=rate)]
    return [explained] if abs(rate) > TOLERANCE and _explains(outcome, explained, scale) else []


def broadcast(outcome: Outcome) -> str:
    """Evidence of a rank-1 array that became a matrix: the differences of all pairs of entries."""
    A, Y = outcome.problem.output, outcome.problem.Y
    told, pairs = "A - Y of one example", [*zip(A.T, Y.T, strict=True)]
    if len(A) == 1:
        told, pairs = "A - Y", [(A[0], Y[0])]
    arrays = [one for one in (*outcome.seen, *outcome.grads.values()) if np.ndim(one) == 2]
    for array, (a, y) in product(arrays, pairs):
        every, n = np.subtract.outer(a, y), len(a)
        some = (sign * one for one in (every, every.T) for sign in (1, -1, 2, -2))
        if array.shape == (n, n) and any(alike(array, one) for one in some):
            return f"{told}: ({n},) and ({n}, 1) gave {array.shape}, every one minus every other"
    return ""
