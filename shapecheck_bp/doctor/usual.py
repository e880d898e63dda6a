"""Factors by which a claim may be a gradient: a learning rate, 2, a half, a number of examples."""

import ast
from collections.abc import Container, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from shapecheck_bp.doctor.arrays import Path
from shapecheck_bp.doctor.runs import Key, Run
from shapecheck_bp.doctor.steps import Step
from shapecheck_bp.reading.variants import name_of


class Usual:
    """What is usual of a step: numbers of the program, times 1, 2, a half, or of examples."""

    def __init__(
        self, step: Step, base: Run, params: Mapping[Path, Any], moving: set[Key], end: int
    ) -> None:
        """Of its parameters, what moves with them, and where among its events the cost is met."""
        self.step, self.base, self.moving, self.end = step, base, moving, end
        self.params = {*params}
        self.known: dict[str, set[float]] = {}

    def has(self, c: float, mode: str) -> bool:
        """Whether a factor is usual of a step, of a gradient, or of a new value."""
        return any(abs(abs(c) - one) <= 5e-4 * abs(c) for one in self.factors(mode))

    def is_exact(self, c: float, mode: str) -> bool:
        """Whether a factor is one for a gradient, and a learning rate itself for a step."""
        exact = {1.0} if mode == "gradient" else self.rates - {1.0}
        return any(abs(abs(c) - one) <= 5e-4 * one for one in exact)

    def factors(self, mode: str) -> set[float]:
        """All usual ones, without their signs."""
        if mode not in self.known:
            rates = {1.0} if mode == "gradient" else self.rates | {1.0}
            times = {1.0, 2.0, 0.5} | {
                k * n for m in self.counts for n in (m, 1 / m) for k in (1, 2, 0.5)
            }
            times |= {self.step.taken / n for n in self.larger}
            self.known[mode] = {rate * one for rate in rates for one in times}
        return self.known[mode]

    @cached_property
    def rates(self) -> set[float]:
        """Numbers of the program that may be a learning rate, or what shortens a step besides."""
        found = {
            abs(float(v)) for v in self.base.before.values() if isinstance(v, float | np.floating)
        }
        for event in self.base.events:
            if isinstance(event.value, float | int) and event.key not in self.moving:
                found.add(abs(float(event.value)))
        found |= self.step.program.floats
        shares = {
            abs(float(event.value))
            for event in self.base.events
            if event.at > self.end and event.key in self.moving and _is_share(event.value)
        }
        return (found | {rate * share for rate in found | {1.0} for share in shares}) - {0.0}

    @cached_property
    def larger(self) -> set[int]:
        """Of a step of few examples, what may be the size of a batch: by that it divides, too."""
        numbers = {event.value for event in self.base.events if type(event.value) is int}
        return {n for n in numbers if n > self.step.taken} if self.step.taken else set()

    @cached_property
    def counts(self) -> list[int]:
        """Numbers of examples: the lengths that all data have in common."""
        data = extents(self.base.before, self.params)
        shared = set.intersection(*data) if data else set()
        found = shared or set().union(*data)
        entries = {
            np.size(value)
            for path, value in self.base.before.items()
            if isinstance(value, np.ndarray)
            and path not in self.params
            and found & {*np.shape(value)}
        }
        lengths = {
            event.value
            for event in self.base.events
            if isinstance(node := self.step.version.sites[event.number].node, ast.Call)
            and name_of(node) == "len"
            and isinstance(event.value, int)
        }
        return sorted(n for n in found | entries | lengths if n > 1)


def extents(before: Mapping[Path, Any], but: Container[Path]) -> list[set[int]]:
    """Of each array that there was before, but for these, how long it is along its axes."""
    return [
        {*np.shape(value)}
        for path, value in before.items()
        if path not in but and np.size(value) > 1
    ]


def _is_share(value: Any) -> bool:
    """Whether this is a number between 0 and 1, as a largest norm by a larger one is."""
    return isinstance(value, float | np.floating) and bool(0 < value < 1)
