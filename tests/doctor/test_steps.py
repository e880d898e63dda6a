"""Whatever people train: by other rules than the plain one, and what cannot be judged."""

import numpy as np
import pytest
from doctor.nets import truth

from shapecheck_bp import Layer, diagnose
from shapecheck_bp.doctor import guarding
from shapecheck_bp.doctor.judging import Judge
from shapecheck_bp.doctor.opening import of_call
from shapecheck_bp.doctor.scripts import diagnose_file

RANDOM = np.random.default_rng(4)
X, Y = RANDOM.normal(size=(3, 6)), RANDOM.normal(size=(2, 6))


@pytest.fixture(autouse=True)
def numbers(monkeypatch):
    """Each test draws the same numbers, whichever ran before it."""
    monkeypatch.setitem(globals(), "RANDOM", np.random.default_rng(5))


class Net:
    """Two layers, columns, no cost; steps by one rule or another."""

    def __init__(self, rule="plain", mistake=False):
        random = np.random.default_rng(0)
        self.W1, self.b1 = random.normal(size=(4, 3)), random.normal(size=(4, 1))
        self.W2, self.b2 = random.normal(size=(2, 4)), random.normal(size=(2, 1))
        self.m, self.v, self.t, self.rule, self.mistake = {}, {}, 0, rule, mistake

    def step(self, X, Y):
        """One step."""
        A1 = np.tanh(self.W1 @ X + self.b1)
        dZ2 = self.W2 @ A1 + self.b2 - Y
        dZ1 = self.W2.T @ dZ2
        if not self.mistake:
            dZ1 = dZ1 * (1 - A1**2)
        grads = {"W2": dZ2 @ A1.T, "b2": dZ2.sum(axis=1, keepdims=True)}
        grads |= {"W1": dZ1 @ X.T, "b1": dZ1.sum(axis=1, keepdims=True)}
        self.t += 1
        for name, g in grads.items():
            getattr(self, self.rule)(name, getattr(self, name), g)

    def plain(self, name, W, g):
        """W -= rate g."""
        W -= 0.01 * g

    def momentum(self, name, W, g):
        """With a velocity."""
        self.v[name] = 0.9 * self.v.get(name, 0) - 0.01 * g
        W += self.v[name]

    def decay(self, name, W, g):
        """With weight decay that is in no cost."""
        W -= 0.01 * (g + (0.1 * W if name.startswith("W") else 0))

    def adam(self, name, W, g):
        """Kingma and Ba, 2015."""
        self.m[name] = 0.9 * self.m.get(name, 0) + 0.1 * g
        self.v[name] = 0.999 * self.v.get(name, 0) + 0.001 * g**2
        m, v = self.m[name] / (1 - 0.9**self.t), self.v[name] / (1 - 0.999**self.t)
        W -= 0.01 * m / (np.sqrt(v) + 1e-8)

    def clipped(self, name, W, g):
        """Every entry clipped."""
        W -= 0.01 * np.clip(g, -0.1, 0.1)


@pytest.mark.parametrize("used", [0, 5])
@pytest.mark.parametrize("rule", ["plain", "momentum", "decay", "adam", "clipped"])
def test_right_gradients_are_right_by_every_rule(rule, used):
    net = Net(rule)
    for _ in range(used):
        net.step(X, Y)
    before = net.W1.copy(), net.t
    diagnosis = diagnose(net.step, X, Y)
    assert diagnosis.ok, diagnosis
    assert np.array_equal(net.W1, before[0])
    assert net.t == before[1]
    told = " ".join([*diagnosis.remarks, *diagnosis.parameters.values()])
    assert ("momentum" in told) is (rule == "momentum")
    assert ("decay" in told) is (rule == "decay")
    assert ("another rule" in told) is (rule == "adam")
    assert ("before they are clipped, in line" in told) is (rule == "clipped")


