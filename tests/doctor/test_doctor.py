"""The doctor names every mistake of the table, in everybody's style, and never a wrong one.

``python tests/doctor/test_doctor.py`` prints the confusion matrix.
"""

import json
import re
import sys
from collections import Counter
from itertools import combinations, product

import numpy as np
import pytest
from homework import G, homework, source, written

from shapecheck_bp import Diagnosis, Layer, Network, column, diagnose, row
from shapecheck_bp.cli import main
from shapecheck_bp.doctor.patient import Patient
from shapecheck_bp.doctor.probe import probe
from shapecheck_bp.doctor.report import Finding, Line
from shapecheck_bp.doctor.sick import candidates, gradients
from shapecheck_bp.doctor.sick import cost as computed_cost
from shapecheck_bp.doctor.styles import Reading

CONVENTIONS = ("column", "row")
STYLES = ("layers", "dicts", "lists")
TANH = {2: Network((3, 4, 2), "tanh"), 3: Network((3, 4, 5, 2), "tanh")}
SIGMOID = {2: Network((3, 4, 2), "sigmoid"), 3: Network((3, 4, 5, 2), "sigmoid")}
BINARY = {2: Network((3, 4, 1), "tanh", "sigmoid"), 3: Network((3, 4, 5, 1), "tanh", "sigmoid")}
SQUARED = {2: Network((3, 4, 2), "tanh", "identity"), 3: Network((3, 4, 5, 2), "tanh", "identity")}


def both(**lines):
    """The same lines in both conventions."""
    return {"column": lines, "row": lines}


def each(**lines):
    """A line for column and one for row."""
    return {
        name: {key: pair[i] for key, pair in lines.items()} for i, name in enumerate(CONVENTIONS)
    }


# The mistakes that people make by hand, as they write them: number, name, networks, lines.
MISTAKES = [
    (1, "missing_mean", TANH, each(
        dW=("dZ @ A_prev.T", "A_prev.T @ dZ"),
        db=("np.sum(dZ, axis=1, keepdims=True)", "np.sum(dZ, axis=0, keepdims=True)"))),
    (2, "double_mean", TANH, both(dZ_last="(A - Y) / m")),
    (2, "double_mean", TANH, both(dZ="dA * g_prime(Z) / m")),
    (3, "rank_1", BINARY, each(dZ_last=("A.ravel() - Y.reshape(-1, 1)", "A - Y.ravel()"))),
    (4, "elementwise_product", TANH, each(dW=("dZ * A_prev.T / m", "A_prev.T * dZ / m"))),
    (4, "elementwise_product", TANH, each(dA_prev=("W.T * dZ", "dZ * W.T"))),
    (5, "wrong_derivative_argument", TANH, both(dZ="dA * g_prime(A)")),
    (5, "wrong_derivative_argument", SIGMOID, both(dZ="dA * Z * (1 - Z)")),
    (6, "db_wrong_axis", TANH, each(
        db=("np.sum(dZ, axis=0, keepdims=True) / m", "np.sum(dZ, axis=1, keepdims=True) / m"))),
    (6, "db_wrong_axis", SQUARED, each(db=("np.sum(dZ, axis=0) / m", "np.sum(dZ, axis=1) / m"))),
    (7, "db_summed_over_everything", TANH, both(db="np.sum(dZ) / m")),
    (8, "db_not_summed", TANH, both(db="dZ / m")),
    (9, "db_mean_dw_sum", TANH, each(
        dW=("dZ @ A_prev.T", "A_prev.T @ dZ"),
        db=("np.mean(dZ, axis=1, keepdims=True)", "np.mean(dZ, axis=0, keepdims=True)"))),
    (9, "db_mean_dw_sum", TANH, each(
        db=("np.mean(dZ, axis=1, keepdims=True) / m", "np.mean(dZ, axis=0, keepdims=True) / m"))),
    (10, "db_no_keepdims", TANH, each(db=("np.sum(dZ, axis=1) / m", "np.sum(dZ, axis=0) / m"))),
    (11, "updated_weights_used", TANH, both(renew="W = W - 0.1 * dW")),
    (11, "updated_weights_used", TANH, both(renew="W = W - 3 * dW")),
    (12, "softmax_wrong_axis", TANH, each(
        output=("np.exp(Z) / np.sum(np.exp(Z), axis=1, keepdims=True)",
                "np.exp(Z) / np.sum(np.exp(Z), axis=0, keepdims=True)"))),
    (13, "softmax_derivative_elementwise", TANH, both(dZ_last="(A - Y) * A * (1 - A)")),
    (13, "softmax_derivative_elementwise", TANH, both(dZ_last="-Y / A * (A * (1 - A))")),
    (14, "missing_activation_derivative", TANH, both(dZ="dA")),
    (15, "weights_not_transposed", TANH, each(dA_prev=("W @ dZ", "dZ @ W"))),
    (16, "dw_transposed", TANH, each(dW=("A_prev @ dZ.T / m", "dZ.T @ A_prev / m"))),
    (17, "wrong_layer_input", TANH, each(dW=("dZ @ A.T / m", "A.T @ dZ / m"))),
    (18, "sign", TANH, both(dZ_last="Y - A")),
    (19, "reduction_mismatch", SQUARED, each(
        dZ_last=("2 * (A - Y) / Y.shape[0]", "2 * (A - Y) / Y.shape[1]"))),
    (19, "reduction_mismatch", SQUARED, both(cost="np.mean((A - Y) ** 2)")),
    (20, "factor_two", SQUARED, both(dZ_last="A - Y")),
    (20, "factor_two", SQUARED, both(cost="np.sum((A - Y) ** 2) / (2 * m)")),
]  # fmt: skip


