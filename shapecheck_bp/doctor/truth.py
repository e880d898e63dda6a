"""Truth: how the cost of a person's own forward pass moves with its arrays.

The step is run again with an array changed along a direction and against it, which needs no
description of a network. The cost is a number that the code computes, or else a loss of what meets
the targets.
"""

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np

from shapecheck_bp.doctor.arrays import Path, is_floats, numbers, shown
from shapecheck_bp.doctor.claims import Claim, assigned, is_gradient
from shapecheck_bp.doctor.program import Place, Version, place_of
from shapecheck_bp.doctor.steps import Key, Run, Step, plus

LEAVES = (ast.Name, ast.Attribute, ast.Subscript, ast.Constant)
OF_PARAMETERS, OF_OTHERS, ALL = (60, 12), (6, 6), (60, 6)
"""Up to which size all slopes are measured, and else along how many directions."""
H, SMALLER = 1e-5, 0.02
Slopes = tuple[Any, Any]
"""Directions, a row each, and the slope of the cost along each."""


def _log(x: Any) -> Any:
    return np.log(np.maximum(x, 1e-300))


LOSSES: dict[str, tuple[str, Callable[[Any, Any], Any]]] = {
    "squared_error": ("half the squared error", lambda a, y: 0.5 * np.sum((a - y) ** 2)),
    "log_loss": ("the log loss", lambda a, y: -np.sum(y * _log(a) + (1 - y) * _log(1 - a))),
    "cross_entropy": ("the cross-entropy", lambda a, y: -np.sum(y * _log(a))),
}


class OwnCost:
    """A number that the code itself computes."""

    def __init__(self, place: Place, time: int, words: str) -> None:
        """Where, and which time that is met."""
        self.place, self.time, self.words = place, time, words
        self.numbers: list[int] = []
        self.found: float | None = None

    def begin(self, version: Version) -> None:
        """Begin a run of a version."""
        self.numbers, self.found = [_number(version, self.place)], None

    def see(self, number: int, time: int, value: Any) -> bool:
        """Look at a value."""
        if number == self.numbers[0] and time == self.time:
            self.found = float(np.reshape(value, -1)[0])
            return True
        return False

    def value(self) -> float | None:
        """The cost, if it came."""
        return self.found


class Meeting:
    """A loss of what meets the targets in one expression, over all times that this is met."""

    def __init__(
        self, places: Sequence[Place], turned: bool, times: int, loss: Any, words: str
    ) -> None:
        """The places of the difference and of its sides; turned where the targets are first."""
        self.places, self.turned, self.times = places, turned, times
        self.loss, self.words = loss, words
        self.is_sum = False
        """Whether they are added, which is no error of anything."""
        self.numbers: list[int] = []
        self.sides: dict[int, Any] = {}
        self.pairs: list[tuple[Any, Any]] = []

    def begin(self, version: Version) -> None:
        """Begin a run of a version."""
        self.numbers = [_number(version, place) for place in self.places]
        self.sides, self.pairs = {}, []

    def see(self, number: int, _: int, value: Any) -> bool:
        """Look at a value."""
        whole, left, right = self.numbers
        if number in (left, right):
            self.sides[number] = np.array(value, float)
        if number == whole:
            pair = self.sides.get(left), self.sides.get(right)
            self.pairs.append(pair[::-1] if self.turned else pair)
            return len(self.pairs) == self.times
        return False

    def value(self) -> float | None:
        """The cost, if it came."""
        if len(self.pairs) != self.times or any(a is None or y is None for a, y in self.pairs):
            return None
        return float(sum(self.loss(a, y) for a, y in self.pairs))


def _number(version: Version, place: Place) -> int:
    found = version.numbers.get(place)
    if found is None:  # something else in its line is written otherwise
        same = [
            p
            for p in version.numbers
            if (p[0], p[1], p[3], p[5]) == (place[0], place[1], place[3], place[5])
        ]
        same = [p for p in same if p[2] == place[2]] or same
        found = version.numbers[same[0]] if same else -1
    return found


Watching = OwnCost | Meeting


