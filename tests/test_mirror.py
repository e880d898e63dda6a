"""``diff -y column.py row.py`` is the lesson: the two files line up from top to bottom."""

import ast
import inspect
import re

import pytest

from shapecheck_bp import column, row

LINES = [inspect.getsource(module).splitlines() for module in (column, row)]
WIDTH_OF_ONE_SIDE_OF_DIFF = 61


def test_the_same_functions_in_the_same_order():
    here, there = (
        [node.name for node in ast.parse(inspect.getsource(module)).body if hasattr(node, "name")]
        for module in (column, row)
    )
    assert here == there
    assert sorted(here) == column.__all__ == row.__all__


def test_the_same_parameters_and_defaults():
    for name in column.__all__:
        here, there = (inspect.signature(getattr(bp, name)).parameters for bp in (column, row))
        assert [*here] == [*there]
        assert [p.default for p in here.values()] == [p.default for p in there.values()]


def test_neither_calls_the_other():
    for source in LINES:
        assert not [line for line in source if re.search(r"import .*(column|row|flip)", line)]


def test_no_line_knows_numpy():
    for module in (column, row):
        imported = {
            alias.name.partition(".")[0] if isinstance(node, ast.Import) else node.module
            for node in ast.walk(ast.parse(inspect.getsource(module)))
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        }
        assert not [name for name in imported if "numpy" in name]
        assert not hasattr(module, "np")


def words(line):
    """What stands in a line, whatever its order: sizes, axes and the conventions' words aside."""
    line = re.sub(r"\b(column|row|first|last)", "side", line)
    return sorted(re.findall(r"[A-Za-z_]+|\d+", re.sub(r"\b[01]\b", "#", line)))


def test_line_by_line_they_differ_only_in_order():
    assert len(LINES[0]) == len(LINES[1])
    for number, (here, there) in enumerate(zip(*LINES, strict=True), start=1):
        assert words(here) == words(there), f"line {number}: {here!r} beside {there!r}"
        indents = [len(line) - len(line.lstrip()) for line in (here, there)]
        assert indents[0] == indents[1], f"line {number}"


@pytest.mark.parametrize("side", LINES, ids=["column", "row"])
def test_every_line_fits_one_side_of_diff(side):
    assert [line for line in side if len(line) > WIDTH_OF_ONE_SIDE_OF_DIFF] == []
