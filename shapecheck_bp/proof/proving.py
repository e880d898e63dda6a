"""``prove``: both answers, for the two modules or copies of them."""

import gc
from types import ModuleType
from typing import Any

import numpy as np

from shapecheck_bp import column as shipped_column
from shapecheck_bp import row as shipped_row
from shapecheck_bp.network import Layer, Network
from shapecheck_bp.proof.report import Proof

DEEPEST, DEEPEST_IN_SHORT = 6, 3
EXAMPLES, EXAMPLES_IN_SHORT = 1000, 100


def prove(
    net: Network | None = None,
    X: Any = None,
    Y: Any = None,
    *,
    column: ModuleType = shipped_column,
    row: ModuleType = shipped_row,
    short: bool = False,
) -> Proof:
    """Prove that both conventions give the same gradients, and the right ones.

    Args:
        net: prove it for this network's activations and loss; for all of them unless given. The
            floating-point answer is about this network, or 64-32-10.
        X: inputs for the floating-point answer, as ``column`` has them: (n_0, m). The digits, or
            drawn for a network of other sizes, unless given.
        Y: the targets, (n_L, m).
        column: the module with examples as columns, or a copy of it to be judged.
        row: the module with examples as rows, or a copy.
        short: depths up to 3 instead of 6, and 100 examples.

    Returns:
        Something true if both answers hold, that prints as a table.

    Raises:
        ValueError: X without a network or without Y, or targets that the loss cannot mean; column
            and row exchanged.
        TypeError: a net that is no Network, or modules without ``__all__``.
        ShapeError: X or Y that do not fit the network.
    """
    _check_modules(net, column, row)
    from shapecheck_bp.proof.cases import public_names
    from shapecheck_bp.proof.factors import forget
    from shapecheck_bp.proof.floating import floating
    from shapecheck_bp.proof.right import right, symbolic_networks

    real, X, Y = _data(net, X, Y)
    params, deepest = _start(real), DEEPEST
    if short:
        deepest, few = DEEPEST_IN_SHORT, slice(EXAMPLES_IN_SHORT)
        X, Y = X[:, few], Y[:, few]
    collecting = gc.isenabled()
    gc.disable()  # looking through all numbers for garbage takes its time
    try:
        answers = [
            right(column, row, symbolic_networks(deepest, only=net)),
            floating(column, row, real, params, X, Y),
        ]
    finally:
        forget()
        if collecting:
            gc.enable()
    return Proof(answers, public_names(column, row))


def _check_modules(net: Any, column: Any, row: Any) -> None:
    """Refuse what cannot be judged at all."""
    if net is not None and not isinstance(net, Network):
        raise TypeError(f"net: expected a Network, such as Network((3, 4, 2)); got {net!r}")
    for name, bp, axis in (("column", column, 1), ("row", row, 0)):
        if not hasattr(bp, "__all__"):
            raise TypeError(f"{name}: expected a module with __all__; got {bp!r}")
        if getattr(bp, "EXAMPLES_AXIS", axis) != axis:
            raise ValueError(f"{name}: its examples lie along axis {1 - axis}; swap column and row")


def _data(net: Network | None, X: Any, Y: Any) -> tuple[Network, Any, Any]:
    """The network of the floating-point answer, and its data: given, the digits, or drawn."""
    if (X is None) != (Y is None):
        raise ValueError("X, Y: expected both or neither; got one")
    if X is not None and net is None:
        raise ValueError("net: expected the network that X and Y are for; got none")
    if X is not None and net is not None:
        shipped_column.check_data(net, X, Y)
        return net, X, Y
    net = net or Network((64, 32, 10))
    if (net.sizes[0], net.sizes[-1]) == (64, 10):
        from shapecheck_bp.data import digits

        train = digits("column").train
        return net, train.X, train.Y
    random = np.random.default_rng(0)
    X = random.normal(size=(net.sizes[0], EXAMPLES))
    labels = random.integers(0, max(net.sizes[-1], 2), size=EXAMPLES)
    return net, X, (np.arange(net.sizes[-1])[:, None] == labels).astype(float)


def _start(net: Network) -> Any:
    """Initial weights, and biases that are not zero, so that nothing is right by accident."""
    random = np.random.default_rng(1)
    drawn = shipped_column.init(net)
    return tuple(Layer(W, random.normal(size=b.shape) / 10) for W, b in drawn)