@pytest.mark.parametrize("rule", ["plain", "momentum", "adam"])
def test_a_wrong_gradient_is_wrong(rule):
    diagnosis = diagnose(Net(rule, mistake=True).step, X, Y)
    (finding,) = diagnosis.findings
    assert finding.fix == "dZ1 = self.W2.T @ dZ2 * (1 - A1 ** 2)"
    assert finding.sure == "certain"
    assert finding.parameters == ("self.W1", "self.b1")


# What cannot be judged.


def test_numbers_that_are_others_each_time():
    random = np.random.default_rng()

    def step(W, x, y):
        W -= 0.1 * np.outer(W @ x + np.random.default_rng().normal(size=2) - y, x)

    diagnosis = diagnose(step, np.ones((2, 3)), np.ones(3), np.zeros(2))
    assert diagnosis.ok is None
    assert not diagnosis
    assert "each run gives other numbers" in diagnosis.verdict
    del random


def test_what_is_no_step():
    diagnosis = diagnose(lambda x: x.sum(), np.ones(3))
    assert diagnosis.ok is None
    assert "nothing in it is stepped" in diagnosis.why
    assert diagnose(np.sort, np.ones(3)).why == "no Python source of it can be read"


def test_what_asks_for_input():
    def step(W):
        W -= float(input("rate? "))

    assert "it asks for input (rate?)" in diagnose(step, np.ones(3)).why


def test_what_does_not_end(monkeypatch):
    monkeypatch.setattr(guarding, "SECONDS", 0.5)

    def step(W):
        while True:
            pass

    assert diagnose(step, np.ones(3)).why == "the step does not end within 0 s"


def test_its_own_exceptions_are_raised():
    def step(W):
        raise KeyError("W1")

    with pytest.raises(KeyError, match="W1"):
        diagnose(step, np.ones(3))


def test_wrong_arguments():
    with pytest.raises(TypeError, match="^function: expected what can be called; got int"):
        diagnose(3)
    with pytest.raises(ValueError, match="^loss: expected \"squared_error\", .*; got 'hinge'"):
        diagnose(Net().step, X, Y, loss="hinge")


# What is told.


def test_the_loss_and_the_parameters_can_be_told():
    def step(W, b, X, Y):
        dZ = 1 / (1 + np.exp(-(W @ X + b))) - Y
        W -= 0.1 * dZ @ X.T
        b -= 0.1 * dZ.sum(axis=1, keepdims=True)

    def of(**told):
        W, b = np.array([[0.3, -0.2, 0.5]]), np.array([[0.1]])
        return diagnose(step, W, b, X, (Y[:1] > 0).astype(float), **told)

    assert of().ok
    assert "log loss" in of().recognised
    assert of(loss="squared_error").ok is False
    assert [*of(wrt=["b"]).parameters] == ["b"]


def test_nothing_is_printed_and_nothing_is_changed(capsys):
    W = np.ones((2, 3))

    def step(x, y):
        print("a step")
        W[...] -= 0.1 * np.outer(np.tanh(W @ x) - y, x)

    diagnosis = diagnose(step, np.ones(3), np.zeros(2), loss="squared_error")
    assert diagnosis.ok is False
    assert np.array_equal(W, np.ones((2, 3)))
    assert capsys.readouterr().out == ""


class Seen:
    """What no copy is made of."""

    most = 0


def test_long_data_are_cut_to_a_part():
    def step(W, X, Y):
        Seen.most = max(Seen.most, len(X))
        W -= 0.01 * X.T @ (X @ W - Y) / len(X)

    X = RANDOM.normal(size=(60_000, 20))
    diagnosis = diagnose(step, RANDOM.normal(size=(20, 3)), X, RANDOM.normal(size=(60_000, 3)))
    assert diagnosis.ok
    assert 0 < Seen.most < 100
    assert "Of many examples 12 were taken." in diagnosis.remarks


def test_a_function_that_makes_its_parameters_itself():
    def train(X, Y, epochs):
        random = np.random.default_rng(1)
        W = random.normal(size=(2, 3))
        for _ in range(epochs):
            E = np.tanh(W @ X) - Y
            W = W - 0.1 * E @ X.T
        return W

    diagnosis = diagnose(train, X, Y, 1_000)
    (finding,) = diagnosis.findings
    assert finding.sure == "likely"  # the cost is guessed, and nothing was right of it before
    assert "1 - np.tanh(W @ X) ** 2" in finding.fix


