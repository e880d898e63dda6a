"""Answer 2: right, for all shapes, and not only equal.

Two equal mistakes pass answer 1. Here every result is compared with what it should be, as index
sums say it (``definitions``): a layer's Z, g, softmax and the cost J are defined; and what is a
gradient has to be the derivative of J, found by differentiating J's index sum by W[a, b] and b[a].
g is left opaque there, and its derivative is called g'. That each g' is the derivative of its g is
shown from their own formulas, on each side of zero, where some have a corner.

One thing is assumed: under cross-entropy, each example's targets sum to one, Σ_k Y[k, j] = 1.
``check_data`` refuses others.
"""

from collections.abc import Iterator
from inspect import signature
from typing import Any

from shapecheck_bp.activations import ACTIVATIONS, Activation
from shapecheck_bp.network import Network
from shapecheck_bp.proof import definitions
from shapecheck_bp.proof.definitions import DEFINITIONS
from shapecheck_bp.proof.equal import compared
from shapecheck_bp.proof.factors import Factor
from shapecheck_bp.proof.report import Answer, Check
from shapecheck_bp.proof.running import Found, Run, Runs
from shapecheck_bp.proof.sums import Number, entry
from shapecheck_bp.proof.symbols import Symbolic, computed
from shapecheck_bp.tracing.naming import quantities

NO_DEFINITION = "no definition says what it should be"


def right(runs: Runs) -> Answer:
    """Compare the results of every run with what they should be."""
    checks = [check for name, pair in ACTIVATIONS.items() for check in derivatives(name, pair)]
    checks += runs.refused
    for run in runs.made:
        checks += _compare(run) if run.case.function in DEFINITIONS else []
    undefined = {run.case.function for run in runs.made} - DEFINITIONS.keys()
    return Answer(
        name="right",
        question="Are they the derivatives of J, for all shapes, and not only equal?",
        ran="the same, beside the definition of a network and the derivatives of J's index sum",
        found=f"{len(checks)} comparisons of formulas",
        checks=checks,
        left_out=runs.left_out | dict.fromkeys(undefined, NO_DEFINITION),
    )


def derivatives(name: str, pair: Activation) -> Iterator[Check]:
    """Whether g' is the derivative of g, from their own formulas."""
    about = f"{name}, z ≠ 0" if pair.kink else name
    try:
        g, g_prime = computed(pair.g), computed(pair.g_prime)
        expected = g.derivative("z", 0, 0)
        reason = f"g'(z) is {g_prime}, and the derivative of g(z) is {expected}"
        holds = g_prime is expected
    except Exception as error:  # a function that no formula is known for
        holds, reason = False, f"g could not be followed on symbols: {error}"
    yield Check("activation_backward", "g'(Z)", about, holds, "" if holds else reason)


def _compare(run: Run) -> Iterator[Check]:
    case = run.case
    definition = DEFINITIONS[case.function]
    arguments = case.arguments[: len(signature(definition).parameters)]
    net = next((one for one in arguments if isinstance(one, Network)), None)
    result = definition(*arguments)
    expected: Found = []
    for convention, found in (("column", run.column), ("row", run.row)):
        if isinstance(found, list):
            expected = quantities([name for name, _ in found], result)
            if net is not None and case.function in ("backward", "gradients"):
                given = _given(net, arguments)
                expected, found = ([(n, given(x)) for n, x in some] for some in (expected, found))
        place = f"{convention}.{case.function}"
        yield from compared(case, place, found, expected, "is {0}, and should be {1}")


def _given(net: Network, arguments: tuple[Any, ...]) -> Any:
    """What is put into formulas of gradients: the network's own Z and A, and what is assumed."""
    _, params, X, Y = arguments
    known: dict[str, Symbolic] = {}
    if hasattr(X, "A"):
        made = definitions.forward(net, params, X.A[0])
        for cached, defined in zip((*X.Z, *X.A[1:]), (*made.Z, *made.A[1:]), strict=True):
            known[cached.formula.line] = defined
    shares = Y.formula.line if net.loss == "cross_entropy" else None

    def change(factor: Factor) -> Number | None:
        if factor.kind == "entry":
            matrix, *places = factor.parts
            if matrix in known:
                return known[matrix].at(*places)
            if matrix == shares:
                return entry(matrix, places[0], places[1], kind="share")
        return None

    def concerns(factor: Factor) -> bool:
        return not factor.matrices.isdisjoint({*known, shares})

    done: dict[Number, Number] = {}

    def given(value: Any) -> Any:
        if not isinstance(value, Symbolic) or not (known or shares):
            return value
        return Symbolic(value.shape, value.entry.rebuilt(change, concerns, done), value.formula)

    return given
