"""What every function should compute, as index sums, for all sizes.

The definitions are short: a layer's Z, g, softmax, and the cost J. All else is derived from them. A
gradient is stated as what it is, the derivative of the number that it is the gradient of, and is
found by differentiating that number's index sum. Each stands under the name of the function that it
is about.

Arrays lie as ``column`` has them: W[i, k] is the weight from unit k to unit i, X[k, j] the input k
of example j.
"""

from collections.abc import Callable
from typing import Any

from shapecheck_bp.activations import ACTIVATIONS
from shapecheck_bp.network import Cache, Gradient, Layer, Network
from shapecheck_bp.proof.functions import derivative, exp, log
from shapecheck_bp.proof.numbers import Number
from shapecheck_bp.proof.sums import over, renamed, size
from shapecheck_bp.proof.symbols import Symbolic


def linear_forward(A_prev: Symbolic, W: Symbolic, b: Symbolic) -> Symbolic:
    """Z[i, j] = Σ_k W[i, k] A_prev[k, j] + b[i]."""
    (n_out, n_in), m = W.shape, A_prev.shape[1]
    Z = over("k", n_in, W.at("i", "k") * A_prev.at("k", "j")) + b.at("i", 0)
    return Symbolic((n_out, m), Z)


def softmax(Z: Symbolic) -> Symbolic:
    """A[i, j] = exp(Z[i, j]) / Σ_k exp(Z[k, j])."""
    return Symbolic(Z.shape, exp(Z.entry) / over("k", Z.shape[0], exp(Z.at("k", "j"))))


def log_softmax(Z: Symbolic) -> Symbolic:
    """The logarithm of that."""
    return Symbolic(Z.shape, Z.entry - log(over("k", Z.shape[0], exp(Z.at("k", "j")))))


def activation_forward(Z: Symbolic, activation: str) -> Any:
    """A[i, j] = g(Z[i, j]), or softmax."""
    return softmax(Z) if activation == "softmax" else ACTIVATIONS[activation].g(Z)


def activation_backward(dA: Symbolic, Z: Symbolic, activation: str) -> Symbolic:
    """The derivative of Σ dA[i, j] A[i, j] by Z."""
    A = activation_forward(Z, activation)
    return _derivative(_whole(A, dA.entry * A.entry), Z)


def weights_backward(dZ: Symbolic, A_prev: Symbolic) -> Gradient[Symbolic, Symbolic]:
    """The derivatives of Σ dZ[i, j] Z[i, j] / m by the W and b that made Z."""
    (n_out, m), n_in = dZ.shape, A_prev.shape[0]
    W, b = Symbolic.named("the W", (n_out, n_in)), Symbolic.named("the b", (n_out, 1))
    number = _whole(dZ, dZ.entry * linear_forward(A_prev, W, b).entry) / size(m)
    return Gradient(_derivative(number, W), _derivative(number, b))


def linear_backward(dZ: Symbolic, A_prev: Symbolic, W: Symbolic) -> tuple[Any, Any, Any]:
    """The derivative of Σ dZ[i, j] Z[i, j] by A_prev, and the two above."""
    Z = linear_forward(A_prev, W, Symbolic.named("the b", (W.shape[0], 1)))
    return _derivative(_whole(dZ, dZ.entry * Z.entry), A_prev), *weights_backward(dZ, A_prev)


def forward(net: Network, params: Any, X: Symbolic) -> Cache[Any, Any]:
    """A[0] = X, then Z and A of each layer from the A before it."""
    Z: list[Symbolic] = []
    A: list[Symbolic] = [X]
    for (W, b), g in zip(params, net.activations, strict=True):
        Z.append(linear_forward(A[-1], W, b))
        A.append(activation_forward(Z[-1], g))
    return Cache(tuple(Z), tuple(A))


def cost(net: Network, cache: Any, Y: Symbolic) -> Symbolic:
    """J = Σ_j Σ_i L[i, j] / m, with the loss L as the texts write it."""
    Z, A, y = cache.Z[-1], cache.A[-1], Y.entry
    if net.loss == "cross_entropy":
        L = -y * log_softmax(Z).entry
    elif net.loss == "log_loss":
        a = 1 / (1 + exp(-Z.entry))
        L = -y * log(a) - (1 - y) * log(1 - a)
    else:
        L = (A.entry - y) ** 2
    return Symbolic((), _whole(Y, L) / size(Y.shape[1]))


def gradients(net: Network, params: Any, X: Symbolic, Y: Symbolic) -> Any:
    """J of the network that goes forward as above, and its derivatives by every W and b."""
    J = cost(net, forward(net, params, X), Y)
    grads = (Gradient(_derivative(J.entry, W), _derivative(J.entry, b)) for W, b in params)
    return J, tuple(grads)


def backward(net: Network, params: Any, cache: Any, Y: Symbolic) -> Any:
    """The derivatives of J, where Z and A of the cache are those of the network."""
    return gradients(net, params, cache.A[0], Y)[1]


def update(params: Any, grads: Any, learning_rate: Symbolic) -> Any:
    """W[i, j] - learning_rate dW[i, j], and b likewise."""
    return tuple(
        Layer(*(Symbolic(x.shape, x.entry - learning_rate.entry * dx.entry) for x, dx in pairs))
        for pairs in (zip(one, d, strict=True) for one, d in zip(params, grads, strict=True))
    )


DEFINITIONS: dict[str, Callable[..., Any]] = {
    name: one
    for name, one in vars().items()
    if getattr(one, "__module__", "") == __name__ and not name.startswith("_")
}


def _whole(A: Symbolic, entry: Number) -> Number:
    """Σ_i Σ_j entry, over the rows and columns of A."""
    return over("i", A.shape[0], over("j", A.shape[1], entry))


def _derivative(number: Number, by: Symbolic) -> Symbolic:
    """∂ number / ∂ by[a, b], for every a and b."""
    (entry,) = by.entry.factors
    name, *places = entry.parts
    a, b = ("a" if places[0] == "i" else 0), ("b" if places[1] == "j" else 0)
    return Symbolic(by.shape, renamed(derivative(number, name, a, b), {"a": "i", "b": "j"}))
