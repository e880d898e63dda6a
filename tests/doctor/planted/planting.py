"""One mistake at one place of a style's backward or update code, no line moved.

``places`` has all of them, by operator; ``plant`` writes them to files, in a seeded order in which
the operators take turns, and gives each with what is true of it.
"""

import ast
import random
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
from edits import Edit, Scope
from in_expressions import Expressions
from in_statements import Statements
from judging import Style, Verdict, load


@dataclass(frozen=True)
class Planted:
    """A mistake in a file, the lines that it changed, and what is true of it."""

    style: Style
    operator: str
    lines: tuple[int, ...]
    before: str
    after: str
    path: Path
    verdict: Verdict

    def step(self) -> tuple[Any, tuple[Any, ...]]:
        """The step and its arguments, from the file."""
        return self.style.truth.make(load(self.path, self.path.stem))


class Soil(Expressions, Statements):
    """A source, and every mistake that can be made on some of its lines."""

    def edits(self) -> Iterator[Edit]:
        """All of them."""
        for node in ast.walk(self.tree):
            if getattr(node, "lineno", None) not in self.lines:
                continue
            if isinstance(node, ast.expr):
                for operator, text in self.of_expression(node):
                    if edit := self.edit(operator, node, text):
                        yield edit
            elif isinstance(node, ast.stmt):
                for operator, text in self.of_statement(node):
                    if edit := self.edit(operator, node, text):
                        yield edit
        yield from self.moved()


def functions(tree: ast.AST, under: str = "") -> Iterator[tuple[str, ast.FunctionDef]]:
    """Every function of a module under its qualified name."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef):
            yield under + node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from functions(node, f"{under}{node.name}.")


def region(style: Style, where: dict[str, Any]) -> set[int]:
    """The lines of the functions named, each from the line that begins so."""
    lines = style.path.read_text().splitlines()
    found: set[int] = set()
    for name, function in functions(ast.parse("\n".join(lines))):
        if name not in where:
            continue
        begin, end = where[name] if isinstance(where[name], tuple) else (where[name], None)
        inside = range(function.body[0].lineno, (function.end_lineno or 0) + 1)
        first = next(n for n in inside if lines[n - 1].strip().startswith(begin))
        last = next((n for n in inside if end and lines[n - 1].strip().startswith(end)), None)
        found |= set(range(first, last or inside.stop))
    return found


def scopes(style: Style) -> dict[int, Scope]:
    """On each line, when first it runs: the shape of every array and number that it could name."""
    found: dict[int, Scope] = {}

    def note(scope: Scope, text: str, value: Any, deep: bool = True) -> None:
        if isinstance(value, bool):
            return
        if isinstance(value, int | float):
            scope.setdefault(text, type(value).__name__)
        elif isinstance(value, np.ndarray | np.floating):
            scope.setdefault(text, value.shape)
        elif deep and isinstance(value, dict):
            for key, item in value.items():
                if isinstance(key, str):
                    note(scope, f"{text}[{key!r}]", item, deep=False)

    def watch(frame: FrameType, event: str, arg: Any) -> Any:
        if frame.f_code.co_filename != str(style.path):
            return None
        if event == "line" and frame.f_code.co_name != "<module>":
            scope = found.setdefault(frame.f_lineno, {})
            for name, value in frame.f_locals.items():
                note(scope, name, value)
            for name, value in vars(frame.f_locals.get("self", object)).items():
                if "self" in frame.f_locals:
                    note(scope, f"self.{name}", value)
        return watch

    call, args = style.truth.make(style.code)
    kept = sys.gettrace()
    sys.settrace(watch)
    try:
        call(*args)
    finally:
        sys.settrace(kept)
    return found


def places(style: Style) -> list[tuple[Edit, bool]]:
    """Every mistake that can be planted in a style, and whether it is in the forward pass."""
    if style.name not in _places:
        _places[style.name] = _places_in(style)
    return _places[style.name]


_places: dict[str, list[tuple[Edit, bool]]] = {}


def _places_in(style: Style) -> list[tuple[Edit, bool]]:
    source = style.path.read_text()
    backward = region(style, style.truth.PLANT)
    alone = getattr(style.truth, "PLANT_LINES", ())
    some = {n for n, line in enumerate(source.splitlines(), 1) if line.strip().startswith(alone)}
    forward = region(style, getattr(style.truth, "FORWARD", {})) - backward
    scope = scopes(style)
    found = [(edit, False) for edit in Soil(source, backward | some, scope).edits()]
    along = [(edit, True) for edit in Soil(source, forward, scope).edits()]
    return found + [(edit, f) for edit, f in along if edit.operator in ("other axis", "no axis")]


def in_turns(found: list[tuple[Edit, bool]], chance: random.Random) -> Iterator[tuple[Edit, bool]]:
    """All of them shuffled, one of each operator after the other."""
    by_operator: dict[str, list[tuple[Edit, bool]]] = {}
    for edit, forward in found:
        by_operator.setdefault(edit.operator, []).append((edit, forward))
    queues = [by_operator[name] for name in sorted(by_operator)]
    for queue in queues:
        chance.shuffle(queue)
    chance.shuffle(queues)
    while queues:
        for queue in queues:
            yield queue.pop()
        queues = [queue for queue in queues if queue]


def plant(style: Style, folder: Path, seed: int = 0) -> Iterator[Planted]:
    """Every mistake that runs, each in a file of its own, most of them never asked for."""
    source = style.path.read_text()
    seen = {ast.dump(ast.parse(source))}
    chance = random.Random(f"{style.name} {seed}")
    for number, (edit, forward) in enumerate(in_turns(places(style), chance)):
        text = edit.apply(source)
        try:
            tree = ast.dump(ast.parse(text))
        except SyntaxError:
            continue
        if tree in seen:
            continue
        seen.add(tree)
        path = folder / f"{style.name}_{number}.py"
        path.write_text(text)
        verdict = Verdict("does not run")
        with suppress(Exception):
            verdict = style.judge(load(path, path.stem), forward)
        sys.modules.pop(path.stem, None)
        fair = verdict.kind != "right" or np.isclose(verdict.factor, style.factor)
        if edit.operator == "m of another axis" and style.truth.COST_IN_CODE and not fair:
            verdict = Verdict("odd factor", verdict.factor)
        if verdict.kind == "does not run":
            path.unlink()
            continue
        old, new = source.splitlines(), text.splitlines()
        changed = [n for n, pair in enumerate(zip(old, new, strict=True)) if pair[0] != pair[1]]
        yield Planted(
            style,
            edit.operator,
            edit.lines,
            " / ".join(old[n].strip() for n in changed),
            " / ".join(new[n].strip() for n in changed),
            path,
            verdict,
        )


def sample(styles: list[Style], most: int, folder: Path, seed: int = 0) -> Iterator[Planted]:
    """Mistakes in all the styles in turn, until so many are wrong, and what is right on the way."""
    rest = [plant(style, folder, seed) for style in styles]
    wrong = 0
    while rest:
        for mistakes in list(rest):
            for planted in mistakes:
                yield planted
                if planted.verdict.kind == "wrong":
                    wrong += 1
                    break
            else:
                rest.remove(mistakes)
            if wrong == most:
                return
