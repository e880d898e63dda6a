"""A loss whose error is changed before it goes back: clipped, masked, or weighed by the example.

Where nothing fits a loss of what meets the targets, the error may have been changed entry by entry
on its way. What comes of the error alone, and of nothing else that moves with the parameters, is
taken for the slope of the loss that is meant.
"""

from collections.abc import Iterator
from copy import copy
from functools import partial
from typing import Any

import numpy as np

from shapecheck_bp.doctor.arrays import Path, numbers
from shapecheck_bp.doctor.program import place_of
from shapecheck_bp.doctor.runs import Event, Run, instead, plus
from shapecheck_bp.doctor.steps import Step
from shapecheck_bp.doctor.truth import Meeting, Truth, differing
from shapecheck_bp.doctor.verdicts import TOLERANCE, factor

MOST = 12
DIRECTIONS = (0, 2)  # two, whatever the size


def weighed(
    step: Step, base: Run, moving: set[Any], paths: list[Path], watch: Meeting
) -> Iterator[Meeting]:
    """The losses that a loss may have become, of the output, or of what it is computed from."""
    watch = watch.at(base, step.version)
    watch.begin(step.version)
    met = [event for event in base.events if event.number == watch.numbers[0]]
    error = _joined(met) * (-1 if watch.turned else 1)
    changed = [*_of_it_alone(step, base, paths, met)]
    if not changed or not np.any(error):
        return
    output = _output(step, base, moving, watch, met, error)
    if output is None:
        return
    sites, (events, order) = step.version.sites, output
    for some in changed[-MOST:]:
        slopes = _joined(some)
        if factor(slopes, error) is None and _is_by_entries(step, met, some):
            first, site = sites[events[0].number], sites[some[0].number]
            other = copy(watch)
            other.words = f"{watch.words}, as it is changed in line {site.line}"
            other.output, other.changed = place_of(first), (place_of(site), order)
            yield other


def _joined(events: list[Event]) -> Any:
    return np.concatenate([np.ravel(event.value).astype(float) for event in events])


def _by_site(events: Iterator[Event], size: int) -> list[list[Event]]:
    """Arrays of floats by the expressions that they are of, those of a size in all."""
    found: dict[int, list[Event]] = {}
    for event in events:
        if np.asarray(event.value).dtype.kind == "f":
            found.setdefault(event.number, []).append(event)
    return [some for some in found.values() if sum(np.size(one.value) for one in some) == size]


def _of_it_alone(
    step: Step, base: Run, paths: list[Path], met: list[Event]
) -> Iterator[list[Event]]:
    """What moves with the parameters, and no longer where the error is held.

    They are moved far: the slope of a relu moves, too, if some of its entries change their sign.
    """
    random = np.random.default_rng(31)
    change = {p: random.standard_normal(np.shape(numbers(base.before[p]))) for p in paths}
    free = differing(base, step.run(change=change, keep=True))
    hold = {event.key: instead(event.value) for event in met}
    held = differing(base, step.run(change=change, exchange=hold, keep=True))
    keys = free - held - hold.keys()
    size = sum(np.size(event.value) for event in met)
    behind = (event for event in base.events if event.at > met[0].at)
    for some in _by_site(behind, size):
        if all(event.key in keys for event in some):
            yield some


def _output(
    step: Step, base: Run, moving: set[Any], watch: Meeting, met: list[Event], error: Any
) -> tuple[list[Event], int] | None:
    """The array of which the error is the slope by this loss, and in which order it is met."""
    before = (event for event in base.events if event.key in moving and event.at <= met[-1].at)
    found = [some for some in _by_site(before, error.size) if len(some) == len(met)]
    found = [some for some in found if some[0].number != met[0].number][-MOST:]
    truth = Truth(step, watch)
    truth.version = truth.noting({some[0].number for some in found})
    for some in reversed(found):
        changed = partial(_added, some)
        slopes = truth.slopes((error.size,), 1.0, changed, DIRECTIONS)
        if slopes is None:
            continue
        for order in (1, -1):
            pieces = [np.ravel(event.value) for event in met][::order]
            wanted = slopes[0] @ np.concatenate(pieces) * (-1 if watch.turned else 1)
            if np.allclose(slopes[1], wanted, rtol=TOLERANCE):
                return some, order
    return None


def _added(events: list[Event], change: Any) -> dict[str, Any]:
    """How to run a step with its part of a flat change added to each of these values."""
    ends = np.cumsum([np.size(event.value) for event in events])[:-1]
    parts = zip(events, np.split(change, ends), strict=True)
    added = {event.key: plus(part.reshape(np.shape(event.value))) for event, part in parts}
    return {"exchange": added}


def _is_by_entries(step: Step, met: list[Event], some: list[Event]) -> bool:
    """Whether every entry comes of that entry of the error, and of no other one."""
    chosen = np.random.default_rng(41).random(sum(np.size(event.value) for event in met)) < 0.5
    run = step.run(keep=True, **_added(met, 1e-4 * chosen))
    numbers_of = {event.number for event in some}
    moved = [event for event in run.events if event.number in numbers_of]
    if len(moved) != len(some):
        return False
    return not np.any((_joined(moved) != _joined(some)) & ~chosen)
