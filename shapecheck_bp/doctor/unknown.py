"""Findings without a name: where a mistake enters that no table has, and what can be said of it."""

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np

from shapecheck_bp import column
from shapecheck_bp.activations import ACTIVATIONS
from shapecheck_bp.doctor.findings import wrong_in_words
from shapecheck_bp.doctor.matching import alike, wrong_quantities
from shapecheck_bp.doctor.probe import Probe, named
from shapecheck_bp.doctor.remedies import remedy
from shapecheck_bp.doctor.report import Finding
from shapecheck_bp.doctor.styles import Outcome
from shapecheck_bp.doctor.verdicts import factor
from shapecheck_bp.network import Network
from shapecheck_bp.shapes.switch import enforce

NAMELESS = "no known mistake gives these numbers"


def by_one_factor(outcome: Outcome, scale: float) -> Finding | None:
    """What is said where all gradients are wrong by one factor; nothing has to be looked at."""
    problem = outcome.problem
    found = [np.ravel(one) for one in outcome.grads.values()]
    right = [np.ravel(problem.right[name]) for name in outcome.grads]
    c = factor(np.concatenate(found), np.concatenate(right))
    if not c or len(wrong_quantities(outcome, problem.right, scale)) < len(found):
        return None
    sizes = {f"n_{layer}": size for layer, size in enumerate(problem.net.sizes)}
    by = next((name for name, size in sizes.items() if alike(c, problem.m / size)), "")
    told = f"every gradient is {c:.4g} times what it should be"
    told += f", as if it were divided by {by}, and not by m" * bool(by)
    evidence = f"{NAMELESS}; {wrong_in_words(outcome, scale)}; {told}"
    return Finding("unknown", evidence, "likely", outcome.reading.m if by else None)


def unknown(outcome: Outcome, seen: Sequence[Any], scale: float) -> Finding:
    """A mistake that is not in the table: where it enters, and all that can be said of it.

    ``seen`` are the arrays that the person's code had in hand: the first of the forward pass that
    is not among them is where it went wrong, if it did so there. ``scale`` is the factor by which
    the person's own loss is ours.
    """
    problem, net = outcome.problem, outcome.problem.net
    wrong = wrong_quantities(outcome, problem.right, scale)
    told = [NAMELESS, wrong_in_words(outcome, scale)]
    layer = wrong[0][1]
    here = [quantity for quantity, place in wrong if place == layer]
    quantity = here[0] if len(here) == 1 else "dZ"
    if layer == net.L and quantity == "dZ":
        quantity, layer = _first_missing(problem, seen) or (quantity, layer)
    if quantity in ("Z", "A"):
        told.append(f"{quantity}[{layer}] is nowhere among its arrays, and what is before it is")
    if outcome.cost is not None:
        right = alike(outcome.cost, scale * problem.cost)
        told.append(f"the cost is {'right' if right else 'wrong'}")
    W, dW = problem.params[layer - 1].W, outcome.grads["dW", layer]
    if dW.shape == W.shape:
        share = factor(dW - scale * problem.right["dW", layer], W)
        if share and abs(share) > 1e-9:
            quantity = "dW"
            told.append(f"too much in dW[{layer}] is {share:.3g} * W[{layer}]: weight decay?")
    fix = remedy(quantity, (layer,), net, outcome.reading)
    return Finding("unknown", "; ".join(told), "likely", fix, quantity=quantity, layer=layer)


def _first_missing(problem: Probe, seen: Sequence[Any]) -> tuple[str, int] | None:
    """The first quantity of the forward pass that was not come to, where the output was not.

    Only where this can be seen: code that takes one example after the other has no such arrays.
    """
    cache = column.forward(problem.net, problem.params, problem.X)

    def like(array: Any) -> list[Any]:
        return [one for one in seen if one.shape == array.shape]

    def came(array: Any) -> bool:
        return any(alike(one, array) for one in like(array))

    if came(cache.A[-1]):
        return None
    rows = enumerate(zip(cache.Z, cache.A[1:], strict=True), start=1)
    layer, (Z, A) = next(row for row in rows if not came(row[1][1]))
    # With one such array alone it cannot be told whether Z was right on the way to it.
    different = {one.tobytes() for one in like(A)}
    return ("A" if came(Z) or len(different) < 2 else "Z", layer) if different else None


def for_another_network(outcome: Outcome, again: Outcome) -> list[Finding]:
    """Whether this would be right with other activations, or another loss, than were told."""
    net, problems = outcome.problem.net, (outcome, again)
    outputs = [(one, None) for one in (*ACTIVATIONS, "softmax")]
    if again.error is not None:
        return []
    for hidden, (output, loss) in product(
        dict.fromkeys((net.hidden, *ACTIVATIONS)), [(net.output, net.loss), *outputs]
    ):
        is_possible = output != "softmax" or net.sizes[-1] > 1
        if is_possible and all(_right_for(one, hidden, output, loss) for one in problems):
            told = f"hidden={hidden!r}, output={output!r}"
            evidence = f"it is right for a network with {told}"
            fix = f"Network(sizes, {told}), if that is what you mean"
            return [Finding("unknown", evidence, "certain", fix)]
    return []


def _right_for(outcome: Outcome, hidden: str, output: str, loss: str | None) -> bool:
    problem = outcome.problem
    meant = Network(problem.net.sizes, hidden, output, loss)  # type: ignore[arg-type]
    with enforce(False), np.errstate(all="ignore"):
        _, grads = column.gradients(meant, problem.params, problem.X, problem.Y)
    return not wrong_quantities(outcome, named(grads))
