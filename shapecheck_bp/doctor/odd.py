"""Gradients that are right but for a factor, which is none of those that right ones come by."""

import ast
from collections.abc import Mapping

from shapecheck_bp.doctor.arrays import Path
from shapecheck_bp.doctor.causes import Causes, Suspicion
from shapecheck_bp.doctor.judging import Judge
from shapecheck_bp.doctor.runs import Key
from shapecheck_bp.doctor.verdicts import close


class Odd:
    """The factors of a step's arrays: parameters' gradients, and those of others."""

    def __init__(
        self, judge: Judge, causes: Causes, info: Mapping[Key, tuple[set[Key], set[Path]]]
    ) -> None:
        """Of arrays, in the order in which they are met, and what depends on each."""
        self.causes, self.backward, self.info = causes, causes.backward, info
        self.judge, self.right = judge, judge.verdict.right
        self.plain: dict[bool, set[float]] = {True: set(), False: set()}
        """The factors of arrays of which right claims come, where there are several."""
        count = {True: 0, False: 0}
        for key in info:
            if key in self.backward.matches and info[key][1] & self.right:
                for is_parameter, factors in self._factors(key).items():
                    self.plain[is_parameter] |= factors
                    count[is_parameter] += 1
        for level in (level for level in count if count[level] < 2):
            self.plain[level] = set()

    def first(self, params: set[Path]) -> Key | None:
        """The first array by another factor of which claims of these parameters come."""
        return next((key for key in self.info if self._is_odd(key, params)), None)

    def turned(self) -> float | None:
        """The factor of the wrong claims, where it is the right ones' that comes up on the way.

        Of an array come both; by another one, that is a gradient by a factor more, only these.
        """
        if self.judge.verdict.two is None:
            return None
        few, many = self.judge.verdict.two
        first: set[float] = set()
        for key in (key for key in self.info if key in self.backward.matches):
            found, claims = self._factors(key).get(False, set()), self.info[key][1]
            if not found or not claims & self.right:
                continue
            if claims - self.right:
                first |= found
            elif any(close(f * few, g * many) for f in found for g in first):
                return few
        return None

    def suspicion(self, key: Key, params: set[Path]) -> Suspicion:
        """What is said of it."""
        (level,) = self._factors(key)
        others = " or ".join(sorted({f"{f:.4g}" for f in self.plain[level]})[:4])
        words = f"is {self.backward.matches[key][0]}, and elsewhere the factor is {others}"
        return self.causes.suspicion(self.backward.by_key[key], params, words)

    def _is_odd(self, key: Key, params: set[Path]) -> bool:
        claims = self.info[key][1]
        if key not in self.backward.matches or not claims & params or claims & self.right:
            return False
        return any(
            self.plain[level] and not any(close(f, g) for g in self.plain[level] for f in factors)
            for level, factors in self._factors(key).items()
        )

    def _factors(self, key: Key) -> dict[bool, set[float]]:
        """Of a named array: whether it is a parameter's gradient, and its factors."""
        site = self.judge.sites[key[0]]
        value = getattr(site.statement, "value", None)
        is_turned = isinstance(value, ast.Subscript) and value.value is site.node  # (…)[:, None]
        if not is_turned and not self.backward.name(self.backward.by_key[key]):
            return {}
        matches = self.backward.matches[key]
        of_params = [m for m in matches if self.backward.parameter_of(m.of) is not None]
        return {bool(of_params): {round(m.factor, 9) for m in of_params or matches}}
