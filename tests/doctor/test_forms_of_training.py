"""Forms in which public code trains: what was not judged, or accused, and is right."""

import sys

import numpy as np
import pytest

from shapecheck_bp import diagnose
from shapecheck_bp.doctor import scripts
from shapecheck_bp.doctor.scripts import diagnose_file

BEGIN = """
import sys
import numpy as np
r = np.random.default_rng(0)
X, labels = r.normal(size=(60, 4)), r.integers(0, 3, size=60)
def sigmoid(z):
    return 1 / (1 + np.exp(-z))
"""

# A helper fills labels in a loop before the one that trains, in batches of more than few examples.
BATCHES = """
class Net:
    def one_hot(self, y):
        made = np.zeros((len(y), 3))
        for i, label in enumerate(y):
            made[i, label] = 1.0
        return made
    def fit(self, X, y):
        self.W, self.b = 0.1 * r.normal(size=(4, 3)), np.zeros(3)
        Y = self.one_hot(y)
        for epoch in range(5):
            order = np.arange(len(X))
            r.shuffle(order)
            for start in range(0, len(X) - 20 + 1, 20):
                batch = order[start:start + 20]
                A = sigmoid(X[batch] @ self.W + self.b)
                dZ = A - Y[batch]
                self.W -= 0.01 * X[batch].T @ dZ
                self.b -= 0.01 * dZ.sum(axis=0)
            sys.stderr.write(f"epoch {epoch}")
Net().fit(X, labels)
"""

# Adam, whose means are made in the function that is called, and a cost that runs on.
ADAM = """
class Net:
    def __init__(self):
        self.W, self.V = r.normal(size=(4, 5)), r.normal(size=(5, 3))
    def gradients(self, X, Y):
        Z = X @ self.W
        A = np.tanh(Z)
        dA = A @ self.V - Y
        loss = 0.5 * np.sum(dA ** 2)
        dZ = dA @ self.V.T * (1 - A ** 2)
        return loss, X.T @ dZ, A.T @ dA
def stepped(w, g, m, v, t):
    m = 0.9 * m + 0.1 * g
    v = 0.999 * v + 0.001 * g ** 2
    return w - 0.01 * (m / (1 - 0.9 ** t)) / (np.sqrt(v / (1 - 0.999 ** t)) + 1e-8), m, v
def train(net, X, Y, epochs):
    m, v = [0 * net.W, 0 * net.V], [0 * net.W, 0 * net.V]
    smooth_loss = 3.0
    for t in range(1, epochs + 1):
        loss, dW, dV = net.gradients(X, Y)
        smooth_loss = 0.999 * smooth_loss + 0.001 * loss
        net.W, m[0], v[0] = stepped(net.W, dW, m[0], v[0], t)
        net.V, m[1], v[1] = stepped(net.V, dV, m[1], v[1], t)
train(Net(), X, np.eye(3)[labels], 20)
"""

# The cost is of all examples, each a list of another length, and a step is of one.
ONE_OF_ALL = """
class Net:
    def __init__(self):
        self.W = 0.1 * r.normal(size=(4, 4))
    def output(self, k):
        z = self.W[:, k]
        e = np.exp(z - z.max())
        return e / e.sum()
    def loss(self, inputs, targets):
        loss = 0.0
        for k, t in zip(inputs, targets):
            loss += -np.log(self.output(k)[t])
        return loss / float(len(targets))
    def total(self, data):
        loss = 0.0
        for inputs, targets in data:
            loss += self.loss(inputs, targets)
        return loss / float(len(data))
    def step(self, inputs, targets, rate):
        dW = np.zeros(self.W.shape)
        for k, t in zip(inputs, targets):
            p = self.output(k)
            p[t] -= 1.0
            dW[:, k] += p
        self.W -= rate * dW
    def train(self, data, rate=0.05):
        losses = []
        for epoch in range(4):
            losses.append((epoch, self.total(data)))
            for inputs, targets in data:
                self.step(inputs, targets, rate)
        return losses
Net().train([([0, 3, 1], [3, 1, 2]), ([2, 2, 0, 1], [2, 0, 1, 3])])
"""

