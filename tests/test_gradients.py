"""Are the gradients right? Against oracles that share no code with the two implementations."""

import numpy as np
import pytest
from libraries import jax_in_float64
from problems import NETWORKS, name, problem, relative

from shapecheck_bp import Gradient, Layer, column, flip

every_network = pytest.mark.parametrize("net", NETWORKS, ids=name)


def central_differences(bp, net, params, X, Y, h=1e-5):
    """DJ/dθ as (J(θ + h) - J(θ - h)) / 2h for every entry θ of every W and b."""

    def cost():
        return bp.cost(net, bp.forward(net, params, X), Y)

    params = tuple(Layer(W.copy(), b.copy()) for W, b in params)
    slopes = []
    for layer in params:
        pair = [np.zeros(array.shape) for array in layer]
        for array, slope in zip(layer, pair, strict=True):
            for place in np.ndindex(array.shape):
                here = array[place]
                array[place] = here + h
                above = cost()
                array[place] = here - h
                below = cost()
                array[place] = here
                slope[place] = (above - below) / (2 * h)
        slopes.append(Gradient(*pair))
    return slopes


@every_network
def test_central_differences(bp, net):
    given = problem(bp, net, m=7)
    J, grads = bp.gradients(*given)
    cache = bp.forward(*given[:3])
    assert bp.cost(net, cache, given.Y) == J
    for grad, slope in zip(grads, central_differences(bp, *given), strict=True):
        assert relative(grad.dW, slope.dW) < 1e-7
        assert relative(grad.db, slope.db) < 1e-7


@every_network
def test_pytorch_autograd(bp, net):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    F = torch.nn.functional
    g = {
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
        "relu": torch.relu,
        "leaky_relu": F.leaky_relu,
        "identity": lambda Z: Z,
        "softmax": lambda Z: torch.softmax(Z, dim=1),
    }
    loss = {
        "squared_error": lambda Z, Y: torch.sum((g[net.output](Z) - Y) ** 2),
        "log_loss": lambda Z, Y: F.binary_cross_entropy_with_logits(Z, Y, reduction="sum"),
        "cross_entropy": lambda Z, Y: F.cross_entropy(Z, Y, reduction="sum"),
    }
    given = problem(bp, net, m=7)
    _, params, X, Y = flip(given) if bp is column else given
    theirs = [
        [torch.tensor(np.ascontiguousarray(array), requires_grad=True) for array in layer]
        for layer in params
    ]
    A = torch.tensor(np.ascontiguousarray(X))
    for W, b in theirs[:-1]:
        A = g[net.hidden](A @ W + b)
    W, b = theirs[-1]
    J = loss[net.loss](A @ W + b, torch.tensor(np.ascontiguousarray(Y))) / 7
    J.backward()

    ours, grads = bp.gradients(*given)
    assert abs(ours - J.item()) <= 1e-12 * abs(ours)
    _check(bp, grads, [[array.grad.numpy() for array in layer] for layer in theirs])


@every_network
def test_jax_autograd(bp, net):
    jax = jax_in_float64()
    g = {
        "sigmoid": jax.nn.sigmoid,
        "tanh": jax.numpy.tanh,
        "relu": jax.nn.relu,
        "leaky_relu": jax.nn.leaky_relu,
        "identity": lambda Z: Z,
        "softmax": lambda Z: jax.nn.softmax(Z, axis=1),
    }

    def cost(params, X, Y):
        A = X
        for W, b in params[:-1]:
            A = g[net.hidden](A @ W + b)
        Z = A @ params[-1][0] + params[-1][1]
        if net.loss == "squared_error":
            L = (g[net.output](Z) - Y) ** 2
        elif net.loss == "log_loss":
            L = -Y * jax.nn.log_sigmoid(Z) - (1 - Y) * jax.nn.log_sigmoid(-Z)
        else:
            L = -Y * jax.nn.log_softmax(Z, axis=1)
        return L.sum() / len(X)

    given = problem(bp, net, m=7)
    _, params, X, Y = flip(given) if bp is column else given
    J, theirs = jax.value_and_grad(cost)([tuple(layer) for layer in params], X, Y)

    ours, grads = bp.gradients(*given)
    assert abs(ours - float(J)) <= 1e-12 * abs(ours)
    _check(bp, grads, theirs)


def _check(bp, grads, theirs):
    grads = flip(grads) if bp is column else grads
    for grad, other in zip(grads, theirs, strict=True):
        assert relative(grad.dW, np.asarray(other[0])) < 1e-10
        assert relative(grad.db, np.asarray(other[1])) < 1e-10


def test_steps_make_the_gradients(bp, small):
    _, params, X, Y = small
    Z1 = bp.linear_forward(X, *params[0])
    A1 = bp.activation_forward(Z1, "tanh")
    A2 = bp.softmax(bp.linear_forward(A1, *params[1]))
    dA1, dW2, db2 = bp.linear_backward(A2 - Y, A1, params[1].W)
    _, dW1, db1 = bp.linear_backward(bp.activation_backward(dA1, Z1, "tanh"), X, params[0].W)
    _, grads = bp.gradients(*small)
    for grad, (dW, db) in zip(grads, [(dW1, db1), (dW2, db2)], strict=True):
        np.testing.assert_array_equal(grad.dW, dW)
        np.testing.assert_array_equal(grad.db, db)


def test_one_over_m_enters_once(bp):
    """Every example twice: the same means; and dA is of each example's own loss, not of J."""
    net = NETWORKS[0]
    _, params, X, Y = problem(bp, net, m=4)
    axis = bp.EXAMPLES_AXIS
    J, grads = bp.gradients(net, params, X, Y)
    J2, grads2 = bp.gradients(net, params, *(np.concat([a, a], axis=axis) for a in (X, Y)))
    assert np.isclose(J, J2, rtol=1e-14)
    for (dW, db), (dW2, db2) in zip(grads, grads2, strict=True):
        np.testing.assert_allclose(dW, dW2, rtol=1e-12)
        np.testing.assert_allclose(db, db2, rtol=1e-12)
