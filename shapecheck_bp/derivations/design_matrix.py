"""Backprop by sums over indices, examples are rows: after the notes on the design matrix.

Every formula stands as its sum, with the Kronecker deltas that pick a term: i is an example, and p,
q, r, j, k are nodes. ``gradients`` is nothing but these sums.

Where the text is loose:

- The sums over p in its chain rule for dW end at n_l, the layer's own size, and not at n_1.
- j runs from 1 to n_(l-1) and k from 1 to n_l, both ends included.
- i is the row of Z, and j its column; it says so the other way round.
- Checking the dimensions it multiplies (m × n_(l-1)) by (m × n_l); the first is transposed.
- It gives Y as n_L × m beside A as m × n_L. With both (m, n_L), a loss is the sum over k of
  -log(A[i, k]) Y[i, k], and its derivative -Y / A entry by entry.
- In (1/m) Aᵀ ∂L/∂Z the derivatives are those of all examples, each of its own loss; dW(i) is of one
  example's loss, and dW of J.
- dZ = dA ∘ g'(Z) is for elementwise g. Softmax, which its cross-entropy asks for, mixes the
  classes, and the sum over q in ``activation_backward`` is needed.
- The last derivative is by Ŷ, not by Y.
- The activation step yields dZ[l], not Z[l].
- What matches the shape of W[1] at the end of its summary matches that of W[l].
"""

from typing import Any

import numpy as np
from jaxtyping import Float

from shapecheck_bp.derivations.parts import G_PRIME, LOSS_PRIME, G, delta, softmax
from shapecheck_bp.network import Gradient, Layer, Network
from shapecheck_bp.shapes import Array, shapechecked


@shapechecked
def linear_forward(
    A_prev: Float[Array, "m n_in"], W: Float[Array, "n_in n_out"], b: Float[Array, "1 n_out"]
) -> Float[Array, "m n_out"]:
    """Z[i, j] = Σ_k A_prev[i, k] W[k, j] + b[j]. Source: "Generic forward propagation"."""
    (m, n_in), n_out = A_prev.shape, W.shape[1]
    return _matrix(
        lambda i, j: sum(A_prev[i, k] * W[k, j] for k in range(n_in)) + b[0, j], m, n_out
    )


@shapechecked
def bias_for_every_example(b: Float[Array, "1 n_out"], m: int) -> Float[Array, "{m} n_out"]:
    """The m × n_out bias units that broadcasting stands for. Source: "Linear step"."""
    return np.concatenate([b for _ in range(m)])


@shapechecked
def dW_of_example(
    dZ: Float[Array, "m n_out"], A_prev: Float[Array, "m n_in"], i: int
) -> Float[Array, "n_in n_out"]:
    """dW[j, k] = Σ_p dZ[i, p] Σ_q A_prev[i, q] δ_qj δ_pk. Source: "Chain rule"."""
    n_out, n_in = dZ.shape[1], A_prev.shape[1]
    return _matrix(
        lambda j, k: sum(
            dZ[i, p] * sum(A_prev[i, q] * delta(q, j) * delta(p, k) for q in range(n_in))
            for p in range(n_out)
        ),
        n_in,
        n_out,
    )


@shapechecked
def dW(dZ: Float[Array, "m n_out"], A_prev: Float[Array, "m n_in"]) -> Float[Array, "n_in n_out"]:
    """∂J/∂W[j, k] = (1/m) Σ_i dW_of_example(i)[j, k]. Source: "Chain rule"."""
    m = dZ.shape[0]
    return np.sum([dW_of_example(dZ, A_prev, i) for i in range(m)], axis=0) / m


@shapechecked
def db(dZ: Float[Array, "m n_out"]) -> Float[Array, "1 n_out"]:
    """∂J/∂b[p] = (1/m) Σ_i Σ_k dZ[i, k] δ_kp. Source: "Bias terms"."""
    m, n_out = dZ.shape
    return _matrix(
        lambda _, p: sum(dZ[i, k] * delta(k, p) for i in range(m) for k in range(n_out)) / m,
        1,
        n_out,
    )


@shapechecked
def dA(
    dZ_next: Float[Array, "m n_out"], W_next: Float[Array, "n_in n_out"]
) -> Float[Array, "m n_in"]:
    """dA[i, p] = Σ_q dZ_next[i, q] Σ_r W_next[r, q] δ_rp. Source: "Linear backwards"."""
    (m, n_out), n_in = dZ_next.shape, W_next.shape[0]
    return _matrix(
        lambda i, p: sum(
            dZ_next[i, q] * sum(W_next[r, q] * delta(r, p) for r in range(n_in))
            for q in range(n_out)
        ),
        m,
        n_in,
    )


