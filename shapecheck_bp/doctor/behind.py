"""A cost that is computed behind the step is one of its new parameters: it is computed before, too.

As in ``theta -= rate * slope(theta); J.append(cost(theta))``.
"""

import ast
from collections.abc import Sequence
from contextlib import suppress

import numpy as np

from shapecheck_bp.doctor.claims import claims_of
from shapecheck_bp.doctor.costs import after_the_step, given_back, is_called_a_cost
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
                watch = _watched(step, wrt, site)
                other = None if watch is None else Judge(step, None, wrt, watch)
            if other is not None and len(other.verdict.right) >= least:
                step.keep(version, change)
                return other, "Its cost is taken from before the step."
            if other is not None:
                break
    return None


def _watched(step: Step, wrt: Sequence[str], site: Site) -> OwnCost | None:
    """What a call that was put before the step comes to, as its cost; None where it is not."""
    base, text = step.run(keep=True), ast.unparse(site.node)
    for event in base.events if base.error is None else ():
        made = step.version.sites[event.number]
        if isinstance(made.node, ast.Call) and ast.unparse(made.node) == text:
            claims = claims_of(base, step.version, wrt)
            words = f"its own cost, {site.text} (line {site.line})"
            late = event.key in after_the_step(step, base, claims)
            return None if late else OwnCost(place_of(made), 0, words, is_named=True)
    return None


def _calls_behind(step: Step, wrt: Sequence[str]) -> list[Site]:
    """The calls behind the step that come to a cost by their names, or to what is given back."""
    base, sites = step.run(keep=True), step.version.sites
    claims = claims_of(base, step.version, wrt)
    late = after_the_step(step, base, claims) if claims else set()
    back = given_back(base, claims)
    found: dict[int, Site] = {}
    for event in reversed(base.events):
        site = sites[event.number]
        is_number = isinstance(event.value, float | np.floating) and event.key in late
        if is_number and isinstance(site.node, ast.Call):
            named = is_called_a_cost(ast.unparse(site.node.func))
            if named or round(float(event.value), 14) in back:
                found.setdefault(event.number, site)
    return [*found.values()][:MOST_CALLS]


def _made_before(site: Site, place: int) -> Change:
    text = ast.unparse(site.node)

    def edit(body: Body, i: int) -> None:
        body.insert(place, settled(ast.parse(text).body[0], body[place]))

    return Change(site.file.name, site.line, edit, "before", (place, text))
