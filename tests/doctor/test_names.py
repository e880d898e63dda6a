"""The page that lists the mistakes by name has them all, and each of its lines has that mistake."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from homework import homework

from shapecheck_bp import Network, diagnose, doctor
from shapecheck_bp.derivations.mistakes import MISTAKES

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "mistakes.md"
ROWS = re.findall(r"^\| `(\w+)` \| .*\.(?: `(.+)`)? \|$", PAGE.read_text("utf-8"), re.MULTILINE)
LINES = {name: line for name, line in ROWS if line}
TANH, BINARY, SQUARED = (
    Network((3, 4, 2), "tanh"),
    Network((3, 4, 1), "tanh", "sigmoid"),
    Network((3, 4, 2), "tanh", "identity"),
)
NETS = {"rank_1": BINARY, "factor_two": SQUARED, "reduction_mismatch": SQUARED}
IN_HOMEWORK = {"A": "output"}
IN_WORDS = {"W_new": "(W - 0.1 * dW)", "n_L": "Y.shape[0]"}


@cache
def names_in_the_doctor():
    """What a finding may be called: by the table, and wherever else a name is given."""
    found = {*MISTAKES}
    for path in Path(doctor.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            called = getattr(getattr(node, "func", None), "id", "")
            if called in ("Finding", "Fault") and isinstance(node.args[0], ast.Constant):
                found.add(node.args[0].value)
            if isinstance(node, ast.Return) and path.stem == "naming":
                kept = (one for one in ast.walk(node) if isinstance(one, ast.Constant))
                found |= {
                    one.value for one in kept if re.fullmatch(r"[a-z]+(_[a-z\d]+)+", str(one.value))
                }
    return found


def test_the_page_lists_every_name_and_no_other():
    listed = [name for name, *_ in ROWS]
    assert len(listed) == len({*listed})
    assert len(LINES) == 20
    assert {*listed} == names_in_the_doctor()


def statements(line):
    """The quantities and formulas of a line, which may assign two at once."""
    (statement,) = ast.parse(line.replace("g'(", "g_prime(")).body
    target, value = statement.targets[0], statement.value
    if not isinstance(target, ast.Tuple):
        return {(target.id, ast.unparse(value))}
    pairs = zip(target.elts, value.elts, strict=True)
    return {(one.id, ast.unparse(other)) for one, other in pairs}


@pytest.mark.parametrize(("name", "line"), LINES.items())
def test_the_line_on_the_page_is_one_of_the_tables(name, line):
    net = NETS.get(name, TANH)
    table = set()
    for one in MISTAKES[name].lines(net, others=True):
        # Where the output is the identity, dA is dZ.
        quantity = "dZ" if one.quantity == "dA" and net.output == "identity" else one.quantity
        table |= statements(f"{quantity} = {one.code}")
    assert statements(line) <= table


@pytest.mark.parametrize(("name", "line"), LINES.items())
def test_the_line_on_the_page_has_that_mistake(name, line):
    code, _, remark = line.partition("  # ")
    wrong = {}
    for quantity, formula in statements(code):
        place = IN_HOMEWORK.get(quantity, quantity)
        place += "_last" * (place == "dZ" and remark.startswith("in the last layer"))
        for short, written in IN_WORDS.items():
            formula = formula.replace(short, written)
        wrong[place] = formula
    net = NETS.get(name, TANH)
    diagnosis = diagnose(homework(net, "column", "dicts", **wrong), net, "column")
    assert diagnosis.findings[0].mistake == name
    assert not diagnosis.ok
