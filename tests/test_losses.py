from functools import lru_cache

import mpmath
import numpy as np
import pytest
from problems import name

from shapecheck_bp import Layer, Network, flip
from shapecheck_bp.losses import cross_entropy, log_loss, loss_for, squared_error

DIGITS = 4500  # as e**-10000 needs
exp, log = lru_cache(None)(mpmath.exp), lru_cache(None)(mpmath.log)  # each with so many digits
POINTS = [-1e4, -700.0, -30.0, -2.0, 0.0, 0.7, 3.0, 40.0, 700.0, 1e4]


@pytest.mark.parametrize("y", [0.0, 0.25, 1.0])
def test_log_loss(y):
    Z = np.array([POINTS])
    with mpmath.workdps(DIGITS):
        exact = []
        for z in POINTS:
            a = 1 / (1 + exp(-mpmath.mpf(z)))
            exact.append(float(-y * log(a) - (1 - y) * log(1 - a)))
    np.testing.assert_allclose(log_loss(Z, np.full_like(Z, y))[0], exact, rtol=1e-15)


def test_cross_entropy_of_saturated_outputs(bp):
    Z = np.array([[1e4, -1e4, 0.0], [0.0, 0.0, 0.0]], dtype="float32")
    Z = Z.T if bp.EXAMPLES_AXIS == 1 else Z
    log_A = bp.log_softmax(Z)
    examples = log_A.T if bp.EXAMPLES_AXIS == 1 else log_A
    np.testing.assert_allclose(examples[0], [0, -2e4, -1e4])
    np.testing.assert_allclose(examples[1], [-np.log(3)] * 3, rtol=1e-6)
    assert np.all(cross_entropy(log_A, np.ones_like(log_A)) >= 0)


def test_two_classes_are_the_log_loss(bp):
    """Softmax over (z, 0) with one-hot targets is a sigmoid of z with the log loss."""
    z, y = np.array([[-3.0, 0.1, 2.0, 50.0]]), np.array([[0.0, 1.0, 1.0, 0.0]])
    one, two = Network((1, 1), output="sigmoid"), Network((1, 2))
    Z, Y = np.concat([z, 0 * z]), np.concat([y, 1 - y])
    here, there = (z, y), (Z, Y)
    if bp.EXAMPLES_AXIS == 0:
        here, there = ((a.T, b.T) for a, b in (here, there))
    costs = []
    for net, (linear, targets) in ((one, here), (two, there)):
        W = np.zeros((1, 1)) + 1.0
        sizes = (net.sizes[1], 1) if bp.EXAMPLES_AXIS == 1 else (1, net.sizes[1])
        params = (Layer(np.ones(sizes) * W, np.zeros(sizes)),)
        X = here[0]
        cache = bp.forward(net, params, X)._replace(Z=(linear,))
        costs.append(bp.cost(net, cache, targets))
    assert np.isclose(*costs, rtol=1e-14)


def exact_loss(net, z, y):
    """One example's loss at logits z."""
    if net.output == "softmax":
        e = [exp(one) for one in z]
        a = [one / sum(e) for one in e]
    elif net.output == "sigmoid":
        a = [1 / (1 + exp(-one)) for one in z]
    else:
        a = [mpmath.tanh(one) if net.output == "tanh" else one for one in z]
    terms = {
        "squared_error": lambda a, y: (a - y) ** 2,
        "cross_entropy": lambda a, y: -log(a) if y else 0,
        "log_loss": lambda a, y: -log(a) if y else -log(1 - a),
    }
    return sum(map(terms[net.loss], a, y))


INPUTS, TARGETS = (1.0, 0.5), ((0.0, 1.0, 0.0), (1.0, 0.0, 0.0))


