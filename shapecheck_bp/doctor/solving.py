"""Whether some value, put in at an expression, makes the claims right that depend on it.

The value is solved for by Gauss and Newton, from runs of the step with the expression exchanged.
"""

from typing import Any

import numpy as np

from shapecheck_bp.doctor.arrays import Path, numbers, shown
from shapecheck_bp.doctor.backward import Backward
from shapecheck_bp.doctor.judging import Judge
from shapecheck_bp.doctor.runs import Key, Run, instead
from shapecheck_bp.doctor.verdicts import TOLERANCE

MOST_UNKNOWN, SECONDS = 20_000, 2.5


class Solving:
    """Values that are put into a judged step."""

    def __init__(self, judge: Judge, backward: Backward) -> None:
        """Of a step that is wrong, and its arrays."""
        self.judge, self.backward, self.end = judge, backward, 0
        most = max(float(np.max(np.abs(slopes))) for _, slopes in judge.params.values())
        self.least = 1e-4 * max(most, 1e-2)
        """What is smaller counts as nothing where a gradient is zero."""
        self.factors = {
            group: c if c is not None and plain else 1.0 if mode == "gradient" else -self._rate()
            for group, (c, mode, plain) in judge.verdict.factors.items()
        }

    def begin(self) -> None:
        """From here on the runs are counted."""
        self.end = self.judge.step.runs + self.judge.step.runs_in(SECONDS, self.judge.base)

    @property
    def is_over(self) -> bool:
        """Whether there were too many."""
        return self.judge.step.runs > self.end

    def is_solvable(self, keys: list[Key], params: set[Path]) -> bool:
        """Whether there are values for these expressions that make these claims right."""
        shapes = [np.shape(self.backward.by_key[key].value) for key in keys]
        x = np.concatenate(
            [np.ravel(self.backward.by_key[key].value).astype(float) for key in keys]
        )
        if x.size > MOST_UNKNOWN:
            return False
        step = self.judge.step
        lean = step.program.noting(step.version, {number for number, _ in keys})

        def misfit(x: Any) -> Any:
            ends = np.cumsum([int(np.prod(shape, dtype=int)) for shape in shapes])[:-1]
            parts = [p.reshape(s) for p, s in zip(np.split(x, ends), shapes, strict=True)]
            exchange = {k: instead(p) for k, p in zip(keys, parts, strict=True)}
            with step.held(lean):
                run = step.run(exchange=exchange)
            return None if run.error is not None else self._misfit(run, params)

        r = misfit(x)
        # Of more unknowns than there are equations, as many random sums reach as far.
        size = x.size if r is None else min(x.size, r.size + 5)
        random = np.random.default_rng(19)
        basis = np.eye(x.size) if size == x.size else random.standard_normal((size, x.size))
        for turn in range(5):
            if r is None:
                return False
            if np.max(np.abs(r)) < TOLERANCE:
                return True
            h = 1e-5 * (1 + np.max(np.abs(x)))
            columns = []
            for direction in basis:
                moved = misfit(x + h * direction)
                if moved is None or self.is_over:
                    return False
                columns.append((moved - r) / h)
            J = np.stack(columns, axis=1)
            y = np.linalg.lstsq(J, -r, rcond=1e-8)[0]
            if turn == 0 and np.linalg.norm(r + J @ y) > 0.5 * np.linalg.norm(r):
                return False
            last, start = r, x
            for part in (1.0, 0.5, 0.25):
                x = start + part * (y @ basis)
                r = misfit(x)
                if r is not None and np.linalg.norm(r) < np.linalg.norm(last):
                    break
            if r is None or np.linalg.norm(r) > 2 * np.linalg.norm(last):
                return False
        return bool(np.max(np.abs(r)) < TOLERANCE)

    def _misfit(self, run: Run, params: set[Path]) -> Any:
        """How far the claims of these parameters are from right, along the directions of truth."""
        found = []
        for claim in self.judge.claims:
            if claim.parameter not in params:
                continue
            D, s = self.judge.params[claim.parameter]
            _, mode, _ = self.judge.verdict.factors[claim.group]
            before, value = numbers(run.before[claim.parameter]), claim.value(run)
            wanted = self.factors[claim.group] * s
            size = max(float(np.linalg.norm(wanted)), self.least) + 1e-12
            if value is None or value.shape != before.shape or not np.all(np.isfinite(value)):
                found.append(np.full_like(s, 1e3) / size)
                continue
            value = value - before if mode == "new" else value
            found.append((D @ value.reshape(-1) - wanted) / size)
        return np.concatenate(found)

    def _rate(self) -> float:
        """The learning rate, as far as a name says it."""
        for event in self.judge.base.events:
            site = self.backward.sites[event.number]
            if np.ndim(event.value) == 0 and is_a_rate(site.text):
                return float(event.value)
        for path, value in self.judge.base.before.items():
            if isinstance(value, float | np.floating) and is_a_rate(shown(path)):
                return float(value)
        return 1.0


def is_a_rate(name: str) -> bool:
    """Whether this is what a learning rate is called."""
    last = name.rpartition(".")[2].lower()
    return last in ("lr", "rate", "eta", "alpha", "learning_rate", "step_size", "learningrate")