SMALL_NUMBER = """
W, b, Y = 0.1 * r.normal(size=(1, 4)), np.zeros((1, 1)), labels[None] > 0
for _ in range(3):
    P = sigmoid(W @ X.T + b)
    cost = -np.mean(Y * np.log(P + 0.001) + (1 - Y) * np.log(1 - P + 0.001))
    W -= 0.1 * (P - Y) @ X / 60
    b -= 0.1 * np.mean(P - Y)
"""

MARGIN = """
class Machine:
    def fit(self, X, y):
        self.w, self.b = np.zeros(4), 0
        for _ in range(5):
            for i, x in enumerate(X):
                if y[i] * (np.dot(x, self.w) - self.b) >= 1:
                    self.w -= 0.01 * (2 * 0.1 * self.w)
                else:
                    self.w -= 0.01 * (2 * 0.1 * self.w - np.dot(x, y[i]))
                    self.b -= 0.01 * y[i]
Machine().fit(X, np.where(labels > 0, 1, -1))
"""

# Plain lists, and more epochs than can be noted.
LISTS = """
import math
import random
random.seed(1)
class Net:
    def __init__(self):
        self.layers = [[{"w": [random.random() for _ in range(n)]} for _ in range(k)]
                       for n, k in ((4, 3), (3, 2))]
    def forward(self, x):
        for layer in self.layers:
            out = []
            for node in layer:
                node["out"] = 1 / (1 + math.exp(-sum(w * v for w, v in zip(node["w"], x))))
                out.append(node["out"])
            x = out
    def train(self, X, y, epochs):
        for epoch in range(epochs):
            for x, t in zip(X, y):
                self.forward(x)
                for j, node in enumerate(self.layers[1]):
                    node["delta"] = (node["out"] - t[j]) * node["out"] * (1 - node["out"])
                for j, node in enumerate(self.layers[0]):
                    back = sum(n["w"][j] * n["delta"] for n in self.layers[1])
                    node["delta"] = back * node["out"] * (1 - node["out"])
                for layer, inputs in zip(self.layers, (x, [n["out"] for n in self.layers[0]])):
                    for node in layer:
                        for j, v in enumerate(inputs):
                            node["w"][j] += -0.1 * node["delta"] * v
Net().train(X, np.eye(3)[labels][:, :2].tolist(), 60)
"""

TIED = """
class Coder:
    def __init__(self):
        self.W, self.b, self.c = r.uniform(-0.3, 0.3, (4, 3)), np.zeros(3), np.zeros(4)
        self.W_back = self.W.T
    def train(self, X):
        A = sigmoid(X @ self.W + self.b)
        dZ = sigmoid(A @ self.W_back + self.c) - X
        dA = dZ @ self.W * A * (1 - A)
        self.W -= 0.1 * (X.T @ dA + dZ.T @ A)
        self.b -= 0.1 * dA.sum(axis=0)
        self.c -= 0.1 * dZ.sum(axis=0)
coder, ones = Coder(), (X[:9] > 0) * 1.0
for _ in range(5):
    coder.train(ones)
"""

# What trains is called with data that are no arrays, and has its parameters by a global name.
GLOBAL = """
class Bag:
    def __init__(self):
        self.W, self.b = 0.1 * r.normal(size=(2, 3)), np.zeros(2)
bag, names = Bag(), {"a": 0, "b": 1, "c": 2}
def process(data):
    loss = 0
    for word, label in data.items():
        x = np.zeros(3)
        x[names[word]] = 1
        e = np.exp(bag.W @ x + bag.b)
        p = e / e.sum()
        loss -= np.log(p[label])
        p[label] -= 1
        bag.W -= 0.1 * np.outer(p, x)
        bag.b -= 0.1 * p
    return loss
for epoch in range(5):
    process({"a": 0, "b": 1, "c": 1})
"""

