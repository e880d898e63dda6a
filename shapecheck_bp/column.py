"""Backprop, examples are columns: Z = W @ A_prev + b.

Every array has the examples along its last axis. With m
examples and layers of n[0], n[1], …, n[L] units,

    X, A, Z, dA, dZ    (n[l], m)
    W, dW              (n[l], n[l-1])
    b, db              (n[l], 1)

dA and dZ are gradients of each example's own loss L;
1/m enters once, in dW and db, which are gradients of J.

The same in the other convention is shapecheck_bp.row;
the two files are meant to be read side by side.

>>> import numpy as np
>>> net = Network(sizes=(4, 3, 2), hidden="tanh")
>>> params = init(net, seed=0)
>>> labels = np.array([0, 1, 1, 0, 1])
>>> X, Y = np.ones((4, 5)), one_hot(labels, classes=2)
>>> J, grads = gradients(net, params, X, Y)
>>> [(dW.shape, db.shape) for dW, db in grads]
[((3, 4), (3, 1)), ((2, 3), (2, 1))]
"""

from functools import partial
from typing import Any, SupportsIndex, TypeAlias

from array_api_compat import array_namespace, device
from jaxtyping import Float, Integer

from shapecheck_bp.activations import lookup
from shapecheck_bp.data.blocks import in_blocks
from shapecheck_bp.data.checks import (
    check_finite,
    check_labels,
    check_targets,
)
from shapecheck_bp.data.settings import float_dtype
from shapecheck_bp.losses import (
    cross_entropy,
    log_loss,
    squared_error,
    squared_error_prime,
)
from shapecheck_bp.network import (
    Cache,
    Gradient,
    Layer,
    Network,
    advice,
    draw_units,
)
from shapecheck_bp.replay import replayed
from shapecheck_bp.shapes import Array, shapechecked

__all__ = [
    "activation_backward",
    "activation_forward",
    "backward",
    "check_data",
    "cost",
    "forward",
    "gradients",
    "init",
    "linear_backward",
    "linear_forward",
    "log_softmax",
    "one_hot",
    "predict",
    "softmax",
    "update",
    "weights_backward",
]

OTHER_CONVENTION = "shapecheck_bp.row"
ADVICE = advice
EXAMPLES_AXIS = 1

Parameters: TypeAlias = tuple[
    Layer[
        Float[Array, "n[l] n[l-1]"],  # W
        Float[Array, "n[l] 1"],  # b
    ],
    ...,
]
Gradients: TypeAlias = tuple[
    Gradient[
        Float[Array, "n[l] n[l-1]"],  # dW
        Float[Array, "n[l] 1"],  # db
    ],
    ...,
]
Cached: TypeAlias = Cache[
    tuple[Float[Array, "n[l] m"], ...],  # Z of layers 1 to L
    tuple[Float[Array, "n[l-1] m"], ...],  # X, then their A
]


# One layer, forward.


@shapechecked
def linear_forward(
    A_prev: Float[Array, "n_in m"],
    W: Float[Array, "n_out n_in"],
    b: Float[Array, "n_out 1"],
) -> Float[Array, "n_out m"]:
    """Z = W @ A_prev + b.

    Source: layers, "Simple network".

    >>> A_prev, W = np.ones((4, 5)), np.ones((3, 4))
    >>> linear_forward(A_prev, W, b=np.ones((3, 1))).shape
    (3, 5)
    """
    return W @ A_prev + b


@shapechecked
def softmax(
    Z: Float[Array, "n m"],
) -> Float[Array, "n m"]:
    """A = exp(Z) / sum(exp(Z)), the sum over classes.

    Source: design matrix, "Final layer".

    >>> softmax(np.ones((2, 1))).tolist()
    [[0.5], [0.5]]
    """
    xp = array_namespace(Z)
    E = xp.exp(Z - xp.max(Z, axis=0, keepdims=True))
    return E / xp.sum(E, axis=0, keepdims=True)