def cases(mistakes):
    """Every mistake at two depths, in both conventions, in three styles."""
    for number, name, nets, lines in mistakes:
        for depth, convention, style in product(nets, CONVENTIONS, STYLES):
            if style != "layers" or "cost" not in lines[convention]:  # that style gives no cost
                yield number, name, nets[depth], convention, style, depth, lines[convention]


def pairs(mistakes):
    """Half of these, in which each convention meets each style, and each depth both."""
    for case in cases(mistakes):
        _, _, _, convention, style, depth, _ = case
        if (depth + CONVENTIONS.index(convention) + STYLES.index(style)) % 2:
            yield case


def first(diagnosis):
    """The name of the first finding."""
    return diagnosis.findings[0].mistake if diagnosis.findings else "ok"


def test_all_twenty_are_in_the_table():
    assert {number for number, *_ in MISTAKES} == {*range(1, 21)}


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda one: f"{one[0]}-{one[1]}")
def test_a_mistake_is_named_first_in_both_conventions_at_two_depths_in_three_styles(mistake):
    for _, name, net, convention, style, depth, lines in pairs([mistake]):
        diagnosis = diagnose(homework(net, convention, style, **lines), net, convention)
        assert first(diagnosis) == name, (convention, style, depth, diagnosis)
        # b - learning_rate * db is right for rows all the same, and without the cost it may be
        # the gradient of a sum, or of another squared error.
        harmless = name == "db_no_keepdims" and convention == "row"
        of_another_loss = ("missing_mean", "factor_two", "reduction_mismatch")
        harmless |= name in of_another_loss and style == "layers"
        assert diagnosis.ok == harmless
        # 1/m missing in dW alone is the same: a sum beside a mean.
        usual = "likely" if name == "db_mean_dw_sum" else "certain"
        assert diagnosis.findings[0].sure == ("possible" if harmless else usual)


# What is in none of the table's lines: the place where it enters, at depth 2.
UNKNOWN = [
    ("m - 1", TANH, each(dW=("dZ @ A_prev.T / (m - 1)", "A_prev.T @ dZ / (m - 1)")), ("dW", 0)),
    ("db of A", TANH, each(
        db=("np.sum(A, axis=1, keepdims=True) / m", "np.sum(A, axis=0, keepdims=True) / m")),
     ("db", 0)),
    ("no bias", TANH, each(Z=("W @ A_prev", "A_prev @ W")), ("Z", 1)),
    ("half a bias", TANH, each(Z=("W @ A_prev + b / 2", "A_prev @ W + b / 2")), ("Z", 1)),
    ("an extra derivative", BINARY, both(dZ_last="(A - Y) * A * (1 - A)"), ("dZ", 0)),
    ("tanh's derivative is sigmoid's", TANH, both(dZ="dA * A * (1 - A)"), ("dZ", -1)),
    ("another activation", TANH, both(hidden="0.9 * g(Z)"), ("A", 1)),
    ("a part of dA", TANH, each(dA_prev=("0.9 * W.T @ dZ", "0.9 * dZ @ W.T")), ("dZ", -1)),
    ("another derivative", TANH, both(dZ="dA * np.maximum(g_prime(Z), 0.5)"), ("dZ", -1)),
    ("clipped", TANH, both(dZ_last="np.clip(A - Y, -0.2, 0.2)"), ("dZ", 0)),
]  # fmt: skip


# Each in one convention and style, for their lines are looked for, which takes seconds.
HOW = [
    ("row", "lists"), ("column", "layers"), ("row", "lists"), ("column", "dicts"),
    ("row", "layers"), ("row", "lists"), ("column", "lists"), ("column", "lists"),
    ("column", "layers"), ("row", "dicts"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("case", "convention", "style"),
    [pytest.param(case, *how, id=case[0]) for case, how in zip(UNKNOWN, HOW, strict=True)],
)
def test_a_mistake_outside_the_table_is_unknown_with_its_place(case, convention, style):
    _, nets, lines, (quantity, place) = case
    net = nets[2]
    layer = place if place is None or place > 0 else net.L + place
    diagnosis = diagnose(homework(net, convention, style, **lines[convention]), net, convention)
    (finding,) = (one for one in diagnosis.findings if one.quantity != "cost")
    found = finding.mistake, finding.quantity, finding.layer
    assert found == ("unknown", quantity, layer), diagnosis
    assert not diagnosis


def test_weight_decay_is_recognised_as_what_it_may_be():
    net = TANH[2]
    lines = {"dW": "dZ @ A_prev.T / m + 0.1 * W"}
    diagnosis = diagnose(homework(net, "column", "layers", **lines), net)
    assert diagnosis.ok, diagnosis
    assert "too much in dW[2] is 0.1 * W[2]: weight decay?" in diagnosis.findings[0].evidence
    assert diagnosis.findings[0].sure == "possible"


def test_two_mistakes_are_both_found():
    """Those that can be told apart: in the output layer and below, in dW and db, in two lines."""
    some = [MISTAKES[i] for i in (0, 2, 6, 8, 10, 15, 17, 18, 20, 21, 22, 23)]
    some = [one for one in some if one[2] is TANH]
    net, tried = TANH[2], 0
    for (_, name, _, lines), (_, other, _, more) in combinations(some, 2):
        if {*lines["column"]} & {*more["column"]} or {name, other} in HIDDEN:
            continue
        function = homework(net, "column", "dicts", **lines["column"], **more["column"])
        diagnosis = diagnose(function, net)
        found = {one.mistake for one in diagnosis.findings}
        assert {name, other} <= found, (name, other, diagnosis)
        tried += 1
    assert tried > 30


# 1/m once too often and once too little: together they are one mistake, in the other layer.
HIDDEN = [{"missing_mean", "double_mean"}, {"updated_weights_used", "weights_not_transposed"}]


def test_the_mistake_that_is_nearer_to_the_output_comes_first():
    net = TANH[2]
    function = homework(net, "row", "layers", dZ_last="Y - A", dZ="dA")
    assert [(one.mistake, one.layer) for one in diagnose(function, net, "row").findings] == [
        ("sign", 2),
        ("missing_activation_derivative", 1),
    ]


# Right, however unlike ours.


def sigmoid(Z):
    return 1 / (1 + np.exp(-Z))


def g_prime_in_terms_of_A(params, X, Y):
    W1, b1, W2, b2 = params["W1"], params["b1"], params["W2"], params["b2"]
    m = X.shape[1]
    A1 = sigmoid(W1 @ X + b1)
    E = np.exp(W2 @ A1 + b2)
    dZ2 = E / E.sum(axis=0) - Y
    dZ1 = (W2.T @ dZ2) * A1 * (1 - A1)
    grads = {"dW2": dZ2 @ A1.T / m, "db2": dZ2.sum(axis=1, keepdims=True) / m}
    return grads | {"dW1": dZ1 @ X.T / m, "db1": dZ1.sum(axis=1, keepdims=True) / m}


def mean_in_the_loss(params, X, Y):
    """As in cs231n's assignments: labels, 1/m in dscores, biases of rank 1, keys W1 and b1."""
    W1, b1, W2, b2 = params["W1"], params["b1"], params["W2"], params["b2"]
    N, labels = X.shape[0], Y.argmax(axis=1)
    h = np.tanh(X.dot(W1) + b1)
    scores = h.dot(W2) + b2
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    loss = -np.log(p[np.arange(N), labels]).mean()
    p[np.arange(N), labels] -= 1
    p /= N
    grads = {"W2": h.T.dot(p), "b2": p.sum(axis=0)}
    dh = p.dot(W2.T) * (1 - h**2)
    return loss, grads | {"W1": X.T.dot(dh), "b1": dh.sum(axis=0)}


def as_pytorch_lies(weights, biases, X, Y):
    """X as rows, W (n_out, n_in), b (n_out,)."""
    A = [X]
    for W, b in zip(weights, biases, strict=True):
        A.append(np.tanh(A[-1] @ W.T + b))
    Z = A[-2] @ weights[-1].T + biases[-1]
    E = np.exp(Z)
    d = (E / E.sum(1, keepdims=True) - Y) / len(X)
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, d.T @ A[i])
        dbs.insert(0, d.sum(0))
        d = (d @ weights[i]) * (1 - A[i] ** 2)
    return dWs, dbs


