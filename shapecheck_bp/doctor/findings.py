"""Findings in words: from what came out, and from the mistakes that explain it."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from shapecheck_bp.derivations.mistakes import of_factor
from shapecheck_bp.doctor.matching import alike, wrong_quantities
from shapecheck_bp.doctor.remedies import remedy
from shapecheck_bp.doctor.report import Finding
from shapecheck_bp.doctor.scales import laws
from shapecheck_bp.doctor.sick import Fault, cost
from shapecheck_bp.doctor.styles import NoGradientsError, Outcome
from shapecheck_bp.doctor.verdicts import close, factor

EVERYTHING = ("missing_mean", "double_mean")  # of which 1/m is in dW and db, and not in dZ
MEANT = {"sum": "missing_mean", "outputs": "reduction_mismatch"}
ONCE = "1/m comes in once, in dW and db"


def known(
    outcome: Outcome, found: list[list[Fault]], scale: float, raised: Outcome | None = None
) -> list[Finding]:
    """Findings for the mistakes that give the very numbers, and for others that would too."""
    first, *rest = _findings(outcome, found[0])
    both = " and ".join(one.evidence for one in (first, *rest))
    evidence = f"{wrong_in_words(outcome, scale)}. The same numbers come out with {both}"
    if raised is not None:
        evidence = f"it raises {_error(raised)}; in a square network, where it runs, {evidence}"
    told = [first._replace(evidence=evidence)]
    told += [one._replace(evidence=f"{one.evidence}, with {first.mistake} besides") for one in rest]
    others: dict[str, Finding] = {}
    for one in (one for faults in found[1:] for one in _findings(outcome, faults)):
        if one.mistake not in {one.mistake for one in told}:
            evidence = f"the same numbers would come out with {one.evidence}"
            others.setdefault(one.mistake, one._replace(evidence=evidence, sure="likely"))
    if others:
        told = [one._replace(sure="likely") for one in told]
    return [*told, *about_cost(outcome, cost(outcome.problem, found[0]), scale), *others.values()]


def _findings(outcome: Outcome, faults: list[Fault]) -> list[Finding]:
    """One for each mistake, those nearest to the output first."""
    ordered = sorted(faults, key=lambda fault: -max(fault.layers))
    names = dict.fromkeys(fault.mistake for fault in ordered)
    return [_finding(outcome, [one for one in faults if one.mistake == name]) for name in names]


def _finding(outcome: Outcome, faults: list[Fault]) -> Finding:
    """One mistake, which may be in two places; its evidence is yet only the wrong line."""
    net, reading, fault = outcome.problem.net, outcome.reading, faults[-1]
    mistake, quantity = fault.mistake, fault.quantity
    alike = [one.layers for one in faults if one.quantity == quantity]
    layers = tuple(sorted(set[int]().union(*alike)))
    is_of_all = quantity == "dZ" and layers == (net.L,)
    wrong = fault.words(reading.convention)
    if net.L > 1 and not is_of_all and len(layers) < net.L:
        wrong += f" in layer{'s' * (len(layers) > 1)} {' and '.join(map(str, layers))}"
    fix = remedy(quantity, layers, net, reading)
    if mistake in EVERYTHING and is_of_all:
        quantity, layers = "dW", tuple(range(1, net.L + 1))
        fix = "; ".join(remedy(one, layers, net, reading) for one in ("dW", "db"))
    elif mistake == "double_mean" and quantity == "dZ":
        fix = f"{fix}; {ONCE}"
    elif mistake == "reduction_mismatch":
        fix = f"{remedy('cost', (), net, reading)} goes with {fix}"
    layer = layers[0] if len(layers) == 1 else None
    return Finding(mistake, wrong, "certain", fix, quantity=quantity, layer=layer)


def own_loss(outcome: Outcome, again: Outcome) -> list[Finding]:
    """Whether all gradients are those of a loss of one's own, whose cost is not given."""
    if outcome.cost is not None or again.error is not None:
        return []
    net, both = outcome.problem.net, (outcome, again)
    for words, law in laws(outcome).items():
        if any(wrong_quantities(one, one.problem.right, law(one.problem)) for one in both):
            continue
        mistake = next((name for word, name in MEANT.items() if word in words), "factor_two")
        of_sums = mistake == "missing_mean"
        quantity, layer = "dW" if of_sums else "dZ", None if of_sums and net.L > 1 else net.L
        lines = ("dW", "db") if of_sums else ("dZ",)
        layers = (layer,) if layer else ()
        fix = "; ".join(remedy(one, layers, net, outcome.reading) for one in lines)
        evidence = f"{wrong_in_words(outcome)}. If your loss is {words}, it is right for that"
        return [Finding(mistake, evidence, "possible", fix, quantity=quantity, layer=layer)]
    return []


