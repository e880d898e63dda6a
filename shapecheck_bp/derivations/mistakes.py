"""The twenty mistakes that people make in backprop, each written once: as a wrong line of code.

A line is written for any layer, with examples as columns; ``mirrored`` writes it for rows. The page
computes with the lines as they stand, and the doctor knows a mistake by what comes of them.

>>> from shapecheck_bp import Network
>>> net = Network((3, 4, 2), "tanh")
>>> one = MISTAKES["weights_not_transposed"]
>>> one.lacks(net), one.instead(net), mirrored("W @ dZ"), right("dA_prev", 2, net)
('', {'dA1': 'W @ dZ'}, 'dZ @ W', 'W.T @ dZ')
>>> MISTAKES["rank_1"].lacks(net)
'a single output'
"""

import re
from math import isclose, nan
from typing import NamedTuple

from shapecheck_bp.network import Network

RIGHT = {
    "Z": "W @ A_prev + b",
    "A": "g(Z)",
    "dA": "2 * (A - Y)",  # of the output; below it is the dA_prev of the layer above
    "dZ": "dA * g'(Z)",
    "dW": "dZ @ A_prev.T / m",
    "db": "np.sum(dZ, axis=1, keepdims=True) / m",
    "dA_prev": "W.T @ dZ",
}
SOFTMAX = {
    "A": "np.exp(Z) / np.sum(np.exp(Z), axis=0, keepdims=True)",
    "dZ": "A * (dA - np.sum(A * dA, axis=0, keepdims=True))",
}
COSTS = {
    "squared_error": "np.sum((A - Y) ** 2) / m",
    "log_loss": "np.sum(-Y * np.log(A) - (1 - Y) * np.log(1 - A)) / m",
    "cross_entropy": "np.sum(-Y * np.log(A)) / m",
}
NEEDS = {
    "dA": "a hidden layer",
    "upper": "a hidden layer",
    "softmax": "a softmax output",
    "single": "a single output",
    "several": "several outputs",
    "curved": "an activation with a slope",
}
"""What a network lacks where a line can stand in none of its layers."""


def right(quantity: str, layer: int, net: Network) -> str:
    """What a quantity is of a layer, for examples as columns."""
    if quantity == "J":
        return COSTS[net.loss]
    if quantity == "dZ" and layer == net.L and net.paired:
        return "A - Y"
    if net.activations[layer - 1] == "softmax" and quantity in SOFTMAX:
        return SOFTMAX[quantity]
    return RIGHT[quantity]


PRODUCT = re.compile(r"([\w.]+) @ ([\w.]+)")
SWAPPED = {"axis=0": "axis=1", ".ravel()": ".reshape(-1, 1)"}
SWAPPED |= {new: old for old, new in SWAPPED.items()}


def mirrored(code: str) -> str:
    """A line for examples as rows: every array is transposed, and so every product is reversed.

    >>> mirrored("np.sum(W @ A_prev.T, axis=1)")
    'np.sum(A_prev.T @ W, axis=0)'
    """
    either = "|".join(map(re.escape, SWAPPED))
    return re.sub(either, lambda found: SWAPPED[found[0]], PRODUCT.sub(r"\2 @ \1", code))


class Line(NamedTuple):
    """A wrong line, and where it can stand."""

    quantity: str
    code: str
    where: str = ""
    """What a layer has to be: its activation, "last", "paired" with the loss or not, …."""

    def layers(self, net: Network) -> tuple[int, ...]:
        """The layers that it can stand in."""
        return tuple(layer for layer in range(1, net.L + 1) if self.wanted <= _facts(layer, net))

    @property
    def wanted(self) -> set[str]:
        """What a layer has to be, also by the arrays that the line is made of."""
        words, names = {*self.where.split()}, {*re.findall(r"\w+", self.code)}
        if self.quantity == "dA_prev" or names & {"X", "Z_prev"}:
            words.add("upper")
        if self.quantity in ("dA", "J") or "Y" in names:
            words.add("last")
        if "dA" in names and "softmax" not in words:
            words.add("dA")
        return words


