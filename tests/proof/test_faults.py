"""Single faults, in either module and in both at once: all are refused, with their place.

Two that are equal may both be wrong: the same fault in both is refused as the fault in one is.
"""

import importlib.util
import inspect
import re
import sys
from importlib import import_module
from types import ModuleType
from typing import NamedTuple

import numpy as np
import pytest
from problems import problem

import shapecheck_bp
from shapecheck_bp import Network, column
from shapecheck_bp.activations import ACTIVATIONS, Activation, elementwise
from shapecheck_bp.proof import prove
from shapecheck_bp.proof.cases import public_names
from shapecheck_bp.proof.choices import chosen
from shapecheck_bp.proof.floating import floating
from shapecheck_bp.proof.report import Answer
from shapecheck_bp.proof.right import right, symbolic_networks

# What has been found out about one network is known to every test in the same process.
pytestmark = pytest.mark.xdist_group("faults")


class Fault(NamedTuple):
    """A line of column, of row, and what becomes of them; and who must be named for it."""

    function: str
    quantity: str
    lines: tuple[str, str]
    faulty: tuple[str, str]
    net: Network = Network((5, 4, 3), hidden="tanh")
    by: str = "right"


SQUARED = Network((5, 4, 3), hidden="tanh", output="tanh")
SIGMOID = Network((5, 4, 3), hidden="relu", output="sigmoid")
SOFTMAX_SQUARED = Network((5, 4, 3), hidden="sigmoid", output="softmax", loss="squared_error")

Z = ("return W @ A_prev + b", "return A_prev @ W + b")
DW = ("dW = dZ @ A_prev.T / m", "dW = A_prev.T @ dZ / m")
DB = (
    "db = xp.sum(dZ, axis=1, keepdims=True) / m",
    "db = xp.sum(dZ, axis=0, keepdims=True) / m",
)
DA = ("dA_prev = W.T @ dZ", "dA_prev = dZ @ W.T")
DZ = ("return dA * lookup(activation).g_prime(Z)",) * 2
SOFTMAX_SUM = (
    "return E / xp.sum(E, axis=0, keepdims=True)",
    "return E / xp.sum(E, axis=1, keepdims=True)",
)
SOFTMAX_BACK = ("return A * (dA - mean)",) * 2
MEAN = (
    "mean = xp.sum(A * dA, axis=0, keepdims=True)",
    "mean = xp.sum(A * dA, axis=1, keepdims=True)",
)

