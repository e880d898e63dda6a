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
from functools import partial
from typing import Any

import numpy as np

from shapecheck_bp.doctor import edits
from shapecheck_bp.doctor.edits import Change
from shapecheck_bp.doctor.judging import Judge
from shapecheck_bp.doctor.program import Version
from shapecheck_bp.doctor.runs import Event, Exchange, Run, instead, plus
from shapecheck_bp.doctor.verdicts import NOTHING, close, factor
from shapecheck_bp.doctor.writing import Maker
from shapecheck_bp.reading.sources import File
from shapecheck_bp.reading.variants import first_of, name_of

LARGEST, LARGEST_NAMED, AWAY = 1e-2, 1e-5, "1e-300"
MOST_NORMS, MOST_GRADIENTS, SCALED = 12, 40, 1e-6
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
        return _kept(best, changes), words.format(", ".join(map(str, lines)))
    with step.held():
        norm = _norm(judge)
    scaled = None if norm is None else _without(judge, [norm])
    if norm is None or scaled is None or not scaled[0].verdict.right >= judge.verdict.right:
        return judge, ""
    words = f"`{ast.unparse(norm.node)}` of line {norm.line}, by which all gradients are scaled."
    return _kept(scaled, [norm]), f"That is without {words}"


def _without(judge: Judge, changes: list[Change]) -> tuple[Judge, Version] | None:
    """The step judged with these changes, and the version of it that it then is."""
    other = None
    with suppress(Exception), judge.step.trying(*changes) as version:  # it may raise anything
        other = judge.again()
    if other is None or type(other.truth.watch) is not type(judge.truth.watch):
        return None
    return other, version


def _kept(found: tuple[Judge, Version], changes: list[Change]) -> Judge:
    """A judge whose changes of the program stay."""
    judge, version = found
    program = judge.step.program
    program.changes, judge.step.version = (*program.changes, *changes), version
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


def _norm(judge: Judge) -> Change | None:
    """The last number by which a change of one gradient scales all claims alike, away.

    As with gradients that are shortened by their norm. An error scales all of them, too; but it
    does not come of any gradient.
    """
    end = judge.end
    behind = [event for event in judge.base.events if event.at > end]
    numbers: dict[int, list[Event]] = {}
    for event in behind:
        if isinstance(event.value, float | np.floating):
            numbers.setdefault(event.number, []).append(event)
    for events in [*filter(partial(_is_of_all, judge), numbers.values())][: -MOST_NORMS - 1 : -1]:
        more, as_it_is = (
            dict.fromkeys((event.key for event in events), change)
            for change in (plus(1e-3 * events[0].value), instead(events[0].value))
        )
        before = {e.number: e for e in behind if e.at < events[0].at and np.ndim(e.value)}
        gradients = [*before.values()][-MOST_GRADIENTS:]
        if _scales(judge, judge.step.run(exchange=more)) and any(
            _frees(judge, event, as_it_is) for event in gradients
        ):
            site = judge.sites[events[0].number]
            # What it is made of stays: a closure without a name that it had is another one.
            return _put(site.file, site.node, f"(1.0, {site.text})[0]")
    return None


def _is_of_all(judge: Judge, events: list[Event]) -> bool:
    """Whether a number is computed of all gradients, and is no rate times one that is."""
    first = events[0]
    node = judge.sites[first.number].node
    inside = {site.number for site in judge.sites[first.number].inside.values()}
    parts = [event for event in judge.base.events if event.number in inside]
    rated = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult)
    rated = rated and any(event.key not in judge.moving for event in parts)
    return (
        isinstance(node, ast.BinOp | ast.Call)
        and not rated
        and all(event.value == first.value for event in events)
        and all(first.key in judge.moved[path] for path in judge.params)
    )


def _scales(judge: Judge, run: Run) -> bool:
    """Whether all that is claimed in a run is the same multiple of what was claimed."""
    found = []
    for claim in judge.claims:
        was, now = (claim.value(one) for one in (judge.base, run))
        if was is None or now is None or np.shape(was) != np.shape(now):
            return False
        if judge.verdict.factors[claim.group][1] == "new":
            was, now = (v - r.before[claim.parameter] for v, r in ((was, judge.base), (now, run)))
        found += [factor(now, was)] if np.max(np.abs(was)) > NOTHING else []
    known = [c for c in found if c is not None and abs(c - 1) > SCALED]
    return len(known) == len(found) and all(close(c, known[0]) for c in known)


def _frees(judge: Judge, event: Event, as_it_is: Exchange) -> bool:
    """Whether a gradient changes all claims, and with a number as it is only some."""
    change = {event.key: plus(1e-3 * (1 + np.abs(event.value)))}
    runs = [judge.step.run(exchange=one) for one in (change, {**as_it_is, **change})]
    if any(run.error is not None for run in runs):
        return False
    together, alone = map(judge.changed_claims, runs)
    return together == {*judge.params} and set() < alone < together
