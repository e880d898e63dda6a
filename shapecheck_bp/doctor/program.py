"""A person's functions, noted, as they stand and with statements of them changed.

A change is made in the tree of a file and never in the file. What it does not touch keeps its place
in the source, by which an expression is known again in another version.
"""

import ast
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from functools import cached_property
from types import CodeType
from typing import Any, NamedTuple

from shapecheck_bp.doctor.edits import Change, edited, found, placed
from shapecheck_bp.reading.instrument import Noting, Site
from shapecheck_bp.reading.live import Live, exchanged
from shapecheck_bp.reading.sources import FUTURES, File, NotRead

Place = tuple[Any, ...]


class Block(NamedTuple):
    """Statements that are run by themselves: a turn of a script's loop, or of a function's."""

    file: File
    line: int
    names: dict[str, Any]
    """What they read and write."""


class Unit(NamedTuple):
    """What is compiled by itself: a function in its classes, or a statement at the top."""

    file: str
    path: tuple[int, ...]
    """Where it is: the place at the top of the file, in a class there, and so on."""

    def statement(self, tree: ast.Module) -> tuple[Any, list[Any]]:
        """Itself in a tree, and the classes around it."""
        body, around = tree.body, []
        for place in self.path[:-1]:
            around.append(body[place])
            body = getattr(body[place], "body", [])  # what a change has moved is not there
        return body[self.path[-1]], around


Codes = dict[tuple[Any, ...], CodeType]


class Version:
    """The codes of one version, and its sites by their places and numbers."""

    def __init__(self, files: dict[str, File]) -> None:
        """Of these files, whose trees are its own."""
        self.files = files
        self.codes: dict[int, tuple[Live, CodeType]] = {}
        """The code of each live function."""
        self.block: CodeType | None = None
        self.sites: dict[int, Site] = {}
        self.numbers: dict[Place, int] = {}
        self.stores: set[int] = set()
        """The numbers of what is noted behind a statement that stores it."""

    def like(self, files: dict[str, File]) -> "Version":
        """Another one, as yet with the same codes and sites."""
        other = copy(self)
        other.files, other.codes = files, dict(self.codes)
        other.sites, other.numbers = dict(self.sites), dict(self.numbers)
        other.stores = {*self.stores}
        return other

    @cached_property
    def by_plain(self) -> dict[CodeType, CodeType]:
        """The codes by those of the functions as they stand."""
        return {live.plain: code for live, code in self.codes.values()}

    def add(self, sites: Iterable[Site]) -> None:
        """Know these sites."""
        for site in sites:
            self.sites[site.number] = site
            self.numbers[place_of(site)] = site.number
            stored = isinstance(getattr(site.node, "ctx", None), ast.Store)
            if stored or isinstance(site.node, ast.AugAssign):
                self.stores.add(site.number)


