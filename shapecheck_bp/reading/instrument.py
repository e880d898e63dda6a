"""A person's functions with every expression noted: the same code, each expression passed through.

The source of a file is parsed, each expression that reads something becomes ``seen(site, it)``, and
the file is compiled, once so and once as it stands. Where the latter gives the very code of a live
function, the function has the noted code in its place until the reading is over. So objects,
methods, closures and decorated functions that exist already are read too, nothing is imported
again, and a function whose source has changed since, or has none, is left as it is.

Generators and coroutines are left as they are, since they may run on when a reading is over. What
is made while a reading lasts, and stays (a lambda, say), keeps its noted code, which then notes
nothing.
"""

import ast
import gc
import linecache
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from itertools import count
from types import CodeType, FunctionType
from typing import Any

from shapecheck_bp.reading.failing import is_a_persons_file, parsed
from shapecheck_bp.reading.labels import axes_of
from shapecheck_bp.reading.variants import exchanged, name_of

SEEN = "__shapecheck_seen__"
NOTED = (ast.BinOp, ast.UnaryOp, ast.Compare, ast.Call, ast.Subscript, ast.Attribute, ast.Name)
# These look at the frame that calls them.
LEFT = {"super", "locals", "globals", "vars", "dir", "eval", "exec", "breakpoint"}
NOT_RUN = {"annotation", "returns", "decorator_list", "type_params", "bases"}
PAUSING = (ast.Yield, ast.YieldFrom, ast.Await, ast.AsyncFor, ast.AsyncWith)
_numbers = count()


class Site:
    """An expression of a file, or a statement that changes a name in place."""

    def __init__(self, file: "File", node: Any, statement: ast.stmt, function: ast.AST) -> None:
        """The next number is its own in this process."""
        self.number = next(_numbers)
        self.file, self.node, self.statement, self.function = file, node, statement, function
        self.inside: dict[int, Site] = {}  # the sites right inside it, by the identity of the node
        self.is_called = False  # whether it is no operand, but what a call is of
        self.is_summed = False  # whether a call takes it along an axis

    @property
    def is_whole(self) -> bool:
        """Whether it is what its statement stores, returns, tests or goes through."""
        parts = (getattr(self.statement, name, None) for name in ("value", "test", "iter"))
        return self.node is self.statement or any(part is self.node for part in parts)

    @property
    def line(self) -> int:
        """The line that it begins in."""
        return self.node.lineno  # type: ignore[no-any-return]

    @property
    def text(self) -> str:
        """Its source, in one line."""
        return self.file.text(self.node)


class File:
    """The source of a file, its sites, and its code as it stands beside the noted one."""

    def __init__(self, name: str) -> None:
        """Read and compile it.

        Raises:
            SyntaxError: it is no source of this Python.
        """
        self.name = name
        self.source = "".join(linecache.getlines(name))
        tree = parsed(self.source)
        if tree is None:
            raise SyntaxError(f"{name} is no source of this Python")
        self.tree = tree
        self.sites: dict[int, Site] = {}
        self.noted = self._noted(self.tree)

    def with_instead(self, instead: Mapping[ast.AST, ast.expr]) -> "File":
        """The same file with other expressions in some places, for the same functions."""
        other = copy(self)
        other.sites, tree = {}, self.tree
        for old, new in instead.items():
            tree = exchanged(tree, old, new)
        other.noted = other._noted(tree)
        return other

    def _noted(self, tree: ast.Module) -> dict[CodeType, CodeType]:
        """The noted code of a tree, by the code of the file as it stands."""
        plain = compile(self.tree, self.name, "exec", dont_inherit=True)
        made = ast.fix_missing_locations(Noting(self).visit(tree))
        noted = compile(made, self.name, "exec", dont_inherit=True)
        return dict(zip(_codes(plain), _codes(noted), strict=True))

    def text(self, node: ast.AST) -> str:
        """The source of a node, in one line."""
        written = ast.get_source_segment(self.source, node)
        return written if written and "\n" not in written else ast.unparse(node)


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


