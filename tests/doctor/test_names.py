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
IN_HOMEWORK = {"dA_prev": "dA_prev", "J": "cost", "A": "output"}


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


@pytest.mark.parametrize(("name", "line"), LINES.items())
def test_the_line_on_the_page_has_that_mistake(name, line):
    code, _, remark = line.partition("  # ")
    (statement,) = ast.parse(code).body
    target, value = statement.targets[0], statement.value
    pairs = (
        zip(target.elts, value.elts, strict=True)
        if isinstance(target, ast.Tuple)
        else [(target, value)]
    )
    wrong = {}
    for one, other in pairs:
        place = IN_HOMEWORK.get(one.id, one.id)
        place += "_last" * (place == "dZ" and remark.startswith("in the last layer"))
        wrong[place] = ast.unparse(other)
    if "W" in wrong:
        wrong = {"renew": code}
    net = NETS.get(name, TANH)
    diagnosis = diagnose(homework(net, "column", "dicts", **wrong), net, "column")
    assert diagnosis.findings[0].mistake == name
    assert not diagnosis.ok
