"""The doctor: what is wrong with somebody's own backprop, by name.

``diagnose`` runs a function that computes gradients on small problems made for it, compares what
comes out with what is right, and with what would come out with each mistake that people are known
to make, in each place. Where one of these gives the same numbers, that is the finding.

>>> import numpy as np
>>> from shapecheck_bp import Network
>>> def gradients(params, X, Y):
...     (W, b), = params
...     dZ = 1 / (1 + np.exp(-(W @ X + b))) - Y
...     return [(dZ @ X.T, np.sum(dZ, axis=1, keepdims=True))]
>>> diagnosis = diagnose(gradients, Network((3, 1), output="sigmoid"))
>>> [(one.mistake, one.layer) for one in diagnosis.findings]
[('missing_mean', 1)]
>>> print(diagnosis.findings[0].fix)
dW[1] = dZ[1] @ X.T / m; db[1] = np.sum(dZ[1], axis=1, keepdims=True) / m

No network has to be given but its depth, activations and loss: the sizes are the doctor's own, all
different, so that a transpose is a contradiction, and all equal, so that one that hides is found by
its values.
"""

from collections.abc import Callable
from itertools import islice
from typing import Any

from shapecheck_bp.doctor.findings import (
    about_arguments,
    about_cost,
    about_exception,
    about_shapes,
    about_state,
    known,
    unknown,
)
from shapecheck_bp.doctor.matching import broadcast, explanations, wrong_quantities
from shapecheck_bp.doctor.patient import ACCESS, Patient
from shapecheck_bp.doctor.probe import M, probe
from shapecheck_bp.doctor.report import Diagnosis, Finding
from shapecheck_bp.doctor.styles import Outcome, Reading
from shapecheck_bp.network import Network

__all__ = ["Diagnosis", "Finding", "diagnose"]

ALTERNATIVES = 3
# Whether W is turned and b of rank 1, likeliest first: a turned W is PyTorch's, or w.T @ X + b.
LAYOUTS = {
    "column": ((False, False), (False, True), (True, False), (True, True)),
    "row": ((False, False), (False, True), (True, True), (True, False)),
}
RIGHT, RIGHT_BUT_FOR_SHAPES = 6, 5


def diagnose(gradients: Callable[..., Any], net: Network, convention: str = "column") -> Diagnosis:
    """Say whether gradients are right, and if not, which mistake is where and which line is right.

    Args:
        gradients: a function of (params, X, Y) in its author's own style. ``params`` may be wanted
            as a tuple of Layer(W, b), as a dict of "W1", "b1", …, as a pair of lists, or W and b as
            two lists in its place. It returns, in any of these forms, the gradients, (cost,
            gradients) or (gradients, cost). Biases may be of rank 1, and weights lie as in the
            other convention, as PyTorch's do; what was recognised is said. It is called a few
            times, always with arrays of its own.
        net: the network that is meant: its depth, activations and loss.
        convention: ``"column"`` or ``"row"``: how X and Y lie.

    Raises:
        TypeError: ``gradients`` is no such function, or ``net`` no Network.
        ValueError: another convention.
    """
    if not isinstance(net, Network):
        raise TypeError(f"net: expected a Network; got {type(net).__name__}")
    if convention not in ("column", "row"):
        raise ValueError(f"convention: expected 'column' or 'row'; got {convention!r}")
    patient = Patient(gradients)
    first = _recognise(patient, net, convention)
    if _quality(first) < RIGHT_BUT_FOR_SHAPES:
        other = "row" if convention == "column" else "column"
        elsewhere = _recognise(patient, net, other)
        if _quality(elsewhere) >= RIGHT_BUT_FOR_SHAPES:
            return _report([_other_convention(first, elsewhere)], elsewhere)
    if first.error is not None:
        return _report(_after_an_exception(patient, first), first)
    findings = _numbers(patient, first)
    findings += about_shapes(first) if not findings else []
    findings += about_arguments(first)
    again = patient(first.problem, first.reading)
    findings += about_state(first, again)
    if not findings or all(one.sure == "possible" for one in findings):
        sizes_are_given = first.problem.net.sizes != probe(net).net.sizes
        findings += _elsewhere(patient, first, sizes_are_given)
    return _report(findings, first)


