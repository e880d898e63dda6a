"""What may be the cost: a number that the code computes, or a loss of what meets the targets."""

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np

from shapecheck_bp.doctor.arrays import Path, is_floats, mark, shown
from shapecheck_bp.doctor.claims import Claim, assigned, is_gradient
from shapecheck_bp.doctor.program import Version, place_of
from shapecheck_bp.doctor.runs import Event, Key, Run, plus
from shapecheck_bp.doctor.steps import Step
from shapecheck_bp.doctor.truth import LOSSES, Law, Meeting, OwnCost, Watching, differing, slope_of

MOST, MOST_OWN = 100, 6
LOADS = (ast.Name, ast.Attribute)
COSTS = r"loss|cost|entropy|likelihood|nll|objective|criterion|bce|mse"


def costs(
    step: Step, base: Run, claims: Sequence[Claim], moved: dict[Path, set[Key]], loss: Any = None
) -> list[Watching]:
    """What may be the cost, likeliest first: numbers of the code's own, or losses.

    ``moved`` has, for each parameter, the expressions that move with it.
    """
    own: list[Any] = [] if loss is not None else _own(step, base, claims, moved)
    if any(watch.is_named for watch in own):
        return own
    found: list[tuple[Watching, bool]] = []
    for single, kind in ((False, ast.Sub), (True, ast.Sub), (False, ast.Div), (False, ast.Add)):
        if any(is_given for _, is_given in found) or (found and kind is ast.Add):
            break  # 1 - A is met, too, where the slope of a loss is y / a
        found += _meetings(step, base, claims, moved, loss, single, kind)
        if kind is ast.Sub:
            found += [(watch, True) for watch in _in_place(step, base, moved, loss)]
    given = [watch for watch, is_given in found if is_given][: 2 * len(LOSSES)]
    first = [watch for watch, _ in found[: len(LOSSES)] if watch not in given]
    return [*own, *given, *first]


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
    by_key = {event.key: event for event in base.events}
    around = around_each(step.version)
    arrays_at = {event.number for event in base.events if np.ndim(event.value)}
    stepped = {shown(claim.parameter) for claim in claims if claim.is_step}
    in_arrays = {n for n in around if arrays_at & {*_above(n, around)}}  # z.max() of z - z.max()
    found = [
        event.key
        for event in base.events
        if numbers_of.get(event.key)
        and event.number not in in_arrays
        and not is_gradient(_name(sites[event.number]))
        and _name(sites[event.number]) not in stepped
        and not _is_entry(sites[event.number].node)
    ]
    most = max((numbers_of[key] for key in found), default=0)
    called = [
        key for key in found if _is_named(sites[key[0]]) and 2 * numbers_of[key] >= len(moved)
    ]
    found = [key for key in found if numbers_of[key] == most and 2 * most >= len(moved)]
    if not {*found} & {*called}:  # it does not move with the weights of a dead unit
        found = called or found
    ends = {number: by_key[number, time].at for number, time in found}
    found = [k for k in found if ends.get(around.get(k[0], -1), -1) < by_key[k].at]
    found = [key for key in found if not _is_a_part(key, sites[key[0]], by_key)]
    rounded = {key: round(float(by_key[key].value), 14) for key in found}
    named = {rounded[key] for key in found if _is_named(sites[key[0]])}
    named |= given_back(base, claims) & {*rounded.values()}
    found = [*{rounded[key]: key for key in reversed(found)}.values()]
    late = after_the_step(step, base, claims) if found else set()
    found = [key for key in found if key not in late]
    found.sort(key=lambda k: (_is_smoothed(sites[k[0]]), rounded[k] not in named, -by_key[k].at))
    # Of many examples the step may be of the first, or of the last.
    last, first = {n: (n, t) for n, t in reversed(found)}, {n: (n, t) for n, t in found}
    found = [key for key in found if key in (last[key[0]], first[key[0]])]
    found.sort(key=lambda key: key != last[key[0]])
    tried = 20 if any(np.ndim(claim.thing(base)) for claim in claims) else MOST
    costs_of = (key for key in found[:tried] if not _goes_on(step, base, by_key[key], claims))
    return [
        OwnCost(
            place_of(sites[n]),
            time,
            _cost_in_words(sites[n]),
            rounded[n, time] in named,
            rounded[n, time] not in named and _is_product(sites[n].node),
        )
        for n, time in islice(costs_of, MOST_OWN)
    ]


def given_back(base: Run, claims: Sequence[Claim]) -> set[float]:
    """The numbers that a step gives back, and are no gradients."""
    claimed = {mark(claim.thing(base)) for claim in claims}
    found = (value for value in base.returned.values() if isinstance(value, float | np.floating))
    return {round(float(value), 14) for value in found if mark(value) not in claimed}


