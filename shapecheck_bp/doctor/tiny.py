"""Small numbers in a logarithm, as in log(A + 1e-9): what is saturated has another slope by them.

The gradients that people write are those of the cost without them. So a step that is wrong with
them is judged without them, too.

>>> import ast
>>> [ast.unparse(one) for one in tiny_in(ast.parse("J = -log(A + 1e-9) - rate * 1e-7"))]
['1e-09']
"""

import ast
import re
from collections.abc import Iterator
from typing import Any

from shapecheck_bp.doctor.edits import Change, found
from shapecheck_bp.doctor.guarding import CannotJudge
from shapecheck_bp.doctor.judging import Judge
from shapecheck_bp.doctor.writing import Maker
from shapecheck_bp.reading.sources import File, NotRead
from shapecheck_bp.reading.variants import name_of

LARGEST, AWAY = 1e-5, "1e-300"
AROUND = ("log", "log2", "log10", "clip", "maximum")
NAMED = re.compile(r"eps|tiny|small", re.IGNORECASE)


def without_tiny(judge: Judge) -> tuple[Judge, str]:
    """The step judged without them, where more is right then, and what is to be said of that."""
    step, program = judge.step, judge.step.program
    changes = [change for file in step.version.files.values() for change in _changes(file)]
    if not changes or not judge.has_own_cost:
        return judge, ""
    before = program.changes, step.version
    program.changes = (*program.changes, *changes)
    try:
        step.version = program.version()
        with step.held():
            other = judge.again()
    except (CannotJudge, SyntaxError, LookupError, NotRead, ArithmeticError):
        other = judge
    if other.has_own_cost and len(other.verdict.right) > len(judge.verdict.right):
        lines = ", ".join(str(line) for line in sorted({change.line for change in changes}))
        return other, f"That is without the small numbers of line {lines}: outputs are as small."
    program.changes, step.version = before
    return judge, ""


def _changes(file: File) -> Iterator[Change]:
    """The file's small numbers, each with a much smaller one in its place."""
    for node in tiny_in(file.tree):
        _, _, statement = found(file.tree, node.lineno)
        yield Maker(file, node.lineno, statement).expression("number", node, AWAY)


def tiny_in(tree: ast.AST) -> Iterator[Any]:
    """The small numbers that stand in a logarithm or a clip, or have a name that says so."""
    for part in ast.walk(tree):
        if isinstance(part, ast.Call) and name_of(part) in AROUND:
            yield from filter(_is_tiny, ast.walk(part))
        elif isinstance(part, ast.Assign) and NAMED.search(ast.unparse(part.targets[0])):
            yield from filter(_is_tiny, [part.value])
        elif isinstance(part, ast.arguments):
            names = [*part.posonlyargs, *part.args][-len(part.defaults) :] if part.defaults else []
            pairs = [
                *zip(names, part.defaults, strict=True),
                *zip(part.kwonlyargs, part.kw_defaults, strict=True),
            ]
            yield from (
                value for name, value in pairs if _is_tiny(value) and NAMED.search(name.arg)
            )


def _is_tiny(node: Any) -> bool:
    value = getattr(node, "value", None)
    return isinstance(node, ast.Constant) and type(value) is float and 0 < value <= LARGEST
