"""Kinds of mistakes of which other lines than the wrong one were named once."""

import sys

import numpy as np
import pytest

from shapecheck_bp import diagnose
from shapecheck_bp.doctor.scripts import diagnose_file

RANDOM = np.random.default_rng(8)
X, Y = RANDOM.normal(size=(7, 4)), RANDOM.normal(size=(7, 2))
CODE = """
import numpy as np

def sigmoid(z):
    return 1 / (1 + np.exp(-z))

def slope(z):
    out = np.ones_like(z)
    out[z < 0] = 0.1
    return out

def back(dout, W, A):
    dW = A.T @ dout
    return dout @ W.T, dW

def layers(net, X, Y):
    A = [X]
    for W, b in net:
        A.append(np.tanh(A[-1] @ W + b))
    J = 0.5 * np.sum((A[-1] - Y) ** 2)
    grads, dA = [], A[-1] - Y
    for i in reversed(range(len(net))):
        dZ = dA * (1 - A[i + 1] ** 2)
        dW = A[i].T @ dZ
        db = dZ.sum(axis=0, keepdims=True)
        grads.insert(0, (dW, db))
        dA = dZ @ net[i][0].T
    return J, grads

def copies(W1, W2, X, Y, rate=0.05):
    m = X.shape[0]
    A1 = np.tanh(X @ W1)
    error = A1 @ W2 - Y
    J = np.sum(error ** 2) / (2 * m) + 0.3 * np.sum(W1 ** 2) + 0.3 * np.sum(W2 ** 2)
    dZ2 = error / m
    dA1 = dZ2 @ W2.T
    dZ1 = dA1 * (1 - A1 ** 2)
    return J, X.T @ dZ1 + 0.6 * W1, A1.T @ dZ2 + 0.6 * W2

def rates(W1, b1, W2, b2, X, Y, rate=0.05):
    Z1 = X @ W1 + b1
    A1 = np.where(Z1 < 0, 0.1 * Z1, Z1)
    P = sigmoid(A1 @ W2 + b2)
    J = 0.5 * np.sum((P - Y) ** 2)
    dZ2 = (P - Y) * P * (1 - P)
    dA1, dW2 = back(dZ2, W2, A1)
    dZ1 = dA1 * slope(Z1)
    W1 = W1 - rate * (X.T @ dZ1)
    b1 = b1 - rate * dZ1.sum(axis=0)
    W2 = W2 - rate * dW2
    b2 = b2 - rate * dZ2.sum(axis=0)
    return W1, b1, W2, b2

def sums(W1, W2, X, Y):
    A1 = np.tanh(X @ W1)
    P = A1 @ W2
    J = 0.5 * np.sum((P - Y) ** 2)
    dW1, dW2 = np.zeros(W1.shape), np.zeros(W2.shape)
    for t in range(len(X)):
        d2 = P[t] - Y[t]
        d1 = (W2 @ d2) * (1 - A1[t] ** 2)
        dW1 = dW1 + np.outer(X[t], d1)
        dW2 = dW2 + np.outer(A1[t], d2)
    return J, dW1, dW2

def climbs(W1, W2, X, Y, rate=0.1):
    A1 = np.tanh(X @ W1)
    error = Y - A1 @ W2
    delta = error @ W2.T * (1 - A1 ** 2)
    W2 += rate * A1.T @ error
    W1 += rate * X.T @ delta

def square(W1, W2, X, Y):
    A1 = np.tanh(X @ W1)
    diff = A1 @ W2 - Y
    J = 0.5 * np.sum(diff ** 2)
    dA1 = diff @ W2.T
    dZ1 = dA1 * (1 - A1 ** 2)
    dW1 = X.T @ dZ1
    dW2 = A1.T @ diff
    return J, dW1, dW2

def centred(W1, b1, W2, X, Y):
    m = X.shape[0]
    Z1 = X @ W1 + b1
    A1 = Z1 - Z1.mean(axis=0)
    error = np.tanh(A1) @ W2 - Y
    J = 0.5 * np.sum(error ** 2)
    dA1 = error @ W2.T * (1 - np.tanh(A1) ** 2)
    dZ1 = dA1 - dA1.sum(axis=0) / m
    return J, (X.T @ dZ1, dZ1.sum(axis=0), np.tanh(A1).T @ error)
"""


