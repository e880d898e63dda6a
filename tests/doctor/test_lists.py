"""Code of lists of lists, entry by entry: no array is suspect, and lines are tried all the same."""

import pytest

from shapecheck_bp.doctor.scripts import diagnose_file

LISTS = """
import random
random.seed(3)
X = [[random.uniform(-1, 1) for _ in range(3)] for _ in range(5)]
Y = [[random.uniform(-1, 1)] for _ in range(5)]
W1 = [[random.uniform(-1, 1) for _ in range(4)] for _ in range(3)]
b1 = [0.1, -0.2, 0.3, 0.2]
W2 = [[random.uniform(-1, 1)] for _ in range(4)]


def times(A, B):
    return [[sum(a * b for a, b in zip(row, column)) for column in zip(*B)] for row in A]


def turned(A):
    return [list(row) for row in zip(*A)]


def relu(z):
    return max(0, z)


for epoch in range(100):
    Z1 = times(X, W1)
    A1 = [[0.0] * 4 for _ in X]
    for i in range(len(Z1)):
        for j in range(len(b1)):
            Z1[i][j] += b1[j]
            A1[i][j] = relu(Z1[i][j])
    Z2 = times(A1, W2)
    cost = 0.0
    for i in range(len(Z2)):
        cost += (Z2[i][0] - Y[i][0]) ** 2 / 2
    dZ2 = []
    for i in range(len(Z2)):
        dZ2.append([Z2[i][0] - Y[i][0]])
    dW2 = times(turned(A1), dZ2)
    dA1 = times(dZ2, turned(W2))
    dZ1 = []
    for i in range(len(Z1)):
        row = []
        for j in range(len(Z1[0])):
            row.append(dA1[i][j] * (Z1[i][j] > 0))
        dZ1.append(row)
    dW1 = times(turned(X), dZ1)
    db1 = [0.0] * len(b1)
    for i in range(len(dZ1)):
        for j in range(len(b1)):
            db1[j] += dZ1[i][j]
    for i in range(len(W1)):
        for j in range(len(W1[0])):
            W1[i][j] -= 0.1 * dW1[i][j]
    for i in range(len(W2)):
        W2[i][0] -= 0.1 * dW2[i][0]
    for j in range(len(b1)):
        b1[j] -= 0.1 * db1[j]
"""


def diagnosed(tmp_path, source):
    file = tmp_path / "lists.py"
    file.write_text(source)
    return diagnose_file(str(file))


@pytest.mark.parametrize("slope", ["(Z1[i][j] > 0)", "(1 - A1[i][j] ** 2)"])
def test_right_lists_are_right(tmp_path, slope):
    """Also where one example moves all parameters: a sum over examples is no training."""
    source = LISTS.replace("(Z1[i][j] > 0)", slope)
    if slope.startswith("(1"):
        source = source.replace("max(0, z)", "math.tanh(z)").replace(
            "import random", "import math, random"
        )
    found = diagnosed(tmp_path, source)
    assert found.ok, str(found)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("row.append(dA1[i][j] * (Z1[i][j] > 0))", "row.append(dA1[i][j])"),
        ("db1[j] += dZ1[i][j]", "db1[j] = dZ1[i][j]"),
        ("W1[i][j] -= 0.1 * dW1[i][j]", "W1[i][j] -= 0.1 * dW1[i][j] / len(X)"),
    ],
)
def test_a_mistake_in_lists_has_its_line(tmp_path, right, wrong):
    source = LISTS.replace(right, wrong)
    found = diagnosed(tmp_path, source)
    (one,) = found.findings
    assert wrong in source.splitlines()[one.line - 1]
    assert (one.fix.replace("A1[i][j] >", "Z1[i][j] >"), one.sure) == (right, "certain")