# Networks of other kinds, and one line of each exchanged.


@pytest.mark.parametrize("name", truth.NAMES)
def test_other_kinds_of_networks_are_right(name):
    call, args = truth.net(name).make()
    diagnosis = diagnose(call, *args)
    assert diagnosis.ok, diagnosis


BREAKS = [
    ("conv", 1), ("conv", 2), ("recurrent", 0), ("recurrent", 2), ("lstm", 0), ("batchnorm", 2),
    ("batchnorm", 4), ("layernorm", 1), ("attention", 1), ("attention", 6), ("embedding", 2),
    ("autoencoder", 2), ("dropout", 1),
]  # fmt: skip


@pytest.mark.parametrize(("name", "place"), BREAKS)
def test_the_line_of_a_mistake_is_named(name, place, tmp_path):
    net = truth.net(name)
    one = net.BREAKS[place]
    call, args = truth.broken(net, one, tmp_path).make()
    diagnosis = diagnose(call, *args)
    assert diagnosis.ok is False
    assert one["line"] in {diagnosis.findings[0].line, diagnosis.findings[0].because}, diagnosis


def test_under_a_profiler():
    """What is in its place then is left there."""
    import cProfile
    import sys

    profile = cProfile.Profile()
    with profile:
        before = sys.getprofile()  # from Python 3.12 on nothing: it listens otherwise
        diagnosis = diagnose(Net("plain", mistake=True).step, X, Y)
        assert sys.getprofile() is before
    assert diagnosis.ok is False


def test_gradients_that_are_shortened_are_not_accused():
    """All by one factor, which is another at each point."""

    def step(W, b, X, Y, rate=0.1, most=0.05):
        E = W @ X + b - Y
        J = np.sum(E**2) / 2
        dW, db = E @ X.T, E.sum(axis=1, keepdims=True)
        share = min(1.0, most / np.sqrt(np.sum(dW**2) + np.sum(db**2)))
        W -= rate * share * dW
        b -= rate * share * db
        return J

    diagnosis = diagnose(step, np.ones((2, 3)), np.ones((2, 1)), X, Y)
    assert diagnosis.ok is not False, diagnosis


def test_a_cost_that_nothing_fits_is_not_enough_to_accuse():
    """Of all losses of the output none is meant, and the code names none."""
    W = np.ones((2, 3))

    def quantile(x, y):
        over = np.tanh(W @ x) - y
        W[...] -= 0.1 * np.outer(np.where(over > 0, 0.1, -0.9) * (1 - np.tanh(W @ x) ** 2), x)

    diagnosis = diagnose(quantile, np.ones(3), np.array([0.3, -0.2]))
    assert diagnosis.ok is None
    assert "say so by loss=" in str(diagnosis)
    assert diagnose(quantile, np.ones(3), np.zeros(2), loss="squared_error").ok is False


@pytest.mark.parametrize("mistake", [False, True])
def test_gradients_in_pairs_are_those_of_records_in_the_same_place(mistake):
    """All layers have one size, and a Layer's ``W`` is the first of a pair."""

    def gradients(params, X, Y):
        As = [X]
        for W, b in params:
            As.append(np.tanh(W @ As[-1] + b))
        dA, found = As[-1] - Y, []
        for i in reversed(range(3)):
            dZ = dA * (1 - As[i + 1] ** (3 if mistake else 2))
            found.append((dZ @ As[i].T, dZ.sum(axis=1, keepdims=True)))
            dA = params[i].W.T @ dZ
        return found[::-1]

    rng = np.random.default_rng(3)
    params = [Layer(rng.normal(size=(4, 4)), rng.normal(size=(4, 1))) for _ in range(3)]
    diagnosis = diagnose(gradients, params, rng.normal(size=(4, 5)), rng.normal(size=(4, 5)))
    assert diagnosis.ok is not mistake, diagnosis
    assert len(diagnosis.parameters) == 6