def _facts(layer: int, net: Network) -> set[str]:
    """What a layer is, in the words of a line."""
    g, is_last = net.activations[layer - 1], layer == net.L
    facts = {
        g: True,
        "last": is_last,
        "upper": layer > 1,
        "curved": g != "identity",
        "paired": is_last and net.paired,
        "unpaired": is_last and not net.paired,
        "dA": g != "softmax" and not (is_last and net.paired),
        "single": net.sizes[-1] == 1,
        "several": net.sizes[-1] > 1,
    }
    return {word for word, is_so in facts.items() if is_so}


class Mistake(NamedTuple):
    """A mistake: what is done, in a sentence, and the lines that have it.

    "error" is what the loss gives: dZ of the last layer where that is A - Y, else dA; "2?" is its 2
    where it has one, and "1?" a 2 where it has none. What a layer has to be stands behind a line.
    """

    told: str
    wrong: tuple[str, ...]
    """Its lines, all at once."""
    others: tuple[str, ...] = ()
    """Other lines, each with the same mistake."""
    factors: tuple[str, ...] = ()
    """What a quantity is multiplied by, where that is the mistake, wherever it is made."""
    is_everywhere: bool = False
    """Whether it is made in all layers, or not at all."""

    def lines(self, net: Network, others: bool = False) -> list[Line]:
        """Its lines in a network of this kind, or all that have it."""
        twice, once = ("", "2 * ") if net.paired else ("2 * ", "")
        found = []
        for text in (*self.wrong, *self.others * others):
            text, _, where = text.replace("2?", twice).replace("1?", once).partition("  # ")
            quantity, _, code = text.partition(" = ")
            quantity = ("dZ" if net.paired else "dA") if quantity == "error" else quantity
            found.append(Line(quantity, code, where))
        return found

    def lacks(self, net: Network) -> str:
        """What the network must have, and has not; or nothing."""
        line = self.lines(net)[0]
        if line.layers(net):
            return ""
        has = set[str]().union(*(_facts(layer, net) for layer in range(1, net.L + 1)))
        return next(NEEDS[word] for word in sorted(line.wanted - has) or ["dA"])

    def instead(self, net: Network, convention: str = "column") -> dict[str, str]:
        """What is computed instead, by the step's name: dA1 is the dA_prev of layer 2."""
        found = {}
        for line in self.lines(net):
            code = mirrored(line.code) if convention == "row" else line.code
            for layer in line.layers(net):
                name = f"dA{layer - 1}" if line.quantity == "dA_prev" else f"{line.quantity}{layer}"
                found["J" if line.quantity == "J" else name] = code
        return found


