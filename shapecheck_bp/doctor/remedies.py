"""The right line for each quantity, as the person would write it: their convention, their layer."""

import re

from shapecheck_bp.data.settings import ByName
from shapecheck_bp.derivations.mistakes import COSTS, PRODUCT, mirrored, right
from shapecheck_bp.doctor.styles import Reading
from shapecheck_bp.network import Network

SLOPES = ByName(
    "g' as a line of code",
    sigmoid=" * A * (1 - A)",
    tanh=" * (1 - A ** 2)",
    relu=" * (Z > 0)",
    leaky_relu=" * np.where(Z > 0, 1, 0.01)",
    identity="",
)


def remedy(quantity: str, layers: tuple[int, ...], net: Network, reading: Reading) -> str:
    """The line of code that is right, with the layer in it: dW[2] = dZ[2] @ A[1].T / m."""
    if quantity == "cost":
        return f"J = {COSTS[net.loss]}"
    layer = min(layers, default=net.L)
    g, code = net.activations[layer - 1], right(quantity, layer, net)
    if "g'(Z)" in code:
        dA = "2 * (A - Y)" if layer == net.L else "dA"
        code = code.replace("dA", dA).replace(" * g'(Z)", SLOPES[g])
    code = code.replace("g(Z)", f"{g}(Z)")
    if reading.turned:
        code = _with_turned_weights(quantity, code)
    if reading.convention == "row":
        code = mirrored(code)
    if reading.rank_1 and quantity == "db":
        code = code.replace(", keepdims=True", "")
    if reading.rank_1 and reading.convention == "column":
        code = code.replace("+ b", "+ b[:, None]")
    line = f"{quantity} = {code}"
    return _numbered(line, layers[0]) if len(layers) == 1 else line


def _with_turned_weights(quantity: str, code: str) -> str:
    """A line where W lies as in the other convention: W is turned, and so is all of dW."""

    def turned(name: str) -> str:
        return name.removesuffix(".T") if name.endswith(".T") else f"{name}.T"

    if quantity == "dW":
        return PRODUCT.sub(lambda found: f"{turned(found[2])} @ {turned(found[1])}", code)
    return re.sub(r"\bW(\.T)?", lambda found: turned(found[0]), code)


def _numbered(line: str, layer: int) -> str:
    """With the layers' numbers: W[2], A[1] for A_prev."""

    def number(match: re.Match[str]) -> str:
        name, below, _ = match[0].partition("_prev")
        return "X" if (match[0], layer) == ("A_prev", 1) else f"{name}[{layer - bool(below)}]"

    return re.sub(r"\b(dA_prev|A_prev|dW|db|dZ|dA|W|b|Z|A)\b(?!\()", number, line)
