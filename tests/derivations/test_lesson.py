"""The page's numbers are the library's, and its mistakes those that the doctor knows."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest

from shapecheck_bp import Network, column, flip, row, trace
from shapecheck_bp.cli import main
from shapecheck_bp.derivations.lesson import page
from shapecheck_bp.derivations.lesson.steps import AXES, drawn, names, steps, walked
from shapecheck_bp.derivations.mistakes import MISTAKES
from shapecheck_bp.doctor.probe import Probe, named
from shapecheck_bp.doctor.sick import candidates, gradients
from shapecheck_bp.tracing.formulas import statements

pytestmark = pytest.mark.xdist_group("lesson")  # of which there is one page
CONVENTIONS = {"column": column, "row": row}
NETS = [
    Network((3, 4, 2), "tanh"),
    Network((3, 2, 1), output="sigmoid"),
    Network((3, 4, 2), "sigmoid", "tanh"),
    Network((2, 3, 4), "tanh", "softmax", "squared_error"),
    Network((3, 3, 3), "tanh"),
    Network((3, 2), output="sigmoid"),
    Network((2, 3, 4, 2), "leaky_relu"),
]
WITHOUT_A_LINE = {"rank_1", "db_no_keepdims", "updated_weights_used"}  # in the doctor's table


def as_in(convention, problem):
    return problem if convention == "column" else flip(problem)


@pytest.fixture(scope="module")
def html():
    return page(Network((3, 2, 1), "tanh", "sigmoid"))


@pytest.fixture(scope="module")
def facts(html):
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', html)
    assert not set("<>&") & set(text)  # nothing in it can end the element
    return json.loads(text)


@pytest.mark.parametrize("net", NETS, ids=str)
@pytest.mark.parametrize("convention", CONVENTIONS)
def test_the_steps_come_to_the_librarys_gradients(net, convention):
    bp, problem = CONVENTIONS[convention], as_in(convention, drawn(net, 5))
    walk = walked(bp, problem)
    cache = bp.forward(*problem[:3])
    J, grads = bp.gradients(*problem)
    assert (walk.stopped, float(walk.arrays["J"])) == ("", float(J))
    for layer, (dW, db) in enumerate(grads, start=1):
        np.testing.assert_allclose(walk.arrays[f"dW{layer}"], dW, rtol=1e-13)
        np.testing.assert_allclose(walk.arrays[f"db{layer}"], db, rtol=1e-13)
        np.testing.assert_array_equal(walk.arrays[f"Z{layer}"], cache.Z[layer - 1])
        np.testing.assert_array_equal(walk.arrays[f"A{layer}"], cache.A[layer])
    assert [name for *_, name in steps(net)] == list(walk.formulas)


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_formulas_and_axes_are_those_of_a_trace(convention):
    net = NETS[0]
    problem = as_in(convention, drawn(net, 5))
    with trace() as traced:
        CONVENTIONS[convention].gradients(*problem)
    shown = {*walked(CONVENTIONS[convention], problem).formulas.values()}
    said = {"".join(w.text for w in words) for call in traced.calls for words in statements(call)}
    assert {one for one in shown if one[0] != "J"} - said == {"dZ = A - Y"}
    for place in (place for call in traced.calls for place in call.places):
        if place.name in AXES and not place.axes[0].startswith("n_0"):
            axes = AXES[place.name].split()[:: 1 if convention == "column" else -1]
            traced_axes = [axis.replace("n_2", "n_out") for axis in place.axes]
            assert ["n_out" if axis == "n" else axis for axis in traced_axes] == axes


def test_every_number_on_a_page_is_one_of_the_librarys(facts):
    assert len(facts["runs"]) == 3 * 3 * 3
    for key, run in facts["runs"].items():
        sizes, m, hidden = key.split()
        net = Network(tuple(map(int, sizes.split("-"))), hidden, "sigmoid")
        problem = drawn(net, int(m))
        assert problem.X.shape == (net.sizes[0], int(m))
        for convention, bp in CONVENTIONS.items():
            mine = as_in(convention, problem)
            J, grads = bp.gradients(*mine)
            np.testing.assert_allclose(run[convention]["J"], J, rtol=1e-5)
            for layer, one in enumerate(grads, start=1):
                for name, array in zip(("dW", "db"), one, strict=True):
                    shown = np.array(run[convention][f"{name}{layer}"])
                    np.testing.assert_allclose(shown, array, rtol=1e-5, atol=1e-12)


@pytest.mark.parametrize("net", NETS, ids=str)
@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_gives_what_the_doctor_knows_it_by_in_both_conventions(name, net):
    mistake = MISTAKES[name]
    if mistake.lacks(net):
        return
    problem = drawn(net, 5)
    mine = walked(column, problem, mistake.instead(net, "column"))
    mirror = walked(row, flip(problem), mistake.instead(net, "row"))
    assert mine.stopped == mirror.stopped
    for key, array in mine.arrays.items():
        there = np.asarray(mirror.arrays[key])
        np.testing.assert_allclose(there if there.ndim < 2 else there.T, array, atol=1e-12)
    if name in WITHOUT_A_LINE:
        return
    J, grads = column.gradients(*problem)
    probe = Probe(*problem, float(J), named(grads))

    def is_same(faults):
        try:
            with np.errstate(all="ignore"):
                found = {f"{name}{layer}": one for (name, layer), one in gradients(probe, faults)}
        except ValueError:
            return mine.stopped not in ("", "update")
        return all(
            key in mine.arrays
            and np.shape(one) == np.shape(mine.arrays[key])
            and np.allclose(one, mine.arrays[key])
            for key, one in found.items()
        )

    known = [[fault] for fault in candidates(net) if fault.mistake == name]
    if name == "wrong_derivative_argument" and "relu" in net.hidden:
        assert is_same([])  # A is above 0 where Z is
    else:
        assert any(map(is_same, known))
        assert not is_same([])


def test_what_the_doctor_has_no_line_for():
    net = NETS[1]
    problem = drawn(net, 5)
    right = walked(column, problem)

    def arrays(name):
        return walked(column, problem, MISTAKES[name].instead(net, "column")).arrays

    assert arrays("rank_1")["dZ2"].shape == (5, 5)
    np.testing.assert_allclose(arrays("db_no_keepdims")["db1"], right.arrays["db1"][:, 0])
    W, dW, dZ = (right.arrays[name] for name in ("W2", "dW2", "dZ2"))
    np.testing.assert_allclose(arrays("updated_weights_used")["dA1"], (W - dW).T @ dZ)


def test_the_twenty_are_there_and_each_can_be_made_in_some_network():
    assert len(MISTAKES) == 20
    for name, mistake in MISTAKES.items():
        assert any(not mistake.lacks(net) for net in NETS), name
        for net in NETS:
            known = {step for *_, step in steps(net)}
            for convention in CONVENTIONS:
                lines = {} if mistake.lacks(net) else mistake.instead(net, convention)
                assert lines.keys() <= known


def test_equal_sizes_hide_what_other_sizes_show():
    lines = MISTAKES["weights_not_transposed"]
    shown, hidden = (
        walked(column, drawn(net, m), lines.instead(net, "column"))
        for net, m in ((Network((3, 4, 2)), 5), (Network((3, 3, 3)), 3))
    )
    assert (shown.stopped, hidden.stopped) == ("dA1", "")
    assert "matmul" in shown.error


def test_every_step_says_in_both_conventions_which_transpose_goes_where(facts):
    for step in facts["steps"]:
        for convention in CONVENTIONS:
            side = step[convention]
            formula = "".join(
                word if isinstance(word, str) else word["text"] for word in side["words"]
            )
            for turned in re.findall(r"\w+\.T", formula):
                place = "left" if formula.split(" @ ")[0].endswith(turned) else "right"
                assert side["say"].endswith(f"{turned}, on the {place}.")
            said = f"{step['say']} {side['say']}"
            assert ("nothing is transposed" in said) == (".T" not in formula)
            assert names(step["layer"])[step["quantity"]] == step["name"]


def test_the_page_loads_nothing(html):
    assert "default-src 'none'" in html
    assert re.findall(r'(?:src|href)="(?!data:)[^"]*"', html) == []
    assert "{{" not in html
    assert "/* s" not in html


@pytest.mark.parametrize(
    ("sizes", "more", "message"),
    [
        (
            ["3"],
            [],
            "sizes: expected two or more positive whole numbers, as (64, 32, 10); got (3,)",
        ),
        (
            ["9", "1"],
            [],
            "sizes: expected at most 4 layers of at most 8 units, which can be looked at",
        ),
        (["2"] * 6, [], "at most 4 layers of at most 8 units"),
        (["3", "1"], ["--examples", "0"], "m: expected a whole number from 1 up; got 0"),
        (["3", "1"], ["--examples", "9"], "m: expected at most 8 examples, which can be looked at"),
        (["3", "1"], ["--hidden", "step"], "hidden: expected one of 'sigmoid', 'tanh', 'relu'"),
        (
            ["3", "1"],
            ["-o", "mine.html"],
            "mine.html: is there, and is no page of this command; name",
        ),
        (
            ["3", "1"],
            ["-o", "no/page.html"],
            "no/page.html: cannot be written: No such file or dir",
        ),
    ],
)
def test_a_page_that_cannot_be_made(sizes, more, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.html").write_text("<p>my own</p>", encoding="utf-8")
    with pytest.raises(SystemExit) as stopped:
        main(["page", *sizes, "-o", "page.html", *more])
    assert (stopped.value.code, message in capsys.readouterr().err) == (2, True)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.html"]
    assert (tmp_path / "mine.html").read_text(encoding="utf-8") == "<p>my own</p>"


def test_the_command_writes_a_page_and_writes_it_anew(tmp_path, capsys):
    out = tmp_path / "page.html"
    for extra in ([], ["--json"]):
        assert main(["page", "2", "2", "--output", "identity", "-o", str(out), *extra]) == 0
    said, _, printed = capsys.readouterr().out.partition("\n")
    assert said == f"{out}: 2-2, relu then identity, squared_error. Open it in a browser."
    assert json.loads(printed)["bytes"] == out.stat().st_size
    assert out.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_the_command_line_loads_nothing_of_it():
    code = "import sys, shapecheck_bp.cli; print([m for m in sys.modules if 'lesson' in m])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_page_is_of_numbers():
    sympy = pytest.importorskip("sympy")
    size = sympy.Symbol("</title>", integer=True, positive=True)
    with pytest.raises(ValueError, match="sizes: expected at most 4 layers of at most 8 units"):
        page(Network((size, 2)))
