"""The mistakes that people make, each as the formula that stands where another one should.

A line of the table is a mistake, the quantity it is in, the wrong formula in words (examples as
columns, then as rows) and as code. Every line is tried in all layers that it can be in, and in each
of them alone; what the person's function gives is compared with what then comes out.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from shapecheck_bp.activations import ACTIVATIONS
from shapecheck_bp.doctor.sick import Fault, Step, g_prime
from shapecheck_bp.network import Network


class Mistake(NamedTuple):
    """One line of the table."""

    name: str
    quantity: str
    column: str
    row: str
    instead: Callable[[Step], Any]
    applies: Callable[["Place"], bool] = lambda s: True


class Place(NamedTuple):
    """What is known of a layer before anything is computed."""

    l: int  # noqa: E741
    L: int
    activation: str
    paired: bool
    loss: str

    @property
    def is_last(self) -> bool:
        """Whether this is the output layer."""
        return self.l == self.L


def differentiated(s: Any) -> bool:
    """A layer in which dZ is dA times the derivative of an activation that is no softmax."""
    return bool((s.l < s.L or not s.paired) and s.activation != "softmax")


def softmax(s: Any) -> bool:
    """The output layer, where that is a softmax."""
    return bool(s.activation == "softmax")


def not_first(s: Any) -> bool:
    """A layer below which there is another."""
    return bool(s.l > 1)


def last(s: Any) -> bool:
    """The output layer."""
    return bool(s.l == s.L)


def _from_output(s: Step) -> Any:
    """g' as written for the output A, and given Z instead."""
    return {"sigmoid": s.Z * (1 - s.Z), "tanh": 1 - s.Z**2}[s.activation]


def smooth(s: Any) -> bool:
    """A layer whose derivative has a form in A that differs from its form in Z."""
    return differentiated(s) and bool(s.activation in ("sigmoid", "tanh"))


def linear_output(s: Any) -> bool:
    """The output layer, where its own derivative cancels against the loss's."""
    return bool(last(s) and s.paired and s.activation == "sigmoid")


def _derivative_of(name: str) -> Callable[[Step], Any]:
    return lambda s: s.dA * ACTIVATIONS[name].g_prime(s.Z)


def _other_than(name: str) -> Callable[[Any], bool]:
    return lambda s: differentiated(s) and s.activation != name


def _softmax_over(axis: int) -> Callable[[Step], Any]:
    def softmax(s: Step) -> Any:
        E = np.exp(s.Z - np.max(s.Z, axis=axis, keepdims=True))
        return E / np.sum(E, axis=axis, keepdims=True)

    return softmax


