"""Which known mistakes give the very numbers that came out.

The numbers of a probe are drawn, so that two different formulas do not come to the same by chance:
where a mistake reproduces all of them, it is that mistake, or one that is the same here.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations, islice
from typing import Any

import numpy as np

from shapecheck_bp import column
from shapecheck_bp.doctor.mistakes import candidates
from shapecheck_bp.doctor.probe import Probe
from shapecheck_bp.doctor.sick import Fault, backprop
from shapecheck_bp.doctor.styles import Outcome
from shapecheck_bp.network import Gradient
from shapecheck_bp.shapes.switch import enforce

TOLERANCE = 1e-5  # relative; a person's epsilon inside a logarithm must not count
MOST_PAIRS = 20_000
MOST = 3  # explanations
NOTHING = 1e-6  # sums that cancel, as those of A - Y over classes, are no more than rounding
Gradients = Sequence[Any]


def close(found: Any, expected: Any) -> bool:
    """Whether two arrays are the same, up to axes of length 1 and small change."""
    found, expected = np.asarray(found), np.asarray(expected)
    if found.shape != expected.shape:
        found, expected = np.squeeze(found), np.squeeze(expected)
        if found.shape != expected.shape:
            return False
    size = float(np.abs(expected).max(initial=0))
    if not (np.isfinite(size) and np.isfinite(np.abs(found).max(initial=0))):
        return False
    return bool(np.abs(found - expected).max(initial=0) <= TOLERANCE * max(size, NOTHING))


def wrong_quantities(
    outcome: Outcome, grads: Gradients, scale: float = 1.0
) -> list[tuple[str, int]]:
    """The quantities that are not as in ``grads``, last layer first."""
    return list(_wrong(outcome, grads, scale))


def _wrong(outcome: Outcome, grads: Gradients, scale: float) -> Iterator[tuple[str, int]]:
    for layer in range(len(grads), 0, -1):
        pairs = zip(("dW", "db"), outcome.grads[layer - 1], grads[layer - 1], strict=True)
        for quantity, found, expected in pairs:
            if found is None:
                continue
            same_shape = quantity == "db" or np.shape(found) == np.shape(expected)
            if not (same_shape and close(found, scale * np.asarray(expected))):
                yield quantity, layer


def explanations(outcome: Outcome, scale: float = 1.0, pairs: bool = True) -> list[list[Fault]]:
    """Mistakes with which everything comes out as it did: single ones, or else pairs of them.

    ``scale`` is the factor by which the person's own loss is ours.
    """
    with enforce(False), np.errstate(all="ignore"):
        return list(islice(_explained(outcome, scale, pairs), MOST))


def _explained(outcome: Outcome, scale: float, pairs: bool) -> Iterator[list[Fault]]:
    problem = outcome.problem
    wrong = wrong_quantities(outcome, problem.grads, scale)
    touched = [(faults, _touched(problem, faults)) for faults in candidates(problem.net)]
    singles, spoiled = zip(*(one for one in touched if one[1]), strict=True)
    left = [_left(outcome, faults, scale) for faults in singles]
    found = [faults for faults, rest in zip(singles, left, strict=True) if rest == []]
    if found := found or _with_updated_weights(outcome, [], scale):
        yield from found
        return
    if not pairs:
        return
    # Alone, a mistake spoils nothing that is right here, and one of two explains something, unless
    # both are in all that is wrong.
    able = [i for i, names in enumerate(spoiled) if names <= {*wrong}]
    first = [i for i in able if len(left[i] or wrong) < len(wrong)] or able
    if len(first) * len(able) > MOST_PAIRS:  # in a deep network only what is in several layers,
        last = problem.net.L  # or in the output, and so in all
        able = [
            i for i in able if any(len(one.layers) > 1 or last in one.layers for one in singles[i])
        ]
        first = [i for i in first if i in able] or able
    yield from _pairs(outcome, [singles[i] for i in first], [singles[i] for i in able], scale)
    for i in able:
        yield from _with_updated_weights(outcome, singles[i], scale)


def _pairs(
    outcome: Outcome, first: list[list[Fault]], second: list[list[Fault]], scale: float
) -> Iterator[list[Fault]]:
    """Two mistakes at once; of several places for the same two the first is as good as any."""
    seen: set[frozenset[str]] = set()
    for one in first:
        for other in second:
            pair = [*one, *other]
            names = frozenset(fault.mistake for fault in pair)
            if one is other or names in seen or _overlap(pair):
                continue
            if _explains(outcome, pair, scale):
                seen.add(names)
                yield pair


def _overlap(faults: Sequence[Fault]) -> bool:
    """Whether two of these are in one place, where only one can be."""
    return any(
        one.quantity == other.quantity and {*one.layers} & {*other.layers}
        for one, other in combinations(faults, 2)
        if not (one.is_factor or other.is_factor)
    )


def _computed(problem: Probe, faults: Sequence[Fault]) -> list[Gradient[Any, Any]] | None:
    """The gradients with these mistakes; None where they cannot be computed at these sizes."""
    try:
        return backprop(problem, faults)[1]
    except (ValueError, FloatingPointError):
        return None


def _left(outcome: Outcome, faults: Sequence[Fault], scale: float) -> list[tuple[str, int]] | None:
    """What these mistakes do not explain."""
    grads = _computed(outcome.problem, faults)
    return None if grads is None else wrong_quantities(outcome, grads, scale)


def _explains(outcome: Outcome, faults: Sequence[Fault], scale: float) -> bool:
    """Whether these mistakes explain everything; the first quantity that is not ends the search."""
    grads = _computed(outcome.problem, faults)
    return grads is not None and not any(_wrong(outcome, grads, scale))


def holds(outcome: Outcome, faults: Sequence[Fault], scale: float) -> bool:
    """Whether these mistakes give what came out here too."""
    with enforce(False), np.errstate(all="ignore"):
        return outcome.error is None and _explains(outcome, faults, scale)


def _touched(problem: Probe, faults: Sequence[Fault]) -> set[tuple[str, int]]:
    """What is not right with these mistakes alone."""
    grads = _computed(problem, faults)
    if grads is None:
        return {("", 0)}
    return {
        (quantity, layer)
        for layer, (one, right) in enumerate(zip(grads, problem.grads, strict=True), start=1)
        for quantity, found, wanted in zip(("dW", "db"), one, right, strict=True)
        if np.shape(found) != np.shape(wanted) or not close(found, wanted)
    }


def _with_updated_weights(outcome: Outcome, faults: list[Fault], scale: float) -> list[list[Fault]]:
    """The mistake of passing dZ back through weights that have been updated already, and others.

    By how much is not known. The gradient of the layer below the last is linear in it, so that it
    follows from there; whether it then explains everything is seen as always.
    """
    problem, L = outcome.problem, outcome.problem.net.L
    if L < 2:
        return []
    at_zero, at_one = (_computed(problem, [*faults, _updated(rate, L)]) for rate in (0.0, 1.0))
    found = np.asarray(outcome.grads[L - 2][0]) / scale
    if at_zero is None or at_one is None or found.shape != np.shape(at_zero[L - 2].dW):
        return []
    start, change = at_zero[L - 2].dW, at_one[L - 2].dW - at_zero[L - 2].dW
    if not np.any(change) or not np.all(np.isfinite(change)):
        return []
    rate = float(np.sum((found - start) * change) / np.sum(change**2))
    explained = [*faults, _updated(rate, L)]
    return [explained] if abs(rate) > TOLERANCE and _explains(outcome, explained, scale) else []


def _updated(rate: float, L: int) -> Fault:
    return Fault(
        "updated_weights_used",
        "dA_prev",
        tuple(range(2, L + 1)),
        lambda s: (s.W - rate * s.dW).T @ s.dZ,
        f"W - {rate:.3g} * dW in the place of W",
    )


def broadcast(outcome: Outcome) -> str:
    """Evidence of a rank-1 array that became a matrix: the differences of all pairs of entries."""
    problem = outcome.problem
    A = column.forward(problem.net, problem.params, problem.X).A[-1]
    Y = problem.Y
    results = [array for pair in outcome.grads for array in pair]
    for array in (*outcome.seen, *results):
        if getattr(array, "ndim", 0) != 2 or array.shape[0] != array.shape[1]:
            continue
        for a, y, told in _vectors(A, Y):
            everyone = np.subtract.outer(a, y)
            if array.shape == everyone.shape and any(
                close(array, sign * one)
                for one in (everyone, everyone.T)
                for sign in (1, -1, 2, -2)
            ):
                n = len(a)
                return (
                    f"{told}: ({n},) and ({n}, 1) gave {array.shape}, every one minus every other"
                )
    return ""


def _vectors(A: Any, Y: Any) -> Iterator[tuple[Any, Any, str]]:
    if A.shape[0] == 1:
        yield A[0], Y[0], "A - Y"
    for i in range(A.shape[1]):
        if A.shape[0] > 1:
            yield A[:, i], Y[:, i], "A - Y of one example"