def test_new_parameters_are_known_by_the_attributes_that_are_returned():
    """With one input the weights have the shape of the biases."""
    rng = np.random.default_rng(3)

    class Net:
        pass

    def step(weights, biases, X, Y):
        net = Net()
        error = weights[0] @ X + biases[0] - Y
        net.weights = [weights[0] - 0.1 * error @ X.T]
        net.biases = [biases[0] - 0.1 * error.sum(axis=1, keepdims=True)]
        return net.weights, net.biases

    W, b, X, Y = (rng.normal(size=shape) for shape in ((3, 1), (3, 1), (1, 5), (3, 5)))
    diagnosis = diagnose(step, [W], [b], X, Y)
    assert diagnosis.ok is True, diagnosis
    assert [*diagnosis.parameters] == ["weights[0]", "biases[0]"]


@pytest.mark.parametrize("mistake", [False, True])
def test_the_slope_of_the_log_loss_says_what_is_meant(mistake):
    """``1 - A`` is no error, and ``-Y / A`` tells of Y."""
    rng = np.random.default_rng(3)

    def gradients(W, b, X, Y):
        A = 1 / (1 + np.exp(-(W @ X + b)))
        dA = -Y / A + (1 - Y) / (1 - A)
        dZ = dA * A if mistake else dA * A * (1 - A)
        return dZ @ X.T, dZ.sum(axis=1, keepdims=True)

    W, b, X = (rng.normal(size=shape) for shape in ((1, 3), (1, 1), (3, 5)))
    diagnosis = diagnose(gradients, W, b, X, np.array([[0.0, 1, 1, 0, 1]]))
    assert diagnosis.ok is not mistake, diagnosis
    assert mistake or "the log loss of A" in str(diagnosis)


SENT = []


def send_gradients(values):
    """What nobody asked for."""
    SENT.append(values)
    return values


def test_functions_that_the_step_does_not_call_are_not_called():
    """Their names are those of slopes, which a line may lack."""
    W, x = RANDOM.normal(size=(2, 3)), RANDOM.normal(size=3)

    def step(W, x, y):
        error = np.tanh(W @ x) - y
        W -= 0.1 * np.outer(error, x)

    diagnosis = diagnose(step, W, x, np.zeros(2))
    assert diagnosis.ok is False
    assert not SENT
    send_gradients(W)  # as is done somewhere


def recommender(decay):
    rng = np.random.default_rng(1)
    P, Q, b = rng.normal(size=(4, 3)), rng.normal(size=(5, 3)), rng.normal(size=4)

    def learn(u, i, stars):
        error = P[u] @ Q[i] + b[u] - stars
        p, q = P[u].copy(), Q[i].copy()
        P[u] -= 0.05 * (error * q + decay * p)
        Q[i] -= 0.05 * (error * p + decay * q)
        b[u] -= 0.05 * (error + decay * b[u])

    return learn


def test_decay_of_the_rows_that_are_stepped():
    diagnosis = diagnose(recommender(0.1), 1, 2, 3.5)
    assert diagnosis.ok is True
    assert "0.1 times the weights in them: weight decay" in str(diagnosis)


def test_parameters_that_come_back_as_they_were_are_no_decay():
    """The slope is 0, as it should not be."""
    rng = np.random.default_rng(5)

    def step(params, X, Y):
        (W1, b1), (W2, b2) = params
        A1 = np.tanh(W1 @ X + b1)
        dZ2 = W2 @ A1 + b2 - Y
        dZ1 = W2.T @ dZ2 * (A1 - A1)
        new1 = Layer(W1 - 0.1 * dZ1 @ X.T, b1 - 0.1 * dZ1.sum(axis=1, keepdims=True))
        return [new1, Layer(W2 - 0.1 * dZ2 @ A1.T, b2 - 0.1 * dZ2.sum(axis=1, keepdims=True))]

    sizes = [((4, 3), (4, 1)), ((2, 4), (2, 1))]
    params = [Layer(rng.normal(size=one), rng.normal(size=two)) for one, two in sizes]
    diagnosis = diagnose(step, params, X, Y)
    assert diagnosis.ok is False, diagnosis