def _recognise(patient: Patient, net: Network, convention: str) -> Outcome:
    """Call it in one style after the other until what is right comes out, or the best there is."""
    outcomes: list[Outcome] = []
    for own_sizes in (False, True):
        problem = probe(net, own_sizes=own_sizes)
        for style in patient.styles():
            for turned, rank_1 in LAYOUTS[convention]:
                outcome = patient(problem, Reading(style, convention, turned, rank_1))
                outcomes.append(outcome)
                # For rows X @ W + b takes a b of either rank, and gives what is right for both.
                enough = RIGHT_BUT_FOR_SHAPES if convention == "row" and not turned else RIGHT
                if _quality(outcome) >= enough:
                    return outcome
                if isinstance(outcome.error, ACCESS):
                    break
            if any(outcome.error is None for outcome in outcomes):
                break
        if any(outcome.error is None for outcome in outcomes):
            break
    return max(outcomes, key=_quality)


def _quality(outcome: Outcome) -> int:
    """How well a call went."""
    if outcome.error is not None:
        return 0 if isinstance(outcome.error, ACCESS) else 1
    if wrong_quantities(outcome, outcome.problem.grads, _scale(outcome)):
        return 2 + outcome.shapes_fit
    return RIGHT_BUT_FOR_SHAPES + outcome.shapes_fit


def _scale(outcome: Outcome) -> float:
    """The factor by which cost and gradients are ours: a loss of one's own, a sum for a mean."""
    if outcome.cost is None or not outcome.cost / outcome.problem.cost > 0:
        return 1.0
    factor = outcome.cost / outcome.problem.cost
    return 1.0 if wrong_quantities(outcome, outcome.problem.grads, factor) else factor


def _numbers(patient: Patient, outcome: Outcome) -> list[Finding]:
    """What is wrong with the values that came out."""
    if not wrong_quantities(outcome, outcome.problem.grads, _scale(outcome)):
        return about_cost(outcome, outcome.problem.cost, _scale(outcome))
    found = list(islice(explanations(outcome), ALTERNATIVES))
    if found:
        return known(outcome, found)
    if told := broadcast(outcome):
        return [_rank_1(outcome, told)]
    return [unknown(outcome, patient.watched(outcome.problem, outcome.reading))]


def _after_an_exception(patient: Patient, first: Outcome) -> list[Finding]:
    """Find out why it was raised: by what is in sight there, or where all sizes are equal."""
    if told := broadcast(first):
        return [_rank_1(first, told), about_exception(first)]
    square = probe(first.problem.net, square=True)
    reading = first.reading
    for turned, rank_1 in LAYOUTS[reading.convention]:
        outcome = patient(square, reading._replace(turned=turned, rank_1=rank_1))
        if outcome.error is None and wrong_quantities(outcome, square.grads, _scale(outcome)):
            found = list(islice(explanations(outcome), ALTERNATIVES))
            if found:
                return [*known(outcome, found, first), about_exception(first)]
    return [about_exception(first)]


def _elsewhere(patient: Patient, first: Outcome, sizes_are_given: bool) -> list[Finding]:
    """Whether what is right on one problem is right on others."""
    net = first.problem.net
    others = [
        probe(net, own_sizes=True, m=M + 2, seed=1),
        probe(net, own_sizes=True, scale=3.0, seed=2),
        *([] if sizes_are_given else [probe(net, square=True)]),
    ]
    for problem in others:
        outcome = patient(problem, first.reading)
        if outcome.error is not None:
            return [about_exception(outcome)]
        if findings := _numbers(patient, outcome):
            right = f"right at {first.problem.about}, and not at {problem.about}: "
            return [one._replace(evidence=right + one.evidence) for one in findings]
    return []


def _rank_1(outcome: Outcome, told: str) -> Finding:
    L = outcome.problem.net.L
    fix = "Give every array two axes: Y.reshape(A.shape), X[:, i:i + 1] for X[:, i]"
    return Finding("rank_1", L, "dZ", told, fix, "certain")


def _other_convention(first: Outcome, elsewhere: Outcome) -> Finding:
    there = elsewhere.reading.convention
    evidence = f"with examples as {there}s it gives the right gradients"
    if first.error is not None:
        evidence += f", and with {first.reading.convention}s {type(first.error).__name__}"
    fix = f'diagnose(…, convention="{there}"), or transpose X and Y where they come in'
    return Finding("other_convention", None, "", evidence, fix, "certain")


def _report(findings: list[Finding], outcome: Outcome) -> Diagnosis:
    told = str(outcome.reading)
    if outcome.gives:
        told += f"; it gives {outcome.gives}"
    scale = _scale(outcome) if outcome.error is None else 1.0
    if abs(scale - 1) > 1e-6:
        told += f"; its cost is {scale:.4g} times ours, and its gradients are that cost's"
    ok = all(one.sure == "possible" for one in findings)
    return Diagnosis(ok, findings, told, [outcome.problem.about])
