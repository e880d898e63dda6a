"""A step judged from other values of its parameters: what is right at one may be so by chance."""

from contextlib import suppress

import numpy as np

from shapecheck_bp.doctor.arrays import Path, is_trainable, numbers
from shapecheck_bp.doctor.guarding import CannotJudge
from shapecheck_bp.doctor.judging import Judge
from shapecheck_bp.doctor.steps import Step
from shapecheck_bp.doctor.truth import OwnCost, Watching
from shapecheck_bp.doctor.verdicts import close, factor

NEAR, FAR, BESIDE = (0.2, 0.04), (0.5, 0.5), (1e-3, 2e-4)
"""By how much of their size, and at least, parameters are moved to see a step from elsewhere."""


def elsewhere(judge: Judge, far: bool = False, turned: bool = False) -> Judge:
    """The step judged at other values of its parameters, where it is right at these.

    A cost that is guessed has to be the same there, by the same factors.
    """
    step = _moved(judge, FAR if far else NEAR, far, turned)
    if step is None:
        return judge
    first: Judge | None = None
    for watch in judge.right_for:
        with step.held():
            other = judge.again(step, watch)
            if turned:
                other.look_at(judge.params)
        same = isinstance(watch, OwnCost) or _same_factors(judge, other, watch)
        if other.verdict.ok and same:
            return judge if watch is judge.truth.watch else judge.again(watch=watch)
        first = first or other
    judge.step.runs += step.runs
    if first is None or not first.verdict.ok:
        return first or judge
    raise CannotJudge("what it steps by is another multiple of the gradients at each point")


def beside(judge: Judge) -> Judge:
    """The step judged right beside its parameters, if it is right there: a kink was at these.

    As with relu where a bias and an example are zero.
    """
    step = _moved(judge, BESIDE)
    if step is not None:
        with step.held(), suppress(CannotJudge):
            other = judge.again(step, judge.truth.watch)
            judge.step.runs += step.runs
            if other.verdict.ok:
                return other
    return judge


def _moved(
    judge: Judge, by: tuple[float, float], far: bool = False, turned: bool = False
) -> Step | None:
    """The step from other values of its parameters, also of those that wait.

    Far away their numbers change places, so that they stay as large as they are, and data with
    negative numbers change their sign: what is right for the signs of these alone is so by chance.
    Turned, parameters change theirs instead, so that units of relu through which all examples came
    let none through.
    """
    random = np.random.default_rng(23)
    before, (share, least) = judge.base.before, by
    moved = {}
    still = {claim.parameter for claim in judge.claims if not np.any(claim.value(judge.base))}
    still = {path for path in still - {*judge.params} if not _is_sum(judge, path)}
    for path in sorted({*judge.params} | still, key=str):
        value = numbers(before[path])
        size = share * np.abs(value).mean() + least
        if far and np.ptp(value):
            value, size = (-1 if turned else 1) * random.permuted(value), 0.0
        moved[path] = value + size * random.standard_normal(value.shape)
    if far and not turned:
        for path in before.keys() - moved.keys():
            is_kept = np.array_equal(before[path], judge.base.after.get(path, ()))
            if is_kept and is_trainable(before[path]) and np.min(before[path]) < 0:
                moved[path] = -numbers(before[path])
    return judge.step.beginning(moved)


def _is_sum(judge: Judge, path: Path) -> bool:
    """Whether what is added to an array is in another's step, as with sums of gradients."""
    shape = np.shape(numbers(judge.base.before[path]))
    change = 1e-3 * np.random.default_rng(37).standard_normal(shape)
    run = judge.step.run(change={path: change})
    steps = ((one.value(judge.base), one.value(run)) for one in judge.claims)
    pairs = [pair for pair in steps if all(np.shape(step) == shape for step in pair)]
    return any(factor(after - before, change) is not None for before, after in pairs)


def _same_factors(one: Judge, other: Judge, watch: Watching) -> bool:
    if watch is not one.truth.watch:
        one = one.again(watch=watch)
    for group, (c, _, _) in one.verdict.factors.items():
        d = other.verdict.factors.get(group, (None, "", False))[0]
        if c is not None and d is not None and not close(d, c):
            return False
    return True
