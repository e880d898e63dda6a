"""Findings in words: from what came out, and from the mistakes that explain it."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from shapecheck_bp.doctor.matching import close, wrong_quantities
from shapecheck_bp.doctor.mistakes import in_words
from shapecheck_bp.doctor.remedies import remedy
from shapecheck_bp.doctor.report import Finding
from shapecheck_bp.doctor.scales import laws_without_cost
from shapecheck_bp.doctor.sick import Fault, backprop
from shapecheck_bp.doctor.styles import NoGradientsError, Outcome

EVERYTHING = ("missing_mean", "double_mean")  # of which 1/m is in dW and db, and not in dZ
MEANT = {"sum": "missing_mean", "outputs": "reduction_mismatch"}
ONCE = "1/m comes in once, in dW and db"


def known(
    outcome: Outcome, found: list[list[Fault]], scale: float, raised: Outcome | None = None
) -> list[Finding]:
    """Findings for the mistakes that give the very numbers, and for others that would too."""
    findings = [_finding(outcome, faults) for faults in _from_the_output_on(found[0])]
    with_these = " and ".join(one.evidence for one in findings)
    evidence = f"{wrong_in_words(outcome, scale)}. The same numbers come out with {with_these}"
    if raised is not None:
        evidence = f"it raises {_error(raised)}; in a square network, where it runs, {evidence}"
    first, *rest = findings
    told = [first._replace(evidence=evidence)]
    told += [one._replace(evidence=f"{one.evidence}, with {first.mistake} besides") for one in rest]
    names = {one.mistake for one in findings}
    others: dict[str, Finding] = {}
    for faults in found[1:]:
        for one in (_finding(outcome, same) for same in _from_the_output_on(faults)):
            if one.mistake not in names:
                evidence = f"the same numbers would come out with {one.evidence}"
                others.setdefault(one.mistake, one._replace(evidence=evidence, sure="likely"))
    if others:
        told = [one._replace(sure="likely") for one in told]
    expected, _ = backprop(outcome.problem, found[0])
    return [*told, *about_cost(outcome, expected, scale), *others.values()]


def own_loss(outcome: Outcome, again: Outcome) -> list[Finding]:
    """Whether all gradients are those of a loss of one's own, whose cost is not given."""
    if outcome.cost is not None or again.error is not None:
        return []
    net = outcome.problem.net
    for words, law in laws_without_cost(net).items():
        both = (outcome, again)
        if any(wrong_quantities(one, one.problem.grads, law(one.problem)) for one in both):
            continue
        mistake = next((name for word, name in MEANT.items() if word in words), "factor_two")
        of_sums = mistake == "missing_mean"
        quantity, layer = "dW" if of_sums else "dZ", None if of_sums and net.L > 1 else net.L
        lines = ("dW", "db") if of_sums else ("dZ",)
        fix = "; ".join(
            remedy(one, (layer,) if layer else (), net, outcome.reading) for one in lines
        )
        evidence = f"{wrong_in_words(outcome)}. If your loss is {words}, it is right for that"
        return [Finding(mistake, evidence, "possible", fix, quantity=quantity, layer=layer)]
    return []


def nothing(outcome: Outcome) -> list[Finding]:
    """Gradients that are all 0."""
    if any(np.any(one) for pair in outcome.grads for one in pair if one is not None):
        return []
    evidence = "every gradient is 0: the error does not come back, or is never set"
    return [Finding("unknown", evidence, "likely", quantity="dZ", layer=outcome.problem.net.L)]


def _from_the_output_on(faults: list[Fault]) -> list[list[Fault]]:
    """The faults of each mistake, those nearest to the output first."""
    ordered = sorted(faults, key=lambda fault: -max(fault.layers))
    names = dict.fromkeys(fault.mistake for fault in ordered)
    return [[fault for fault in faults if fault.mistake == name] for name in names]


