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
# The model makes its weights where it is fitted, and a number is random before it.
FITTED = """
import random
import numpy as np
random.seed(3)
class Line:
    def fit(self, inputs, wanted, rounds):
        self.slopes, self.start = np.random.default_rng(0).normal(size=inputs.shape[1]), 0
        total = 0
        for _ in range(rounds):
            total += self.descend(inputs, wanted)
        return total
    def descend(self, inputs, wanted):
        off = inputs @ self.slopes + self.start - wanted
        self.slopes = self.slopes - 0.01 * inputs.T @ off
        self.start = self.start - 0.01 * np.sum(off)
        return np.sum(off ** 2) / 2
if random.random() < 2:
    draw = np.random.default_rng(1)
    inputs, wanted = draw.normal(size=(9, 4)), draw.normal(size=9)
    for k in range(4):
        inputs[:, k] = inputs[:, k] / np.std(inputs[:, k])
    line = Line()
    line.fit(inputs, wanted, 50)
"""
# Labels are integers, and the probabilities lose a one in place; there is no cost.
LABELS = """
import numpy as np
draw = np.random.default_rng(5)
points, kinds = draw.normal(size=(10, 3)), draw.integers(0, 4, 10)
U, s = draw.normal(size=(3, 5)), np.zeros(5)
V, t = draw.normal(size=(5, 4)), np.zeros(4)
for turn in range(90):
    H = np.tanh(points @ U + s)
    powers = np.exp(H @ V + t)
    shares = powers / powers.sum(axis=1, keepdims=True)
    off = shares
    off[range(10), kinds] -= 1
    back = off @ V.T * (1 - H ** 2)
    V -= 0.02 * H.T @ off
    t -= 0.02 * off.sum(axis=0)
    U -= 0.02 * points.T @ back
    s -= 0.02 * back.sum(axis=0)
"""
# A likelihood is climbed.
LIKELY = """
import numpy as np
draw = np.random.default_rng(6)
points, yes = draw.normal(size=(11, 3)), (draw.random(11) > 0.5) * 1.0
w, c = draw.normal(size=3), np.array([0.1])
for turn in range(30):
    share = 1 / (1 + np.exp(-(points @ w + c)))
    likelihood = np.sum(yes * np.log(share) + (1 - yes) * np.log(1 - share))
    w += 0.1 * points.T @ (yes - share)
    c += 0.1 * np.sum(yes - share)
"""
# Lists that are made anew for each example, in a function without an argument.
LISTS = """
import math, random
def outputs(rows, given):
    return [1 / (1 + math.exp(-sum(w * x for w, x in zip(row, given)))) for row in rows]
def lesson():
    random.seed(0)
    given, wanted = [[0.0, 1.0, 1.0], [1.0, 0.5, 1.0]], [[1.0, 0.0], [0.0, 0.3]]
    rows = [[random.random() for _ in range(3)] for _ in range(2)]
    for _ in range(40):
        for x, y in zip(given, wanted):
            told = outputs(rows, x)
            bent = [(a - b) * a * (1 - a) for a, b in zip(told, y)]
            rows = [[w - 0.5 * d * one for w, one in zip(row, x)] for row, d in zip(rows, bent)]
    return rows
lesson()
"""
# Sums of gradients are kept beside the parameters, and set back after each step.
SUMS = """
import numpy as np
class Net:
    def __init__(self, draw):
        self.first, self.last = draw.normal(size=(3, 4)), draw.normal(size=(4, 2))
        self.set_back()
    def set_back(self):
        self.sum_first, self.sum_last = np.zeros_like(self.first), np.zeros_like(self.last)
    def add(self, x, y):
        h = np.tanh(x @ self.first)
        off = h @ self.last - y
        self.sum_last += np.outer(h, off)
        self.sum_first += np.outer(x, off @ self.last.T * (1 - h ** 2))
        return np.sum(off ** 2) / 2
    def step(self):
        self.first -= 0.05 * self.sum_first
        self.last -= 0.05 * self.sum_last
        self.set_back()
draw = np.random.default_rng(7)
net, pairs = Net(draw), [(draw.normal(size=3), draw.normal(size=2)) for _ in range(3)]
for turn in range(20):
    cost = sum(net.add(x, y) for x, y in pairs)
    net.step()
"""
# A single number is stepped, in a call that is printed.
NUMBER = """
import math, random
def bent(v, back=False): return v * (1 - v) if back else 1 / (1 + math.exp(-v))
def lesson(wanted, rounds):
    weight = float(random.randint(1, 9))
    for _ in range(rounds):
        told = bent(0.02 * weight)
        missing = wanted - told
        weight += 0.02 * missing * bent(told, True)
    return told
random.seed(0)
print([round(one, 1) for one in (0.11, 0.12)], lesson(0.3, 40))
"""
# Half of the examples and all biases are zero, so that units stand on the kink.
KINK = """
import numpy as np
draw = np.random.default_rng(8)
points, wanted = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([[0.0], [1], [1], [0]])
U, s, V = draw.normal(size=(2, 5)), np.zeros(5), draw.normal(size=(5, 1))
for turn in range(20):
    H = np.maximum(points @ U + s, 0)
    off = H @ V - wanted
    cost = np.sum(off ** 2) / 2
    back = off @ V.T * (H > 0)
    V -= 0.1 * H.T @ off
    U -= 0.1 * points.T @ back
    s -= 0.1 * back.sum(axis=0)
"""
# Matrices of NumPy, whose * is a product; the cost is computed behind the step.
MATRIX = """
import numpy as np
draw = np.random.default_rng(9)
points, wanted = np.asmatrix(draw.normal(size=(8, 3))), np.asmatrix(draw.normal(size=(8, 2)))
U, V = np.asmatrix(draw.normal(size=(3, 4))), np.asmatrix(draw.normal(size=(4, 2)))
for turn in range(20):
    H = np.tanh(points * U)
    off = H * V - wanted
    back = np.multiply(off * V.T, 1 - np.power(H, 2))
    V = V - 0.02 * H.T * off
    U = U - 0.02 * points.T * back
    cost = np.sum(np.power(np.tanh(points * U) * V - wanted, 2))
"""
# Vectors of words: one row is stepped, and the other matrix as a whole; its labels lose a one.
WORDS = """
import numpy as np
draw = np.random.default_rng(10)
U, V = draw.normal(size=(6, 3)), draw.normal(size=(3, 6))
for epoch in range(2):
    for one, other in [(0, 1), (1, 0), (2, 4), (5, 3)] * 3:
        powers = np.exp(U[one] @ V)
        shares = powers / powers.sum()
        off = shares.copy()
        off[other] -= 1
        back = V @ off
        V = V - 0.1 * np.outer(U[one], off)
        U[one] = U[one] - 0.1 * back
"""
# The cost is given by a class for each entry, and its slope by divisions.
ENTRIES = """
import numpy as np
class LogLoss:
    def slope(self, wanted, told): return -(wanted / told) + (1 - wanted) / (1 - told)
class Net:
    def fit(self, points, wanted):
        draw = np.random.default_rng(11)
        self.U, self.V = draw.normal(size=(3, 4)), draw.normal(size=(4, 2))
        for turn in range(20):
            H = np.tanh(points @ self.U)
            told = 1 / (1 + np.exp(-H @ self.V))
            off = LogLoss().slope(wanted, told) * told * (1 - told)
            back = off @ self.V.T * (1 - H ** 2)
            self.V -= 0.1 * H.T @ off
            self.U -= 0.1 * points.T @ back
draw = np.random.default_rng(12)
Net().fit(draw.normal(size=(9, 3)), (draw.random((9, 2)) > 0.5) * 1.0)
"""
SCRIPTS = {
    "number": NUMBER,
    "kink": KINK,
    "matrix": MATRIX,
    "words": WORDS,
    "entries": ENTRIES,
    "climbing": CLIMBING,
    "shuffled": SHUFFLED,
    "digits": DIGITS,
    "fitted": FITTED,
    "labels": LABELS,
    "likely": LIKELY,
    "lists": LISTS,
    "sums": SUMS,
}


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
        ("fitted", "0.01 * np.sum(off)", "0.01 * np.sum(off) / 4", ""),
        ("labels", "off @ V.T * (1 - H ** 2)", "off @ V.T", ""),
        ("sums", " * (1 - h ** 2)", "", "certain"),
        ("kink", " * (H > 0)", "", "certain"),
        ("matrix", "1 - np.power(H, 2)", "H", ""),
        ("entries", "off @ self.V.T * (1 - H ** 2)", "off @ self.V.T * (1 + H ** 2)", "certain"),
    ],
)
def test_the_wrong_line_is_named(tmp_path, script, right, wrong, sure):
    source = SCRIPTS[script].replace("5000", "50")  # rounds, which take longer than the doctor
    assert source.count(right) == 1
    told = of_script(tmp_path, source.replace(right, wrong))
    line = source[: source.index(right)].count("\n") + 1
    assert told.ok is False, told
    first = told.findings[0]
    assert line in (first.line, first.because), told
    if sure:
        assert first.sure == sure
        assert right.partition(", keepdims")[0] in first.fix


