"""Kinds of code that a doctor which knows networks by description says falsehoods about.

Here each is given as it stands, with its own arguments.
"""

from itertools import pairwise

import numpy as np
import pytest

from shapecheck_bp import diagnose

RANDOM = np.random.default_rng(8)
M = 5
X, LABELS = RANDOM.normal(size=(3, M)), RANDOM.integers(0, 2, size=(1, M)).astype(float)
TWO = RANDOM.normal(size=(2, M))


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def layers(*sizes):
    """Parameters as a list of pairs."""
    random = np.random.default_rng(2)
    return [
        (random.normal(size=(n_out, n_in)) * 0.7, random.normal(size=(n_out, 1)) * 0.3)
        for n_in, n_out in pairwise(sizes)
    ]


def no_bias(params, X, Y):
    """Right: a network without biases."""
    (W1, _), (W2, _) = params
    A1 = sigmoid(W1 @ X)
    A2 = sigmoid(W2 @ A1)
    dZ2 = A2 - Y
    dZ1 = W2.T @ dZ2 * A1 * (1 - A1)
    return [(dZ1 @ X.T / M, None), (dZ2 @ A1.T / M, None)]


def sum_loss(params, X, Y):
    """Right for half the sum of squares."""
    ((W, b),) = params
    A = sigmoid(W @ X + b)
    dZ = (A - Y) * A * (1 - A)
    return [(dZ @ X.T, dZ.sum(axis=1, keepdims=True))]


def weight_decay(params, X, Y, reg=0.1):
    """Right: the decay is in the cost, too."""
    ((W, b),) = params
    E = np.exp(W @ X + b)
    A = E / E.sum(axis=0)
    J = -np.sum(Y * np.log(A)) / M + reg / 2 * np.sum(W**2)
    return J, [((A - Y) @ X.T / M + reg * W, (A - Y).sum(axis=1, keepdims=True) / M)]


def softmax_of_a_sigmoid(params, X, Y):
    """Right for its own forward pass."""
    ((W, b),) = params
    H = sigmoid(W @ X + b)
    A = np.exp(H) / np.exp(H).sum(axis=0)
    dZ = (A - Y) * H * (1 - H)
    return -np.sum(Y * np.log(A)) / M, [(dZ @ X.T / M, dZ.sum(axis=1, keepdims=True) / M)]


def biases_first(W, b, X, Y):
    """Right: (nabla_b, nabla_w)."""
    A1 = np.tanh(W[0] @ X + b[0])
    d2 = sigmoid(W[1] @ A1 + b[1]) - Y
    d1 = W[1].T @ d2 * (1 - A1**2)
    nabla_b = [d1.sum(1, keepdims=True) / M, d2.sum(1, keepdims=True) / M]
    nabla_w = [d1 @ X.T / M, d2 @ A1.T / M]
    return nabla_b, nabla_w


def flat(W1, b1, W2, b2, X, Y):
    """Right: six arguments."""
    A1 = np.tanh(W1 @ X + b1)
    dZ2 = sigmoid(W2 @ A1 + b2) - Y
    dZ1 = W2.T @ dZ2 * (1 - A1**2)
    dW2, db2 = dZ2 @ A1.T / M, dZ2.sum(1, keepdims=True) / M
    return dZ1 @ X.T / M, dZ1.sum(1, keepdims=True) / M, dW2, db2


def keyed(params, X, Y):
    """Right: {"W": W, "b": b}."""
    dZ = sigmoid(params["W"] @ X + params["b"]) - Y
    return {"dw": dZ @ X.T / M, "db": dZ.sum(axis=1, keepdims=True) / M}


ONE_HOT = np.eye(2)[:, RANDOM.integers(0, 2, M)]
TWO_LAYERS = layers(3, 4, 1)
RIGHT = [
    (no_bias, (TWO_LAYERS, X, LABELS)),
    (sum_loss, (layers(3, 2), X, TWO)),
    (weight_decay, (layers(3, 2), X, ONE_HOT)),
    (softmax_of_a_sigmoid, (layers(3, 2), X, ONE_HOT)),
    (biases_first, ([W for W, _ in TWO_LAYERS], [b for _, b in TWO_LAYERS], X, LABELS)),
    (flat, (*TWO_LAYERS[0], *TWO_LAYERS[1], X, LABELS)),
    (keyed, (dict(zip("Wb", layers(3, 1)[0], strict=True)), X, LABELS)),
]


@pytest.mark.parametrize(("function", "args"), RIGHT, ids=lambda one: getattr(one, "__name__", ""))
def test_what_is_right_is_told_so(function, args):
    diagnosis = diagnose(function, *args)
    assert diagnosis.ok, diagnosis
    assert not diagnosis.findings


def error_passed_back(params, X, Y):
    """The error, and not the delta: a well-known book has it."""
    (W1, b1), (W2, b2) = params
    A1 = sigmoid(W1 @ X + b1)
    A2 = sigmoid(W2 @ A1 + b2)
    error = A2 - Y
    delta = error * A2 * (1 - A2)
    dZ1 = W2.T @ error * A1 * (1 - A1)  # wrong
    J = np.sum(error**2) / 2 / M
    first = dZ1 @ X.T / M, dZ1.sum(axis=1, keepdims=True) / M
    return J, [first, (delta @ A1.T / M, delta.sum(axis=1, keepdims=True) / M)]


