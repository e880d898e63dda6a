"""A parameter whose gradient is computed, and that keeps its value."""

import numpy as np
import pytest

from shapecheck_bp import diagnose


class Net:
    def __init__(self):
        random = np.random.default_rng(8)
        self.first, self.last = random.normal(size=(4, 5)), random.normal(size=(5, 2))
        self.seen = None

    def train(self, X, Y, rate=0.1, steps=(True, True)):
        self.seen = X
        A = np.tanh(X @ self.first)
        E = A @ self.last - Y
        cost = np.sum(E**2) / (2 * len(X))
        g_last = A.T @ E / len(X)
        dZ = E @ self.last.T * (1 - A**2)
        g_first = X.T @ dZ / len(X)
        g_seen = dZ @ self.first.T / len(X)
        if steps[0]:
            self.first -= rate * g_first
        if steps[1]:
            self.last -= rate * g_last
        return cost, g_seen.shape


def data():
    random = np.random.default_rng(9)
    return random.normal(size=(7, 4)), random.normal(size=(7, 2))


@pytest.mark.parametrize(
    ("steps", "name", "line"),
    [((False, True), "first", "X.T @ dZ / len(X)"), ((True, False), "last", "A.T @ E / len(X)")],
)
def test_a_gradient_that_is_used_for_nothing(steps, name, line):
    found = diagnose(Net().train, *data(), steps=steps)
    (one,) = found.findings
    assert (found.ok, one.sure, one.parameters) == (False, "likely", (f"self.{name}",))
    assert one.source == line
    assert one.evidence == (
        f"`g_{name}` is dJ/dself.{name}, and nothing comes of it: self.{name} is not stepped"
    )


def test_that_of_the_inputs_may_be_used_for_nothing():
    """Also where they are kept beside the parameters."""
    net = Net()
    net.train(*data())
    assert diagnose(net.train, *data()).ok


def test_a_parameter_without_a_gradient_may_be_meant_to_stay():
    class Fixed(Net):
        def train(self, X, Y, rate=0.1):
            A = np.tanh(X @ self.first)
            E = A @ self.last - Y
            cost = np.sum(E**2) / 2
            self.last -= rate * A.T @ E
            return cost

    assert diagnose(Fixed().train, *data()).ok
