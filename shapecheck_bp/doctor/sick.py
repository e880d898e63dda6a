"""Backprop in which any formula can be replaced: what would come out with a mistake in it.

Examples are columns. Every quantity of every layer has a formula, a function of the ``Step`` that
it belongs to; a ``Fault`` puts another in its place, in one layer or in several.

>>> from shapecheck_bp import Network
>>> from shapecheck_bp.doctor.probe import probe
>>> problem = probe(Network((3, 4, 2), hidden="tanh"))
>>> J, grads = backprop(problem)
>>> bool(np.allclose(grads[0].dW, problem.grads[0].dW))
True
>>> J, grads = backprop(problem, [Fault("sign", "dW", (2,), lambda s: -s.dW)])
>>> bool(np.allclose(grads[1].dW, -problem.grads[1].dW))
True
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from shapecheck_bp import column
from shapecheck_bp.activations import ACTIVATIONS
from shapecheck_bp.doctor.probe import Probe
from shapecheck_bp.losses import cross_entropy, log_loss, squared_error, squared_error_prime
from shapecheck_bp.network import Gradient


@dataclass
class Step:
    """One layer while it is computed: the field's names, and those of the layer before."""

    l: int  # noqa: E741
    L: int
    m: int
    W: Any
    b: Any
    X: Any
    Y: Any
    activation: str
    loss: str
    paired: bool
    A_prev: Any
    Z_prev: Any
    Z: Any = None
    A: Any = None
    dA: Any = None
    dZ: Any = None
    dW: Any = None
    db: Any = None
    dA_prev: Any = None

    @property
    def is_last(self) -> bool:
        """Whether this is the output layer."""
        return self.l == self.L

    @property
    def n_L(self) -> int:
        """The number of outputs."""
        return int(self.Y.shape[0])


class Fault(NamedTuple):
    """A mistake, the quantity and the layers it is in, and what is computed instead.

    What stands instead sees the step with the right value in it already.
    """

    mistake: str
    quantity: str
    layers: tuple[int, ...]
    instead: Callable[[Step], Any]
    wrong: str = ""
    """The wrong formula in words."""
    is_factor: bool = False
    """Whether it multiplies what is there, so that it may stand behind another mistake."""


def _dZ(s: Step) -> Any:
    if s.is_last and s.paired:
        return s.A - s.Y
    return column.activation_backward(s.dA, s.Z, s.activation)


FORMULAS: dict[str, Callable[[Step], Any]] = {
    "Z": lambda s: s.W @ s.A_prev + s.b,
    "A": lambda s: column.softmax(s.Z) if s.activation == "softmax" else g(s)(s.Z),
    "dA": lambda s: squared_error_prime(s.A, s.Y),  # of the output; below it is dA_prev from above
    "dZ": _dZ,
    "dW": lambda s: s.dZ @ s.A_prev.T / s.m,
    "db": lambda s: np.sum(s.dZ, axis=1, keepdims=True) / s.m,
    "dA_prev": lambda s: s.W.T @ s.dZ,
}


def g(s: Step) -> Callable[[Any], Any]:
    """The step's activation."""
    return ACTIVATIONS[s.activation].g


def g_prime(s: Step) -> Callable[[Any], Any]:
    """Its derivative, a function of Z."""
    return ACTIVATIONS[s.activation].g_prime


def backprop(
    problem: Probe, faults: Sequence[Fault] = ()
) -> tuple[float, list[Gradient[Any, Any]]]:
    """Cost and gradients with these faults in them.

    Raises:
        ValueError: the faulty formula cannot be computed at these sizes.
    """
    global _known
    if any(fault.quantity in ("Z", "A") for fault in faults):
        steps = _forward(problem, faults)
        J = None
    else:
        known = _known  # another thread may put its own there
        if known[0] is not problem:
            right = _forward(problem, ())
            known = _known = problem, right, _cost(right[-1])
        steps, J = [Step(**vars(s)) for s in known[1]], known[2]
    grads: list[Gradient[Any, Any]] = []
    for s in reversed(steps):
        if not s.is_last:
            s.dA = steps[s.l].dA_prev
        elif not s.paired:
            _compute("dA", s, faults)
        for quantity in ("dZ", "dW", "db", "dA_prev") if s.l > 1 else ("dZ", "dW", "db"):
            _compute(quantity, s, faults)
        grads.insert(0, Gradient(s.dW, s.db))
    return _cost(steps[-1]) if J is None else J, grads


_known: tuple[Probe | None, list[Step], float] = None, [], 0.0
"""The problem that was computed last, its forward pass and its cost: most faults are behind it."""


def _forward(problem: Probe, faults: Sequence[Fault]) -> list[Step]:
    net, steps = problem.net, []
    A, Z = problem.X, problem.X
    for layer, ((W, b), g) in enumerate(zip(problem.params, net.activations, strict=True), 1):
        data, about = (problem.X, problem.Y), (net.loss, net.paired)
        s = Step(layer, net.L, problem.m, W, b, *data, g, *about, A, Z)
        _compute("Z", s, faults)
        _compute("A", s, faults)
        A, Z = s.A, s.Z
        steps.append(s)
    return steps


def _compute(quantity: str, s: Step, faults: Sequence[Fault]) -> None:
    """A quantity, and what stands instead of it, where that is no factor first."""
    setattr(s, quantity, FORMULAS[quantity](s))
    for is_factor in (False, True) if faults else ():
        for fault in faults:
            here = fault.quantity == quantity and fault.is_factor is is_factor
            if here and s.l in fault.layers:
                setattr(s, quantity, fault.instead(s))


def _cost(s: Step) -> float:
    if s.loss == "squared_error":
        return float(np.sum(squared_error(s.A, s.Y))) / s.m
    with np.errstate(all="ignore"):
        if s.loss == "log_loss":
            return float(np.sum(log_loss(s.Z, s.Y))) / s.m
        return float(np.sum(cross_entropy(np.log(s.A), s.Y))) / s.m
