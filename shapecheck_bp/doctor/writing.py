"""A change of one statement as a line: the person's own, with another expression in it."""

import ast
from collections.abc import Callable
from functools import partial
from typing import Any

from shapecheck_bp.doctor.edits import Body, Change, Edit, found
from shapecheck_bp.reading.sources import File

ASIDE = 1000  # columns, where nobody writes


class Maker:
    """Makes changes of one statement."""

    def __init__(self, file: File, line: int, statement: Any) -> None:
        self.file, self.line, self.statement = file, line, statement
        self.first = statement.lineno
        self.lines = file.source.splitlines()
        self.indent = " " * statement.col_offset

    def expression(self, kind: str, node: Any, text: str) -> Change:
        """Another expression in the place of one."""
        at = span(node)

        def edit(body: Body, i: int) -> None:
            body[i] = Put(at, type(node), text).visit(body[i])

        change = self._change(edit, kind, (at, text), partial(self._written, node, text))
        return change._replace(node=node)

    def whole(self, kind: str, text: str) -> Change:
        """Another statement."""

        def edit(body: Body, i: int) -> None:
            body[i] = settled(ast.parse(text).body[0], body[i])

        return self._change(edit, kind, text, partial(self._in_its_line, text))

    def moved(self, behind: int, line: int) -> Change:
        """The statement some places later."""

        def edit(body: Body, i: int) -> None:
            body.insert(i + behind + 1, body[i])
            del body[i]

        text = ast.get_source_segment(self.file.source, self.statement) or ""
        words = f"{text.splitlines()[0]}    # moved behind line {line}"
        return self._change(edit, "move", words, lambda: words)

    def _change(self, edit: Edit, kind: str, text: Any, words: Callable[[], str]) -> Change:
        return Change(self.file.name, self.line, edit, kind, text, words, self.first)

    def _written(self, node: Any, text: str) -> str:
        """The line as it was, with the change in it; a statement of several lines as one."""
        text = ast.unparse(ast.parse(text, mode="eval"))
        first, last = self.statement.lineno, self.statement.end_lineno
        if node.lineno != node.end_lineno or not (first == last or self._is_in_its_head(node)):
            return self._unparsed(node, text)
        line: bytes = self.lines[node.lineno - 1].encode()
        for middle in (text, f"({text})"):
            new = line[: node.col_offset] + middle.encode() + line[node.end_col_offset :]
            if self._means(new.decode(), node, text):
                return new.decode().strip()
        return self._unparsed(node, text)

    def _is_in_its_head(self, node: Any) -> bool:
        """Whether an expression stands in the first line of a statement with others in it."""
        return hasattr(self.statement, "body") and node.lineno == self.statement.lineno

    def _means(self, new: str, node: Any, text: str) -> bool:
        """Whether a line is the statement with the change."""
        if self._is_in_its_head(node):
            return True
        new = new[len(self.indent) :] if new.startswith(self.indent) else new
        try:
            return ast.dump(ast.parse(new).body[0]) == ast.dump(self._changed(node, text))
        except (SyntaxError, IndexError):
            return False

    def _changed(self, node: Any, text: str) -> Any:
        copy = ast.parse(self.file.source)
        body, i, _ = found(copy, self.line)
        return Put(span(node), type(node), text).visit(body[i])

    def _unparsed(self, node: Any, text: str) -> str:
        return self._in_its_line(ast.unparse(self._changed(node, text)).splitlines()[0])

    def _in_its_line(self, text: str) -> str:
        """A statement beside the others of its line, where ``;`` is between them."""
        first, last = self.statement.lineno, self.statement.end_lineno
        line: bytes = self.lines[first - 1].encode()
        before = line[: self.statement.col_offset].decode()
        after = line[self.statement.end_col_offset :].decode()
        if first != last or not (before.rstrip().endswith(";") or after.lstrip().startswith(";")):
            return text
        return f"{before}{text}{after}".strip()


class Put(ast.NodeTransformer):
    """Puts an expression in the place of the one that stands somewhere."""

    def __init__(self, at: tuple[int, ...], kind: type, text: str) -> None:
        self.at, self.kind, self.text = at, kind, text

    def visit(self, node: Any) -> Any:
        """Put it there, or look further in."""
        if type(node) is self.kind and span(node) == self.at and isinstance(node, ast.expr):
            return settled(ast.parse(self.text, mode="eval").body, node)
        return self.generic_visit(node)


def span(node: Any) -> tuple[int, ...]:
    """Where a node stands; nothing where it stands nowhere."""
    if not hasattr(node, "lineno"):
        return ()
    return (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)


def settled(new: Any, at: Any) -> Any:
    """New nodes, in the place of an old one; what is inside has places that no other has."""
    for part in ast.walk(new):
        if isinstance(part, ast.expr | ast.stmt):
            first, last = part.col_offset, part.end_col_offset or 0
            ast.copy_location(part, at)
            if part is not new:
                part.end_lineno = part.lineno
                part.col_offset, part.end_col_offset = first + ASIDE, last + ASIDE
    return new
