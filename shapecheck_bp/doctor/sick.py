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
    in_order = sorted(faults, key=lambda fault: fault.is_factor)

    def compute(quantity: str, s: Step) -> None:
        setattr(s, quantity, FORMULAS[quantity](s))
        for fault in in_order:
            if fault.quantity == quantity and s.l in fault.layers:
                setattr(s, quantity, fault.instead(s))

    net, steps = problem.net, []
    A, Z = problem.X, problem.X
    for layer, ((W, b), g) in enumerate(zip(problem.params, net.activations, strict=True), 1):
        data, about = (problem.X, problem.Y), (net.loss, net.paired)
        s = Step(layer, net.L, problem.m, W, b, *data, g, *about, A, Z)
        compute("Z", s)
        compute("A", s)
        A, Z = s.A, s.Z
        steps.append(s)
    grads: list[Gradient[Any, Any]] = []
    for s in reversed(steps):
        if not s.is_last:
            s.dA = steps[s.l].dA_prev
        elif not net.paired:
            compute("dA", s)
        for quantity in ("dZ", "dW", "db", "dA_prev") if s.l > 1 else ("dZ", "dW", "db"):
            compute(quantity, s)
        grads.insert(0, Gradient(s.dW, s.db))
    return _cost(steps[-1]), grads


def _cost(s: Step) -> float:
    if s.loss == "squared_error":
        return float(np.sum(squared_error(s.A, s.Y))) / s.m
    with np.errstate(all="ignore"):
        if s.loss == "log_loss":
            return float(np.sum(log_loss(s.Z, s.Y))) / s.m
        return float(np.sum(cross_entropy(np.log(s.A), s.Y))) / s.m
