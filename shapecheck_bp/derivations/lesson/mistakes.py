"""The twenty mistakes, each as it is written in both conventions, and what comes of it.

>>> from shapecheck_bp import Network
>>> net = Network((3, 4, 2), "tanh")
>>> one = MISTAKES["weights_not_transposed"]
>>> one.lacks(net), one.lines(net, "column"), one.lines(net, "row")
('', {'dA1': 'W @ dZ'}, {'dA1': 'dZ @ W'})
>>> MISTAKES["rank_1"].lacks(net)
'a single output'
"""

from typing import NamedTuple

from shapecheck_bp.network import Network

SINGLE, SEVERAL, SOFTMAX, HIDDEN = (
    "a single output", "several outputs", "a softmax output", "a hidden layer",
)  # fmt: skip


class Line(NamedTuple):
    """A wrong formula: where it stands, and as what."""

    quantity: str
    """"error" is what the loss gives: dZ of the last layer, or its dA where g' is not in it yet."""
    layers: str
    column: str
    row: str


class Mistake(NamedTuple):
    """A mistake: what is done, in a sentence, its lines, and what a network must have for it."""

    told: str
    wrong: tuple[Line, ...]
    needs: str = ""

    def lacks(self, net: Network) -> str:
        """What the network must have, and has not; or nothing."""
        has = {
            SINGLE: net.sizes[-1] == 1,
            SEVERAL: net.sizes[-1] > 1,
            SOFTMAX: net.output == "softmax",
            HIDDEN: net.L > 1,
        }
        return "" if has.get(self.needs, True) else self.needs

    def lines(self, net: Network, convention: str) -> dict[str, str]:
        """What is computed instead, by the step's name."""
        L = net.L
        layers = {"all": range(1, L + 1), "hidden": range(1, L), "upper": range(2, L + 1)}
        twice, once = ("", "2 * ") if net.paired else ("2 * ", "")
        found = {}
        for line in self.wrong:
            code = getattr(line, convention).replace("2?", twice).replace("1?", once)
            quantity = line.quantity
            if quantity == "error":
                quantity = "dZ" if net.paired else "dA"
            if quantity == "J" and not net.paired:
                continue  # the library's takes J from A, too
            for layer in layers.get(line.layers, range(L, L + 1)):
                name = f"dA{layer - 1}" if quantity == "dA_prev" else f"{quantity}{layer}"
                found["J" if quantity == "J" else name] = code
        return found


def _both(quantity: str, layers: str, code: str) -> Line:
    return Line(quantity, layers, code, code)


# "2?" is the 2 of the squared error, where that is the loss; "1?" a 2 where it is not.
# fmt: off
MISTAKES = {
    "missing_mean": Mistake("1/m is left out, so every gradient is m times what it should be", (
        Line("dW", "all", "dZ @ A_prev.T", "A_prev.T @ dZ"),
        Line("db", "all", "np.sum(dZ, axis=1, keepdims=True)",
             "np.sum(dZ, axis=0, keepdims=True)"))),
    "double_mean": Mistake("1/m comes in twice: in dZ, and again in dW and db", (
        _both("error", "last", "2?(A - Y) / m"),)),
    "rank_1": Mistake("the labels lie otherwise than A, and NumPy stretches both to (m, m)", (
        Line("error", "last", "2?(A - Y.reshape(-1, 1))", "2?(A - Y.ravel())"),), SINGLE),
    "elementwise_product": Mistake("* stands where @ is meant", (
        Line("dW", "all", "dZ * A_prev.T / m", "A_prev.T * dZ / m"),)),
    "wrong_derivative_argument": Mistake("g' is taken at A, and not at Z", (
        _both("dZ", "hidden", "dA * g'(A)"),), HIDDEN),
    "db_wrong_axis": Mistake("db is summed over the units, and not over the examples", (
        Line("db", "all", "np.sum(dZ, axis=0, keepdims=True) / m",
             "np.sum(dZ, axis=1, keepdims=True) / m"),)),
    "db_summed_over_everything": Mistake("db is summed with no axis, to a single number", (
        _both("db", "all", "np.sum(dZ) / m"),)),
    "db_not_summed": Mistake("db is not summed over the examples", (
        _both("db", "all", "dZ / m"),)),
    "db_mean_dw_sum": Mistake("db is a mean over the examples, and dW a sum", (
        Line("dW", "all", "dZ @ A_prev.T", "A_prev.T @ dZ"),)),
    "db_no_keepdims": Mistake("db is summed without keepdims, and has one axis in place of two", (
        Line("db", "all", "np.sum(dZ, axis=1) / m", "np.sum(dZ, axis=0) / m"),)),
    "updated_weights_used": Mistake(
        "W is updated too early: dA_prev is computed with W_new = W - dW", (
            Line("dA_prev", "upper", "W_new.T @ dZ", "dZ @ W_new.T"),), HIDDEN),
    "softmax_wrong_axis": Mistake("softmax sums over the examples, and not over the classes", (
        Line("A", "last", "np.exp(Z) / np.sum(np.exp(Z), axis=1, keepdims=True)",
             "np.exp(Z) / np.sum(np.exp(Z), axis=0, keepdims=True)"),
        _both("J", "last", "np.sum(-Y * np.log(A)) / m")), SOFTMAX),
    "softmax_derivative_elementwise": Mistake("softmax is differentiated entry by entry", (
        _both("dZ", "last", "2?(A - Y) * A * (1 - A)"),), SOFTMAX),
    "missing_activation_derivative": Mistake("g' is left out of dZ", (
        _both("dZ", "hidden", "dA"),), HIDDEN),
    "weights_not_transposed": Mistake("W is not transposed in dA_prev", (
        Line("dA_prev", "upper", "W @ dZ", "dZ @ W"),), HIDDEN),
    "dw_transposed": Mistake("the other matrix is transposed, so dW comes out transposed", (
        Line("dW", "all", "A_prev @ dZ.T / m", "dZ.T @ A_prev / m"),)),
    "wrong_layer_input": Mistake("dW takes the layer's output A, and not its input A_prev", (
        Line("dW", "all", "dZ @ A.T / m", "A.T @ dZ / m"),)),
    "sign": Mistake("Y - A stands where A - Y is meant, so every step makes J larger", (
        _both("error", "last", "2?(Y - A)"),)),
    "reduction_mismatch": Mistake("the error is divided by the number of outputs, the loss not", (
        _both("error", "last", "2?(A - Y) / n_L"),), SEVERAL),
    "factor_two": Mistake("a factor 2 of the loss is lost, or is not in it", (
        _both("error", "last", "1?(A - Y)"),)),
}
# fmt: on
