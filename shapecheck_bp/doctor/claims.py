"""What a step claims: by which arrays it steps its parameters, and which it returns as gradients.

Arrays of the state are stepped; what comes back is a gradient, or a parameter's new value, and
whose it is is told by names, by places and by shapes.
"""

import ast
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from shapecheck_bp.doctor.arrays import (
    FLOATS,
    Path,
    is_floats,
    is_trainable,
    mark,
    name_in,
    numbers,
    place_in,
    shown,
    stem,
)
from shapecheck_bp.doctor.program import Version
from shapecheck_bp.doctor.runs import Run

LOADS = (ast.Name, ast.Attribute, ast.Subscript)
"""What only reads what is there, unless it stores."""
WEIGHTS = "w|b|W|weights?|bias|biases"
WEIGHT_OR_BIAS = re.compile(rf"_?({WEIGHTS})_?[0-9]*$")
PARAMETERS = re.compile(rf"_?({WEIGHTS}|theta|Theta|gamma|beta)_?[0-9]*$")


class Claim(NamedTuple):
    """One array that is claimed to be a parameter's gradient, or to be stepped by it."""

    parameter: Path
    is_step: bool
    path: Path
    """Where it is: in the state, or in what came back."""
    is_kept: bool = False
    """Whether it is a gradient that stays in the state, as layers keep theirs."""
    rule: str = ""
    """What an optimiser keeps of gradients, from zero: their "mean", or their "squares"."""

    @property
    def group(self) -> tuple[Any, ...]:
        """Claims of one group have one factor in common."""
        if self.rule or self.is_kept:
            return ("rule" if self.rule else "kept",)
        return ("step",) if self.is_step else ("returned", self.path[:1] if self.path[1:] else ())

    def thing(self, run: Run) -> Any:
        """The array itself, in a run; None where it is gone."""
        here = run.after if self.is_step or self.is_kept or self.rule else run.returned
        return here.get(self.path)

    def value(self, run: Run) -> Any:
        """The step, or what came back, in a run; None where it is gone.

        Of a parameter that has another shape afterwards it is its new value.
        """
        found = self.thing(run)
        before, after = run.before[self.parameter], run.after.get(self.parameter)
        if found is None or not (self.is_step or self.rule):
            return None if found is None else _without_brackets(found, before)
        if after is None or (self.rule and np.shape(found) != np.shape(before)):
            return None
        after = _without_brackets(after, before)
        if after.shape != np.shape(numbers(before)):
            return after
        step, kept = after - numbers(before), numbers(found)
        if self.rule == "squares":
            return np.sign(step) * np.sqrt(np.maximum(kept, 0))
        return kept * np.sign(np.vdot(kept, step)) if self.rule else step


def _without_brackets(value: Any, before: Any) -> Any:
    """The numbers of an array, as what was before has them, if it only has more brackets."""
    found, shape = numbers(value), np.shape(numbers(before))
    return found.reshape(shape) if _is_in_brackets(found.shape, shape) else found