def _is_a_part(key: Key, site: Any, by_key: Mapping[Key, Any]) -> bool:
    """Whether a sum goes on after this: J += of one example, and then of the next."""
    later = by_key.get((key[0], key[1] + 1))
    adds = isinstance(site.node, ast.AugAssign) or (
        bool(assigned(site)) and assigned(site) in _names_in(site.node)
    )
    if not adds or later is None or np.ndim(later.value):
        return False
    return bool(abs(later.value) >= abs(by_key[key].value))


def _is_smoothed(site: Any) -> bool:
    """Whether it is a mean that runs on, as of a cost: a part of the one before and of that."""
    name, node = assigned(site), site.node
    return isinstance(node, ast.BinOp) and any(
        isinstance(side, ast.BinOp) and isinstance(side.op, ast.Mult) and name in _names_in(side)
        for side in (node.left, node.right)
    )


def _names_in(node: ast.AST) -> set[str]:
    return {ast.unparse(part) for part in ast.walk(node) if isinstance(part, ast.Name)}


def _goes_on(step: Step, base: Run, event: Event, claims: Sequence[Claim]) -> bool:
    """Whether an array or a claim depends on a number, as none does on a cost."""
    read = [one.key for one in base.events[event.at :] if one.thing is event.thing]
    run = step.run(exchange=dict.fromkeys(read, plus(1e-3)), keep=True)
    known: dict[Key, Any] = {event.key: event.value for event in base.events}
    return any(not np.array_equal(claim.value(run), claim.value(base)) for claim in claims) or any(
        np.ndim(event.value) and not np.array_equal(known.get(event.key, ()), event.value)
        for event in run.events
    )


def _is_entry(node: Any) -> bool:
    """Whether this is an entry of an array, or adds to one."""
    node = node.target if isinstance(node, ast.AugAssign) else node
    return isinstance(node, ast.Subscript) and is_place(node)


def is_place(node: ast.Subscript) -> bool:
    """Whether this is an entry of an array, and not of a dictionary."""
    return not (isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str))


def _is_named(site: Any) -> bool:
    """Whether its name, or that of the function it stands in, says that it is a cost."""
    return is_called_a_cost(f"{_name(site)} {getattr(site.function, 'name', '')}")


def is_called_a_cost(names: str) -> bool:
    """Whether one of these is what people call a cost."""
    return bool(re.search(rf"{COSTS}|\bJ\b", names, re.IGNORECASE))


def _is_product(node: Any) -> bool:
    """Whether this is a number times another, and no square."""
    times = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult)
    return times and ast.dump(node.left) != ast.dump(node.right)


def _cost_in_words(site: Any) -> str:
    return f"its own cost, {_name(site) or site.text} (line {site.line})"


def _name(site: Any) -> str:
    added = isinstance(site.node, ast.AugAssign)
    return ast.unparse(site.node.target) if added else assigned(site)


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


def after_the_step(step: Step, base: Run, claims: Sequence[Claim]) -> set[Key]:
    """What moves with the new value of a parameter, which may be a part of another array."""
    after = [base.after[one.path] for one in claims if one.is_step and one.path in base.after]
    whole = [one.base for one in after if isinstance(getattr(one, "base", None), np.ndarray)]
    new = {*map(mark, after), *(mark(one) for one in whole if mark(one) not in base.starts)}
    for event in base.events:
        node = step.version.sites[event.number].node
        if mark(event.thing) in new and not isinstance(
            node, ast.Name | ast.Attribute | ast.Subscript
        ):
            if not np.ndim(event.value):  # a number is not exchanged where it is stored
                return {later.key for later in base.events[event.at :]}
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
) -> Iterator[tuple[Watching, bool]]:
    """Losses of what meets something that no parameter moves, and whether that was given."""
    sites = step.version.sites
    moving = set().union(*moved.values())
    values = {event.key: event.value for event in base.events}
    single = single or any(is_floats(base.before[path]) for path in moved)
    new = {mark(claim.thing(base)) for claim in claims if claim.is_step}
    parameters = {e.key for e in base.events if base.starts.get(mark(e.thing)) in moved}
    named = {sites[e.number].text: e for e in base.events if np.ndim(e.value)}
    trained = {text for text, event in named.items() if event.key in parameters}
    met: set[int] = set()
    for event in base.events:
        node = sites[event.number].node
        if not isinstance(node, ast.BinOp) or not isinstance(node.op, kind):
            continue
        inside = sites[event.number].inside
        pair = [inside[id(side)] for side in (node.left, node.right) if id(side) in inside]
        if kind is ast.Div and pair and isinstance(pair[0].node, ast.UnaryOp):
            pair[0] = pair[0].inside.get(id(pair[0].node.operand), pair[0])  # Y of -Y / A
        keys = [(site.number, 0) for site in pair]
        if len(keys) < 2 or any(key not in values for key in keys):
            continue
        moves = [key in moving for key in keys]
        shape = np.shape(values[keys[moves.index(True)]]) if any(moves) else ()
        if moves[0] == moves[1] or shape != np.shape(event.value) or (not shape and not single):
            continue
        if mark(event.thing) in new or keys[moves.index(True)] in parameters:
            continue  # a step, and no error
        if _is_multiple(pair[moves.index(True)].node, {*named}, trained):
            continue  # a decay
        if kind is ast.Div and moves[0]:
            continue  # a multiple, where y / a is the slope of a logarithm
        if event.number in met:
            continue  # another time, which the first has in it
        met.add(event.number)
        places = [place_of(sites[event.number]), *(place_of(site) for site in pair)]
        A, Y = pair[::-1] if moves[1] else pair
        is_given = _is_given(values[(Y.number, 0)], base)
        is_sum = kind is ast.Add
        for words, law in _laws(values[(Y.number, 0)], loss):
            told = f"{words} of {A.text} (line {A.line})"
            yield Meeting(places, moves[1], law, told, is_sum), is_given


