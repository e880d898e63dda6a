"""Gradients that are finite and right where floating point is at its worst.

The logits here are whole numbers and halves, and so are the weights, so that every Z is exact and
what is compared is what follows it. ``reference.py`` has the same formulas in long doubles. No
test may overflow, divide by zero or give NaN on the way: conftest.py makes these errors.
"""

from itertools import product

import numpy as np
import pytest
import reference
from problems import name

from shapecheck_bp import Layer, Network, flip

ACTIVATIONS, OUTPUTS = reference.ACTIVATIONS, (*reference.ACTIVATIONS, "softmax")
LARGE = [("float16", 30.0), ("float32", 1e4), ("float64", 1e8)]
SINGLE = [
    Network((1, n), output=output, loss=loss)
    for n, output, loss in product((1, 2, 4), OUTPUTS, (None, "squared_error"))
    if (n, output) != (1, "softmax") and not (loss and output not in ("softmax", "sigmoid"))
]
DOUBLE = [
    Network((1, 4, n), hidden, output)
    for n, hidden, output in product((1, 3), ACTIVATIONS, OUTPUTS)
    if (n, output) != (1, "softmax")
]


def wide(value):
    """In long doubles."""
    if isinstance(value, tuple):
        items = map(wide, value)
        return value._make(items) if hasattr(value, "_make") else tuple(items)
    return value.astype("g") if isinstance(value, np.ndarray) else value


def exactly(net, params, X, Y):
    with np.errstate(all="ignore"):
        return reference.gradients(net, wide(params), wide(X), wide(Y))


def check(bp, net, params, X, Y, slack=1.0):
    """J and gradients of all three ways that a call takes: first, second, and by its program."""
    J, grads = exactly(net, params, X, Y)
    eps = float(np.finfo(X.dtype).eps)
    columns = bp.EXAMPLES_AXIS == 1
    args = (net, params, X, Y) if columns else flip((net, params, X, Y))
    for _ in range(3):
        J2, grads2 = bp.gradients(*args)
        assert abs(float(J2) - float(J)) <= 8 * eps * slack * max(1, abs(float(J)))
        for grad, grad2 in zip(grads, grads2 if columns else flip(grads2), strict=True):
            for wanted, found in zip(grad, grad2, strict=True):
                assert found.dtype == X.dtype
                scale = max(1.0, float(np.max(np.abs(wanted))))
                assert float(np.max(np.abs(found - wanted))) <= 8 * eps * slack * scale


def labels(net, dtype):
    """Two saturated targets: the right one and a wrong one."""
    n = net.sizes[-1]
    if net.loss == "cross_entropy":
        return [np.eye(n, dtype=dtype)[:, i : i + 1] for i in (0, n - 1)]
    return [np.full((n, 1), y, dtype=dtype) for y in (0, 1)]


@pytest.mark.parametrize(("dtype", "size"), LARGE)
@pytest.mark.parametrize("net", SINGLE, ids=name)
def test_large_logits(bp, net, dtype, size):
    """One example and one feature, both with the labels that fit and with those that do not."""
    for sign in (1, -1):
        logits = sign * np.array([size, -size, 0.5, 3.0], dtype=dtype)[: net.sizes[1], None]
        params = (Layer(logits, np.zeros_like(logits)),)
        for Y in labels(net, dtype):
            check(bp, net, params, np.ones((1, 1), dtype), Y)


@pytest.mark.parametrize(("dtype", "size"), LARGE)
@pytest.mark.parametrize("net", DOUBLE, ids=name)
def test_large_logits_in_a_hidden_layer(bp, net, dtype, size):
    """Saturated units pass on no gradient, and no NaN; beside them are some that are not."""
    logits = np.array([size, -size, 0.5, -3.0], dtype=dtype)[:, None]
    W = np.array([[1, 0, 1, -1], [0, 1, -1, 1], [1, 1, 0, 0]], dtype=dtype)[: net.sizes[-1]]
    params = (
        Layer(logits, np.zeros_like(logits)),
        Layer(W, np.zeros_like(W[:, :1])),
    )
    # 0.01 Z is no exact number, and where it is large its rounding is that of the next Z.
    slack = 1 + size / 100 * (net.hidden == "leaky_relu")
    for Y in labels(net, dtype):
        check(bp, net, params, np.ones((1, 1), dtype), Y, slack)


