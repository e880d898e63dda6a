"""The equations come from running the code, and the documentation is held to them."""

import re
from pathlib import Path

import numpy as np
import pytest

from shapecheck_bp import Network, column, equations, row
from shapecheck_bp.activations import ACTIVATIONS
from shapecheck_bp.losses import cross_entropy, log_loss, squared_error
from shapecheck_bp.proof.cases import cases, law_for
from shapecheck_bp.proof.equations import Equations, Recorder
from shapecheck_bp.proof.right import SymbolMaker, same
from shapecheck_bp.proof.symbols import size
from shapecheck_bp.shapes.switch import listen
from shapecheck_bp.tracing.naming import quantities, result_names

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
STEPS = [
    "linear_forward",
    "softmax",
    "log_softmax",
    "activation_forward",
    "activation_backward",
    "weights_backward",
    "linear_backward",
]
SYMBOL = r"(?:log A|[A-Za-z_]+)(?:\[[^\]]*\])?"
WORDS = r"\. |\.$|, over |, the sum|; | where |, else |, \w+ as in "


def formulas(text):
    """Every ``left = right`` in a docstring, in the words of Python."""
    text = re.sub(r">>>.*", "", text, flags=re.DOTALL)
    text = re.sub(r"\bits dZ is\b", "dZ =", " ".join(text.split()))
    found = re.findall(rf"({SYMBOL}) = (.+?)(?=, {SYMBOL} = |{WORDS}|$)", text)
    return [(left, right.replace("g'(", "g_prime(")) for left, right in found]


def functions(bp, text, activation="tanh"):
    """exp, log, g and g', and the sum that the text speaks of."""
    examples = re.search(r"over (?:examples|columns|rows)|sum is over examples", text)
    axis = bp.EXAMPLES_AXIS if examples else 1 - bp.EXAMPLES_AXIS
    elementwise = ACTIVATIONS.get(activation)
    return {
        "exp": np.exp,
        "log": np.log,
        "sum": lambda x: np.sum(x, axis=axis, keepdims=True),
        "m": size("m"),
        "g": elementwise and elementwise.g,
        "g_prime": elementwise and elementwise.g_prime,
    }


@pytest.mark.parametrize("name", STEPS)
def test_the_docstring_of_a_step_is_what_it_computes(bp, name):
    law, text = law_for(name, bp), getattr(bp, name).__doc__
    checked = set()
    for case in cases(name, law, [], SymbolMaker):
        given = dict(zip(law.signature.parameters, case.arguments, strict=True))
        if given.get("activation") == "softmax":
            given["A"] = bp.softmax(given["Z"])
        results = dict(
            quantities(result_names(getattr(bp, name)), getattr(bp, name)(*case.arguments))
        )
        softmax = given.get("activation") == "softmax"
        for left, right in formulas(text):
            if softmax != ("sum(A * dA)" in right) and name.startswith("activation"):
                continue
            names = functions(bp, text, given.get("activation")) | given
            assert same(results[left], eval(right, names)), f"{left} = {right}"
            checked.add(left)
    documented = {left for left, _ in formulas(text)}
    assert checked == documented != set()


class Layered:
    """W, b, Z, … of all layers."""

    def __init__(self, name, values):
        self.name, self.values = name, values

    def __getitem__(self, layer):
        return self.values[f"{self.name}[{layer}]"]


NETS = [
    Network((5, 4, 3, 2), "tanh"),
    Network((5, 4, 3, 2), "tanh", "tanh"),
    Network((5, 4, 3, 2), "tanh", "sigmoid"),
]


def run(bp, net):
    """Everything that a gradient step computes, by name."""
    sizes = tuple(size(f"n_{layer}") for layer in range(net.L + 1))
    symbolic = Network(sizes, net.hidden, net.output, net.loss)
    (case,) = cases("gradients", law_for("gradients", bp), [symbolic], SymbolMaker)
    recorder = Recorder()
    with listen(recorder):
        bp.gradients(*case.arguments)
    _, params, X, Y = case.arguments
    values = dict(recorder.values)
    for layer, (W, b) in enumerate(params, start=1):
        values |= {f"W[{layer}]": W, f"b[{layer}]": b}
    return values | {"X": X, "A[0]": X, "Y": Y}


