"""Other text for a piece of a source, and what its syntax tree says of the piece."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

# What a line could name: the shape of an array, or the type of a number.
Scope = dict[str, "tuple[int, ...] | str"]


@dataclass(frozen=True)
class Edit:
    """``text`` in the place of columns of a line; ``lines`` are those of the statement."""

    operator: str
    lines: tuple[int, ...]
    line: int
    start: int
    stop: int
    text: str

    def apply(self, source: str) -> str:
        """The source with the mistake, in parentheses only where it needs them."""
        lines = source.split("\n")
        old = lines[self.line - 1]

        def with_text(text: str) -> str:
            new = old[: self.start] + text + old[self.stop :]
            return "\n".join([*lines[: self.line - 1], *new.split("\n"), *lines[self.after :]])

        bare = with_text(self.text)
        if "\n" in self.text or self.text.endswith((":", "pass")) or self.text[:1] != "(":
            return bare
        plain = with_text(self.text[1:-1])
        try:
            same = ast.dump(ast.parse(plain)) == ast.dump(ast.parse(bare))
        except SyntaxError:
            return bare
        return plain if same else bare

    @property
    def after(self) -> int:
        """The line that the text ends on."""
        return self.line + self.text.count("\n")


class Source:
    """A source, of which some lines may be changed."""

    def __init__(self, source: str, lines: set[int], scopes: dict[int, Scope]) -> None:
        self.source, self.lines, self.scopes = source, lines, scopes
        self.rows = source.encode().split(b"\n")
        self.tree = ast.parse(source)
        self.parents = {c: p for p in ast.walk(self.tree) for c in ast.iter_child_nodes(p)}
        self.functions = {
            n.name: len(n.args.args) for n in self.tree.body if isinstance(n, ast.FunctionDef)
        }

    def text(self, node: ast.AST) -> str:
        """Of a node, as it is written."""
        if node.lineno == node.end_lineno:  # else all of the source is split each time
            return self.rows[node.lineno - 1][node.col_offset : node.end_col_offset].decode()
        return ast.get_source_segment(self.source, node) or ""

    def held(self, node: ast.AST) -> str:
        """Of a node, in parentheses if it may need them."""
        loose = ast.BinOp | ast.UnaryOp | ast.Compare
        return f"({self.text(node)})" if isinstance(node, loose) else self.text(node)

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        """What a node is in, from the inside."""
        while node in self.parents:
            node = self.parents[node]
            yield node

    def statement(self, node: ast.AST) -> ast.stmt:
        """The statement that a node is of."""
        return next(n for n in (node, *self.above(node)) if isinstance(n, ast.stmt))

    def lines_of(self, node: ast.AST) -> tuple[int, ...]:
        """Of its statement; of a loop or a condition, only the head; of a lambda, its own."""
        if any(isinstance(n, ast.Lambda) for n in self.above(node)):
            return (node.lineno,)
        statement = self.statement(node)
        body = getattr(statement, "body", None)
        last = body[0].lineno - 1 if body else statement.end_lineno or 0
        return tuple(range(statement.lineno, max(last, statement.lineno) + 1))

    def edit(self, operator: str, node: ast.AST, text: str) -> Edit | None:
        """Other text for a node that stands on one line."""
        if node.lineno != node.end_lineno:
            return None
        return Edit(
            operator, self.lines_of(node), node.lineno, node.col_offset, node.end_col_offset, text
        )

    def indexing(self, node: ast.AST) -> bool:
        """Whether it counts or names entries, and computes nothing."""
        for inner, outer in pairwise((node, *self.above(node))):
            if isinstance(outer, ast.stmt):
                return False
            if isinstance(outer, ast.Subscript) and outer.slice is inner:
                return True
            if isinstance(outer, ast.Call) and name_of(outer) in ("str", "range", "zeros", "len"):
                return True
            if isinstance(outer, ast.Compare) and isinstance(self.parents[outer], ast.If):
                return True
        return False


def name_of(node: ast.AST) -> str:
    """The last name of what is called or read."""
    inner = node.func if isinstance(node, ast.Call) else node
    return getattr(inner, "attr", getattr(inner, "id", ""))
