"""Generators of batches: they cannot be copied, and what they give can be given again.

What is given for the first time is noted, with the random numbers behind it; every copy begins
where it was made.

>>> stream = Stream(number**2 for number in range(1, 4))
>>> next(stream), next(stream.again()), next(stream.again()), next(stream)
(1, 4, 4, 4)
"""

from types import GeneratorType
from typing import Any

from shapecheck_bp.reading.copies import Copier
from shapecheck_bp.reading.safety import random_state, set_random_state


class Stream:
    """A generator from some place on, which can be begun from there again."""

    __slots__ = ("at", "given", "source")  # what it gave is no array of the state

    def __init__(
        self, source: Any, given: list[tuple[Any, Any]] | None = None, at: int = 0
    ) -> None:
        """``given`` has what came so far, for all copies."""
        self.source, self.given, self.at = source, [] if given is None else given, at

    def again(self) -> "Stream":
        """Another one from this place on."""
        return Stream(self.source, self.given, self.at)

    def __iter__(self) -> "Stream":
        return self

    def __next__(self) -> Any:
        if self.at == len(self.given):
            self.given.append((next(self.source), random_state()))
        item, numbers = self.given[self.at]
        self.at += 1
        set_random_state(numbers)
        return Copier().copy(item)


class StreamCopier(Copier):
    """Copies generators, too."""

    def _object(self, value: Any, kind: type, written: bool) -> Any:
        if kind is Stream:
            return value.again()
        return Stream(value) if kind is GeneratorType else super()._object(value, kind, written)
