"""The arrays of a step by what they are: of the forward pass, its gradients, or neither.

An array of the backward pass is *right* where it is a multiple of dJ/dA for an array A of the
forward pass, also turned; a *slope* where it carries one such gradient to another, entry by entry,
as g'(Z) does; and otherwise it is open, which a step on the way to a gradient may well be.
"""

import ast
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from shapecheck_bp.doctor.arrays import Path, mark, numbers, shown
from shapecheck_bp.doctor.claims import LOADS, assigned
from shapecheck_bp.doctor.judging import Judge
from shapecheck_bp.doctor.runs import Event, Key, plus
from shapecheck_bp.doctor.truth import ALL, OF_OTHERS
from shapecheck_bp.doctor.verdicts import factors, multiple
from shapecheck_bp.reading.variants import name_of

MOST_RUNS, MOST_NUMBERS, MOST_TIMES = 3000, 3, 12
LONG, FEW_TIMES = 3000, 4
"""Of a step of so many expressions fewer times are looked at."""


class Forward(NamedTuple):
    """An array of the forward pass, or a parameter, and how the cost moves with it."""

    name: str
    key: Any
    """The event's, or the path of a parameter."""
    shape: tuple[int, ...]
    D: Any
    s: Any

    @property
    def is_whole(self) -> bool:
        """Whether the slope of every entry is known."""
        return bool(self.D.shape[0] == self.D.shape[1])


class Match(NamedTuple):
    """That an array is ``factor`` times dJ/d a forward one."""

    factor: float
    of: Forward

    def __str__(self) -> str:
        return multiple(self.factor, f"({self.of.name})")


