"""Activations as files have them: a name, and one number where it has one.

>>> print(Activation("leaky_relu", 0.3), Activation("tanh"))
leaky_relu(0.3) tanh
"""

import math
from collections.abc import Sequence
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


def number(value: Any) -> float:
    """As it was written: 0.3, and not 0.30000001192, which is what float32 makes of it."""
    return float(str(np.float32(value)))


def activations_of(net: Network) -> tuple[Activation, ...]:
    """The activations of a Network, layer by layer."""
    slope = {"leaky_relu": LEAKY_SLOPE}
    return tuple(Activation(name, slope.get(name)) for name in net.activations)


def as_network(sizes: Sequence[int], activations: Sequence[Activation]) -> Network:
    """The Network with these activations, or a ValueError that says why none has them."""
    hidden = {*activations[:-1]} or {Activation("relu")}
    net = Network(tuple(sizes), min(hidden).name, activations[-1].name)
    if activations_of(net) != (*activations,):
        told = ", ".join(map(str, activations))
        raise ValueError(
            f"a Network has one activation for all hidden layers, without a number of its own;"
            f" here are {told}"
        )
    return net


def chained(found: list[Activation], one: Activation, layers: int) -> None:
    """Note the activation that comes next, after so many layers; each has one."""
    found += [IDENTITY] * (layers - len(found))
    if one != IDENTITY and (not layers or found[-1] != IDENTITY):
        before = f"after {found[-1]}" if layers else "before the first layer"
        raise ValueError(f"expected one activation after each layer; {one} comes {before}")
    if layers and one != IDENTITY:
        found[-1] = one


def _softmax(Z: Any) -> Any:
    powers = np.exp(Z - Z.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


COMPUTED = ByActivation[Any](
    "activations that are computed here",
    **{name: lambda Z, _, g=one.g: g(Z) for name, one in ACTIVATIONS.items()},
)
SELU = 1.0507009873554805, 1.6732632423543772
COMPUTED |= {
    "relu": lambda Z, most: np.clip(Z, 0, most),
    "leaky_relu": lambda Z, slope: np.where(Z > 0, Z, slope * Z),
    "elu": lambda Z, alpha: np.where(Z > 0, Z, alpha * np.expm1(np.minimum(Z, 0))),
    "selu": lambda Z, _: SELU[0] * COMPUTED["elu"](Z, SELU[1]),
    "gelu": lambda Z, _: Z / 2 * (1 + np.vectorize(math.erf, [Z.dtype])(Z / math.sqrt(2))),
    "gelu_tanh": lambda Z, _: Z / 2 * (1 + np.tanh(0.7978845608 * (Z + 0.044715 * Z**3))),
    "silu": lambda Z, _: Z * COMPUTED["sigmoid"](Z, None),
    "softsign": lambda Z, _: Z / (1 + np.abs(Z)),
    "softmax": lambda Z, _: _softmax(Z),
    "log_softmax": lambda Z, _: np.log(_softmax(Z)),
}


def forward(params: Sequence[Any], activations: Sequence[Activation], X: Any) -> Any:
    """The outputs for X, an example a row, of parameters as ``column`` has them."""
    A = X.reshape(len(X), -1).astype(params[0].W.dtype)
    for (W, b), g in zip(params, activations, strict=True):
        A = COMPUTED[g.name](A @ W.T + b.T, g.parameter)
    return A
