import json
import re

import numpy as np
import pytest
from jaxtyping import Float
from problems import name, problem

import shapecheck_bp
from shapecheck_bp import Array, Network, ShapeError, column, enforce, flip, prove, row
from shapecheck_bp.activations import ACTIVATIONS
from shapecheck_bp.cli import main
from shapecheck_bp.proof import choices
from shapecheck_bp.proof.cases import ENDINGS, HIDDEN, describe
from shapecheck_bp.proof.definitions import DEFINITIONS
from shapecheck_bp.proof.floating import differences
from shapecheck_bp.proof.numbers import Number
from shapecheck_bp.proof.right import IN_BLOCKS, KINDS, right, symbolic_networks
from shapecheck_bp.proof.symbols import Symbolic, size
from shapecheck_bp.tracing.naming import result_names

# The proof of everything is made once.
pytestmark = pytest.mark.xdist_group("proof")


@pytest.fixture(scope="module")
def whole():
    return prove()


def test_it_holds(whole):
    assert whole
    assert [answer.name for answer in whole.answers] == ["right", "floating"]
    assert all(answer.checks for answer in whole.answers)
    assert whole.refused == []


def test_every_public_function_is_under_every_answer_that_can_apply(whole):
    assert [*whole.coverage] == whole.functions
    assert set(whole.functions) == set(column.__all__) == set(row.__all__)
    chosen = {"init", "predict", "one_hot", "check_data"}
    for function, answers in whole.coverage.items():
        not_under = {name for name, state in answers.items() if state != "checked"}
        expected = {"right"} if function in chosen else set()
        assert not_under == expected, function


def test_every_function_with_a_formula_has_a_definition():
    stated = {case.function for case, _ in (*choices.to_give(), *choices.to_refuse())}
    assert stated == {"init", "predict", "one_hot", "check_data"}
    assert set(DEFINITIONS) | stated == set(column.__all__)
    assert {case.function for case, _ in choices.to_refuse()} == {"one_hot", "check_data"}


def test_gradients_in_blocks_are_under_every_answer(whole):
    about = {
        answer.name: [
            check.about
            for check in answer.checks
            if check.function.endswith("gradients") and "in blocks of" in check.about
        ]
        for answer in whole.answers
    }
    # There is no dividing m where it may be any number.
    assert {one.partition("blocks of ")[2] for one in about["right"]} == {str(IN_BLOCKS)}
    assert about["floating"]


def test_every_pair_of_hidden_and_output_functions_is_under_the_symbolic_answer(whole):
    pairs = {(hidden, output, loss) for hidden in HIDDEN for output, loss in ENDINGS}
    assert len(pairs) == 40
    networks = list(symbolic_networks(6))
    natural = {(net.hidden, net.output, net.loss) for net in networks}
    wanted = {(h, o, Network((2, 2), output=o, loss=loss).loss) for h, o, loss in pairs}
    assert wanted <= natural
    about = {one.about for one in whole.answers[0].checks if one.function.endswith("gradients")}
    about = {one.partition(":")[0] for one in about}
    assert {describe(net) for net in networks} == about


def test_depths_one_to_six(whole):
    for output, loss in KINDS:
        kind = Network((2, 2), output=output, loss=loss)
        depths = {
            len(net.sizes) - 1
            for net in symbolic_networks(6)
            if (net.output, net.loss) == (kind.output, kind.loss)
        }
        assert depths == {1, 2, 3, 4, 5, 6}
    assert {len(net.sizes) - 1 for net in symbolic_networks(3)} == {1, 2, 3}


def test_every_activation_is_under_the_steps(whole):
    about = {one.about for one in whole.answers[0].checks if "activation_backward" in one.function}
    assert {*ACTIVATIONS, "softmax"} <= about


def test_both_float_types_are_held_to_float64(whole):
    for convention in ("column", "row"):
        function = f"{convention}.softmax"
        about = [one.about for one in whole.answers[1].checks if one.function == function]
        assert about == ["float64", "float32", "large Z, float64", "large Z, float32"]


def test_the_bound_on_the_digits_is_within_a_hundred_of_what_is_measured(whole):
    measured, bound = re.search(
        r"at most ([\d.]+) eps .* (\d+) eps", whole.answers[1].found
    ).groups()
    assert float(measured) < float(bound) < 100 * float(measured)


def test_as_text(whole):
    text = str(whole)
    assert text.endswith("The proof holds.")
    for fragment in ("any size", "linear_backward", "no formula"):
        assert fragment in text
    assert max(map(len, text.splitlines())) <= 80


def test_as_json(whole):
    facts = json.loads(json.dumps(whole.to_dict()))
    assert facts["holds"] is True
    assert [answer["holds"] for answer in facts["answers"]] == [True] * 2
    assert facts["coverage"]["gradients"]["right"] == "checked"


def test_in_a_notebook_it_is_a_bare_table(whole):
    page = whole._repr_html_()
    assert page.count("<table>") == page.count("</table>") == 3
    assert "style" not in page.replace(' style="text-align: left"', "")
    assert "class=" not in page
    assert "<strong>The proof holds.</strong>" in page