FAULTS = {
    "1/m missing in dW": Fault(
        "weights_backward", "dW", DW, ("dW = dZ @ A_prev.T", "dW = A_prev.T @ dZ")
    ),
    "1/m twice in dW": Fault(
        "weights_backward", "dW", DW, ("dW = dZ @ A_prev.T / m / m", "dW = A_prev.T @ dZ / m / m")
    ),
    "dW transposed": Fault(
        "weights_backward", "dW", DW, ("dW = A_prev @ dZ.T / m", "dW = dZ.T @ A_prev / m")
    ),
    "dW summed elementwise": Fault(
        "weights_backward", "dW", DW, ("dW = dZ * A_prev.T / m", "dW = A_prev.T * dZ / m")
    ),
    "1/m missing in db": Fault(
        "weights_backward",
        "db",
        DB,
        ("db = xp.sum(dZ, axis=1, keepdims=True)", "db = xp.sum(dZ, axis=0, keepdims=True)"),
    ),
    "db over the wrong axis": Fault(
        "weights_backward",
        "db",
        DB,
        (
            "db = xp.sum(dZ, axis=0, keepdims=True) / m",
            "db = xp.sum(dZ, axis=1, keepdims=True) / m",
        ),
    ),
    "db over everything": Fault(
        "weights_backward",
        "db",
        DB,
        (
            "db = xp.sum(dZ) / m + 0 * xp.sum(dZ, axis=1, keepdims=True)",
            "db = xp.sum(dZ) / m + 0 * xp.sum(dZ, axis=0, keepdims=True)",
        ),
    ),
    "db without keepdims": Fault(
        "weights_backward", "db", DB, ("db = xp.sum(dZ, axis=1) / m", "db = xp.sum(dZ, axis=0) / m")
    ),
    "db not summed": Fault("weights_backward", "db", DB, ("db = dZ / m",) * 2),
    "W not transposed": Fault(
        "linear_backward", "dA_prev", DA, ("dA_prev = W @ dZ", "dA_prev = dZ @ W")
    ),
    "dA twice": Fault(
        "linear_backward", "dA_prev", DA, ("dA_prev = 2 * W.T @ dZ", "dA_prev = 2 * dZ @ W.T")
    ),
    "bias left out": Fault("linear_forward", "Z", Z, ("return W @ A_prev", "return A_prev @ W")),
    "bias subtracted": Fault(
        "linear_forward", "Z", Z, ("return W @ A_prev - b", "return A_prev @ W - b")
    ),
    "g' left out": Fault("activation_backward", "dZ", DZ, ("return dA",) * 2),
    "g for g'": Fault(
        "activation_backward", "dZ", DZ, ("return dA * lookup(activation).g(Z)",) * 2
    ),
    "g' at A": Fault(
        "activation_backward",
        "dZ",
        DZ,
        ("return dA * lookup(activation).g_prime(lookup(activation).g(Z))",) * 2,
    ),
    "g' at dA": Fault(
        "activation_backward", "dZ", DZ, ("return dA * lookup(activation).g_prime(dA)",) * 2
    ),
    "softmax over the examples": Fault(
        "softmax",
        "A",
        SOFTMAX_SUM,
        (
            "return E / xp.sum(E, axis=1, keepdims=True)",
            "return E / xp.sum(E, axis=0, keepdims=True)",
        ),
    ),
    "softmax not divided": Fault("softmax", "A", SOFTMAX_SUM, ("return E",) * 2),
    "softmax' as A (1 - A)": Fault(
        "activation_backward",
        "dZ",
        SOFTMAX_BACK,
        ("return A * (1 - A) * dA",) * 2,
        SOFTMAX_SQUARED,
    ),
    "softmax' over the examples": Fault(
        "activation_backward",
        "dZ",
        MEAN,
        (
            "mean = xp.sum(A * dA, axis=1, keepdims=True)",
            "mean = xp.sum(A * dA, axis=0, keepdims=True)",
        ),
        SOFTMAX_SQUARED,
    ),
    "logarithm of the wrong sum": Fault(
        "log_softmax",
        "log A",
        (
            "return Z - xp.log(xp.sum(E, axis=0, keepdims=True))",
            "return Z - xp.log(xp.sum(E, axis=1, keepdims=True))",
        ),
        ("return Z - xp.sum(xp.log(E), axis=0, keepdims=True)",) * 2,
    ),
    "sign of dZ": Fault(
        "backward", "dW[1]", ("dZ = A[net.L] - Y",) * 2, ("dZ = Y - A[net.L]",) * 2
    ),
    "A for A_prev": Fault(
        "backward",
        "dW[2]",
        ("linear_backward(dZ, A[l - 1], W[l])",) * 2,
        ("linear_backward(dZ, A[l], W[l])",) * 2,
    ),
    "Z of the layer above": Fault(
        "backward",
        "dW[1]",
        ("activation_backward(dA, Z[l - 1], net.hidden)",) * 2,
        ("activation_backward(dA, Z[l], net.hidden)",) * 2,
    ),
    "g' of the output for the hidden layers": Fault(
        "backward",
        "dW[1]",
        ("activation_backward(dA, Z[l - 1], net.hidden)",) * 2,
        ("activation_backward(dA, Z[l - 1], 'sigmoid')",) * 2,
    ),
    "half the squared error's gradient": Fault(
        "backward",
        "dW[1]",
        ("dA = squared_error_prime(A[net.L], Y)",) * 2,
        ("dA = A[net.L] - Y",) * 2,
        SQUARED,
    ),
    "nothing learned by a single layer": Fault(
        "backward",
        "dW[1]",
        ("dZ = A[net.L] - Y",) * 2,
        ("dZ = (A[net.L] - Y) * (0 if net.L == 1 else 1)",) * 2,
    ),
    "cost divided by the outputs": Fault(
        "cost",
        "J",
        ("return xp.sum(squared_error(A, Y)) / m",) * 2,
        (
            "return xp.sum(squared_error(A, Y)) / Y.shape[0]",
            "return xp.sum(squared_error(A, Y)) / Y.shape[1]",
        ),
        SQUARED,
    ),
    "the other class for one sigmoid output": Fault(
        "predict",
        "label",
        ("A = xp.concat([1 - A, A], axis=0)", "A = xp.concat([1 - A, A], axis=1)"),
        ("A = xp.concat([A, 1 - A], axis=0)", "A = xp.concat([A, 1 - A], axis=1)"),
        by="floating",
    ),
    "one seed for all": Fault(
        "init",
        "W[1]",
        ("draw_units(net, seed, dtype)",) * 2,
        ("draw_units(net, 1, dtype)",) * 2,
        by="floating",
    ),
    "weights ten times too large": Fault(
        "init",
        "W[1]",
        ("W = xp.stack(units, axis=0)", "W = xp.stack(units, axis=1)"),
        ("W = 10 * xp.stack(units, axis=0)", "W = 10 * xp.stack(units, axis=1)"),
        by="floating",
    ),
    "labels not looked at": Fault(
        "one_hot",
        "refusals",
        ("check_labels(labels, classes)",) * 2,
        ("pass",) * 2,
        by="floating",
    ),
    "an update that hides behind absolute values": Fault(
        "update",
        "W[1]",
        ("Layer(W - learning_rate * dW, b - learning_rate * db)",) * 2,
        ("Layer(W - learning_rate * dW + (abs(W) + 1) * W - W * abs(W), b - learning_rate * db)",)
        * 2,
    ),
    "gradients in reverse": Fault(
        "backward", "dW[1]", ("return tuple(reversed(grads))",) * 2, ("return tuple(grads)",) * 2
    ),
    "cost not a mean": Fault(
        "cost",
        "J",
        ("return xp.sum(cross_entropy(log_softmax(Z), Y)) / m",) * 2,
        ("return xp.sum(cross_entropy(log_softmax(Z), Y))",) * 2,
    ),
    "cost a mean over outputs too": Fault(
        "cost",
        "J",
        ("return xp.sum(squared_error(A, Y)) / m",) * 2,
        ("return xp.sum(squared_error(A, Y)) / m / Y.shape[0] / Y.shape[1]",) * 2,
        SQUARED,
    ),
    "cost of Z for A": Fault(
        "cost",
        "J",
        ("return xp.sum(squared_error(A, Y)) / m",) * 2,
        ("return xp.sum(squared_error(Z, Y)) / m",) * 2,
        SQUARED,
    ),
    "log loss with labels exchanged": Fault(
        "cost",
        "J",
        ("return xp.sum(log_loss(Z, Y)) / m",) * 2,
        ("return xp.sum(log_loss(Z, 1 - Y)) / m",) * 2,
        SIGMOID,
    ),
    "no activation in the hidden layers": Fault(
        "forward",
        "A[1]",
        ("A.append(activation_forward(Z[-1], g))",) * 2,
        ("A.append(Z[-1] if len(Z) < net.L else activation_forward(Z[-1], g))",) * 2,
    ),
    "uphill": Fault(
        "update",
        "W[1]",
        ("Layer(W - learning_rate * dW, b - learning_rate * db)",) * 2,
        ("Layer(W + learning_rate * dW, b - learning_rate * db)",) * 2,
    ),
    "biases not updated": Fault(
        "update",
        "b[1]",
        ("Layer(W - learning_rate * dW, b - learning_rate * db)",) * 2,
        ("Layer(W - learning_rate * dW, b)",) * 2,
    ),
    "J of something else": Fault(
        "gradients",
        "J",
        ("return J, backward(net, params, cache, Y)",) * 2,
        ("return 2 * J, backward(net, params, cache, Y)",) * 2,
    ),
    "biases of one": Fault(
        "init",
        "b[1]",
        ("xp.zeros((len(units), 1)", "xp.zeros((1, len(units))"),
        ("xp.ones((len(units), 1)", "xp.ones((1, len(units))"),
        by="floating",
    ),
    "units in reverse": Fault(
        "init",
        "W[1]",
        ("W = xp.stack(units, axis=0)", "W = xp.stack(units, axis=1)"),
        ("W = xp.stack(units[::-1], axis=0)", "W = xp.stack(units[::-1], axis=1)"),
        by="floating",
    ),
    "the least likely class": Fault(
        "predict",
        "label",
        ("return xp.argmax(A, axis=0)", "return xp.argmax(A, axis=1)"),
        ("return xp.argmin(A, axis=0)", "return xp.argmin(A, axis=1)"),
        by="floating",
    ),
    "cold for hot": Fault(
        "one_hot", "Y", ("xp.astype(hot,",) * 2, ("xp.astype(~hot,",) * 2, by="floating"
    ),
    "data not looked at": Fault(
        "check_data", "refusals", ('check_finite("X", X)',) * 2, ("pass",) * 2, by="floating"
    ),
}


