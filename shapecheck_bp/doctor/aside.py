"""What is set aside of a step that is wrong with it: small numbers in a logarithm, what is clipped.

By log(A + 1e-9) what is saturated has another slope, and people write the gradients of the cost
without it. A gradient that is clipped is no multiple of one any more.

>>> import ast
>>> [ast.unparse(one) for one in tiny_in(ast.parse("J = -log(A + 1e-9) - rate * 1e-7"))]
['1e-09']
"""

import ast
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np

from shapecheck_bp.doctor.edits import Change, found
from shapecheck_bp.doctor.judging import Judge
from shapecheck_bp.doctor.runs import Event, plus
from shapecheck_bp.doctor.writing import Maker
from shapecheck_bp.reading.sources import File
from shapecheck_bp.reading.variants import first_of, name_of

LARGEST, LARGEST_NAMED, AWAY = 1e-2, 1e-5, "1e-300"
AROUND = ("log", "log2", "log10", "clip", "maximum")
NAMED = re.compile(r"eps|tiny|small", re.IGNORECASE)


def set_aside(judge: Judge) -> tuple[Judge, str]:
    """The step judged without such things, where more is right then; and what is said of that."""
    step = judge.step
    files = step.version.files.values()
    tiny = [_put(file, node, AWAY) for file in files for node in tiny_in(file.tree)]
    with step.held():
        clips = [_put(file, node, ast.unparse(inner)) for file, node, inner in _clips(judge)]
    for changes, words in (
        (tiny, "That is without the small numbers of line {}, which its gradients have not."),
        (clips, "That is of the gradients before they are clipped, in line {}."),
        (tiny + clips if tiny and clips else [], "That is without what line {} clips or adds."),
    ):
        if changes and (judge.has_own_cost or changes is clips):
            other = _without(judge, changes)
            if other is not None:
                lines = sorted({change.line for change in changes})
                return other, words.format(", ".join(map(str, lines)))
    return judge, ""


def _without(judge: Judge, changes: list[Change]) -> Judge | None:
    """The step judged with these changes, which stay if more is right with them."""
    step, other = judge.step, judge
    with suppress(Exception), step.trying(*changes) as version:  # their code may raise anything
        other = judge.again()
    same = type(other.truth.watch) is type(judge.truth.watch)
    if not same or len(other.verdict.right) <= len(judge.verdict.right):
        return None
    step.program.changes, step.version = (*step.program.changes, *changes), version
    return other


def _put(file: File, node: Any, text: str) -> Change:
    _, _, statement = found(file.tree, node.lineno)
    return Maker(file, node.lineno, statement).expression("instead", node, text)


def tiny_in(tree: ast.AST) -> Iterator[Any]:
    """The small numbers that stand in a logarithm or a clip, or have a name that says so."""
    for part in ast.walk(tree):
        if isinstance(part, ast.Call) and name_of(part) in AROUND:
            yield from filter(_is_tiny, ast.walk(part))
        elif isinstance(part, ast.Assign) and NAMED.search(ast.unparse(part.targets[0])):
            yield from filter(_is_tiny_by_name, [part.value])
        elif isinstance(part, ast.arguments):
            names = [*part.posonlyargs, *part.args][-len(part.defaults) :] if part.defaults else []
            pairs = [
                *zip(names, part.defaults, strict=True),
                *zip(part.kwonlyargs, part.kw_defaults, strict=True),
            ]
            yield from (
                value for name, value in pairs if _is_tiny_by_name(value) and NAMED.search(name.arg)
            )


def _is_tiny(node: Any, most: float = LARGEST) -> bool:
    value = getattr(node, "value", None)
    return isinstance(node, ast.Constant) and type(value) is float and 0 < value <= most


def _is_tiny_by_name(node: Any) -> bool:
    return _is_tiny(node, LARGEST_NAMED)


def _clips(judge: Judge) -> Iterator[tuple[File, ast.expr, ast.expr]]:
    """The calls of clip that are of one parameter's gradient, by the first time, and what that is.

    An error that is clipped before it goes back makes gradients of something else.
    """
    known: set[int] = set()
    for event in judge.base.events:
        node = judge.sites[event.number].node
        if event.number in known or not isinstance(node, ast.Call) or name_of(node) != "clip":
            continue
        inner = first_of(node)
        known.add(event.number)
        if inner is not None and _is_of_one(judge, event):
            yield judge.sites[event.number].file, node, inner


def _is_of_one(judge: Judge, event: Event) -> bool:
    """Whether one parameter's claim moves with a value of its shape, and no other one's."""
    run = judge.step.run(exchange={event.key: plus(1e-3)}, keep=True)
    moved = judge.changed_claims(run)
    shapes = {np.shape(judge.base.before[path]) for path in moved}
    return len(moved) == 1 and shapes == {np.shape(event.value)}
