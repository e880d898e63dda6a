"""What is drawn, compared or chosen, written out: no formula, but still right or wrong.

Each statement is a function's arguments, as ``column`` has them, and what should come, bit by bit;
or, where they are to be refused, the start of the message.
"""

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np

from shapecheck_bp import column as shipped
from shapecheck_bp.network import Layer, Network, draw_units
from shapecheck_bp.proof.cases import HIDDEN, OUTPUTS, Case, compared, describe, outcome
from shapecheck_bp.proof.report import Check


def init(net: Network, seed: int, dtype: Any) -> Any:
    """Where draws go: unit k has the k-th vector drawn for it as row k of W, and the bias 0."""
    return tuple(
        Layer(np.array([list(unit) for unit in units], dtype), np.zeros((len(units), 1), dtype))
        for units in draw_units(net, seed, dtype)
    )


def predict(net: Network, params: Any, X: Any) -> Any:
    """The first class whose output no other exceeds; for one sigmoid output, 1 above 1/2."""
    outputs = shipped.forward(net, params, X).A[-1].T.tolist()
    classes = [[1 - a[0], a[0]] if len(a) == 1 else a for a in outputs]
    return np.array([a.index(max(a)) for a in classes])


def one_hot(labels: Any, classes: int, dtype: Any) -> Any:
    """Column i is 1 in the row of its label, and 0 elsewhere."""
    Y = np.zeros((classes, len(labels)), dtype)
    for i, label in enumerate(labels):
        Y[label, i] = 1
    return Y


def to_give() -> Iterator[tuple[Case, Any]]:
    """A call, and what should come.

    Every hidden and every output function, one sigmoid output, and more seeds than one.
    """
    networks = [
        Network((16, 12, 3), HIDDEN[place % len(HIDDEN)], output)
        for place, output in enumerate(OUTPUTS)
    ]
    for seed, net in enumerate([*networks, Network((16, 12, 1), output="sigmoid")]):
        drawn = net, seed, "float64"
        given = net, init(*drawn), np.random.default_rng(seed).normal(size=(16, 20))
        yield Case("init", describe(net), drawn), init(*drawn)
        yield Case("predict", describe(net), given), predict(*given)
    labels = (np.array([1, 0, 3]), 4, "float32")
    yield Case("one_hot", "3 labels of 4", labels), one_hot(*labels)


def to_refuse() -> Iterator[tuple[Case, str]]:
    """A call, and how its refusal starts."""
    X, Y = np.ones((3, 5)), np.eye(2)[:, [0, 1, 0, 1, 1]]
    for output in ("softmax", "sigmoid", "tanh"):
        net = Network((3, 2), output=output)
        bad = [(f"{value} in X", _spoiled(X, value), Y, "X: expected finite") for value in ODD]
        bad += [(f"{value} in Y", X, _spoiled(Y, value), "Y: expected finite") for value in ODD]
        if net.paired:
            words = "Y: expected targets from 0"
            bad += [(f"a target {value}", X, _spoiled(Y, value), words) for value in (-0.5, 1.5)]
        if output == "softmax":
            words = "Y: expected each example's"
            bad += [(f"targets of {value}", X, np.full_like(Y, value), words) for value in (0, 1)]
        for what, x, y, start in bad:
            yield Case("check_data", f"{what}, {net.loss}", (net, x, y)), start
    for label in (-1, 3):
        wrong = (np.array([0, label, 2]), 3)
        yield Case("one_hot", f"label {label} of 3", wrong), "labels: expected classes 0 to 2"


def chosen(column: ModuleType, row: ModuleType) -> Iterator[Check]:
    """Whether both conventions draw, choose and refuse as it is stated here."""
    public = {*column.__all__} & {*row.__all__}
    known = {name for name in public if hasattr(column, name) and hasattr(row, name)}
    for case, expected in to_give():
        if case.function in known:
            yield from compared(case, column, row, expected, _unlike)
    for case, start in to_refuse():
        for convention, bp in (("column", column), ("row", row)):
            if case.function in known:
                said = outcome(case, convention, bp)
                reason = said.evidence if isinstance(said, Check) else "accepts it"
                reason = "" if reason.startswith(f"ValueError: {start}") else reason
                place = f"{convention}.{case.function}"
                yield Check(place, "refusals", case.about, not reason, reason)


def _unlike(found: Any, stated: Any) -> str:
    """What is not as stated, to the last bit."""
    same = np.shape(found) == np.shape(stated) and np.all(found == stated)
    return "" if same else "is not what its statement says"


ODD = (np.nan, np.inf, -np.inf)


def _spoiled(array: Any, value: float) -> Any:
    copy = array.copy()
    copy[1, 3] = value
    return copy
