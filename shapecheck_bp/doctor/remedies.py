"""The right line for each quantity, as the person would write it: their convention, their layer."""

import re

from shapecheck_bp.activations import ByActivation
from shapecheck_bp.doctor.styles import Reading
from shapecheck_bp.network import Network

# For examples as columns or as rows, and W as that convention has it or turned.
LINES = {
    ("column", False): {
        "Z": "Z = W @ A_prev + b",
        "dW": "dW = dZ @ A_prev.T / m",
        "db": "db = np.sum(dZ, axis=1, keepdims=True) / m",
        "dA_prev": "dA_prev = W.T @ dZ",
    },
    ("column", True): {
        "Z": "Z = W.T @ A_prev + b",
        "dW": "dW = A_prev @ dZ.T / m",
        "db": "db = np.sum(dZ, axis=1, keepdims=True) / m",
        "dA_prev": "dA_prev = W @ dZ",
    },
    ("row", False): {
        "Z": "Z = A_prev @ W + b",
        "dW": "dW = A_prev.T @ dZ / m",
        "db": "db = np.sum(dZ, axis=0, keepdims=True) / m",
        "dA_prev": "dA_prev = dZ @ W.T",
    },
    ("row", True): {
        "Z": "Z = A_prev @ W.T + b",
        "dW": "dW = dZ.T @ A_prev / m",
        "db": "db = np.sum(dZ, axis=0, keepdims=True) / m",
        "dA_prev": "dA_prev = dZ @ W",
    },
}
CLASSES = {"column": 0, "row": 1}
COSTS = {
    "squared_error": "J = np.sum((A - Y) ** 2) / m",
    "log_loss": "J = -np.sum(Y * np.log(A) + (1 - Y) * np.log(1 - A)) / m",
    "cross_entropy": "J = -np.sum(Y * np.log(A)) / m",
}
DERIVATIVES = ByActivation(
    "g' as a line of code",
    sigmoid="A * (1 - A)",
    tanh="(1 - A ** 2)",
    relu="(Z > 0)",
    leaky_relu="np.where(Z > 0, 1, 0.01)",
)


def remedy(quantity: str, layers: tuple[int, ...], net: Network, reading: Reading) -> str:
    """The line of code that is right, with the layer in it: dW[2] = dZ[2] @ A[1].T / m."""
    if quantity in ("", "cost"):
        return COSTS[net.loss] if quantity else ""
    line = LINES[reading.convention, reading.turned].get(quantity) or _of_activation(
        quantity, min(layers, default=net.L), net, CLASSES[reading.convention]
    )
    if reading.rank_1:
        line = line.replace(", keepdims=True", "") if quantity == "db" else line
        if quantity == "Z" and reading.convention == "column":
            line = line.replace("+ b", "+ b[:, None]")
    return _numbered(line, layers[0], net.L) if len(layers) == 1 else line


def _of_activation(quantity: str, layer: int, net: Network, classes: int) -> str:
    g = net.activations[layer - 1]
    if quantity == "A":
        if g == "softmax":
            return f"A = np.exp(Z) / np.sum(np.exp(Z), axis={classes}, keepdims=True)"
        return f"A = {g}(Z)"
    if quantity == "dA":
        return "dA = 2 * (A - Y)"
    if layer == net.L and net.paired:
        return "dZ = A - Y"
    if g == "softmax":
        return f"dZ = A * (dA - np.sum(A * dA, axis={classes}, keepdims=True))"
    dA = "2 * (A - Y)" if layer == net.L else "dA"
    return f"dZ = {dA}" if g == "identity" else f"dZ = {dA} * {DERIVATIVES[g]}"


def _numbered(line: str, layer: int, L: int) -> str:
    """With the layers' numbers: W[2], A[1] for A_prev."""

    def number(match: re.Match[str]) -> str:
        name = match[0]
        if name.endswith("_prev"):
            stem = name.removesuffix("_prev")
            return "X" if (stem, layer) == ("A", 1) else f"{stem}[{layer - 1}]"
        return f"{name}[{layer}]"

    return re.sub(r"\b(dA_prev|A_prev|dW|db|dZ|dA|W|b|Z|A)\b(?!\()", number, line)
