"""The numbers of a step: few digits, objects, batches of many, saturated outputs."""

import re

import numpy as np
import pytest
from training import ROW

from shapecheck_bp import diagnose
from shapecheck_bp.doctor.scripts import diagnose_file


def test_slopes_of_few_digits_are_measured_with_more():
    """Parameters and data of float32, also where one is a view of another."""
    rng = np.random.default_rng(3)
    theta = rng.normal(size=12).astype("float32")
    W, V = theta.reshape(3, 4), rng.normal(size=(2, 3)).astype("float32").T
    X, Y = rng.normal(size=(6, 4)).astype("float32"), rng.normal(size=(6, 2)).astype("float32")

    def step(factor, W, V, X, Y):
        H = np.tanh(X @ W.T)
        E = H @ V - Y
        cost = np.mean(E**2)
        dE = 2 * E / E.size
        return cost, factor * (dE @ V.T * (1 - H**2)).T @ X, H.T @ dE

    for factor, ok in ((1, True), (3, False)):
        diagnosis = diagnose(step, factor, W, V, X, Y)
        assert diagnosis.ok is ok, diagnosis
    assert W.dtype == V.dtype == np.float32


@pytest.mark.parametrize("sign", [1, -1])
def test_an_array_of_objects_that_are_floats_is_one_parameter(sign):
    """As np.array([W1, W2], dtype=object) is, of rows of one length."""
    rng = np.random.default_rng(4)
    weights = np.array([rng.normal(size=3), rng.normal(size=3)], dtype=object)
    data = [(np.array([1, 0, 0]), 0.3), (np.array([1, 1, 0]), 0.8)]

    def train(weights, rate=0.2):
        for x, y in data:
            a = np.tanh(weights[0].dot(x) + 0.5 * weights[1].dot(x))
            loss = 0.5 * (a - y) ** 2
            slope = (a - y) * (1 - a**2)
            steps = np.array([slope * x, sign * 0.5 * slope * x], dtype=object)
            weights[0] -= rate * steps[0]
            weights[1] -= rate * steps[1]
        return loss

    diagnosis = diagnose(train, weights)
    assert diagnosis.ok is (sign == 1), diagnosis
    assert [*diagnosis.parameters] == ["weights"]


def test_one_number_may_have_more_brackets_afterwards():
    rng = np.random.default_rng(5)
    p = {"w": rng.normal(size=(1, 3)), "b": 0.2}

    def train(p, x, y, rate=0.1):
        error = p["w"] @ x + p["b"] - y
        cost = float(0.5 * error[0, 0] ** 2)
        p["w"] = p["w"] - rate * error @ x.T
        p["b"] = p["b"] - rate * error
        return cost

    diagnosis = diagnose(train, p, rng.normal(size=(3, 1)), 0.7)
    assert diagnosis.ok, diagnosis
    assert "-0.1 dJ/dp['b']: right" in diagnosis.parameters["p['b']"]


@pytest.mark.parametrize("power", [2, 1])
def test_a_batch_of_more_examples_than_are_taken(power):
    """Of many some are taken, and the step goes on dividing by the size of a batch."""
    rng = np.random.default_rng(6)
    W, V = rng.normal(size=(4, 3)), rng.normal(size=(3, 2))
    X, Y = rng.normal(size=(100, 4)), rng.normal(size=(100, 2))

    def train(W, V, X, Y, batch=20, rate=0.1):
        for start in range(0, len(X), batch):
            dW, dV, loss = np.zeros_like(W), np.zeros_like(V), 0
            few = range(start, min(start + batch, len(X)))
            for i in few:
                H = np.tanh(X[i] @ W)
                E = H @ V - Y[i]
                loss += np.sum(E**2) / 2
                dV += np.outer(H, E)
                dW += np.outer(X[i], V @ E * (1 - H**power))
            W -= rate * dW / batch
            V -= rate * dV / batch
            loss = loss / len(few)

    diagnosis = diagnose(train, W, V, X, Y)
    assert diagnosis.ok is (power == 2), diagnosis
    assert "12 were taken" in str(diagnosis)


def saturated(tmp_path, *changes):
    """The script with a sigmoid whose outputs are close to 0 and 1."""
    source = ROW
    for old, new in (
        ("size=(5, 1)) / 2", "size=(5, 1)) * 8"),
        ("A2 = A1 @ W2 + b2", "A2 = 1 / (1 + np.exp(-(A1 @ W2 + b2)))"),
        (
            "np.mean((A2 - Y) ** 2)",
            "-np.mean(Y * np.log(A2 + 1e-5) + (1 - Y) * np.log(1 - A2 + 1e-5))",
        ),
        ("2 * (A2 - Y) / m", "(A2 - Y) / m"),
        *changes,
    ):
        assert old in source
        source = source.replace(old, new)
    file = tmp_path / "train.py"
    file.write_text(source)
    return diagnose_file(str(file))


def test_a_small_number_in_a_logarithm_matters_only_where_outputs_are_as_small(tmp_path):
    found = saturated(tmp_path)
    assert found.ok, str(found)
    assert "without the small numbers of line 13, which its gradients have not" in str(found)


def test_both_may_be_set_aside_what_is_added_and_what_is_clipped(tmp_path):
    found = saturated(tmp_path, ("W1 - 0.1 * dW1", "W1 - 0.1 * np.clip(dW1, -1e-3, 1e-3)"))
    assert found.ok, str(found)
    assert re.search(r"without what line 13, \d+ clips or adds", str(found)), str(found)


def test_a_mistake_is_found_beside_it(tmp_path):
    found = saturated(tmp_path, ("dW1 = X.T @ dZ1", "dW1 = X.T @ dZ1 / m"))
    assert (found.ok, found.findings[0].fix) == (False, "dW1 = X.T @ dZ1"), str(found)
    assert found.findings[0].sure == "certain"


def test_data_that_are_shuffled_are_no_state_of_an_optimiser():
    """They are changed by a step, and happen to have the shape of a parameter."""
    rng = np.random.default_rng(7)
    data = [(rng.normal(size=(3, 1)), rng.normal(size=(2, 1))) for _ in range(3)]
    W, b = rng.normal(size=(2, 3)), rng.normal(size=(2, 1))

    def train(data, W, b, rate=0.1, mistake=2):
        np.random.default_rng(0).shuffle(data)
        x, y = data[0]
        error = W @ x + b - y
        cost = np.sum(error**2) / 2
        W -= rate * error @ x.T
        b -= rate * mistake * error
        return cost

    diagnosis = diagnose(train, data, W, b)
    assert diagnosis.ok is False
    assert "from before" not in str(diagnosis)
    assert diagnosis.parameters["W"].endswith("right")


def test_parameters_may_be_fields_of_a_record_that_is_given_back():
    p = np.zeros((), dtype=[("W", float, (2, 3)), ("b", float, 2)])
    rng = np.random.default_rng(9)
    p["W"] = rng.normal(size=(2, 3))
    X, Y = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))

    def step(p, X, Y, sign=1):
        E = X @ p["W"].T + p["b"] - Y
        J = np.sum(E**2)
        p["W"] -= 0.1 * 2 * E.T @ X
        p["b"] -= sign * 0.1 * 2 * E.sum(axis=0)
        return J, p[()]

    assert diagnose(step, p, X, Y).ok
    assert diagnose(step, p, X, Y, -1).findings[0].sure == "certain"
