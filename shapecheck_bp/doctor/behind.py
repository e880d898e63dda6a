"""A cost that is computed behind the step is one of its new parameters: it is computed before, too.

As in ``theta -= rate * slope(theta); J.append(cost(theta))``.
"""

import ast
from collections.abc import Sequence
from contextlib import suppress

import numpy as np

from shapecheck_bp.doctor.claims import claims_of
from shapecheck_bp.doctor.costs import after_the_step, is_called_a_cost
from shapecheck_bp.doctor.edits import Body, Change, found
from shapecheck_bp.doctor.judging import Judge
from shapecheck_bp.doctor.program import place_of
from shapecheck_bp.doctor.steps import Step
from shapecheck_bp.doctor.truth import OwnCost
from shapecheck_bp.doctor.writing import settled
from shapecheck_bp.reading.instrument import Site

MOST_CALLS, MOST_PLACES = 2, 6


def with_its_cost_before(
    step: Step, wrt: Sequence[str], judge: Judge | None
) -> tuple[Judge, str] | None:
    """The step judged with the call that gives its cost made before it, and what is said of that.

    Where that can be made there, and no less is right then: the step is then another version.
    """
    least = len(judge.verdict.right) if judge is not None and judge.is_of_the_cost else 0
    with step.held():
        calls = _calls_behind(step, wrt)
    for site in calls:
        _, i, _ = found(site.file.tree, site.line)
        for place in range(min(i, MOST_PLACES) + 1):
            change, other = _made_before(site, place), None
            with suppress(Exception), step.trying(change) as version:  # their code may raise any
                other = _by_it(Judge(step, None, wrt), site)
            if other is not None and len(other.verdict.right) >= least:
                step.program.changes, step.version = (*step.program.changes, change), version
                return other, "Its cost is taken from before the step."
    return None


def _by_it(judge: Judge, site: Site) -> Judge | None:
    """The step judged by what a call that was put before it comes to."""
    for event in judge.base.events:
        made = judge.sites[event.number]
        if isinstance(made.node, ast.Call) and ast.unparse(made.node) == ast.unparse(site.node):
            words = f"its own cost, {site.text} (line {site.line})"
            return judge.again(watch=OwnCost(place_of(made), 0, words, is_named=True))
    return None


def _calls_behind(step: Step, wrt: Sequence[str]) -> list[Site]:
    """The calls that come to a number behind the step and by it; first those that are of a cost."""
    base, sites = step.run(keep=True), step.version.sites
    claims = claims_of(base, step.version, wrt)
    late = after_the_step(step, base, claims) if claims else set()
    found: dict[int, Site] = {}
    for event in reversed(base.events):
        site = sites[event.number]
        is_number = isinstance(event.value, float | np.floating)
        if event.key in late and is_number and isinstance(site.node, ast.Call):
            found.setdefault(event.number, site)
    named = sorted(found.values(), key=lambda site: not is_called_a_cost(ast.unparse(site.node)))
    return named[:MOST_CALLS]


def _made_before(site: Site, place: int) -> Change:
    text = ast.unparse(site.node)

    def edit(body: Body, i: int) -> None:
        body.insert(place, settled(ast.parse(text).body[0], body[place]))

    return Change(site.file.name, site.line, edit, "before", (place, text))
