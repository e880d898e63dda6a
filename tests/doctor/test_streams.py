"""Batches that come from a generator, which cannot be copied."""

import random

import numpy as np
import pytest

from shapecheck_bp import diagnose
from shapecheck_bp.doctor.scripts import diagnose_file


def batches(rng, size=8):
    """Examples by chance, and the sum of each; with noise of numbers that all have in common."""
    while True:
        x = rng.normal(size=(size, 3))
        yield x, x.sum(axis=1, keepdims=True) + 0.1 * random.random()


class Net:
    def __init__(self, data):
        rng = np.random.default_rng(0)
        self.data, self.seen = data, 0
        self.W, self.V = rng.normal(size=(3, 4)), rng.normal(size=(4, 1))

    def train(self, factor, steps=3, rate=0.01):
        for x, y in self.data:
            h = np.tanh(x @ self.W)
            d = 2 * (h @ self.V - y) / len(x)
            loss = np.mean((h @ self.V - y) ** 2)
            dV = h.T @ d
            self.W -= rate * x.T @ (factor * (d @ self.V.T) * (1 - h**2))
            self.V -= rate * dV
            self.seen += 1
            if self.seen == steps:
                break
        return loss


def test_a_loop_over_a_generator_is_judged_as_one_over_a_list():
    random.seed(3)
    net = Net(batches(np.random.default_rng(1)))
    diagnosis = diagnose(net.train, 1)
    assert diagnosis.ok, diagnosis
    assert (net.seen, [*diagnosis.parameters]) == (0, ["self.W", "self.V"])
    diagnosis = diagnose(net.train, -1)
    assert [finding.parameters for finding in diagnosis.findings] == [("self.W",)], diagnosis


def test_batches_that_are_asked_for_one_by_one_are_the_same_in_each_run():
    random.seed(4)
    stream = batches(np.random.default_rng(2))
    W = np.zeros((3, 1))

    def step(stream, W, rate=0.1):
        x, y = next(stream)
        error = x @ W - y
        cost = np.sum(error**2)
        W -= rate * 2 * x.T @ error
        return cost

    assert diagnose(step, stream, W).ok
    assert not np.any(W)


@pytest.mark.parametrize("is_right", [True, False])
def test_a_script_may_train_on_what_it_generates(is_right, tmp_path):
    path = tmp_path / "memory.py"
    text = """
import numpy as np

def samples():
    while True:
        x = np.random.uniform(-1, 1, size=(5, 2))
        yield x, x[:, :1]

W, b, source = np.zeros((2, 1)), np.zeros(1), samples()
for step, (x, y) in enumerate(source):
    error = x @ W + b - y
    loss = np.mean(error ** 2)
    W -= 0.1 * 2 * x.T @ error / len(x)
    b -= 0.1 * 2 * error.mean(axis=0)
    if step == 100:
        break
"""
    path.write_text(text if is_right else text.replace("2 * x.T @ error", "2 * x.T @ y"))
    diagnosis = diagnose_file(str(path))
    assert diagnosis.ok is is_right, diagnosis
    if not is_right:
        (finding,) = diagnosis.findings
        assert (finding.fix, finding.sure) == (
            "W -= 0.1 * 2 * x.T @ error / len(x)",
            "certain",
        ), diagnosis
