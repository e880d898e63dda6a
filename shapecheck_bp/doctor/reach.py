"""What moves with each array of a step, and which of what it changes are parameters."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from shapecheck_bp.doctor.arrays import FLOATS, Path, name_in, numbers
from shapecheck_bp.doctor.claims import WEIGHT_OR_BIAS, Claim
from shapecheck_bp.doctor.guarding import CannotJudge
from shapecheck_bp.doctor.runs import Key, Run
from shapecheck_bp.doctor.steps import Step
from shapecheck_bp.doctor.truth import differing


class Reach:
    """How far a change of each array goes."""

    def __init__(self, step: Step, base: Run, claims: Sequence[Claim]) -> None:
        """Of the arrays of which something is claimed.

        Raises:
            CannotJudge: a number is none, or each run gives others.
        """
        again = step.run(keep=True)
        self.base, self.noise = base, differing(base, again)
        """What is another each time, as what stands in an array before it is filled."""
        if no_number := _without_numbers(base, claims, step.version.sites):
            raise CannotJudge(no_number)
        if any(_differ(claim.value(again), claim.value(base)) for claim in claims):
            raise CannotJudge(
                "each run gives other numbers, so that its cost cannot be differentiated"
            )
        self.moved: dict[Path, set[Key]] = {}
        """For each array the expressions that move with it."""
        self.reached: dict[Path, set[Path]] = {}
        """For each array the parameters whose claims move with it."""
        self.shapes = {claim.parameter: np.shape(claim.value(base)) for claim in claims}
        for path in self.shapes:
            shape = np.shape(numbers(base.before[path]))
            change = 1e-5 * np.random.default_rng(5).standard_normal(shape)
            run = step.run(change={path: change}, keep=True)
            self.moved[path] = differing(base, run) - self.noise
            self.reached[path] = {
                claim.parameter for claim in claims if _differ(claim.value(base), claim.value(run))
            }

    def goes_to_others(self, path: Path) -> bool:
        """Whether claims of another shape move with an array, as none do with a velocity."""
        shape = np.shape(numbers(self.base.before[path]))
        others = self.reached[path] - {path}
        return any(not shape or self.shapes[other] != shape for other in others)

    def is_a_parameter(self, path: Path) -> bool:
        """Whether others move what is stepped and it moves others: no temperature, and no mean.

        A bias is one by its name: within a kink's pieces its step may be the same everywhere.
        """
        others = [one for one in self.reached if one != path]
        single = isinstance(self.base.before[path], FLOATS)
        if not others or not single or WEIGHT_OR_BIAS.match(name_in(path)):
            return True
        moved = any(path in self.reached[one] for one in others)
        return moved and self.reached[path] != {path}


def _without_numbers(run: Run, claims: Sequence[Claim], sites: Any) -> str:
    """Where a number is none first, if that comes into what is claimed; or nothing."""
    values = [claim.value(run) for claim in claims]
    if all(value is None or np.all(np.isfinite(value)) for value in values):
        return ""
    words = "there is NaN or infinity in what it steps or returns"
    for event in run.events:
        value = np.asarray(event.value)
        if value.dtype.kind == "f" and not np.all(np.isfinite(value)):
            site = sites[event.number]
            return f"{words}, first in line {site.line}: {site.text}"
    return words


def _differ(one: Any, other: Any) -> bool:
    return (one is None) != (other is None) or (one is not None and not np.array_equal(one, other))
