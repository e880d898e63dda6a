"""A number that is made of all gradients, and by which each of them is scaled, as by their norm.

Where one gradient is wrong all are shortened by another number then, and no line stands out.
"""

import ast
from functools import partial

import numpy as np

from shapecheck_bp.doctor.judging import Judge
from shapecheck_bp.doctor.runs import Event, Exchange, Run, instead, plus
from shapecheck_bp.doctor.verdicts import NOTHING, close, factor
from shapecheck_bp.reading.instrument import Site

MOST_NORMS, MOST_GRADIENTS, SCALED = 12, 40, 1e-6


def norm_of_all(judge: Judge) -> Site | None:
    """The last number by which a change of one gradient scales all claims alike.

    An error scales all of them, too; but it does not come of any gradient.
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
            return judge.sites[events[0].number]
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
