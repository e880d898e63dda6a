"""Whole scripts, as people write them: what trains is found, and the line that is wrong."""

import pytest

from shapecheck_bp.doctor.scripts import diagnose_file

# A call trains, with steps that add; its only cost is what one would guess.
CLIMBING = """
import numpy as np
def logistic(v): return 1 / (1 + np.exp(-v))
def logistic_slope(a): return a * (1 - a)
class Model:
    def __init__(self, sizes):
        random = np.random.default_rng(4)
        self.first = random.normal(size=sizes[:2])
        self.second = random.normal(size=sizes[1:])
        self.shift = np.zeros((1, sizes[1]))
    def accuracy(self, inputs, wanted):
        found = 0
        for one, other in zip(inputs, wanted):
            found += float((one @ self.first).sum() > other[0])
        return found / len(inputs)
    def learn(self, inputs, wanted, speed, rounds):
        for _ in range(rounds):
            inner = logistic(inputs @ self.first + self.shift)
            out = logistic(inner @ self.second)
            missing = (wanted - out) * logistic_slope(out)
            back = missing @ self.second.T * logistic_slope(inner)
            self.second += speed * inner.T @ missing
            self.first += speed * inputs.T @ back
            self.shift += speed * np.sum(back, axis=0, keepdims=True)
if __name__ == "__main__":
    inputs = np.random.default_rng(1).random((6, 3))
    wanted = np.random.default_rng(2).random((6, 2))
    model = Model((3, 4, 2))
    print(model.accuracy(inputs, wanted))
    model.learn(inputs, wanted, 0.3, 5000)
    print(model.accuracy(inputs, wanted))
"""
# Examples in a list, which is shuffled in place, and gradients added up in lists.
SHUFFLED = """
import random
import numpy as np
class Deep:
    def __init__(self, sizes):
        draw = np.random.default_rng(0)
        self.W = [draw.normal(size=(n, k)) for k, n in zip(sizes[:-1], sizes[1:])]
        self.c = [np.zeros((n, 1)) for n in sizes[1:]]
    def descend(self, pairs, epochs, size, rate):
        for _ in range(epochs):
            random.shuffle(pairs)
            for k in range(0, len(pairs), size):
                self.step(pairs[k : k + size], rate)
    def step(self, some, rate):
        sum_W, sum_c = [0 * W for W in self.W], [0 * c for c in self.c]
        for x, y in some:
            of_W, of_c = self.slopes(x, y)
            sum_W = [s + one for s, one in zip(sum_W, of_W)]
            sum_c = [s + one for s, one in zip(sum_c, of_c)]
        self.W = [W - rate / len(some) * s for W, s in zip(self.W, sum_W)]
        self.c = [c - rate / len(some) * s for c, s in zip(self.c, sum_c)]
    def slopes(self, x, y):
        kept, sums = [x], []
        for W, c in zip(self.W, self.c):
            sums.append(W @ kept[-1] + c)
            kept.append(np.tanh(sums[-1]))
        d = (kept[-1] - y) * bend(sums[-1])
        of_W, of_c = [d @ kept[-2].T], [d]
        for l in range(2, len(self.W) + 1):
            d = self.W[1 - l].T @ d * bend(sums[-l])
            of_W.insert(0, d @ kept[-l - 1].T)
            of_c.insert(0, d)
        return of_W, of_c
def bend(v): return 1 - np.tanh(v) ** 2
draw = np.random.default_rng(3)
pairs = [(draw.normal(size=(4, 1)), draw.normal(size=(2, 1))) for _ in range(24)]
Deep([4, 3, 3, 2]).descend(pairs, 20, 4, 0.1)
"""
# A softmax, whose cost is nowhere.
DIGITS = """
import numpy as np
draw = np.random.default_rng(0)
X, labels = draw.random((5, 12)), draw.integers(0, 3, 12)
U, V = draw.normal(size=(4, 5)), draw.normal(size=(3, 4))
s, t = np.zeros((4, 1)), np.zeros((3, 1))
def shares(Z): return np.exp(Z) / np.sum(np.exp(Z), axis=0)
def step(U, s, V, t):
    H = np.maximum(0, U @ X + s)
    P = shares(V @ H + t)
    D = P - np.eye(3)[:, labels]
    G = V.T @ D * (H > 0)
    return D @ H.T / 12, D.sum(axis=1, keepdims=True) / 12, G @ X.T / 12, G.sum(axis=1, keepdims=True) / 12
for _ in range(100):
    dV, dt, dU, ds = step(U, s, V, t)
    U, s, V, t = U - 0.1 * dU, s - 0.1 * ds, V - 0.1 * dV, t - 0.1 * dt
"""  # noqa: E501
SCRIPTS = {"climbing": CLIMBING, "shuffled": SHUFFLED, "digits": DIGITS}


def of_script(folder, source):
    path = folder / "script.py"
    path.write_text(source, encoding="utf-8")
    return diagnose_file(str(path))


@pytest.mark.parametrize("source", SCRIPTS.values(), ids=SCRIPTS)
def test_right_ones_are_right(tmp_path, source):
    told = of_script(tmp_path, source)
    assert told.ok, told


@pytest.mark.parametrize(
    ("script", "right", "wrong", "sure"),
    [
        ("climbing", "logistic_slope(inner)", "logistic_slope(out.sum(1, keepdims=True))", ""),
        ("climbing", "logistic_slope(inner)", "inner", "certain"),
        ("climbing", "np.sum(back, axis=0, keepdims=True)", "np.sum(back)", "certain"),
        ("shuffled", "bend(sums[-l])", "bend(kept[-l])", "certain"),
        ("digits", "(np.exp(Z), axis=0)", "(np.exp(Z))", "likely"),
    ],
)
def test_the_wrong_line_is_named(tmp_path, script, right, wrong, sure):
    source = SCRIPTS[script]
    assert source.count(right) == 1
    told = of_script(tmp_path, source.replace(right, wrong))
    line = source[: source.index(right)].count("\n") + 1
    assert told.ok is False, told
    first = told.findings[0]
    assert line in (first.line, first.because), told
    if sure:
        assert first.sure == sure
        assert right.partition(", keepdims")[0] in first.fix
