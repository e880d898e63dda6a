"""What is wrong with somebody's own backprop, by name.

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
from typing import Any

import numpy as np

from shapecheck_bp.data.settings import check_convention
from shapecheck_bp.doctor.by_itself import nameless
from shapecheck_bp.doctor.findings import (
    about_arguments,
    about_cost,
    about_exception,
    about_order,
    about_shapes,
    about_state,
    known,
    nothing,
    own_loss,
)
from shapecheck_bp.doctor.matching import TOLERANCE, broadcast, explanations, wrong_quantities
from shapecheck_bp.doctor.patient import Patient
from shapecheck_bp.doctor.probe import SIDE, M, Probe, probe, second
from shapecheck_bp.doctor.report import Diagnosis, Finding
from shapecheck_bp.doctor.scales import LAWS, followed, laws, own_scale
from shapecheck_bp.doctor.styles import Outcome, Reading
from shapecheck_bp.doctor.unknown import for_another_network
from shapecheck_bp.network import Network

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
            as a tuple of Layer(W, b), as a dict of "W1", "b1", …, as a list of W1, b1, …, or as a
            pair of lists; W and b may be wanted as two lists, or by themselves, in its place. It
            returns, in any of these forms, the gradients, with the cost or without. Biases may be
            of rank 1, or missing, and weights lie as in the other convention, as PyTorch's do;
            what was recognised is said. It is called a few times, and where no known mistake
            explains it some hundred times, always with arrays of its own.
        net: the network that is meant: its depth, activations and loss.
        convention: ``"column"`` or ``"row"``: how X and Y lie.

    Raises:
        TypeError: ``gradients`` is no such function, or ``net`` no Network.
        ValueError: another convention.
    """
    if not isinstance(net, Network):
        raise TypeError(f"net: expected a Network; got {type(net).__name__}")
    check_convention(convention)
    patient = Patient(gradients)
    first = _recognise(patient, net, convention)
    if _quality(first)[0] < RIGHT_BUT_FOR_SHAPES:
        other = "row" if convention == "column" else "column"
        elsewhere = _recognise(patient, net, other)
        if _quality(elsewhere)[0] >= RIGHT_BUT_FOR_SHAPES:
            return _report([_other_convention(first, elsewhere)], elsewhere)
    if first.error is not None:
        return _report(_after_an_exception(patient, first), first)
    if turned := about_order(first):
        return _report(turned, first)
    again = patient(first.problem, first.reading)
    state = about_state(first, again)
    findings = _numbers(patient, first, second(first.problem, _sizes_are_given(first, net)))
    findings += [] if any(one.sure != "possible" for one in findings) else about_shapes(first)
    about = [*about_arguments(first), *state]
    nameless = any(one.mistake == "unknown" for one in findings)
    findings = [*about, *findings] if nameless else [*findings, *about]
    if all(one.sure == "possible" for one in findings) and not nameless:
        told = {(one.mistake, one.quantity) for one in findings}
        more = _elsewhere(patient, first, _sizes_are_given(first, net))
        findings += [one for one in more if (one.mistake, one.quantity) not in told]
    return _report(findings, first)


def _recognise(patient: Patient, net: Network, convention: str) -> Outcome:
    """Call it in one style after the other until one fits, or take the best there is."""
    outcomes: list[Outcome] = []
    for sizes in (None, net.sizes):
        problem = probe(net, sizes=sizes)
        for turned, rank_1 in LAYOUTS[convention]:
            for style in patient.styles(net.L):
                outcome = patient(problem, Reading(style, convention, turned, rank_1))
                outcomes.append(outcome)
                quality, _ = _quality(outcome)
                # Where all sizes differ nothing runs, and fits, that is meant in another way. For
                # rows X @ W + b takes a b of either rank, and gives what is right for both.
                fits = sizes is None and outcome.error is None and outcome.shapes_fit
                either = convention == "row" and not turned and quality >= RIGHT_BUT_FOR_SHAPES
                if fits or either or quality >= RIGHT:
                    return outcome
        if any(outcome.error is None for outcome in outcomes):
            break
    return max(outcomes, key=_quality)


def _sizes_are_given(first: Outcome, net: Network) -> bool:
    """Whether it runs with the sizes of its own network alone."""
    return first.problem.net.sizes != probe(net).net.sizes


def _quality(outcome: Outcome) -> tuple[float, tuple[int, ...]]:
    """How well a call went, and how far where it did not come to its end."""
    if outcome.error is not None:
        return 0, outcome.reached
    wrong = wrong_quantities(outcome, outcome.problem.right, own_scale(outcome))
    if not wrong:
        return RIGHT_BUT_FOR_SHAPES + outcome.shapes_fit, ()
    return 2 + outcome.shapes_fit - len(wrong) / (4 * len(outcome.grads)), ()