# A likelihood is climbed, with decay that is not in it.
CLIMBED = """
W, b, Y, rate, decay = r.normal(size=4), 0.0, labels > 0, 0.001, 0.2
for _ in range(3):
    P = sigmoid(X @ W + b)
    likelihood = np.sum(Y * np.log(P) + (1 - Y) * np.log(1 - P))
    W += rate * (X.T @ (Y - P) - decay * W)
    b += rate * (np.sum(Y - P) - decay * b)
"""


def of(tmp_path, body, old="", new=""):
    """The diagnosis of a script, with one line of it changed, and that line's number."""
    assert body.count(old) == 1 or not old
    path = tmp_path / "trains.py"
    path.write_text(BEGIN + (body.replace(old, new) if old else body))
    line = (BEGIN + body)[: (BEGIN + body).index(old)].count("\n") + 1
    return diagnose_file(str(path)), line


FORMS = {
    "batches": (BATCHES, "self.W", ""),
    "adam": (ADAM, "net.W", ""),
    "one of all": (ONE_OF_ALL, "self.W", ""),
    "a small number": (
        SMALL_NUMBER,
        "W",
        "without the small numbers of line 12, which its gradients have not",
    ),
    "a margin": (MARGIN, "self.b", "self.w -= 0.01 * (2 * 0.1 * self.w) was not run"),
    "lists": (LISTS, "self.layers[0][0]['w']", ""),
    "tied": (TIED, "coder.W_back", ""),
    "global": (GLOBAL, "bag.W", ""),
    "climbed": (CLIMBED, "b", "0.2 times the weights in them"),
}


@pytest.mark.parametrize("form", FORMS)
def test_what_is_right_is_told_right(tmp_path, form, capsys):
    body, parameter, remark = FORMS[form]
    diagnosis, _ = of(tmp_path, body)
    assert diagnosis.ok is True, diagnosis
    assert parameter in diagnosis.parameters
    assert remark in " ".join(diagnosis.remarks)
    assert capsys.readouterr() == ("", ""), "what it prints is swallowed, on stderr as well"


WRONG = {
    "batches": (BATCHES, "dZ.sum(axis=0)", "dZ.mean(axis=0)"),
    "adam": (ADAM, "A.T @ dA", "Z.T @ dA"),
    "a margin": (MARGIN, "self.b -= 0.01 * y[i]", "self.b += 0.01 * y[i]"),
    "tied": (TIED, "X.T @ dA + dZ.T @ A", "X.T @ dA"),
    "climbed": (CLIMBED, "np.sum(Y - P) - ", "np.sum(P - Y) - "),
}


@pytest.mark.parametrize("form", WRONG)
def test_the_line_is_named(tmp_path, form):
    diagnosis, line = of(tmp_path, *WRONG[form])
    assert diagnosis.ok is False, diagnosis
    first = diagnosis.findings[0]
    assert line in (first.line, first.because), diagnosis


def test_what_is_no_number_is_said_with_its_line(tmp_path):
    diagnosis, line = of(tmp_path, SMALL_NUMBER, "P + 0.001) + (1", "P * 0) + (1")
    assert diagnosis.ok is None or diagnosis.ok is True
    diagnosis, line = of(tmp_path, SMALL_NUMBER, "sigmoid(W @ X.T + b)", "np.log(W @ X.T + b)")
    assert f"NaN or infinity in what it steps or returns, first in line {line}" in diagnosis.why


def test_a_failure_of_its_own_is_no_error_of_the_person(tmp_path, monkeypatch):
    def fails(*args):
        raise IndexError("in the doctor")

    monkeypatch.setattr(scripts, "of_steps", fails)
    with pytest.raises(ValueError, match="the doctor itself failed at it, by IndexError: in the"):
        of(tmp_path, TIED)