def a_loop_over_examples(params, X, Y):
    m, total = X.shape[1], None
    for i in range(m):
        a = [X[:, i : i + 1]]
        for k, (W, b) in enumerate(params):
            z = W @ a[-1] + b
            a.append(np.tanh(z) if k < len(params) - 1 else np.exp(z) / np.exp(z).sum())
        d, grads = a[-1] - Y[:, i : i + 1], []
        for k in reversed(range(len(params))):
            grads.insert(0, (d @ a[k].T, d))
            d = (params[k].W.T @ d) * (1 - a[k] ** 2)
        if total is None:
            total = grads
        else:
            total = [(p + q, r + s) for (p, r), (q, s) in zip(total, grads, strict=True)]
    return [(W / m, b / m) for W, b in total]


def a_loop_over_vectors(weights, biases, inputs, targets):
    """Rank 1 throughout: examples, activations, biases."""
    m, J = inputs.shape[1], 0
    dW, db = [0 * W for W in weights], [0 * b for b in biases]
    for x, y in zip(inputs.T, targets.T, strict=True):
        a = [x]
        for k, (W, b) in enumerate(zip(weights, biases, strict=True)):
            z = W @ a[-1] + b
            a.append(np.tanh(z) if k < len(weights) - 1 else np.exp(z) / np.exp(z).sum())
        J -= np.log(a[-1] @ y) / m
        d = a[-1] - y
        for k in reversed(range(len(weights))):
            dW[k] += np.outer(d, a[k]) / m
            db[k] += d / m
            d = weights[k].T @ d * (1 - a[k] ** 2)
    return J, (dW, db)


def the_whole_derivative(params, X, Y):
    """No cancelling: dA = -Y / A, with an epsilon, and softmax's own Jacobian."""
    m, ((W1, b1), (W2, b2)) = X.shape[1], params
    A1 = np.tanh(W1 @ X + b1)
    E = np.exp(W2 @ A1 + b2)
    A2 = E / E.sum(0)
    dA2 = -Y / (A2 + 1e-8)
    dZ2 = A2 * (dA2 - (A2 * dA2).sum(0))
    dZ1 = (W2.T @ dZ2) * (1 - A1 * A1)
    return [
        (dZ1 @ X.T / m, dZ1.mean(1, keepdims=True)),
        (dZ2 @ A1.T / m, dZ2.mean(1, keepdims=True)),
    ]


def dA_scaled(params, X, Y):
    """1/m in dA, and nowhere else."""
    m, ((W1, b1), (W2, b2)) = X.shape[1], params
    A1 = np.tanh(W1 @ X + b1)
    A2 = sigmoid(W2 @ A1 + b2)
    dA2 = (-Y / A2 + (1 - Y) / (1 - A2)) / m
    dZ2 = dA2 * A2 * (1 - A2)
    dZ1 = (W2.T @ dZ2) * (1 - A1**2)
    return [(dZ1 @ X.T, dZ1.sum(1, keepdims=True)), (dZ2 @ A1.T, dZ2.sum(1, keepdims=True))]


def logistic_regression(params, X, Y):
    """As in the course's second week: w is (n, 1), b and db are numbers."""
    w, b, m = params["W1"], params["b1"], X.shape[1]
    A = sigmoid(np.dot(w.T, X) + b)
    cost = -np.sum(Y * np.log(A) + (1 - Y) * np.log(1 - A)) / m
    return {"dW1": np.dot(X, (A - Y).T) / m, "db1": np.sum(A - Y) / m}, cost


