"""Activations as files have them: a name, and one number where it has one.

>>> print(Activation("leaky_relu", 0.3), Activation("tanh"))
leaky_relu(0.3) tanh
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from shapecheck_bp.activations import LEAKY_SLOPE, sigmoid
from shapecheck_bp.data.settings import ByName
from shapecheck_bp.layouts.table import expected
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


def activations_of(net: Any, sizes: tuple[int, ...]) -> tuple[Activation, ...]:
    """The activations of a Network of these sizes, or as they are given, one for each layer."""
    if isinstance(net, Network) and net.sizes == sizes:
        slopes = {"leaky_relu": LEAKY_SLOPE}
        return tuple(Activation(name, slopes.get(name)) for name in net.activations)
    L = len(sizes) - 1
    if not isinstance(net, Sequence) or [type(one) for one in net] != [Activation] * L:
        raise expected("net", f"a Network of sizes {sizes}, or {L} Activations, one a layer", net)
    return tuple(net)


def chained(found: list[Activation], one: Activation) -> None:
    """Note the activation that comes next; of each layer so far there is one, identity at first."""
    if one == IDENTITY:
        return
    if not found or found[-1] != IDENTITY:
        before = f"after {found[-1]}" if found else "before the first layer"
        raise ValueError(f"expected one activation after each layer; {one} comes {before}")
    found[-1] = one


class Known(NamedTuple):
    """What is known of an activation."""

    g: Callable[[Any, Any], Any]
    """A = g(Z, its number), an example a row."""
    operator: str
    """Of ONNX."""
    options: Mapping[str, Any] = {}
    """The attributes that it has there."""
    number: float | None = None
    """That attribute alpha has, where a graph does not say it."""


def _elu(Z: Any, alpha: float) -> Any:
    return np.where(Z > 0, Z, alpha * np.expm1(np.minimum(Z, 0)))


def _log_softmax(Z: Any) -> Any:
    Z = Z - Z.max(1, keepdims=True)
    return Z - np.log(np.exp(Z).sum(1, keepdims=True))


# fmt: off
KNOWN = ByName[Known](
    "activations that files have",
    identity=Known(lambda Z, _: Z, "Identity"),
    sigmoid=Known(lambda Z, _: sigmoid(Z), "Sigmoid"),
    tanh=Known(lambda Z, _: np.tanh(Z), "Tanh"),
    relu=Known(lambda Z, most: np.clip(Z, 0, most), "Relu"),
    leaky_relu=Known(lambda Z, slope: np.where(Z > 0, Z, slope * Z), "LeakyRelu", {}, 0.01),
    elu=Known(_elu, "Elu", {}, 1.0),
    selu=Known(lambda Z, _: 1.0507009873554805 * _elu(Z, 1.6732632423543772), "Selu"),
    gelu=Known(lambda Z, _: Z / 2 * (1 + np.vectorize(math.erf, [Z.dtype])(Z / math.sqrt(2))),
               "Gelu", {"approximate": b"none"}),
    gelu_tanh=Known(lambda Z, _: Z / 2 * (1 + np.tanh(0.7978845608 * (Z + 0.044715 * Z**3))),
                    "Gelu", {"approximate": b"tanh"}),
    silu=Known(lambda Z, _: Z * sigmoid(Z), "Mul"),  # of Z and its Sigmoid
    softsign=Known(lambda Z, _: Z / (1 + np.abs(Z)), "Softsign"),
    softmax=Known(lambda Z, _: np.exp(_log_softmax(Z)), "Softmax", {"axis": -1}),
    log_softmax=Known(lambda Z, _: _log_softmax(Z), "LogSoftmax", {"axis": -1}),
)
# fmt: on


class Forward(NamedTuple):
    """Our own forward pass, of parameters as ``column`` has them."""

    params: Sequence[Any]
    activations: Sequence[Activation]

    def __call__(self, X: Any) -> Any:
        """The outputs for X, an example a row."""
        A = X.reshape(len(X), -1).astype(self.params[0].W.dtype)
        for (W, b), g in zip(self.params, self.activations, strict=True):
            A = KNOWN[g.name].g(A @ W.T + b.T, g.parameter)
        return A
