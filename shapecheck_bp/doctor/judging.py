"""Whether what a step claims are the gradients of one cost, up to one factor.

An overall factor (minus a learning rate, m, 2) falls out as what all claims have in common. With a
cost of the code's own it has to be a number of the program, times 1, 2, a half, or a number of
examples or one over it.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from shapecheck_bp.doctor.arrays import Path, numbers
from shapecheck_bp.doctor.claims import Claim, claims_of
from shapecheck_bp.doctor.costs import costs
from shapecheck_bp.doctor.decays import decayed, is_array, squares
from shapecheck_bp.doctor.guarding import CannotJudge
from shapecheck_bp.doctor.in_hand import Names, names_seen
from shapecheck_bp.doctor.reach import Reach
from shapecheck_bp.doctor.runs import Key, Run
from shapecheck_bp.doctor.steps import Step
from shapecheck_bp.doctor.truth import (
    SMALLER,
    Meeting,
    OwnCost,
    Slopes,
    Truth,
    Watching,
)
from shapecheck_bp.doctor.usual import Usual
from shapecheck_bp.doctor.verdicts import NOTHING, TOLERANCE, Judged, Verdict, close, factor
from shapecheck_bp.doctor.weighed import weighed

MOST_MORE = 20_000
"""Of so many expressions more than ten times the first run's the end is not waited for."""


