"""Losses of one's own: a sum where ours is a mean, half a square, a mean over outputs too.

Where cost and gradients are ours by one factor they belong together, and are right; the factor must
follow one law on every problem.
"""

from collections.abc import Callable
from typing import TypeAlias

from shapecheck_bp.doctor.matching import alike, wrong_quantities
from shapecheck_bp.doctor.probe import Probe
from shapecheck_bp.doctor.styles import Outcome

Law: TypeAlias = Callable[[Probe], float]

LAWS: dict[str, Law] = {
    "ours": lambda p: 1.0,
    "a sum over examples": lambda p: p.m,
    "a half": lambda p: 0.5,
    "half a sum over examples": lambda p: p.m / 2,
    "a mean over outputs": lambda p: 1 / p.net.sizes[-1],
    "half a mean over outputs": lambda p: 0.5 / p.net.sizes[-1],
}


def own_scale(outcome: Outcome) -> float:
    """The factor of a loss of one's own, where the gradients are that loss's."""
    if outcome.error is None and outcome.cost is not None:
        factor = outcome.cost / outcome.problem.cost
        if factor > 0 and not wrong_quantities(outcome, outcome.problem.right, factor):
            return factor
    return 1.0


def followed(factor: float, problem: Probe) -> list[str]:
    """The laws that a factor follows on a problem; the first is that it is always the same."""
    return [f"{factor:.5g}", *(name for name, law in LAWS.items() if alike(factor, law(problem)))]


def laws(outcome: Outcome) -> dict[str, Law]:
    """The laws that its loss may follow: ours, and by its cost, or without one any."""
    if outcome.cost is None:
        halves = outcome.problem.net.loss == "squared_error"
        return {name: law for name, law in LAWS.items() if halves or "half" not in name}
    names = followed(outcome.cost / outcome.problem.cost, outcome.problem)
    return {name: LAWS[name] for name in [*names[1:], "ours"]}
