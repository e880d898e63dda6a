"""Whatever people train: by other rules than the plain one, and what cannot be judged."""

import numpy as np
import pytest
from doctor.nets import truth

from shapecheck_bp import diagnose
from shapecheck_bp.doctor import guarding

RANDOM = np.random.default_rng(4)
X, Y = RANDOM.normal(size=(3, 6)), RANDOM.normal(size=(2, 6))


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
    assert ("another rule" in told) is (rule in ("adam", "clipped"))


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
