"""The examples print what is kept in ``printed``, and check themselves while they run.

After a change that is meant: ``python tests/derivations/test_examples.py`` writes the pages anew.
"""

from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from shapecheck_bp import column
from shapecheck_bp.cli import main
from shapecheck_bp.derivations import examples
from shapecheck_bp.derivations.examples.page import Page

PRINTED = Path(__file__).parent / "printed"
PAGES = [
    (name, convention)
    for name in examples.NAMES
    for convention in import_module(f"shapecheck_bp.derivations.examples.{name}").CONVENTIONS
]


def printed(name, convention):
    lines = []
    examples.run(name, convention, lines.append)
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(("name", "convention"), PAGES)
def test_an_example_prints_its_page(name, convention):
    page = (PRINTED / f"{name}.{convention}.txt").read_text(encoding="utf-8")
    assert printed(name, convention) == page


def test_every_page_belongs_to_an_example():
    assert {path.name for path in PRINTED.iterdir()} == {
        f"{name}.{convention}.txt" for name, convention in PAGES
    }


@pytest.mark.parametrize("name", examples.NAMES)
def test_an_example_says_which_text_it_follows(name):
    text = import_module(f"shapecheck_bp.derivations.examples.{name}").__doc__
    assert any(f"Follows {source}" in " ".join(text.split()) for source in SOURCES)
    assert any(f"after {source}" in printed(name, None) for source in SOURCES)


SOURCES = ("layers", "the design matrix", "tensors", "transpose")


def test_every_text_has_an_example():
    pages = [printed(name, None) for name in examples.NAMES]
    for source in SOURCES:
        assert any(f"after {source}" in page for page in pages)


def test_a_disagreement_stops_the_page():
    page = Page(column, lambda line: None)
    page.agree("the same", (np.ones(3), 1.0), [np.ones(3), 1.0])
    with pytest.raises(AssertionError, match="^off: 0.1 apart"):
        page.agree("off", np.zeros(3), np.full(3, 0.1))
    with pytest.raises(AssertionError, match=r"^turned: shapes \(2, 3\) and \(3, 2\)"):
        page.agree("turned", np.zeros((2, 3)), np.zeros((3, 2)))


def test_the_command_lists_and_runs_them(capsys):
    assert main(["example"]) == 0
    listed = capsys.readouterr().out
    assert [line.split()[0] for line in listed.splitlines()] == [*examples.NAMES]
    assert main(["example", "two_layer", "--convention", "row"]) == 0
    assert capsys.readouterr().out == printed("two_layer", "row")
    assert main(["example", "students"]) == 0
    assert capsys.readouterr().out == printed("students", "row")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["three_layer"], "example: expected one of logistic_regression, two_layer, "),
        (["numerator_layout", "--convention", "row"], "numerator_layout is about column alone"),
        (["two_layer", "--convention", "both"], "invalid choice: 'both'"),
    ],
)
def test_what_cannot_be_run_is_exit_status_2(arguments, message, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["example", *arguments])
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


def test_bad_names():
    with pytest.raises(ValueError, match="^example: expected one of"):
        examples.run("nonsense")
    with pytest.raises(ValueError, match="^convention: expected 'column' or 'row'; got 'both'"):
        examples.run("two_layer", "both")


if __name__ == "__main__":
    for name, convention in PAGES:
        page = PRINTED / f"{name}.{convention}.txt"
        page.write_text(printed(name, convention), encoding="utf-8")
