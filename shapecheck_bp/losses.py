"""The losses L, term by term, and which output each goes with.

The loss of an example is the sum of its terms, and the cost J the mean over examples. Two outputs
have a loss of their own: softmax has the cross-entropy, sigmoid the log loss. For such a pair the
exponentials and logarithms cancel, so L is computed from Z (no log of zero) and dL/dZ is A - Y.

>>> import numpy as np
>>> Z, Y = np.array([[1e4, -1e4]]), np.array([[0.0, 0.0]])
>>> log_loss(Z, Y)
array([[10000.,     0.]])
"""

from array_api_compat import array_namespace

from shapecheck_bp.shapes import Array

PAIRS = {"softmax": "cross_entropy", "sigmoid": "log_loss"}

REASONS = {
    "cross_entropy": "it is the logarithm of class probabilities, which only a softmax output gives"
    " (for sigmoid outputs that is 'log_loss')",
    "log_loss": "it is the logarithm of A and of 1 - A, so each output must lie between 0 and 1 on"
    " its own, which only a sigmoid output does (for softmax that is 'cross_entropy')",
}


def squared_error(A: Array, Y: Array) -> Array:
    """L = (A - Y) ** 2, summed over outputs."""
    return (A - Y) ** 2


def squared_error_prime(A: Array, Y: Array) -> Array:
    """dL/dA = 2 (A - Y)."""
    return 2 * (A - Y)


def log_loss(Z: Array, Y: Array) -> Array:
    """L = -Y log A - (1 - Y) log(1 - A) for A = sigmoid(Z), summed over outputs."""
    xp = array_namespace(Z)
    return xp.maximum(Z, xp.zeros_like(Z)) - Y * Z + xp.log1p(xp.exp(-xp.abs(Z)))


def cross_entropy(log_A: Array, Y: Array) -> Array:
    """L = -Y log A, summed over classes; log A comes from ``log_softmax``."""
    return -Y * log_A


def loss_for(output: str, loss: object = None) -> str:
    """The loss that goes with an output activation, or ``loss`` if it goes with it.

    >>> loss_for("softmax"), loss_for("tanh"), loss_for("sigmoid", "squared_error")
    ('cross_entropy', 'squared_error', 'squared_error')

    Raises:
        ValueError: no such loss, or one that makes no sense on that output; the message says why.
    """
    natural = PAIRS.get(output, "squared_error")
    if loss is None or (isinstance(loss, str) and loss in (natural, "squared_error")):
        return loss or natural
    if not isinstance(loss, str) or loss not in REASONS:
        known = ", ".join(map(repr, ("squared_error", *REASONS)))
        raise ValueError(f"loss: expected one of {known}; got {loss!r}")
    raise ValueError(
        f"loss: {loss!r} does not go with output={output!r}: {REASONS[loss]}."
        f" Leave loss out for {natural!r}."
    )