@shapechecked
def log_softmax(
    Z: Float[Array, "n m"],
) -> Float[Array, "n m"]:
    """log A = Z - log(sum(exp(Z))), the sum over classes.

    Never the logarithm of zero, however large Z is.

    >>> log_softmax(np.array([[0.0], [1e4]])).tolist()
    [[-10000.0], [0.0]]
    """
    xp = array_namespace(Z)
    Z = Z - xp.max(Z, axis=0, keepdims=True)
    E = xp.exp(Z)
    return Z - xp.log(xp.sum(E, axis=0, keepdims=True))


@shapechecked
def activation_forward(
    Z: Float[Array, "n m"],
    activation: str,
) -> Float[Array, "n m"]:
    """A = g(Z).

    Source: design matrix, "Non-linear step".

    >>> Z = np.array([[-1.0, 2.0]])
    >>> activation_forward(Z, "relu").tolist()
    [[0.0, 2.0]]
    """
    if activation == "softmax":
        return softmax(Z)
    return lookup(activation).g(Z)


# One layer, backward.


@shapechecked
def activation_backward(
    dA: Float[Array, "n m"],
    Z: Float[Array, "n m"],
    activation: str,
) -> Float[Array, "n m"]:
    """dZ = dA * g'(Z).

    Softmax mixes the classes of an example, so that its dZ
    is A * (dA - sum(A * dA)), the sum over classes.

    Source: design matrix, "Activation backwards".

    >>> Z = np.array([[-1.0, 2.0]])
    >>> dA = np.ones((1, 2))
    >>> activation_backward(dA, Z, "relu").tolist()
    [[0.0, 1.0]]
    """
    if activation == "softmax":
        xp = array_namespace(Z)
        A = softmax(Z)
        mean = xp.sum(A * dA, axis=0, keepdims=True)
        return A * (dA - mean)
    return dA * lookup(activation).g_prime(Z)


@shapechecked
def weights_backward(
    dZ: Float[Array, "n_out m"],
    A_prev: Float[Array, "n_in m"],
) -> Gradient[
    Float[Array, "n_out n_in"],  # dW
    Float[Array, "n_out 1"],  # db
]:
    """dW = dZ @ A_prev.T / m, db = sum(dZ) / m.

    The sum is over examples, and so is the product's.

    Source: design matrix, "Summary of key equations";
    layers, "Optimised calculations".

    >>> dZ, A_prev = np.ones((3, 5)), np.ones((4, 5))
    >>> dW, db = weights_backward(dZ, A_prev)
    >>> dW.shape, db.shape
    ((3, 4), (3, 1))
    """
    xp = array_namespace(dZ)
    m = dZ.shape[1]
    dW = dZ @ A_prev.T / m
    db = xp.sum(dZ, axis=1, keepdims=True) / m
    return Gradient(dW, db)


@shapechecked
def linear_backward(
    dZ: Float[Array, "n_out m"],
    A_prev: Float[Array, "n_in m"],
    W: Float[Array, "n_out n_in"],
) -> tuple[
    Float[Array, "n_in m"],  # dA_prev
    Float[Array, "n_out n_in"],  # dW
    Float[Array, "n_out 1"],  # db
]:
    """dA_prev = W.T @ dZ; dW, db as in weights_backward.

    Source: design matrix, "Linear backwards"; for why W is
    transposed: transpose, "Theory".

    >>> dZ, A_prev = np.ones((3, 5)), np.ones((4, 5))
    >>> grads = linear_backward(dZ, A_prev, np.ones((3, 4)))
    >>> [grad.shape for grad in grads]
    [(4, 5), (3, 4), (3, 1)]
    """
    dA_prev = W.T @ dZ
    dW, db = weights_backward(dZ, A_prev)
    return dA_prev, dW, db


# The whole network.


