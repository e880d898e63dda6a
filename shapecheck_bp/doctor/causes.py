"""What a suspicion comes from: a stale cache, a loop that stops early, a buffer of integers.

The line at which a value is wrong may be right itself. What it uses was changed in place after its
use forward, or has its new value already, or is a helper's to which the wrong thing is given.
"""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from shapecheck_bp.doctor.arrays import Path, mark, numbers, shown
from shapecheck_bp.doctor.backward import Backward, Match
from shapecheck_bp.doctor.claims import LOADS
from shapecheck_bp.doctor.costs import around_each
from shapecheck_bp.doctor.decays import missing
from shapecheck_bp.doctor.judging import Judge
from shapecheck_bp.doctor.runs import Event, Key
from shapecheck_bp.doctor.truth import Meeting
from shapecheck_bp.doctor.verdicts import close, factor
from shapecheck_bp.reading.variants import name_of

NEAR_BY = 8
Cause = tuple[str, int, str]
"""File, line, and what is the matter there."""


@dataclass
class Suspicion:
    """A line, what is seen there, and what it may come from."""

    file: str
    line: int
    source: str
    words: str
    params: set[Path]
    causes: list[Cause] = field(default_factory=list)
    key: Key | None = None
    rivals: list[tuple[str, int]] = field(default_factory=list)
    """Lines at which another value would make the same right."""


