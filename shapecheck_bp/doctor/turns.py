"""What a step carries over: velocities that it has from before, and sums that nobody sets back.

The second step is a multiple of its gradient and of the first step. A part of the first one is
momentum; the whole of it means that the first one's gradients are still in the sum.
"""

import ast
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

import numpy as np

from shapecheck_bp.doctor.arrays import Path, is_trainable, mark, numbers, shown
from shapecheck_bp.doctor.backward import Backward
from shapecheck_bp.doctor.claims import Claim
from shapecheck_bp.doctor.guarding import CannotJudge
from shapecheck_bp.doctor.judging import Judge
from shapecheck_bp.doctor.report import Finding
from shapecheck_bp.doctor.runs import Event, instead
from shapecheck_bp.doctor.steps import Step
from shapecheck_bp.doctor.truth import Truth
from shapecheck_bp.doctor.verdicts import Judged, close, factor

MOST_NAMES = 4
DESCENDS = 0.9
"""The part of a step that goes down, where decay may turn some of it."""


def from_zero(judge: Judge) -> tuple[Judge, str]:
    """The step judged with zeros in what it has from before, where more is right then; a remark.

    Where its steps are no multiples of the gradients even so, what it keeps of these is judged.
    """
    step, base = judge.step, judge.base
    shapes = {np.shape(base.before[path]) for path in judge.params}
    new = [value for path, value in base.after.items() if path not in base.before]
    if any(is_trainable(value) and np.shape(value) in shapes for value in new):
        step = step.after() or step
        with step.held():
            base = step.run()
    paths = [
        path
        for path, value in base.before.items()
        if is_trainable(value)
        and np.shape(value) in shapes
        and path not in judge.params
        and not np.array_equal(numbers(value), numbers(base.after.get(path, value)))
        and not (path in base.after and base.is_moved(path))
    ]
    if not paths:
        return judge, ""
    had = [path for path in paths if np.any(numbers(base.before[path]))]
    zero = step.beginning(dict.fromkeys(paths, 0.0)) if had else step
    if zero is None:
        return judge, ""
    judges = [judge]
    with zero.held(), suppress(CannotJudge):
        judges += [judge.again(zero)] if had else []
        claims = _of_rules(judges[-1])
        if claims:
            judges.append(Judge(zero, judge.loss, judge.wrt, claims=claims))
    best = max(judges, key=lambda one: (one.verdict.ok, len(one.verdict.right)))
    best = best if best.verdict.right else judges[-1]
    if best is judge or not had:
        return best, ""
    names = ", ".join(map(shown, had[:MOST_NAMES]))
    more = f", and {len(had) - MOST_NAMES} more" if len(had) > MOST_NAMES else ""
    return best, f"That is with zeros in what it has from before: {names}{more}."


def _of_rules(judge: Judge) -> list[Claim]:
    """For each parameter the mean that its step keeps of gradients, or else their squares."""
    kept: list[list[Path]] = []
    for path in judge.params:
        shape = np.shape(judge.base.before[path])
        kept.append(
            [
                one
                for one, reached in judge.reached.items()
                if one not in judge.params
                and path in reached
                and np.shape(judge.base.before[one]) == shape
            ]
        )
    rules: dict[str, list[Claim]] = {}
    for paths in zip(*kept, strict=False):
        values = [numbers(judge.base.after[path]) for path in paths]
        rule = "squares" if all(np.min(value) >= 0 for value in values) else "mean"
        pairs = zip(judge.params, paths, strict=True)
        rules.setdefault(rule, [Claim(one, False, path, rule=rule) for one, path in pairs])
    return rules.get("mean") or rules.get("squares") or []


def other_rule(judge: Judge) -> bool:
    """Whether steps are no multiples of gradients, go down all the same, and come of these alone.

    As those do whose entries are clipped; then every gradient has to be right, by one factor.
    """
    # Of single numbers any two are multiples of each other.
    wrong = [
        one
        for one in judge.verdict.judged
        if one.mode == "step" and len(judge.params[one.claim.parameter][1]) > 1
    ]
    if not wrong or any(one.factor is not None or one.why for one in wrong):
        return False
    backward = Backward(judge)
    found = {one: [*_gradients(backward, one.claim.parameter)] for one in wrong}
    return any(
        judge.is_plain(c, "gradient")
        and all(_goes_down(one, found[one], c, judge) for one in wrong)
        for c, _ in found[wrong[0]]
    ) and _come_of(judge, found)


def _gradients(backward: Backward, path: Path) -> Iterator[tuple[float, Event]]:
    """The arrays that are multiples of a parameter's gradient, and by how much."""
    for event in backward.events:
        for match in backward.matches.get(event.key, ()):
            if backward.parameter_of(match.of) == path:
                yield match.factor, event


def _goes_down(one: Judged, gradients: list[tuple[float, Event]], c: float, judge: Judge) -> bool:
    """Whether a step goes down a gradient that comes by a factor."""
    step = one.claim.value(judge.base)
    for found, event in gradients:
        if close(found, c) and np.shape(event.value) == np.shape(step):
            value = event.value / c
            down = (np.sign(step) == -np.sign(value)) | (np.abs(event.value) < 1e-9)
            if np.mean(down) >= DESCENDS:  # else it may be a part of a sum over time
                return True
    return False


