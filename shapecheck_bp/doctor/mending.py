"""Repairs, tried: the step is run with a line changed, and its claims are judged again.

The smallest change under which most wrong claims are right is the repair. Where it touches the
forward pass, the truth is worked out anew; a change after which the cost forgets a parameter, or
other outputs meet other targets, mends nothing.
"""

import ast
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from shapecheck_bp.doctor.arrays import Path
from shapecheck_bp.doctor.changes import COST, REDUCING, changes_of
from shapecheck_bp.doctor.edits import Change
from shapecheck_bp.doctor.foreseeing import Foresight
from shapecheck_bp.doctor.judging import Judge
from shapecheck_bp.doctor.program import Version
from shapecheck_bp.doctor.runs import Exchange
from shapecheck_bp.doctor.scopes import Scopes
from shapecheck_bp.doctor.steps import Step
from shapecheck_bp.doctor.truth import Meeting, OwnCost, Slopes, Truth
from shapecheck_bp.doctor.verdicts import NOTHING, Verdict, factor
from shapecheck_bp.reading.sources import NotRead
from shapecheck_bp.reading.variants import name_of

SECONDS, MOST = 4.0, 1500
NEAR, COMMON, FAR, PARTLY = 0.5, 1.0, 3.5, 4.0
"""What a change costs at a line that was not suspect itself, and how much dearer one may be that
mends more than the cheapest that mends a part."""
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
        self.left = self.most = min(MOST, judge.step.runs_in(SECONDS, judge.base))
        self.forward_lines: set[tuple[str, int]] = set()
        for event in judge.base.events[: judge.end + 1]:
            site = judge.sites[event.number]
            self.forward_lines |= {
                (site.file.name, site.line),
                (site.file.name, site.statement.lineno),
            }
        self.cost = judge.truth.start
        self.bare = self.step.version
        """The step without notes, unless they are what ends a loop that does not end by itself."""
        trees = [file.tree for file in self.bare.files.values()]
        self.may_last = any(isinstance(part, ast.While) for t in trees for part in ast.walk(t))
        if not self.may_last:
            self.bare = self.step.program.noting(self.bare, ())
        self.scopes: Scopes = {}
        self.foresight = Foresight(judge)
        self.tried: set[tuple[Any, ...]] = set()

    def best(
        self,
        near: Sequence[tuple[str, int]],
        common: Sequence[tuple[str, int]],
        far: Sequence[tuple[str, int]],
        wanted: Sequence[set[Path]],
    ) -> list[Repair]:
        """Repairs at these places, best first, and only so many as are needed to know that.

        One that makes all parameters of a wanted set right ends the search for dearer ones.

        The smallest changes are tried first, at all places; the further down a place is, the
        smaller has a change to be that is tried there. What was tried before is not tried again.
        """
        costs = {place: 0.1 * i for i, place in enumerate(near)}
        costs |= {place: COMMON + 0.1 * i for i, place in enumerate(common)}
        costs |= {place: FAR + 0.1 * i for i, place in enumerate(far)}
        made = [
            (COST[change.kind] + more, change)
            for (file, line), more in costs.items()
            for change in self._changes(file, line)
        ]
        forward = (
            FAR if self.judge.verdict.right else NEAR
        )  # where nothing is right, it may be that
        made += [
            (COST[change.kind] + forward, change)
            for file, line in sorted(self._reductions() - costs.keys())
            for change in self._changes(file, line)
            if change.kind == "axis"
        ]
        found: list[Repair] = []
        least, wrong = np.inf, self.judge.verdict.wrong
        made.sort(key=lambda pair: pair[0])
        of_a_line = groupby(made, key=lambda pair: (pair[0], pair[1].file, pair[1].line))
        for (cost, *_), pairs in of_a_line:
            if cost > least or self.left <= 0:
                break
            some = [change for _, change in pairs if _key(change) not in self.tried][: self.left]
            self.left -= len(some)
            self.tried |= {*map(_key, some)}
            for change, exchange in self.foresight.worth_a_run(some):
                if exchange is not None and not self._may_mend(change, exchange):
                    continue
                verdict = self._verdict_with(change)
                if verdict is not None and self._mends(verdict):
                    # By a factor that happens to be one of the usual it is right by chance.
                    more = 3.0 * (self.judge.has_own_cost and not verdict.is_plainest)
                    if any(one <= verdict.right for one in wanted):
                        least = min(least, cost + more + (0.0 if verdict.ok else PARTLY))
                    rank = (len(wrong - verdict.right), cost + more, len(change.words()))
                    found.append(Repair(change, verdict.right, rank))
        return sorted(found, key=lambda repair: repair.rank)

    def _changes(self, file: str, line: int) -> Iterator[Change]:
        return changes_of(self.judge, self.step.version.files[file], line, self.scopes)

    def _reductions(self) -> set[tuple[str, int]]:
        """The lines of the forward pass in which something is summed along an axis.

        Not that of its own cost, by which it is judged.
        """
        watch, found = self.judge.truth.watch, set()
        own = watch.place[:2] if isinstance(watch, OwnCost) else ()
        for event in self.judge.base.events[: self.judge.end]:
            node = self.judge.sites[event.number].node
            reduces = isinstance(node, ast.Call) and name_of(node) in REDUCING
            if reduces and event.key in self.judge.moving:
                site = self.judge.sites[event.number]
                found.add((site.file.name, site.statement.lineno))
        return found - {own}

    def _mends(self, verdict: Verdict) -> bool:
        """Whether more is right, and not only because nothing comes of it any more."""
        new = verdict.right - self.judge.verdict.right
        moves = any(np.any(np.abs(self.judge.params[path][1]) > NOTHING) for path in new)
        return verdict.right > self.judge.verdict.right and (moves or verdict.ok)

    def _may_mend(self, change: Change, exchange: Exchange) -> bool:
        """Whether a change whose value is known may be of use: that is put in, and nothing made."""
        if self._is_forward(change) and change.kind in FORWARD:
            return True
        verdict = self._judged(self.step.version, exchange)
        return verdict is not None and self._mends(verdict)

    def _is_forward(self, change: Change) -> bool:
        return (change.file, change.line) in self.forward_lines

    def _verdict_with(self, change: Change) -> Verdict | None:
        """The verdict with a change, or None where it cannot be run."""
        forward = self._is_forward(change)
        try:
            version = self.step.program.with_change(self.bare, change, noted=self.may_last)
            verdict = self._judged(version)
            more = verdict is not None and verdict.right > self.judge.verdict.right
            watch = self.judge.truth.watch
            meets = isinstance(watch, Meeting) and watch.difference[1] == change.line
            forward = forward and not (meets and change.kind in ("sign", "op"))
            if not forward or (change.kind not in FORWARD and not more):
                return verdict
            noted = self.step.program.with_change(self.step.version, change, noted=True)
            return self._judged_anew(noted, verdict, change.kind)
        except (SyntaxError, NotRead, LookupError, ValueError, TypeError):
            return None

    def _judged(self, version: Version, exchange: Exchange | None = None) -> Verdict | None:
        with self.step.held(version):
            run = self.step.run(exchange=exchange)
        if run.error is not None or run.is_cut:
            return None
        return self.judge.judge(run)

    def _judged_anew(self, version: Version, verdict: Verdict | None, kind: str) -> Verdict | None:
        """The same where the truth may be another now; what was found if it is not."""
        judge = self.judge
        with self.step.held(version):
            truth = Truth(self.step, judge.truth.watch, version)
            cost = truth.start
            if cost is None or self.cost is None:
                return None
            if abs(cost - self.cost) <= 1e-9 * abs(self.cost):
                return verdict
            if isinstance(truth.watch, Meeting):
                # A guessed cost that something fits is that of the outputs as they are.
                if judge.verdict.right or kind != "axis":
                    return None
                watch = truth.watch.at(self.step.run(keep=True), version)
                truth = Truth(self.step, watch, version)
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


def _key(change: Change) -> tuple[Any, ...]:
    return change.file, change.line, change.kind, change.text


def places_of(lines: Iterator[tuple[str, int]], step: Step) -> list[tuple[str, int]]:
    """Places that can be changed, each once."""
    known = step.version.files
    return [*dict.fromkeys((file, line) for file, line in lines if file in known and line)]