# fmt: off
TABLE = [
    Mistake("dw_transposed", "dW", "dW = A_prev @ dZ.T / m", "dW = dZ.T @ A_prev / m",
            lambda s: s.dW.T),
    Mistake("db_wrong_axis", "db", "db = sum(dZ) / m over units", "db = sum(dZ) / m over units",
            lambda s: np.sum(s.dZ, axis=0, keepdims=True) / s.m),
    Mistake("db_wrong_axis", "db", "db = mean(dZ) over units", "db = mean(dZ) over units",
            lambda s: np.mean(s.dZ, axis=0, keepdims=True)),
    Mistake("db_wrong_axis", "db", "db = sum(dZ) over units", "db = sum(dZ) over units",
            lambda s: np.sum(s.dZ, axis=0, keepdims=True)),
    Mistake("db_summed_over_everything", "db", "db = sum(dZ) / m with no axis",
            "db = sum(dZ) / m with no axis", lambda s: np.sum(s.dZ) / s.m),
    Mistake("db_summed_over_everything", "db", "db = sum(dZ) with no axis",
            "db = sum(dZ) with no axis", lambda s: np.sum(s.dZ)),
    Mistake("db_summed_over_everything", "db", "db = mean(dZ) with no axis",
            "db = mean(dZ) with no axis", lambda s: np.mean(s.dZ)),
    Mistake("db_summed_over_everything", "db", "db = sum(dZ) / m with no axis, in every entry",
            "db = sum(dZ) / m with no axis, in every entry",
            lambda s: np.full_like(s.b, np.sum(s.dZ) / s.m)),
    Mistake("db_not_summed", "db", "db = dZ / m", "db = dZ / m", lambda s: s.dZ / s.m),
    Mistake("db_not_summed", "db", "db = dZ", "db = dZ", lambda s: s.dZ),
    Mistake("wrong_layer_input", "dW", "dW = dZ @ A.T / m", "dW = A.T @ dZ / m",
            lambda s: s.dZ @ s.A.T / s.m),
    Mistake("wrong_layer_input", "dW", "dW = dZ @ Z_prev.T / m", "dW = Z_prev.T @ dZ / m",
            lambda s: s.dZ @ s.Z_prev.T / s.m, not_first),
    Mistake("wrong_layer_input", "dW", "dW = dZ @ Z.T / m", "dW = Z.T @ dZ / m",
            lambda s: s.dZ @ s.Z.T / s.m),
    Mistake("wrong_layer_input", "dW", "dW = dZ @ X.T / m", "dW = X.T @ dZ / m",
            lambda s: s.dZ @ s.X.T / s.m, not_first),
    Mistake("weights_not_transposed", "dA_prev", "dA_prev = W @ dZ", "dA_prev = dZ @ W",
            lambda s: s.W @ s.dZ, not_first),
    Mistake("missing_activation_derivative", "dZ", "dZ = dA", "dZ = dA",
            lambda s: s.dA, differentiated),
    Mistake("missing_activation_derivative", "dZ", "dZ = A - Y", "dZ = A - Y",
            lambda s: s.A - s.Y, lambda s: last(s) and not s.paired and s.activation != "identity"),
    Mistake("wrong_derivative_argument", "dZ", "dZ = dA * g'(A)", "dZ = dA * g'(A)",
            lambda s: s.dA * g_prime(s)(s.A), smooth),
    Mistake("wrong_derivative_argument", "dZ", "g' in terms of A, and given Z",
            "g' in terms of A, and given Z", lambda s: s.dA * _from_output(s), smooth),
    Mistake("wrong_derivative_argument", "dZ", "dZ = dA * g'(dA)", "dZ = dA * g'(dA)",
            lambda s: s.dA * g_prime(s)(s.dA), differentiated),
    Mistake("wrong_derivative_argument", "dZ", "dZ = dA * g(Z)", "dZ = dA * g(Z)",
            lambda s: s.dA * s.A, differentiated),
    Mistake("wrong_derivative_argument", "dZ", "dZ = dA * g'(Z_prev)", "dZ = dA * g'(Z_prev)",
            lambda s: s.dA * g_prime(s)(s.Z_prev), lambda s: differentiated(s) and s.l > 1),
    Mistake("softmax_wrong_axis", "A", "A = exp(Z) / sum(exp(Z)) over examples",
            "A = exp(Z) / sum(exp(Z)) over examples", _softmax_over(1), softmax),
    Mistake("softmax_wrong_axis", "A", "A = exp(Z) / sum(exp(Z)) with no axis",
            "A = exp(Z) / sum(exp(Z)) with no axis",
            lambda s: np.exp(s.Z) / np.sum(np.exp(s.Z)), softmax),
    Mistake("softmax_derivative_elementwise", "dZ", "dZ = (A - Y) * A * (1 - A)",
            "dZ = (A - Y) * A * (1 - A)", lambda s: (s.A - s.Y) * s.A * (1 - s.A), softmax),
    Mistake("softmax_derivative_elementwise", "dZ", "dZ = 2 (A - Y) * A * (1 - A)",
            "dZ = 2 (A - Y) * A * (1 - A)", lambda s: 2 * (s.A - s.Y) * s.A * (1 - s.A),
            lambda s: softmax(s) and not s.paired),
    Mistake("softmax_derivative_elementwise", "dZ", "dZ = -Y / A * A * (1 - A)",
            "dZ = -Y / A * A * (1 - A)", lambda s: -s.Y * (1 - s.A),
            lambda s: softmax(s) and s.paired),
    Mistake("elementwise_product", "dW", "dW = dZ * A_prev.T / m", "dW = A_prev.T * dZ / m",
            lambda s: s.dZ * s.A_prev.T / s.m),
    Mistake("elementwise_product", "dW", "dW = dZ * A_prev / m", "dW = A_prev * dZ / m",
            lambda s: s.dZ * s.A_prev / s.m),
    Mistake("elementwise_product", "dA_prev", "dA_prev = W.T * dZ", "dA_prev = dZ * W.T",
            lambda s: s.W.T * s.dZ, not_first),
    Mistake("elementwise_product", "dA_prev", "dA_prev = W * dZ", "dA_prev = dZ * W",
            lambda s: s.W * s.dZ, not_first),
    Mistake("elementwise_product", "Z", "Z = W * A_prev + b", "Z = A_prev * W + b",
            lambda s: s.W * s.A_prev + s.b),
    # What is in no table of mistakes, and seen all the same: it has no name, but a place.
    Mistake("unknown", "dZ", "dZ = (A - Y) * A * (1 - A)", "dZ = (A - Y) * A * (1 - A)",
            lambda s: (s.A - s.Y) * s.A * (1 - s.A), linear_output),
    Mistake("unknown", "Z", "Z = W @ A_prev, without b", "Z = A_prev @ W, without b",
            lambda s: s.W @ s.A_prev),
    Mistake("unknown", "A", "A = Z, without the activation", "A = Z, without the activation",
            lambda s: s.Z, lambda s: s.activation != "identity"),
    *(Mistake("unknown", "dZ", f"the derivative of {name}", f"the derivative of {name}",
              _derivative_of(name), _other_than(name))
      for name in ACTIVATIONS if name != "identity"),
]
# fmt: on