@shapechecked
def dZ(
    dZ_next: Float[Array, "m n_out"],
    W_next: Float[Array, "n_in n_out"],
    Z: Float[Array, "m n_in"],
    activation: str,
) -> Float[Array, "m n_in"]:
    """dZ[i, p] = Σ_q dZ_next[i, q] Σ_r W_next[r, q] g'(Z[i, r]) δ_rp.

    Source: "Derivative with respect to Z".
    """
    (m, n_out), n_in = dZ_next.shape, W_next.shape[0]
    slopes = G_PRIME[activation](Z)
    return _matrix(
        lambda i, p: sum(
            dZ_next[i, q] * sum(W_next[r, q] * slopes[i, r] * delta(r, p) for r in range(n_in))
            for q in range(n_out)
        ),
        m,
        n_in,
    )


@shapechecked
def activation_backward(
    dA: Float[Array, "m n"], Z: Float[Array, "m n"], activation: str
) -> Float[Array, "m n"]:
    """dZ[i, p] = Σ_q dA[i, q] ∂A[i, q]/∂Z[i, p]; elementwise, that is dA[i, p] g'(Z[i, p]).

    For softmax, ∂A[q]/∂Z[p] = A[q] (δ_qp - A[p]). Source: "Activation backwards".
    """
    m, n = Z.shape

    def slope(i: int, q: int, p: int) -> Any:
        if activation == "softmax":
            A = softmax(Z[i])
            return A[q] * (delta(q, p) - A[p])
        return G_PRIME[activation](Z[i, q]) * delta(q, p)

    return _matrix(lambda i, p: sum(dA[i, q] * slope(i, q, p) for q in range(n)), m, n)


@shapechecked
def cross_entropy(A: Float[Array, "m n"], Y: Float[Array, "m n"]) -> Float[Array, "m 1"]:
    """L[i] = -Σ_k log(A[i, k]) Y[i, k]: a row of logarithms by a column of labels.

    Source: "Final layer".
    """
    return np.array([[-(np.log(a) @ y)] for a, y in zip(A, Y, strict=True)])


@shapechecked
def two_classes(p: Float[Array, "m 1"]) -> Float[Array, "m 2"]:
    """A = (Ŷ, 1 - Ŷ), and so for the labels. Source: "Final layer"."""
    return np.concatenate([p, 1 - p], axis=1)


@shapechecked
def binary_cross_entropy_prime(
    y_hat: Float[Array, "m 1"], y: Float[Array, "m 1"]
) -> Float[Array, "m 1"]:
    """∂L/∂Ŷ = -Y / Ŷ + (1 - Y) / (1 - Ŷ), from dL/dA = -Y / A for A = (Ŷ, 1 - Ŷ)."""
    dL_dA = LOSS_PRIME["cross_entropy"](two_classes(y_hat), two_classes(y))
    dA_dy_hat = np.array([[1.0], [-1.0]])
    return dL_dA @ dA_dy_hat


@shapechecked
def gradients(
    net: Network,
    params: tuple[Layer[Float[Array, "n[l-1] n[l]"], Float[Array, "1 n[l]"]], ...],
    X: Float[Array, "m n[0]"],
    Y: Float[Array, "m n[L]"],
) -> tuple[Gradient[Float[Array, "n[l-1] n[l]"], Float[Array, "1 n[l]"]], ...]:
    """The four steps from the last layer to the first. Source: "Back prop steps"."""
    Z: list[Any] = []
    A: list[Any] = [X]
    for (W, b), g in zip(params, net.activations, strict=True):
        Z.append(linear_forward(A[-1], W, b))
        rows = np.array([softmax(z) for z in Z[-1]]) if g == "softmax" else G[g](Z[-1])
        A.append(rows)
    dA_l = LOSS_PRIME[net.loss](A[-1], Y)
    grads: list[Gradient[Any, Any]] = []
    for layer in range(net.L, 0, -1):
        dZ_l = activation_backward(dA_l, Z[layer - 1], net.activations[layer - 1])
        grads.insert(0, Gradient(dW(dZ_l, A[layer - 1]), db(dZ_l)))
        dA_l = dA(dZ_l, params[layer - 1].W)
    return tuple(grads)


def _matrix(entry: Any, rows: int, columns: int) -> Any:
    return np.array([[entry(i, j) for j in range(columns)] for i in range(rows)])