def _finding(outcome: Outcome, faults: list[Fault]) -> Finding:
    """One mistake, which may be in two quantities; its evidence is yet only the wrong formula."""
    net, reading, fault = outcome.problem.net, outcome.reading, faults[-1]
    alike = [one for one in faults if one.quantity == fault.quantity]
    layers = tuple(sorted({layer for one in alike for layer in one.layers}))
    everywhere = fault.quantity == "dZ" and layers == (net.L,)
    mistake, quantity = fault.mistake, fault.quantity
    fix = remedy(quantity, layers, net, reading)
    if mistake in EVERYTHING and everywhere:
        quantity, layers = "dW", tuple(range(1, net.L + 1))
        fix = "; ".join(remedy(one, layers, net, reading) for one in ("dW", "db"))
    elif mistake == "double_mean" and quantity == "dZ":
        fix = f"{fix}; {ONCE}"
    elif mistake == "reduction_mismatch":
        fix = f"{remedy('cost', (), net, reading)} goes with {fix}"
    wrong = in_words(fault, reading.convention)
    if net.L > 1 and not everywhere and len(layers) < net.L:
        numbers = " and ".join(map(str, layers))
        wrong += f" in layer{'s' * (len(layers) > 1)} {numbers}"
    layer = layers[0] if len(layers) == 1 else None
    return Finding(mistake, wrong, "certain", fix, quantity=quantity, layer=layer)


def wrong_in_words(outcome: Outcome, scale: float = 1.0) -> str:
    """What is wrong with the gradients, in numbers."""
    wrong = wrong_quantities(outcome, outcome.problem.grads, scale)
    told = [_difference(outcome, quantity, layer, scale) for quantity, layer in wrong[:2]]
    names = {f"{quantity}[{layer}]" for quantity, layer in wrong}
    given = [
        f"{quantity}[{layer}]"
        for layer in range(outcome.problem.net.L, 0, -1)
        for quantity, one in zip(("dW", "db"), outcome.grads[layer - 1], strict=True)
        if one is not None
    ]
    right = [name for name in given if name not in names]
    if len(wrong) > 2:
        told.append(f"{len(wrong) - 2} more {'is' if len(wrong) == 3 else 'are'} wrong")
    unharmed = f"; {', '.join(right)} {'are' if len(right) > 1 else 'is'} right" if right else ""
    return ", ".join(told) + unharmed


def _difference(outcome: Outcome, quantity: str, layer: int, scale: float) -> str:
    """How a gradient differs from what is right: a factor, a shape, a share."""
    place = ("dW", "db").index(quantity)
    found = np.asarray(outcome.grads[layer - 1][place])
    right = scale * np.asarray(outcome.problem.grads[layer - 1][place])
    name, m = f"{quantity}[{layer}]", outcome.problem.m
    if np.squeeze(found).shape != np.squeeze(right).shape or (
        quantity == "dW" and found.shape != right.shape
    ):
        lies = _as_given(outcome, quantity)
        return f"{name} is {lies(found)} where {lies(right)} is meant"
    if not np.all(np.isfinite(found)):
        return f"{name} has NaN or infinity in it"
    if not np.any(found):
        return f"{name} is 0"
    found = found.reshape(right.shape)
    ratio = float(np.sum(found * right) / np.sum(right**2))
    if close(found, ratio * right) and ratio and right.size > 1:
        is_m = f", and m = {m}" if abs(ratio - m) < 1e-3 or abs(ratio * m - 1) < 1e-3 else ""
        return f"{name} is {ratio:.4g} times what it should be{is_m}"
    off = float(np.max(np.abs(found - right)) / np.max(np.abs(right)))
    return f"{name} is off by up to {off:.0%}" if off >= 0.01 else f"{name} is off by {off:.1e}"


def _as_given(outcome: Outcome, quantity: str) -> Any:
    """The shape of an array as its author sees it."""
    reading = outcome.reading
    turned = reading.transposes_W if quantity == "dW" else reading.convention == "row"
    return lambda array: array.shape[::-1] if turned else array.shape


def about_cost(outcome: Outcome, expected: float, scale: float) -> list[Finding]:
    """Whether the cost is the one that the gradients belong to."""
    net, m = outcome.problem.net, outcome.problem.m
    if outcome.cost is None or close(outcome.cost, scale * expected) or not np.isfinite(expected):
        return []
    n_L, factor = net.sizes[-1], outcome.cost / expected
    names = {
        m: "missing_mean", 1 / m: "double_mean", -1: "sign", 2: "factor_two", 0.5: "factor_two",
        1 / n_L: "reduction_mismatch", n_L: "reduction_mismatch",
    }  # fmt: skip
    mistake = next((name for one, name in names.items() if close(factor, one)), "unknown")
    right = not wrong_quantities(outcome, outcome.problem.grads, scale)
    told = "the gradients are right, and the cost is" if right else "the cost is"
    evidence = f"{told} {factor:.4g} times what it should be: {outcome.cost:.6g} for {expected:.6g}"
    fix = remedy("cost", (), net, outcome.reading)
    sure = "certain" if mistake != "unknown" else "likely"
    return [Finding(mistake, evidence, sure, fix, quantity="cost")]


