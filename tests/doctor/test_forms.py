"""A function of parameters, X and Y, for which a problem is made, in whatever form it comes."""

from inspect import getsourcelines

import numpy as np
import pytest

from shapecheck_bp import Network, diagnose

ONE = Network((3, 1), output="sigmoid")
TWO = Network((3, 4, 1), "tanh", "sigmoid")
SQUARES = Network((3, 4, 2), "sigmoid", "sigmoid", "squared_error")


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softmax(z):
    return np.exp(z) / np.exp(z).sum(axis=0)


def logistic(W, b, X, Y):
    dZ = sigmoid(W @ X + b) - Y
    return dZ @ X.T / X.shape[1], np.sum(dZ, axis=1, keepdims=True) / X.shape[1]


def logistic_of_rows(W, b, X, Y):
    dZ = sigmoid(X @ W + b) - Y
    return X.T @ dZ / len(X), np.sum(dZ, axis=0, keepdims=True) / len(X)


def pair(params, X, Y):
    W, b = params
    return logistic(W, b, X, Y)


def keyed(params, X, Y):
    dW, db = logistic(params["W"], params["b"], X, Y)
    return {"dW": dW, "db": db}


def flat(params, X, Y):
    W1, b1, W2, b2 = params
    m, A1 = X.shape[1], np.tanh(W1 @ X + b1)
    dZ2 = sigmoid(W2 @ A1 + b2) - Y
    dZ1 = W2.T @ dZ2 * (1 - A1**2)
    first = [dZ1 @ X.T / m, dZ1.sum(1, keepdims=True) / m]
    return [*first, dZ2 @ A1.T / m, dZ2.sum(1, keepdims=True) / m]


def each(W1, b1, W2, b2, X, Y):
    return flat((W1, b1, W2, b2), X, Y)


def biases_first(W, b, X, Y):
    m, A1 = X.shape[1], np.tanh(W[0] @ X + b[0])
    d2 = softmax(W[1] @ A1 + b[1]) - Y
    d1 = W[1].T @ d2 * (1 - A1**2)
    nabla_b = [d1.sum(1, keepdims=True) / m, d2.sum(1, keepdims=True) / m]
    return nabla_b, [d1 @ X.T / m, d2 @ A1.T / m]