@shapechecked
def init(
    net: Network,
    seed: SupportsIndex = 0,
    dtype: Any = "float64",
) -> Parameters:
    """W ~ N(0, c / n_in), b = 0; c = 2 under relu, else 1.

    Each unit's weights are a row of W. One seed gives the
    same network in both conventions, as NumPy arrays.

    >>> net = Network((4, 3, 2))
    >>> [W.shape for W, b in init(net, seed=0)]
    [(3, 4), (2, 3)]
    """
    params = []
    for units in draw_units(net, seed, dtype):
        xp = array_namespace(*units)
        W = xp.stack(units, axis=0)
        b = xp.zeros((len(units), 1), dtype=W.dtype)
        params.append(Layer(W, b))
    return tuple(params)


@shapechecked
def forward(
    net: Network,
    params: Parameters,
    X: Float[Array, "n[0] m"],
) -> Cached:
    """A[0] = X, Z[l] = W[l] @ A[l-1] + b[l], A[l] = g(Z[l]).

    Source: layers, "Putting it all together", step 1.

    >>> net = Network((4, 3, 2))
    >>> cache = forward(net, init(net), np.ones((4, 5)))
    >>> [A.shape for A in cache.A]
    [(4, 5), (3, 5), (2, 5)]
    """
    Z: list[Any] = []
    A: list[Any] = [X]
    for (W, b), g in zip(params, net.activations):
        Z.append(linear_forward(A[-1], W, b))
        A.append(activation_forward(Z[-1], g))
    return Cache(tuple(Z), tuple(A))


@shapechecked
def cost(
    net: Network,
    cache: Cached,
    Y: Float[Array, "n[L] m"],
) -> Float[Array, ""]:
    """J = sum(L) / m.

    From Z where output and loss are a pair: no log of zero.

    Source: design matrix, "Cost function".

    >>> net, Y = Network((4, 2)), np.ones((2, 5)) / 2
    >>> cache = forward(net, init(net), np.zeros((4, 5)))
    >>> round(float(cost(net, cache, Y)), 6)  # log 2
    0.693147
    """
    Z, A = cache.Z[-1], cache.A[-1]
    xp = array_namespace(Y)
    m = Y.shape[1]
    if net.loss == "cross_entropy":
        return xp.sum(cross_entropy(log_softmax(Z), Y)) / m
    if net.loss == "log_loss":
        return xp.sum(log_loss(Z, Y)) / m
    return xp.sum(squared_error(A, Y)) / m


@shapechecked
def backward(
    net: Network,
    params: Parameters,
    cache: Cached,
    Y: Float[Array, "n[L] m"],
) -> Gradients:
    """dW[l] = dZ[l] @ A[l-1].T / m, db[l] = sum(dZ[l]) / m.

    dZ[L] = A[L] - Y where output and loss are a pair, else
    dA[L] * g'(Z[L]). From there to the first layer,
    dZ[l-1] = W[l].T @ dZ[l] * g'(Z[l-1]).

    Source: design matrix, "Back prop steps".

    >>> net, Y = Network((4, 3, 2)), np.ones((2, 5)) / 2
    >>> params = init(net)
    >>> cache = forward(net, params, np.ones((4, 5)))
    >>> grads = backward(net, params, cache, Y)
    >>> [dW.shape for dW, db in grads]
    [(3, 4), (2, 3)]
    """
    # Z[l] and W[l] are of layer l; there is no layer 0.
    Z, A = (None, *cache.Z), cache.A
    W = (None, *(layer.W for layer in params))
    if net.paired:
        dZ = A[net.L] - Y
    else:
        dA = squared_error_prime(A[net.L], Y)
        dZ = activation_backward(dA, Z[net.L], net.output)
    grads: list[Any] = []
    for l in range(net.L, 1, -1):
        dA, dW, db = linear_backward(dZ, A[l - 1], W[l])
        dZ = activation_backward(dA, Z[l - 1], net.hidden)
        grads.append(Gradient(dW, db))
    # Nothing lies below layer 1: A[0] is X, and needs no dA.
    grads.append(weights_backward(dZ, A[0]))
    return tuple(reversed(grads))