def about_shapes(outcome: Outcome) -> list[Finding]:
    """Right values in a shape that is not that of W or b."""
    net, reading = outcome.problem.net, outcome.reading
    found: dict[tuple[str, str, str], list[tuple[int, str]]] = {}
    for layer in range(net.L, 0, -1):
        for place, (quantity, given) in enumerate((("dW", "W"), ("db", "b"))):
            array = np.asarray(outcome.grads[layer - 1][place])
            right = np.asarray(outcome.problem.grads[layer - 1][place])
            if outcome.grads[layer - 1][place] is None:
                continue
            wanted = right[:, 0] if quantity == "db" and reading.rank_1 else right
            if array.shape == wanted.shape:
                continue
            lies = _as_given(outcome, quantity)
            told = f"{quantity}[{layer}] is {lies(array)}, and {given}[{layer}] {lies(wanted)}"
            # b - learning_rate * db is right all the same where db is stretched and b is not.
            harmless = np.broadcast_shapes(lies(array), lies(wanted)) == lies(wanted)
            mistake = "db_no_keepdims" if quantity == "db" else "rank_1"
            key = mistake, quantity, "possible" if harmless else "certain"
            found.setdefault(key, []).append((layer, told))
    findings = []
    for (mistake, quantity, sure), places in found.items():
        only = places[0][0] if len(places) == 1 else None
        fix = remedy(quantity, tuple(layer for layer, _ in places), net, reading)
        if sure == "possible":
            fix += f"; nothing to do if your b {'is' if only else 'are'} of that shape too"
        evidence = f"right values in another shape: {'; '.join(told for _, told in places)}"
        findings.append(Finding(mistake, evidence, sure, fix, quantity=quantity, layer=only))
    return findings


def about_order(outcome: Outcome) -> list[Finding]:
    """Whether the gradients are right, and come with the last layer first."""
    turned = replace(outcome, grads=outcome.grads[::-1])
    if outcome.problem.net.L < 2 or wrong_quantities(turned, outcome.problem.grads):
        return []
    evidence = "every gradient is right, and they come back with the last layer first"
    return [Finding("unknown", evidence, "certain", "Return them from the first layer to the last")]


def about_arguments(outcome: Outcome) -> list[Finding]:
    """Whether the arguments came back as they went in."""
    if not outcome.changed:
        return []
    names = ", ".join(outcome.changed)
    evidence = (
        f"after the call {names} {'is' if len(outcome.changed) == 1 else 'are'} not as before"
    )
    fix = "Work on copies: W = W - step, not W -= step; and nothing taken out of a dict or list"
    return [Finding("modifies_arguments", evidence, "certain", fix)]


def about_state(first: Outcome, again: Outcome) -> list[Finding]:
    """Whether a second call with the same arguments gives the same."""
    fix = "Keep nothing between calls: no globals, no random numbers, no sums that go on"
    if again.error is not None:
        evidence = f"a second call with the same arguments raises {_error(again)}"
        return [Finding("keeps_state", evidence, "certain", fix)]
    for layer in range(len(first.grads), 0, -1):
        pairs = zip(("dW", "db"), first.grads[layer - 1], again.grads[layer - 1], strict=True)
        for quantity, one, other in pairs:
            if one is None and other is None:
                continue
            if not np.array_equal(one, other, equal_nan=True) and not close(other, one):
                evidence = (
                    f"a second call with the same arguments gives another {quantity}[{layer}]"
                )
                return [
                    Finding("keeps_state", evidence, "certain", fix, quantity=quantity, layer=layer)
                ]
    costs = [one.cost for one in (first, again) if one.cost is not None and np.isfinite(one.cost)]
    if len(costs) == 2 and not close(*costs):
        evidence = "a second call with the same arguments gives another cost"
        return [Finding("keeps_state", evidence, "certain", fix, quantity="cost")]
    return []


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