@pytest.mark.parametrize("dtype", reference.FLOATS)
@pytest.mark.parametrize("net", [*SINGLE, *DOUBLE], ids=name)
def test_subnormal_inputs(bp, net, dtype):
    tiny = np.finfo(dtype).smallest_subnormal
    X = np.array([[1, -5, 64]], dtype) * tiny
    random = np.random.default_rng(0)
    params = tuple(
        Layer(
            random.integers(-3, 4, size=(after, before)).astype(dtype), np.zeros((after, 1), dtype)
        )
        for before, after in zip(net.sizes, net.sizes[1:], strict=False)
    )
    Y = np.repeat(labels(net, dtype)[0], 3, axis=1)
    check(bp, net, params, X, Y)


@pytest.mark.parametrize("dtype", reference.FLOATS)
def test_subnormal_gradients_are_not_lost(bp, dtype):
    """dW = 2 (A - Y) X of a subnormal X: to its last unit."""
    tiny = np.finfo(dtype).smallest_subnormal
    one = np.ones((1, 1), dtype)
    net = Network((1, 1), output="identity")
    for _ in range(3):
        _, ((dW, db),) = bp.gradients(net, (Layer(0 * one, 0 * one),), 3 * tiny * one, -one)
        assert (dW.item(), db.item()) == (6 * tiny, 2)


@pytest.mark.parametrize(("dtype", "size"), LARGE)
@pytest.mark.parametrize("activation", OUTPUTS)
def test_the_steps_by_themselves(bp, activation, dtype, size):
    points = np.array([size, -size, size / 2, 40.0, -7.5, 0.5, 0.0, -0.0, 2.0], dtype)
    Z = points.reshape(3, 3)
    dA = np.array([[1, -1, 2]] * 3, dtype)
    columns = bp.EXAMPLES_AXIS == 1
    here = (dA, Z) if columns else flip((dA, Z))
    with np.errstate(all="ignore"):
        A = reference.g(activation, wide(Z))
        dZ = reference.pulled_back(activation, *wide((dA, Z)))
    tolerance = 8 * float(np.finfo(dtype).eps)
    for _ in range(3):
        found = bp.activation_forward(here[1], activation)
        assert np.max(np.abs((found if columns else found.T) - A)) <= tolerance * size
        found = bp.activation_backward(*here, activation)
        assert np.max(np.abs((found if columns else found.T) - dZ)) <= tolerance


def test_one_class(bp):
    Z = np.array([[-1e8, 0.0, 1e8]])
    Z = Z if bp.EXAMPLES_AXIS == 1 else Z.T
    assert np.all(bp.softmax(Z) == 1)
    assert np.all(bp.log_softmax(Z) == 0)


@pytest.mark.parametrize(("dtype", "size"), LARGE)
@pytest.mark.parametrize("output", ["sigmoid", "softmax"])
def test_many_examples_of_which_some_saturate(bp, output, dtype, size):
    net = Network((2, 3), output=output)
    random = np.random.default_rng(0)
    X = np.stack([random.integers(-8, 9, size=40) / 2, np.where(np.arange(40) % 3, 0, size)])
    X = X.astype(dtype)
    params = (Layer(np.array([[1, 1], [0, -1], [-1, 0]], dtype), np.zeros((3, 1), dtype)),)
    Y = np.eye(3, dtype=dtype)[:, random.integers(0, 3, size=40)]
    check(bp, net, params, X, Y, slack=4)