# fmt: off
MISTAKES = {
    "missing_mean": Mistake("1/m is left out, so every gradient is m times what it should be",
        ("dW = dZ @ A_prev.T", "db = np.sum(dZ, axis=1, keepdims=True)"), factors=("m",)),
    "double_mean": Mistake("1/m comes in twice: in dZ, and again in dW and db",
        ("error = 2?(A - Y) / m",), factors=("1/m",)),
    "rank_1": Mistake("the labels lie otherwise than A, and NumPy stretches both to (m, m)",
        ("error = 2?(A.ravel() - Y.reshape(-1, 1))  # single",)),
    "elementwise_product": Mistake("* stands where @ is meant", ("dW = dZ * A_prev.T / m",),
        ("dW = dZ * A_prev / m", "dA_prev = W.T * dZ", "dA_prev = W * dZ", "Z = W * A_prev + b")),
    "wrong_derivative_argument": Mistake("g' is taken at A, and not at Z",
        ("dZ = dA * g'(A)  # curved",),
        ("dZ = dA * Z * (1 - Z)  # sigmoid", "dZ = dA * (1 - Z ** 2)  # tanh",
         "dZ = dA * g'(dA)", "dZ = dA * g(Z)", "dZ = dA * g'(Z_prev)")),
    "db_wrong_axis": Mistake("db is summed over the units, and not over the examples",
        ("db = np.sum(dZ, axis=0, keepdims=True) / m",),
        ("db = np.mean(dZ, axis=0, keepdims=True)", "db = np.sum(dZ, axis=0, keepdims=True)")),
    "db_summed_over_everything": Mistake("db is summed with no axis, to a single number",
        ("db = np.sum(dZ) / m",),
        ("db = np.sum(dZ)", "db = np.mean(dZ)", "db = np.full_like(b, np.sum(dZ) / m)")),
    "db_not_summed": Mistake("db is not summed over the examples",
        ("db = dZ / m",), ("db = dZ",)),
    "db_mean_dw_sum": Mistake("db is a mean over the examples, and dW a sum",
        ("dW = dZ @ A_prev.T",), ("db = np.mean(dZ, axis=1, keepdims=True) / m",),
        is_everywhere=True),
    "db_no_keepdims": Mistake("db is summed without keepdims, and has one axis in place of two",
        ("db = np.sum(dZ, axis=1) / m",)),
    "updated_weights_used": Mistake(
        "W is updated too early: dA_prev is computed with W_new = W - dW",
        ("dA_prev = W_new.T @ dZ",), is_everywhere=True),
    "softmax_wrong_axis": Mistake("softmax sums over the examples, and not over the classes",
        ("A = np.exp(Z) / np.sum(np.exp(Z), axis=1, keepdims=True)  # softmax",
         "J = np.sum(-Y * np.log(A)) / m  # paired",  # the library's takes both from Z
         f"dZ = {SOFTMAX['dZ']}  # softmax unpaired"),
        ("A = np.exp(Z) / np.sum(np.exp(Z))  # softmax",)),
    "softmax_derivative_elementwise": Mistake("softmax is differentiated entry by entry",
        ("dZ = 2?(A - Y) * A * (1 - A)  # softmax",),
        ("dZ = (A - Y) * A * (1 - A)  # softmax unpaired",
         "dZ = -Y / A * A * (1 - A)  # softmax paired")),
    "missing_activation_derivative": Mistake("g' is left out of dZ",
        ("dZ = dA  # curved",), ("dZ = A - Y  # curved unpaired",)),
    "weights_not_transposed": Mistake("W is not transposed in dA_prev", ("dA_prev = W @ dZ",)),
    "dw_transposed": Mistake("the other matrix is transposed, so dW comes out transposed",
        ("dW = A_prev @ dZ.T / m",)),
    "wrong_layer_input": Mistake("dW takes the layer's output A, and not its input A_prev",
        ("dW = dZ @ A.T / m",),
        ("dW = dZ @ Z_prev.T / m", "dW = dZ @ Z.T / m", "dW = dZ @ X.T / m")),
    "sign": Mistake("Y - A stands where A - Y is meant, so every step makes J larger",
        ("error = 2?(Y - A)",), factors=("-1",)),
    "factor_two": Mistake("a factor 2 of the loss is lost, or is not in it",
        ("error = 1?(A - Y)",), factors=("2", "1/2")),
    "reduction_mismatch": Mistake("the error is divided by the number of outputs, the loss not",
        ("error = 2?(A - Y) / n_L  # several",), factors=("1/n_L", "n_L")),
}
# fmt: on


def of_factor(c: float, m: float = nan, n_L: float = nan) -> str:
    """The mistake by which something is c times what it should be, or nothing.

    >>> of_factor(5, m=5), of_factor(5)
    ('missing_mean', '')
    """
    for name, one in MISTAKES.items():
        if any(isclose(c, eval(text, {"m": m, "n_L": n_L}), rel_tol=1e-5) for text in one.factors):
            return name
    return ""