def test_a_step_up_a_negative_cost_is_told(tmp_path):
    assert "Its steps go up that" in " ".join(of_script(tmp_path, LIKELY).remarks)


def test_a_fix_in_a_statement_of_several_lines_is_the_whole_statement(tmp_path):
    several = KINK.replace("off @ V.T * (H > 0)", "(\n        off @ V.T\n        * (1 + H)\n    )")
    finding = of_script(tmp_path, several).findings[0]
    lines = several.splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("    back"))
    assert finding.fix_line == first + 1
    lines[first : first + 4] = [f"    {finding.fix}"]
    assert of_script(tmp_path, "\n".join(lines)).ok, finding


SHRUNK = """
import numpy as np
class Ridge:
    def __init__(self, much=0.5):
        self.much = much
    def fit(self, X, y):
        self.w = np.random.default_rng(0).random(X.shape[1])
        self.c = 0
        for _ in range(4):
            off = X @ self.w + self.c - y
            by = X.T @ off / len(y) + self.much * {shrinking} / len(y)
            self.w = self.w - 0.1 * {step}
            self.c = self.c - 0.1 * np.mean(off)
X = np.random.default_rng(1).standard_normal((9, 3))
Ridge().fit(X, 3 * X.sum(axis=1))
"""


@pytest.mark.parametrize(
    ("shrinking", "step", "ok"),
    [
        ("self.w", "by", True),
        ("0", "np.clip(by, -0.2, 0.2)", True),
        ("0", "by / (np.abs(by) + 1e-8) + 0.01 * self.w", True),
        ("np.sum(self.w)", "by", False),
        ("self.w", "by / len(y)", False),
    ],
)
def test_what_does_not_come_of_the_gradient_is_no_rule_of_a_step(tmp_path, shrinking, step, ok):
    told = of_script(tmp_path, SHRUNK.format(shrinking=shrinking, step=step))
    assert told.ok is ok, told


