"""Losses of one's own: a sum where ours is a mean, half a square, a mean over outputs too.

Where cost and gradients are ours by one factor they belong together, and are right; the factor must
follow one law on every problem.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from shapecheck_bp.doctor.matching import close, wrong_quantities
from shapecheck_bp.doctor.probe import Probe
from shapecheck_bp.doctor.styles import Outcome
from shapecheck_bp.network import Network

Law: TypeAlias = Callable[[Probe], float]

LAWS: dict[str, Law] = {
    "ours": lambda p: 1.0,
    "a sum over examples": lambda p: p.m,
    "a half": lambda p: 0.5,
    "half a sum over examples": lambda p: p.m / 2,
    "a mean over outputs": lambda p: 1 / p.net.sizes[-1],
    "half a mean over outputs": lambda p: 0.5 / p.net.sizes[-1],
}


class Scale(NamedTuple):
    """The factor by which cost and gradients are ours, and the laws that it may follow."""

    factor: float
    laws: set[str]


def own_scale(outcome: Outcome) -> Scale:
    """The factor of a loss of one's own, where the gradients are that loss's."""
    if outcome.error is None and outcome.cost is not None:
        factor = outcome.cost / outcome.problem.cost
        if factor > 0 and not wrong_quantities(outcome, outcome.problem.right, factor):
            return Scale(factor, {*_followed(factor, outcome.problem), f"{factor:.5g}"})
    return Scale(1.0, {"ours"})


def laws_of_cost(outcome: Outcome) -> list[Law]:
    """The laws that the cost by itself would follow, and ours; without a cost any."""
    if outcome.cost is None:
        return [LAWS["ours"], *laws_without_cost(outcome.problem.net).values()]
    names = _followed(outcome.cost / outcome.problem.cost, outcome.problem)
    return [LAWS[name] for name in dict.fromkeys([*names, "ours"])]


def laws_without_cost(net: Network) -> dict[str, Law]:
    """The laws, besides ours, that gradients of a loss may follow whose cost is not given."""
    halves = net.loss == "squared_error"
    return {
        name: law for name, law in LAWS.items() if name != "ours" and (halves or "half" not in name)
    }


def _followed(factor: float, problem: Probe) -> list[str]:
    """The laws that a factor follows on a problem."""
    return [name for name, law in LAWS.items() if close(factor, law(problem))]