class Truth:
    """The cost that was chosen, and its slopes."""

    def __init__(self, step: Step, watch: Watching, version: Version | None = None) -> None:
        """Of a step; in a version of it where the cost is noted."""
        self.step, self.watch = step, watch
        self.version = self.noting(()) if version is None else version
        self.h = H
        self.directions: dict[tuple[int, int], Any] = {}

    def noting(self, also: Iterable[int]) -> Version:
        """The step's version, of which only the cost is noted, and these."""
        self.watch.begin(self.step.version)
        return self.step.program.noting(self.step.version, {*self.watch.numbers, *also})

    def cost(self, **changes: Any) -> float | None:
        """The cost with something changed, or None where it does not come to one."""
        with self.step.held(self.version):
            self.step.run(watch=self.watch, **changes)
        J = self.watch.value()
        return J if J is not None and np.isfinite(J) else None

    def slopes(
        self, shape: Any, scale: float, changed: Callable[[Any], Any], most: tuple[int, int]
    ) -> Slopes | None:
        """Those along the axes where there are few, else along random directions of length one.

        A long direction would cross the kinks of relu, and give a false alarm.
        """
        D = self._directions(int(np.prod(shape, dtype=int)), *most)
        h, found = self.h * max(1.0, scale), []
        for d in D:
            up = self.cost(**changed(h * d.reshape(shape)))
            down = self.cost(**changed(-h * d.reshape(shape)))
            if up is None or down is None:
                return None
            found.append((up - down) / (2 * h))
        return D, np.array(found)

    def _directions(self, size: int, whole: int, count: int) -> Any:
        """The same for all arrays of a size."""
        if (size, whole) not in self.directions:
            if size <= whole:
                D = np.eye(size)
            else:
                D = np.random.default_rng(7).standard_normal((count, size))
                D /= np.linalg.norm(D, axis=1, keepdims=True)
            self.directions[size, whole] = D
        return self.directions[size, whole]

    def of_parameter(self, path: Path, value: Any) -> Slopes | None:
        """Those of an array of the state."""
        array = numbers(value)
        scale = float(np.max(np.abs(array), initial=0))
        return self.slopes(array.shape, scale, lambda d: {"change": {path: d}}, OF_PARAMETERS)

    def of_event(self, key: Key, value: Any, most: tuple[int, int]) -> Slopes | None:
        """Those of what an expression came to."""
        scale = float(np.max(np.abs(value), initial=0))
        return self.slopes(np.shape(value), scale, lambda d: {"exchange": {key: plus(d)}}, most)


def differing(run: Run, other: Run) -> set[Key]:
    """The expressions that come to other values in another run."""
    known = {event.key: event.value for event in run.events}
    return {
        event.key
        for event in other.events
        if event.key not in known
        or np.shape(known[event.key]) != np.shape(event.value)
        or not np.array_equal(known[event.key], event.value)
    }


def costs(
    step: Step, base: Run, claims: Sequence[Claim], moved: dict[Path, set[Key]], loss: Any = None
) -> list[Watching]:
    """What may be the cost, likeliest first: numbers of the code's own, or losses.

    ``moved`` has, for each parameter, the expressions that move with it.
    """
    own = [] if loss is not None else _own(step, base, claims, moved)
    if own:
        return own
    for single, kind in ((False, ast.Sub), (True, ast.Sub), (False, ast.Add)):
        found = _meetings(step, base, claims, moved, loss, single, kind)
        if found:
            return [*found]
    return []


def _own(
    step: Step, base: Run, claims: Sequence[Claim], moved: dict[Path, set[Key]]
) -> list[Watching]:
    """Numbers that move with most parameters, go into no array and come before the step."""
    sites = step.version.sites
    numbers_of = {
        event.key: sum(event.key in keys for keys in moved.values())
        for event in base.events
        if np.ndim(event.value) == 0 and not isinstance(event.value, int)
    }
    moving = set().union(*moved.values())
    stepped = {id(claim.thing(base)) for claim in claims}
    values = [claim.value(base) for claim in claims]
    claimed = {float(value) for value in values if value is not None and np.ndim(value) == 0}
    found = [
        event.key
        for event in base.events
        if numbers_of.get(event.key)
        and float(event.value) not in claimed
        and not is_gradient(assigned(sites[event.number]))
        and id(event.thing) not in stepped
        and not _is_error(sites[event.number], {number for number, _ in moving}, base)
    ]
    arrays_at = {event.number for event in base.events if np.ndim(event.value)}
    around = around_each(step.version)
    swallowed = {n for n in {n for n, _ in found} if any(p in arrays_at for p in _above(n, around))}
    by_key = {event.key: event for event in base.events}
    eaten = {float(by_key[key].value) for key in found if key[0] in swallowed}
    found = [k for k in found if k[0] not in swallowed and float(by_key[k].value) not in eaten]
    most = max((numbers_of[key] for key in found), default=0)
    found = [key for key in found if numbers_of[key] == most and 2 * most >= len(moved)]
    found = [
        key
        for key in found
        if not any(
            other[0] == around.get(key[0]) and by_key[other].at > by_key[key].at for other in found
        )
    ]
    found = [key for key in found if not _is_a_part(key, sites[key[0]], by_key)]
    found = [*{round(float(by_key[key].value), 14): key for key in reversed(found)}.values()]
    if any(is_floats(base.before[path]) for path in moved):
        found = [
            k
            for k in found
            if any(w in assigned(sites[k[0]]).lower() for w in ("loss", "cost", "err"))
        ]
    late = _after_the_step(step, base, claims) if found else set()
    found = sorted((key for key in found if key not in late), key=lambda key: -by_key[key].at)
    ends = (key for key in found[:20] if not _goes_on(step, base, key))
    return [
        OwnCost(place_of(sites[n]), time, _cost_in_words(sites[n])) for n, time in islice(ends, 4)
    ]


