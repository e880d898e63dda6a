"""Activations as files have them: a name, and one number where it has one; and what they compute.

>>> print(Activation("leaky_relu", 0.3), Activation("tanh"))
leaky_relu(0.3) tanh
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from shapecheck_bp.activations import ACTIVATIONS, LEAKY_SLOPE, ByActivation
from shapecheck_bp.network import Network


class Activation(NamedTuple):
    """What one layer does to Z."""

    name: str
    parameter: float | None = None
    """The slope of leaky_relu, alpha of elu, and the largest value of a relu that has one."""

    def __str__(self) -> str:
        return self.name if self.parameter is None else f"{self.name}({self.parameter:g})"


IDENTITY = Activation("identity")


def activations_of(net: Network) -> tuple[Activation, ...]:
    """The activations of a Network, layer by layer."""
    slope = {"leaky_relu": LEAKY_SLOPE}
    return tuple(Activation(name, slope.get(name)) for name in net.activations)


def as_network(sizes: Sequence[int], activations: Sequence[Activation]) -> Network:
    """The Network with these activations.

    Raises:
        ValueError: a Network cannot have them; it says why.
    """
    hidden = {*activations[:-1]} or {Activation("relu")}
    if len(hidden) > 1:
        told = ", ".join(map(str, activations[:-1]))
        raise ValueError(f"a Network has one activation for all hidden layers; here are {told}")
    net = Network(tuple(sizes), hidden.pop().name, activations[-1].name)
    for mine, theirs in zip(activations_of(net)[-len(activations) :], activations, strict=True):
        if mine != theirs:
            raise ValueError(f"a Network has {mine}; here is {theirs}")
    return net


def chained(found: list[Activation], one: Activation, layers: int) -> None:
    """Note the activation that comes next, after so many layers.

    Raises:
        ValueError: it comes before the first layer, or after another activation.
    """
    found += [IDENTITY] * (layers - len(found))
    if one == IDENTITY:
        return
    if not layers or found[-1] != IDENTITY:
        before = f"after {found[-1]}" if layers else "before the first layer"
        raise ValueError(f"expected one activation after each layer; {one} comes {before}")
    found[-1] = one


def _softmax(Z: Any) -> Any:
    powers = np.exp(Z - Z.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def _gelu_tanh(Z: Any) -> Any:
    return Z / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (Z + 0.044715 * Z**3)))


def _elu(Z: Any, alpha: float | None) -> Any:
    return np.where(Z > 0, Z, alpha * np.expm1(np.minimum(Z, 0)))


SELU = 1.0507009873554805, 1.6732632423543772
COMPUTED = ByActivation[Callable[[Any, float | None], Any]](
    "activations that are computed here",
    identity=lambda Z, _: Z,
    sigmoid=lambda Z, _: ACTIVATIONS["sigmoid"].g(Z),
    tanh=lambda Z, _: np.tanh(Z),
    relu=lambda Z, most: np.clip(Z, 0, most),
    leaky_relu=lambda Z, slope: np.where(Z > 0, Z, slope * Z),
    softmax=lambda Z, _: _softmax(Z),
    log_softmax=lambda Z, _: np.log(_softmax(Z)),
    elu=_elu,
    selu=lambda Z, _: SELU[0] * _elu(Z, SELU[1]),
    gelu=lambda Z, _: Z / 2 * (1 + np.vectorize(math.erf, otypes=[Z.dtype])(Z / math.sqrt(2))),
    gelu_tanh=lambda Z, _: _gelu_tanh(Z),
    silu=lambda Z, _: Z * ACTIVATIONS["sigmoid"].g(Z),
    softsign=lambda Z, _: Z / (1 + np.abs(Z)),
)


def forward(params: Sequence[Any], activations: Sequence[Activation], X: Any) -> Any:
    """The outputs for X, an example a row, of parameters as ``column`` has them."""
    A = X.reshape(len(X), -1)
    for (W, b), g in zip(params, activations, strict=True):
        A = COMPUTED[g.name](A @ W.T + b.T, g.parameter)
    return A
