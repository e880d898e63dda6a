"""Are the gradients right? Against oracles that share no code with the two implementations."""

import numpy as np
import pytest
from frameworks import frameworks
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
@pytest.mark.parametrize(
    ("module", "library"), [("torch", "PyTorch"), ("jax", "JAX")], ids=["torch", "jax"]
)
def test_autograd(bp, net, module, library):
    pytest.importorskip(module, reason=f"{library} is not installed")
    given = problem(bp, net, m=7)
    as_columns = given if bp is column else flip(given)
    J, theirs = frameworks()[library](*as_columns)
    ours, grads = bp.gradients(*given)
    assert abs(ours - J) <= 1e-12 * abs(ours)
    for grad, other in zip(grads if bp is column else flip(grads), theirs, strict=True):
        assert relative(grad.dW, other[0]) < 1e-10
        assert relative(grad.db, other[1]) < 1e-10


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