@pytest.fixture(autouse=True)
def numbers(monkeypatch):
    """Each test draws the same numbers, whichever ran before it."""
    monkeypatch.setitem(globals(), "RANDOM", np.random.default_rng(5))


W1, b1 = RANDOM.normal(size=(4, 3)), RANDOM.normal(size=3)
W2, b2 = RANDOM.normal(size=(3, 2)), RANDOM.normal(size=2)
TWO, FOUR = (W1, W2), (W1, b1, W2, b2)
ARGS = {
    "layers": ([(W1, b1[None]), (W2, b2[None])],),
    "copies": TWO,
    "rates": FOUR,
    "sums": TWO,
    "climbs": TWO,
    "square": (RANDOM.normal(size=(4, 4)), RANDOM.normal(size=(4, 4))),
    "centred": (W1, b1, W2),
}


def step_of(name, tmp_path, old="", new=""):
    """The step, with a line of it changed, and that line's number."""
    assert CODE.count(old) == 1 or not old
    code = CODE.replace(old, new) if old else CODE
    path = tmp_path / f"lines_{name}_{len(old)}_{len(new)}.py"
    path.write_text(code)
    space = {"__name__": path.stem}
    exec(compile(code, str(path), "exec"), space)
    module = type(sys)(path.stem)
    module.__dict__.update(space)
    line = CODE[: CODE.index(old)].count("\n") + 1 if old else 0
    return space[name], line


@pytest.mark.parametrize("name", ARGS)
def test_as_they_stand_they_are_right(name, tmp_path):
    call, _ = step_of(name, tmp_path)
    data = (X[:4], X[3:]) if name == "square" else (X, Y)
    assert diagnose(call, *ARGS[name], *data).ok