@pytest.mark.parametrize("name", ["forward", "backward"])
@pytest.mark.parametrize("net", NETS, ids=lambda net: net.output)
def test_the_docstring_of_a_pass_is_what_it_computes_in_every_layer(bp, net, name):
    values, text = run(bp, net), getattr(bp, name).__doc__
    found = formulas(text)
    if name == "backward":
        unpaired = re.search(r"else (dA\[L\].+?)\. ", " ".join(text.split()))[1]
        choice = ("dZ[L]", unpaired.replace("g'(", "g_prime("))
        found = [
            choice if left == "dZ[L]" and not net.paired else (left, right) for left, right in found
        ]
        assert [left for left, _ in found] == ["dW[l]", "db[l]", "dZ[L]", "dZ[l-1]"]
    else:
        assert [left for left, _ in found] == ["A[0]", "Z[l]", "A[l]"]
    layered = {name: Layered(name, values) for name in ("W", "b", "Z", "A", "dZ", "dA", "dW", "db")}
    for left, right in found:
        layers = [net.L] if "[L]" in left else range(2 if "l-1" in left else 1, net.L + 1)
        for layer in layers:
            output = layer == net.L and left != "dZ[l-1]"
            activation = net.output if output else net.hidden
            if activation == "softmax" and "g(" in right:
                continue
            names = functions(bp, "over examples", activation) | layered | {"X": values["X"]}
            names |= {"Y": values["Y"], "l": layer, "L": net.L}
            assert same(eval(left, names), eval(right, names)), f"{left} = {right}, l = {layer}"


def test_the_docstring_of_cost(bp):
    ((left, right),) = formulas(bp.cost.__doc__)
    for net in NETS:
        values = run(bp, net)
        Z, A, Y = (values[one] for one in ("Z[3]", "A[3]", "Y"))
        L = {
            "cross_entropy": lambda Z=Z, Y=Y: cross_entropy(bp.log_softmax(Z), Y),
            "log_loss": lambda Z=Z, Y=Y: log_loss(Z, Y),
            "squared_error": lambda A=A, Y=Y: squared_error(A, Y),
        }[net.loss]()
        names = {"L": L, "m": size("m"), "sum": np.sum}
        assert same(values[left], eval(right, names))


def test_the_docstring_of_update(bp):
    law = law_for("update", bp)
    (case,) = cases("update", law, [], SymbolMaker)
    params, grads, learning_rate = case.arguments
    first = bp.update.__doc__.partition("\n")[0].rstrip(".").split(", ")
    for after, (W, b), (dW, db) in zip(bp.update(*case.arguments), params, grads, strict=True):
        names = {"W": W, "b": b, "dW": dW, "db": db, "learning_rate": learning_rate}
        assert all(same(new, eval(text, names)) for new, text in zip(after, first, strict=True))


def test_the_first_line_of_the_modules(bp):
    first = bp.__doc__.partition("\n")[0].rstrip(".")
    assert first.endswith(bp.linear_forward.__doc__.partition("\n")[0].rstrip("."))


@pytest.mark.parametrize(("bp", "place"), [(column, 1), (row, 2)], ids=["column", "row"])
def test_the_table_in_the_readme(bp, place):
    table = README.partition("| | `shapecheck_bp.column` |")[2].partition("\n\n")[0]
    cells = [line.split("|")[place + 1].strip() for line in table.splitlines()[2:]]
    found = [(formula, cell) for cell in cells for formula in formulas(cell)]
    assert [left for (left, _), _ in found] == ["Z", "dZ", "dW", "db", "dA_prev"]
    for (left, right), cell in found:
        for name in STEPS:
            law = law_for(name, bp)
            case = next(iter(cases(name, law, [], SymbolMaker)))
            given = dict(zip(law.signature.parameters, case.arguments, strict=True))
            result = getattr(bp, name)(*case.arguments)
            results = dict(quantities(result_names(getattr(bp, name)), result))
            if left in results:
                names = functions(bp, cell, given.get("activation")) | given
                assert same(results[left], eval(right, names)), cell
                break
        else:
            pytest.fail(f"no step computes {left}")