def _numbers(patient: Patient, outcome: Outcome, other: Probe) -> list[Finding]:
    """What is wrong with the values that came out; what explains them has to do so twice."""
    problem, scale = outcome.problem, own_scale(outcome)
    if not wrong_quantities(outcome, problem.right, scale):
        return about_cost(outcome, problem.cost, scale)
    again = patient(other, outcome.reading)
    if told := nothing(outcome) or own_loss(outcome, again):
        return told
    some = laws(outcome)
    for name, law in some.items():
        if found := explanations(outcome, again, law, outcome.cost is not None or name == "ours"):
            return known(outcome, found, law(problem))
    if spread := broadcast(outcome):
        return [_rank_1(outcome, spread)]
    if found_elsewhere := for_another_network(outcome, again):
        return found_elsewhere
    # By the loss of whose gradients most are right, and not all.
    wrong = {
        c: len(wrong_quantities(outcome, problem.right, c))
        for c in (law(problem) for law in some.values())
    }
    return nameless(patient, outcome, min((c for c in wrong if wrong[c]), key=wrong.__getitem__))


def _after_an_exception(patient: Patient, first: Outcome) -> list[Finding]:
    """Find out why it was raised: by what is in sight there, or where all sizes are equal."""
    if told := broadcast(first):
        return [_rank_1(first, told), about_exception(first)]
    net, reading = first.problem.net, first.reading
    squares = [probe(net, square=True)]
    if net.sizes[-1] == 1:  # above which no transpose can hide
        squares.append(probe(net, sizes=(SIDE,) * len(net.sizes), m=SIDE))
    for square in squares:
        for turned, rank_1 in LAYOUTS[reading.convention]:
            outcome = patient(square, reading._replace(turned=turned, rank_1=rank_1))
            if outcome.error is None and wrong_quantities(outcome, square.right):
                again = patient(second(square), outcome.reading)
                if found := explanations(outcome, again, LAWS["ours"], not (turned or rank_1)):
                    return [*known(outcome, found, 1.0, first), about_exception(first)]
    return [about_exception(first)]


def _elsewhere(patient: Patient, first: Outcome, sizes_are_given: bool) -> list[Finding]:
    """Whether what is right on one problem is right on others, and still on the first."""
    net = first.problem.net
    others = [
        probe(net, sizes=net.sizes, m=M + 2, seed=1),
        probe(net, sizes=net.sizes, m=1, seed=3),
        probe(net, sizes=net.sizes, scale=3.0, seed=2),
        *([] if sizes_are_given else [probe(net, square=True)]),
    ]
    factor = own_scale(first)
    same = {*followed(factor, first.problem)}
    for problem in others:
        outcome = patient(problem, first.reading)
        if outcome.error is not None:
            return [about_exception(outcome)]
        findings = _numbers(patient, outcome, second(problem, sizes_are_given))
        here = own_scale(outcome)
        same &= {*followed(here, problem)}
        if not findings and not same:
            evidence = (  # cost and gradients go together, and follow no law
                f"cost and gradients are {factor:.4g} times what they should be there, and"
                f" {here:.4g} times here: look at what stands for m"
            )
            findings = [Finding("unknown", evidence, "certain", first.reading.m, quantity="dW")]
        if findings and problem.m > 1:
            largest = float(np.max(np.abs(problem.X)))
            where = f"{problem.about}, entries of X up to {largest:.1f}"
            right = f"right at {first.problem.about}, and not at {where}: "
            return [one._replace(evidence=right + one.evidence) for one in findings]
    return about_state(first, patient(first.problem, first.reading))


def _rank_1(outcome: Outcome, told: str) -> Finding:
    L = outcome.problem.net.L
    fix = "Give every array two axes: Y.reshape(A.shape), X[:, i:i + 1] for X[:, i]"
    return Finding("rank_1", told, "certain", fix, quantity="dZ", layer=L)


def _other_convention(first: Outcome, elsewhere: Outcome) -> Finding:
    there = elsewhere.reading.convention
    evidence = f"with examples as {there}s it gives the right gradients"
    if first.error is not None:
        evidence += f", and with {first.reading.convention}s {type(first.error).__name__}"
    fix = f'diagnose(…, convention="{there}"), or transpose X and Y where they come in'
    return Finding("other_convention", evidence, "certain", fix)


def _report(findings: list[Finding], outcome: Outcome) -> Diagnosis:
    told = str(outcome.reading)
    if outcome.gives:
        told += f"; it gives {outcome.gives}"
    if outcome.error is None and abs((scale := own_scale(outcome)) - 1) > TOLERANCE:
        told += f"; its cost is {scale:.4g} times ours, and its gradients are that cost's"
    ok = all(one.sure == "possible" for one in findings)
    remarks = [f"Tried at {outcome.problem.about}."]
    return Diagnosis(ok, findings, told, remarks=remarks)