class Noting(ast.NodeTransformer):
    """A copy of a tree in which each expression is passed through ``seen``."""

    def __init__(self, file: File) -> None:
        """Note into the sites of a file."""
        self.file = file
        self.statement: ast.stmt | None = None
        self.function: ast.AST = file.tree
        self.around: Site | None = None

    def visit(self, node: ast.AST) -> Any:
        """A copy of a node, what is in it noted."""
        if isinstance(node, ast.stmt):
            return self._statement(node)
        if isinstance(node, ast.JoinedStr | ast.pattern):
            return node
        noted = isinstance(node, NOTED) and isinstance(getattr(node, "ctx", None), ast.Load | None)
        if noted and not (isinstance(node, ast.Name) and (node.id in LEFT or node.id[:2] == "__")):
            return self._noted(node)
        return self._copied(node)

    def _statement(self, node: ast.stmt) -> Any:
        outer = self.statement, self.function, self.around
        self.statement, self.around = node, None
        if isinstance(node, ast.FunctionDef):
            self.function = node
        try:
            if isinstance(node, ast.AsyncFunctionDef) or _pauses(node):
                return node
            copy = self._copied(node)
            if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
                target = ast.copy_location(ast.Name(node.target.id, ast.Load()), node.target)
                site = self._site(node)
                site.inside = {id(node.value): self.file.sites.get(id(node.value), site)}
                return [copy, ast.copy_location(ast.Expr(_seen(site, target, node)), node)]
            return copy
        finally:
            self.statement, self.function, self.around = outer

    def _site(self, node: ast.AST) -> Site:
        assert self.statement is not None
        site = Site(self.file, node, self.statement, self.function)
        self.file.sites[id(node)] = site
        if self.around is not None:
            self.around.inside[id(node)] = site
        return site

    def _noted(self, node: ast.AST) -> ast.expr:
        site = self._site(node)
        outer, self.around = self.around, site
        copy = self._copied(node)
        self.around = outer
        if isinstance(node, ast.Call) and axes_of(node, name_of(node)):
            for inner in site.inside.values():
                inner.is_summed = True
        return _seen(site, copy, node)

    def _called(self, function: Any, call: Any) -> ast.expr:
        """What a call is of; noted where it is given two things, which it may spread."""
        copy: ast.expr = self._copied(function)
        named = isinstance(function, ast.Name)
        if len(call.args) + len(call.keywords) < 2 or (named and function.id in LEFT):
            return copy
        site = self._site(function)
        site.is_called = True
        return _seen(site, copy, function)

    def _copied(self, node: ast.AST) -> Any:
        fields: dict[str, Any] = {}
        for name, value in ast.iter_fields(node):
            if isinstance(value, list) and name not in NOT_RUN:
                fields[name] = []
                for item in value:
                    made = self.visit(item) if isinstance(item, ast.AST) else item
                    fields[name] += made if isinstance(made, list) else [made]
            elif not isinstance(value, ast.AST) or name in NOT_RUN:
                fields[name] = value
            elif name == "func" and isinstance(value, ast.Attribute | ast.Name):
                fields[name] = self._called(value, node)
            else:
                fields[name] = self.visit(value)
        return ast.copy_location(type(node)(**fields), node)


def _seen(site: Site, value: ast.expr, node: Any) -> ast.expr:
    name = ast.copy_location(ast.Name(SEEN, ast.Load()), node)
    number = ast.copy_location(ast.Constant(site.number), node)
    return ast.copy_location(ast.Call(name, [number, value], []), node)


def _pauses(node: ast.AST) -> bool:
    """Whether a function's own body yields or awaits."""
    if not isinstance(node, ast.FunctionDef):
        return False
    todo: list[ast.AST] = [*node.body]
    while todo:
        part = todo.pop()
        if isinstance(part, PAUSING):
            return True
        if not isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            todo += ast.iter_child_nodes(part)
    return False


def files_of(function: Any) -> list[str]:
    """The files of a person's code that a call may run: the function's, and their modules'."""
    names = {getattr(getattr(function, "__code__", None), "co_filename", "")}
    for module in [*sys.modules.values()]:
        names.add(getattr(module, "__file__", None) or "")
    return [name for name in names if name and is_a_persons_file(name) and linecache.getlines(name)]


@contextmanager
def noted(files: Mapping[str, File]) -> Iterator[None]:
    """While this lasts, the live functions of these files have the noted code."""
    exchanged: list[tuple[FunctionType, CodeType]] = []
    try:
        for thing in gc.get_objects():
            if type(thing) is FunctionType:
                file = files.get(thing.__code__.co_filename)
                code = file and file.noted.get(thing.__code__)
                if code and code.co_freevars == thing.__code__.co_freevars:
                    exchanged.append((thing, thing.__code__))
                    thing.__code__ = code
        yield
    finally:
        for function, code in exchanged:
            function.__code__ = code
