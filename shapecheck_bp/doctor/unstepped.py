"""A parameter that keeps its value, while its gradient is computed and used for nothing.

That of the inputs is often computed, too, and meant for nothing. So what has the length that all
data have, or stands with no parameter, is left alone.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np

from shapecheck_bp.doctor.arrays import Path, is_trainable, name_in, numbers, shown
from shapecheck_bp.doctor.claims import PARAMETERS, assigned
from shapecheck_bp.doctor.judging import Judge
from shapecheck_bp.doctor.naming import UNKNOWN
from shapecheck_bp.doctor.report import Finding
from shapecheck_bp.doctor.runs import Event, plus
from shapecheck_bp.doctor.usual import extents
from shapecheck_bp.doctor.verdicts import NOTHING, factor, multiple

MOST = 12


def unstepped(judge: Judge) -> list[Finding]:
    """The parameters that are not stepped, each with the line that computes its gradient."""
    if not any(claim.is_step for claim in judge.claims):
        return []
    found = (_of_parameter(judge, path) for path in islice(_kept(judge), MOST))
    return [one for one in found if one is not None]


def _of_parameter(judge: Judge, path: Path) -> Finding | None:
    """That its gradient is there, and nothing comes of it; None where it is used, or not there."""
    slopes = judge.truth.of_parameter(path, judge.base.before[path])
    if slopes is None or np.max(np.abs(slopes[1])) < NOTHING:
        return None
    unused = (pair for pair in _gradients(judge, path, *slopes) if _is_unused(judge, pair[0]))
    event, c = next(unused, (None, 0.0))
    if event is None:
        return None
    site, name = judge.sites[event.number], shown(path)
    words = f"is {multiple(c, name)}, and nothing comes of it: {name} is not stepped"
    return Finding(
        UNKNOWN,
        f"`{assigned(site)}` {words}",
        "likely",
        file=site.file.name,
        line=site.line,
        source=site.text,
        parameters=(name,),
    )


def _kept(judge: Judge) -> Iterator[Path]:
    """What may be a parameter by its name or its place, and has the same value afterwards."""
    base, claimed = judge.base, {claim.parameter for claim in judge.claims}
    boxes = {path[:-1] for path in claimed if len(path) > 1}
    objects = {(path[:-2], path[-1]) for path in claimed if len(path) > 2}  # of .W.data, say
    for path, value in base.before.items():
        same = path in base.after and np.array_equal(value, base.after[path])
        if path in claimed or not same or not is_trainable(value) or np.size(value) < 2:
            continue
        data = extents(base.before, claimed | {path})
        common = set.intersection(*data) if data else set()
        beside = path[:-1] in boxes or (path[:-2], path[-1]) in objects
        beside = beside and not {*np.shape(value)} & common
        if beside or PARAMETERS.match(name_in(path)):
            yield path


def _gradients(judge: Judge, path: Path, D: Any, s: Any) -> Iterator[tuple[Event, float]]:
    """What has a name behind the cost and is a parameter's gradient, by a usual factor."""
    shape = np.shape(numbers(judge.base.before[path]))
    for event in judge.base.events[judge.end + 1 :]:
        if np.shape(event.value) == shape and assigned(judge.sites[event.number]):
            c = factor(D @ np.ravel(event.value), s)
            if c is not None and judge.usual.has(c, "gradient"):
                yield event, c


def _is_unused(judge: Judge, event: Event) -> bool:
    """Whether nothing that is claimed moves with a value."""
    change = 1e-3 * np.random.default_rng(43).standard_normal(np.shape(event.value))
    run = judge.step.run(exchange={event.key: plus(change)}, keep=True)
    return run.error is None and not judge.changed_claims(run)
