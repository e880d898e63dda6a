"""What is said at each step: what is summed, and why; on each side, which transpose goes where.

>>> told("dW", 2, Network((3, 4, 2)))["column"].rpartition(": ")[2]
'A_prev.T, on the right.'
"""

from typing import Any

from shapecheck_bp.network import Network

PLAIN = "Nothing is summed, so nothing is transposed, and both sides say the same."

TOLD = {
    "Z": (
        "A unit adds up its inputs, each times a weight. So the sum runs over the inputs, n_in: the"
        " axis that W and A_prev share. Then b is added.",
        "An example is a column, so Z is (n_out, m), and W, which has n_out, stands on the left."
        " n_in meets n_in as they lie: nothing is transposed.",
        "An example is a row, so Z is (m, n_out), and W, which has n_out, stands on the right."
        " n_in meets n_in as they lie: nothing is transposed.",
    ),
    "A": (f"g works on each entry by itself. {PLAIN}", "", ""),
    "softmax": (
        "Softmax turns an example's Z into shares that add up to 1. So the sum runs over the"
        " classes, n_out, within each example. No two matrices are multiplied: nothing is"
        " transposed.",
        "An example is a column here, so the sum runs down each column: axis=0.",
        "An example is a row here, so the sum runs along each row: axis=1.",
    ),
    "J": (
        "The cost J is one number: the losses of all examples, added up and divided by m. No two"
        " matrices are multiplied: nothing is transposed.",
        "",
        "",
    ),
    "dA": (f"How the loss changes with each output, entry by entry. {PLAIN}", "", ""),
    "pair": (
        "This output and its loss go together: all that is left of their derivatives is A - Y."
        f" {PLAIN}",
        "",
        "",
    ),
    "dZ": (
        "g acts on each entry by itself. So the way back multiplies entry by entry, with * and"
        f" not with @. {PLAIN}",
        "",
        "",
    ),
    "softmax backward": (
        "Softmax mixes the classes of an example, and so does the way back: the sum runs over the"
        " classes, n_out, within each example. No two matrices are multiplied: nothing is"
        " transposed.",
        "An example is a column here, so the sum runs down each column: axis=0.",
        "An example is a row here, so the sum runs along each row: axis=1.",
    ),
    "dW": (
        "A weight acts on every example. So its gradient is a sum over the examples, m: the axis"
        " that dZ and A_prev share. It is divided by m, because J is a mean.",
        "dW has the shape of W, (n_out, n_in), so dZ, which has n_out, stands on the left. m is to"
        " meet m, so A_prev is turned: A_prev.T, on the right.",
        "dW has the shape of W, (n_in, n_out), so dZ, which has n_out, stands on the right. m is to"
        " meet m, so A_prev is turned: A_prev.T, on the left.",
    ),
    "db": (
        "b was added to every example. So its gradient is a sum over the examples, m. It is divided"
        " by m, because J is a mean. No two matrices are multiplied: nothing is transposed.",
        "The examples stand side by side, so the sum runs along each row: axis=1. With"
        " keepdims=True db is (n_out, 1), as b is.",
        "The examples stand one below the other, so the sum runs down each column: axis=0. With"
        " keepdims=True db is (1, n_out), as b is.",
    ),
    "dA_prev": (
        "An input acts on every unit. So its gradient is a sum over the units, n_out: the axis"
        " that W and dZ share.",
        "dA_prev has the shape of A_prev, (n_in, m), so W, which has n_in, stands on the left."
        " n_out is to meet n_out, so W is turned: W.T, on the left.",
        "dA_prev has the shape of A_prev, (m, n_in), so W, which has n_in, stands on the right."
        " n_out is to meet n_out, so W is turned: W.T, on the right.",
    ),
}


def told(quantity: str, layer: int, net: Network) -> dict[str, Any]:
    """What a step says for both, and for each; and whether it mixes an example's classes."""
    kind, is_last = quantity, layer == net.L
    if is_last and quantity == "A" and net.output == "softmax":
        kind = "softmax"
    if is_last and quantity == "dZ":
        kind = "pair" if net.paired else "softmax backward" if net.output == "softmax" else "dZ"
    both, in_column, in_row = TOLD[kind]
    if quantity == "dW" and layer == 1:
        both += " A_prev of layer 1 is X."
    mixes = kind.startswith("softmax")
    return {"both": both, "column": in_column, "row": in_row, "mixes": mixes}
