"""Truth: how the cost of a person's own forward pass moves with its arrays.

The step is run again with an array changed along a direction and against it, which needs no
description of a network. The cost is a number that the code computes, or else a loss of what meets
the targets.
"""

from collections.abc import Callable, Iterable, Sequence
from copy import copy
from functools import cached_property
from typing import Any

import numpy as np

from shapecheck_bp.doctor.arrays import Path, numbers
from shapecheck_bp.doctor.program import Place, Version
from shapecheck_bp.doctor.runs import Key, Run, plus
from shapecheck_bp.doctor.steps import Step

OF_PARAMETERS, OF_OTHERS, ALL = (60, 12), (6, 6), (60, 6)
"""Up to which size all slopes are measured, and else along how many directions."""
H, SMALLER = 1e-5, 0.02
BEND = 1e-4
"""By which part of the largest slope it may be another on both sides where there is no kink."""
Slopes = tuple[Any, Any]
"""Directions, a row each, and the slope of the cost along each."""


Law = Callable[[Any, Any], Any]
LOSSES: dict[str, tuple[str, Law]] = {
    "squared_error": ("half the squared error", lambda a, y: a - y),
    "log_loss": ("the log loss", lambda a, y: (1 - y) / (1 - a) - y / a),
    "cross_entropy": ("the cross-entropy", lambda a, y: -y / a),
}
"""The losses that are tried, by their slopes."""


def slope_of(loss: Callable[[Any, Any], Any]) -> Law:
    """The slope of any loss.

    >>> slope_of(lambda a, y: np.sum((a - y) ** 2))(np.array([2.0, 3.0]), 1.0).round(6)
    array([2., 4.])
    """

    def slope(a: Any, y: Any) -> Any:
        steps = H * np.eye(np.size(a)).reshape(-1, *np.shape(a))
        found = [(loss(a + step, y) - loss(a - step, y)) / (2 * H) for step in steps]
        return np.reshape([float(one) for one in found], np.shape(a))

    return slope


class OwnCost:
    """A number that the code itself computes."""

    def __init__(
        self, place: Place, time: int, words: str, is_named: bool = False, is_margin: bool = False
    ) -> None:
        """Where, which time that is met, and whether its name says that it is a cost.

        A margin, as y (w x + b), is what steps go up.
        """
        self.place, self.time, self.words = place, time, words
        self.is_named, self.is_margin = is_named, is_margin
        self.numbers: list[int] = []
        self.found: float | None = None

    def at(self, base: Run, version: Version) -> "OwnCost":
        """The same: it is computed in every run."""
        return self

    def begin(self, version: Version) -> None:
        """Begin a run of a version."""
        self.numbers, self.found = [version.numbers.get(self.place, -1)], None

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
    """A loss of what meets the targets in one expression, over all times that this is met.

    It is a sum of the output's entries, each times the slope that the loss has there at first.
    """

    def __init__(
        self, places: Sequence[Place], turned: bool, law: Law, words: str, is_sum: bool = False
    ) -> None:
        """The places of the difference and of its sides; turned where the targets are first."""
        self.difference, *sides = places
        self.output, self.targets = sides[::-1] if turned else sides
        self.turned, self.law, self.words = turned, law, words
        self.is_sum = is_sum
        """Whether they are added, which is no error of anything."""
        self.changed: tuple[Place, int] | None = None
        """Where the slopes are instead, if something is done to the error; and in which order."""
        self.weights: Any = None
        self.numbers: list[int] = []
        self.seen: list[Any] = []
        self.left = 0

    def at(self, base: Run, version: Version) -> "Meeting":
        """The same, with the slopes that it has in a run."""
        values: dict[int, list[Any]] = {}
        for event in base.events:
            values.setdefault(event.number, []).append(np.asarray(event.value, float))
        A, Y = (values.get(version.numbers.get(one, -1), []) for one in (self.output, self.targets))
        slopes = [self.law(a, y) for a, y in zip(A, Y, strict=False)]
        if self.changed is not None:
            place, order = self.changed
            sign = -1 if self.turned else 1
            slopes = [
                sign * value for value in values.get(version.numbers.get(place, -1), [])[::order]
            ]
        other = copy(self)
        other.weights = np.concatenate([np.ravel(value) for value in slopes or [np.empty(0)]])
        return other

    def begin(self, version: Version) -> None:
        """Begin a run of a version."""
        self.numbers = [version.numbers.get(place, -1) for place in (self.difference, self.output)]
        self.seen, self.left = [], int(np.size(self.weights))

    def see(self, number: int, _: int, value: Any) -> bool:
        """Look at a value."""
        if number == self.numbers[1]:
            self.seen.append(np.array(value, float).reshape(-1))
            self.left -= self.seen[-1].size
        return self.left <= 0

    def value(self) -> float | None:
        """The cost, if it came."""
        seen = np.concatenate(self.seen) if self.seen else np.empty(0)
        return float(self.weights @ seen) if seen.size == self.weights.size else None


Watching = OwnCost | Meeting


class Truth:
    """The cost that was chosen, and its slopes."""

    def __init__(self, step: Step, watch: Watching, version: Version | None = None) -> None:
        """Of a step; in a version of it where the cost is noted."""
        self.step, self.watch = step, watch
        self.version = self.noting(()) if version is None else version
        self.h = H
        self.bent: set[Path] = set()
        """The parameters along which a kink may lie between the two points."""
        self.is_bent = False
        self.directions: dict[tuple[int, int], Any] = {}

    @cached_property
    def start(self) -> float | None:
        """The cost with nothing changed."""
        return self.cost()

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
        h, found, bend = self.h * max(1.0, scale), [], 0.0
        start, self.is_bent = self.start or 0.0, False
        with self.step.held(self.version):
            for d in D:
                up = self.cost(**changed(h * d.reshape(shape)))
                down = self.cost(**changed(-h * d.reshape(shape)))
                if up is None or down is None:
                    return None
                found.append((up - down) / (2 * h))
                bend = max(bend, abs(up - 2 * start + down) / (2 * h))
        self.is_bent = bend > BEND * np.max(np.abs(found), initial=0.0)
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

    def of_parameter(self, path: Path, value: Any, moves: bool = True) -> Slopes | None:
        """Those of an array of the state; without a run where the cost does not move with it."""
        array = numbers(value)
        if not moves:
            D = self._directions(array.size, *OF_PARAMETERS)
            return D, np.zeros(len(D))
        scale = float(np.max(np.abs(array), initial=0))
        found = self.slopes(array.shape, scale, lambda d: {"change": {path: d}}, OF_PARAMETERS)
        if self.is_bent:
            self.bent.add(path)
        return found

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