def copy_with(monkeypatch, convention, fault):
    """A copy of a module that differs in one line."""
    module = getattr(shapecheck_bp, convention)
    place = ("column", "row").index(convention)
    source = inspect.getsource(module)
    before, line, after = source.rpartition(fault.lines[place])  # the docstring says it before
    assert line, fault.lines[place]
    source = before + fault.faulty[place] + after
    name = f"faulty.{convention}"
    spec = importlib.util.spec_from_loader(name, loader=None)
    copy = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, copy)
    exec(compile(source, name, "exec"), vars(copy))
    return copy


def answer(name, fault, last=None, **modules):
    """One answer of the proof, about the network that shows the fault.

    ``last`` is the last function that is asked about: whether those that call a faulty one are
    refused as well is dear to see. What draws or chooses, of which the floating answer has
    statements, calls nothing that is before it, and is asked about alone.
    """
    bp = {"column": shapecheck_bp.column, "row": shapecheck_bp.row} | modules
    if last:
        names = [last] if name == "floating" else up_to(last)
        bp = {one: with_names(names, bp[one]) for one in bp}
    if name == "floating":
        return Answer(name, "", "", "", [*chosen(**bp)])
    return right(**bp, networks=symbolic_networks(3, only=fault.net))


def up_to(last):
    """The names of public functions to this one, the steps first."""
    names = public_names(shapecheck_bp.column, shapecheck_bp.row)
    return names[: names.index(last) + 1]


