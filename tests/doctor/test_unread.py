"""A bias that is stepped and that nobody adds; what is stepped in other ways may be so."""

import numpy as np
import pytest
from training import COLUMN, ROW

from shapecheck_bp import diagnose
from shapecheck_bp.doctor.scripts import diagnose_file


def diagnosed(tmp_path, source, *changes):
    for old, new in changes:
        assert old in source
        source = source.replace(old, new)
    file = tmp_path / "train.py"
    file.write_text(source)
    return diagnose_file(str(file)), source.splitlines()


@pytest.mark.parametrize(
    ("source", "old", "new", "names"),
    [
        (COLUMN, "W1 @ X + b1", "W1 @ X", ("b1",)),
        (COLUMN, "(W2 @ A1 + b2)", "(W2 @ A1)", ("b2",)),
        (ROW, "X @ W1 + b1", "X @ W1", ("b1",)),
        (ROW, "A1 @ W2 + b2", "A1 @ W2", ("b2",)),
    ],
)
def test_a_bias_that_nobody_adds(tmp_path, source, old, new, names):
    found, lines = diagnosed(tmp_path, source, (old, new))
    (one,) = found.findings
    assert (found.ok, one.sure, one.parameters) == (False, "certain", names)
    assert new in lines[one.line - 1]
    assert one.fix == lines[one.line - 1].strip().replace(new, old)
    assert found.parameters[names[0]] == "stepped, and read nowhere"
    assert "does not depend on" in one.evidence


def forward(X, params):
    A, cache = X, []
    for W, b in zip(params[::2], params[1::2], strict=True):  # noqa: B007
        Z = A @ W
        cache.append((A, Z))
        A = np.tanh(Z)
    return A, cache


def train(X, Y, params):
    A, cache = forward(X, params)
    cost = np.sum((A - Y) ** 2) / 2
    dA = A - Y
    for i in range(len(params) // 2)[::-1]:
        A_prev, Z = cache[i]
        dZ = dA * (1 - np.tanh(Z) ** 2)
        dA = dZ @ params[2 * i].T
        params[2 * i] -= 0.1 * A_prev.T @ dZ
        params[2 * i + 1] -= 0.1 * dZ.sum(axis=0)
    return cost


def test_of_all_layers_in_one_line():
    random = np.random.default_rng(2)
    sizes = [(3, 4), (4,), (4, 3), (3,), (3, 2), (2,)]
    params = [random.normal(size=size) / 2 for size in sizes]
    found = diagnose(train, random.normal(size=(6, 3)), random.normal(size=(6, 2)), params)
    (one,) = found.findings
    assert one.parameters == ("params[1]", "params[3]", "params[5]")
    assert (one.source, one.fix, one.sure) == ("A @ W", "Z = A @ W + b", "certain")
    assert "depends on none of params[1], params[3], params[5]" in one.evidence


@pytest.mark.parametrize(
    "more",
    [
        "mean = 0.9 * mean + 0.1 * W1",  # of the weights, for later
        "seen = 0.9 * seen + 0.1 * A1.mean(axis=0)",  # of the units, as of a batch's norm
        "b3 = b3 - 0.1 * b3",
    ],
)
def test_what_is_stepped_otherwise_is_not_accused(tmp_path, more):
    start = "mean, seen, b3 = np.zeros((2, 5)), np.zeros(5), np.ones((1, 5))\nm = len(X)"
    found, _ = diagnosed(tmp_path, f"{ROW}    {more}\n", ("m = len(X)", start))
    assert found.ok, str(found)