BEGUN_INSIDE = """
import numpy as np
class Net:
    def __init__(self):
        self.weights = []
    def begin(self):
        for n_in, n_out in ((2, 3), (3, 1)):
            self.weights.append(np.random.default_rng(n_in).random((n_in, n_out)))
    def train(self, X, Y):
        self.begin()
        for _ in range(3):
            H = np.tanh(X @ self.weights[0])
            out = H @ self.weights[1]
            off = out - Y
            back = off @ self.weights[1].T * (1 - H**2)
            self.weights[1] -= 0.1 * H.T @ off
            self.weights[0] -= 0.1 * X.T @ back
Net().train(np.random.default_rng(0).random((5, 2)), np.ones((5, 1)))
"""


ONE_HOT_FIRST = """
import numpy as np
def main():
    random = np.random.default_rng(0)
    X, labels = random.random((6, 2)), random.integers(0, 3, 6)
    m = len(labels)
    T = np.zeros((m, 3))
    for i in range(m):
        T[i, labels[i]] = 1
    W = random.random((2, 3))
    for _ in range(4):
        A = np.exp(X @ W)
        A = A / A.sum(axis=1, keepdims=True)
        J = -(T * np.log(A)).sum()
        W -= 0.1 * X.T @ (A - T)
main()
"""