@pytest.mark.parametrize("decay", [0.1, -0.1])
def test_decay_of_two_entries(decay):
    """The biases say how large a step is."""
    rng = np.random.default_rng(5)

    def step(W, b, X, Y):
        dZ = 2 * (np.tanh(W @ X + b) - Y) * (1 - np.tanh(W @ X + b) ** 2)
        W -= 0.1 * (dZ @ X.T + decay * W)
        b -= 0.1 * dZ.sum(axis=1, keepdims=True)

    data = [rng.normal(size=shape) for shape in ((2, 1), (2, 1), (1, 6), (2, 6))]
    diagnosis = diagnose(step, *data)
    assert diagnosis.ok is (decay > 0), diagnosis
    assert ("weight decay" in str(diagnosis)) is (decay > 0)


def test_a_single_number_is_new_where_the_others_are():
    """Its step is a multiple of its slope, and so is what it becomes."""
    rng = np.random.default_rng(5)

    def step(W, b, X, Y):
        A = 1 / (1 + np.exp(-(W @ X + b)))
        J = -np.mean(Y * np.log(A) + (1 - Y) * np.log(1 - A))
        W = W - 0.5 * (A - Y) @ X.T / Y.size
        b = b - 0.5 * np.sum(A - Y, axis=1, keepdims=True) / Y.size
        return [W], [b], J

    W, X, Y = rng.normal(size=(1, 6)), rng.normal(size=(6, 2)), np.array([[0.0, 1.0]])
    diagnosis = diagnose(step, W, np.array([[0.1]]), X, Y)
    assert diagnosis.ok is True, diagnosis


def test_a_layer_of_few_numbers_is_new_where_the_others_are():
    """Two weights with decay, and one bias: alone they say nothing of what is given back."""
    rng = np.random.default_rng(5)

    def step(params, X, Y, rate=0.5):
        (W1, b1), (W2, b2), (W3, b3) = params
        A1 = np.tanh(W1 @ X + b1)
        A2 = np.tanh(W2 @ A1 + b2)
        dZ3 = W3 @ A2 + b3 - Y
        dZ2 = W3.T @ dZ3 * (1 - A2**2)
        dZ1 = W2.T @ dZ2 * (1 - A1**2)
        new = []
        for (W, b), dZ, A in zip(params, (dZ1, dZ2, dZ3), (X, A1, A2), strict=True):
            dW, db = dZ @ A.T + 0.1 * W, dZ.sum(axis=1, keepdims=True)
            new.append(Layer(W - rate * dW, b - rate * db))
        return new

    sizes = [(4, 2), (2, 1), (1, 2)]
    params = [Layer(rng.normal(size=(n, m)), rng.normal(size=(n, 1))) for m, n in sizes]
    diagnosis = diagnose(step, params, rng.normal(size=(4, 4)), rng.normal(size=(2, 4)))
    assert diagnosis.ok is True, diagnosis


def test_parameters_that_the_forward_pass_has_not_are_told_of():
    W, b = RANDOM.normal(size=(2, 3)), np.ones((2, 1))

    def step(W, b, X, Y):
        error = W @ X - Y
        cost = np.sum(error**2)
        W -= 0.1 * 2 * error @ X.T
        b -= 0.1 * 2 * error.mean()
        return cost

    diagnosis = diagnose(step, W, b, X, Y)
    assert diagnosis.ok is True
    assert "Its cost does not move with b: is that meant?" in str(diagnosis)


def test_what_goes_down_the_cost_is_told_so():
    def gradient(W, X, Y):
        loss = np.sum((W @ X - Y) ** 2)
        return loss, 2 * (Y - W @ X) @ X.T

    diagnosis = diagnose(gradient, RANDOM.normal(size=(2, 3)), X, Y)
    assert diagnosis.ok is True
    assert "goes down its cost" in str(diagnosis)