@shapechecked
def gradients(
    net: Network,
    params: Parameters,
    X: Float[Array, "n[0] m"],
    Y: Float[Array, "n[L] m"],
    block_size: SupportsIndex | None = None,
) -> tuple[Float[Array, ""], Gradients]:
    """J = sum(L) / m, dW = dJ/dW, db = dJ/db.

    Forward, cost and backward in one. Under cross-entropy an
    example's targets must sum to one, and one NaN in X makes
    J and gradients NaN: check_data refuses such data.

    With a block_size, it is done on so many examples at a
    time, in the memory that they need: with m_k examples in
    block k, J = sum(m_k * J_k) / m, and so dW and db. Then X
    and Y may be files; see shapecheck_bp.data.blocks.

    >>> net, X = Network((4, 3, 2)), np.ones((4, 5))
    >>> Y = one_hot(np.array([0, 1, 1, 0, 1]), classes=2)
    >>> J, grads = gradients(net, init(net), X, Y)
    >>> len(grads)
    2
    """
    if block_size is not None:
        # Each block is a call of its own, and so checked.
        f = partial(gradients, net, params)
        return in_blocks(f, X, Y, block_size, EXAMPLES_AXIS)
    cache = forward(net, params, X)
    J = cost(net, cache, Y)
    return J, backward(net, params, cache, Y)


@shapechecked
def update(
    params: Parameters,
    grads: Gradients,
    learning_rate: float | int | Float[Array, ""],
) -> Parameters:
    """W - learning_rate * dW, b - learning_rate * db.

    >>> params = (Layer(np.ones((2, 3)), np.ones((2, 1))),)
    >>> grads = (Gradient(np.ones((2, 3)), np.ones((2, 1))),)
    >>> update(params, grads, learning_rate=1)[0].b.tolist()
    [[0.0], [0.0]]
    """
    return tuple(
        Layer(W - learning_rate * dW, b - learning_rate * db)
        for (W, b), (dW, db) in zip(params, grads)
    )


# Labels and data.


@shapechecked
def predict(
    net: Network,
    params: Parameters,
    X: Float[Array, "n[0] m"],
) -> Integer[Array, " m"]:
    """label = argmax(A[L]), over classes.

    One sigmoid output is the probability of class 1.

    >>> net = Network((4, 3, 2))
    >>> predict(net, init(net), np.ones((4, 5))).shape
    (5,)
    """
    xp = array_namespace(X)
    A = forward(net, params, X).A[-1]
    if net.binary:
        A = xp.concat([1 - A, A], axis=0)
    return xp.argmax(A, axis=0)


@shapechecked
def one_hot(
    labels: Integer[Array, " m"],
    classes: SupportsIndex,
    dtype: Any = None,
) -> Float[Array, "classes m"]:
    """Y[k, i] = 1 where example i has label k, else 0.

    A label outside 0 to classes - 1 is a ValueError. The
    dtype is the library's default float unless given.

    >>> one_hot(np.array([1, 0]), classes=3).tolist()
    [[0.0, 1.0], [1.0, 0.0], [0.0, 0.0]]
    """
    check_labels(labels, classes)
    xp = array_namespace(labels)
    k = xp.arange(classes, device=device(labels))
    labels = xp.astype(labels, k.dtype)
    hot = k[:, None] == labels[None, :]
    return xp.astype(hot, float_dtype(xp, dtype))


@shapechecked
def check_data(
    net: Network,
    X: Float[Array, "n[0] m"],
    Y: Float[Array, "n[L] m"],
) -> None:
    """Refuse values that no training could use (ValueError).

    NaN or infinity; targets outside 0 to 1 under log loss or
    cross-entropy, and under cross-entropy an example whose
    targets do not sum to one.

    >>> net, X = Network((4, 2)), np.ones((4, 5))
    >>> check_data(net, X, Y=np.ones((2, 5)))
    Traceback (most recent call last):
    ValueError: Y: expected each example's targets to sum ...
    """
    check_finite("X", X)
    check_targets(net.loss, Y, EXAMPLES_AXIS)


# Repeated calls need not be thought through again.
replayed(globals())
