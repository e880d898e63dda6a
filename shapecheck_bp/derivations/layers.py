"""Backprop by Jacobians, examples are columns: after "Layers & gradient shapes".

The text goes from logistic regression to a 3-2-1 network and takes the weights one vector at a
time, so that every derivative is a matrix: a Jacobian with a row for each result and a column for
each argument. What it arrives at is the algorithm with M, dA and C, here with the biases.

Where the text is loose:

- It writes z = wᵀX + b for logistic regression and w X from then on. With weights as rows, as it
  says, z = w X + b, and (a - y) xᵀ has the shape of w.
- Under g = (a - y) Xᵀ it draws X with its points as columns; in Xᵀ they are rows.
- In (w[2]ᵀ (a[2] - y)) Xᵀ the stacked rows end at w_q and not at w_n: one for each neuron.
- The input of the second-to-last layer there is X, and so (d, n), not (q, n).
- Averaging the points first, and looping over neurons then, is right only while no loss is in it:
  Σ (a_i - y_i) x_i is no product of averages.
- J a[2](w[1]) with the shape of w[1] is a gradient laid out like its matrix, and no Jacobian.
- The product of the Jacobians of squared loss is diag(a - y) for the loss (a - y)² / 2; for
  (a - y)², as this library has it, it is twice that.
- The algorithm adjusts the weights of layer i, and then passes M back through w[i]. The w[i] that
  is meant is the one before the step.
- Its dA is g'(z), the derivative of the activation, and not dL/dA, which is its M.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from jaxtyping import Float

from shapecheck_bp.derivations.parts import G_PRIME, LOSS_PRIME, G, sigmoid
from shapecheck_bp.network import Gradient, Layer, Network
from shapecheck_bp.shapes import Array, shapechecked

Parameters: TypeAlias = tuple[Layer[Float[Array, "n[l] n[l-1]"], Float[Array, "n[l] 1"]], ...]


# Logistic regression.


@shapechecked
def logistic_point(
    w: Float[Array, "1 d"],
    b: Float[Array, "1 1"],
    x: Float[Array, "d 1"],
    y: Float[Array, "1 1"],
) -> Gradient[Float[Array, "1 d"], Float[Array, "1 1"]]:
    """dL/dw = dL/da da/dz dz/dw = (a - y) x.T, dL/db = a - y, link by link for one point."""
    z = w @ x + b
    a = sigmoid(z)
    dL_da = -y / a + (1 - y) / (1 - a)
    da_dz = a * (1 - a)
    dz_dw, dz_db = x.T, 1.0
    return Gradient(dL_da * da_dz * dz_dw, dL_da * da_dz * dz_db)


@shapechecked
def logistic_average(
    w: Float[Array, "1 d"],
    b: Float[Array, "1 1"],
    X: Float[Array, "d m"],
    y: Float[Array, "1 m"],
) -> Gradient[Float[Array, "1 d"], Float[Array, "1 1"]]:
    """The average of the points' gradients, one after another; (a - y) X.T / m at once."""
    m = X.shape[1]
    points = [logistic_point(w, b, X[:, i : i + 1], y[:, i : i + 1]) for i in range(m)]
    return Gradient(
        np.sum([point.dW for point in points], axis=0) / m,
        np.sum([point.db for point in points], axis=0) / m,
    )


# The 3-2-1 network without activations: one point.


@shapechecked
def jacobian_a2_by_a1(w2: Float[Array, "1 q"]) -> Float[Array, "1 q"]:
    """J a[2](a[1]) = w[2]: one outcome, from q components."""
    return w2


@shapechecked
def jacobian_a1_by_row(x: Float[Array, "d 1"], row: int, q: int) -> Float[Array, "{q} d"]:
    """J a[1](w[1]_row): x.T in that row, and 0 in the others."""
    J = np.zeros((q, x.shape[0]))
    J[row] = x[:, 0]
    return J


@shapechecked
def jacobian_one_point(
    w2: Float[Array, "1 q"], x: Float[Array, "d 1"], row: int
) -> Float[Array, "1 d"]:
    """J a[2](w[1]_row) = J a[2](a[1]) @ J a[1](w[1]_row) = w[2]_row x.T."""
    return jacobian_a2_by_a1(w2) @ jacobian_a1_by_row(x, row, w2.shape[1])


@shapechecked
def jacobian_stacked(w2: Float[Array, "1 q"], x: Float[Array, "d 1"]) -> Float[Array, "q d"]:
    """J a[2](w[1]) = w[2].T @ x.T: a row for each weight vector."""
    return np.concatenate([jacobian_one_point(w2, x, row) for row in range(w2.shape[1])])


# Several points: the sum over all routes from a[2] to the weight vector.