def test_a_formula_that_the_code_does_not_follow_would_be_seen():
    law = law_for("linear_forward", column)
    (case,) = cases("linear_forward", law, [], SymbolMaker)
    given = dict(zip(law.signature.parameters, case.arguments, strict=True))
    Z = column.linear_forward(*case.arguments)
    assert same(Z, eval("W @ A_prev + b", given))
    assert not same(Z, eval("W @ A_prev - b", given))
    assert not same(Z, eval("(W @ A_prev + b).T", given))


def lines(bp, net=None):
    return [formula.line for formula in equations(bp, net)]


def test_a_network_layer_by_layer():
    assert lines(column, Network((5, 4, 3), "tanh", "identity")) == [
        "Z[1] = W[1] @ X + b[1]",
        "A[1] = tanh(Z[1])",
        "Z[2] = W[2] @ A[1] + b[2]",
        "A[2] = identity(Z[2])",
        "J = sum((A[2] - Y) ** 2) / m",
        "dA[2] = 2 * (A[2] - Y)",
        "dZ[2] = dA[2] * identity'(Z[2])",
        "dW[2] = dZ[2] @ A[1].T / m",
        "db[2] = sum(dZ[2]) / m",
        "dA[1] = W[2].T @ dZ[2]",
        "dZ[1] = dA[1] * tanh'(Z[1])",
        "dW[1] = dZ[1] @ X.T / m",
        "db[1] = sum(dZ[1]) / m",
    ]


def test_steps_alone_are_written_as_their_docstrings_say():
    for bp in (column, row):
        found = lines(bp)
        for name in ("linear_forward", "activation_forward", "activation_backward"):
            assert getattr(bp, name).__doc__.partition("\n")[0].rstrip(".") in found
        for piece in bp.weights_backward.__doc__.partition("\n")[0].rstrip(".").split(", "):
            assert piece in found
        assert len(found) == len(set(found))


def test_shapes_stand_under_their_matrices():
    first = str(equations(row, Network((3, 4, 2)))).splitlines()[:2]
    assert first == [
        "Z[1]     = X        @ W[1]       + b[1]",
        "(m, n_1)   (m, n_0)   (n_0, n_1)   (1, n_1)",
    ]


def test_latex():
    found = equations(column, Network((3, 2)))
    assert found[0].latex.startswith(r"\underset{n_{1} \times m}{Z^{[1]}} = \underset{")
    two = equations(column, Network((3, 4, 2)))
    assert r"\frac{\exp\left(" in two["A[2]"].latex
    assert r"= \frac{1}{m}\, \sum_{m} \underset{" in two["db[1]"].latex
    assert r"A_{\text{prev}}^{\mathsf{T}}" in equations(column)["dW"].latex
    shown = found._repr_latex_()
    assert shown.startswith("$$\n\\begin{aligned}")
    assert shown.count("&=") == len(found)
    assert shown.count("{") == shown.count("}")
    assert shown.count(r"\left(") == shown.count(r"\right)")
    assert not hasattr(found, "_repr_html_")


def test_both_conventions_side_by_side():
    net = Network((3, 2), output="tanh")
    both = equations(column, net).beside(equations(row, net))
    lines = str(both).splitlines()
    assert re.fullmatch(r"column +\|   row", lines[0])
    z = next(line for line in lines if line.startswith("Z[1]"))
    assert re.fullmatch(
        r"Z\[1\] += W\[1\] +@ X +\+ b\[1\] +\|   Z\[1\] += X +@ W\[1\] +\+ b\[1\]", z
    )
    assert both.latex.count("&") == both.latex.count(r"\\[8pt]") + 1
    assert both.latex.count("{") == both.latex.count("}")
    assert both._repr_latex_().startswith("$$\n\\begin{array}{l|l}\n\\text{column} & \\text{row}")
    with pytest.raises(ValueError, match="the same network's equations; got 7 and 0"):
        equations(column, net).beside(Equations())