def half_the_square(params, X, Y):
    """A loss of one's own, with its own gradient."""
    m, ((W1, b1), (W2, b2)) = X.shape[1], params
    A1 = np.tanh(W1 @ X + b1)
    E = W2 @ A1 + b2 - Y
    d1 = (W2.T @ E / m) * (1 - A1**2)
    grads = [(d1 @ X.T, d1.sum(1, keepdims=True)), (E @ A1.T / m, E.mean(1, keepdims=True))]
    return np.sum(E**2) / (2 * m), grads


def mean_over_everything(params, X, Y):
    (W1, b1), (W2, b2) = params
    A1 = np.tanh(X @ W1 + b1)
    E = A1 @ W2 + b2 - Y
    d2 = 2 * E / E.size
    d1 = (d2 @ W2.T) * (1 - A1**2)
    return np.mean(E**2), [
        (X.T @ d1, d1.sum(0, keepdims=True)),
        (A1.T @ d2, d2.sum(0, keepdims=True)),
    ]


def sums_throughout(params, X, Y):
    (W1, b1), (W2, b2) = params
    A1 = np.tanh(W1 @ X + b1)
    E = np.exp(W2 @ A1 + b2)
    P = E / E.sum(0)
    d2 = P - Y
    d1 = (W2.T @ d2) * (1 - A1**2)
    grads = [(d1 @ X.T, d1.sum(1, keepdims=True)), (d2 @ A1.T, d2.sum(1, keepdims=True))]
    return -np.sum(Y * np.log(P)), grads


def with_einsum(params, X, Y):
    Ws, bs = params
    A = [X]
    for W, b in zip(Ws, bs, strict=True):
        Z = np.einsum("mi,io->mo", A[-1], W) + b
        A.append(np.maximum(Z, 0))
    P = np.exp(Z)
    d = P / P.sum(1, keepdims=True) - Y
    found = []
    for k in reversed(range(len(Ws))):
        found.insert(0, (np.einsum("mi,mo->io", A[k], d) / len(X), d.mean(0, keepdims=True)))
        d = np.einsum("mo,io->mi", d, Ws[k]) * (A[k] > 0)
    return [dW for dW, _ in found], [db for _, db in found]


def reshaped_biases(params, X, Y):
    m, L, A = X.shape[1], len(params) // 2, {0: X}
    for k in range(1, L + 1):
        Z = params[f"W{k}"] @ A[k - 1] + params[f"b{k}"].reshape(-1, 1)
        A[k] = np.tanh(Z) if k < L else np.exp(Z) / np.exp(Z).sum(0)
    d, grads = A[L] - Y, {}
    for k in range(L, 0, -1):
        grads |= {f"dW{k}": d @ A[k - 1].T / m, f"db{k}": d.mean(1)}
        d = params[f"W{k}"].T @ d * (1 - A[k - 1] ** 2)
    return grads


def by_slopes(params, X, Y):
    """No backprop at all."""
    net = Network((X.shape[0], *(b.shape[0] for _, b in params)), "tanh")
    changed = [[np.array(one) for one in layer] for layer in params]

    def J():
        layers = tuple(Layer(*layer) for layer in changed)
        return column.cost(net, column.forward(net, layers, X), Y)

    def slope(array):
        found = np.zeros_like(array)
        for place in np.ndindex(array.shape):
            array[place] += 1e-5
            up = J()
            array[place] -= 2e-5
            found[place] = (up - J()) / 2e-5
            array[place] += 1e-5
        return found

    return [tuple(slope(one) for one in layer) for layer in changed]


def data_first(X, Y, params):
    return row.gradients(
        Network((X.shape[1], *(b.shape[1] for _, b in params)), "tanh"), params, X, Y
    )


RIGHT = [
    (g_prime_in_terms_of_A, SIGMOID[2], "column"),
    (mean_in_the_loss, TANH[2], "row"),
    (as_pytorch_lies, TANH[3], "row"),
    (a_loop_over_examples, TANH[3], "column"),
    (a_loop_over_vectors, TANH[3], "column"),
    (the_whole_derivative, TANH[2], "column"),
    (dA_scaled, BINARY[2], "column"),
    (logistic_regression, Network((3, 1), output="sigmoid"), "column"),
    (half_the_square, SQUARED[2], "column"),
    (mean_over_everything, SQUARED[2], "row"),
    (sums_throughout, TANH[2], "column"),
    (with_einsum, Network((3, 4, 5, 2)), "row"),
    (reshaped_biases, TANH[3], "column"),
    (by_slopes, TANH[2], "column"),
    (data_first, TANH[3], "row"),
]


@pytest.mark.parametrize(
    ("function", "net", "convention"), RIGHT, ids=lambda one: getattr(one, "__name__", "")
)
def test_what_is_right_is_told_so(function, net, convention):
    diagnosis = diagnose(function, net, convention)
    assert diagnosis, diagnosis
    assert diagnosis.ok
    assert {one.sure for one in diagnosis.findings} <= {"possible"}
    assert diagnosis.verdict.startswith("The gradients are right.")


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("hidden", G)
@pytest.mark.parametrize("output", ["softmax", "sigmoid", "identity", "tanh"])
def test_no_false_alarm_in_any_kind_of_network(style, convention, hidden, output):
    for sizes in ((3, 4, 2), (3, 2), (3, 4, 5, 2)):
        net = Network(sizes, hidden, output)
        if output == "tanh" and hidden != "tanh":
            continue
        diagnosis = diagnose(homework(net, convention, style), net, convention)
        assert diagnosis.findings == [], diagnosis