def nothing(outcome: Outcome) -> list[Finding]:
    """Gradients that are all 0."""
    if any(map(np.any, outcome.grads.values())):
        return []
    evidence = "every gradient is 0: the error does not come back, or is never set"
    return [Finding("unknown", evidence, "likely", quantity="dZ", layer=outcome.problem.net.L)]


def wrong_in_words(outcome: Outcome, scale: float = 1.0) -> str:
    """What is wrong with the gradients, in numbers."""
    wrong = wrong_quantities(outcome, outcome.problem.right, scale)
    told = [_difference(outcome, *name, scale) for name in wrong[:2]]
    right = ["{}[{}]".format(*name) for name in outcome.grads if name not in wrong]
    if len(wrong) > 2:
        told.append(f"{len(wrong) - 2} more {'is' if len(wrong) == 3 else 'are'} wrong")
    unharmed = f"; {', '.join(right)} {'are' if len(right) > 1 else 'is'} right" if right else ""
    return ", ".join(told) + unharmed


def _difference(outcome: Outcome, quantity: str, layer: int, scale: float) -> str:
    """How a gradient differs from what is right: a factor, a shape, a share."""
    found = np.asarray(outcome.grads[quantity, layer])
    right = scale * np.asarray(outcome.problem.right[quantity, layer])
    name, m = f"{quantity}[{layer}]", outcome.problem.m
    if np.squeeze(found).shape != np.squeeze(right).shape or (
        quantity == "dW" and found.shape != right.shape
    ):
        lies, meant = (_shape(outcome, quantity, one) for one in (found, right))
        return f"{name} is {lies} where {meant} is meant"
    if not np.all(np.isfinite(found)):
        return f"{name} has NaN or infinity in it"
    if not np.any(found):
        return f"{name} is 0"
    found = found.reshape(right.shape)
    if (c := factor(found, right)) and right.size > 1 and not close(c, 1.0):
        is_m = f", and m = {m}" if abs(c - m) < 1e-3 or abs(c * m - 1) < 1e-3 else ""
        return f"{name} is {c:.4g} times what it should be{is_m}"
    off = float(np.max(np.abs(found - right)) / np.max(np.abs(right)))
    return f"{name} is off by up to {off:.0%}" if off >= 0.01 else f"{name} is off by {off:.1e}"


def _shape(outcome: Outcome, quantity: str, array: Any) -> tuple[int, ...]:
    """The shape of an array as its author sees it."""
    return np.shape(array.T if outcome.reading.turns(quantity, array) else array)


def about_cost(outcome: Outcome, expected: float, scale: float) -> list[Finding]:
    """Whether the cost is the one that the gradients belong to."""
    net = outcome.problem.net
    if outcome.cost is None or alike(outcome.cost, scale * expected) or not np.isfinite(expected):
        return []
    c = outcome.cost / expected
    mistake = of_factor(c, outcome.problem.m, net.sizes[-1]) or "unknown"
    right = not wrong_quantities(outcome, outcome.problem.right, scale)
    told = "the gradients are right, and the cost is" if right else "the cost is"
    evidence = f"{told} {c:.4g} times what it should be: {outcome.cost:.6g} for {expected:.6g}"
    fix = remedy("cost", (), net, outcome.reading)
    sure = "certain" if mistake != "unknown" else "likely"
    return [Finding(mistake, evidence, sure, fix, quantity="cost")]