def test_a_loop_that_makes_targets_trains_nothing(tmp_path):
    assert of_script(tmp_path, ONE_HOT_FIRST).ok


def test_what_begins_within_the_training_is_begun_once(tmp_path):
    assert of_script(tmp_path, BEGUN_INSIDE).ok


def test_an_error_of_the_script_is_told_with_its_line(tmp_path):
    wrong = BEGUN_INSIDE.replace("H @ self", "X @ self")
    line = wrong[: wrong.index("X @ self.weights[1]")].count("\n") + 1
    with pytest.raises(
        ValueError, match=rf"script.py cannot be run: line {line}: ValueError: matmul"
    ):
        of_script(tmp_path, wrong)


WHOLE_NUMBERS = """
import numpy as np
images = np.random.default_rng(0).integers(0, 9, (3, 4))
classes = np.array([0, 1, 1])
class Scores:
    def __init__(self):
        self.W = np.random.default_rng(1).random((4, 2))
    def step(self, image, k):
        A = np.exp(image @ self.W)
        A = A / A.sum()
        loss = -np.log(A[k])
        A[k] -= 1
        self.W -= 0.1 * np.outer(image, A)
        return loss
scores = Scores()
def train(image, k):
    return scores.step(image / 9, k)
for epoch in range(2):
    total = 0
    for image, k in zip(images, classes):
        total += train(image, k)
"""


def test_a_loop_over_whole_numbers_may_train(tmp_path):
    assert of_script(tmp_path, WHOLE_NUMBERS).ok
    wrong = WHOLE_NUMBERS.replace("A[k] -= 1\n", "A[k] += 1\n")
    assert of_script(tmp_path, wrong).ok is False


SPLIT = """
import numpy as np
X = np.random.default_rng(0).standard_normal((9, 4))
y = np.sign(X.sum(axis=1) + 0.3)
w = np.random.default_rng(1).standard_normal(4)
for _ in range(3):
    edges = y * (X @ w)
    cost = 0.5 * w.dot(w) + np.maximum(0, 1 - edges).sum()
    near = edges < 1
    w -= 0.001 * (w - y[near].dot(X[near]))
"""


def test_a_sum_with_a_wrong_sign_is_no_rule_of_a_step(tmp_path):
    assert of_script(tmp_path, SPLIT).ok
    assert of_script(tmp_path, SPLIT.replace("(w - y", "(-w - y")).ok is not True


def test_a_call_inside_of_a_function_is_not_where_the_file_is_left(tmp_path):
    """What it is called with there may not be known at the top; the call behind it is meant."""
    path = tmp_path / "calls.py"
    path.write_text("""
import numpy as np

def epochs(W, X, Y):
    for _ in range(3):
        step(W, X, Y)

def step(W, X, Y):
    E = X @ W - Y
    J = np.sum(E ** 2)
    W -= 0.1 * 2 * X.T @ E
    return J

rng = np.random.default_rng(0)
weights, inputs, targets = np.ones((3, 2)), rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
step(weights, inputs, targets)
""")
    assert diagnose_file(str(path), "step", arguments="weights, inputs, targets").ok
    found = diagnose_file(str(path), "step", arguments="weights, inputs, np.nan * targets")
    assert (found.ok, found.recognised) == (None, "step()")


def test_a_file_that_cannot_be_judged_is_told_by_its_name(tmp_path):
    path = tmp_path / "logged.py"
    path.write_text("""
import numpy as np
class Log:
    def __del__(self):
        self.size = 0

W, x, log = np.ones((2, 3)), np.ones(3), Log()
for _ in range(3):
    J = np.sum((W @ x) ** 2)
    log.size = J
    W -= 0.1 * 2 * np.outer(W @ x, x)
""")
    found = diagnose_file(str(path))
    assert (found.ok, found.recognised) == (None, "logged.py")
