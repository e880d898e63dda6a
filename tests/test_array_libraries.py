"""The same functions, unchanged, on every array library."""

import numpy as np
import pytest
from array_api_compat import device
from libraries import LIBRARIES, convert, jax_in_float64
from problems import name, problem, relative

from shapecheck_bp import Network, fit

NETS = [
    Network((5, 4, 6, 3), "tanh", "softmax"),
    Network((5, 4, 3), "relu", "sigmoid"),
    Network((5, 4, 3), "leaky_relu", "identity"),
    Network((5, 4, 3), "sigmoid", "softmax", "squared_error"),
    Network((5, 4, 1), "identity", "sigmoid"),
]
every_net = pytest.mark.parametrize("net", NETS, ids=name)


@pytest.fixture(params=LIBRARIES)
def library(request):
    return LIBRARIES[request.param]()


@every_net
def test_the_same_gradients(bp, library, net):
    net, *arrays = problem(bp, net, m=6)
    J, grads = bp.gradients(net, *arrays)
    J2, grads2 = bp.gradients(net, *convert((*arrays,), library.array))
    assert type(J2) is type(convert(np.asarray(1.0), library.array)) or isinstance(J2, np.float64)
    assert np.isclose(float(J2), J, rtol=1e-14)
    for grad, grad2 in zip(grads, convert(grads2, library.numpy), strict=True):
        assert grad2.dW.dtype == grad.dW.dtype
        assert relative(grad2.dW, grad.dW) < 1e-13
        assert relative(grad2.db, grad.db) < 1e-13


@every_net
def test_the_same_update_and_predictions(bp, library, net):
    net, params, X, Y = problem(bp, net, m=6)
    _, grads = bp.gradients(net, params, X, Y)
    new = bp.update(params, grads, 0.1)
    params2, grads2, X2 = convert((params, grads, X), library.array)
    new2 = bp.update(params2, grads2, 0.1)
    for layer, layer2 in zip(new, convert(new2, library.numpy), strict=True):
        assert relative(layer2.W, layer.W) < 1e-15
        assert relative(layer2.b, layer.b) < 1e-15
    labels = library.numpy(bp.predict(net, new2, X2))
    np.testing.assert_array_equal(labels, bp.predict(net, new, X))


def test_one_hot(bp, library):
    labels = library.array(np.array([2, 0, 1, 2]))
    Y = bp.one_hot(labels, classes=3)
    wanted = np.eye(3)[[2, 0, 1, 2]]
    np.testing.assert_array_equal(library.numpy(Y), wanted.T if bp.EXAMPLES_AXIS else wanted)
    assert str(bp.one_hot(labels, 3, "float32").dtype).endswith("float32")
    with pytest.raises(ValueError, match="labels: expected classes 0 to 1; example 0 has label 2"):
        bp.one_hot(labels, classes=2)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16"])
def test_labels_of_a_narrow_dtype(bp, library, dtype):
    labels = library.array(np.array([2, 100, 7], dtype=dtype))
    Y = library.numpy(bp.one_hot(labels, classes=300))
    axis = 1 - bp.EXAMPLES_AXIS
    assert np.sum(Y) == 3
    assert np.argmax(Y, axis=axis).tolist() == [2, 100, 7]
    with pytest.raises(ValueError, match="labels: expected classes 0 to 99; example 1 has label 1"):
        bp.one_hot(labels, classes=100)


def test_labels_that_are_not_promoted_with_the_classes(bp):
    """Which are int64: the standard has no dtype for the two, and NumPy none but a floating one."""
    xp = pytest.importorskip("array_api_strict", reason="array-api-strict is not installed")
    Y = np.asarray(bp.one_hot(xp.asarray([2, 0], dtype=xp.uint64), classes=3))
    assert np.argmax(Y, axis=1 - bp.EXAMPLES_AXIS).tolist() == [2, 0]


def test_the_same_training(bp, library):
    net, *arrays = problem(bp, NETS[0], m=10)
    settings = {"epochs": 2, "batch_size": 4, "learning_rate": 0.1}
    params, costs = fit(bp, net, *arrays, **settings)
    params2, costs2 = fit(bp, net, *convert((*arrays,), library.array), **settings)
    assert np.allclose(costs, costs2, rtol=1e-13)
    for layer, layer2 in zip(params, convert(params2, library.numpy), strict=True):
        assert relative(layer2.W, layer.W) < 1e-13


def test_bad_data_is_found_in_every_library(bp, library):
    net, params, X, Y = problem(bp, NETS[0], m=6)
    X = X.copy()
    X[1, 2] = np.nan
    arrays = convert((params, X, Y), library.array)
    with pytest.raises(ValueError, match=r"the first at X\[1, 2\]"):
        fit(bp, net, *arrays, epochs=1, batch_size=2, learning_rate=0.1)


@every_net
@pytest.mark.parametrize("library", ["jax", "jax on a GPU"], indirect=True)
def test_under_jit(bp, library, net):
    jax = jax_in_float64()
    net, *arrays = problem(bp, net, m=6)
    J, grads = bp.gradients(net, *arrays)
    traced = jax.jit(bp.gradients, static_argnums=0)
    J2, grads2 = traced(net, *convert((*arrays,), library.array))
    assert np.isclose(float(J2), J, rtol=1e-13)
    for grad, grad2 in zip(grads, convert(grads2, library.numpy), strict=True):
        assert relative(grad2.dW, grad.dW) < 1e-12


@pytest.mark.parametrize("library", ["torch", "torch on a GPU"], indirect=True)
def test_pytorch_tensors_that_want_gradients(bp, library):
    net, *arrays = problem(bp, NETS[0], m=6)
    params, X, Y = convert((*arrays,), lambda a: library.array(a).requires_grad_())
    J, grads = bp.gradients(net, params, X, Y)
    J.backward()
    for layer, grad in zip(params, grads, strict=True):
        assert relative(library.numpy(grad.dW), library.numpy(layer.W.grad)) < 1e-13


def test_what_is_made_lies_where_its_arguments_do(bp, library):
    net, *arrays = problem(bp, NETS[0], m=6)
    params, X, Y = convert((*arrays,), library.array)
    here = device(X)
    J, grads = bp.gradients(net, params, X, Y)
    made = [J, *(array for grad in grads for array in grad), bp.predict(net, params, X)]
    made.append(bp.one_hot(library.array(np.array([2, 0, 1])), classes=3))
    assert [device(array) for array in made] == [here] * len(made)