def test_only_its_own_modules_are_put_back(tmp_path):
    before = {*sys.modules}
    of(tmp_path, TIED)
    assert "trains" not in {*sys.modules} - before


def test_what_an_object_is_the_key_of_is_stepped_with_it(tmp_path):
    """As optimisers in a dictionary by their layers: the keys are the layers of a copy, too."""
    path = tmp_path / "keys.py"
    path.write_text("""
import numpy as np
rng = np.random.default_rng(0)

class Layer:
    def __init__(self, n, k):
        self.W = rng.normal(size=(n, k))
    def forward(self, x):
        self.x = x
        return x @ self.W
    def backward(self, d):
        self.dW = self.x.T @ d
        return d @ self.W.T

layers = [Layer(3, 4), Layer(4, 2)]
rates = {layer: 0.1 for layer in layers}
X, Y, batch_size = rng.normal(size=(40, 3)), rng.normal(size=(40, 2)), 10
for i in range(0, 40, batch_size):
    out, y = X[i:i + batch_size], Y[i:i + batch_size]
    for layer in layers:
        out = layer.forward(out)
    loss, d = np.mean((out - y) ** 2), 2 * (out - y) / out.size
    for layer in reversed(layers):
        d = layer.backward(d)
    for layer, rate in rates.items():
        layer.W = layer.W - rate * layer.dW
""")
    assert diagnose_file(str(path)).ok


def test_a_sum_over_examples_in_a_layer_is_no_turn_of_a_training(tmp_path):
    path = tmp_path / "sums.py"
    path.write_text("""
import numpy as np
rng = np.random.default_rng(0)

class Layer:
    def __init__(self):
        self.W, self.grad = rng.normal(size=(3, 2)), np.zeros((3, 2))
    def backward(self, x, d):
        for i in range(len(x)):
            self.grad += np.outer(x[i], d[i])
    def step(self):
        self.W -= 0.1 * self.grad
        self.grad = np.zeros((3, 2))

layer, X, Y = Layer(), rng.normal(size=(6, 3)), rng.normal(size=(6, 2))
for epoch in range(5):
    error = X @ layer.W - Y
    loss = np.sum(error ** 2)
    layer.backward(X, 2 * error)
    layer.step()
""")
    assert diagnose_file(str(path)).ok


def test_where_a_step_computes_too_much_batches_are_smaller(tmp_path):
    path = tmp_path / "slow.py"
    text = """
import numpy as np
rng = np.random.default_rng(0)
W, batch_size = rng.normal(size=(20, 12)), 32
X, Y = rng.normal(size=(64, 20)), rng.normal(size=(64, 12))
for start in range(0, 64, batch_size):
    x, y = X[start:start + batch_size], Y[start:start + batch_size]
    dW, loss = np.zeros((20, 12)), 0.0
    for n in range(len(x)):
        for i in range(20):
            for j in range(12):
                dW[i, j] += x[n, i] * (x[n] @ W[:, j] - y[n, j])
    loss = 0.5 * np.sum((x @ W - y) ** 2)
    W -= 0.01 * dW
"""
    path.write_text(text)
    diagnosis = diagnose_file(str(path))
    assert diagnosis.ok
    assert "Batches of 2 examples were taken." in diagnosis.remarks


def test_a_bias_may_have_a_bracket_more_afterwards():
    rng = np.random.default_rng(1)
    X, Y, W = rng.normal(size=(6, 3)), rng.normal(size=(6, 2)), rng.normal(size=(3, 2))

    def descend(b, W, rate=0.1, sign=1):
        error = X @ W + b - Y
        cost = np.sum(error**2)
        db = sign * 2 * error.sum(axis=0, keepdims=True)
        return b - rate * db, W - rate * 2 * X.T @ error, cost

    assert diagnose(descend, np.zeros(2), W).ok
    (finding,) = diagnose(descend, np.zeros(2), W, 0.1, -1).findings
    assert finding.parameters == ("b",)