def bias_from_the_wrong_array(params, X, Y):
    """db of dA."""
    (W1, b1), (W2, b2) = params
    A1 = np.tanh(W1 @ X + b1)
    dZ2 = W2 @ A1 + b2 - Y
    dA1 = W2.T @ dZ2
    dZ1 = dA1 * (1 - A1**2)
    db1 = dA1.sum(axis=1, keepdims=True)  # wrong
    return [(dZ1 @ X.T, db1), (dZ2 @ A1.T, dZ2.sum(axis=1, keepdims=True))]


def weights_left_out(params, X, Y):
    """One output, so that it fits all the same."""
    (W1, b1), (W2, b2) = params
    A1 = sigmoid(W1 @ X + b1)
    dZ2 = sigmoid(W2 @ A1 + b2) - Y
    dZ1 = dZ2 * A1 * (1 - A1)  # wrong
    dW1, db1 = dZ1 @ X.T, dZ1.sum(axis=1, keepdims=True)
    return [(dW1, db1), (dZ2 @ A1.T, dZ2.sum(axis=1, keepdims=True))]


def m_of_another_axis(params, X, Y):
    """Every gradient by one factor, which its own cost has not."""
    ((W, b),) = params
    m = X.shape[0]  # wrong
    dZ = W @ X + b - Y
    J = np.sum(dZ**2) / (2 * Y.shape[1])
    return J, [(dZ @ X.T / m, dZ.sum(axis=1, keepdims=True) / m)]


def updated_one_by_one(params, X, Y):
    """W2 is stepped before the error goes back through it."""
    (W1, b1), (W2, b2) = params
    for x, y in zip(X.T, Y.T, strict=True):
        a0, target = x[:, None], y[:, None]
        a1 = sigmoid(W1 @ a0 + b1)
        delta = sigmoid(W2 @ a1 + b2) - target
        W2 -= 0.1 * delta @ a1.T  # wrong
        b2 -= 0.1 * delta
        d1 = W2.T @ delta * a1 * (1 - a1)
        W1 -= 0.1 * d1 @ a0.T
        b1 -= 0.1 * d1


def dead(params, X, Y):
    """Nothing comes back."""
    (W1, b1), (W2, b2) = params
    A1 = np.tanh(W1 @ X + b1)
    E = W2 @ A1 + b2 - Y
    dZ1 = W2.T @ (0 * E) * (1 - A1**2)  # wrong
    return [(dZ1 @ X.T, dZ1.sum(1, keepdims=True)), (E @ A1.T, E.sum(1, keepdims=True))]


def bias_of_rank_1(W, b, X, Y):
    """The axis is left out, and b is a vector: the fix has to give one, too."""
    E = np.exp(X @ W + b)
    dZ = E / E.sum(axis=1, keepdims=True) - Y
    dW = X.T @ dZ / M
    db = dZ.sum() / M  # wrong
    return dW, db


SICK = [
    (error_passed_back, (layers(3, 4, 2), X, np.abs(TWO)), "dZ1 = W2.T @ delta * A1 * (1 - A1)"),
    (bias_from_the_wrong_array, (layers(3, 4, 2), X, TWO), "db1 = dZ1.sum(axis=1, keepdims=True)"),
    (weights_left_out, (TWO_LAYERS, X, LABELS), "W2.T"),
    (m_of_another_axis, (layers(3, 2), X, TWO), ".shape[1]"),
    (updated_one_by_one, (TWO_LAYERS, X, LABELS), "moved behind line"),
    (dead, (layers(3, 4, 2), X, TWO), "E"),
    (bias_of_rank_1, (layers(3, 2)[0][0].T, np.zeros(2), X.T, ONE_HOT.T), "dZ.sum(axis=0) / M"),
]


@pytest.mark.parametrize(
    ("function", "args", "fix"), SICK, ids=lambda one: getattr(one, "__name__", "")
)
def test_what_is_wrong_is_named_by_its_line(function, args, fix):
    import inspect

    lines, first = inspect.getsourcelines(function)
    line = first + next(i for i, text in enumerate(lines) if "# wrong" in text)
    diagnosis = diagnose(function, *args)
    assert diagnosis.ok is False
    finding = diagnosis.findings[0]
    assert line in (finding.line, finding.because), diagnosis
    assert finding.sure == "certain", diagnosis
    assert fix in finding.fix, diagnosis


def test_an_error_of_ones_own_is_not_taken_for_another():
    def propagate(w, b, X, Y):
        A = sigmoid(w.T @ X + b)
        return np.dot(X.T, A - Y) / M, np.sum(A - Y, axis=2) / M

    with pytest.raises(ValueError, match="shapes"):
        diagnose(propagate, np.ones((3, 1)), np.zeros(1), X, LABELS)
