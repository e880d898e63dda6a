"""What is stepped by a gradient and read nowhere: a bias that nobody adds.

The cost does not move with it, so that no step of it is wrong by that. But where its step is the
slope of the cost by what would be added to an array of the forward pass, by the factor that all
others come by, then it is that array that it should have been added to.
"""

import ast
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np

from shapecheck_bp.doctor.arrays import Path, numbers, shown
from shapecheck_bp.doctor.claims import Claim, assigned
from shapecheck_bp.doctor.edits import Change, found
from shapecheck_bp.doctor.judging import Judge
from shapecheck_bp.doctor.naming import UNKNOWN
from shapecheck_bp.doctor.report import Finding
from shapecheck_bp.doctor.runs import Event, plus
from shapecheck_bp.doctor.scopes import function_at, scope_of
from shapecheck_bp.doctor.truth import OF_PARAMETERS
from shapecheck_bp.doctor.verdicts import close, factor
from shapecheck_bp.doctor.writing import Maker
from shapecheck_bp.reading.instrument import Site

MOST_PLACES, MOST_TRIED = 80, 40


def unread(judge: Judge) -> list[Finding]:
    """For each line to whose value parameters should have been added, what they are."""
    left = {claim.parameter: claim for claim in judge.claims if _is_unread(judge, claim)}
    if not left:
        return []
    places = [*_sums(judge)][:MOST_PLACES]
    judge.truth.version = judge.truth.noting({events[0].number for events in places})
    fits: dict[int, list[Path]] = {}
    for path, claim in left.items():
        fitting = (events[0].number for events in places if _fits(judge, claim, events))
        number = next(fitting, None)
        if number is not None:
            fits.setdefault(number, []).append(path)
    return [_finding(judge, judge.sites[number], paths) for number, paths in fits.items()]


def _is_unread(judge: Judge, claim: Claim) -> bool:
    """Whether a parameter is stepped, and nothing but that step moves with it."""
    path, value = claim.parameter, claim.value(judge.base)
    read = judge.reached[path] - {path} or path in judge.params
    return not read and value is not None and bool(np.any(value))


def _sums(judge: Judge) -> Iterator[list[Event]]:
    """What is computed in the forward pass: each time by itself, and all times of an expression."""
    times: dict[int, list[Event]] = {}
    for event in judge.base.events[: judge.end + 1]:
        node = judge.sites[event.number].node
        computed = isinstance(node, ast.BinOp | ast.Call) and event.key in judge.moving
        if computed and isinstance(event.value, np.ndarray):
            times.setdefault(event.number, []).append(event)
    for some in times.values():
        yield from ([event] for event in some)
        if len({event.value.shape for event in some}) < len(some):
            yield some


def _fits(judge: Judge, claim: Claim, events: list[Event]) -> bool:
    """Whether a step is the slope of the cost by what is added to these, as those of others are."""
    before, value = numbers(judge.base.before[claim.parameter]), claim.value(judge.base)
    c, mode, _ = judge.verdict.factors.get(claim.group, (None, "gradient", False))
    value = value - before if mode == "new" else value
    if c is None or value.shape != before.shape or not _is_broadcast(before.shape, events):
        return False

    def added(change: Any) -> dict[str, Any]:
        return {"exchange": {event.key: plus(change) for event in events}}

    slopes = judge.truth.slopes(before.shape, 1.0, added, OF_PARAMETERS)
    by = None if slopes is None else factor(slopes[0] @ value.reshape(-1), slopes[1])
    return by is not None and close(by, c)


def _is_broadcast(shape: tuple[int, ...], events: list[Event]) -> bool:
    """Whether what has a shape can be added to each of these, and they stay as they are."""
    try:
        return all(np.broadcast_shapes(shape, e.value.shape) == e.value.shape for e in events)
    except ValueError:
        return False


def _finding(judge: Judge, site: Site, paths: list[Path]) -> Finding:
    names = tuple(map(shown, paths))
    change = _mending(judge, site, {*paths})
    what, some = assigned(site) or site.text, ", ".join(names)
    evidence = (
        f"`{what}` does not depend on {some}, and neither does anything else: its step is the"
    )
    if len(names) > 1:
        evidence = (
            f"`{what}` depends on none of {some}, and neither does anything else: each step is the"
        )
    return Finding(
        UNKNOWN,
        f"{evidence} slope of the cost by what would be added here",
        "certain" if change else "likely",
        change.words() if change else None,
        file=site.file.name,
        line=site.line,
        source=site.text,
        fix_line=change.first if change else None,
        then="all is right" if change else "more is right",
        parameters=names,
    )


def _mending(judge: Judge, site: Site, paths: set[Path]) -> Change | None:
    """The array that is to be added: with that all is right, and the cost moves with these.

    The change stays in the program, as what a diagnosis speaks of does.
    """
    step, file = judge.step, judge.step.version.files[site.file.name]
    make = Maker(file, site.statement.lineno, found(file.tree, site.statement.lineno)[2])
    scope = scope_of(judge, file, function_at(file.tree, site.line))
    shapes = {np.shape(judge.base.before[path]) for path in paths}
    names = [shown(path) for path in paths if len(path) == 1]
    names += [name for name, shape in scope.arrays.items() if shape in shapes]
    for name in [*dict.fromkeys(names)][:MOST_TRIED]:
        change = make.expression("plus", site.node, f"{site.text} + {name}")
        is_right = False
        with suppress(Exception), step.trying(change):  # which may make anything of their code
            after = judge.again()
            is_right = after.verdict.ok and paths <= {*after.params}
        if is_right:
            step.program.changes = (*step.program.changes, change)
            return change
    return None
