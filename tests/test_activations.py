import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import mpmath
import numpy as np
import pytest
from problems import HIDDEN

import shapecheck_bp
from shapecheck_bp.activations import ACTIVATIONS, lookup

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
    A = lookup(name).g(Z)
    with mpmath.workdps(60):
        exact = [float(EXACT[name](mpmath.mpf(float(z)))) for z in Z[0]]
    assert A.dtype == dtype
    tiny = np.finfo(dtype).tiny
    np.testing.assert_allclose(A[0], exact, rtol=8 * np.finfo(dtype).eps, atol=tiny)


@pytest.mark.parametrize("name", HIDDEN)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_derivatives(name, dtype):
    Z = np.array([POINTS], dtype=dtype)
    slope = lookup(name).g_prime(Z)
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
    assert lookup(name).g(Symbol()) == name
    assert lookup(name).g_prime(Symbol()) == f"{name}_prime"


def test_the_kink_has_the_lower_slope():
    zero = np.zeros((1, 1))
    assert lookup("relu").g_prime(zero) == 0
    assert lookup("leaky_relu").g_prime(zero) == 0.01


@pytest.mark.parametrize("name", ["swish", "", None, ["relu"]])
def test_an_unknown_name_lists_the_known(bp, name):
    with pytest.raises(ValueError, match="activation: expected one of 'sigmoid', .*'softmax'; got"):
        lookup(name)


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


SOFTPLUS = '''@elementwise
def softplus(Z: Array) -> Array:
    """A = log(1 + exp(Z))."""
    xp = array_namespace(Z)
    return xp.maximum(Z, 0) + xp.log1p(xp.exp(-xp.abs(Z)))


@elementwise
def softplus_prime(Z: Array) -> Array:
    """dA/dZ = sigmoid(Z)."""
    return sigmoid(Z)


class Activation('''
ROW = '"softplus": Activation(softplus, softplus_prime, gain=3, kink=True),'
USE = """
import numpy as np
from shapecheck_bp import *
from shapecheck_bp.layouts.functions import KNOWN
from shapecheck_bp.derivations import design_matrix
from shapecheck_bp.proof.right import right, symbolic_networks
net = Network((40, 30, 2), hidden="softplus")
params, X = column.init(net), np.random.default_rng(0).normal(size=(40, 5))
Y = column.one_hot(np.array([0, 1, 1, 0, 1]), 2)
print(round(float(np.var(params[0].W)) * 40))
J, grads = column.gradients(net, params, X, Y)
_, same = row.gradients(net, *flip((params, X, Y)))
print(all(np.allclose(dW, flip(other)) for (dW, _), (other, _) in zip(grads, same)))
h, dW = 1e-6, np.zeros((30, 40))
dW[3, 4] = h
moved = column.gradients(net, (Layer(params[0].W + dW, params[0].b), params[1]), X, Y)[0]
print(np.isclose((moved - J) / h, grads[0].dW[3, 4], rtol=1e-3))
print(bool(right(column, row, symbolic_networks(2, net))))
print(equations(column, net)["A[1]"].text.splitlines()[0].split())
def gradients(params, X, Y):
    return column.gradients(net, params, X, Y)[1]
print(diagnose(gradients, net).ok)
for refused in (
    lambda: design_matrix.gradients(net, *flip((params, X, Y))),
    lambda: KNOWN["softplus"],
):
    try:
        print(refused())
    except ValueError as error:
        print(error)
"""


def test_another_activation_takes_one_place(tmp_path):
    """Two functions and a row; what lacks an entry for it says which, and where."""
    shutil.copytree(Path(shapecheck_bp.__file__).parent, tmp_path / "shapecheck_bp")
    path = tmp_path / "shapecheck_bp" / "activations.py"
    text = path.read_text(encoding="utf-8").replace("class Activation(", SOFTPLUS, 1)
    text, rows = re.subn(r'("identity": Activation\(.*\),)', rf"\1 {ROW}", text)
    assert rows == 1
    path.write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", USE],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    *said, by_hand, in_files = done.stdout.splitlines()
    assert said == ["3", "True", "True", "True", "['A[1]', '=', 'softplus(Z[1]', ')']", "True"]
    lacks = "'softplus'"
    assert re.fullmatch(rf"g as the texts write it: expected one of .*; got {lacks}", by_hand)
    assert re.fullmatch(rf"activations that files have: expected one of .*; got {lacks}", in_files)
