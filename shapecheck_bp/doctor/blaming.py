"""Which line is the mistake, and which only a step on the way to it.

An array is suspect where a wrong parameter's claim depends on it, no right one's does, and nothing
right comes of it. Of the suspects that one is the mistake at which *some* value can be put in so
that all wrong claims that depend on it become right: the value is solved for, and no pattern is
recognised. A right array can be the mistake, too: dJ/dA in the place of dJ/dZ.
"""

import ast
from collections.abc import Iterator
from typing import Any

import numpy as np

from shapecheck_bp.doctor.arrays import Path, mark, shown
from shapecheck_bp.doctor.backward import Backward
from shapecheck_bp.doctor.causes import Causes, Suspicion
from shapecheck_bp.doctor.claims import LOADS
from shapecheck_bp.doctor.costs import after_the_step, is_place
from shapecheck_bp.doctor.judging import Judge
from shapecheck_bp.doctor.odd import Odd
from shapecheck_bp.doctor.runs import Key
from shapecheck_bp.doctor.solving import Solving
from shapecheck_bp.doctor.truth import differing
from shapecheck_bp.doctor.verdicts import NOTHING, close, factor
from shapecheck_bp.reading.instrument import Site
from shapecheck_bp.reading.variants import name_of

MOST_SUSPECTS, MOST_SITES = 300, 40
EMPTY = ("zeros", "zeros_like", "empty", "empty_like")


