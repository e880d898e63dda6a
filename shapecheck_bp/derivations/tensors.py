"""Backprop by derivative objects, one example: after "How I think about backpropagation".

Vectors are columns, and derivatives are what makes f(z + Δz) ≈ f(z) + [δf/δz] · Δz have the right
shape (numerator layout):

    δ scalar / δ vector (N, 1)      a row, (1, N)
    δ vector (M, 1) / δ vector      a Jacobian, (M, N)
    δ scalar / δ matrix (N', N)     the shape of its transpose, (N, N')
    δ vector (M, 1) / δ matrix      a 3-tensor, (M, N, N')

So this is a third way to lay gradients out. Weights lie as in ``column``, (n_out, n_in), and their
gradient as ``row`` has it, (n_in, n_out): dC/dW is ``column``'s dW transposed, and dC/db, a row, is
db transposed. ``flip`` turns ``column``'s gradients into these.

Layers are counted from 1, the input; the text passes the input through σ too, a¹ = σ(z¹). Here a¹
is given: it is X. The text's error sums the examples' costs; the gradients here are of their mean.

Where the text is loose:

- A gradient is a row, 1 × N_l; where it defines the helper gradients it says N_l × 1.
- In (7) the bias is b^(l+1), and the function differentiated is φ_(l+1).
- The last helper gradient is δC_L / δz^L, not δf / δz^L.
- C_l is a function on R^(N_l), the z of its own layer.
- Before (11), the functions that lead to z^l are φ_l ∘ … ∘ φ_2.
- At the end of 3.4 the matrix of dimensions N_(l+1) × N_l is W^(l+1); in 2.1 and 2.2 the summation
  nodes are those of layer l; sections 2.2, 2.3 and 2.5 are cited for what stands in 3.2, 3.3 and
  3.5.
- In section 5, step 2 ends with a^L, and step 4 need not reach l = 1: no weights come before it.
- Under (11) the sum that defines z_j is over another index than the i of w_ji by which it is
  differentiated.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float

from shapecheck_bp.derivations.parts import G_PRIME, LOSS, LOSS_PRIME, G, delta, softmax
from shapecheck_bp.network import Gradient, Layer, Network
from shapecheck_bp.shapes import Array, shapechecked


@shapechecked
def phi(
    W: Float[Array, "n_out n_in"], a_prev: Float[Array, "n_in 1"], b: Float[Array, "n_out 1"]
) -> Float[Array, "n_out 1"]:
    """z = W @ a_prev + b, z_i = Σ_j w_ij a_j + b_i, for a_prev = σ(z_prev). Source: (1)."""
    n_out, n_in = W.shape
    return np.array(
        [[sum(W[i, j] * a_prev[j, 0] for j in range(n_in)) + b[i, 0]] for i in range(n_out)]
    )


def feed_forward(net: Network, params: Any, x: Any) -> tuple[list[Any], list[Any]]:
    """f = σ ∘ φ_L ∘ … ∘ φ_2, with every z and a on the way. Source: (2)."""
    z: list[Any] = []
    a: list[Any] = [x]
    for (W, b), g in zip(params, net.activations, strict=True):
        z.append(phi(W, a[-1], b))
        a.append(softmax(z[-1]) if g == "softmax" else G[g](z[-1]))
    return z, a


def cost_from(net: Network, params: Any, layer: int, z: Any, target: Any) -> float:
    """C_l = C ∘ σ ∘ φ_L ∘ … ∘ φ_(l+1), of the z of layer l; the input is layer 1. Source: (4)."""
    if not 1 <= layer <= net.L + 1:
        raise ValueError(f"layer: expected 1, the input, to {net.L + 1}; got {layer}")
    a = z
    for number in range(layer, net.L + 2):
        g = net.hidden if number == 1 else net.activations[number - 2]
        a = softmax(z) if g == "softmax" else G[g](z)
        if number <= net.L:
            z = phi(params[number - 1].W, a, params[number - 1].b)
    return float(np.sum(LOSS[net.loss](a, target)))


# What the derivatives are, and how they multiply.


@shapechecked
def change_by_matrix(
    df_dW: Float[Array, "n_in n_out"], DW: Float[Array, "n_out n_in"]
) -> Float[Array, ""]:
    """[δf/δW] · ΔW = Σ_i Σ_j δf/δw_ij Δw_ij. Source: (3)."""
    n_out, n_in = DW.shape
    return np.asarray(sum(df_dW[j, i] * DW[i, j] for i in range(n_out) for j in range(n_in)))


@shapechecked
def change_of_vector_by_matrix(
    dz_dW: Float[Array, "n_z n_in n_out"], DW: Float[Array, "n_out n_in"]
) -> Float[Array, "n_z 1"]:
    """[δf/δW] · ΔW for a vector f: (3) in each slice. Source: section 3.5."""
    return np.array([[float(change_by_matrix(piece, DW))] for piece in dz_dW])


def numeric_derivative(f: Callable[[Any], Any], at: Any, h: float = 1e-6) -> Any:
    """δf/δx by central differences, laid out by the rules above: f's axis first, x's reversed."""
    value = np.asarray(f(at))
    slopes = np.empty((*value.shape, *at.shape))
    for place in np.ndindex(at.shape):
        step = np.zeros_like(at)
        step[place] = h
        slopes[(..., *place)] = (np.asarray(f(at + step)) - np.asarray(f(at - step))) / (2 * h)
    # A vector's own axis of size 1 goes; an argument's axes are reversed, so that vectors are rows.
    slopes = slopes.reshape((*(size for size in value.shape if size != 1), *at.shape))
    last = slopes.ndim
    axes = [*range(last - at.ndim), *reversed(range(last - at.ndim, last))]
    turned = np.transpose(slopes, axes)
    return turned[:, 0] if value.size > 1 and at.shape[1] == 1 else turned


# The helper gradients.


@shapechecked
def dC_da(a: Float[Array, "n 1"], target: Float[Array, "n 1"], loss: str) -> Float[Array, "1 n"]:
    """δC/δa, a row: 2 (a - λ)ᵗ for the squared difference. Source: section 4.1."""
    return LOSS_PRIME[loss](a, target).T


@shapechecked
def da_dz(z: Float[Array, "n 1"], activation: str) -> Float[Array, "n n"]:
    """[δa/δz] = diag(σ'(z_j)); for softmax diag(a) - a aᵗ. Source: (8), and before (5)."""
    if activation == "softmax":
        a = softmax(z)
        return np.diag(a[:, 0]) - a @ a.T
    return np.diag(G_PRIME[activation](z)[:, 0])


@shapechecked
def last_helper(dC_da: Float[Array, "1 n"], da_dz: Float[Array, "n n"]) -> Float[Array, "1 n"]:
    """δ^L = [δC/δa^L] · [δa^L/δz^L]. Source: (5)."""
    return dC_da @ da_dz


@shapechecked
def dz_dz(
    W: Float[Array, "n_out n_in"], da_dz: Float[Array, "n_in n_in"]
) -> Float[Array, "n_out n_in"]:
    """[δz^(l+1)/δz^l] = W^(l+1) · [δa^l/δz^l]. Source: (7)."""
    return W @ da_dz


@shapechecked
def helper(
    delta_next: Float[Array, "1 n_out"],
    W_next: Float[Array, "n_out n_in"],
    da_dz: Float[Array, "n_in n_in"],
) -> Float[Array, "1 n_in"]:
    """δ^l = δ^(l+1) · W^(l+1) · diag(σ'(z^l)). Source: (6) and (9)."""
    return delta_next @ dz_dz(W_next, da_dz)


# The derivatives with respect to weights and biases.


@shapechecked
def dz_dW(a_prev: Float[Array, "n_in 1"], n_out: int) -> Float[Array, "{n_out} n_in {n_out}"]:
    """[δz/δW]_(k,i,j) = I(j = k) a_i, a 3-tensor. Source: before (12)."""
    n_in = a_prev.shape[0]
    return np.array(
        [
            [[delta(j, k) * a_prev[i, 0] for j in range(n_out)] for i in range(n_in)]
            for k in range(n_out)
        ]
    )


@shapechecked
def dC_dW(
    delta_l: Float[Array, "1 n_out"], dz_dW: Float[Array, "n_out n_in n_out"]
) -> Float[Array, "n_in n_out"]:
    """[δC/δW]_(i,j) = Σ_k δ_k [δz/δW]_(k,i,j). Source: (10) and (12)."""
    n_out, n_in, _ = dz_dW.shape
    return np.array(
        [
            [sum(delta_l[0, k] * dz_dW[k, i, j] for k in range(n_out)) for j in range(n_out)]
            for i in range(n_in)
        ]
    )


@shapechecked
def outer(
    a_prev: Float[Array, "n_in 1"], delta_l: Float[Array, "1 n_out"]
) -> Float[Array, "n_in n_out"]:
    """[δC/δW] = a ⊗ δ: what the tensor product comes to. Source: (13)."""
    return a_prev @ delta_l


@shapechecked
def dC_db(delta_l: Float[Array, "1 n"]) -> Float[Array, "1 n"]:
    """[δC/δb] = δ · [δz/δb] = δ · I. Source: (14) and (15)."""
    return delta_l @ np.eye(delta_l.shape[1])


def example_gradients(net: Network, params: Any, x: Any, target: Any) -> list[Gradient[Any, Any]]:
    """Each layer's dC/dW and dC/db for one example, in numerator layout. Source: section 5."""
    z, a = feed_forward(net, params, x)
    delta_l = last_helper(dC_da(a[-1], target, net.loss), da_dz(z[-1], net.output))
    grads: list[Gradient[Any, Any]] = []
    for layer in range(net.L, 0, -1):
        tensor = dz_dW(a[layer - 1], net.sizes[layer])
        grads.insert(0, Gradient(dC_dW(delta_l, tensor), dC_db(delta_l)))
        if layer > 1:
            slopes = da_dz(z[layer - 2], net.hidden)
            delta_l = helper(delta_l, params[layer - 1].W, slopes)
    return grads


@shapechecked
def gradients(
    net: Network,
    params: tuple[Layer[Float[Array, "n[l] n[l-1]"], Float[Array, "n[l] 1"]], ...],
    X: Float[Array, "n[0] m"],
    Y: Float[Array, "n[L] m"],
) -> tuple[Gradient[Float[Array, "n[l-1] n[l]"], Float[Array, "1 n[l]"]], ...]:
    """The mean over examples of their dC/dW and dC/db, in numerator layout."""
    m = X.shape[1]
    every = [example_gradients(net, params, X[:, i : i + 1], Y[:, i : i + 1]) for i in range(m)]
    return tuple(
        Gradient(sum(grad.dW for grad in layer) / m, sum(grad.db for grad in layer) / m)
        for layer in zip(*every, strict=True)
    )