KINDS = {
    "a shape in a list of pairs": ("layers", "dZ.sum(axis=0, keepdims=True)", "dZ.sum(axis=1)"),
    "no axis in a list of pairs": ("layers", "dZ.sum(axis=0, keepdims=True)", "dZ.sum()"),
    "only a slope is left": ("layers", "dZ = dA * (1 - A[i + 1] ** 2)", "dZ = 1 - A[i + 1] ** 2"),
    "no output in the error": ("rates", "dZ2 = (P - Y) *", "dZ2 = (Y) *"),
    "no rate for one": ("rates", "b1 - rate * dZ1.sum", "b1 - dZ1.sum"),
    "the wrong way in a helper": ("rates", "out[z < 0]", "out[z > 0]"),
    "another array for a helper": ("rates", "back(dZ2, W2, A1)", "back(Y, W2, A1)"),
    "the first example left out": ("sums", "in range(len(X))", "in range(1, len(X))"),
    "a slope in a loop": ("sums", "(W2 @ d2) * (1 - A1[t] ** 2)", "(W2 @ d2) * A1[t]"),
    "the same name for a new array": ("climbs", "W2 += rate", "W2 = rate"),
    "another array's sum": (
        "sums",
        "dW1 = dW1 + np.outer(X[t], d1)",
        "dW1 = W1 + np.outer(X[t], d1)",
    ),
    "the target added": ("climbs", "error = Y - A1 @ W2", "error = Y + A1 @ W2"),
    "a sign where a bias is nothing": ("centred", "dA1 - dA1.sum", "dA1 + dA1.sum"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_line_that_is_wrong_is_named(kind, tmp_path):
    name, old, new = KINDS[kind]
    call, line = step_of(name, tmp_path, old, new)
    diagnosis = diagnose(call, *ARGS[name], X, Y)
    assert diagnosis.ok is False
    first = diagnosis.findings[0]
    assert line in (first.line, first.because), diagnosis


NAMES = {
    "missing_mean": ("copies", "dZ2 = error / m", "dZ2 = error"),
    "double_mean": ("copies", "dZ2 = error / m", "dZ2 = error / m / m"),
    "missing_activation_derivative": (
        "copies",
        "dZ1 = dA1 * (1 - A1 ** 2)\n    return",
        "dZ1 = dA1\n    return",
    ),
    "factor_two": ("climbs", "A1.T @ error", "A1.T @ error * 2"),
    "sign": ("climbs", "error = Y - A1 @ W2", "error = A1 @ W2 - Y"),
    "wrong_derivative_argument": ("rates", "dA1 * slope(Z1)", "dA1 * slope(dA1)"),
    "db_wrong_axis": ("layers", "dZ.sum(axis=0, keepdims=True)", "dZ.sum(axis=1, keepdims=True)"),
    "db_summed_over_everything": ("rates", "dZ2.sum(axis=0)", "dZ2.sum()"),
    "elementwise_product": ("square", "diff @ W2.T", "diff * W2.T"),
    "weights_not_transposed": ("square", "diff @ W2.T", "diff @ W2"),
    "wrong_layer_input": ("square", "A1.T @ diff", "X.T @ diff"),
}


@pytest.mark.parametrize("mistake", NAMES)
def test_what_the_repair_shows_is_given_its_name(mistake, tmp_path):
    name, old, new = NAMES[mistake]
    call, line = step_of(name, tmp_path, old, new)
    data = (X[:4], X[3:]) if name == "square" else (X, Y)
    diagnosis = diagnose(call, *ARGS[name], *data)
    assert diagnosis.ok is False
    first = diagnosis.findings[0]
    assert (first.mistake, first.sure) == (mistake, "certain"), first
    assert line in (first.line, first.because)


def test_of_a_long_script_a_few_examples_are_taken(tmp_path):
    path = tmp_path / "long_script.py"
    path.write_text(
        "import numpy as np\nr = np.random.default_rng(1)\n"
        "X, Y = r.normal(size=(30_000, 40)), r.normal(size=(30_000, 2))\n"
        "W1, W2 = r.normal(size=(40, 5)), r.normal(size=(5, 2))\nn = len(X)\n"
        "for epoch in range(3):\n    A1 = np.tanh(X @ W1)\n    error = (A1 @ W2 - Y) / n\n"
        "    J = np.sum(error ** 2) * n / 2\n    dZ1 = error @ W2.T * A1\n"
        "    W2 -= 0.1 * A1.T @ error\n    W1 -= 0.1 * X.T @ dZ1\n"
    )
    diagnosis = diagnose_file(str(path))
    assert diagnosis.findings[0].line == 10
    assert diagnosis.remarks == ["Of many examples 12 were taken."]


def test_gradients_that_are_called_g_and_a_letter_are_known(tmp_path):
    path = tmp_path / "letters.py"
    path.write_text(
        "import numpy as np\ndef step(X, Y, U, c):\n    A = X @ U + c\n"
        "    J = 0.5 * np.sum((A - Y) ** 2)\n    gU = X.T @ (A - Y)\n"
        "    gc = np.zeros_like(c)\n    gc += gc\n    return J, (gU, gc)\n"
    )
    space = {}
    exec(compile(path.read_text(), str(path), "exec"), space)
    diagnosis = diagnose(space["step"], X, Y, RANDOM.normal(size=(4, 2)), RANDOM.normal(size=2))
    assert diagnosis.ok is False
    assert list(diagnosis.parameters) == ["U", "c"]


def test_a_parameter_in_a_list_of_gradients_is_found_there(tmp_path):
    path = tmp_path / "lists.py"
    path.write_text(
        "import numpy as np\ndef step(X, Y, U, c):\n    A = X @ U + c\n    dA = A - Y\n"
        "    dU = X.T @ dA\n    dc = dA.sum(axis=0)\n    grads = [dU, c]\n"
        "    for p, g in zip([U, c], grads):\n        p -= 0.1 * g\n"
    )
    space = {}
    exec(compile(path.read_text(), str(path), "exec"), space)
    U, c = RANDOM.normal(size=(4, 2)), RANDOM.normal(size=2)
    finding = diagnose(space["step"], X, Y, U, c).findings[0]
    assert (finding.line, finding.fix) == (7, "grads = [dU, dc]")


def test_what_came_of_a_fix_is_told_also_where_the_cost_is_guessed():
    def step(W1, W2, X, Y):
        A1 = np.tanh(X @ W1)
        error = A1 @ W2 - Y
        dZ2 = error * (1 - A1 @ W2)
        dZ1 = dZ2 @ W2.T * (1 - A1**2)
        W2 -= 0.1 * A1.T @ dZ2
        W1 -= 0.1 * X.T @ dZ1

    (finding,) = diagnose(
        step, RANDOM.normal(size=(4, 3)), RANDOM.normal(size=(3, 2)), X, Y
    ).findings
    assert finding.sure == "likely"
    assert finding.advice.endswith("Tried: then all is right.")


def test_each_of_several_fixes_is_tried_with_the_others():
    def step(W1, W2, b2, X, Y):
        A1 = np.tanh(X @ W1)
        error = A1 @ W2 + b2 - Y
        J = np.sum(error**2) / 2
        dZ1 = error @ W2.T
        db2 = error.sum()
        return J, X.T @ dZ1, A1.T @ error, db2

    params = RANDOM.normal(size=(4, 3)), RANDOM.normal(size=(3, 2)), np.ones(2)
    found = diagnose(step, *params, X, Y).findings
    assert len(found) == 2
    for finding in found:
        assert finding.sure == "certain"
        assert finding.advice.endswith("Tried: then all is right, with the other changes.")


SCRIPT = """
import numpy as np
r = np.random.default_rng(5)
X, Y, rate = r.normal(size=(4, 30)), np.sign(r.normal(size=30)), 0.1
class Model:
    def __init__(self):
        self.w, self.b, self.l2 = r.normal(size=4), 0.0, 0.7
    def cost(self, margins):
        return 0.5 * self.w @ self.w + np.maximum(0, 1 - margins).sum()
    def fit(self, X, Y):
        m = len(Y)
        for _ in range(5):
            {}
model = Model()
model.fit(X, Y)
"""
HINGE = """margins = Y * (self.w @ X + self.b)
            J = 0.5 * self.w @ self.w + np.maximum(0, 1 - margins).sum()
            inside = margins < 1
            self.w = self.w - rate * (self.w - X[:, inside] @ Y[inside])
            self.b = self.b + rate * Y[inside].sum()"""
LOGISTIC = """A = 1 / (1 + np.exp(-(self.w @ X + self.b)))
            dz = A - (Y > 0)
            dw = X @ dz / m + self.l2 / m * self.w
            db = dz.mean()
            self.w = self.w - rate * dw
            self.b = self.b - rate * db"""
RIDGE = """error = np.tanh(self.w @ X + self.b) - Y
            J = np.sum(error ** 2) / (2 * m) + self.l2 / (2 * m) * np.sum(self.w ** 2)
            dz = error * (1 - (error + Y) ** 2)
            dw = X @ dz / m + self.l2 / m * self.w
            self.w -= rate * dw
            self.b -= rate * np.mean(dz)"""


def of_script(tmp_path, body, old="", new=""):
    """The diagnosis of a script, with one line of its loop changed, and that line's number."""
    assert body.count(old) == 1 or not old
    code = SCRIPT.format(body)
    line = code[: code.index(old)].count("\n") + 1 if old else 0
    path = tmp_path / "fits.py"
    path.write_text(code.replace(old, new) if old else code)
    return diagnose_file(str(path)), line


@pytest.mark.parametrize("body", [HINGE, LOGISTIC, RIDGE], ids=["hinge", "logistic", "ridge"])
def test_a_bias_of_one_number_is_judged_with_the_weights(tmp_path, body):
    diagnosis, _ = of_script(tmp_path, body)
    assert diagnosis.ok is True, diagnosis
    assert {*diagnosis.parameters} == {"self.w", "self.b"}


WRONG = {
    "the bias of a hinge loss": (HINGE, "Y[inside].sum()", "Y.sum()", None),
    "a square that goes up": (HINGE, "(self.w - X", "(-self.w - X", "(self.w - X"),
    "a bias beside decay": (LOGISTIC, "dz.mean()", "-dz.mean()", "db = dz.mean()"),
    "m twice beside decay": (LOGISTIC, "X @ dz / m", "X @ dz / m / m", None),
    "no square": (RIDGE, " + self.l2 / m * self.w", "", "dw = X @ dz / m + self.l2 / m * self.w"),
    "the square by another factor": (RIDGE, "self.l2 / m * self.w", "self.l2 * self.w", None),
}


@pytest.mark.parametrize("kind", WRONG)
def test_beside_a_square_or_a_kink_the_line_is_named(tmp_path, kind):
    body, old, new, fix = WRONG[kind]
    diagnosis, line = of_script(tmp_path, body, old, new)
    first = diagnosis.findings[0]
    assert diagnosis.ok is False
    assert line in (first.line, first.because), diagnosis
    if fix is not None:
        assert fix in first.fix
        assert first.sure == "certain"
    besides = "lacks 0.0233 self.w, by the square of it in the cost" in str(diagnosis)
    assert besides is (kind == "no square")


def test_what_is_right_at_one_point_alone_is_no_fix(tmp_path):
    """Any number is a multiple of another: by chance also one of the usual."""
    body = HINGE.replace("Y[inside].sum()", "Y.sum()").replace("inside = margins < 1", "pass")
    body = body.replace("[inside]", "[margins < 1]").replace("[:, inside]", "[:, margins < 1]")
    first = of_script(tmp_path, body)[0].findings[0]
    assert first.fix.endswith("(Y * (np.maximum(0, 1 - margins) > 0)).sum()"), "it is the mask"
    body = body.replace(body[body.index("0.5 *") : body.index(".sum()") + 6], "self.cost(margins)")
    (finding,) = of_script(tmp_path, body)[0].findings
    assert (finding.mistake, finding.sure, finding.fix) == ("unknown", "likely", None)
    assert "Y.sum()" in finding.source


def test_a_difference_is_not_right_by_its_own_square():
    """The mistake is where the error goes back, and not in the two updates that come of it."""

    def step(layers, X, Y):
        (W1, b1), (W2, b2) = layers
        A1 = np.tanh(X @ W1 - b1)
        A2 = np.tanh(A1 @ W2 - b2)
        J = np.sum((Y - A2) ** 2)
        dA2 = 2 * (Y - A2)
        dZ2 = dA2 * (1 - A2**2)
        dZ1 = dZ2 @ W2.T * (1 - A1**2)
        for (W, b), A, dZ in (((W1, b1), X, dZ1), ((W2, b2), A1, dZ2)):
            W -= 0.1 * (A.T @ dZ)
            b -= 0.1 * -dZ.sum(axis=0)
        return J

    finding = diagnose(step, [(W1.copy(), b1.copy()), (W2.copy(), b2.copy())], X, Y).findings[0]
    assert "A2 - Y" in finding.fix, finding
    assert finding.sure == "certain"


def test_an_update_that_is_right_for_other_parameters_is_not_the_mistake():
    def step(params, X, Y):
        A1 = np.tanh(X @ params["W1"] + params["b1"])
        error = A1 @ params["W2"] + params["b2"] - Y
        J = np.sum(error**2) / 2
        dZ1 = error @ params["W2"].T * (1 - A1**2)
        grads = {"W2": A1.T @ error, "b2": error.sum(axis=0)}
        grads["W1"] = X.T @ dZ1
        grads["b1"] = np.sum(dZ1, axis=1).mean()
        for name in params:
            params[name] = params[name] - 0.1 * grads[name]
        return J

    params = {"W1": W1.copy(), "b1": b1.copy(), "W2": W2.copy(), "b2": b2.copy()}
    (finding,) = diagnose(step, params, X, Y).findings
    assert "dZ1, axis=1" in finding.source


def test_a_line_is_not_moved_to_where_nothing_reads_it():
    def step(W1, W2, b2, X, Y):
        A1 = np.tanh(X @ W1)
        error = A1 @ W2 + b2 - Y
        b2 -= 0.1 * error.sum(axis=0)
        dW2 = A1.T @ error
        dW1 = X.T @ (error @ W2.T * (1 - A1**2))
        dW2 += 0.3 * W2
        dW1 += 0.01 * W1
        W1 -= 0.1 * dW1
        W2 -= 0.1 * dW2

    diagnosis = diagnose(step, W1.copy(), W2.copy(), b2.copy(), X, Y)
    assert diagnosis.ok is False
    assert not any("moved" in (finding.fix or "") for finding in diagnosis.findings)


@pytest.mark.parametrize("of", ["dZ", "A"])
def test_an_error_that_is_made_in_place_meets_its_targets(of):
    """A -= Y leaves no difference that has a name of its own."""

    def step(W1, b1, X, Y, rate=0.1):
        Z = X @ W1
        Z -= b1
        A = np.tanh(Z)
        slope = 1 - A**2
        A -= Y
        dZ = A * slope
        W1 -= rate * X.T @ (dZ if of == "dZ" else A)
        b1 += rate * dZ.sum(axis=0)

    Y1 = np.random.default_rng(5).normal(size=(len(X), W1.shape[1]))
    diagnosis = diagnose(step, W1.copy(), b1.copy(), X, Y1)
    assert diagnosis.ok is (of == "dZ"), diagnosis
    assert "half the squared error of np.tanh(Z)" in diagnosis.recognised
    if of == "A":
        assert "X.T @" in diagnosis.findings[0].source


def test_of_two_outputs_that_meet_the_targets_that_is_meant_with_which_a_change_mends_all():
    """Before the sigmoid, or behind it: each fits one of the two gradients."""

    class Logistic:
        def __init__(self):
            self.w, self.b = np.zeros(X.shape[1]), 0

        def fit(self, X, y):
            z = np.dot(X, self.w) + self.b
            p = 1 / (1 + np.exp(-z))
            dw = np.dot(X.T, (z - y)) / len(y)
            db = np.sum(p - y) / len(y)
            self.w -= 0.1 * dw
            self.b -= 0.1 * db

    y = (X[:, 0] > 0).astype(int)
    (finding,) = diagnose(Logistic().fit, X, y).findings
    assert finding.fix == "dw = np.dot(X.T, (p - y)) / len(y)"


@pytest.mark.parametrize(
    ("wrong", "fix"),
    [("error * n['a']", "error * slope(n['a'])"), ("error", "error * slope(n['a'])")],
)
def test_a_neuron_of_single_numbers_lacks_its_slope(wrong, fix, tmp_path):
    code = NEURONS.replace("DELTA", wrong)
    (tmp_path / "neurons.py").write_text(code)
    (finding,) = diagnose_file(str(tmp_path / "neurons.py"), "").findings
    assert finding.fix == f'n["delta"] = {fix}', finding
    assert wrong in code.splitlines()[finding.line - 1]


NEURONS = """
import math, random

random.seed(3)


def slope(a):
    return a * (1 - a)


def neuron(n_in):
    return {"w": [random.uniform(-1, 1) for _ in range(n_in)]}


layers = [[neuron(2) for _ in range(3)], [neuron(3) for _ in range(2)]]
data = [([0.3, -0.8], [1, 0]), ([0.9, 0.4], [0, 1]), ([-0.5, 0.7], [1, 0])]


def forward(x):
    for layer in layers:
        for n in layer:
            n["a"] = 1 / (1 + math.exp(-sum(w * i for w, i in zip(n["w"], x))))
        x = [n["a"] for n in layer]
    return x


def backward(y):
    for j, n in enumerate(layers[1]):
        n["delta"] = (n["a"] - y[j]) * slope(n["a"])
    for j, n in enumerate(layers[0]):
        error = sum(m["w"][j] * m["delta"] for m in layers[1])
        n["delta"] = DELTA


for epoch in range(100):
    for x, y in data:
        forward(x)
        backward(y)
        for layer in layers:
            for n in layer:
                for j in range(len(n["w"])):
                    n["w"][j] -= 0.5 * n["delta"] * x[j]
            x = [n["a"] for n in layer]
"""


def test_a_number_that_may_be_no_parameter_is_told_and_judged_where_it_is_named():
    """A mean that runs on moves nothing that is stepped besides, and nothing moves it."""

    def step(W, state, X, Y, rate=0.1):
        error = X @ W - Y
        state["seen"] = state["seen"] * 0.9 + 0.1
        W -= rate * X.T @ error

    call = (W1[:, :2].copy(), {"seen": 0.5}, X, Y)
    told = diagnose(step, *call)
    assert told.ok is True
    assert told.remarks == [
        "Not judged, for they may be no parameters: state['seen']; wrt= says they are."
    ]
    assert diagnose(step, *call, wrt=["W"]).remarks == []