@pytest.mark.parametrize(
    ("function", "net", "convention"),
    [
        (logistic, ONE, "column"),
        (logistic_of_rows, ONE, "row"),
        (pair, ONE, "column"),
        (keyed, ONE, "column"),
        (flat, TWO, "column"),
        (each, TWO, "column"),
        (biases_first, Network((3, 4, 2), "tanh"), "column"),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_how_parameters_come(function, net, convention):
    diagnosis = diagnose(function, net, convention)
    assert diagnosis.ok, diagnosis
    assert not diagnosis.findings


CONTAINERS = {
    "dicts from 0 on": lambda w, b: ({0: w}, {0: b}),
    "dicts from 1 on": lambda w, b: ({1: w}, {1: b}),
    "None first": lambda w, b: ([None, w], [None, b]),
    "[W b] in one": lambda w, b: [np.hstack([w, b])],
    "grad_": lambda w, b: {"grad_W1": w, "grad_b1": b},
    "a tuple": lambda w, b: (w, b),
    "b first": lambda w, b: (b, w),
    "small letters": lambda w, b: {"dw1": w, "db1": b},
    "other things beside": lambda w, b: {"dZ1": 0 * b, "dW1": w, "db1": b, "A": b},
    "a cost behind": lambda w, b: (w, b, 0.5),
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_how_gradients_go_back(name):
    def gradients(params, X, Y):
        ((W, b),) = params
        return CONTAINERS[name](*logistic(W, b, X, Y))

    diagnosis = diagnose(gradients, ONE)
    assert {one.quantity for one in diagnosis.findings} <= {"cost"}, diagnosis
    assert diagnosis.ok == (name != "a cost behind"), diagnosis


# Right for its own forward pass and its own loss: the network is only what a problem is made for.


def no_bias(params, X, Y):
    (W1, _), (W2, _) = params
    m, A1 = X.shape[1], sigmoid(W1 @ X)
    dZ2 = sigmoid(W2 @ A1) - Y
    dZ1 = W2.T @ dZ2 * A1 * (1 - A1)
    return [(dZ1 @ X.T / m, None), (dZ2 @ A1.T / m, None)]


def no_bias_in_the_gradients(params, X, Y):
    return [dW for dW, _ in no_bias(params, X, Y)]


def biases_of_zero(params, X, Y):
    return [(dW, 0 * b) for (dW, _), (_, b) in zip(no_bias(params, X, Y), params, strict=True)]


def half_the_sum_of_squares(params, X, Y):
    ((W, b),) = params
    A = sigmoid(W @ X + b)
    dZ = (A - Y) * A * (1 - A)
    return [(dZ @ X.T, dZ.sum(axis=1, keepdims=True))]


def half_the_square(params, X, Y):
    ((W, b),), m = params, X.shape[1]
    dZ = W @ X + b - Y
    return [(dZ @ X.T / m, dZ.sum(axis=1, keepdims=True) / m)]


def decayed(params, X, Y, reg=0.1):
    ((W, b),), m = params, X.shape[1]
    A = softmax(W @ X + b)
    J = -np.sum(Y * np.log(A)) / m + reg / 2 * np.sum(W**2)
    return J, [((A - Y) @ X.T / m + reg * W, (A - Y).sum(axis=1, keepdims=True) / m)]


def softmax_of_a_sigmoid(params, X, Y):
    ((W, b),), m = params, X.shape[1]
    H = sigmoid(W @ X + b)
    A = softmax(H)
    dZ = (A - Y) * H * (1 - H)
    J = -np.sum(Y * np.log(A)) / m
    return J, [(dZ @ X.T / m, dZ.sum(axis=1, keepdims=True) / m)]


@pytest.mark.parametrize(
    ("function", "net", "words"),
    [
        (no_bias, Network((3, 4, 1), "sigmoid", "sigmoid"), "right for its own forward pass"),
        (no_bias_in_the_gradients, Network((3, 4, 1), "sigmoid", "sigmoid"), "own forward pass"),
        (biases_of_zero, Network((3, 4, 1), "sigmoid", "sigmoid"), "own forward pass"),
        (
            half_the_sum_of_squares,
            Network((3, 1), "tanh", "sigmoid", "squared_error"),
            "half a sum",
        ),
        (half_the_square, Network((3, 2), output="identity"), "If your loss is a half"),
        (decayed, Network((3, 2)), "weight decay?"),
        (softmax_of_a_sigmoid, Network((3, 2)), "its own cost, J"),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_what_is_right_for_itself_is_right(function, net, words):
    diagnosis = diagnose(function, net)
    assert diagnosis.ok, diagnosis
    (finding,) = diagnosis.findings
    assert finding.sure == "possible"
    assert words in finding.evidence


# What is wrong.


def wrong_argument_of_a_sum(params, X, Y):
    ((W, b),) = params
    A = sigmoid(W @ X + b)
    dZ = (A - Y) * sigmoid(A) * (1 - sigmoid(A))
    return [(dZ @ X.T, dZ.sum(axis=1, keepdims=True))]


def test_a_mistake_under_a_loss_of_ones_own_without_its_cost():
    net = Network((3, 1), output="sigmoid", loss="squared_error")
    assert diagnose(wrong_argument_of_a_sum, net).findings[0].mistake == "wrong_derivative_argument"


def error_and_not_delta(params, X, Y):
    (W1, b1), (W2, b2) = params
    m, A1 = X.shape[1], sigmoid(W1 @ X + b1)
    A2 = sigmoid(W2 @ A1 + b2)
    dZ2 = (A2 - Y) * A2 * (1 - A2)
    dZ1 = W2.T @ (A2 - Y) * A1 * (1 - A1)  # wrong
    first = dZ1 @ X.T / m, dZ1.sum(1, keepdims=True) / m
    return np.sum((A2 - Y) ** 2) / 2 / m, [first, (dZ2 @ A1.T / m, dZ2.sum(1, keepdims=True) / m)]


def bias_of_dA(params, X, Y):
    (W1, b1), (W2, b2) = params
    m, A1 = X.shape[1], sigmoid(W1 @ X + b1)
    A2 = sigmoid(W2 @ A1 + b2)
    dZ2 = 2 * (A2 - Y) * A2 * (1 - A2)
    dA1 = W2.T @ dZ2
    dZ1 = dA1 * A1 * (1 - A1)
    first = dZ1 @ X.T / m, dA1.sum(1, keepdims=True) / m  # wrong
    return [first, (dZ2 @ A1.T / m, dZ2.sum(1, keepdims=True) / m)]


def updated_example_by_example(params, X, Y):
    sums = [0, 0, 0, 0]
    for x, y in zip(X.T, Y.T, strict=True):
        (W1, b1), (W2, b2) = [(W.copy(), b.copy()) for W, b in params]
        x, y = x[:, None], y[:, None]
        a1 = sigmoid(W1 @ x + b1)
        d2 = sigmoid(W2 @ a1 + b2) - y
        g2 = [d2 @ a1.T, d2]
        W2 -= 0.1 * g2[0]  # wrong
        d1 = W2.T @ d2 * a1 * (1 - a1)
        sums = [t + u / X.shape[1] for t, u in zip(sums, [d1 @ x.T, d1, *g2], strict=True)]
    return [sums[:2], sums[2:]]


@pytest.mark.parametrize(
    ("function", "net", "where", "fix"),
    [
        (error_and_not_delta, SQUARES, ("dZ", 1), "dZ2"),
        (bias_of_dA, SQUARES, ("db", 1), "dZ1.sum(1, keepdims=True)"),
        (
            updated_example_by_example,
            Network((3, 4, 2), "sigmoid", "sigmoid"),
            ("dZ", 1),
            "# moved behind line",
        ),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_a_mistake_without_a_name_has_its_line(function, net, where, fix):
    finding = diagnose(function, net).findings[0]
    lines, start = getsourcelines(function)
    wrong = start + next(i for i, line in enumerate(lines) if "# wrong" in line)
    assert (finding.quantity, finding.layer) == where
    assert wrong in (finding.line, finding.because), finding
    assert fix in finding.fix
    assert finding.sure == "certain"


def test_a_factor_is_no_fault_of_the_forward_pass():
    """Whatever is kept in no variable, or is no array of all examples."""

    def a_third(params, X, Y):
        ((W, b),) = params
        error = sigmoid(W @ X + b) - Y
        return [(error @ X.T / 3, error.sum(axis=1, keepdims=True) / 3)]

    def thrice(params, X, Y):
        (W1, b1), (W2, b2) = params
        m, A1 = X.shape[1], np.tanh(W1 @ X + b1)
        dZ2 = 3 * (softmax(W2 @ A1 + b2) - Y)
        dZ1 = W2.T @ dZ2 * (1 - A1**2)
        first = dZ1 @ X.T / m, dZ1.sum(1, keepdims=True) / m
        return [first, (dZ2 @ A1.T / m, dZ2.sum(1, keepdims=True) / m)]

    def of_one(both, x, y):
        W1, W2 = both
        a1 = sigmoid(W1 @ np.append(x, 1))
        d2 = 7 * (sigmoid(W2 @ np.append(a1, 1)) - y)
        d1 = W2[:, :-1].T @ d2 * a1 * (1 - a1)
        return np.outer(d1, np.append(x, 1)), np.outer(d2, np.append(a1, 1))

    def seven(params, X, Y):
        both = [np.hstack([W, b]) for W, b in params]
        found = [of_one(both, x, y) for x, y in zip(X.T, Y.T, strict=True)]
        sums = [sum(one) / X.shape[1] for one in zip(*found, strict=True)]
        return [(G[:, :-1], G[:, -1:]) for G in sums]

    nets = ONE, Network((3, 4, 2), "tanh"), Network((3, 4, 2), "sigmoid", "sigmoid")
    for function, net, factor in zip((a_third, thrice, seven), nets, (5 / 3, 3, 7), strict=True):
        (finding,) = diagnose(function, net).findings
        assert f"every gradient is {factor:.4g} times what it should be" in finding.evidence
        assert (finding.mistake, finding.quantity) == ("unknown", "")


@pytest.mark.parametrize("output", ["relu", "sigmoid"])
def test_nothing_comes_back(output):
    def zeros(params, X, Y):
        return [(0 * W, 0 * b) for W, b in params]

    (finding,) = diagnose(zeros, Network((3, 4, 3, 1), "sigmoid", output, "squared_error")).findings
    assert (finding.mistake, finding.sure) == ("unknown", "likely")
    assert "every gradient is 0" in finding.evidence


def test_an_output_of_relu_is_not_dead():
    def no_slope(params, X, Y):
        (W1, b1), (W2, b2) = params
        m, A1 = X.shape[1], np.maximum(0, W1 @ X + b1)
        dZ2 = 2 * (np.maximum(0, W2 @ A1 + b2) - Y)
        dZ1 = W2.T @ dZ2 * (A1 > 0)
        first = dZ1 @ X.T / m, dZ1.sum(1, keepdims=True) / m
        return [first, (dZ2 @ A1.T / m, dZ2.sum(1, keepdims=True) / m)]

    finding = diagnose(no_slope, Network((3, 4, 1), output="relu")).findings[0]
    assert (finding.mistake, finding.layer) == ("missing_activation_derivative", 2)


def test_a_fix_runs_where_biases_are_vectors():
    def over_examples(params, X, Y):
        ((W, b),) = params
        E = np.exp(X @ W + b)
        dZ = E / E.sum(axis=0) - Y
        return [(X.T @ dZ / len(X), dZ.sum(axis=0) / len(X))]

    (finding,) = diagnose(over_examples, Network((3, 2)), "row").findings
    assert finding.mistake == "softmax_wrong_axis"
    names = {"np": np, "Z": np.ones((5, 3))}
    exec(finding.fix.replace("[1]", ""), names)
    np.testing.assert_allclose(names["A"], 1 / 3)


def test_what_is_changed_in_place_comes_before_what_it_causes():
    def shrinking(params, X, Y):
        params[0].W[...] *= 0.9
        params[0].W[...] += 0.05 * params[0].W ** 2
        (W, b), m = params[0], X.shape[1]
        dZ = sigmoid(W @ X + b) - Y
        return [(dZ @ X.T / m, dZ.sum(axis=1, keepdims=True) / m)]

    assert diagnose(shrinking, ONE).findings[0].mistake == "modifies_arguments"


# What is raised.


class Net:
    """As cs231n has it: the object has the parameters."""

    params: dict

    def __init__(self):
        self.W, self.b = np.ones((1, 3)), np.zeros((1, 1))

    def loss(self, X, y):
        W, b = self.params["W1"], self.params["b1"]
        E = np.exp(X @ W + b)
        P = E / np.sum(E, axis=1, keepdims=True) - y
        return 0.0, {"W1": X.T @ P / len(X), "b1": np.sum(P, axis=2) / len(X)}

    def gradients(self, X, Y):
        return logistic(self.W, self.b, X, Y)


def test_the_reading_that_got_furthest_is_told():
    def by_keys(params, X, Y):
        net = Net()
        net.params = params
        return net.loss(X, Y)

    def turned(w, b, X, Y):
        A = sigmoid(np.dot(w.T, X) + b)
        dw = np.dot(X.T, A - Y) / X.shape[1]
        return {"dw": dw, "db": np.sum(A - Y) / X.shape[1]}

    (finding,) = diagnose(by_keys, Network((3, 2)), "row").findings
    assert "it raises AxisError: axis 2 is out of bounds" in finding.evidence
    (finding,) = diagnose(turned, Network((4, 1), output="sigmoid")).findings
    assert "dw = np.dot(X.T, A - Y)" in finding.evidence


@pytest.mark.parametrize("method", [Net().gradients, Net.gradients])
def test_a_method_that_has_its_parameters_itself(method):
    with pytest.raises(TypeError, match=r"itself: diagnose\(net\.gradients, X, Y\)"):
        diagnose(method, ONE)
    X = np.random.default_rng(3).normal(size=(3, 5))
    assert diagnose(Net().gradients, X, np.eye(5)[:1]).ok


def test_as_many_weights_as_layers():
    with pytest.raises(TypeError, match="expected W and b of 1 layers, X and Y; got a function of"):
        diagnose(each, ONE)


def test_the_last_layer_first():
    def backwards(params, X, Y):
        dW1, db1, dW2, db2 = flat(params, X, Y)
        return [(dW2, db2), (dW1, db1)]

    diagnosis = diagnose(backwards, TWO)
    (finding,) = diagnosis.findings
    assert (
        finding.evidence == "every gradient is right, and they come back with the last layer first"
    )
    assert finding.fix == "Return them from the first layer to the last"
    assert diagnose(lambda params, X, Y: backwards(params, X, Y)[::-1], TWO).ok