def _is_a_part(key: Key, site: Any, by_key: Mapping[Key, Any]) -> bool:
    """Whether a sum goes on after this: J += of one example, and then of the next."""
    later = by_key.get((key[0], key[1] + 1))
    adds = isinstance(site.node, ast.AugAssign) or (
        bool(assigned(site)) and assigned(site) in _names_in(site.node)
    )
    return adds and later is not None and abs(later.value) >= abs(by_key[key].value)


def _names_in(node: ast.AST) -> set[str]:
    return {ast.unparse(part) for part in ast.walk(node) if isinstance(part, ast.Name)}


def _goes_on(step: Step, base: Run, key: Key) -> bool:
    """Whether an array depends on a number, as none does on a cost."""
    run = step.run(exchange={key: plus(1e-3)}, keep=True)
    known: dict[Key, Any] = {event.key: event.value for event in base.events}
    return any(
        np.ndim(event.value) and not np.array_equal(known.get(event.key, ()), event.value)
        for event in run.events
    )


def _is_error(site: Any, moving: set[int], base: Run) -> bool:
    """Whether it is an output less its target, an array's entry, or steps what is in the state."""
    node, statement = site.node, site.statement
    targets = getattr(statement, "targets", [getattr(statement, "target", None)])
    if any(isinstance(target, ast.Subscript) and _is_place(target) for target in targets):
        return True
    if isinstance(node, ast.Subscript) and _is_place(node):
        return True
    if isinstance(statement, ast.AugAssign) and isinstance(statement.op, ast.Sub):
        return ast.unparse(statement.target) in {shown(path) for path in base.before}
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Sub):
        return False
    inside = [site.inside.get(id(side)) for side in (node.left, node.right)]
    moves = [one is not None and one.number in moving for one in inside]
    return moves[0] != moves[1] and all(
        isinstance(side, LEAVES) for side in (node.left, node.right)
    )


def _is_place(node: ast.Subscript) -> bool:
    """Whether this is an entry of an array, and not of a dictionary."""
    return not (isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str))


def _cost_in_words(site: Any) -> str:
    name = assigned(site)
    return f"its own cost, {name or site.text} (line {site.line})"


def around_each(version: Version) -> dict[int, int]:
    """For each site the one that it stands in."""
    return {
        inner.number: site.number
        for site in version.sites.values()
        for inner in site.inside.values()
    }


def _above(number: int, around: dict[int, int]) -> Iterator[int]:
    while number in around:
        number = around[number]
        yield number


def _after_the_step(step: Step, base: Run, claims: Sequence[Claim]) -> set[Key]:
    """What moves with the new value of a parameter."""
    new = {
        id(base.after[claim.path]) for claim in claims if claim.is_step and claim.path in base.after
    }
    for event in base.events:
        node = step.version.sites[event.number].node
        if id(event.thing) in new and not isinstance(
            node, ast.Name | ast.Attribute | ast.Subscript
        ):
            change = 1e-4 * np.random.default_rng(3).standard_normal(np.shape(event.value))
            if event.value.dtype.kind == "f":
                moved = step.run(exchange={event.key: plus(change)}, keep=True)
                return differing(base, moved)
    return set()


def _meetings(
    step: Step,
    base: Run,
    claims: Sequence[Claim],
    moved: dict[Path, set[Key]],
    loss: Any,
    single: bool,
    kind: type[ast.operator],
) -> Sequence[Watching]:
    """Losses of what first meets something that no parameter moves."""
    sites = step.version.sites
    moving = set().union(*moved.values())
    values = {event.key: event.value for event in base.events}
    single = single or any(is_floats(base.before[path]) for path in moved)
    new = {id(claim.thing(base)) for claim in claims if claim.is_step}
    parameters = {e.key for e in base.events if base.starts.get(id(e.thing)) in moved}
    for event in base.events:
        node = sites[event.number].node
        if not isinstance(node, ast.BinOp) or not isinstance(node.op, kind):
            continue
        inside = sites[event.number].inside
        pair = [inside[id(side)] for side in (node.left, node.right) if id(side) in inside]
        keys = [(site.number, 0) for site in pair]
        if len(keys) < 2 or any(key not in values for key in keys):
            continue
        moves = [key in moving for key in keys]
        shapes = {np.shape(values[key]) for key in keys}
        if moves[0] == moves[1] or len(shapes) > 1 or (shapes == {()} and not single):
            continue
        if id(event.thing) in new or keys[moves.index(True)] in parameters:
            continue  # a step, and no error
        places = [place_of(sites[event.number]), *(place_of(site) for site in pair)]
        times = sum(other.number == event.number for other in base.events)
        A, _ = pair[::-1] if moves[1] else pair
        made: list[Meeting] = []
        for name, (words, law) in LOSSES.items():
            if loss is None or loss == name:
                words = f"{words} of {A.text} (line {A.line})"
                made.append(Meeting(places, moves[1], times, law, words))
        if callable(loss):
            words = f"{getattr(loss, '__name__', 'the loss')} of {A.text} (line {A.line})"
            made.append(Meeting(places, moves[1], times, loss, words))
        for one in made:
            one.is_sum = kind is ast.Add
        return made
    return []
