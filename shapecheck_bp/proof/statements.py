"""What every function should return, entry by entry, written out with its index sums.

These are the definitions that the code is held to: slow, literal, in one layout only (examples are
columns) and with no code in common with ``column`` and ``row``; g and g' are the table's, opaque.
What is a gradient is stated as one: the derivative, by SymPy, of the number that it is the gradient
of.

Arguments and results are NumPy arrays of SymPy expressions, or tuples of them.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import sympy

from shapecheck_bp.network import Cache, Gradient, Layer, Network
from shapecheck_bp.proof.entries import opaque_function

Matrix = Any  # of expressions
STATEMENTS: dict[str, Callable[..., Any]] = {}


def states(statement: Callable[..., Any]) -> Callable[..., Any]:
    """Keep a statement under the name of the function that it is about."""
    STATEMENTS[statement.__name__] = statement
    return statement


def derivative(total: Any, by: Matrix) -> Matrix:
    """∂ total / ∂ each entry."""
    return np.frompyfunc(lambda entry: _derivative(total, entry), 1, 1)(by)


@lru_cache(maxsize=1024)
def _derivative(total: Any, by: Any) -> Any:
    return sympy.diff(total, by)


@states
def linear_forward(A_prev: Matrix, W: Matrix, b: Matrix) -> Matrix:
    """Z[j, i] = Σ_k W[j, k] A_prev[k, i] + b[j]."""
    (n_out, n_in), m = W.shape, A_prev.shape[1]
    return _matrix(
        lambda j, i: sum(W[j, k] * A_prev[k, i] for k in range(n_in)) + b[j, 0], n_out, m
    )


@states
def softmax(Z: Matrix) -> Matrix:
    """A[k, i] = exp(Z[k, i]) / Σ_c exp(Z[c, i])."""
    n, m = Z.shape
    return _matrix(
        lambda k, i: sympy.exp(Z[k, i]) / sum(sympy.exp(Z[c, i]) for c in range(n)), n, m
    )


@states
def log_softmax(Z: Matrix) -> Matrix:
    """The logarithm of that."""
    return np.frompyfunc(sympy.log, 1, 1)(softmax(Z))


@states
def activation_forward(Z: Matrix, activation: str) -> Matrix:
    """A[k, i] = g(Z[k, i]), or softmax."""
    if activation == "softmax":
        return softmax(Z)
    return np.frompyfunc(opaque_function(activation), 1, 1)(Z)


@states
def activation_backward(dA: Matrix, Z: Matrix, activation: str) -> Matrix:
    """The gradient of Σ dA[k, i] A[k, i] with respect to Z."""
    return derivative(np.sum(dA * activation_forward(Z, activation)), Z)


@states
def weights_backward(dZ: Matrix, A_prev: Matrix) -> Gradient[Matrix, Matrix]:
    """The gradients of Σ dZ[j, i] Z[j, i] / m with respect to the W and b that made Z."""
    W = _unknown("W", dZ.shape[0], A_prev.shape[0])
    b = _unknown("b", dZ.shape[0], 1)
    total = np.sum(dZ * linear_forward(A_prev, W, b)) / dZ.shape[1]
    return Gradient(derivative(total, W), derivative(total, b))


@states
def linear_backward(dZ: Matrix, A_prev: Matrix, W: Matrix) -> tuple[Matrix, Matrix, Matrix]:
    """The gradient of Σ dZ[j, i] Z[j, i] with respect to A_prev, and the two above."""
    b = _unknown("b", dZ.shape[0], 1)
    dA_prev = derivative(np.sum(dZ * linear_forward(A_prev, W, b)), A_prev)
    return dA_prev, *weights_backward(dZ, A_prev)


@states
def forward(net: Network, params: Any, X: Matrix) -> Cache[Any, Any]:
    """A[0] = X, then Z and A of each layer from the A before it."""
    Z: list[Matrix] = []
    A: list[Matrix] = [X]
    for (W, b), g in zip(params, net.activations, strict=True):
        Z.append(linear_forward(A[-1], W, b))
        A.append(activation_forward(Z[-1], g))
    return Cache(tuple(Z), tuple(A))


@states
def cost(net: Network, cache: Any, Y: Matrix) -> Any:
    """J = (1/m) Σ_i L_i, with the loss written as the seeds write it."""
    (n, m), Z, A = Y.shape, cache.Z[-1], cache.A[-1]

    def loss(k: int, i: int) -> Any:
        y = Y[k, i]
        if net.loss == "cross_entropy":
            return -y * sympy.log(softmax(Z)[k, i])
        if net.loss == "log_loss":
            a = 1 / (1 + sympy.exp(-Z[k, i]))
            return -y * sympy.log(a) - (1 - y) * sympy.log(1 - a)
        return (A[k, i] - y) ** 2

    return sum(loss(k, i) for k in range(n) for i in range(m)) / m


@states
def backward(net: Network, params: Any, cache: Any, Y: Matrix, J: Any) -> Any:
    """dW = ∂J/∂W, db = ∂J/∂b, entry by entry, for the J that the code computed."""
    return tuple(Gradient(derivative(J, W), derivative(J, b)) for W, b in params)


@states
def gradients(net: Network, params: Any, X: Matrix, Y: Matrix, J: Any) -> Any:
    """J, and its derivatives."""
    return J, backward(net, params, None, Y, J)


@states
def update(params: Any, grads: Any, learning_rate: Any) -> Any:
    """W - learning_rate dW, b - learning_rate db, entry by entry."""
    return tuple(
        Layer(_step(W, dW, learning_rate), _step(b, db, learning_rate))
        for (W, b), (dW, db) in zip(params, grads, strict=True)
    )


def _step(old: Matrix, gradient: Matrix, learning_rate: Any) -> Matrix:
    rows, columns = old.shape
    return _matrix(lambda i, j: old[i, j] - learning_rate * gradient[i, j], rows, columns)


def _matrix(entry: Callable[[int, int], Any], rows: int, columns: int) -> Matrix:
    found = np.empty((rows, columns), dtype=object)
    for row, column in _places(rows, columns):
        found[row, column] = entry(row, column)
    return found


@lru_cache  # the same symbols again, so that what was differentiated by them is known
def _unknown(symbol: str, rows: int, columns: int) -> Matrix:
    return _matrix(lambda i, j: sympy.Dummy(f"{symbol}_{i}{j}", real=True), rows, columns)


def _places(rows: int, columns: int) -> Iterator[tuple[int, int]]:
    return ((row, column) for row in range(rows) for column in range(columns))