# One of each loss, and softmax without its own, with the hidden function that is decided first.
KNOWN = [
    Network((5, 4, 6, 3), "sigmoid", "softmax"),
    Network((5, 4, 6, 3), "tanh", "sigmoid"),
    Network((5, 4, 6, 3), "sigmoid", "tanh"),
    Network((5, 4, 6, 3), "sigmoid", "softmax", "squared_error"),
]


@pytest.mark.parametrize("net", KNOWN, ids=name)
def test_for_a_network_and_its_data(net):
    given = problem(column, net, m=8)
    found = prove(net, given.X, given.Y, short=True)
    assert found
    about = {check.about for check in found.answers[0].checks if ".gradients" in check.function}
    assert len({one.partition(":")[0] for one in about}) == 3  # of one, two and three layers
    assert f"{'-'.join(map(str, net.sizes))}, m = 8" in found.answers[1].ran


def test_for_a_network_without_data():
    assert "m = 100," in prove(Network((5, 4, 1), "tanh", "sigmoid"), short=True).answers[1].ran


def test_annotations_are_enforced_whatever_the_switch_says(monkeypatch):
    """A softmax that returns another shape only while unchecked code would not notice."""
    source = column.softmax.__wrapped__

    @shapecheck_bp.shapechecked
    def transposed(Z: Float[Array, "n m"]) -> Float[Array, "n m"]:
        """A = exp(Z) / sum(exp(Z))."""
        return source(Z).T

    def transposed_too(Z: Float[Array, "m n"]) -> Float[Array, "m n"]:
        """A = exp(Z) / sum(exp(Z))."""
        return source(Z.T)

    monkeypatch.setattr(column, "softmax", transposed)
    monkeypatch.setattr(row, "softmax", shapecheck_bp.shapechecked(transposed_too))
    with enforce(False):
        found = right(column, row, symbolic_networks(3, only=Network((3, 2))))
    assert "the result does not fit" in found.refused[0].evidence


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((None, np.ones((4, 5)), np.ones((2, 5))), "^net: expected the network"),
        ((Network((4, 2)), np.ones((4, 5))), "^X, Y: expected both or neither"),
        (
            (Network((4, 2)), np.ones((4, 5)), np.ones((2, 5))),
            "^Y: expected each example's targets",
        ),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(ValueError, match=message):
        prove(*arguments)


def test_data_of_the_other_convention_are_refused_as_everywhere():
    net, _, X, Y = problem(row, Network((5, 4, 3)), m=7)
    with pytest.raises(ShapeError, match=r"X does not fit, and X\.T would"):
        prove(net, X, Y.T)


def test_the_bound_grows_with_the_sums_and_shrinks_with_the_float_type():
    net = Network((5, 4, 3), "tanh")
    few, many = (differences(column, row, *problem(column, net, m=m)) for m in (4, 40))
    assert few[0].bound < many[0].bound
    assert all(one.agrees and 0 <= one.eps <= one.bound for one in few + many)


def test_what_was_worked_out_is_let_go_and_what_is_held_stays_equal():
    n, k, m = map(size, "nkm")
    made = lambda: Symbolic.named("A", (n, k)) @ Symbolic.named("B", (k, m))  # noqa: E731
    before, held = made(), len(Number.known)
    assert prove(Network((3, 2), "tanh"), short=True)
    assert len(Number.known) < held + 500
    assert made().entry is before.entry


def test_results_are_named_by_their_docstrings():
    assert result_names(column.linear_backward) == ["dA_prev", "dW", "db"]
    assert result_names(column.log_softmax) == ["log A"]
    assert result_names(column.gradients) == ["J", "dW", "db"]
    assert result_names(column.one_hot) == ["Y"]
    assert result_names(column.check_data) == ["the result"]


def test_the_command(whole, monkeypatch, capsys):
    monkeypatch.setattr(shapecheck_bp, "prove", lambda: whole, raising=False)
    assert main(["prove", "--json"]) == 0
    out, err = capsys.readouterr()
    assert (json.loads(out), err) == (json.loads(json.dumps(whole.to_dict())), "")
    assert main(["prove"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "The proof holds."


def test_the_command_when_it_does_not_hold(monkeypatch, capsys):
    short = lambda: prove(Network((3, 2), "sigmoid"), short=True)  # noqa: E731
    monkeypatch.setattr(shapecheck_bp, "prove", short, raising=False)
    weights_backward = row.weights_backward
    monkeypatch.setattr(row, "weights_backward", lambda *args: weights_backward(*args)[::-1])
    for bp in (column, row):
        monkeypatch.setattr(bp, "__all__", ["weights_backward"])
    assert main(["prove"]) == 1
    assert "DOES NOT hold" in capsys.readouterr().out


def test_flip_is_the_only_way_across(whole):
    """The argument's first line is the law that flip states."""
    law = "row.f(*flip(args)) == flip(column.f(*args))"
    assert law in shapecheck_bp.proof.__doc__
    assert law in flip.__globals__["__doc__"]
