"""What is set aside of a step that is wrong with it: small numbers in a logarithm, what is clipped.

By log(A + 1e-9) what is saturated has another slope, and people write the gradients of the cost
without it. A gradient that is clipped is no multiple of one any more. Gradients that are shortened
by a norm of all of them are wrong alike where one is, so that no line stands out.

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

from shapecheck_bp.doctor import edits
from shapecheck_bp.doctor.edits import Change
from shapecheck_bp.doctor.judging import Judge
from shapecheck_bp.doctor.norms import norm_of_all
from shapecheck_bp.doctor.program import Version
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
    found = []
    for changes, words in (
        (tiny, "That is without the small numbers of line {}, which its gradients have not."),
        (clips, "That is of the gradients before they are clipped, in line {}."),
        (tiny + clips if tiny and clips else [], "That is without what line {} clips or adds."),
    ):
        if changes and (judge.has_own_cost or changes is clips):
            other = _without(judge, changes)
            if other is not None and other[0].verdict.right > judge.verdict.right:
                found.append((other, changes, words))
    if found:
        best, changes, words = max(found, key=lambda one: len(one[0][0].verdict.right))
        lines = sorted({change.line for change in changes})
        return _kept(*best, changes), words.format(", ".join(map(str, lines)))
    with step.held():
        norm = norm_of_all(judge)
    if norm is None:
        return judge, ""
    # What it is made of stays: a closure without a name that it had is another one.
    away = _put(norm.file, norm.node, f"(1.0, {norm.text})[0]")
    scaled = _without(judge, [away])
    if scaled is None or not scaled[0].verdict.right >= judge.verdict.right:
        return judge, ""
    words = f"`{norm.text}` of line {norm.line}, by which all gradients are scaled."
    return _kept(*scaled, [away]), f"That is without {words}"


def _without(judge: Judge, changes: list[Change]) -> tuple[Judge, Version] | None:
    """The step judged with these changes, and the version of it that it then is."""
    other = None
    with suppress(Exception), judge.step.trying(*changes) as version:  # it may raise anything
        other = judge.again()
    if other is None or type(other.truth.watch) is not type(judge.truth.watch):
        return None
    return other, version


def _kept(judge: Judge, version: Version, changes: list[Change]) -> Judge:
    """A judge whose changes of the program stay."""
    judge.step.keep(version, *changes)
    return judge


def _put(file: File, node: Any, text: str) -> Change:
    _, _, statement = edits.found(file.tree, node.lineno)
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