def test_what_was_recognised_is_said():
    def told(function, net, convention):
        return diagnose(function, net, convention).recognised

    assert told(as_pytorch_lies, TANH[2], "row") == (
        "examples are rows, lists of W and of b, W is (n_out, n_in), b is (n_out,); it gives lists"
        " of dW and of db"
    )
    assert 'a dict of "W1", "b1", …, W is (n_in, n_out)' in told(mean_in_the_loss, TANH[2], "row")
    assert "(cost, a (dW, db) for each layer)" in told(half_the_square, SQUARED[2], "column")
    assert "its cost is 0.5 times ours, and its gradients are that cost's" in told(
        half_the_square, SQUARED[2], "column"
    )


# How a function behaves.


def right(params, X, Y):
    net = Network((X.shape[0], *(b.shape[0] for _, b in params)), "tanh")
    return column.gradients(net, params, X, Y)


def test_arguments_that_are_changed():
    def sneaky(params, X, Y):
        found = right(params, X, Y)
        params[1].W[:] -= 0.1
        X *= 2
        return found

    diagnosis = diagnose(sneaky, TANH[2])
    assert [one.mistake for one in diagnosis.findings] == ["modifies_arguments"]
    assert "X, W[2] are not as before" in diagnosis.findings[0].evidence


def test_arguments_that_are_taken_away():
    def emptied(params, X, Y):
        found = {f"d{name}": np.zeros_like(one) for name, one in params.items()}
        params.clear()
        return found

    def shortened(W, b, X, Y):
        found = [np.zeros_like(one) for one in W], [np.zeros_like(one) for one in b]
        b.pop()
        W[0] = [[1], [2, 3]]
        return found

    for function in (emptied, shortened):
        assert "modifies_arguments" in {one.mistake for one in diagnose(function, TANH[2]).findings}


def test_state_that_is_kept():
    calls = []

    def growing(params, X, Y):
        calls.append(1)
        J, grads = right(params, X, Y)
        return J, [(dW * len(calls), db) for dW, db in grads]

    diagnosis = diagnose(growing, TANH[2])
    assert [(one.mistake, one.quantity, one.layer) for one in diagnosis.findings] == [
        ("keeps_state", "dW", 2)
    ]


def test_an_exception_is_a_finding_with_its_place():
    code = source(TANH[2], "column", "layers", dW="dZ @ undefined_name")
    (finding,) = diagnose(written(code), TANH[2]).findings
    assert finding.mistake == "raises"
    line = next(i for i, one in enumerate(code.splitlines(), 1) if "undefined_name" in one)
    assert f"NameError: name 'undefined_name' is not defined (line {line}: dW = dZ @ un" in (
        finding.evidence
    )


def test_an_exception_that_a_known_mistake_raises_comes_after_it():
    found = diagnose(homework(TANH[2], "column", "layers", dA_prev="W @ dZ"), TANH[2]).findings
    assert [one.mistake for one in found] == ["weights_not_transposed", "raises"]
    assert "it raises ValueError: matmul" in found[0].evidence
    assert "in a square network, where it runs," in found[0].evidence
    assert found[0].fix == "dA[1] = W[2].T @ dZ[2]"


def test_exiting_is_an_exception_too():
    def leave(params, X, Y):
        raise SystemExit(3)

    assert diagnose(leave, TANH[2]).findings[0].evidence.endswith("raise SystemExit(3))")


@pytest.mark.parametrize(
    "result", [None, 3.0, "gradients", {}, [1, 2], (1.0, {"dW1": 1}), [[], []]]
)
def test_what_is_no_gradient_is_said(result):
    (finding,) = diagnose(lambda params, X, Y: result, TANH[2]).findings
    assert finding.mistake == "unknown"
    assert 'expected a (dW, db) for each layer, a dict of "dW1", "db1", …' in finding.evidence


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_the_other_convention(convention):
    other = "row" if convention == "column" else "column"
    for style in STYLES:
        diagnosis = diagnose(homework(TANH[2], other, style), TANH[2], convention)
        (finding,) = diagnosis.findings
        assert finding.mistake == "other_convention"
        assert f'convention="{other}"' in finding.fix


def test_what_is_right_at_one_size_only():
    net = TANH[2]
    fixed = homework(net, "column", "layers", m="5")
    diagnosis = diagnose(fixed, net)
    assert not diagnosis
    assert diagnosis.findings[0].evidence.startswith("right at 4-6-3, m = 5, and not at ")


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(("convention", "m"), [("column", "X.shape[0]"), ("row", "X.shape[1]")])
def test_an_m_that_is_counted_along_the_wrong_axis(style, convention, m):
    """Cost and gradients go together all the same."""
    diagnosis = diagnose(homework(TANH[2], convention, style, m=m), TANH[2], convention)
    assert not diagnosis
    told = diagnosis.findings[0].evidence
    assert "look at what stands for m" in told or "divided by n_0, and not by m" in told


@pytest.mark.parametrize("factor", [0.1, 0.2, 10.0, 2.5, 1 / 3, 0.01])
def test_a_constant_factor_is_no_known_mistake_by_chance(factor):
    def scaled(params, X, Y):
        return [(factor * dW, factor * db) for dW, db in right(params, X, Y)[1]]

    (finding,) = diagnose(scaled, TANH[2]).findings
    assert finding.mistake == "unknown"
    assert f"every gradient is {factor:.4g} times what it should be" in finding.evidence


def test_what_is_right_for_another_network_is_told_so():
    """The command's default is relu."""
    function = homework(TANH[2], "column", "dicts")
    (finding, *_) = diagnose(function, Network((3, 4, 2))).findings
    assert finding.evidence == "it is right for a network with hidden='tanh', output='softmax'"


def test_gradients_that_are_exchanged():
    def backwards(params, X, Y):
        (dW1, db1), (dW2, db2) = right(params, X, Y)[1]
        return [(dW2, db2), (dW1, db1)]

    (finding,) = diagnose(backwards, TANH[2]).findings
    assert "they come back with the last layer first" in finding.evidence


