"""A person's functions with every expression noted: the same code, each expression passed through.

In the tree of a statement, each expression that reads something becomes ``SEEN(site, it)``, and
runs once, where and when it ran before. ``sources`` compiles what comes out, and puts the function
itself where the constant stands, so that no name of the person's can be in its way.

Generators and coroutines are left as they are, since they may run on when a reading is over, and so
is what another compiler reads. Constants are left, too, since Python folds them.
"""

import ast
from collections.abc import Container, Mapping
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Any

from shapecheck_bp.reading.failing import copied, loaded
from shapecheck_bp.reading.labels import axes_of
from shapecheck_bp.reading.variants import name_of

if TYPE_CHECKING:
    from shapecheck_bp.reading.sources import File

# Constants in the place of functions, until the code is compiled.
SEEN, CHOSEN = "__shapecheck_seen__", "__shapecheck_chosen__"
NOTED = (ast.BinOp, ast.UnaryOp, ast.Compare, ast.Call, ast.Subscript, ast.Attribute, ast.Name)
LEFT = (ast.JoinedStr, ast.pattern, ast.AsyncFunctionDef)
NOT_RUN = {"annotation", "returns", "decorator_list", "type_params", "bases"}
PAUSING = (ast.Yield, ast.YieldFrom, ast.Await, ast.AsyncFor, ast.AsyncWith)
COMPILERS = {"jit", "njit", "vectorize", "guvectorize", "stencil", "cfunc", "compile"}
# These look at the frame that calls them.
OF_FRAMES = {"super", "locals", "globals", "vars", "dir", "eval", "exec", "breakpoint"}
_numbers = count()


class Site:
    """An expression of a file, or a statement that changes a name in place."""

    def __init__(self, file: "File", node: Any, statement: ast.stmt, function: ast.AST) -> None:
        self.number = next(_numbers)
        self.file, self.node, self.statement, self.function = file, node, statement, function
        self.inside: dict[int, Site] = {}  # the sites right inside it, by the identity of the node
        self.is_called = False  # whether it is no operand, but what a call is of
        self.is_summed = False  # whether a call takes it along an axis

    @property
    def is_whole(self) -> bool:
        """Whether it is what its statement stores, returns, tests or goes through."""
        target = getattr(self.statement, "target", None)
        if isinstance(self.statement, ast.AugAssign) and isinstance(target, ast.Name):
            return self.node is self.statement
        parts = (getattr(self.statement, name, None) for name in ("value", "test", "iter"))
        return any(part is self.node for part in parts)

    @property
    def line(self) -> int:
        """The line that it begins in."""
        return self.node.lineno  # type: ignore[no-any-return]

    @cached_property
    def text(self) -> str:
        """Its source, in one line."""
        return self.file.text(self.node)