class Program:
    """All functions that a step may come to, and the block that it is, where it is one."""

    def __init__(self, lives: Sequence[Live], block: Block | None = None) -> None:
        """Of these functions."""
        self.block = block
        self.lives = {id(live.function): live for live in lives}
        self.files = {live.file.name: live.file for live in lives}
        if block is not None:
            self.files.setdefault(block.file.name, block.file)
        self.units: dict[Unit, list[Live]] = {}
        self.keys: dict[int, tuple[Any, ...]] = {}
        for live in lives:
            self.units.setdefault(_unit_of(live), []).append(live)
        for unit, some in self.units.items():
            for live in some:
                key = _key(live, unit, _flags(some))
                if key is not None:
                    self.keys[id(live.function)] = key
        self.lives = {key: live for key, live in self.lives.items() if key in self.keys}
        for unit, some in [*self.units.items()]:
            self.units[unit] = [live for live in some if id(live.function) in self.keys]
            if not self.units[unit]:
                del self.units[unit]
        self.changes: tuple[Change, ...] = ()
        """What is changed in every version."""
        self.in_place: Version | None = None

    @cached_property
    def floats(self) -> set[float]:
        """The numbers with a point that are written in it."""
        parts = (part for file in self.files.values() for part in ast.walk(file.tree))
        found = (part.value for part in parts if isinstance(part, ast.Constant))
        return {value for value in found if isinstance(value, float)}

    def version(self) -> Version:
        """The program with its changes, all noted.

        Raises:
            SyntaxError: a change makes no code.
            NotRead: the functions cannot be found again.
        """
        files = {name: self._changed(file) for name, file in self.files.items()}
        version = Version(files)
        self._note(version)
        for file in files.values():
            version.add(file.sites.values())
        return version

    def noting(self, version: Version, only: Container[int]) -> Version:
        """The same version, of which nothing but these sites is noted."""
        other = version.like(version.files)
        self._note(other, only)
        return other

    def _note(self, version: Version, only: Container[int] | None = None) -> None:
        """Compile all of a version, noted."""
        for unit in self.units:
            file = version.files[unit.file]
            self._compile(version, unit, Noting(file, stores=True, only=only).visit)
        if self.block is not None:
            file = version.files[self.block.file.name]
            version.block = self._block(file, Noting(file, stores=True, only=only).visit)

    def with_change(self, version: Version, change: Change, noted: bool = False) -> Version:
        """A version with one change more; what is changed is noted, or the rest of it is.

        Raises:
            SyntaxError: the change makes no code.
            LookupError: there is no such statement.
        """
        file = version.files[change.file]
        other = version.like(version.files)
        mine = copy(file)
        mine.sites = {}
        visit = Noting(mine, stores=True).visit if noted else _as_it_is
        with edited(file.tree, change):
            for unit in self.units:
                if unit.file == file.name and _spans(unit.statement(file.tree)[0], change.line):
                    self._compile(other, unit, visit)
            block = self.block
            if block is not None and block.file.name == file.name:
                body, i, _ = placed(file.tree, block.line)
                if i >= len(body) or _spans(body[i], change.line) or body[i].lineno != block.line:
                    other.block = self._block(file, visit)
        other.add(mine.sites.values())
        return other

    def _compile(self, version: Version, unit: Unit, visit: Callable[[Any], Any]) -> None:
        some = self.units[unit]
        codes = _codes(unit, version.files[unit.file], visit, _flags(some))
        for live in some:
            code = codes.get(self.keys[id(live.function)])
            if code is None or code.co_freevars != live.plain.co_freevars:
                raise NotRead("its source is not what it was made of")
            version.codes[id(live.function)] = live, code
        version.__dict__.pop("by_plain", None)

    def _block(self, file: File, visit: Callable[[Any], Any]) -> CodeType:
        assert self.block is not None
        return file.compiled(visit(found(file.tree, self.block.line)[2]))

    def _changed(self, file: File) -> File:
        """A file with a tree and sites of its own, with the program's changes."""
        other = copy(file)
        other.sites, other.tree = {}, ast.parse(file.source)
        for change in self.changes:
            if change.file == file.name:
                kind = (ast.For, ast.While) if change.kind == "cut" else ast.stmt
                body, i, _ = found(other.tree, change.line, kind)
                change.edit(body, i)
        return other

    @contextmanager
    def placed(self, version: Version) -> Iterator[None]:
        """While this lasts, the functions have the codes of a version."""
        if self.in_place is version:
            yield
            return
        before, self.in_place = self.in_place, version
        try:
            with exchanged([*version.codes.values()]):
                yield
        finally:
            self.in_place = before


def _as_it_is(statement: ast.stmt) -> ast.stmt:
    return statement


def _key(live: Live, unit: Unit, flags: int) -> tuple[Any, ...] | None:
    """The key of a function among the codes of its unit, or None where it is not clear."""
    like: list[tuple[Any, ...]] = []
    for alone in (False, True):  # as a file, and as a cell, is compiled
        codes = _codes(unit, live.file, _as_it_is, flags, alone)
        found = [key for key, code in codes.items() if code == live.plain]
        if found:
            return found[0]
        like = [key for key in codes if key[:2] == _name(live.plain)]
    return like[0] if len(like) == 1 else None


def _flags(lives: list[Live]) -> int:
    return lives[0].plain.co_flags & FUTURES


def _unit_of(live: Live) -> Unit:
    """The function that is not in another one, or the statement at the top, of a live one."""
    statement: Any = live.file.statement(live.plain)
    path = [live.file.tree.body.index(statement)]
    while isinstance(statement, ast.ClassDef):
        line = live.plain.co_firstlineno
        place = next((i for i, one in enumerate(statement.body) if _spans(one, line)), None)
        if place is None:
            break
        path.append(place)
        statement = statement.body[place]
    return Unit(live.file.name, tuple(path))


def _spans(statement: Any, line: int) -> bool:
    decorators = getattr(statement, "decorator_list", [])
    first = min([statement.lineno, *(one.lineno for one in decorators)])
    return bool(first <= line <= statement.end_lineno)


def _codes(
    unit: Unit, file: File, visit: Callable[[Any], Any], flags: int, alone: bool | None = None
) -> Codes:
    """The codes of a unit and of all that is in it, by their names and first lines."""
    statement, around = unit.statement(file.tree)
    made = visit(statement)
    for outer in reversed(around):
        made = ast.copy_location(ast.ClassDef(outer.name, [], [], [made], []), outer)
    found: Codes = {}
    tree = ast.Module([made], [])
    todo = [
        compile(tree, file.name, "exec", flags, dont_inherit=True)
        if visit is _as_it_is and alone is None
        else file.compiled(made, flags, bool(alone))
    ]
    while todo:
        for code in (one for one in todo.pop(0).co_consts if isinstance(one, CodeType)):
            number = sum(key[:2] == _name(code) for key in found)
            found[(*_name(code), number)] = code
            todo.append(code)
    return found


def _name(code: CodeType) -> tuple[str, int]:
    return code.co_qualname, code.co_firstlineno


def place_of(site: Site) -> Place:
    """Where an expression stands, and of what kind it is."""
    node: Any = site.node
    at = (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)
    return (site.file.name, *at, type(node).__name__)