@shapechecked
def route(
    w2: Float[Array, "1 q"], X: Float[Array, "d m"], row: int, i: int
) -> tuple[Float[Array, "m q"], Float[Array, "q d"]]:
    """J a[2](a[1]_i), w[2] in row i and else 0; J a[1]_i(w[1]_row), as for one point."""
    by_a1 = np.zeros((X.shape[1], w2.shape[1]))
    by_a1[i] = w2[0]
    return by_a1, jacobian_a1_by_row(X[:, i : i + 1], row, w2.shape[1])


@shapechecked
def jacobian_all_points(
    w2: Float[Array, "1 q"], X: Float[Array, "d m"], row: int
) -> Float[Array, "m d"]:
    """J a[2](w[1]_row) = Σ_i J a[2](a[1]_i) @ J a[1]_i(w[1]_row) = w[2]_row X.T."""
    routes = (route(w2, X, row, i) for i in range(X.shape[1]))
    return np.sum([by_a1 @ by_row for by_a1, by_row in routes], axis=0)


# Loss and activation.


@shapechecked
def jacobian_of_elementwise(derivatives: Float[Array, "1 m"]) -> Float[Array, "m m"]:
    """J L(a) = diag(∂L/∂a_i), J σ(z) = diag(∂σ/∂z_i): no input touches another's outcome."""
    return np.diag(derivatives[0])


@shapechecked
def fattened(v: Float[Array, "m 1"], J: Float[Array, "m d"]) -> Float[Array, "m d"]:
    """diag(v) @ J elementwise: the column v is repeated d times, and multiplied."""
    return np.repeat(v, J.shape[1], axis=1) * J


# Sums, and how the loop over neurons goes away.


@shapechecked
def last_layer_sum(delta: Float[Array, "1 m"], a1: Float[Array, "q m"]) -> Float[Array, "1 q"]:
    """Σ_i (a[2]_i - y_i) a[1]_iq for each q, which is (a[2] - y) @ a[1].T."""
    q, m = a1.shape
    return np.array([[sum(delta[0, i] * a1[k, i] for i in range(m)) for k in range(q)]])


@shapechecked
def first_layer_loop(
    w2: Float[Array, "1 q"], delta: Float[Array, "1 m"], X: Float[Array, "d m"]
) -> Float[Array, "q d"]:
    """For each neuron, w[2]_q Σ_i (a_i - y_i) x_i.T: the for loop."""
    rows = []
    for q in range(w2.shape[1]):
        total = sum(delta[0, i] * X[:, i] for i in range(X.shape[1]))
        rows.append(w2[0, q] * total)
    return np.array(rows)


@shapechecked
def first_layer_outer(
    w2: Float[Array, "1 q"], delta: Float[Array, "1 m"], X: Float[Array, "d m"]
) -> Float[Array, "q d"]:
    """(w[2].T @ (a[2] - y)) @ X.T: the outer product that replaces the loop."""
    return (w2.T @ delta) @ X.T


# The algorithm.


@shapechecked
def forward(
    net: Network, params: Parameters, X: Float[Array, "n[0] m"]
) -> tuple[list[Float[Array, "n[l] m"]], list[Float[Array, "n[l-1] m"]]]:
    """z[i] = w[i] a[i-1] + b[i], a[i] = σ(z[i]); a starts with X."""
    Z: list[Any] = []
    A: list[Any] = [X]
    for (W, b), g in zip(params, net.activations, strict=True):
        Z.append(W @ A[-1] + b)
        A.append(G[g](Z[-1]))
    return Z, A


@shapechecked
def gradients(
    net: Network,
    params: Parameters,
    X: Float[Array, "n[0] m"],
    Y: Float[Array, "n[L] m"],
) -> tuple[Gradient[Float[Array, "n[l] n[l-1]"], Float[Array, "n[l] 1"]], ...]:
    """M = dL, then in each layer C = M * dA, dW = C @ a.T / m, db = sum(C) / m, M = w.T @ C.

    Source: layers, "Putting it all together"; the biases are left to the reader there.

    Raises:
        ValueError: softmax, whose Jacobian is not diagonal.
    """
    if net.output == "softmax":
        raise ValueError("net: the text's algorithm is for elementwise activations; got softmax")
    m = X.shape[1]
    Z, A = forward(net, params, X)
    M = LOSS_PRIME[net.loss](A[-1], Y)
    grads: list[Gradient[Any, Any]] = []
    for i in range(net.L, 0, -1):
        dA = G_PRIME[net.activations[i - 1]](Z[i - 1])
        C = M * dA
        dW = sum(np.outer(C[:, point], A[i - 1][:, point]) for point in range(m)) / m
        db = sum(C[:, point : point + 1] for point in range(m)) / m
        grads.insert(0, Gradient(dW, db))
        M = _passed_back(params[i - 1].W, C)
    return tuple(grads)


def _passed_back(W: Any, C: Any) -> Any:
    """w.T @ C as the sum over the neurons that a component goes to."""
    rows: Sequence[Any] = [
        sum(W[j, k] * C[j] for j in range(W.shape[0])) for k in range(W.shape[1])
    ]
    return np.array(rows)