@pytest.mark.parametrize("times", [1, 3])
def test_the_step_of_one_number_is_a_multiple_by_any_rule(times):
    """RMSprop, whose bias is a single number."""
    rng = np.random.default_rng(2)
    params = [rng.normal(size=(3, 1)), np.zeros(1)]
    squares = [np.zeros((3, 1)), np.zeros(1)]

    def step(X, Y):
        Z = X @ params[0] + params[1]
        loss = np.mean((Z - Y) ** 2)
        dZ = 2 * (Z - Y) / len(X)
        for i, grad in enumerate([X.T @ dZ, (times * dZ).sum(axis=0)]):
            squares[i] = 0.9 * squares[i] + 0.1 * grad**2
            params[i] -= 0.01 * grad / (np.sqrt(squares[i]) + 1e-8)
        return loss

    diagnosis = diagnose(step, rng.normal(size=(9, 3)), rng.normal(size=(9, 1)))
    assert diagnosis.ok is (times == 1)
    right = diagnosis.parameters["params[1]"]
    assert ("by another rule than a multiple" in right) is (times == 1)


def test_the_gradient_of_a_number_is_no_cost():
    """``gb`` moves with every parameter, and goes into no array; but b is stepped by it."""
    rng = np.random.default_rng(3)

    class Model:
        def __init__(self):
            self.W1, self.w2, self.b = rng.normal(size=(3, 4)), rng.normal(size=4), 0.1

        def train(self, X, y):
            h = np.tanh(X @ self.W1)
            p = 1 / (1 + np.exp(-(h @ self.w2 + self.b)))
            err = (p - y) / len(y)
            gb = err.sum()
            gw = h.T @ err
            gW = X.T @ (np.outer(err, self.w2) * (1 - h**2))
            self.b -= 0.1 * gb
            self.w2 = self.w2 - 0.1 * gw
            self.W1 = self.W1 - 0.1 * gW

    y = (rng.random(9) > 0.5).astype(float)
    diagnosis = diagnose(Model().train, rng.normal(size=(9, 3)), y)
    assert diagnosis.ok is True, diagnosis
    assert "log loss of p" in str(diagnosis)


def test_two_statements_in_a_line_are_written_both():
    rng = np.random.default_rng(4)
    W, b = rng.normal(size=(3, 2)), rng.normal(size=2)

    def step(X, Y):
        dZ = X @ W + b - Y
        W[...] -= 0.1 * X.T @ dZ / len(X); b[...] -= 0.1 * dZ.sum(axis=0)  # fmt: skip  # noqa: E702

    diagnosis = diagnose(step, rng.normal(size=(9, 3)), rng.normal(size=(9, 2)))
    (finding,) = diagnosis.findings
    statements = finding.fix.split("; ")
    assert len(statements) == 2
    assert statements[0].startswith("W[...] -= ")
    assert statements[1].startswith("b[...] -= ")


# Parameters that are no arrays of their own.


class Line:
    """A line through points; its parameters are two numbers."""

    def __init__(self):
        self.w, self.b, self.mean_loss = 0.3, 0.1, 1.0

    def fit(self, xs, ys, rate=0.01):
        """One step."""
        loss, dw, db = 0.0, 0.0, 0.0
        for x, y in zip(xs, ys, strict=True):
            error = self.w * x + self.b - y
            loss += error**2
            dw += 2 * error * x
            db += 2 * error
        self.w -= rate * dw / len(xs)
        self.b -= rate * db / len(xs)
        self.mean_loss = 0.9 * self.mean_loss + 0.1 * loss


class WrongLine(Line):
    """Its dw has no x."""

    def fit(self, xs, ys, rate=0.01):
        """One step."""
        loss, dw, db = 0.0, 0.0, 0.0
        for x, y in zip(xs, ys, strict=True):
            error = self.w * x + self.b - y
            loss += error**2
            dw += 2 * error
            db += 2 * error
        self.w -= rate * dw / len(xs)
        self.b -= rate * db / len(xs)