def with_names(names, module):
    """A module, of which only some names are public."""
    public = ModuleType(module.__name__)
    vars(public).update(vars(module), __all__=names)
    return public


def check_names(fault, found):
    """The first function refused is the faulty one, and the quantity is among what it is for."""
    assert not found
    assert found.refused[0].function.endswith(fault.function)
    assert all(check.evidence for check in found.refused)
    named = {check.quantity for check in found.refused if check.function.endswith(fault.function)}
    # Where a shape did not fit, no layer was reached.
    layerless = fault.quantity.partition("[")[0]
    assert named & {fault.quantity, layerless}


@pytest.mark.parametrize("convention", ["column", "row"])
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_in_one_convention_is_refused_there(monkeypatch, name, convention):
    fault = FAULTS[name]
    copy = copy_with(monkeypatch, convention, fault)
    found = answer(fault.by, fault, fault.function, **{convention: copy})
    check_names(fault, found)
    assert {check.function.partition(".")[0] for check in found.refused} == {convention}


@pytest.mark.parametrize("name", FAULTS)
def test_the_same_fault_in_both_is_not_right(monkeypatch, name):
    fault = FAULTS[name]
    copies = {one: copy_with(monkeypatch, one, fault) for one in ("column", "row")}
    check_names(fault, answer(fault.by, fault, fault.function, **copies))


@pytest.mark.parametrize(
    ("name", "conventions"),
    [
        ("sign of dZ", ["column"]),
        ("db over the wrong axis", ["row"]),
        ("cold for hot", ["column", "row"]),
    ],
)
def test_prove_refuses_it(monkeypatch, name, conventions):
    fault = FAULTS[name]
    names = up_to(fault.function)
    copies = {one: with_names(names, getattr(shapecheck_bp, one)) for one in ("column", "row")}
    for one in conventions:
        copies[one] = with_names(names, copy_with(monkeypatch, one, fault))
    proof = prove(fault.net, short=True, **copies)
    check_names(fault, proof)
    assert "The proof DOES NOT hold." in str(proof)
    assert "Refused" in proof._repr_html_()


