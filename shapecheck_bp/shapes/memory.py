"""What has passed: a signature that has passed once passes always, so it is judged once.

A signature is all that the verdict on a call's arguments depends on: the class, shape and dtype of
every array, and the class of everything else, or that itself (``writing`` says which). An outcome
is the same of a result.

>>> memory = Memory()
>>> memory.results("a signature").keep("an outcome")
>>> "an outcome" in memory["a signature"]
True
"""

from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

from shapecheck_bp.shapes.scopes import Scope

MOST_SIGNATURES = 4096
MOST_OUTCOMES = 64


class Known(NamedTuple):
    """What is known of arguments that have passed, and holds for all of their signature."""

    scope: Scope
    libraries: frozenset[str]
    dtypes: frozenset[str]


NOTHING = Known(Scope(), frozenset(), frozenset())


class Results(set[Hashable]):
    """The outcomes that a signature has had; and what repeats such a call, where something does."""

    __slots__ = ("known", "repeat")

    def __init__(self) -> None:
        self.repeat: Callable[..., Any] | None = None
        self.known = NOTHING

    def keep(self, outcome: Hashable) -> None:
        """Add an outcome that has passed."""
        if len(self) >= MOST_OUTCOMES:
            self.clear()
        self.add(outcome)


class Memory(dict[Hashable, Results]):
    """The signatures of one function that have passed, each with its results.

    Emptied when full, so that ever-new shapes need no more room; and never copied along.
    """

    def __init__(self, most: int = MOST_SIGNATURES) -> None:
        """Begin empty, and hold so many signatures at most."""
        self.most = most

    def results(self, signature: Hashable) -> Results:
        """Where the results of a signature that has just passed are kept."""
        if len(self) >= self.most:
            self.clear()
        return self.setdefault(signature, Results())

    def __reduce__(self) -> tuple[type["Memory"], tuple[int]]:
        return Memory, (self.most,)