POINTS = [1.0, 2.0, 4.0, 5.0], [2.9, 5.2, 8.8, 11.1]


def test_single_numbers_are_parameters():
    diagnosis = diagnose(Line().fit, *POINTS)
    assert diagnosis.ok is True, diagnosis
    assert {*diagnosis.parameters} == {"self.w", "self.b"}
    (finding,) = diagnose(WrongLine().fit, *POINTS).findings
    assert (finding.fix, finding.sure) == ("dw += 2 * error * x", "certain")


SCRIPT = """
import numpy as np

def gradients(w, b, x, y):
    error = w * x + b - y
    return error @ x / len(x), error.mean()

x, y = np.arange(6.0), np.array([1.0, 2.9, 5.2, 7.1, 8.8, 11.0])
w, b = 0, 0
for turn in range(200):
    dw, db = gradients(w, b, x, y)
    w = w - 0.02 * dw
    b = b - 0.02 * db
"""


def test_a_script_with_numbers_that_begin_as_0(tmp_path):
    (tmp_path / "line.py").write_text(SCRIPT)
    diagnosis = diagnose_file(str(tmp_path / "line.py"))
    assert diagnosis.ok is True, diagnosis
    wrong = SCRIPT.replace("error.mean()", "error.sum()")
    (tmp_path / "wrong.py").write_text(wrong)
    assert diagnose_file(str(tmp_path / "wrong.py")).ok is not True


def test_of_a_loop_whose_step_is_in_a_function_one_turn_is_run(tmp_path):
    source = SCRIPT.replace("    dw, db =", "    w, b = step(w, b)\n    continue\n    dw, db =")
    source = source.replace("x, y = ", f"{STEP}\nx, y = ")
    (tmp_path / "line.py").write_text(source)
    diagnosis = diagnose_file(str(tmp_path / "line.py"))
    assert diagnosis.ok is True, diagnosis
    assert "stepped by -0.02" in str(diagnosis) or "stepped by -0.003333" in str(diagnosis)


STEP = """
def step(w, b):
    dw, db = gradients(w, b, x, y)
    return w - 0.02 * dw, b - 0.02 * db
"""


@pytest.mark.parametrize("mistake", [False, True])
def test_a_flat_vector_is_judged_by_its_parts(mistake):
    def cost(theta, X, Y):
        W1, W2 = theta[:12].reshape(3, 4), theta[12:].reshape(4, 2)
        A1 = np.tanh(X @ W1)
        error = A1 @ W2 - Y
        dZ1 = error @ W2.T
        if not mistake:
            dZ1 = dZ1 * (1 - A1**2)
        return 0.5 * np.sum(error**2), np.concatenate([(X.T @ dZ1).ravel(), (A1.T @ error).ravel()])

    diagnosis = diagnose(cost, np.random.default_rng(1).normal(size=20), X.T, Y.T)
    assert diagnosis.ok is not mistake, diagnosis
    assert diagnosis.parameters["theta[12:20]"].endswith("right")
    if mistake:
        (finding,) = diagnosis.findings
        assert "1 - A1 ** 2" in finding.fix
        assert finding.sure == "certain"


def test_the_fields_of_a_record_are_parameters():
    theta = np.zeros((), [("W", float, (2, 3)), ("b", float, (2, 1))])
    theta["W"] = RANDOM.normal(size=(2, 3))

    def step(theta, X, Y):
        error = np.tanh(theta["W"] @ X + theta["b"]) - Y
        dZ = error * (1 - (error + Y) ** 2)
        theta["W"] = theta["W"] - 0.1 * dZ @ X.T
        theta["b"] = theta["b"] - 0.1 * dZ.sum(axis=1, keepdims=True)

    diagnosis = diagnose(step, theta, X, Y)
    assert diagnosis.ok is True, diagnosis
    assert {*diagnosis.parameters} == {"theta['W']", "theta['b']"}


# Costs that are nowhere, and rules with more than one part.