def test_a_loss_of_ones_own_with_a_mistake():
    half = {"dZ_last": "A - Y", "cost": "np.sum((A - Y) ** 2) / (2 * m)"}
    function = homework(SQUARED[2], "column", "dicts", dZ="dA", **half)
    diagnosis = diagnose(function, SQUARED[2])
    assert [one.mistake for one in diagnosis.findings] == ["missing_activation_derivative"]
    assert diagnosis.findings[0].layer == 1
    sums = {"m": "1"}
    function = homework(TANH[2], "row", "lists", dZ="dA", **sums)
    diagnosis = diagnose(function, TANH[2], "row")
    assert [one.mistake for one in diagnosis.findings] == ["missing_activation_derivative"]


def test_a_mistake_in_all_hidden_layers():
    for net in (TANH[3], Network((3, 4, 5, 2), "tanh", "sigmoid", "squared_error")):
        diagnosis = diagnose(homework(net, "column", "layers", dZ="dA"), net)
        (finding,) = diagnosis.findings
        assert (finding.mistake, finding.layer) == ("missing_activation_derivative", None)
        assert finding.fix == "dZ = dA * (1 - A ** 2)"
        assert "in layers 1 and 2" in finding.evidence


def test_a_transpose_above_a_single_output():
    diagnosis = diagnose(homework(BINARY[2], "column", "layers", dA_prev="W @ dZ"), BINARY[2])
    assert first(diagnosis) == "weights_not_transposed"


def test_buffers_that_are_not_reset():
    kept = {}

    def accumulates(params, X, Y):
        for layer, pair in enumerate(right(params, X, Y)[1]):
            for place, one in enumerate(pair):
                kept.setdefault((layer, place, one.shape), np.zeros_like(one))
                kept[layer, place, one.shape] += one
        return [
            tuple(kept[layer, place, one.shape] for place, one in enumerate(params[layer]))
            for layer in range(len(params))
        ]

    assert first(diagnose(accumulates, TANH[2])) == "keeps_state"


def test_a_third_call_that_is_different():
    calls = []

    def tired(params, X, Y):
        calls.append(1)
        J, grads = right(params, X, Y)
        return J, [(dW * (1 if len(calls) < 7 else 2), db) for dW, db in grads]

    assert first(diagnose(tired, TANH[2])) == "keeps_state"


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_none(value):
    def broken(params, X, Y):
        (dW1, db1), second = right(params, X, Y)[1]
        return [(dW1 * value, db1), second]

    (finding,) = diagnose(broken, TANH[2]).findings
    assert (finding.mistake, finding.quantity, finding.layer) == ("unknown", "dW", 1)
    assert "dW[1] has NaN or infinity in it" in finding.evidence


def test_an_exception_whose_words_cannot_be_had():
    class Silent(Exception):
        def __str__(self):
            raise ValueError("no str")

    def fails(params, X, Y):
        raise Silent

    assert "it raises Silent: " in diagnose(fails, TANH[2]).findings[0].evidence


def test_deep_networks_with_kinks_do_not_take_long():
    net = Network((3,) + (40,) * 7 + (2,))
    assert probe(net, sizes=net.sizes).net.L == 8
    assert diagnose(homework(net, "column", "layers"), net).ok


def test_tensors_of_another_library():
    torch = pytest.importorskip("torch")

    def with_torch(params, X, Y):
        J, grads = right(params, X, Y)
        return torch.tensor(J, requires_grad=True), [tuple(map(torch.tensor, one)) for one in grads]

    assert diagnose(with_torch, TANH[2]).findings == []


def test_the_only_layer_by_itself():
    def logistic(w, b, X, Y):
        A = sigmoid(w.T @ X + b)
        return {"dw": X @ (A - Y).T / X.shape[1], "db": np.sum(A - Y) / X.shape[1]}

    net = Network((3, 1), output="sigmoid")
    diagnosis = diagnose(logistic, net)
    assert diagnosis.ok
    assert "W and b of the one layer, W is (n_in, n_out)" in diagnosis.recognised


def test_sizes_that_are_written_into_the_code():
    def fixed(params, X, Y):
        return right(params, X.reshape(3, -1), Y)

    assert diagnose(fixed, TANH[2]).ok


def test_a_cost_that_is_not_the_gradients():
    for cost, name in (
        ("np.sum(-Y * np.log(A))", "missing_mean"),
        ("np.sum(Y * np.log(A)) / m", "sign"),
        ("np.sum(-Y * np.log10(A)) / m", "unknown"),
    ):
        (finding,) = diagnose(homework(TANH[2], "column", "lists", cost=cost), TANH[2]).findings
        assert (finding.mistake, finding.quantity) == (name, "cost")
        assert "the gradients are right, and the cost is" in finding.evidence


# The report.


def test_the_fix_is_a_line_in_the_convention_and_layer_of_the_mistake():
    def fix(convention, **lines):
        function = homework(TANH[2], convention, "layers", **lines)
        return diagnose(function, TANH[2], convention).findings[0].fix

    assert fix("column", dW="A_prev @ dZ.T / m") == "dW = dZ @ A_prev.T / m"
    assert fix("row", dZ="dA") == "dZ[1] = dA[1] * (1 - A[1] ** 2)"
    assert fix("row", dZ_last="Y - A") == "dZ[2] = A[2] - Y"
    assert fix("row", dA_prev="dZ @ W") == "dA[1] = dZ[2] @ W[2].T"


def mixed(lines, **changed):
    """as_pytorch_lies with a mistake, whose W is (n_out, n_in) beside examples as rows."""
    import inspect

    code = inspect.getsource(as_pytorch_lies)
    for old, new in lines.items():
        assert code.count(old) == 1
        code = code.replace(old, new)
    return written(code.replace("as_pytorch_lies", "gradients"))


