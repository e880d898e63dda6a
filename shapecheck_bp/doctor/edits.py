"""What can be done to a statement of a file: the tree is changed, and never the file.

>>> tree = ast.parse("for x in data:\\n    W -= x\\n")
>>> with edited(tree, cut("train.py", 1)):
...     print(ast.unparse(tree))
for x in data:
    W -= x
    break
"""

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from shapecheck_bp.reading.failing import copied

Body = list[ast.stmt]
Edit = Callable[[Body, int], None]


class Change(NamedTuple):
    """Something done to the statement that stands in a line of a file."""

    file: str
    line: int
    edit: Edit
    """Changes a list of statements, given where in it the statement is."""
    kind: str = ""
    text: Any = ""
    """What is put in, by which two changes are told apart."""
    words: Callable[[], str] = str
    """The line as it then stands."""
    first: int = 0
    """The first line of the statement, for which these words are."""
    node: Any = None
    """The expression that another is put in the place of, where it is no more than that."""


@contextmanager
def edited(tree: ast.Module, change: Change) -> Iterator[None]:
    """A tree with a change in it, as long as this lasts."""
    body, i, statement = placed(tree, change.line)
    before = [*body]
    body[i] = copied(statement)
    try:
        change.edit(body, i)
        yield
    finally:
        body[:] = before


def placed(tree: ast.Module, line: int) -> tuple[Body, int, ast.stmt]:
    """What ``found`` finds in a tree; each line is looked for once."""
    known = tree.__dict__.setdefault("_found", {})
    if line not in known:
        known[line] = found(tree, line)
    return known[line]  # type: ignore[no-any-return]


def bodies(tree: ast.AST) -> Iterator[Body]:
    """All lists of statements in a tree, those without before those within."""
    for name in ("body", "orelse", "finalbody"):
        body = getattr(tree, name, None)
        if isinstance(body, list) and body and isinstance(body[0], ast.stmt):
            yield body
            for statement in body:
                yield from bodies(statement)
    for part in (*getattr(tree, "handlers", ()), *getattr(tree, "cases", ())):
        yield from bodies(part)


def head_end(statement: Any) -> int:
    """The last line of a statement, or of the head of one that has others in it."""
    inner = getattr(statement, "body", None)
    end = inner[0].lineno - 1 if inner else statement.end_lineno
    return int(max(end, statement.lineno))


def found(tree: ast.AST, line: int, kind: Any = ast.stmt) -> tuple[Body, int, ast.stmt]:
    """The innermost statement of a kind in a line: the list it is in, its place, and itself.

    Raises:
        LookupError: there is none.
    """
    best: tuple[Body, int, ast.stmt] | None = None
    for body in bodies(tree):
        for i, statement in enumerate(body):
            here = statement.lineno <= line <= head_end(statement)
            if here and isinstance(statement, kind) and not isinstance(statement, ast.Break):
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