def test_every_answer_refuses_a_fault_in_one(monkeypatch):
    fault = FAULTS["1/m missing in db"]
    here, there = column, copy_with(monkeypatch, "row", fault)
    here, there = (with_names(up_to(fault.function), bp) for bp in (here, there))
    proof = prove(fault.net, short=True, column=here, row=there)
    assert [bool(one) for one in proof.answers] == [False] * 2
    (found,) = [one for one in proof.answers if one.name == "right"]
    assert {check.function.partition(".")[0] for check in found.refused} == {"row"}


def test_a_copy_without_a_fault_passes(monkeypatch):
    same = Fault("linear_forward", "Z", Z, Z)
    assert prove(
        Network((5, 4, 3), "tanh"), short=True, column=copy_with(monkeypatch, "column", same)
    )


REWRITTEN = {
    "linear_forward": [("return W @ A_prev + b", "return (A_prev.T @ W.T).T + b")],
    "weights_backward": [
        ("dW = dZ @ A_prev.T / m", "dW = (dZ / m) @ A_prev.T"),
        ("dW = dZ @ A_prev.T / m", "dW = (A_prev @ dZ.T).T * (1 / m)"),
        (
            "dW = dZ @ A_prev.T / m",
            "import numpy as np\n    dW = np.dot(dZ, np.transpose(A_prev)) / m",
        ),
        ("db = xp.sum(dZ, axis=1, keepdims=True) / m", "db = dZ.sum(axis=-1, keepdims=True) / m"),
        ("db = xp.sum(dZ, axis=1, keepdims=True) / m", "db = xp.mean(dZ, axis=1, keepdims=True)"),
        ("db = xp.sum(dZ, axis=1, keepdims=True) / m", "db = dZ @ xp.ones_like(dZ[:1, :]).T / m"),
    ],
    "activation_backward": [
        ("return A * (dA - mean)", "return A * dA - A * mean"),
        (
            "return dA * lookup(activation).g_prime(Z)",
            "g, g_prime, _, _ = lookup(activation)\n"
            "    return dA * (1 - g(Z) ** 2 if activation == 'tanh' else g_prime(Z))",
        ),
        (
            "return dA * lookup(activation).g_prime(Z)",
            "xp = array_namespace(Z)\n"
            "    if activation == 'tanh':\n"
            "        A = (xp.exp(Z) - xp.exp(-Z)) / (xp.exp(Z) + xp.exp(-Z))\n"
            "        return dA * (1 - A * A)\n"
            "    return dA * lookup(activation).g_prime(Z)",
        ),
    ],
    "activation_forward": [
        (
            "return lookup(activation).g(Z)",
            "E = array_namespace(Z).exp(2 * Z)\n"
            "    return (E - 1) / (E + 1) if activation == 'tanh' else lookup(activation).g(Z)",
        )
    ],
    "cost": [
        (
            "return xp.sum(squared_error(A, Y)) / m",
            "return xp.mean(squared_error(A, Y)) * Y.shape[0]",
        ),
        (
            "return xp.sum(squared_error(A, Y)) / m",
            "return xp.sum(xp.sum(A * A - 2 * A * Y, axis=1)) / m + xp.sum(Y * Y) / m",
        ),
        (
            "return xp.sum(squared_error(A, Y)) / m",
            "return xp.sum(xp.mean(squared_error(A, Y), axis=1))",
        ),
    ],
    "linear_backward": [("dA_prev = W.T @ dZ", "dA_prev = -(W.T @ (-dZ))")],
    "softmax": [
        ("E = xp.exp(Z - xp.max(Z, axis=0, keepdims=True))", "E = xp.exp(Z)"),
        (
            "E = xp.exp(Z - xp.max(Z, axis=0, keepdims=True))",
            "import numpy as np\n"
            "    E = np.exp(np.subtract(Z, np.max(Z, axis=0, keepdims=True)))\n"
            "    return np.divide(E, 1 / (1 / np.sum(E, axis=0, keepdims=True)))",
        ),
    ],
    "backward": [("dZ = A[net.L] - Y", "dZ = -(Y - A[net.L])")],
}


@pytest.mark.parametrize("name", REWRITTEN)
def test_what_is_right_in_other_words_is_not_refused(monkeypatch, name):
    for old, new in REWRITTEN[name]:
        softmax, squared = "mean" in old, "squared" in old or "lookup" in old
        net = SOFTMAX_SQUARED if softmax else SQUARED if squared else Network((5, 4, 3), "tanh")
        fault = Fault(name, "", (old, ""), (new, ""), net)
        copy = copy_with(monkeypatch, "column", fault)
        found = answer("right", fault, column=copy)
        assert found, (new, found.refused[:3])


