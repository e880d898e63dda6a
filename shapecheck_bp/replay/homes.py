"""Which variable of a program holds which value, and whose memory may be used again."""

from collections.abc import Iterator
from math import inf
from typing import Any

import numpy as np

from shapecheck_bp.replay.order import refs_in
from shapecheck_bp.replay.recording import Kind, Ref, Step, astype

# What works entry by entry beside NumPy's ufuncs, whose ``out`` these lack.
ENTRYWISE = (astype, np.where, np.ones_like)


def is_entrywise(step: Step) -> bool:
    """Whether an entry of the result depends on the same entry of each operand alone."""
    ufunc = isinstance(step.function, np.ufunc) and step.function.signature is None
    flipped = any(ref.flipped for ref in refs_in(step.inputs))
    return (ufunc or step.function in ENTRYWISE) and not flipped


def is_fresh(step: Step) -> bool:
    """Whether the result is surely new memory, and no view of an operand."""
    owner = getattr(step.function, "__self__", None)
    ufunc = isinstance(step.function, np.ufunc) or isinstance(owner, np.ufunc)
    return ufunc or step.function in ENTRYWISE


class Homes:
    """The variables of a program while it is written, one step after the other."""

    def __init__(self, steps: list[Step], kinds: list[Kind], result: Any) -> None:
        """Find out when each value is read for the last time."""
        self.steps, self.kinds = steps, kinds
        self._name: dict[int, str] = {}
        self._ours: set[int] = set()
        self._free: dict[Kind, list[str]] = {}
        self._last: dict[int, float] = dict.fromkeys(range(len(kinds)), 0)
        for index, step in enumerate(steps):
            until = index if is_fresh(step) else inf
            for ref in refs_in(step.inputs):
                self._last[ref.place] = max(until, self._last[ref.place])
        for ref in refs_in(result):
            self._last[ref.place] = inf

    def of(self, ref: Ref) -> str:
        """The expression for a value."""
        return self._name[ref.place] + ".T" * ref.flipped

    def given(self, ref: Ref) -> str:
        """A variable for an argument, which is never written to."""
        self._name[ref.place] = f"v{ref.place}"
        return self._name[ref.place]

    def settle(self, step: Step, name: str) -> None:
        """Note that the result of a step is in this variable."""
        place = step.result.place
        self._name[place] = name
        if is_fresh(step) and self.kinds[place].order:
            self._ours.add(place)

    def outlives(self, ref: Ref, stop: int) -> bool:
        """Whether a value is read at or after the step ``stop``."""
        return self._last[ref.place] >= stop

    def dying(self, index: int) -> Iterator[Ref]:
        """The temporaries like its result that this entrywise step is the last to read."""
        step = self.steps[index]
        for ref in refs_in(step.inputs):
            like = self.kinds[ref.place] == self.kinds[step.result.place]
            if like and ref.place in self._ours and self._last[ref.place] == index:
                yield ref

    def free(self, kind: Kind) -> str | None:
        """A variable whose memory fits and is read by nobody any more."""
        return self._free[kind].pop() if self._free.get(kind) else None

    def let_go(self, run: range) -> Iterator[str]:
        """After these steps: keep the memory that a later one can use, and yield the rest."""
        read = {ref.place for index in run for ref in refs_in(self.steps[index].inputs)}
        read |= {self.steps[index].result.place for index in run}
        alive = {name for one, name in self._name.items() if self._last[one] >= run.stop}
        for place in sorted(read & self._ours & self._name.keys()):
            name, kind = self._name[place], self.kinds[place]
            if name in alive:
                continue
            alive.add(name)
            if any(self.kinds[later.result.place] == kind for later in self.steps[run.stop :]):
                self._free.setdefault(kind, []).append(name)
            else:
                yield name