@pytest.mark.parametrize("mistake", [False, True])
def test_an_error_that_is_clipped_or_masked_before_it_goes_back(mistake):
    W1, W2 = RANDOM.normal(size=(4, 3)), RANDOM.normal(size=(2, 4))
    mask = np.array([1, 1, 0, 1, 1, 0.5])

    def step(X, Y):
        A1 = np.maximum(W1 @ X, 0)
        error = np.clip(W2 @ A1 - Y, -1, 1) * mask
        dZ1 = W2.T @ error
        if not mistake:
            dZ1 = dZ1 * (A1 > 0)
        W2[...] -= 0.1 * error @ A1.T
        W1[...] -= 0.1 * dZ1 @ X.T

    diagnosis = diagnose(step, X, Y)
    assert diagnosis.ok is not mistake, diagnosis
    assert "as it is changed in line" in str(diagnosis)
    assert "right" in diagnosis.parameters["W2"]


@pytest.mark.parametrize("mistake", [False, True])
def test_the_velocity_that_nesterov_keeps_is_judged(mistake):
    W, V = RANDOM.normal(size=(2, 3)), np.zeros((2, 3))
    b, v = np.zeros((2, 1)), np.zeros((2, 1))

    def step(X, Y):
        dZ = W @ X + b - Y
        cost = 0.5 * np.sum(dZ**2)
        for P, velocity, g in ((W, V, dZ @ X.T), (b, v, dZ.mean(axis=1, keepdims=True))):
            g = g if mistake or P is W else X.shape[1] * g
            velocity *= 0.9
            velocity -= 0.01 * g
            P += 0.9 * velocity - 0.01 * g
        return cost

    diagnosis = diagnose(step, X, Y)
    assert diagnosis.ok is not mistake, diagnosis


def test_a_backward_loop_over_time_is_no_loop_of_steps():
    W, U = 0.5 * RANDOM.normal(size=(3, 3)), RANDOM.normal(size=(3, 2))

    def step(X, Y):
        states = [np.zeros((3, 1))]
        for x in X:
            states.append(np.tanh(W @ states[-1] + U @ x))
        dW, dU, later = np.zeros_like(W), np.zeros_like(U), 0
        for t in reversed(range(len(X))):
            dZ = (states[t + 1] - Y[t] + later) * (1 - states[t + 1] ** 2)
            dW += dZ @ states[t].T
            dU += dZ @ X[t].T
            later = W.T @ dZ
        for P, g in ((W, dW), (U, dU)):
            parameter = P.view()
            parameter -= 0.1 * g

    diagnosis = diagnose(step, RANDOM.normal(size=(5, 2, 1)), RANDOM.normal(size=(5, 3, 1)))
    assert diagnosis.ok is True, diagnosis


@pytest.mark.parametrize(("near", "bent"), [(5e-6, {("W",)}), (0.1, set())])
def test_slopes_are_measured_closer_where_a_kink_is_between(near, bent):
    def step(W, X, Y):
        Z = W @ X
        A = np.maximum(Z, 0)
        W -= 0.1 * ((A - Y) * (Z > 0)) @ X.T
        return np.sum((A - Y) ** 2) / 2

    made = next(of_call(step, (np.array([[near, 0.5]]), np.eye(2), np.ones((1, 2))), {}))
    with made.held():
        judge = Judge(made)
    assert judge.verdict.ok
    assert judge.truth.bent == bent


@pytest.mark.parametrize("weight", [0.0, 0.3])
def test_a_cost_that_is_a_part_of_another_is_told_of(weight):
    def step(W, X, Y):
        error = W @ X - Y
        loss = np.sum(error**2)
        total = 0.0
        total = total + loss
        penalty = 0.3 * np.sum(np.abs(W))
        cost = loss + penalty
        W -= 0.1 * (2 * error @ X.T + weight * np.sign(W))
        return cost, total

    diagnosis = diagnose(step, RANDOM.normal(size=(2, 3)), X, Y)
    assert diagnosis.ok is True, diagnosis
    said = "They are those of loss, and not of cost (line"
    assert (said in str(diagnosis)) == (not weight)
