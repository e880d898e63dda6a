"""The smallest expression in a person's own code that an exception came out of.

Python keeps, for every instruction, the place in the source that it was compiled from (PEP 657), so
the expression can be said after the fact, and nothing has to be watched before.
"""

import ast
import linecache
import re
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import Any, NamedTuple, TypeVar

Tree = TypeVar("Tree", bound=ast.AST)
MARKS = (ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop)
HERE = str(Path(__file__).parents[1])
LIBRARIES = tuple(
    path for name, path in sysconfig.get_paths().items() if "lib" in name or name == "scripts"
)


class Place(NamedTuple):
    """An expression, the statement that it stands in, and the names that it could see."""

    file: str
    function: str
    statement: ast.stmt
    node: ast.AST
    around: tuple[ast.AST, ...]
    """The nodes that the expression stands in, outermost first."""
    source: str
    frame: FrameType

    @property
    def line(self) -> int:
        """The line that the expression begins in."""
        return self.node.lineno  # type: ignore[attr-defined,no-any-return]

    @property
    def names(self) -> Mapping[str, Any]:
        """What the names in it stood for."""
        return {**self.frame.f_globals, **self.frame.f_locals}

    @property
    def stores(self) -> bool:
        """Whether what failed is to put a value somewhere, and not to compute it."""
        store = getattr(self.node, "ctx", None).__class__ is ast.Store
        return store or isinstance(self.node, ast.AugAssign)

    @property
    def expression(self) -> str:
        """The source of what failed."""
        return self.text(self.statement if self.stores else self.node)

    def instead(self, text: str) -> str:
        """What to write for it: an expression, or the statement that stores one."""
        if not self.stores:
            return text
        statement = copied(self.statement)
        statement.value = ast.parse(text, mode="eval").body  # type: ignore[attr-defined]
        return ast.unparse(statement)

    def parent(self, node: ast.AST) -> ast.AST:
        """The node right around one of these."""
        path = (*self.around, self.node)
        return path[path.index(node) - 1]

    def text(self, node: ast.AST) -> str:
        """The source of an expression, in one line."""
        written = ast.get_source_segment(self.source, node)
        return written if written and "\n" not in written else ast.unparse(node)


def failing_place(traceback: TracebackType | None) -> Place | None:
    """Where in a person's code an exception came out of, or None where that cannot be said."""
    last = None
    while traceback is not None:
        if is_a_persons(traceback.tb_frame.f_code):
            last = traceback
        traceback = traceback.tb_next
    return None if last is None else _place(last)


def is_a_persons(code: CodeType) -> bool:
    """Whether code is neither Python's, nor a library's, nor ours."""
    return is_a_persons_file(code.co_filename)


def is_a_persons_file(name: str) -> bool:
    """Whether a file is neither Python's, nor a library's, nor ours."""
    if name.startswith(("<frozen", "<__array_function__", "<string>", "<stdin>")):
        return False
    compiled = name.endswith((".pyx", ".pxd", ".pxi"))  # a library's, under a name of its source
    return not (compiled or name.startswith((*LIBRARIES, HERE)) or "site-packages" in name)


def shown_name(file: str) -> str:
    """What a file is called where people read it: its last name, or ``In[3]`` of a notebook."""
    if numbered := re.match(r"<ipython-input-(\d+)-", file):
        return f"In[{numbered[1]}]"
    with suppress(Exception):  # a kernel of Jupyter calls a cell by a number that says nothing
        compiler = sys.modules["IPython"].get_ipython().compile
        return str(compiler.format_code_name(file)[1])
    return Path(file).name


def _place(traceback: TracebackType) -> Place | None:
    frame = traceback.tb_frame
    code = frame.f_code
    positions = [*code.co_positions()][traceback.tb_lasti // 2]
    source = "".join(linecache.getlines(code.co_filename, frame.f_globals))
    tree = parsed(source)
    if tree is None or None in positions:
        return None
    line, end, start, stop = positions
    wanted = (line, start, end, stop)
    found: ast.AST | None = None
    around: tuple[ast.AST, ...] = ()
    for node, parents in _with_parents(tree):
        if place_of(node) == wanted:
            found, around = node, parents
    if found is None:
        return None
    statement = next((one for one in reversed((*around, found)) if isinstance(one, ast.stmt)), None)
    if statement is None or _is_raising(statement, found):
        return None
    return Place(code.co_filename, code.co_qualname, statement, found, around, source, frame)


def _is_raising(statement: ast.stmt, node: ast.AST) -> bool:
    """Whether nothing failed, and a person's own code says no: a raise, or an assert that fails."""
    asserted = node is statement or node is getattr(statement, "test", None)
    return isinstance(statement, ast.Raise | ast.Assert) and asserted


def place_of(node: ast.AST) -> tuple[int, int, int, int] | None:
    """A node's first line and column, and its last."""
    if not hasattr(node, "lineno"):
        return None
    return node.lineno, node.col_offset, node.end_lineno, node.end_col_offset  # type: ignore[attr-defined]


def copied(node: Tree) -> Tree:
    """A copy of a tree, without the marks that all trees of Python share, such as Load and Add.

    IPython hangs the tree of a whole file on those when it shows where an error came from.
    """
    if isinstance(node, MARKS):
        return node
    kind = type(node)
    made = kind.__new__(kind)
    for name, value in vars(node).items():
        if name in kind._fields or name in kind._attributes:
            if isinstance(value, ast.AST):
                value = copied(value)
            elif isinstance(value, list):
                value = [copied(part) if isinstance(part, ast.AST) else part for part in value]
            setattr(made, name, value)
    return made


def loaded(target: ast.expr) -> ast.expr:
    """A target, as the expression of what it holds."""
    copy = copied(target)
    for node in ast.walk(copy):
        if hasattr(node, "ctx"):
            node.ctx = ast.Load()
    return copy


@lru_cache(maxsize=64)
def parsed(source: str) -> ast.Module | None:
    """The tree of a file, or None where it is none."""
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError):
        return None


def _with_parents(
    node: ast.AST, parents: tuple[ast.AST, ...] = ()
) -> Iterator[tuple[ast.AST, tuple[ast.AST, ...]]]:
    yield node, parents
    for child in ast.iter_child_nodes(node):
        yield from _with_parents(child, (*parents, node))