def about_shapes(outcome: Outcome) -> list[Finding]:
    """Right values in a shape that is not that of W or b."""
    net, reading = outcome.problem.net, outcome.reading
    places: dict[tuple[str, str, str], list[tuple[int, str]]] = {}
    for (quantity, layer), array in outcome.grads.items():
        right = np.asarray(outcome.problem.right[quantity, layer])
        right = right[:, 0] if quantity == "db" and reading.rank_1 else right
        lies, wanted = (_shape(outcome, quantity, one) for one in (array, right))
        if lies == wanted:
            continue
        # b - learning_rate * db is right all the same where db is stretched and b is not.
        harmless = np.broadcast_shapes(lies, wanted) == wanted
        mistake = "db_no_keepdims" if quantity == "db" else "rank_1"
        key = mistake, quantity, "possible" if harmless else "certain"
        told = f"{quantity}[{layer}] is {lies}, and {quantity[1]}[{layer}] {wanted}"
        places.setdefault(key, []).append((layer, told))
    findings = []
    for (mistake, quantity, sure), some in places.items():
        only = some[0][0] if len(some) == 1 else None
        fix = remedy(quantity, tuple(layer for layer, _ in some), net, reading)
        if sure == "possible":
            fix += f"; nothing to do if your b {'is' if only else 'are'} of that shape too"
        evidence = f"right values in another shape: {'; '.join(told for _, told in some)}"
        findings.append(Finding(mistake, evidence, sure, fix, quantity=quantity, layer=only))
    return findings


def about_order(outcome: Outcome) -> list[Finding]:
    """Whether the gradients are right, and come with the last layer first."""
    L = outcome.problem.net.L
    grads = {(quantity, L + 1 - layer): one for (quantity, layer), one in outcome.grads.items()}
    if L < 2 or wrong_quantities(replace(outcome, grads=grads), outcome.problem.right):
        return []
    evidence = "every gradient is right, and they come back with the last layer first"
    return [Finding("unknown", evidence, "certain", "Return them from the first layer to the last")]


def about_arguments(outcome: Outcome) -> list[Finding]:
    """Whether the arguments came back as they went in."""
    if not outcome.changed:
        return []
    is_one = len(outcome.changed) == 1
    evidence = (
        f"after the call {', '.join(outcome.changed)} {'is' if is_one else 'are'} not as before"
    )
    fix = "Work on copies: W = W - step, not W -= step; and nothing taken out of a dict or list"
    return [Finding("modifies_arguments", evidence, "certain", fix)]


def about_state(first: Outcome, again: Outcome) -> list[Finding]:
    """Whether a second call with the same arguments gives the same."""
    quantity, layer = "", None
    differing = [
        name for name, one in first.grads.items() if _differs(one, again.grads.get(name, np.nan))
    ]
    if again.error is not None:
        told = f"raises {_error(again)}"
    elif differing:
        quantity, layer = differing[0]
        told = f"gives another {quantity}[{layer}]"
    elif _differs(*(np.nan if one.cost is None else one.cost for one in (first, again))):
        quantity, told = "cost", "gives another cost"
    else:
        return []
    evidence = f"a second call with the same arguments {told}"
    fix = "Keep nothing between calls: no globals, no random numbers, no sums that go on"
    return [Finding("keeps_state", evidence, "certain", fix, quantity=quantity, layer=layer)]


def _differs(one: Any, other: Any) -> bool:
    return not np.array_equal(one, other, equal_nan=True) and not alike(other, one)


def about_exception(outcome: Outcome) -> Finding:
    """What was raised, and where; or what came back instead of gradients."""
    if isinstance(outcome.error, NoGradientsError):
        return Finding("unknown", str(outcome.error), "certain")
    evidence = f"at {outcome.problem.about} it raises {_error(outcome)}"
    return Finding("raises", evidence, "certain")


def _error(outcome: Outcome) -> str:
    told = ""
    with suppress(Exception):  # an exception's own words may be anything
        told = " ".join(str(outcome.error).split())[:200]
    place = f" ({outcome.place})" if outcome.place else ""
    return f"{type(outcome.error).__name__}: {told}{place}"