def test_the_fix_for_the_mixed_layout_is_in_the_mixed_layout():
    diagnosis = diagnose(mixed({"d.T @ A[i]": "A[i].T @ d"}), TANH[2], "row")
    assert first(diagnosis) == "dw_transposed"
    assert diagnosis.findings[0].fix == "dW = dZ.T @ A_prev / m"
    diagnosis = diagnose(mixed({"d.sum(0)": "d.sum()"}), TANH[2], "row")
    assert first(diagnosis) == "db_summed_over_everything"
    assert diagnosis.findings[0].fix == "db = np.sum(dZ, axis=0) / m"


def test_the_whole_page():
    function = homework(TANH[2], "column", "dicts", dZ="dA", db="np.sum(dZ, axis=1, keepdims=True)")
    assert str(diagnose(function, TANH[2])) == PAGE


PAGE = """\
Recognised: examples are columns, a dict of "W1", "b1", …, W is (n_out, n_in), b is (n_out, 1); it \
gives (a dict of "dW1", "db1", …, cost).

missing_mean in db of several layers (certain)
  db[2] is 5 times what it should be, and m = 5, \
dW[1] is off by up to 85%, 1 more is wrong; dW[2] is right. The same numbers come out with m times \
db and dZ = dA in layer 1
  db = np.sum(dZ, axis=1, keepdims=True) / m

missing_activation_derivative in dZ[1] (certain)
  dZ = dA in layer 1, with missing_mean besides
  dZ[1] = dA[1] * (1 - A[1] ** 2)

Tried at 4-6-3, m = 5.

The gradients are NOT right. First: missing_mean in db of several layers."""


def test_forms_of_a_diagnosis():
    function = homework(TANH[2], "column", "dicts", dW="dZ @ A.T / m")
    diagnosis = diagnose(function, TANH[2])
    assert isinstance(diagnosis, Diagnosis)
    facts = json.loads(json.dumps(diagnosis.to_dict()))
    assert facts["ok"] is False
    assert facts["findings"][0]["mistake"] == "wrong_layer_input"
    html = diagnosis._repr_html_()
    assert ">wrong_layer_input in dW of several layers</td>" in html
    assert ">dW = dZ @ A_prev.T / m</td>" in html
    assert "dW[2] is (3, 3) where (3, 6) is meant" in diagnosis.findings[0].evidence


def test_nothing_of_a_diagnosis_is_markup():
    """Names, sources and exceptions are a person's, or a file's."""
    tag = "<script>alert(1)</script>"
    finding = Finding(tag, tag, tag, tag, file=tag, line=3, source=tag, quantity=tag)
    line = Line(tag, 3, tag, True, tag)
    for ok in (False, None):
        diagnosis = Diagnosis(ok, [finding], tag, {tag: tag}, [line], tag, [tag])
        html = diagnosis._repr_html_()
        assert "<script" not in html
        assert html.count("&lt;script&gt;") >= 9


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((3, TANH[2]), TypeError, "function: expected what can be called; got int"),
        ((lambda X, Y: 0, TANH[2]), TypeError, r"gradients: expected .* got one of \(X, Y\)"),
        ((lambda params, cache, X, Y: 0, TANH[2]), TypeError, "gradients: expected a function of"),
        ((max, TANH[2]), TypeError, "gradients: expected a function of"),
        (
            (right, (3, 4, 2)),
            TypeError,
            r"right\(\): missing a required argument: 'X'; for a function of \(params, X, Y\)"
            r" without data: diagnose\(right, Network\(\(3, 4, 2\)\)\)",
        ),
        ((right, TANH[2], "ng"), ValueError, "convention: expected 'column' or 'row'; got 'ng'"),
    ],
)
def test_wrong_arguments(arguments, error, message):
    with pytest.raises(error, match=f"^{message}"):
        diagnose(*arguments)


# Its parts.


@pytest.mark.parametrize("net", [TANH[3], SQUARED[2], BINARY[2], Network((3, 2))])
def test_a_probe_has_what_shows_mistakes(net):
    one = probe(net)
    sizes = [*one.net.sizes, one.m, 2]
    assert len({*sizes}) == len(sizes)
    assert one.m >= 2
    assert all(np.all(layer.b != 0) and layer.W.dtype == np.float64 for layer in one.params)
    square = probe(net, square=True)
    assert {*square.net.sizes[:-1], square.m} == {4}


def test_no_probe_is_near_a_kink():
    for square in (False, True):
        one = probe(Network((3, 4, 4, 2)), square=square)
        Z = column.forward(one.net, one.params, one.X).Z
        assert min(np.min(np.abs(z)) for z in Z) > 0.05


@pytest.mark.parametrize(
    "net",
    [
        TANH[3],
        SQUARED[3],
        BINARY[3],
        SIGMOID[2],
        Network((3, 4, 2), "tanh", "softmax", "squared_error"),
    ],
)
def test_without_faults_its_backprop_is_right(net):
    one = probe(net)
    np.testing.assert_allclose(computed_cost(one), one.cost)
    found = dict(gradients(one))
    assert [*found] == [*one.right]
    for name, right in one.right.items():
        np.testing.assert_allclose(found[name], right, atol=1e-12)


def test_every_mistake_changes_something():
    square = probe(TANH[3], square=True)
    is_seen = {
        fault: any(
            np.shape(found) != np.shape(square.right[name])
            or not np.allclose(found, square.right[name])
            for name, found in gradients(square, [fault])
        )
        for fault in candidates(square.net)
    }
    assert all(is_seen.values())
    assert len(is_seen) > 150