def _come_of(judge: Judge, gradients: dict[Judged, list[tuple[float, Event]]]) -> bool:
    """Whether nothing but decay is left of steps without gradients, and twice these is not twice.

    What is twice as much is a sum of gradients, of which some are wrong.
    """
    events = {event.key: event.value for found in gradients.values() for _, event in found}
    without = judge.step.run(exchange=dict.fromkeys(events, np.zeros_like))
    twice = judge.step.run(exchange={key: instead(2 * value) for key, value in events.items()})
    if without.error is not None or twice.error is not None:
        return False
    for one in gradients:
        steps = [one.claim.value(run) for run in (judge.base, without, twice)]
        if any(step is None for step in steps):
            return False
        step, left, double = map(np.nan_to_num, steps)  # where it divides by the gradient's size
        size = 1e-6 * np.abs(step).max()
        parameter = numbers(judge.base.before[one.claim.parameter])
        decay = factor(left, parameter)
        if np.abs(left).max() > size and (decay is None or decay > 0):
            return False
        if np.abs(double - left - 2 * (step - left)).max() <= size:
            return False
    return True


def carried_over(judge: Judge) -> tuple[list[Finding], str]:
    """A finding where a step still has the gradients of the one before; or else a remark."""
    claims = [claim for claim in judge.claims if claim.is_step and claim.parameter in judge.params]
    if not claims:
        return [], ""
    first = {claim.parameter: claim.value(judge.base) for claim in claims}
    if any(step is None for step in first.values()):
        return [], ""
    later = judge.step.after()
    if later is None:
        return [], ""
    parts = _second_steps(judge, later, first)
    carried, rest = _share(parts.values())
    if rest > 1e-3:  # some are set back, and others are not
        shares = {path: _share([part]) for path, part in parts.items()}
        kept = {path for path, (c, off) in shares.items() if off <= 1e-3 and abs(c - 1) <= 1e-3}
        others = (c for path, (c, off) in shares.items() if path not in kept and off <= 1e-3)
        if not kept or any(abs(c) > 1e-3 for c in others):
            return [], ""
        return _kept_sums(judge, later, {path: first[path] for path in kept}), ""
    if abs(carried) < 1e-3:
        return [], ""
    if abs(carried - 1) > 1e-3:
        return [], f"From the second step on {carried:.3g} of the step before is in it: momentum."
    return _kept_sums(judge, later, first), ""


def _second_steps(judge: Judge, step: Step, first: dict[Path, Any]) -> dict[Path, tuple[Any, Any]]:
    """Of each parameter its gradient and its first step, as columns, and the second step."""
    found = {}
    with step.held():
        run = step.run(keep=True)
        truth = Truth(step, judge.truth.watch.at(run, step.version))
        for path, one in first.items():
            after = run.after.get(path)
            slopes = truth.of_parameter(path, run.before[path]) if path in run.before else None
            if slopes is None or after is None or np.shape(after) != one.shape:
                return {}
            D, s = slopes
            wanted = D @ (numbers(after) - numbers(run.before[path])).reshape(-1)
            found[path] = np.stack([s, D @ one.reshape(-1)], axis=1), wanted
    judge.step.runs += step.runs
    return found


def _share(parts: Iterable[tuple[Any, Any]]) -> tuple[float, float]:
    """How much of the first step is in the second, and what is neither that nor its gradient."""
    parts = [*parts]
    if sum(len(y) for _, y in parts) < 4:  # two numbers fit few others by chance
        return 0.0, np.inf
    A, y = (np.concatenate(one) for one in zip(*parts, strict=True))
    alone = A[:, 0] * float(A[:, 0] @ y) / (float(A[:, 0] @ A[:, 0]) + 1e-300)
    if np.linalg.norm(y - alone) < 1e-3 * np.linalg.norm(y):
        return 0.0, 0.0
    found = np.linalg.lstsq(A, y, rcond=None)[0]
    return float(found[1]), float(np.linalg.norm(y - A @ found) / (np.linalg.norm(y) + 1e-300))


def _kept_sums(judge: Judge, later: Step, first: dict[Path, Any]) -> list[Finding]:
    """Where the sums are added to, where they are made, and what mends it."""
    stores = judge.step.version.stores
    added: dict[Path, Any] = {}
    for event in judge.base.events:
        path = judge.base.starts.get(mark(event.thing))
        stays = path in judge.base.after and np.any(numbers(judge.base.after[path]))
        if event.number in stores and path is not None and path not in judge.params and stays:
            added.setdefault(path, judge.sites[event.number])
    if not added:
        return []
    cleared = later.beginning({path: 0.0 for path in added})
    mends = False
    if cleared is not None:
        carried, rest = _share(_second_steps(judge, cleared, first).values())
        mends = abs(carried) < 1e-3 and rest < 1e-3
    names = [shown(path) for path in added]
    site = next(iter(added.values()))
    made = _where_made(site.file.tree, names)
    reset = "; ".join(f"{name}[...] = 0" for name in names)
    evidence = (
        "from the second step on the first one's gradients are still in the step:"
        f" {', '.join(names)} are added to in every step, and nothing sets them back"
    )
    loops = [change.line for change in judge.step.program.changes if change.kind == "cut"]
    where = max(loops, default=getattr(site.function, "lineno", site.line)) + 1
    return [
        Finding(
            "keeps_state",
            evidence,
            "certain" if mends else "likely",
            reset if mends else None,
            file=site.file.name,
            line=site.line,
            because=made,
            source=site.text,
            fix_line=where if mends else None,
            then="all is right",
            parameters=tuple(names),
        )
    ]


def _where_made(tree: ast.Module, names: list[str]) -> int | None:
    """The line in which the first of these is made."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            stored = {
                ast.unparse(part)
                for target in node.targets
                for part in ast.walk(target)
                if isinstance(part, ast.Name | ast.Attribute)
            }
            if stored & {*names}:
                return node.lineno
    return None