@lru_cache
def exact(net, size):
    """J, and dL/dZ of both examples, for the logits (size, 0, 1) times each input."""
    with mpmath.workdps(DIGITS):
        h, J, dZ = mpmath.mpf(10) ** -40, mpmath.mpf(0), np.zeros((2, 3))
        for i, (x, y) in enumerate(zip(INPUTS, TARGETS, strict=True)):
            z = [mpmath.mpf(size * x), mpmath.mpf(0), mpmath.mpf(x)]
            J += exact_loss(net, z, y) / 2
            for k in range(3):
                above, below = ([*z[:k], z[k] + d, *z[k + 1 :]] for d in (h, -h))
                dZ[i, k] = (exact_loss(net, above, y) - exact_loss(net, below, y)) / (2 * h)
        return float(J), dZ


@pytest.mark.xdist_group("exact losses")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [1e4, -1e4])
@pytest.mark.parametrize(
    "net",
    [
        Network((1, 3)),
        Network((1, 3), output="sigmoid"),
        Network((1, 3), output="softmax", loss="squared_error"),
        Network((1, 3), output="sigmoid", loss="squared_error"),
        Network((1, 3), output="tanh"),
        Network((1, 3), output="identity"),
    ],
    ids=name,
)
def test_logits_of_ten_thousand_do_no_harm(bp, net, size, dtype):
    """Warnings and floating-point faults are errors here."""
    W, b = np.array([[size, 0, 1]], dtype=dtype), np.zeros((1, 3), dtype=dtype)
    X, Y = np.array([INPUTS], dtype=dtype).T, np.array(TARGETS, dtype=dtype)
    given = ((Layer(W, b),), X, Y)
    J, grads = bp.gradients(net, *(flip(given) if bp.EXAMPLES_AXIS == 1 else given))
    ((dW, db),) = flip(grads) if bp.EXAMPLES_AXIS == 1 else grads
    assert J.dtype == dW.dtype == db.dtype == dtype

    exact_J, dZ = exact(net, size)
    eps = 16 * np.finfo(dtype).eps
    exact_dW, exact_db = X.T.astype(float) @ dZ / 2, np.mean(dZ, axis=0, keepdims=True)
    np.testing.assert_allclose(J, exact_J, rtol=eps)
    np.testing.assert_allclose(dW, exact_dW, rtol=eps, atol=eps * np.max(np.abs(exact_dW)))
    np.testing.assert_allclose(db, exact_db, rtol=eps, atol=eps * np.max(np.abs(exact_db)))


def test_squared_error_has_no_half():
    assert squared_error(np.array([[3.0]]), np.array([[1.0]])) == 4


OF_CLASSES = (
    "it is the logarithm of class probabilities, which only a softmax output gives"
    " (for sigmoid outputs that is 'log_loss')"
)
OF_EACH = (
    "it is the logarithm of A and of 1 - A, so each output must lie between 0 and 1 on its own,"
    " which only a sigmoid output does (for softmax that is 'cross_entropy')"
)


@pytest.mark.parametrize(
    ("output", "loss", "reason", "natural"),
    [
        ("tanh", "cross_entropy", OF_CLASSES, "squared_error"),
        ("sigmoid", "cross_entropy", OF_CLASSES, "log_loss"),
        ("softmax", "log_loss", OF_EACH, "cross_entropy"),
        ("identity", "log_loss", OF_EACH, "squared_error"),
    ],
)
def test_a_loss_that_does_not_go_with_the_output_is_refused_with_the_reason(
    output, loss, reason, natural
):
    with pytest.raises(ValueError, match="^loss: ") as caught:
        loss_for(output, loss)
    assert str(caught.value) == (
        f"loss: '{loss}' does not go with output='{output}': {reason}."
        f" Leave loss out for '{natural}'."
    )


@pytest.mark.parametrize("loss", ["mse", "", 1, ["log_loss"]])
def test_an_unknown_loss_lists_the_known(loss):
    with pytest.raises(ValueError, match="^loss: ") as caught:
        loss_for("identity", loss)
    assert str(caught.value) == (
        "loss: expected one of 'squared_error', 'cross_entropy', 'log_loss'; got " + repr(loss)
    )
