"""A person's functions, noted, as they stand and with statements of them changed.

A change is made in the tree of a file and never in the file. What it does not touch keeps its place
in the source, by which an expression is known again in another version.
"""

import ast
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from types import CodeType
from typing import Any, NamedTuple

from shapecheck_bp.reading.instrument import Noting, Site
from shapecheck_bp.reading.live import Live, exchanged
from shapecheck_bp.reading.sources import FUTURES, Codes, File, NotRead, paired

Place = tuple[Any, ...]
Body = list[ast.stmt]


class Change(NamedTuple):
    """Something done to the statement that stands in a line of a file."""

    file: str
    line: int
    edit: Callable[[Body, int], None]
    """Changes a list of statements, given where in it the statement is."""
    kind: str = ""
    text: Any = ""
    """What is put in, by which two changes are told apart."""
    words: Callable[[], str] = str
    """The line as it then stands."""


class Block(NamedTuple):
    """Statements that are run by themselves: a turn of a script's loop, or of a function's."""

    file: File
    line: int
    names: dict[str, Any]
    """What they read and write."""


class Version:
    """The codes of one version, and its sites by their places and numbers."""

    def __init__(
        self,
        codes: list[tuple[Live, CodeType]],
        block: CodeType | None,
        files: dict[str, File],
    ) -> None:
        """Of these codes, and the files that they were made of."""
        self.codes, self.block, self.files = codes, block, files
        self.by_plain: Codes = {live.plain: code for live, code in codes}
        self.sites: dict[int, Site] = {}
        self.numbers: dict[Place, int] = {}
        self.stores: set[int] = set()
        """The numbers of what is noted behind a statement that stores it."""
        for site in (site for file in files.values() for site in file.sites.values()):
            self.sites[site.number] = site
            self.numbers[place_of(site)] = site.number
            if isinstance(getattr(site.node, "ctx", None), ast.Store) or isinstance(
                site.node, ast.AugAssign
            ):
                self.stores.add(site.number)


class Program:
    """All functions that a step may come to, and the block that it is, where it is one."""

    def __init__(self, lives: Sequence[Live], block: Block | None = None) -> None:
        """Of these functions."""
        self.lives, self.block = lives, block
        self.files = {live.file.name: live.file for live in lives}
        if block is not None:
            self.files.setdefault(block.file.name, block.file)
        self.cuts: tuple[Change, ...] = ()
        """What is changed in every version: loops that end after one turn."""

    def version(self, changes: Sequence[Change] = (), noted: bool = True) -> Version:
        """With these changes; where nothing is to be noted, of the changed files alone.

        Raises:
            SyntaxError: a change makes no code.
            NotRead: the functions cannot be found again.
        """
        changes = (*self.cuts, *changes)
        files = {name: self._changed(file, changes) for name, file in self.files.items()}
        if noted:
            return self._made(files, lambda file: Noting(file, stores=True).visit)
        changed = {change.file for change in changes}
        some = {name: file for name, file in files.items() if name in changed}
        return self._made(some, lambda file: _as_it_is)

    def noting(self, version: Version, only: Container[int]) -> Version:
        """The same version, of which nothing but these sites is noted."""
        return self._made(version.files, lambda file: Noting(file, stores=True, only=only).visit)

    def _made(
        self, files: dict[str, File], visit: Callable[[File], Callable[[Any], Any]]
    ) -> Version:
        pairs: dict[tuple[str, int], Codes] = {}
        codes: list[tuple[Live, CodeType]] = []
        for live in self.lives:
            file = files.get(live.file.name)
            if file is None:
                continue
            plain = live.file.statement(live.plain)
            place = live.file.tree.body.index(plain)
            if (file.name, place) not in pairs:
                flags = live.plain.co_flags & FUTURES
                made = file.compiled(visit(file)(file.tree.body[place]), flags)
                pairs[file.name, place] = paired(live.file.compiled(plain, flags), made)[0]
            code = pairs[file.name, place].get(live.plain)
            if code is None:
                raise NotRead("its source is not what it was made of")
            codes.append((live, code))
        block = None
        if self.block is not None:
            file = files.get(self.block.file.name, self.block.file)
            block = file.compiled(visit(file)(found(file.tree, self.block.line)[2]))
        return Version(codes, block, files)

    def _changed(self, file: File, changes: Sequence[Change]) -> File:
        """A file with sites of its own, and a tree in which these changes are made."""
        other = copy(file)
        other.sites = {}
        if any(change.file == file.name for change in changes):
            other.tree = ast.parse(file.source)
            for change in changes:
                if change.file == file.name:
                    body, i, _ = found(other.tree, change.line)
                    change.edit(body, i)
        return other

    @contextmanager
    def placed(self, version: Version) -> Iterator[None]:
        """While this lasts, the functions have the codes of a version."""
        with exchanged(version.codes):
            yield


def _as_it_is(statement: ast.stmt) -> ast.stmt:
    return statement


def place_of(site: Site) -> Place:
    """Where an expression stands, and of what kind it is."""
    node: Any = site.node
    at = (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)
    return (site.file.name, *at, type(node).__name__)


def bodies(tree: ast.AST) -> Iterator[Body]:
    """All lists of statements in a tree."""
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            body = getattr(node, name, None)
            if isinstance(body, list) and body and isinstance(body[0], ast.stmt):
                yield body


def head_end(statement: Any) -> int:
    """The last line of a statement, or of the head of one that has others in it."""
    inner = getattr(statement, "body", None)
    end = inner[0].lineno - 1 if inner else statement.end_lineno
    return int(max(end, statement.lineno))


def found(tree: ast.AST, line: int) -> tuple[Body, int, ast.stmt]:
    """The innermost statement in a line: the list it is in, its place in that, and itself.

    Raises:
        LookupError: there is none.
    """
    best: tuple[Body, int, ast.stmt] | None = None
    for body in bodies(tree):
        for i, statement in enumerate(body):
            if statement.lineno <= line <= head_end(statement) and not isinstance(
                statement, ast.Break
            ):
                best = body, i, statement
    if best is None:
        raise LookupError(f"no statement in line {line}")
    return best


def cut(file: str, line: int) -> Change:
    """End the loop that begins in a line after its first turn."""

    def edit(body: Body, i: int) -> None:
        loop: Any = body[i]
        loop.body = [_ended(statement) for statement in loop.body]
        end = ast.copy_location(ast.Break(), loop.body[-1])
        end.lineno = end.end_lineno = loop.end_lineno
        loop.body.append(end)
        loop.orelse = []

    return Change(file, line, edit, "cut")


def _ended(statement: Any) -> Any:
    """The same, with ``break`` for each ``continue`` of the loop that it stands in."""
    if isinstance(statement, ast.Continue):
        return ast.copy_location(ast.Break(), statement)
    if not isinstance(statement, ast.For | ast.While | ast.FunctionDef | ast.ClassDef):
        for name in ("body", "orelse", "finalbody"):
            for inner in [getattr(statement, name, None)]:
                if isinstance(inner, list):
                    setattr(statement, name, [_ended(part) for part in inner])
    return statement
