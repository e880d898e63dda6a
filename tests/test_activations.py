import mpmath
import numpy as np
import pytest
from problems import HIDDEN

from shapecheck_bp.activations import ACTIVATIONS, activation

POINTS = [-1e4, -700.0, -30.0, -2.0, -0.5, 1e-3, 0.7, 3.0, 40.0, 700.0, 1e4]
EXACT = {
    "sigmoid": lambda z: 1 / (1 + mpmath.exp(-z)),
    "tanh": mpmath.tanh,
    "relu": lambda z: max(z, 0),
    "leaky_relu": lambda z: z if z > 0 else mpmath.mpf(0.01) * z,
    "identity": lambda z: z,
}


def test_there_are_these_and_no_others():
    assert (*ACTIVATIONS,) == HIDDEN


@pytest.mark.parametrize("name", HIDDEN)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_values(name, dtype):
    Z = np.array([POINTS], dtype=dtype)
    A = activation(name).g(Z)
    with mpmath.workdps(60):
        exact = [float(EXACT[name](mpmath.mpf(float(z)))) for z in Z[0]]
    assert A.dtype == dtype
    tiny = np.finfo(dtype).tiny
    np.testing.assert_allclose(A[0], exact, rtol=8 * np.finfo(dtype).eps, atol=tiny)


@pytest.mark.parametrize("name", HIDDEN)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_derivatives(name, dtype):
    Z = np.array([POINTS], dtype=dtype)
    slope = activation(name).g_prime(Z)
    with mpmath.workdps(60):
        h = mpmath.mpf(10) ** -20
        exact = [
            float(
                (EXACT[name](mpmath.mpf(float(z)) + h) - EXACT[name](mpmath.mpf(float(z)) - h))
                / (2 * h)
            )
            for z in Z[0]
        ]
    assert slope.dtype == dtype
    np.testing.assert_allclose(slope[0], exact, rtol=1e-5, atol=4 * np.finfo(dtype).eps)


class Symbol:
    """An array that would have g(Z) rather than what it comes to."""

    def __elementwise__(self, function):
        return function.__name__


@pytest.mark.parametrize("name", HIDDEN)
def test_an_array_may_apply_g_itself(name):
    assert activation(name).g(Symbol()) == name
    assert activation(name).g_prime(Symbol()) == f"{name}_prime"


def test_the_kink_has_the_lower_slope():
    zero = np.zeros((1, 1))
    assert activation("relu").g_prime(zero) == 0
    assert activation("leaky_relu").g_prime(zero) == 0.01


@pytest.mark.parametrize("name", ["swish", "", None, ["relu"]])
def test_an_unknown_name_lists_the_known(bp, name):
    with pytest.raises(ValueError, match="activation: expected one of 'sigmoid', .*'softmax'; got"):
        activation(name)


def test_softmax_of_an_example_sums_to_one_in_either_convention(bp):
    Z = np.random.default_rng(0).normal(size=(4, 6)) * 100
    A = bp.softmax(Z)
    np.testing.assert_allclose(np.sum(A, axis=1 - bp.EXAMPLES_AXIS), 1, rtol=1e-15)
    np.testing.assert_allclose(np.exp(bp.log_softmax(Z)), A, rtol=1e-12)


def test_softmax_backward_is_its_jacobian(bp):
    """dZ = J(A)ᵀ dA with J = diag(a) - a aᵀ, one example at a time."""
    random = np.random.default_rng(0)
    Z, dA = random.normal(size=(2, 4, 3))
    A, dZ = bp.softmax(Z), bp.activation_backward(dA, Z, "softmax")
    if bp.EXAMPLES_AXIS == 1:
        A, dA, dZ = A.T, dA.T, dZ.T
    for a, da, dz in zip(A, dA, dZ, strict=True):
        np.testing.assert_allclose(dz, (np.diag(a) - np.outer(a, a)) @ da, rtol=1e-12)