class Backward:
    """The arrays of a judged step."""

    def __init__(self, judge: Judge) -> None:
        """Measure the forward pass, and match everything else with it."""
        self.judge, self.sites = judge, judge.sites
        self.events, self.by_key = judge.base.events, judge.events
        self.end = judge.end
        self.params = judge.params
        self.is_used = {  # parameters, where they are read
            event.key
            for event in self.events
            if judge.base.starts.get(mark(event.thing)) in self.params
        }
        self.not_measured: set[Key] = set()
        self.forward = [*self._of_parameters(), *self._of_arrays()]
        self.alike: list[tuple[list[Forward], Any, Any]] = []
        """Forward arrays of a shape each, with their directions and all their slopes."""
        for kind in {(one.shape, len(one.s)): None for one in self.forward}:
            some = [one for one in self.forward if (one.shape, len(one.s)) == kind]
            self.alike.append((some, some[0].D, np.stack([one.s for one in some])))
        self.matches: dict[Key, list[Match]] = {}
        self.whole: dict[Any, Any] = {}
        """All slopes of forward arrays, where they are small and were asked for."""
        self.open: set[Key] = set()
        self._sort_out()

    # The forward pass.

    def _of_parameters(self) -> Iterator[Forward]:
        for path, (D, s) in self.params.items():
            yield Forward(shown(path), path, np.shape(numbers(self.judge.base.before[path])), D, s)

    def _of_arrays(self) -> Iterator[Forward]:
        truth, moving = self.judge.truth, self.judge.moving
        before = self.judge.base.before
        params = {(np.shape(v), numbers(v).tobytes()) for v in (before[p] for p in self.params)}
        values: set[Any] = set()
        known: set[int] = set()
        some: list[Event] = []
        for event in self.events:
            if event.at > self.end:
                break
            if not _is_array(event) or event.key not in moving or not event.value.size:
                continue
            load = self.is_load(event, known)
            known.add(mark(event.thing))
            value = (event.value.shape, event.value.tobytes())
            if load and (value not in params or event.time > 8):
                continue
            if not load and value in values:
                self.not_measured.add(event.key)
                continue
            values |= set() if load else {value}
            some.append(event)
        few = self.first_and_last(some)
        self.not_measured |= {event.key for event in some} - {event.key for event in few}
        some = few
        truth.version = truth.noting({event.number for event in some})
        left, random = MOST_RUNS, np.random.default_rng(11)
        for event in some:
            d = 1e-5 * random.standard_normal(event.value.shape)
            up = truth.cost(exchange={event.key: plus(d)})
            down = truth.cost(exchange={event.key: plus(-d)})
            if up is None or down is None or abs(up - down) < 1e-13:
                continue
            left -= 2 * min(event.value.size, OF_OTHERS[1])
            slopes = truth.of_event(event.key, event.value, OF_OTHERS) if left > 0 else None
            if slopes is None:
                self.not_measured.add(event.key)
                continue
            site = self.sites[event.number]
            yield Forward(assigned(site) or site.text, event.key, event.value.shape, *slopes)

    def is_load(self, event: Event, known: set[int]) -> bool:
        """Whether an expression only reads what is there."""
        site = self.sites[event.number]
        node = site.node
        bare = assigned(site) or isinstance(site.statement, ast.Return)
        if event.at > self.end and isinstance(node, LOADS) and bare:
            return getattr(site.statement, "value", node) is not node  # x = y: or something else
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            return mark(event.thing) in known or getattr(event.thing, "base", None) is not None
        return isinstance(node, ast.Name | ast.Attribute) and getattr(node, "attr", "") != "T"

    # What the others are.

    def _sort_out(self) -> None:
        forward = {one.key for one in self.forward}
        known: set[int] = set()
        for event in self.events:
            load = self.is_load(event, known)
            known.add(mark(event.thing))
            skipped = event.key in self.not_measured or event.key in self.judge.noise
            if load or skipped:
                continue
            if not isinstance(event.value, np.ndarray):
                if (
                    event.at > self.end
                    and event.time < MOST_NUMBERS
                    and assigned(site := self.sites[event.number])
                    and site.node is getattr(site.statement, "value", None)
                ):
                    self.open.add(event.key)
                continue
            if event.value.dtype.kind == "f" and event.value.size > 1:
                found = self.match(event.value)
                if found:
                    self.matches[event.key] = found
                    continue
            zero = event.at > self.end and (not np.any(event.value) or self.name(event))
            moves = event.key in self.judge.moving or zero
            moves = moves and event.value.dtype.kind == "f"
            if (moves and event.key not in forward) or event.value.dtype.kind == "b":
                self.open.add(event.key)

    def match(self, value: Any) -> list[Match]:
        """The forward arrays whose gradient this is, up to a factor and a transpose."""
        value = np.asarray(value, float)
        found: dict[Any, Match] = {}
        if np.count_nonzero(value) < 2 or np.all(value == value.flat[0]):
            return []  # one number is a multiple of whatever stands alone
        for alike, D, S in self.alike:
            shape = alike[0].shape
            turned = [value] if value.shape == shape else []
            if value.ndim == 2 and value.T.shape == shape:
                turned.append(value.T)
            if not turned and value.ndim != 2 and value.size == np.prod(shape, dtype=int):
                turned = [value]
            for each in turned:
                for i, c in factors(D @ each.reshape(-1), S):
                    found.setdefault(alike[i].key, Match(c, alike[i]))
        order = {one.key: i for i, one in enumerate(self.forward)}
        return sorted(found.values(), key=lambda match: order[match.of.key])

    def is_slope(self, key: Key) -> bool:
        """Whether an array carries one gradient of the forward pass to another, as g'(Z) does."""
        value = np.asarray(self.by_key[key].value, float)
        alike = [one for one in self.forward if one.shape == value.shape]
        found = [slopes for slopes in map(self.all_slopes, alike) if slopes is not None]
        if len(found) < 2:
            return False
        S = np.stack(found)
        for place, s in enumerate(found):  # from a later one to an earlier one
            same = {i for i, _ in factors(s, S)}
            carried = {i for i, _ in factors(value.reshape(-1) * s, S)} - same
            if any(i < place for i in carried):
                return True
        return False

    def all_slopes(self, one: Forward) -> Any:
        """The slope of every entry of a forward array, or None where there are too many."""
        if one.is_whole or one.key in self.params:
            return one.s if one.is_whole else None
        if one.key not in self.whole:
            truth, value = self.judge.truth, self.by_key[one.key].value
            found = truth.of_event(one.key, value, ALL) if value.size <= ALL[0] else None
            self.whole[one.key] = None if found is None else found[1]
        return self.whole[one.key]

    def takes_right(self, key: Key) -> bool:
        """Whether one of its operands is right."""
        event = self.by_key[key]
        inside = {site.number for site in self.sites[key[0]].inside.values()}
        right = {mark(self.by_key[match].thing) for match in self.matches}
        near = self.events[max(0, event.at - 40) : event.at]
        return any(one.number in inside and mark(one.thing) in right for one in near)

    def parameter_of(self, one: Forward) -> Path | None:
        """The parameter that a forward array is, or is read from."""
        if one.key in self.params:
            return one.key  # type: ignore[no-any-return]
        event = self.by_key.get(one.key)
        return None if event is None else self._start(event)

    def _start(self, event: Event) -> Path | None:
        path = self.judge.base.starts.get(mark(event.thing))
        return path if path in self.params else None

    # What depends on what.

    def influence(self, keys: Iterable[Key], of: set[Key]) -> dict[Key, tuple[set[Key], set[Path]]]:
        """For each expression which of these move with it, and the parameters whose claims do."""
        keys, step = [*keys], self.judge.step
        lean = step.program.noting(step.version, {number for number, _ in (*keys, *of)})
        with step.held(lean):
            return {key: self._moved_by(key, of) for key in keys}

    def _moved_by(self, key: Key, of: set[Key]) -> tuple[set[Key], set[Path]]:
        event = self.by_key[key]
        random = np.random.default_rng(13)
        d = random.standard_normal(np.shape(event.value)) * (1 + np.max(np.abs(event.value)))
        d = d * 1e-3 if isinstance(event.value, np.ndarray) else 1e-3 * float(d)
        run = self.judge.step.run(exchange={key: plus(d)}, keep=True)
        if run.error is not None:
            return set(), {*self.judge.verdict.wrong}
        moved = {
            other.key
            for other in run.events
            if other.key in of
            and other.key in self.by_key
            and not np.array_equal(other.value, self.by_key[other.key].value)
        }
        return moved, self.judge.changed_claims(run)

    # How the notes are read.

    def first_and_last(self, events: Iterable[Event]) -> list[Event]:
        """Of an expression that is met many times in a loop the first and the last times."""
        events = [*events]
        count: dict[int, int] = {}
        place = []
        for event in events:
            place.append(count.get(event.number, 0))
            count[event.number] = place[-1] + 1
        half = (FEW_TIMES if len(self.events) > LONG else MOST_TIMES) // 2
        return [
            event
            for event, i in zip(events, place, strict=True)
            if i < half or i >= count[event.number] - half
        ]

    def name(self, event: Event) -> str:
        """What an expression's value is stored as, or nothing."""
        site = self.sites[event.number]
        if isinstance(site.node, ast.AugAssign):
            return ast.unparse(site.node.target)
        if isinstance(site.node, ast.Subscript) and isinstance(site.node.ctx, ast.Store):
            return ast.unparse(site.node.value)
        if isinstance(site.node, ast.Call) and isinstance(site.statement, ast.Expr):
            return "".join(ast.unparse(k.value) for k in site.node.keywords if k.arg == "out")
        return assigned(site)

    def statement_of(self, event: Event) -> list[Event]:
        """The expressions of its statement that are met near it."""
        statement = self.sites[event.number].statement
        near = self.events[max(0, event.at - 60) : event.at + 60]
        return [one for one in near if self.sites[one.number].statement is statement]

    def filling(self) -> list[tuple[str, int]]:
        """The lines behind the cost that are a call which changes an array, as np.add.at does."""
        found = []
        last: dict[int, Event] = {}
        for event in self.events[self.end + 1 :]:
            known = last.get(mark(event.thing))
            if known is not None and isinstance(event.value, np.ndarray):
                site = self.sites[known.number]
                is_call = isinstance(getattr(site.statement, "value", None), ast.Call)
                changed = not np.array_equal(known.value, event.value)
                if is_call and isinstance(site.statement, ast.Expr) and changed:
                    found.append((site.file.name, site.statement.lineno))
            last[mark(event.thing)] = event
        return [*dict.fromkeys(found)]

    def caller(self, event: Event) -> Event | None:
        """The call, met next, of the function that it stands in."""
        name = getattr(self.sites[event.number].function, "name", "")
        for other in self.events[event.at + 1 :] if name else ():
            node = self.sites[other.number].node
            if isinstance(node, ast.Call) and name_of(node) == name:
                return other
        return None


def _is_array(event: Event) -> bool:
    return isinstance(event.value, np.ndarray) and event.value.dtype.kind == "f"
