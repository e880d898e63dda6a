"""Repairs, tried: the step is run with a line changed, and its claims are judged again.

The smallest change under which most wrong claims are right is the repair. Where it touches the
forward pass, the truth is worked out anew; a change after which the cost forgets a parameter, or
other outputs meet other targets, mends nothing.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from shapecheck_bp.doctor.arrays import Path
from shapecheck_bp.doctor.changes import COST, changes_of
from shapecheck_bp.doctor.program import Change, Version
from shapecheck_bp.doctor.steps import Step
from shapecheck_bp.doctor.truth import Meeting, Slopes, Truth
from shapecheck_bp.doctor.verdicts import NOTHING, Judge, Verdict, factor
from shapecheck_bp.reading.sources import NotRead

SECONDS, MOST = 4.0, 1500
FORWARD = ("axis", "store", "index", "dtype", "name", "op")


class Repair(NamedTuple):
    """A change that was tried, and the parameters that are right then."""

    change: Change
    right: set[Path]
    rank: tuple[float, ...]


class Mending:
    """The search for a repair of a judged step."""

    def __init__(self, judge: Judge) -> None:
        """Of a step that is wrong."""
        self.judge, self.step = judge, judge.step
        self.left = min(MOST, judge.step.runs_in(SECONDS, judge.base))
        self.forward_lines: set[tuple[str, int]] = set()
        for event in judge.base.events[: judge.end + 1]:
            site = judge.sites[event.number]
            self.forward_lines |= {
                (site.file.name, site.line),
                (site.file.name, site.statement.lineno),
            }
        self.cost = judge.truth.cost()

    def best(self, places: Sequence[tuple[str, int]], wanted: set[Path]) -> list[Repair]:
        """Repairs at these places, best first; with the best all wanted is right, if one does that.

        The further down a place is, the smaller has a change to be that is tried there.
        """
        found: list[Repair] = []
        least = np.inf
        for far, (file, line) in enumerate(places):
            for change in changes_of(self.judge, self.step.version.files[file], line):
                cost = COST[change.kind] + 0.1 * far
                if cost > least:
                    break
                if self.left <= 0:
                    return sorted(found, key=lambda repair: repair.rank)
                self.left -= 1
                verdict = self._verdict_with(change)
                if verdict is not None and verdict.right > self.judge.verdict.right:
                    # By a factor that happens to be one of the usual it is right by chance.
                    odd = self.judge.has_own_cost and not verdict.is_plainest
                    cost += 3.0 * odd
                    least = min(least, cost) if wanted <= verdict.right else least
                    wrong = len(self.judge.params) - len(verdict.right)
                    rank = (wrong, cost, len(change.words()))
                    found.append(Repair(change, verdict.right, rank))
        return sorted(found, key=lambda repair: repair.rank)

    def _verdict_with(self, change: Change) -> Verdict | None:
        """The verdict with a change, or None where it cannot be run."""
        forward = (change.file, change.line) in self.forward_lines
        try:
            version = self.step.program.with_change(self.step.version, change)
            verdict = self._judged(version)
            more = verdict is not None and verdict.right > self.judge.verdict.right
            if not forward or (change.kind not in FORWARD and not more):
                return verdict
            return self._judged_anew(
                self.step.program.with_change(self.step.version, change, noted=True)
            )
        except (SyntaxError, NotRead, LookupError, ValueError, TypeError):
            return None

    def _judged(self, version: Version) -> Verdict | None:
        with self.step.held(version):
            run = self.step.run()
        if run.error is not None or run.is_cut:
            return None
        return self.judge.judge(run)

    def _judged_anew(self, version: Version) -> Verdict | None:
        """The same where the truth may be another now."""
        judge = self.judge
        with self.step.held(version):
            truth = Truth(self.step, judge.truth.watch, version)
            cost = truth.cost()
            if cost is None:
                return None
            others = isinstance(truth.watch, Meeting) and self.cost is not None
            if others and abs(cost - (self.cost or 0)) > 1e-9 * abs(self.cost or 0):
                return None
            params = {}
            for path, (_, slopes) in judge.params.items():
                found = truth.of_parameter(path, judge.base.before[path])
                if found is None:
                    return None
                if np.any(np.abs(slopes) > NOTHING) and not np.any(np.abs(found[1]) > NOTHING):
                    return None
                params[path] = found
            if self._is_only_scaled(params):
                return None
            run = self.step.run()
        if run.error is not None:
            return None
        before, judge.params = judge.params, params
        try:
            return judge.judge(run)
        finally:
            judge.params = before

    def _is_only_scaled(self, params: dict[Path, Slopes]) -> bool:
        """Whether the cost is a multiple of what it was, which no longer fits by that alone."""
        old = np.concatenate([self.judge.params[path][1] for path in params])
        new = np.concatenate([slopes for _, slopes in params.values()])
        c = factor(new, old)
        return c is not None and abs(c - 1) > 1e-6


def places_of(lines: Iterator[tuple[str, int]], step: Step) -> list[tuple[str, int]]:
    """Places that can be changed, each once."""
    known = step.version.files
    return [*dict.fromkeys((file, line) for file, line in lines if file in known and line)]