class Judge:
    """A step, its claims, the cost that is meant and how it moves with the parameters."""

    def __init__(
        self,
        step: Step,
        loss: Any = None,
        wrt: Sequence[str] = (),
        watch: Watching | None = None,
        claims: Sequence[Claim] = (),
    ) -> None:
        """Find out what is claimed, and of which cost, where none is given.

        Raises:
            CannotJudge: nothing is claimed, no cost is found, or each run gives another.
        """
        self.step, self.loss, self.wrt, self.given = step, loss, wrt, [*claims]
        self.base = step.run(keep=True)
        if self.base.error is not None:
            raise self.base.error
        if not self.given:
            step.most = min(step.most, 10 * len(self.base.events) + MOST_MORE)
        self.events = {event.key: event for event in self.base.events}
        self.sites = step.version.sites
        self.claims = [*claims] or claims_of(self.base, step.version, wrt)
        if not self.claims:
            raise CannotJudge(
                "nothing in it is stepped, and nothing comes back like a gradient; a step is"
                " W -= rate * dW, and W = W - rate * dW makes another W, which has to be returned"
            )
        reach = Reach(step, self.base, self.claims)
        self.noise, self.moved, self.reached = reach.noise, reach.moved, reach.reached
        self.left_out = [path for path in reach.moved if not wrt and not reach.is_a_parameter(path)]
        """Single numbers that are changed, and are taken for no parameters."""
        self.claims = [claim for claim in self.claims if claim.parameter not in self.left_out]
        paths = [*dict.fromkeys(claim.parameter for claim in self.claims)]
        reaching = [path for path in paths if reach.goes_to_others(path)]
        self.params: dict[Path, Slopes] = {}
        self.decay = 0.0
        """The weight decay that is in the claims and not in the cost."""
        self.preferred: float | None = None
        """The factor that is right, where that is known better than by how many have it."""
        self.watches = [watch] if watch else self._costs(reaching or paths)
        steps = [claim for claim in self.claims if claim.is_step]
        if not self.watches and steps:  # what came back may be no gradients, but of the data
            self.claims = self.given = steps
            self.watches = self._costs([claim.parameter for claim in steps])
        self.right_for: list[Watching] = []
        """The costs of which all claims are right."""
        self.truth, self.verdict = self._chosen(paths)

    def _costs(self, paths: list[Path]) -> list[Watching]:
        moved = {path: self.moved[path] for path in paths}
        claims = [claim for claim in self.claims if claim.parameter in moved]
        return costs(self.step, self.base, claims, moved, self.loss)

    def again(self, step: Step | None = None, watch: Watching | None = None) -> "Judge":
        """The same questions put to another step, or of another cost."""
        return Judge(step or self.step, self.loss, self.wrt, watch, self.given)

    @cached_property
    def moving(self) -> set[Key]:
        """All that moves with a parameter."""
        return set().union(*self.moved.values())

    @property
    def end(self) -> int:
        """Where among the events the cost is met last: behind it is the backward pass."""
        self.truth.watch.begin(self.step.version)
        number = self.truth.watch.numbers[0]
        found = [event.at for event in self.base.events if event.number == number]
        return max(found, default=len(self.base.events))

    @property
    def has_own_cost(self) -> bool:
        """Whether the code computes its cost itself."""
        return isinstance(self.truth.watch, OwnCost)

    @property
    def may_climb(self) -> bool:
        """Whether its own cost is one that people step up: negative, as a log likelihood."""
        named = isinstance(self.truth.watch, OwnCost) and self.truth.watch.is_named
        return self.is_margin or (named and (self.truth.start or 0.0) < 0)

    @property
    def is_margin(self) -> bool:
        """Whether its own cost is the margin of an example, which steps go up."""
        return isinstance(self.truth.watch, OwnCost) and self.truth.watch.is_margin

    @property
    def climbs(self) -> bool:
        """Whether its steps go up its cost."""
        return any(
            c is not None and c > 0
            for c, mode, _ in self.verdict.factors.values()
            if mode == "step"
        )

    @property
    def is_of_the_cost(self) -> bool:
        """Whether this is the cost for sure: it was told, is named so, or some claim is of it."""
        told = self.loss is not None
        judged = self.verdict.judged
        known = {one.claim.parameter for one in judged if one.factor is not None}
        right = known - self.verdict.wrong
        fits = sum(len(self.params[path][1]) for path in right) > 1 or any(
            len(self.params[path][1]) > 1
            for path in known  # any number is a multiple
        )
        return told or fits or (isinstance(self.truth.watch, OwnCost) and self.truth.watch.is_named)

    def _chosen(self, paths: list[Path]) -> tuple[Truth, Verdict]:
        """The cost of which most claims are right."""
        best: tuple[Any, Truth, Verdict, dict[Path, Slopes], float, Usual] | None = None
        for watch in self._watched(paths):
            watch = watch.at(self.base, self.step.version)
            self.truth, self.decay = Truth(self.step, watch), 0.0
            slopes = self.slopes(paths)
            returned = {claim.parameter for claim in self.claims if not claim.is_step}
            self.params = {
                path: found
                for path, found in slopes.items()
                if np.any(np.abs(found[1]) > NOTHING)
                or (path in returned and len(found[1]) > 1 and self.moved[path])
            }
            if not any(np.any(found[1]) for found in self.params.values()):
                continue
            self.usual = Usual(self.step, self.base, self.params, self.moving, self.end)
            verdict = self.judge(self.base)
            if not verdict.ok:
                verdict = self._closer(verdict)
            if verdict.ok:
                self.right_for.append(watch)
            named = isinstance(watch, OwnCost) and watch.is_named
            # Of the same cost the first: a search along a line has it at other parameters, too.
            time = watch.time if isinstance(watch, OwnCost) else 0
            guessed = isinstance(watch, Meeting)
            fit = guessed * sum(np.size(self.base.before[path]) for path in verdict.right)
            rank = len(verdict.right), named, guessed, fit, -time
            if best is None or rank > best[0]:
                best = rank, self.truth, verdict, self.params, self.decay, self.usual
        if best is None:
            raise CannotJudge(
                "no cost is found in it, and no output that meets its targets: say loss="
            )
        self.params, self.decay, self.usual = best[3:]
        return best[1], best[2]

    def _watched(self, paths: list[Path]) -> Iterator[Watching]:
        """What may be the cost; if nothing fits that, with its error changed on the way."""
        yield from self.watches
        for watch in self.watches:
            if isinstance(watch, Meeting) and not self.right_for:
                yield from weighed(self.step, self.base, self.moving, paths, watch)

    def _closer(self, verdict: Verdict) -> Verdict:
        """The verdict with slopes by a smaller change, where a kink was between the two points."""
        bent = [path for path in verdict.wrong & self.truth.bent if path in self.params]
        if not bent:
            return verdict
        before, self.truth.h = dict(self.params), self.truth.h * SMALLER
        self.params |= self.slopes(bent)
        self.truth.h /= SMALLER
        closer = self.judge(self.base)
        if len(closer.right) > len(verdict.right):
            return closer
        self.params = before
        return verdict

    def slopes(self, paths: Sequence[Path]) -> dict[Path, Slopes]:
        """How the cost moves with these parameters."""
        self.truth.watch.begin(self.step.version)
        numbers_of = {*self.truth.watch.numbers}
        found: dict[Path, Slopes] = {}
        for path in paths:
            moves = any(number in numbers_of for number, _ in self.moved[path])
            slopes = self.truth.of_parameter(path, self.base.before[path], moves)
            found |= {} if slopes is None else {path: slopes}
        return found

    def judge(self, run: Run) -> Verdict:
        """Every claim of a run."""
        self.most = max(float(np.max(np.abs(slopes))) for _, slopes in self.params.values())
        groups: dict[Any, list[Claim]] = {}
        for claim in self.claims:
            if claim.parameter in self.params:
                groups.setdefault(claim.group, []).append(claim)
        modes = {group: self._mode(group, claims, run) for group, claims in groups.items()}
        fitting = [g for g in groups if any(self._fits(one, modes[g], run) for one in groups[g])]
        alike: dict[Any, list[Any]] = {}
        for group in groups:  # single numbers are multiples in any mode, and are as the others
            others = (g for g in fitting if g[0] == group[0])
            like = group if group in fitting else next(others, group)
            alike.setdefault((group[0], modes[like]), []).append(group)
        judged: list[Judged] = []
        factors: dict[Any, tuple[float | None, str, bool]] = {}
        for (_, mode), some in alike.items():  # gradients of one cost, wherever they stand
            claims = [claim for group in some for claim in groups[group]]
            found, c, plain = self._group(claims, mode, run)
            factors |= dict.fromkeys(some, (c, mode, plain))
            judged += found
        return Verdict(judged, factors)

    def _fits(self, claim: Claim, mode: str, run: Run) -> bool:
        """Whether a claim is a multiple, and not by being a single number."""
        return is_array(claim, self.params) and self._one(claim, mode, run).factor is not None

    def _mode(self, group: Any, claims: list[Claim], run: Run) -> str:
        """What claims are of their parameters: a step, a gradient, or the new value."""
        if group in (("step",), ("rule",)):
            return str(group[0])
        if run is not self.base:
            return self.verdict.factors[group][1]
        near = _are_near(claims, run)

        def fit(mode: str) -> tuple[int, bool]:
            found, *_ = self._group(claims, mode, run)
            known = sum(one.factor is not None or one.why == "zero" for one in found)
            return known, (mode == "new") == near

        return max(("gradient", "new"), key=fit)

    def _group(
        self, claims: list[Claim], mode: str, run: Run
    ) -> tuple[list[Judged], float | None, bool]:
        """Claims that have a factor in common, which is the one of most."""
        found = [self._one(claim, mode, run) for claim in claims]
        first = run is self.base and not (self.has_own_cost and self.may_be_regularised)
        if first or self.decay:
            found, decay = decayed(found, mode, run, self.params, self.is_plain, self.may_climb)
            self.decay = self.decay or decay
        known = [one for one in found if one.factor is not None]
        c = max(
            (one.factor for one in known if one.factor is not None),
            key=lambda f: (
                self.preferred is not None and close(f, self.preferred),
                self.has_own_cost and mode == "gradient" and abs(f - 1) <= 2 * TOLERANCE,
                len(self._agreeing(f, known)),
                self.is_plain(f, mode),
                self.usual.has(f, mode),
                sum(is_array(one.claim, self.params) for one in self._agreeing(f, known)),
                (f > 0) == (mode == "gradient" or self.is_margin),
                self.usual.is_exact(f, mode),
            ),
            default=None,
        )
        plain = c is not None and self.is_plain(c, mode)
        judged = []
        for one in found:
            same = (
                one.factor is not None
                and c is not None
                and abs(one.factor - c) <= 2 * TOLERANCE * abs(c)
            )
            right = one.why == "zero" or (same and plain)
            judged.append(
                one._replace(is_right=right, off=0.0 if right else self._off(one, mode, c, run))
            )
        return judged, c, plain

    def look_at(self, paths: Iterable[Path]) -> None:
        """Judge these parameters, too, with which the cost may not move."""
        lost = [path for path in paths if path in self.base.before and path not in self.params]
        for path in lost:
            found = self.truth.of_parameter(path, self.base.before[path], moves=False)
            self.params |= {path: found} if found is not None else {}
        self.verdict = self.judge(self.base) if lost else self.verdict

    def prefer(self, c: float) -> None:
        """Take this factor for the right one."""
        self.preferred = c
        self.verdict = self.judge(self.base)

    def _agreeing(self, c: float, known: list[Judged]) -> list[Judged]:
        """The claims that have a factor."""
        return [one for one in known if abs(c - (one.factor or 0.0)) <= 2 * TOLERANCE * abs(c)]

    @cached_property
    def may_be_regularised(self) -> bool:
        """Whether the cost may have squares of parameters in it."""
        return len(self.watches) > 1 or squares(self.sites.values(), self.base, self.params)

    def _one(self, claim: Claim, mode: str, run: Run) -> Judged:
        D, s = self.params[claim.parameter]
        before, value = numbers(run.before[claim.parameter]), claim.value(run)
        if value is None or value.shape != before.shape:
            return Judged(claim, None, False, mode, "gone" if value is None else "shape")
        value = value - before if mode == "new" else value
        if np.max(np.abs(s)) < max(NOTHING, 1e-8 * self.most):  # what a difference cannot see
            zero = np.max(np.abs(value)) <= 1e-7 * max(self.most, 1e-2)
            return Judged(claim, None, False, mode, "zero" if zero else "")
        return Judged(claim, factor(D @ value.reshape(-1), s), False, mode)

    def _off(self, one: Judged, mode: str, c: float | None, run: Run) -> float:
        """By which part of its largest entry it differs from what it should be."""
        D, s = self.params[one.claim.parameter]
        value, before = one.claim.value(run), numbers(run.before[one.claim.parameter])
        if value is None or value.shape != before.shape:
            return np.inf
        value = D @ (value - before if mode == "new" else value).reshape(-1)
        wanted = (c if c is not None else 1.0 if mode == "gradient" else -1.0) * s
        largest = float(np.max(np.abs(wanted)))
        return float(np.max(np.abs(value - wanted))) / largest if largest else np.inf

    def changed_claims(self, run: Run) -> set[Path]:
        """The parameters whose claims are others in a run."""
        found = set()
        for claim in self.claims:
            one, other = claim.value(run), claim.value(self.base)
            same = one is None if other is None else one is not None and one.shape == other.shape
            if not same or (one is not None and not np.allclose(one, other, rtol=1e-9, atol=1e-13)):
                found.add(claim.parameter)
        return found & {*self.params}

    @cached_property
    def names(self) -> dict[tuple[str, int], Names]:
        """What each function has in hand."""
        return names_seen(self.step)

    # What may be a factor.

    def is_plain(self, c: float, mode: str) -> bool:
        """Whether a factor needs no explanation: a step descends, an own cost counts."""
        if mode != "gradient" and (c < 0 if self.is_margin else c > 0 and not self.may_climb):
            return False
        return not self.has_own_cost or mode == "rule" or self.usual.has(c, mode)


def _are_near(claims: list[Claim], run: Run) -> bool:
    """Whether what came back looks like the parameters, and not like their gradients."""
    near = 0
    for claim in claims:
        before, value = numbers(run.before[claim.parameter]), claim.value(run)
        if value is not None and value.shape == before.shape:
            near += bool(np.linalg.norm(value - before) < 0.3 * np.linalg.norm(before))
    return 2 * near >= len(claims)
