"""What is drawn, compared or chosen, written out: no formula, but still right or wrong.

Each statement takes a function's arguments, as ``column`` has them, and returns what should come;
what is to be refused comes with the start of the message. Both are compared bit by bit.
"""

from collections.abc import Iterator
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np

from shapecheck_bp.activations import ACTIVATIONS
from shapecheck_bp.derivations.parts import G, softmax
from shapecheck_bp.network import Layer, Network, draw_units
from shapecheck_bp.proof.cases import HIDDEN, OUTPUTS, Case, describe, refusal
from shapecheck_bp.proof.numeric import outcomes
from shapecheck_bp.proof.report import Check
from shapecheck_bp.transpose import map_leaves


def init(net: Network, seed: int, dtype: Any) -> Any:
    """Where draws go: unit k has the k-th vector drawn for it as row k of W, and the bias 0."""
    return tuple(
        Layer(np.array([list(unit) for unit in units], dtype), np.zeros((len(units), 1), dtype))
        for units in draw_units(net, seed, dtype)
    )


def wrong_variance(net: Network, params: Any) -> str:
    """What is wrong with the variance of the weights: gain / n_in, and 1 / n_in under softmax.

    That of n numbers drawn is off by sqrt(2 / n) of itself or so; five times that is allowed.
    """
    for layer, ((W, _), g, n_in) in enumerate(
        zip(params, net.activations, net.sizes, strict=False), start=1
    ):
        expected = (ACTIVATIONS[g].gain if g in ACTIVATIONS else 1) / n_in
        found = float(np.mean(np.square(W, dtype="float64")))
        if abs(found / expected - 1) > 5 * np.sqrt(2 / W.size):
            return f"layer {layer}: variance {found:.3g}, where {expected:.3g} is stated"
    return ""


def predict(net: Network, params: Any, X: Any) -> Any:
    """The first class whose output no other exceeds; for one sigmoid output, 1 above 1/2."""
    labels = []
    for x in X.T:
        A = x[:, None]
        for (W, b), g in zip(params, net.activations, strict=True):
            Z = W @ A + b
            A = softmax(Z) if g == "softmax" else G[g](Z)
        outputs = [float(a) for a in A[:, 0]]
        classes = outputs if len(outputs) > 1 else [1 - outputs[0], outputs[0]]
        labels.append(classes.index(max(classes)))
    return np.array(labels)


def one_hot(labels: Any, classes: int, dtype: Any) -> Any:
    """Column i is 1 in the row of its label, and 0 elsewhere."""
    Y = np.zeros((classes, len(labels)), dtype)
    for i, label in enumerate(labels):
        Y[label, i] = 1
    return Y


def to_give() -> Iterator[tuple[str, str, tuple[Any, ...], Any]]:
    """A function, what is asked, the arguments, and what should come.

    Every hidden and every output function, one sigmoid output, and more seeds than one; weights and
    inputs that bring about every class.
    """
    networks = [
        Network((16, 12, 3), HIDDEN[place % len(HIDDEN)], output)
        for place, output in enumerate(OUTPUTS)
    ]
    for seed, net in enumerate([*networks, Network((16, 12, 1), output="sigmoid")]):
        random = np.random.default_rng(seed)
        params = map_leaves(partial(_drawn_like, random), init(net, 0, "float64"))
        drawn, given = (net, seed, "float64"), (net, params, random.normal(size=(16, 20)))
        yield "init", describe(net), drawn, init(*drawn)
        yield "predict", describe(net), given, predict(*given)
    labels = (np.array([1, 0, 3]), 4, "float32")
    yield "one_hot", "3 labels of 4", labels, one_hot(*labels)


def _drawn_like(random: np.random.Generator, W: Any) -> Any:
    return random.normal(size=W.shape)


def to_refuse() -> Iterator[tuple[str, str, tuple[Any, ...], str]]:
    """A function, what is bad, the arguments, and how the refusal starts."""
    softmax_, sigmoid = Network((3, 2)), Network((3, 2), output="sigmoid")
    squared = Network((3, 2), output="tanh")
    X, Y = np.ones((3, 5)), np.eye(2)[:, [0, 1, 0, 1, 1]]

    def spoiled(array: Any, value: float, *place: int) -> Any:
        copy = array.copy()
        copy[place] = value
        return copy

    for value in (np.nan, np.inf, -np.inf):
        yield (
            "check_data",
            f"{value} in X",
            (softmax_, spoiled(X, value, 1, 3), Y),
            "X: expected finite",
        )
        for net in (softmax_, sigmoid, squared):
            bad = (net, X, spoiled(Y, value, 1, 3))
            yield "check_data", f"{value} in Y, {net.loss}", bad, "Y: expected finite"
    for net in (softmax_, sigmoid):
        for value in (-0.5, 1.5):
            bad = (net, X, spoiled(Y, value, 0, 4))
            yield "check_data", f"a target {value}, {net.loss}", bad, "Y: expected targets from 0"
    for value in (0.0, 1.0):
        bad = (softmax_, X, spoiled(spoiled(Y, value, 0, 2), value, 1, 2))
        yield "check_data", f"targets that sum to {2 * value}", bad, "Y: expected each example's"
    for label in (-1, 3):
        bad_labels = np.array([0, label, 2])
        yield "one_hot", f"label {label} of 3", (bad_labels, 3), "labels: expected classes 0 to 2"


def chosen(column: ModuleType, row: ModuleType, names: list[str]) -> Iterator[Check]:
    """Whether both conventions draw, choose and refuse as it is stated here."""
    for name, about, arguments, expected in (*to_give(), *to_refuse()):
        if name not in names:
            continue
        case = Case(name, about, arguments)
        quantity = "refusals" if isinstance(expected, str) else "as stated"
        try:
            both = outcomes(case, column, row)
        except Exception as error:  # whatever a broken copy of a module may raise
            yield Check(name, quantity, about, False, refusal([name], error)[1])
            continue
        for convention, found in zip(("column", "row"), both, strict=True):
            reason = unlike(expected, found)
            if name == "init" and not reason:
                reason = wrong_variance(arguments[0], found)
            yield Check(name, quantity, f"{convention}, {about}", not reason, reason)


def unlike(expected: Any, found: Any) -> str:
    """What is not as stated in a result, or in a refusal, which starts as expected."""
    if isinstance(expected, str):
        said = found if isinstance(found, str) else "accepts it"
        return "" if said.startswith(f"refuses: {expected}") else said
    if isinstance(found, str):
        return found
    if isinstance(expected, tuple):
        if not isinstance(found, tuple) or len(found) != len(expected):
            return "is not what its statement says"
        pairs = zip(expected, found, strict=True)
        return next(filter(None, (unlike(a, b) for a, b in pairs)), "")
    same = np.shape(expected) == np.shape(found) and bool(np.all(expected == found))
    return "" if same else "is not what its statement says"