# Right or wrong by a factor.
FACTORS: list[tuple[str, Callable[[Step], float], str]] = [
    ("missing_mean", lambda s: s.m, "m times"),
    ("double_mean", lambda s: 1 / s.m, "1/m of"),
    ("sign", lambda s: -1, "-1 times"),
    ("factor_two", lambda s: 2, "twice"),
    ("factor_two", lambda s: 0.5, "half of"),
    ("reduction_mismatch", lambda s: 1 / s.n_L, "1/n_L of"),
    ("reduction_mismatch", lambda s: s.n_L, "n_L times"),
]


def _times(factor: Callable[[Step], float], quantity: str) -> Callable[[Step], Any]:
    return lambda s: factor(s) * getattr(s, quantity)


def candidates(net: Network) -> Iterator[list[Fault]]:
    """Every single mistake that can be made in a network of this kind, in every place.

    Each is a list, because what is one mistake to a person may be in two quantities.
    """
    layers = tuple(range(1, net.L + 1))
    for name, factor, words in FACTORS:
        if name == "reduction_mismatch" and net.sizes[-1] == 1:
            continue
        # A factor of dZ in the last layer is one of everything, in a lower one of all below it.
        for some in _spread(layers[:-1]) if net.L > 1 else []:
            yield [Fault(name, "dZ", some, _times(factor, "dZ"), f"{words} dZ", True)]
        for layer in layers[-1:]:
            yield [Fault(name, "dZ", (layer,), _times(factor, "dZ"), f"{words} dZ", True)]
    summed = _times(lambda s: s.m, "dW")
    mean_of_mean = _times(lambda s: 1 / s.m, "db")
    yield [Fault("db_mean_dw_sum", "db", layers, mean_of_mean, "1/m of db alone")]
    yield [
        Fault("db_mean_dw_sum", "db", layers, lambda s: s.db, "db a mean, dW a sum"),
        Fault("db_mean_dw_sum", "dW", layers, summed, "db a mean, dW a sum"),
    ]
    for name, factor, words in FACTORS:
        for quantity in ("dW", "db"):
            for some in _spread(layers):
                yield [
                    Fault(
                        name, quantity, some, _times(factor, quantity), f"{words} {quantity}", True
                    )
                ]
    places = [
        Place(layer, net.L, activation, net.paired, net.loss)
        for layer, activation in enumerate(net.activations, start=1)
    ]
    for line in TABLE:
        able = tuple(place.l for place in places if line.applies(place))
        for some in _spread(able, net.L) if able else []:
            yield [Fault(line.name, line.quantity, some, line.instead, line.column)]


def _spread(layers: tuple[int, ...], L: int = 0) -> list[tuple[int, ...]]:
    """Each layer alone, all that are hidden, and all."""
    found = [(layer,) for layer in reversed(layers)]
    below = tuple(layer for layer in layers if layer < L)
    return list(dict.fromkeys([*found, *([below] if len(below) > 1 else []), layers]))


def in_words(fault: Fault, convention: str) -> str:
    """The wrong formula as a person with this convention would write it."""
    found = (line for line in TABLE if line.instead is fault.instead)
    return next((getattr(line, convention) for line in found), fault.wrong)