class Blame:
    """The search for the first wrong line of a judged step."""

    def __init__(self, judge: Judge) -> None:
        """Of a step that is wrong."""
        self.judge = judge
        self.backward = Backward(judge)
        self.causes = Causes(judge, self.backward)
        self.solving = Solving(judge, self.backward)

    def find(self) -> list[Suspicion]:
        """The lines that are wrong, each with the parameters that are wrong by it."""
        judge, causes = self.judge, self.causes
        self.info: dict[Key, tuple[set[Key], set[Path]]] = {}
        self.suspects: list[Key] = []
        self.bare: set[tuple[str, int]] = set()
        """Lines that only give a value another name: something may be left out there."""
        self.ends: list[Suspicion] = []
        """Where the cost stops depending on a parameter, which may be meant so."""
        left = {*judge.verdict.wrong}
        for one in (causes.lost_digits(), causes.added()):
            if one is not None:
                return [one]
        found: list[Suspicion] = []
        for path in sorted(left, key=str):
            if path in left and (one := causes.never_written(path)) is not None:
                found.append(one)
                left -= one.params
        odd = self._odd(left)
        if odd and not judge.verdict.right and odd == {*judge.params}:
            common = causes.odd_factor(odd)
            if common is not None:
                return [common]
        self._suspect(left)
        turned = self.odd.turned() if judge.preferred is None else None
        if turned is not None:
            judge.prefer(turned)
            return self.find()
        self.solving.begin()
        if judge.verdict.right:
            for one in self._odd_ones(odd & left):
                found.append(one)
                left -= one.params
        for path in sorted(left, key=str):
            if one := causes.regularised(path):
                found.append(one)
                left -= one.params
        for path in sorted(left, key=str):
            if np.max(np.abs(judge.params[path][1])) < NOTHING:
                ends = causes.influence_ends(path)
                self.ends += [ends] if ends else []
        for _ in range(4):
            one = self._solved(left) if left else None
            if one is None:
                break
            found.append(one)
            left -= one.params
        for one in self.ends:
            found += [one] if one.params & left else []
            left -= one.params
        for path in sorted(left, key=str):
            found.append(self._first_on_the_way(path))
        return _merged(found)

    def _odd(self, left: set[Path]) -> set[Path]:
        """Wrong parameters whose claims are gradients, by a factor that is not the others'."""
        judged = [one for one in self.judge.verdict.judged if one.claim.parameter in left]
        return {
            path
            for path in left
            if len(self.judge.params[path][1]) > 1
            and all(one.factor is not None for one in judged if one.claim.parameter == path)
        }

    # Who is suspect.

    def _suspect(self, left: set[Path]) -> None:
        backward, good = self.backward, self.judge.verdict.right
        of_kept = self._of_what_is_kept()
        keys = [
            event.key
            for event in backward.first_and_last(backward.events)
            if (event.key in backward.open or event.key in backward.matches)
            and np.asarray(event.value).dtype.kind in "fi"
            and event.key not in of_kept
        ][:MOST_SUSPECTS]
        self.strong = {key for key in backward.matches if self._is_strong(key)}
        self.strong -= self._by_odd_factors()
        self.keys, self.info = keys, backward.influence(keys, self.strong)
        self.odd = Odd(self.judge, self.causes, self.info)
        self.strong -= {key for key in self.strong if self._is_by_chance(key, left)}
        array = {k for k in keys if isinstance(backward.by_key[k].value, np.ndarray | np.floating)}
        fruitless = [k for k in keys if self.info[k][1] & left and not self._is_fruitful(k)]
        fruitless = [k for k in fruitless if k in array and not self._is_empty(k)]
        fruitless = [k for k in fruitless if not self._is_what_is_stepped(k)]
        fruitless = [k for k in fruitless if k in backward.matches or not backward.is_slope(k)]
        suspects = [key for key in fruitless if not self.info[key][1] & good]
        suspects += [k for k in fruitless if k not in suspects and k not in backward.matches]
        sites = [self.judge.sites[number] for number, _ in keys]
        self.bare = {(site.file.name, site.statement.lineno) for site in filter(is_bare, sites)}
        self.suspects = sorted(suspects, key=lambda key: backward.by_key[key].at)

    def _of_what_is_kept(self) -> set[Key]:
        """What comes of a velocity or a mean from before, and of nothing else: it is as it was."""
        judge = self.judge
        paths = [claim.path for claim in judge.claims if claim.rule]
        change = {path: np.full(np.shape(judge.base.before[path]), 1e-3) for path in paths}
        run = judge.step.run(change=change, keep=True) if change else judge.base
        return differing(judge.base, run) - judge.moving

    def _is_empty(self, key: Key) -> bool:
        """Whether an array is made there only to be filled."""
        node = self.judge.sites[key[0]].node
        return isinstance(node, ast.Call) and name_of(node) in EMPTY

    def _is_what_is_stepped(self, key: Key) -> bool:
        """Whether this only reads the parameter that then is stepped."""
        start = self.judge.base.starts.get(mark(self.backward.by_key[key].thing))
        return self.info[key][1] == {start}

    def _is_strong(self, key: Key) -> bool:
        """Whether a match is with something that has a name, and no chance within an expression."""
        backward = self.backward
        for match in backward.matches[key]:
            event = backward.by_key.get(match.of.key)
            if (
                event is None
                or backward.name(event)
                or backward.is_load(event, {mark(event.thing)})
            ):
                return True
            if event.number not in self.causes.around:
                return True
        return False

    def _by_odd_factors(self) -> set[Key]:
        """What is a gradient by a factor that nothing else has and nothing explains: by chance."""
        judge = self.judge
        sites: dict[float, set[int]] = {}
        for key, matches in self.backward.matches.items():
            for match in matches:
                sites.setdefault(round(match.factor, 6), set()).add(key[0])
        plain = {1.0, 2.0, 0.5, *judge.usual.rates} | {float(n) for n in judge.usual.counts}
        plain |= {k / n for n in judge.usual.counts for k in (1, 2)}
        return {
            key
            for key, matches in self.backward.matches.items()
            if not any(
                len(sites[round(m.factor, 6)]) > 1 or any(close(abs(m.factor), f) for f in plain)
                for m in matches
            )
        }

    def _is_by_chance(self, key: Key, left: set[Path]) -> bool:
        """Whether this is what should be a parameter's gradient, and happens to be another's."""
        moved = self.info.get(key, ((), set()))[1]
        if len(moved) != 1 or not moved <= left:
            return False
        (path,) = moved
        mine = np.shape(self.judge.base.before[path])
        return np.shape(self.backward.by_key[key].value) == mine and all(
            self.backward.parameter_of(match.of) != path for match in self.backward.matches[key]
        )

    def _is_fruitful(self, key: Key) -> bool:
        """Whether something right depends on it that is no copy of it."""
        value = np.ravel(self.backward.by_key[key].value)
        for other in self.info[key][0] & self.strong:
            one = self.backward.by_key[other].value
            same = one.size == value.size and (
                factor(np.ravel(one), value) is not None
                or factor(np.ravel(one.T), value) is not None
            )
            if other[0] != key[0] and not same:
                return True
        return False

    def lines(self, alone: set[Path] | None = None) -> list[tuple[str, int]]:
        """The lines on whose values what is wrong depends, or these alone; the likeliest first."""
        sites, wrong, good = self.judge.sites, self.judge.verdict.wrong, self.judge.verdict.right
        moved = self._moved_by_lines()
        found = sorted(
            (p for p, claims in moved.items() if (claims == alone if alone else claims & wrong)),
            key=lambda p: (bool(moved[p] & good), p not in self.bare, -len(moved[p] & wrong)),
        )
        if not alone:
            found = self.backward.filling() + found
        if not alone and self.is_of_numbers:
            late = after_the_step(self.judge.step, self.judge.base, self.judge.claims)
            keys = (one.key for one in reversed(self.backward.events))
            near = (sites[key[0]] for key in keys if key in self.judge.moving - late)
            found += [(one.file.name, one.statement.lineno) for one in near]
        return [*dict.fromkeys(found)]

    @property
    def is_of_numbers(self) -> bool:
        """Whether all that is wrong is numbers, and lists of them."""
        before = self.judge.base.before
        return not any(isinstance(before[p], np.ndarray) for p in self.judge.verdict.wrong)

    @property
    def common(self) -> set[tuple[str, int]]:
        """The lines on whose values all depends that is wrong, and nothing that is right."""
        wrong = self.judge.verdict.wrong
        return {place for place, claims in self._moved_by_lines().items() if claims == wrong}

    def _moved_by_lines(self) -> dict[tuple[str, int], set[Path]]:
        moved: dict[tuple[str, int], set[Path]] = {}
        for key, (_, claims) in self.info.items():
            site = self.judge.sites[key[0]]
            place = site.file.name, site.statement.lineno
            moved[place] = moved.get(place, set()) | claims
        return moved

    # Right but for a factor.

    def _odd_ones(self, todo: set[Path]) -> Iterator[Suspicion]:
        """The first array of each way whose factor is none of those that right claims come by."""
        todo = {*todo}
        while todo:
            first = self.odd.first(todo)
            if first is None:
                path = min(todo, key=str)
                todo.discard(path)
                update = self.causes.update_of(path)
                if update is not None:
                    update.rivals = self.lines({path})
                    yield update
                continue
            params = self.info[first][1] & todo
            todo -= params
            yield self.odd.suspicion(first, params)

    # Some value there makes it right.

    def _solved(self, left: set[Path]) -> Suspicion | None:
        """The line at which a value makes most wrong claims right; of several the first."""
        backward, info = self.backward, self.info
        rank = {key: i for i, key in enumerate(self.suspects)}
        places: dict[int, list[Key]] = {}
        for key in self.suspects:
            if info[key][1] & left:
                places.setdefault(key[0], []).append(key)
        order = sorted(
            places.values(),
            key=lambda keys: (
                -max(len(info[k][1] & left) for k in keys),
                keys[0] in backward.matches,
            ),
        )
        best: tuple[Any, list[Key], set[Path]] | None = None
        rivals: list[tuple[int, Key]] = []
        for keys in order[:MOST_SITES]:
            params = set().union(*(info[key][1] for key in keys))
            is_right = any(key in backward.matches for key in keys)
            # All right arrays up to the last one are as they should be.
            late = self._lateness(keys[-1]) if is_right else -rank[keys[0]]
            most = (len(params & left), not is_right, late)
            if self.solving.is_over or (best is not None and most[0] < best[0][0]):
                break
            if self.solving.is_solvable(keys, params & (left | self.judge.verdict.right)):
                rivals.append((most[0], keys[0]))
                if best is None or most > best[0]:
                    best = most, keys, params & left
        if best is None:
            return None
        most, some, params = best
        if earlier := self._before_the_update(some[0], params):
            return earlier
        blamed = self.causes.blamed(backward.by_key[some[0]], params, {*self.suspects})
        others = (self.judge.sites[key[0]] for count, key in rivals if count == most[0])
        lines = [(site.file.name, site.statement.lineno) for site in others]
        odd = self.odd.first(params)
        if odd is not None and backward.by_key[odd].at < backward.by_key[some[0]].at:
            lines = [(blamed.file, blamed.line), *lines]
            blamed = self.odd.suspicion(odd, self.info[odd][1] & params)
        blamed.rivals = self._sorted(lines)
        if blamed.key is not None:
            blamed.causes += self.causes.unused(backward.by_key[blamed.key], self.info)
        return blamed

    def _before_the_update(self, key: Key, params: set[Path]) -> Suspicion | None:
        """What goes into an update, where that is not the mistake.

        It steps others, too, which are right; or what goes in has another shape than it steps.
        """
        sites, path = self.judge.sites, min(params, key=str)
        statement, update = sites[key[0]].statement, self.causes.update_of(path)
        place = None if update is None else update.key
        updates = place is not None and sites[place[0]].statement is statement
        if updates and (anothers := self._of_another(key, params)):
            return anothers
        earlier = self._first_on_the_way(path)
        if earlier.key is None or earlier.line == sites[key[0]].line:
            return None
        given = np.shape(self.backward.by_key[earlier.key].value)
        mine = np.shape(self.judge.base.before[path])
        if given == () != mine and self.info[earlier.key][1] == {path} == params:  # a sum too much
            return earlier
        if not updates:
            return None
        same = (self.info[other][1] for other in self.keys if other[0] == key[0])
        is_right_for_others = any(claims & self.judge.verdict.right for claims in same)
        return earlier if is_right_for_others or given != mine else None

    def _of_another(self, key: Key, params: set[Path]) -> Suspicion | None:
        """What goes in first that is the gradient of another parameter, where all is of one."""
        matches = self.backward.matches
        for other in self.keys:
            event = self.backward.by_key[other]
            if event.at >= self.backward.by_key[key].at:
                return None
            known = {self.backward.parameter_of(match.of) for match in matches.get(other, ())}
            mine = self.info[other][1] == params and self.backward.name(event)
            if mine and known - {None} and params.isdisjoint(known):
                return self.causes.suspicion(event, params, f"is {matches[other][0]}")
        return None

    def _sorted(self, lines: list[tuple[str, int]]) -> list[tuple[str, int]]:
        """Lines where something may be left out, and then those met first."""
        order: dict[tuple[str, int], int] = {}
        for key in self.suspects:
            site = self.judge.sites[key[0]]
            order.setdefault((site.file.name, site.statement.lineno), len(order))
        return sorted(
            {*lines}, key=lambda place: (place not in self.bare, order.get(place, len(order)))
        )

    def _lateness(self, key: Key) -> int:
        """When an array was last given a name, and not by the call of a function that gave it."""
        event, site = self.backward.by_key[key], self.judge.sites[key[0]]
        again = isinstance(site.node, ast.Call) or is_put_in(site)
        before = self.backward.events[: event.at]
        return -1 if again and any(one.thing is event.thing for one in before) else event.at

    def _first_on_the_way(self, path: Path) -> Suspicion:
        """Where something right goes in, and nothing right comes out; or else the first suspect."""
        some = [
            k for k in self.suspects if path in self.info[k][1] and k not in self.backward.matches
        ]
        for key in [*filter(self.backward.takes_right, some), *some][:1]:
            event = self.backward.by_key[key]
            words = "is no gradient of anything, and nothing right comes of it"
            found = self.causes.suspicion(event, {path}, words)
            sites = (self.judge.sites[other[0]] for other in some)
            found.rivals = [(site.file.name, site.statement.lineno) for site in sites]
            return found
        unfit = {one.claim.parameter for one in self.judge.verdict.judged if one.why == "shape"}
        mine = np.shape(self.judge.base.before[path])
        for key in self.keys if path in unfit else ():
            event = self.backward.by_key[key]
            if self.info[key][1] == {path} and np.shape(event.value) != mine:
                words = f"does not fit {shown(path)}, {np.shape(event.value)} and {mine}"
                return self.causes.suspicion(event, {path}, words)
        return self.causes.update_of(path) or self.causes.unknown({path})


def is_bare(site: Site) -> bool:
    """Whether an expression is all that a statement gives another name to, or gives back."""
    statement = site.statement
    if not isinstance(statement, ast.Assign | ast.Return) or statement.value is not site.node:
        return False
    return isinstance(site.node, LOADS) and not is_put_in(site)


def is_put_in(site: Site) -> bool:
    """Whether a statement puts what it has into a place of an array."""
    targets = getattr(site.statement, "targets", [])
    return any(isinstance(target, ast.Subscript) and is_place(target) for target in targets)


def _merged(found: list[Suspicion]) -> list[Suspicion]:
    """One suspicion a line."""
    lines: dict[Any, Suspicion] = {}
    for one in found:
        known = lines.setdefault((one.file, one.line), one)
        known.params |= one.params
    return [*lines.values()]