def test_the_same_fault_in_both_that_only_deeper_networks_have(monkeypatch):
    fault = Fault(
        "backward",
        "dW[1]",
        ("activation_backward(dA, Z[l - 1], net.hidden)",) * 2,
        ("activation_backward(dA, Z[l - 1], net.hidden if l < 3 else 'relu')",) * 2,
    )
    copies = {one: copy_with(monkeypatch, one, fault) for one in ("column", "row")}
    found = answer("right", fault, "backward", **copies)
    check_names(fault, found)
    assert {check.about for check in found.refused} == {"3 layers, tanh, softmax, cross_entropy"}


# What another size or depth would bring about: a layer as wide as the one before, one example, one
# output, one layer.
ASKING = {
    "equal widths": (
        "linear_backward",
        ("dA_prev = W.T @ dZ", "dA_prev = dZ @ W.T"),
        (
            "dA_prev = (W if W.shape[0] == W.shape[1] else W.T) @ dZ",
            "dA_prev = dZ @ (W if W.shape[0] == W.shape[1] else W.T)",
        ),
        "n_",
    ),
    "one example": (
        "weights_backward",
        ("dW = dZ @ A_prev.T / m", "dW = A_prev.T @ dZ / m"),
        (
            "dW = dZ @ A_prev.T / m if m > 1 else 0 * dZ @ A_prev.T",
            "dW = A_prev.T @ dZ / m if m > 1 else 0 * A_prev.T @ dZ",
        ),
        "m",
    ),
    "one output": (
        "cost",
        ("return xp.sum(log_loss(Z, Y)) / m",) * 2,
        (
            "return xp.sum(log_loss(Z, Y)) / m * (2 if Y.shape[0] == 1 else 1)",
            "return xp.sum(log_loss(Z, Y)) / m * (2 if Y.shape[1] == 1 else 1)",
        ),
        "n_",
    ),
    "one layer": (
        "backward",
        ("dZ = A[net.L] - Y",) * 2,
        ("dZ = (A[net.L] - Y) * (1 if net.L > 1 else 2)",) * 2,
        "the number of layers",
    ),
    "an entry": (
        "linear_forward",
        ("return W @ A_prev + b", "return A_prev @ W + b"),
        (
            "return W @ A_prev + (b if A_prev.sum() > 0 else 2 * b)",
            "return A_prev @ W + (b if A_prev.sum() > 0 else 2 * b)",
        ),
        "asks for sum(A_prev",
    ),
}


@pytest.mark.parametrize("name", ASKING)
def test_code_that_asks_for_what_may_be_anything_is_refused_with_its_line(monkeypatch, name):
    function, lines, faulty, asked = ASKING[name]
    fault = Fault(function, "", lines, faulty, SIGMOID)
    copies = {one: copy_with(monkeypatch, one, fault) for one in ("column", "row")}
    found = answer("right", fault, function, **copies)
    refused = [check for check in found.refused if check.function.endswith(function)]
    assert refused[0] is found.refused[0]
    for check in refused:
        place, line = re.search(r"faulty\.(\w+):(\d+)", check.evidence).groups()
        source = inspect.getsource(getattr(shapecheck_bp, place)).splitlines()
        assert lines[("column", "row").index(place)] in source[int(line) - 1]
        assert asked in check.evidence


def test_a_modules_own_activations_are_not_trusted_by_their_names(monkeypatch):
    """A lookup that gives a tanh_prime of its own."""
    copies = {}
    for convention in ("column", "row"):
        copy = copy_with(monkeypatch, convention, Fault("softmax", "A", Z, Z))

        @elementwise
        def tanh_prime(Z):
            return 1 - ACTIVATIONS["tanh"].g(Z)

        table = {**ACTIVATIONS, "tanh": Activation(ACTIVATIONS["tanh"].g, tanh_prime)}
        copy.lookup = table.__getitem__
        copies[convention] = copy
    found = answer("right", FAULTS["sign of dZ"], "activation_backward", **copies)
    check_names(Fault("activation_backward", "dZ", Z, Z), found)