def test_arguments_are_never_anybody_elses():
    given = []

    def keep(params, X, Y):
        given.append((params, X, Y))
        return right(params, X, Y)

    diagnose(keep, TANH[2])
    arrays = [one for params, X, Y in given for layer in params for one in (*layer, X, Y)]
    assert len({id(one) for one in arrays}) == len(given) * 6
    assert not any(np.shares_memory(a, b) for a, b in combinations(arrays[:18], 2) if a is not b)
    assert len(given) <= 7, "right code is not run more often than it takes"


def test_the_arguments_say_which_styles_to_try():
    assert Patient(a_loop_over_examples).styles(2)[0] == "layers"
    assert Patient(as_pytorch_lies).styles(2) == ["lists"]
    assert Patient(data_first).order == [2, 0, 1]
    assert "W is (n_out, n_in)" in str(Reading("lists", "row", turned=True))


# The command.


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "homework.py"
    path.write_text("import numpy as np\n" + source(TANH[2], "row", "layers", dW="A_prev.T @ dZ"))
    return path


ASKED = ["--sizes", "3", "4", "2", "--hidden", "tanh", "--convention", "row"]


def test_the_command(file, capsys):
    assert main(["diagnose", f"{file}:gradients", *ASKED]) == 1
    out = capsys.readouterr().out
    assert "db_mean_dw_sum in dW of several layers (likely)" in out
    assert "dW = A_prev.T @ dZ / m" in out
    assert main(["diagnose", f"{file}:gradients", *ASKED, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["findings"][0]["layer"] is None


def test_what_the_file_prints_is_not_mixed_in(tmp_path, capsys):
    path = tmp_path / "chatty.py"
    path.write_text(
        "from __future__ import annotations\n"
        "import sys, dataclasses, numpy as np\n"
        "assert sys.argv == [__file__]\n"
        "@dataclasses.dataclass\nclass Setting:\n    size: int = 3\n"
        "print('hello')\n" + source(TANH[2], "row", "dicts") + "class Homework:\n"
        "    def run(self, parameters, X, Y):\n        import later\n"
        "        print('running')\n        return L_model_gradients(parameters, X, Y)\n"
        "mine = Homework()\n"
    )
    (tmp_path / "later.py").write_text("")
    before = [*sys.path]
    assert main(["diagnose", f"{path}:mine.run", *ASKED, "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["ok"] is True
    assert err == ""
    assert sys.path == before


def test_the_command_on_what_is_right(tmp_path, capsys):
    path = tmp_path / "right.py"
    path.write_text("import numpy as np\n" + source(TANH[2], "row", "dicts"))
    assert main(["diagnose", f"{path}:L_model_gradients", *ASKED]) == 0
    assert "The gradients are right." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("{file}:other", "has no other; it has g, g_prime, gradients"),
        ("nowhere.py:gradients", "nowhere.py: no such Python file"),
        (
            "{broken}:gradients",
            "broken.py cannot be run: line 1: ZeroDivisionError: division by zero",
        ),
        ("{file}:np", "function: expected what can be called; got module"),
    ],
)
def test_a_file_that_cannot_be_diagnosed_is_exit_status_2(place, message, file, capsys):
    broken = file.with_name("broken.py")
    broken.write_text("1 / 0\n")
    with pytest.raises(SystemExit) as stopped:
        main(["diagnose", place.format(file=file, broken=broken), *ASKED])
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


def test_the_command_says_that_it_runs_the_file(capsys):
    with pytest.raises(SystemExit):
        main(["diagnose", "--help"])
    told = re.sub(r"\s+", " ", capsys.readouterr().out)
    assert "Run a Python file up to its training" in told
    assert "only diagnose files that you would run" in told


def test_a_line_of_code_is_not_broken_in_two_where_nobody_sees_it(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    path = tmp_path / "long.py"
    path.write_text(
        "import numpy as np\nrandom = np.random.default_rng(0)\n"
        "inputs_of_the_network, Y = random.normal(size=(3, 5)), random.normal(size=(2, 5))\n"
        "weights_of_the_network = random.normal(size=(2, 3))\n"
        "def step(weights_of_the_network, inputs_of_the_network, Y):\n"
        "    errors_of_the_network = weights_of_the_network @ inputs_of_the_network - Y\n"
        "    J = np.sum(errors_of_the_network ** 2) / 2\n"
        "    gradients_of_the_weights_of_the_network = errors_of_the_network"
        " ** 2 @ inputs_of_the_network.T\n"
        "    return J, gradients_of_the_weights_of_the_network\n"
    )
    names = "weights_of_the_network, inputs_of_the_network, Y"
    assert main(["diagnose", f"{path}:step", "--arguments", names]) == 1
    line = r"  Write:  gradients_of_the_weights_of_the_network = .* @ inputs_of_the_network\.T\n"
    assert re.search(line, capsys.readouterr().out)


def test_a_script_that_trains_in_a_function_is_told_to_name_it(tmp_path, capsys):
    path = tmp_path / "calls.py"
    path.write_text("def step():\n    pass\nfor _ in range(3):\n    step()\n")
    assert main(["diagnose", str(path)]) == 2
    assert "name it: calls.py:step" in " ".join(capsys.readouterr().out.split())


def confusion():
    """How often each mistake was named what."""
    found = Counter()
    for _, name, net, convention, style, _, lines in cases(MISTAKES):
        found[
            name, first(diagnose(homework(net, convention, style, **lines), net, convention))
        ] += 1
    for function, net, convention in RIGHT:
        diagnosis = diagnose(function, net, convention)
        found["right", "ok" if diagnosis else first(diagnosis)] += 1
    for _, nets, lines, _ in UNKNOWN:
        for convention in CONVENTIONS:
            function = homework(nets[2], convention, "dicts", **lines[convention])
            found["outside the table", first(diagnose(function, nets[2], convention))] += 1
    return found


if __name__ == "__main__":
    for (name, named), count in sorted(confusion().items()):
        print(f"{name:<32} named {named:<32} {count:>4}")