class Causes:
    """Looks for causes in the notes of a judged step."""

    def __init__(self, judge: Judge, backward: Backward) -> None:
        """Of its arrays."""
        self.judge, self.backward, self.sites = judge, backward, judge.sites
        self.events = backward.events
        self.around = around_each(judge.step.version)
        base = judge.base
        self.new: dict[int, Path] = {}
        """The parameters by the identities of their new values, and by those of their gradients."""
        self.back: dict[int, Path] = {}
        for claim in judge.claims:
            thing = claim.thing(base)
            mode = judge.verdict.factors.get(claim.group, (None, "", False))[1]
            if not claim.is_step:
                self.back[mark(thing)] = claim.parameter
            if (claim.is_step or mode == "new") and mark(thing) not in base.starts:
                self.new.setdefault(mark(thing), claim.parameter)

    def suspicion(self, event: Event, params: set[Path], words: str) -> Suspicion:
        """One about an expression, with its causes."""
        site = self.sites[event.number]
        causes = self.stale(event)
        return Suspicion(site.file.name, site.line, site.text, words, {*params}, causes, event.key)

    def unknown(self, params: set[Path]) -> Suspicion:
        """One without a line."""
        return Suspicion("", 0, "", "is wrong, and no line is found that it comes from", {*params})

    def blamed(self, event: Event, params: set[Path], suspects: set[Key]) -> Suspicion:
        """One about an expression at which another value makes these parameters right."""
        words = "is no gradient, and with another value here all that comes of it is right"
        if event.key in self.backward.matches:
            match = self.backward.matches[event.key][0]
            words = f"is {match}, and nothing right comes of it"
        found = self.suspicion(event, params, words)
        caller = self.backward.caller(event)
        if caller is not None:
            found.causes.append((*self._place(caller), f"it is called here: {self._text(caller)}"))
        lifted = self._lifted(event, suspects)
        while lifted is not None:
            found.causes.insert(0, (found.file, found.line, f"or in the helper: {found.source}"))
            found.file, found.line = self._place(lifted)
            found.source, found.key = self._text(lifted), lifted.key
            lifted = self._lifted(lifted, suspects)
        return found

    def _place(self, event: Event) -> tuple[str, int]:
        site = self.sites[event.number]
        return site.file.name, site.line

    def _text(self, event: Event) -> str:
        return self.sites[event.number].text

    def _lifted(self, event: Event, suspects: set[Key]) -> Event | None:
        """The call of a helper that is given no array of the backward pass: that line is meant."""
        call = self.backward.caller(event)
        if call is None or call.key not in suspects:
            return None
        inside = {site.number for site in self.sites[call.number].inside.values()}
        given = [e for e in self.events[max(0, event.at - 40) : call.at] if e.number in inside]
        known = self.backward.matches.keys() | self.backward.open
        for one in given:
            if one.key in known:
                return None
            if any(e.thing is one.thing and e.key in known for e in self.events[: one.at]):
                return None
        return call if given else None

    def unused(self, before: Event, info: Mapping[Key, tuple[set[Key], set[Path]]]) -> list[Cause]:
        """The last gradient with a name that is computed before an expression and never used."""
        last: dict[str, Event] = {}
        for event in self.events[self.backward.end + 1 : before.at]:
            name = self.backward.name(event)
            if name:
                last[name] = event
        dead = [e for e in last.values() if e.key in self.backward.matches and e.key in info]
        dead = [event for event in dead if not info[event.key][1]]
        same = self.sites[before.number].statement
        dead = [event for event in dead if self.sites[event.number].statement is not same]
        if not dead:
            return []
        match = self.backward.matches[dead[-1].key][0]
        return [(*self._place(dead[-1]), f"this is {match}, and is used nowhere")]

    # Operands that are not what they were.

    def stale(self, event: Event) -> list[Cause]:
        """What of its statement was changed since the forward pass used it."""
        starts = self.judge.base.starts
        moving, stores = self.judge.moving | self.backward.is_used, self.judge.step.version.stores
        mine = self.sites[event.number].statement
        found: list[Cause] = []
        for one in self.backward.statement_of(event):
            if one.at > event.at or not isinstance(one.thing, np.ndarray) or one.number in stores:
                continue
            first = next(
                (
                    e
                    for e in self.events[: one.at]
                    if e.thing is one.thing and e.number not in stores
                ),
                None,
            )
            forward = first is not None and first.at <= self.backward.end and first.key in moving
            if first is not None and forward and not np.array_equal(first.value, one.value):
                for other in self.events[first.at : one.at]:
                    stored = other.thing is one.thing and other.number in stores
                    if stored and self.sites[other.number].statement is not mine:
                        words = f"`{self._text(one)}` was changed in place there"
                        found.append((*self._place(other), words))
                        break
            if mark(one.thing) in self.new and mark(one.thing) not in starts:
                made = next(e for e in self.events if e.thing is one.thing)
                if (
                    made.at < event.at
                    and self.sites[made.number].statement is not self.sites[event.number].statement
                ):
                    found.append(
                        (*self._place(made), f"`{self._text(one)}` has its new value already")
                    )
        return [*dict.fromkeys(found)]

    def added(self) -> Suspicion | None:
        """An output to which its target is added."""
        watch = self.judge.truth.watch
        if not isinstance(watch, Meeting) or not watch.is_sum:
            return None
        event = next(e for e in self.events if e.number == watch.numbers[0])
        words = "adds the target to the output, which is no error"
        return self.suspicion(event, self.judge.verdict.wrong, words)

    def lost_digits(self) -> Suspicion | None:
        """An array of integers that is given floats."""
        stores = self.judge.step.version.stores
        for event in self.events:
            if event.number not in stores or not isinstance(event.thing, np.ndarray):
                continue
            if event.thing.dtype.kind in "iu":
                given = [
                    e
                    for e in self.backward.statement_of(event)
                    if e.at < event.at
                    and isinstance(e.value, np.ndarray)
                    and e.value.dtype.kind == "f"
                ]
                if given and not np.allclose(given[-1].value, np.round(given[-1].value)):
                    words = "is an array of integers, and drops what is behind the point"
                    found = self.suspicion(event, self.judge.verdict.wrong, words)
                    made = next(e for e in self.events if e.thing is event.thing)
                    found.causes = [(*self._place(made), f"`{self._text(made)}` makes it")]
                    return found
        return None

    def never_written(self, path: Path) -> Suspicion | None:
        """A parameter whose step is zero since its gradient was never computed."""
        base = self.judge.base
        claims = [claim for claim in self.judge.claims if claim.parameter == path]
        if not all(claim.is_step for claim in claims) or path not in base.after:
            return None
        if not np.array_equal(numbers(base.before[path]), numbers(base.after[path])):
            return None
        same = {
            claim.parameter
            for claim in self.judge.claims
            if claim.is_step
            and claim.parameter in self.judge.verdict.wrong
            and np.array_equal(numbers(base.before[claim.path]), numbers(base.after[claim.path]))
        }
        for event in self.events:
            node = self.sites[event.number].node
            if base.starts.get(mark(event.thing)) == path and isinstance(node, ast.AugAssign):
                zeros = [
                    e
                    for e in self.backward.statement_of(event)
                    if e.at < event.at and isinstance(e.value, np.ndarray) and not np.any(e.value)
                ]
                text = self._text(zeros[0]) if zeros else "its gradient"
                names = ", ".join(sorted(map(shown, same)))
                words = f"steps {names} by zero: `{text}` is not written in this step"
                found = self.suspicion(event, same, words)
                found.causes = self._where_others_are_written(text) + found.causes
                return found
        return None

    def _where_others_are_written(self, text: str) -> list[Cause]:
        for event in self.events:
            name = self.backward.name(event)
            if name and name.rpartition("[")[2] == text.rpartition("[")[2]:
                file, line = self._place(event)
                loop = self.loop_around(event)
                causes = [(file, line, "others' gradients are written here")]
                return [(file, loop, "this loop does not come there"), *causes] if loop else causes
        return []

    def around_lines(self, places: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
        """Loops around these lines, calls of the functions they are in, lists soon behind them."""
        found: list[tuple[str, int]] = []
        files = self.judge.step.version.files
        for name, line in places:
            inside = [
                node
                for node in ast.walk(files[name].tree)
                if isinstance(node, ast.For | ast.While | ast.FunctionDef)
                and node.lineno < line <= (node.end_lineno or 0)
            ]
            found += [(name, node.lineno) for node in inside if not hasattr(node, "name")]
            functions = {node.name for node in inside if isinstance(node, ast.FunctionDef)}
            found += [
                (file.name, node.lineno)
                for file in files.values()
                for node in ast.walk(file.tree)
                if isinstance(node, ast.Call) and name_of(node) in functions
            ]
        for name, line in places:
            for node in ast.walk(files[name].tree):
                if isinstance(node, ast.Assign | ast.Return) and node.value is not None:
                    shows = any(isinstance(p, ast.Tuple | ast.List) for p in ast.walk(node.value))
                    if shows and line < node.lineno <= line + NEAR_BY:
                        found.append((name, node.lineno))
        met = {(site.file.name, site.line) for site in self.sites.values()}
        return [place for place in dict.fromkeys(found) if place in met]

    def loop_around(self, event: Event) -> int | None:
        """The line of the innermost loop around an expression."""
        site = self.sites[event.number]
        loops = [
            node.lineno
            for node in ast.walk(site.file.tree)
            if isinstance(node, ast.For | ast.While)
            and node.lineno < site.line <= (node.end_lineno or 0)
        ]
        return max(loops, default=None)

    # Right arrays, and what becomes of them.

    def update_of(self, path: Path) -> Suspicion | None:
        """The statement that gave a parameter its new value."""
        starts, stores = self.judge.base.starts, self.judge.step.version.stores
        for event in reversed(self.events):
            node = self.sites[event.number].node
            stored = event.number in stores and starts.get(mark(event.thing)) == path
            made = path in (self.new.get(mark(event.thing)), self.back.get(mark(event.thing)))
            if stored or (made and not isinstance(node, LOADS)):
                words = "is not right, and all that goes in is"
                return self.suspicion(event, {path}, words)
        for event in reversed(self.events[self.backward.end + 1 :]):
            if self.backward.name(event) == shown(path) and event.thing is not None:
                words = f"makes a new array, and {shown(path)} stays as it was"
                return self.suspicion(event, {path}, words)
        return None

    def odd_factor(self, params: set[Path]) -> Suspicion | None:
        """All claims by one factor that nothing explains: the first array that has it."""
        judged = self.judge.verdict.judged
        climbs = all((one.factor or 0) > 0 for one in judged if one.mode != "gradient")
        climbs = climbs and any(one.mode != "gradient" for one in judged)
        for event in self.events:
            matches = self.backward.matches.get(event.key)
            if not matches:
                continue
            if climbs:  # a difference goes down its own square by itself, whatever its sign
                others = [one for one in matches if not self._is_itself(one, event)]
                if not others or any(match.factor > 0 for match in others):
                    continue
                if not self.backward.influence([event.key], set())[event.key][1]:
                    continue
                matches = others
            elif any(self.judge.is_plain(abs(match.factor), "gradient") for match in matches):
                continue
            match = matches[0]
            words = f"is {match}, "
            words += "and the step climbs" if climbs else "which no number of examples explains"
            found = self.suspicion(event, params, words)
            update = self.update_of(min(params, key=str)) if climbs else None
            if update is not None:
                found.causes.append((update.file, update.line, "or its sign is wrong here"))
            for one in self.backward.statement_of(event):
                if isinstance(self.sites[one.number].node, ast.Name) and np.ndim(one.value) == 0:
                    found.causes += self._where_made(one)
            return found
        return None

    def _is_itself(self, match: Match, event: Event) -> bool:
        """Whether an array is matched with a multiple of itself."""
        known = self.backward.by_key.get(match.of.key)
        return known is not None and factor(known.value, event.value) is not None

    def regularised(self, path: Path) -> Suspicion | None:
        """A gradient in which all is right but the parameter's own term, as the cost has one."""
        judge = self.judge
        one = next(one for one in judge.verdict.judged if one.claim.parameter == path)
        if not (judge.has_own_cost and judge.may_be_regularised) or one.why:
            return None
        c, e = missing(one, judge.base, judge.params)
        others = [known for known, mode, _ in judge.verdict.factors.values() if mode == one.mode]
        if not e or not any(known is not None and close(known, c) for known in others):
            return None
        matched = [
            event
            for event in self.events
            if mark(event.thing) not in judge.base.starts
            and self.backward.name(event)
            and any(
                self.backward.parameter_of(match.of) == path
                for match in self.backward.matches.get(event.key, ())
            )
        ]
        part = f"{abs(e):.3g} {shown(path)}"
        words = f"has {part} too much" if e > 0 else f"lacks {part}"
        words += ", by the square of it in the cost"
        return self.suspicion(matched[0], {path}, words) if matched else None

    def _where_made(self, event: Event) -> list[Cause]:
        name, function = self._text(event), self.sites[event.number].function
        for other in reversed(self.events[: event.at]):
            site = self.sites[other.number]
            if self.backward.name(other) == name and site.function is function:
                return [(*self._place(other), f"`{name}` is {event.value:g}, from `{site.text}`")]
        return []

    def influence_ends(self, path: Path) -> Suspicion | None:
        """Where the influence of a parameter on the cost ends, where it has none."""
        base = self.judge.base
        shape = np.shape(numbers(base.before[path]))
        change = 1e-3 * np.random.default_rng(17).standard_normal(shape)
        run = self.judge.step.run(change={path: change}, keep=True)
        moved: dict[Key, bool] = {}
        for event in run.events:
            known: Any = self.backward.by_key.get(event.key)
            if known is not None and np.shape(known.value) == np.shape(event.value):
                one, other = np.asarray(known.value, float), np.asarray(event.value, float)
                size = 1 + np.max(np.abs(one), initial=0)
                moved[event.key] = bool(np.max(np.abs(one - other), initial=0) > 1e-9 * size)
        last: dict[int, Key] = {}
        for event in self.events:
            site = self.sites[event.number]
            inside = [last.get(inner.number) for inner in site.inside.values()]
            ends = not moved.get(event.key, True) and any(
                moved.get(key, False) for key in inside if key
            )
            if (
                isinstance(site.node, ast.BinOp | ast.Call)
                and ends
                and event.at <= self.backward.end
            ):
                words = f"is where the cost stops depending on {shown(path)}"
                return self.suspicion(event, {path}, words)
            last[event.number] = event.key
        return None