def _is_multiple(node: ast.AST, arrays: set[str], parameters: set[str]) -> bool:
    """Whether this is a number times a parameter, and nothing of the data goes in."""
    parts = [part for part in ast.walk(node) if isinstance(part, ast.expr)]
    products = all(
        isinstance(part.op, ast.Mult | ast.Div) for part in parts if isinstance(part, ast.BinOp)
    )
    leaves = {ast.unparse(part) for part in parts if isinstance(part, LOADS)}
    simple = all(isinstance(part, (ast.BinOp, ast.Constant, *LOADS)) for part in parts)
    return products and simple and bool(leaves & arrays) and leaves & arrays <= parameters


def _in_place(step: Step, base: Run, moved: dict[Path, set[Key]], loss: Any) -> Iterator[Watching]:
    """Losses of what has its targets subtracted in place, or a one where its label says so."""
    sites, moving = step.version.sites, set().union(*moved.values())
    values = {event.number: event.value for event in reversed(base.events)}
    times = Counter(event.number for event in base.events)
    made: dict[Any, Event] = {}
    met: set[int] = set()
    for event in base.events:
        site = sites[event.number]
        if event.number not in step.version.stores:
            if isinstance(site.node, ast.BinOp | ast.Call):
                made.setdefault(mark(event.thing), event)
            continue
        output, statement = made.get(mark(event.thing)), site.statement
        subtracts = isinstance(statement, ast.AugAssign) and isinstance(statement.op, ast.Sub)
        if not subtracts or output is None or output.key not in moving or event.number in met:
            continue
        if times[output.number] != times[event.number]:  # it makes all layers, and not the last
            continue
        taken = output.value - event.value
        targets, laws = site, [("the cross-entropy", lambda a, less: (less - a) / a)]
        ones = bool(np.any(taken == 1) and np.all((taken == 0) | (taken == 1)))
        is_met = ones and loss in (None, "cross_entropy")
        Y = site.inside.get(id(getattr(statement, "value", None)))
        still = Y is not None and (Y.number, event.time) not in moving
        if Y is not None and still and _is_given(values.get(Y.number), base):
            targets, laws, is_met = Y, _laws(values[Y.number], loss), True
        if is_met:
            met.add(event.number)
            places = [place_of(one) for one in (site, sites[output.number], targets)]
            about = f"{sites[output.number].text} (line {site.line})"
            for words, law in laws:
                yield Meeting(places, False, law, f"{words} of {about}")


def _laws(Y: Any, loss: Any) -> list[tuple[str, Law]]:
    """The loss that is meant, or all that it may be, with such targets the usual one first."""
    if callable(loss):
        return [(getattr(loss, "__name__", "the loss"), slope_of(loss))]
    names = sorted(LOSSES, key=lambda name: name != _usual(Y))
    return [LOSSES[name] for name in names if loss in (None, name)]


def _usual(Y: Any) -> str:
    """The loss that is usual with such targets."""
    if not np.all((Y == 0) | (Y == 1)):
        return "squared_error"
    one_each = np.ndim(Y) == 2 and any(np.all(np.sum(Y, axis) == 1) for axis in (0, 1))
    return "cross_entropy" if one_each and min(np.shape(Y)) > 1 else "log_loss"


def _is_given(value: Any, base: Run) -> bool:
    """Whether this is an array that was there before, or a part of one."""
    arrays = (one for one in base.before.values() if isinstance(one, np.ndarray))
    return isinstance(value, np.ndarray) and any(np.array_equal(one, value) for one in arrays)