def _is_in_brackets(shape: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether two shapes are the same but for axes of length 1 in front.

    >>> _is_in_brackets((1, 4), (4,)), _is_in_brackets((1, 1), ()), _is_in_brackets((4, 1), (4,))
    (True, True, False)
    """
    longer, shorter = sorted((shape, other), key=len, reverse=True)
    return (1,) * (len(longer) - len(shorter)) + shorter == longer


def claims_of(run: Run, version: Version, wanted: Sequence[str] = ()) -> list[Claim]:
    """All that a step claims; of the wanted parameters, where some are."""
    found = {path: value for path, value in run.before.items() if is_trainable(value)}
    single = {path: value for path, value in run.before.items() if isinstance(value, FLOATS)}
    stored = {
        run.starts[mark(event.thing)]
        for event in run.events
        if event.number in version.stores and mark(event.thing) in run.starts
    }
    stepped = [path for path in found if is_stepped(path, run) or path in stored]
    stepped += [path for path in single if is_stepped(path, run)]
    claims = [Claim(path, True, path) for path in stepped]
    claims += _returned(run, version, found | single, stepped)
    claims += _kept(run, found, {claim.parameter for claim in claims})
    claims += _left_out(run, found, claims)
    if wanted:
        claims = [claim for claim in claims if _is_wanted(claim.parameter, wanted)]
    return claims


def _left_out(run: Run, found: dict[Path, Any], claims: list[Claim]) -> list[Claim]:
    """Brothers of what is stepped or has gradients, for which nothing is claimed.

    They are in the same list or dictionary, or are called as parameters are.
    """
    known = {claim.parameter for claim in claims}
    boxes = {_box_of(path) for path in known if not str(path[-1]).startswith(".")}
    objects = {_object_of(path) for path in known}
    steps = any(claim.is_step for claim in claims)
    left = []
    for path in found:
        called = _object_of(path) in objects and (
            PARAMETERS.match(name_in(path)) or any(_is_brother(path, one) for one in known)
        )
        if path not in known and (_box_of(path) in boxes or called):
            left.append(Claim(path, steps, path if steps else ("nothing",)))
    return left if claims else []


def _box_of(path: Path) -> Path:
    """The list or dictionary that a parameter is in; of lists in lists the outermost."""
    while len(path) > 2 and isinstance(path[-1], int) and isinstance(path[-2], int):
        path = path[:-1]
    return path[:-1] or path


def _object_of(path: Path) -> Path:
    """What has a parameter, or the list that it is in."""
    while path and isinstance(path[-1], int):
        path = path[:-1]
    return path[:-1]


def _is_brother(path: Path, other: Path) -> bool:
    """Whether two names differ in their last letter, as wa and wb do."""
    one, two = name_in(path), name_in(other)
    return len(one) > 1 and one[:-1] == two[:-1] and path[:-1] == other[:-1]


def _is_wanted(path: Path, wanted: Sequence[str]) -> bool:
    names = {shown(path), name_in(path), *(str(part).strip(".") for part in path)}
    return bool(names & {*wanted})


def is_stepped(path: Path, run: Run) -> bool:
    """Whether an array has other values afterwards, and not the same in another order."""
    if path not in run.after or run.is_moved(path):
        return False
    before, after = numbers(run.before[path]), numbers(run.after[path])
    if before.shape == after.shape and np.array_equal(before, after):
        return False
    return before.size != after.size or not np.array_equal(
        np.sort(before, None), np.sort(after, None)
    )


def _returned(
    run: Run, version: Version, found: dict[Path, Any], stepped: list[Path]
) -> list[Claim]:
    """Whose gradients, or new values, came back: the best pairs of all."""
    names = _names(run, version)
    pairs = []
    for there, value in run.returned.items():
        if not (isinstance(value, np.ndarray | float | np.floating) or is_floats(value)):
            continue
        if isinstance(value, np.ndarray) and value.dtype.kind != "f":
            continue
        same = run.starts.get(mark(value))
        for path, mine in found.items():
            score = _likeness(path, mine, there, value, names)
            kept = same is not None and not is_gradient(name_in(same))
            kept |= path in stepped and np.shape(value) != np.shape(mine)
            if score >= 3 and same != path and not kept:
                pairs.append((score, path, there))
    claims, taken = [], set()
    order = {path: i for i, path in enumerate(found)}
    for _, path, there in sorted(pairs, key=lambda p: (-p[0], order[p[1]])):
        kind = there[:1] if there[1:] else ()
        if there not in taken and (path, kind) not in taken:
            taken |= {there, (path, kind)}
            claims.append(Claim(path, False, there))
    for there, value in run.returned.items():  # dZ @ X.T, which has no name
        free = (
            isinstance(value, np.ndarray) and there not in taken and mark(value) not in run.starts
        )
        if claims and free and value.dtype.kind == "f":
            known = {claim.parameter for claim in claims}
            rest = [path for path in found if path not in known]
            rest = [path for path in rest if _is_in_brackets(np.shape(found[path]), value.shape)]
            rest = [path for path in rest if PARAMETERS.match(name_in(path))]
            claims += [Claim(path, False, there) for path in rest[:1]]
    if not claims and not stepped:
        claims = _by_shape(run, found)
    return sorted(claims, key=lambda claim: order[claim.parameter])


def _by_shape(run: Run, found: dict[Path, Any]) -> list[Claim]:
    """What came back in the shape of one array alone, where no name says whose it is."""
    claims = []
    for there, value in run.returned.items():
        if is_trainable(value) and mark(value) not in run.starts:
            alike = [
                path
                for path, mine in found.items()
                if _is_in_brackets(np.shape(mine), np.shape(value))
            ]
            if len(alike) == 1:
                claims.append(Claim(alike[0], False, there))
    return claims


def _kept(run: Run, found: dict[Path, Any], known: set[Path]) -> list[Claim]:
    """Gradients that are neither used nor returned, but kept: self.dW beside self.W."""
    claims = []
    alike: dict[Any, list[Path]] = {}
    for path in found:
        alike.setdefault((stem(name_in(path)), place_in(path)), []).append(path)
    for there, value in run.after.items():
        before = run.before.get(there)
        if not is_trainable(value) or (before is not None and np.array_equal(before, value)):
            continue
        one = stem(name_in(there))
        for path in alike.get((one, place_in(there)), ()):
            beside = path[:-1] == there[:-1] and one != name_in(there).lower().strip("._")
            box = len(path) > 1 and path[-1] == there[-1] and is_gradient(name_in(there[:-1]))
            if (beside or box) and path not in known and path != there:
                known |= {path}
                claims.append(Claim(path, False, there, True))
    return claims


def is_gradient(name: str) -> bool:
    """Whether this is what gradients are called."""
    return re.match(r"(_?d[A-Z_]?|grad|nabla)", name) is not None


def _likeness(path: Path, mine: Any, there: Path, value: Any, names: dict[Any, str]) -> float:
    """How likely something that came back is a parameter's: by its name, its place, its shape."""
    has_shape = _is_in_brackets(np.shape(value), np.shape(mine))
    if np.ndim(value) == 0 and not there:
        return 0
    name = name_in(there) or names.get(mark(value), "") or names.get(there[:1], "")
    one, other = stem(name_in(path)), stem(name)
    score = 0.0
    if one and other:
        if one == other:
            score += 5
        elif place_in(path) is not None and one[0] == other[0]:
            score += 2
        elif place_in(path) is None and there[1:]:
            score -= 1
    same_place = bool(path[1:]) and path[1:] in (there, there[1:] if path[2:] else there)
    if isinstance(path[-1], str) and path[1:-1]:  # .W of a list's, and the first of a pair
        same_place = same_place or path[1:-1] == there[:-1]
    if np.ndim(value) == 0 and score < 5 and not (same_place and there[1:]):
        return 0
    if is_gradient(name) and score > 0:
        score += 1
    if same_place:
        score += 3
    if place_in(path) is not None and place_in(path) == place_in(there):
        score += 1.5
    return score + (2 if has_shape else -1)


def _names(run: Run, version: Version) -> dict[Any, str]:
    """The names that arrays were assigned to, and those of the parts of what is returned."""
    names: dict[Any, str] = {}
    for event in run.events:
        site = version.sites[event.number]
        if isinstance(event.thing, np.ndarray):
            name = assigned(site)
            if name and mark(event.thing) not in run.starts:
                names[mark(event.thing)] = name
            if isinstance(site.node, ast.Name) and isinstance(site.statement, ast.Return):
                names[mark(event.thing)] = site.node.id
    for site in version.sites.values():
        value = getattr(site.statement, "value", None)
        if isinstance(site.statement, ast.Return) and isinstance(value, ast.Tuple):
            for i, part in enumerate(value.elts):
                if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mult | ast.Div):
                    part = part.left
                if isinstance(part, ast.Name | ast.Attribute):
                    names.setdefault((i,), part.id if isinstance(part, ast.Name) else part.attr)
    return names


def assigned(site: Any) -> str:
    """The name that an expression is assigned to, or nothing."""
    statement = site.statement
    if isinstance(statement, ast.AnnAssign):
        return ast.unparse(statement.target) if statement.value is site.node else ""
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return ""
    target, value = statement.targets[0], statement.value
    if value is site.node:
        return ast.unparse(target) if not isinstance(target, ast.Tuple) else ""
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for one, other in zip(target.elts, value.elts, strict=False):
            if other is site.node:
                return ast.unparse(one)
    return ""