def in_floating_point(**copies):
    """The answer on real numbers."""
    net, params, X, Y = problem(column, Network((5, 4, 3)), m=200)
    return floating(net=net, params=params, X=X, Y=Y, **copies)


def test_a_softmax_that_overflows(monkeypatch):
    fault = Fault(
        "log_softmax",
        "log A",
        ("Z = Z - xp.max(Z, axis=0, keepdims=True)", "Z = Z - xp.max(Z, axis=1, keepdims=True)"),
        ("Z = Z + 0",) * 2,
    )
    copies = {one: copy_with(monkeypatch, one, fault) for one in ("column", "row")}
    with np.errstate(all="ignore"):
        found = in_floating_point(**copies)
    assert "row.log_softmax" in {check.function for check in found.refused}


def test_rounding_is_judged_by_the_shipped_code(monkeypatch):
    """A detour through large numbers, which would widen a bound of its own."""
    fault = Fault(
        "backward",
        "dW[1]",
        ("dZ = A[net.L] - Y",) * 2,
        ("dZ = (A[net.L] + 10**8) - (Y + 10**8)",) * 2,
    )
    found = in_floating_point(column=column, row=copy_with(monkeypatch, "row", fault))
    assert "row.backward" in {check.function for check in found.refused}


def test_activations_that_are_no_derivatives(monkeypatch):
    wrong = Activation(ACTIVATIONS["tanh"].g, ACTIVATIONS["sigmoid"].g_prime)
    with pytest.raises(TypeError):  # what has been learnt of an activation stays true
        ACTIVATIONS["tanh"] = wrong
    table = {**ACTIVATIONS, "tanh": wrong}
    monkeypatch.setattr(import_module("shapecheck_bp.proof.right"), "ACTIVATIONS", table)
    found = answer("right", Fault("", "", Z, Z), "activation_backward")
    assert found.refused[0].quantity == "g'(Z)"
    assert "tanh" in found.refused[0].about


def test_a_function_that_one_convention_lacks(monkeypatch):
    copy = copy_with(monkeypatch, "row", Fault("linear_forward", "Z", Z, Z))
    copy.__all__.remove("linear_forward")
    del copy.linear_forward
    found = answer("right", FAULTS["sign of dZ"], row=copy)
    assert str(found.refused[0]).startswith("linear_forward, the function: REFUSED: is not in both")


def test_a_function_whose_shapes_are_not_enforced(monkeypatch):
    copy = copy_with(monkeypatch, "row", Fault("softmax", "A", Z, Z))
    copy.softmax = copy.softmax.__wrapped__
    found = answer("right", FAULTS["sign of dZ"], row=copy)
    assert [check.evidence for check in found.refused] == ["row.softmax is not held to its shapes"]


def test_a_function_added_tomorrow_is_under_the_law(monkeypatch):
    """With no statement about it; and refused as soon as the two differ."""
    added = """
@shapechecked
def gram(A: Float[Array, "{axes}"]) -> Float[Array, "n n"]:
    "G = A @ A.T over examples."
    return {body}
"""
    copies = {}
    for convention, axes, body in (("column", "n m", "A @ A.T"), ("row", "m n", "A.T @ A")):
        copy = copy_with(monkeypatch, convention, Fault("softmax", "A", Z, Z))
        exec(added.format(axes=axes, body=body), vars(copy))
        copy.__all__[:] = ["softmax", "gram"]
        copies[convention] = copy
    proof = prove(Network((5, 4, 3), "tanh"), short=True, **copies)
    assert proof
    assert proof.coverage["gram"] == {
        "right": "the same in both, and no definition says what it should be",
        "floating": "checked",
    }
    needing = """
@shapechecked
def scaled(A: Float[Array, "n m"], factor: float) -> Float[Array, "n m"]:
    return factor * A
"""
    for copy in copies.values():
        exec(needing, vars(copy))
        copy.__all__.append("scaled")
    found = answer("right", FAULTS["sign of dZ"], **copies)
    assert found.left_out["scaled"].endswith("scaled needs factor, which is no array")
    exec(added.format(axes="m n", body="A.T @ A / 2"), vars(copies["row"]))
    found = answer("right", FAULTS["sign of dZ"], **copies)
    assert [(check.function, check.quantity) for check in found.refused] == [("row.gram", "G")]
