"""g, g', L and dL/dA as the texts write them: no overflow is avoided, and nothing is cancelled.

>>> a, y = np.array([[0.25]]), np.array([[1.0]])
>>> LOSS["log_loss"](a, y).round(4).item(), LOSS_PRIME["log_loss"](a, y).item()
(1.3863, -4.0)
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from shapecheck_bp.data.settings import ByName

Elementwise = Callable[[Any], Any]


def sigmoid(z: Any) -> Any:
    """σ(z) = 1 / (1 + e^-z). Source: layers, "Simple network"; tensors, section 2.1."""
    return 1 / (1 + np.exp(-z))


G = ByName[Elementwise](
    "g as the texts write it",
    sigmoid=sigmoid,
    tanh=lambda z: (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z)),
    relu=lambda z: np.where(z > 0, z, 0.0),
    leaky_relu=lambda z: np.where(z > 0, z, 0.01 * z),
    identity=lambda z: z,
)

G_PRIME = ByName[Elementwise](
    "g' as the texts write it",
    sigmoid=lambda z: sigmoid(z) * (1 - sigmoid(z)),
    tanh=lambda z: 1 - G["tanh"](z) ** 2,
    relu=lambda z: np.where(z > 0, 1.0, 0.0),
    leaky_relu=lambda z: np.where(z > 0, 1.0, 0.01),
    identity=lambda z: np.ones_like(z),
)

# Of each output a and target y; an example's loss is the sum over its outputs.
LOSS: dict[str, Callable[[Any, Any], Any]] = {
    "squared_error": lambda a, y: (a - y) ** 2,
    "log_loss": lambda a, y: -y * np.log(a) - (1 - y) * np.log(1 - a),
    "cross_entropy": lambda a, y: -y * np.log(a),
}

LOSS_PRIME: dict[str, Callable[[Any, Any], Any]] = {
    "squared_error": lambda a, y: 2 * (a - y),
    "log_loss": lambda a, y: -y / a + (1 - y) / (1 - a),
    "cross_entropy": lambda a, y: -y / a,
}


def softmax(z: Any) -> Any:
    """exp(z_k) / Σ_c exp(z_c), for the outputs of one example."""
    return np.exp(z) / np.sum(np.exp(z))


def delta(i: int, j: int) -> float:
    """The Kronecker delta: 1 where i = j, else 0."""
    return 1.0 if i == j else 0.0
