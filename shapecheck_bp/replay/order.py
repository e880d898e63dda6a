"""In which order a recorded run's steps are taken: what makes room comes first.

>>> import numpy as np
>>> from shapecheck_bp.replay.recording import record
>>> def f(X):
...     Z = np.exp(X)
...     A = np.sqrt(Z)
...     return A @ A.T, Z > 1
>>> for step in in_order(record(f, (np.ones((2, 9)),))[0]):
...     print(step.result, "=", step.function.__name__, *step.inputs)
v1 = exp v0
v4 = greater v1 1
v2 = sqrt v1
v3 = matmul v2 v2.T
"""

from collections.abc import Iterator
from typing import Any

from shapecheck_bp.replay.recording import Ref, Step, Tape


def refs_in(value: Any) -> Iterator[Ref]:
    """The values that the inputs of a step, or a result, speak of."""
    if isinstance(value, Ref):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from refs_in(one)


def in_order(tape: Tape) -> list[Step]:
    """The steps, each after those that it rests on.

    A step whose result is smaller than a temporary that it reads is taken as soon as it can be: the
    temporary is free the sooner, and still in the cache.
    """
    reads = {step.result: {ref.place for ref in refs_in(step.inputs)} for step in tape.steps}
    waiting = {step.result: step for step in tape.steps}
    shrinking = [step for step in tape.steps if _shrinks(step, reads[step.result], tape)]
    known = set(range(tape.given))
    order: list[Step] = []
    while waiting:
        ready = (
            step
            for step in shrinking
            if step.result in waiting and known.issuperset(reads[step.result])
        )
        step = next(ready, None) or next(iter(waiting.values()))
        order.append(waiting.pop(step.result))
        known.add(step.result.place)
    return order


def _shrinks(step: Step, reads: set[int], tape: Tape) -> bool:
    size = tape.kinds[step.result.place].nbytes
    return any(place >= tape.given and tape.kinds[place].nbytes > size for place in reads)
