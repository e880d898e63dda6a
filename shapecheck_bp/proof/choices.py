"""What is drawn, compared or chosen, written out: no formula, but still right or wrong.

Each statement takes a function's arguments, as ``column`` has them, and returns what should come.
"""

from typing import Any

import numpy as np

from shapecheck_bp.network import Layer, Network, draw_units


def init(net: Network, seed: int, dtype: Any) -> Any:
    """Unit k of a layer has the k-th vector drawn for it as row k of W, and the bias 0."""
    return tuple(
        Layer(np.array([list(unit) for unit in units], dtype), np.zeros((len(units), 1), dtype))
        for units in draw_units(net, seed, dtype)
    )


def predict(net: Network, params: Any, X: Any) -> Any:
    """The first class whose output no other exceeds, for relu and identity."""
    labels = []
    for x in X.T:
        A = x[:, None]
        for (W, b), g in zip(params, net.activations, strict=True):
            Z = W @ A + b
            A = np.maximum(Z, 0) if g == "relu" else Z
        outputs = [float(a) for a in A[:, 0]]
        labels.append(outputs.index(max(outputs)))
    return np.array(labels)


def one_hot(labels: Any, classes: int, dtype: Any) -> Any:
    """Column i is 1 in the row of its label, and 0 elsewhere."""
    Y = np.zeros((classes, len(labels)), dtype)
    for i, label in enumerate(labels):
        Y[label, i] = 1
    return Y


STATEMENTS = {"init": init, "predict": predict, "one_hot": one_hot}


def bad_data(X: Any, Y: Any) -> list[tuple[Network, Any, Any]]:
    """Data that ``check_data`` has to refuse: NaN, a target above one, targets that sum to two."""
    sizes = (X.shape[0], Y.shape[0])
    softmax, sigmoid = Network(sizes), Network(sizes, output="sigmoid")
    spoiled, twice = X.copy(), Y.copy()
    spoiled[0, -1] = np.nan
    twice[:, -1] = 1
    return [
        (softmax, spoiled, Y),
        (softmax, X, spoiled[: len(Y)]),
        (sigmoid, X, 2 * Y),
        (softmax, X, twice),
    ]