class Noting:
    """A copy of a tree in which each expression is passed through ``seen``."""

    def __init__(
        self,
        file: "File",
        instead: Mapping[ast.AST, ast.expr] | None = None,
        stores: bool = False,
        only: Container[int] | None = None,
    ) -> None:
        """Note into the sites of a file; with ``instead`` where the thread that reads wants it.

        With ``stores`` also what an array holds behind ``a[i] = ...`` and ``a.b += ...``. With
        ``only`` nothing but the sites of these numbers.
        """
        self.file, self.stores, self.only = file, stores, only
        self.instead = {id(node): other for node, other in (instead or {}).items()}
        self.statement: ast.stmt | None = None
        self.function: ast.AST = file.tree
        self.around: Site | None = None
        self.in_class = False

    def visit(self, node: ast.AST) -> Any:
        """A copy of a node, what is in it noted."""
        if isinstance(node, ast.stmt):
            return self._statement(node)
        if isinstance(node, LEFT):
            return node
        if self._is_noted(node):
            return self._noted(node)
        return self._or_instead(node, self._copied(node))

    def _tested(self, node: ast.AST) -> Any:
        """A copy of what only decides where to go on; Python compiles comparisons there otherwise.

        So they are not noted themselves: an assertion that fails would be seen in another place.
        """
        decides = isinstance(node, ast.BoolOp | ast.Compare)
        decides = decides or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not))
        if not decides or id(node) in self.instead:
            return self.visit(node)
        return self._copied(node, tested=not isinstance(node, ast.Compare))

    def _is_noted(self, node: ast.AST) -> bool:
        if not isinstance(node, NOTED) or not isinstance(getattr(node, "ctx", _LOAD), ast.Load):
            return False
        if isinstance(node, ast.Name):
            return node.id not in self.file.modules and not node.id.startswith("__")
        return not _is_constant(node)

    def _statement(self, node: ast.stmt) -> Any:
        if isinstance(node, LEFT) or is_left(node) or type(node).__name__ == "TypeAlias":
            return node
        outer = self.statement, self.around, self.in_class
        self.statement, self.around = node, None
        try:
            if isinstance(node, ast.FunctionDef):
                return self._defined(node)
            self.in_class = isinstance(node, ast.ClassDef) or self.in_class
            copy = self._copied(node)
            target = node.target if isinstance(node, ast.AugAssign) else None
            # Not in a class: its names may be such that count how often they are read.
            if isinstance(target, ast.Name) and not self.in_class:
                return [copy, *self._changed(node, target)]
            return [copy, *self._stored(node)] if self.stores else copy
        finally:
            self.statement, self.around, self.in_class = outer

    def _defined(self, node: ast.FunctionDef) -> Any:
        arguments = self.visit(node.args)  # its defaults belong to what is around it
        outer, self.function = self.function, node
        self.in_class = False
        copy = self._copied(node)
        copy.args = arguments
        self.function = outer
        return copy

    def _changed(self, node: Any, target: ast.Name) -> list[ast.stmt]:
        """What a name holds behind ``x += ...``."""
        site = self._site(node)
        value = self.file.sites.get(id(node.value))
        site.inside = {id(node.value): value} if value else {}
        name = ast.copy_location(ast.Name(target.id, ast.Load()), target)
        return self._behind(site, name, node)

    def _stored(self, node: ast.AST) -> list[ast.stmt]:
        """What is in its places behind a statement that stores there."""
        made: list[ast.stmt] = []
        if isinstance(node, ast.AugAssign) and not _calls(node.target):
            made += self._behind(self._site(node), loaded(node.target), node)
        for target in _targets(node):
            if isinstance(target, ast.Subscript) and not _calls(target.value):
                made += self._behind(self._site(target), loaded(target.value), node)
        return made

    def _behind(self, site: Site, value: ast.expr, node: ast.AST) -> list[ast.stmt]:
        """A statement that notes something behind another."""
        seen = self._seen(site, value, site.node)
        return [] if seen is value else [ast.copy_location(ast.Expr(seen), node)]

    def _seen(self, site: Site, value: ast.expr, node: Any) -> ast.expr:
        if self.only is not None and site.number not in self.only:
            return value
        name = ast.copy_location(ast.Constant(SEEN), node)
        number = ast.copy_location(ast.Constant(site.number), node)
        return ast.copy_location(ast.Call(name, [number, value], []), node)

    def _site(self, node: ast.AST) -> Site:
        assert self.statement is not None
        site = self.file.sites.get(id(node))
        if site is None:
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
        return self._seen(site, self._or_instead(node, copy), node)

    def _called(self, function: Any, call: Any) -> ast.expr:
        """What a call is of; noted where it is given two things, which it may spread."""
        copy: ast.expr = self._copied(function)
        if len(call.args) + len(call.keywords) < 2 or getattr(function, "id", "") in OF_FRAMES:
            return copy
        site = self._site(function)
        site.is_called = True
        return self._seen(site, copy, function)

    def _or_instead(self, node: Any, copy: Any) -> Any:
        """What stands there, or for the thread that wants it what is to stand there instead."""
        if id(node) not in self.instead:
            return copy
        other = copied(self.instead[id(node)])
        for part in ast.walk(other):
            ast.copy_location(part, node)
        either = ast.IfExp(ast.Call(ast.Constant(CHOSEN), [], []), other, copy)
        return ast.fix_missing_locations(ast.copy_location(either, node))

    def _copied(self, node: ast.AST, tested: bool = False) -> Any:
        visit = self._tested if tested else self.visit
        fields: dict[str, Any] = {}
        for name, value in ast.iter_fields(node):
            if isinstance(value, list) and name not in NOT_RUN:
                fields[name] = []
                visit = self._tested if name == "ifs" else visit
                for item in value:
                    made = visit(item) if isinstance(item, ast.AST) else item
                    fields[name] += made if isinstance(made, list) else [made]
            elif not isinstance(value, ast.AST) or name in NOT_RUN:
                fields[name] = value
            elif name == "func" and isinstance(value, ast.Attribute | ast.Name):
                fields[name] = self._called(value, node)
            elif isinstance(node, ast.Attribute) and getattr(value, "id", "") in ("self", "cls"):
                fields[name] = value
            elif name in ("test", "guard"):
                fields[name] = self._tested(value)
            else:
                fields[name] = visit(value)
        return ast.copy_location(type(node)(**fields), node)


_LOAD = ast.Load()


def _targets(node: Any) -> list[ast.expr]:
    """What a statement stores into."""
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return [part for target in targets for part in getattr(target, "elts", [target])]


def _calls(node: ast.AST) -> bool:
    """Whether it would be seen that this is read once more."""
    return any(isinstance(part, ast.Call | ast.NamedExpr) for part in ast.walk(node))


def _is_constant(node: ast.AST) -> bool:
    """Whether Python may compute it once, before anything runs."""
    if isinstance(node, ast.UnaryOp):
        return _is_constant(node.operand)
    if isinstance(node, ast.BinOp):
        return _is_constant(node.right) and _is_constant(node.left)
    if isinstance(node, ast.Compare):
        return all(map(_is_constant, (*node.comparators, node.left)))
    if isinstance(node, ast.Subscript):
        return _is_constant(node.slice) and _is_constant(node.value)
    if isinstance(node, ast.Tuple):
        return all(map(_is_constant, node.elts))
    return isinstance(node, ast.Constant)


def is_left(node: ast.AST) -> str:
    """Why a function is left as it is, or nothing where it is noted."""
    if isinstance(node, ast.AsyncFunctionDef):
        return "it is a coroutine"
    if not isinstance(node, ast.FunctionDef):
        return ""
    for decorator in node.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        name = getattr(called, "attr", getattr(called, "id", ""))
        if name in COMPILERS:
            return f"{name} compiles it"
    return "it is a generator" if _pauses(node) else ""


def _pauses(node: ast.FunctionDef) -> bool:
    """Whether a function's own body yields or awaits."""
    todo: list[ast.AST] = [*node.body]
    while todo:
        part = todo.pop()
        if isinstance(part, PAUSING):
            return True
        if not isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            todo += ast.iter_child_nodes(part)
    return False
