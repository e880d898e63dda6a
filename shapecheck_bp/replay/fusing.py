"""Several steps as one, where a library has a function for them.

What a function stands for is written as any function is, with the array API, and recorded; its
steps are then looked for on the tape of a run. They are replaced where nobody else reads what they
make on the way.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from shapecheck_bp.replay.recording import Ref, Step, Tape, refs_in


class Fused(NamedTuple):
    """What a function stands for, and the step that calls it for the same operands."""

    steps: Tape
    call: Callable[..., Step]


class Match(NamedTuple):
    """Where it was found: its last step, the steps before, and what to put for the last."""

    last: Step
    before: frozenset[Ref]
    instead: Step


def fused(steps: list[Step], known: Iterable[Fused], result: Any) -> list[Step]:
    """The steps, with one for several where that does; the others are not needed any more.

    Args:
        steps: those of a run.
        known: the functions that there are.
        result: the run's.
    """
    made = {step.result: step for step in steps}
    found = [match for step in steps for one in known if (match := _match(step, one, made))]
    readers: dict[Ref, set[Ref]] = {ref: {ref} for ref in refs_in(result)}
    for step in steps:
        for ref in refs_in(step.inputs):
            readers.setdefault(Ref(ref.place), set()).add(step.result)
    while True:
        within = {ref for match in found for ref in (*match.before, match.last.result)}
        alone = [match for match in found if all(readers[ref] <= within for ref in match.before)]
        if len(alone) == len(found):
            break
        found = alone
    instead = {match.last.result: match.instead for match in found}
    return [instead.get(step.result, step) for step in steps]


def _match(last: Step, one: Fused, made: dict[Ref, Step]) -> Match | None:
    pattern = {step.result: step for step in one.steps.steps}
    operands: dict[int, Any] = {}
    before: set[Ref] = set()

    def fits(wanted: Any, item: Any) -> bool:
        if not isinstance(wanted, Ref):
            return type(wanted) is type(item) and bool(wanted == item)
        if wanted.place < one.steps.given:
            if isinstance(item, Ref):
                item = Ref(item.place, item.flipped != wanted.flipped)
            return bool(operands.setdefault(wanted.place, item) == item)
        if wanted.flipped or item not in made:
            return False
        before.add(item)
        return steps_fit(pattern[wanted], made[item])

    def steps_fit(wanted: Step, step: Step) -> bool:
        if (wanted.function, wanted.settings) != (step.function, step.settings):
            return False
        pairs = zip(wanted.inputs, step.inputs, strict=False)
        return len(wanted.inputs) == len(step.inputs) and all(fits(*two) for two in pairs)

    if not steps_fit(pattern[one.steps.result], last):
        return None
    instead = one.call(last, *(operands[place] for place in range(one.steps.given)))
    return Match(last, frozenset(before), instead)
