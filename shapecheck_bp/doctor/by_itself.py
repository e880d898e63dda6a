"""A function of a network by itself: where no mistake of the table explains what came out of it.

Its own forward pass is differentiated, and its lines are read. What is right for that is told so,
whatever the network is; and what is wrong has its line.
"""

import ast
from contextlib import suppress
from itertools import takewhile
from typing import Any

import numpy as np

from shapecheck_bp.doctor.diagnosing import of_step
from shapecheck_bp.doctor.guarding import quiet
from shapecheck_bp.doctor.matching import wrong_quantities
from shapecheck_bp.doctor.opening import of_call
from shapecheck_bp.doctor.patient import Patient
from shapecheck_bp.doctor.report import Finding
from shapecheck_bp.doctor.steps import Step
from shapecheck_bp.doctor.styles import Outcome
from shapecheck_bp.doctor.unknown import by_one_factor, unknown
from shapecheck_bp.reading.instrument import Site


def nameless(patient: Patient, outcome: Outcome, scale: float) -> list[Finding]:
    """What is said of a mistake without a name: by its own forward pass, and by the network's."""
    if factor := by_one_factor(outcome, scale):
        return [factor]
    own, seen, holds = None, [], False
    with quiet(), suppress(Exception):  # it cannot be judged, or not be read: then its numbers say
        step, loss = _step(patient, outcome)
        own = of_step(step, "", loss)
        with step.held(step.program.version()):
            mended = patient(outcome.problem, outcome.reading)
        holds = not wrong_quantities(mended, outcome.problem.right, scale)
        seen = _seen(step, patient, outcome)
    finding = unknown(outcome, seen, scale)
    if own is not None and own.ok:
        return [_meant(own.recognised.partition("against ")[2], finding)]
    lines = [one for one in own.findings[:1] if one.line] if own is not None else []
    if not lines or finding.quantity in ("Z", "A"):
        return [finding]
    (first,) = lines
    if not holds:  # it would be right for its own forward pass, and not for the network
        evidence = f"{finding.evidence}; the first line that is wrong is line {first.line}"
        return [finding._replace(evidence=evidence)]
    evidence = f"{first.evidence}; {finding.evidence}"
    return [first._replace(evidence=evidence, quantity=finding.quantity, layer=finding.layer)]


def _step(patient: Patient, outcome: Outcome) -> tuple[Step, str | None]:
    """The call as a step that can be read, and the loss where it gives no cost."""
    arguments, _ = patient.arguments(outcome.problem, outcome.reading)
    loss = None if outcome.cost is not None else outcome.problem.net.loss
    return next(of_call(patient.function, tuple(arguments), {})), loss


def _seen(step: Step, patient: Patient, outcome: Outcome) -> list[Any]:
    """The matrices that its forward pass has in hand, also turned."""
    with step.held():
        events = step.run(keep=True).events
    arguments, _ = patient.arguments(outcome.problem, outcome.reading)
    sites, Y = step.version.sites, arguments[patient.order[-1]]
    targets = {one.number for one in events if np.array_equal(one.value, Y)}
    forward = takewhile(lambda one: not targets & _operands(sites[one.number]), events)
    multiples = _of_multiples([*sites.values()])
    parts = {id(one.thing) for one in events if one.number in multiples}
    whole = [one.value for one in forward if id(one.thing) not in parts]
    return [two for one in whole if np.ndim(one) == 2 for two in (one, one.T)]


def _operands(site: Site) -> set[int]:
    """The numbers of what an array's expression is made of, where it is made of something."""
    is_made = isinstance(site.node, ast.BinOp | ast.Call)
    return {one.number for one in site.inside.values()} if is_made else set()


def _of_multiples(sites: list[Site]) -> set[int]:
    """The numbers of what is only a part of a multiple of itself, as tanh(Z) of 0.9 * tanh(Z)."""
    return {
        site.inside[id(side)].number
        for site in sites
        if isinstance(site.node, ast.BinOp) and isinstance(site.node.op, ast.Mult | ast.Div)
        for side, other in ((site.node.left, site.node.right), (site.node.right, site.node.left))
        if isinstance(other, ast.Constant) and id(side) in site.inside
    }


def _meant(cost: str, finding: Finding) -> Finding:
    """What is right for another forward pass, or another loss, than the network's."""
    evidence = f"right for its own forward pass and its loss, {cost}, which are not the network's"
    return Finding("unknown", f"{evidence}: {finding.evidence}", "possible")
