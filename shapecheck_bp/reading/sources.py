"""The source of a file, and for the code of a live function the same code, noted.

Only the statement at the top of the file that a function stands in is compiled, once as it stands
and once noted. Where the former gives the very code of the function, the latter is its noted code.
So a function whose source has changed since, or has none, is never taken for another. Nothing is
imported or run again, and objects, methods, closures and decorated functions that exist are read.
"""

import __future__

import ast
import linecache
import warnings
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from types import CodeType, FunctionType
from typing import Any

from shapecheck_bp.reading.failing import parsed
from shapecheck_bp.reading.instrument import CHOSEN, SEEN, Noting, Site, is_left
from shapecheck_bp.reading.passing import chosen, seen

FUNCTIONS = {SEEN: seen, CHOSEN: chosen}
FUTURES = __future__.annotations.compiler_flag | __future__.barry_as_FLUFL.compiler_flag

Codes = dict[CodeType, CodeType]


class NotRead(Exception):
    """A function that is left as it is, and why."""


class File:
    """The source of a file and its sites."""

    def __init__(self, name: str, source: str) -> None:
        """Parse it.

        Raises:
            NotRead: it is no source of this Python.
        """
        with no_warnings():
            tree = parsed(source)
        if tree is None:
            raise NotRead("its file is no source of this Python")
        self.name, self.source, self.tree = name, source, tree
        self.lines = source.encode().split(b"\n")
        self.sites: dict[int, Site] = {}
        self._starts = [_start(statement) for statement in tree.body]
        self.imports = [*_imports(tree)]
        self.modules = {
            alias.asname or alias.name.partition(".")[0]
            for node in self.imports
            if isinstance(node, ast.Import)
            for alias in node.names
        }
        self._compiled: dict[tuple[int, int, bool], tuple[Codes, Codes]] = {}

    def text(self, node: ast.AST) -> str:
        """The source of a node, in one line."""
        at: Any = node
        if at.lineno != at.end_lineno:
            return ast.unparse(node)
        line: bytes = self.lines[at.lineno - 1]
        return line[at.col_offset : at.end_col_offset].decode()

    def noted(self, code: CodeType, instead: Mapping[ast.AST, ast.expr] | None = None) -> CodeType:
        """The noted code of a function, with other expressions in some places for who wants them.

        Raises:
            NotRead: its source is not this one, or it is of a kind that is left as it is.
        """
        statement, flags = self.statement(code), code.co_flags & FUTURES
        made = None
        for alone in (False, True):  # a cell's statements are compiled each by itself
            key = id(statement), flags, alone
            if key not in self._compiled:
                noted = self.compiled(Noting(self).visit(statement), flags, alone)
                self._compiled[key] = paired(self.compiled(statement, flags, alone), noted)
            made = made or self._compiled[key][0].get(code)
            if made is not None:
                break
        if made is None:
            raise NotRead("its source is not what it was made of")
        for node in ast.walk(statement) if made == code else ():
            if _is_at(node, code) and (why := is_left(node)):
                raise NotRead(why)
        within = {id(node) for node in ast.walk(statement)} if instead else set()
        changed = {old: new for old, new in (instead or {}).items() if id(old) in within}
        if changed:
            other = self.compiled(Noting(self, changed).visit(statement), flags)
            return paired(self.compiled(statement, flags), other)[0].get(code, made)
        return made

    def plain(self, noted: CodeType) -> CodeType | None:
        """The code that a noted one stands for."""
        return next((back[noted] for _, back in self._compiled.values() if noted in back), None)

    def noted_statements(self) -> list[ast.stmt]:
        """The file itself, noted, one statement for each; ``SEEN`` is a name in it."""
        made = []
        for statement in self.tree.body:
            both = Noting(self).visit(statement)
            if isinstance(both, list):  # a += b, and what a then holds
                both = ast.copy_location(ast.If(ast.Constant(True), both, []), statement)
            made.append(ast.fix_missing_locations(_Named().visit(both)))
        return made

    def module_code(self, flags: int = 0) -> CodeType:
        """The noted code of the file itself, with that of its functions inside."""
        tree = ast.Module(self.noted_statements(), [])
        noted: CodeType = compile(tree, self.name, "exec", flags, dont_inherit=True)
        plain: CodeType = compile(self.tree, self.name, "exec", flags, dont_inherit=True)
        self._compiled[id(self.tree), flags, False] = paired(plain, noted)
        return noted

    def compiled(self, statement: Any, flags: int = 0, alone: bool = False) -> CodeType:
        """The code of a statement, behind the imports, by which Python compiles it otherwise."""
        body = statement if isinstance(statement, list) else [statement]
        imports = [] if alone else self.imports
        tree = ast.fix_missing_locations(ast.Module([*imports, *body], []))
        flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT  # as a notebook's cells may
        with no_warnings():
            return _bound(compile(tree, self.name, "exec", flags, dont_inherit=True))

    def statement(self, code: CodeType) -> ast.stmt:
        """The statement at the top of the file that a function's code is of.

        Raises:
            NotRead: it stands before all of them.
        """
        place = bisect_right(self._starts, code.co_firstlineno) - 1
        if place < 0:
            raise NotRead("its source is not what it was made of")
        return self.tree.body[place]


class _Named(ast.NodeTransformer):
    """``SEEN`` as a name, for code that others compile."""

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        """The name in place of the constant."""
        return ast.copy_location(ast.Name(SEEN, ast.Load()), node) if node.value is SEEN else node


def _start(statement: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])


def _is_at(node: ast.AST, code: CodeType) -> bool:
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node.name != code.co_name:
        return False
    return code.co_firstlineno in {node.lineno, *(d.lineno for d in node.decorator_list)}


def _imports(node: ast.AST) -> Iterator[ast.stmt]:
    """The imports of a module itself."""
    for part in ast.iter_child_nodes(node):
        if isinstance(part, ast.Import | ast.ImportFrom):
            yield part
        elif not isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.expr):
            yield from _imports(part)


def _bound(code: CodeType) -> CodeType:
    """The functions put where their constants stand."""
    constants = tuple(
        _bound(value)
        if isinstance(value, CodeType)
        else FUNCTIONS.get(value, value)
        if isinstance(value, str)
        else value
        for value in code.co_consts
    )
    return code.replace(co_consts=constants)


def paired(plain: CodeType, noted: CodeType) -> tuple[Codes, Codes]:
    """The noted codes by the plain ones, and the other way round."""
    pairs = [*_pairs(plain, noted)]
    return dict(pairs), {noted: plain for plain, noted in pairs}


def _pairs(plain: CodeType, noted: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    if (plain.co_qualname, plain.co_freevars) != (noted.co_qualname, noted.co_freevars):
        return
    yield plain, noted
    mine, other = _inside(plain), _inside(noted)
    if len(mine) == len(other):
        for pair in zip(mine, other, strict=True):
            yield from _pairs(*pair)


def _inside(code: CodeType) -> list[CodeType]:
    return [value for value in code.co_consts if isinstance(value, CodeType)]


_files: dict[str, File] = {}


def file_of(function: FunctionType) -> File:
    """The file of a function, parsed once for as long as it stays as it is.

    Raises:
        NotRead: it has no source.
    """
    name = function.__code__.co_filename
    linecache.checkcache(name)
    source = "".join(linecache.getlines(name, function.__globals__))
    if not source:
        raise NotRead("it has no source")
    known = _files.get(name)
    if known is None or known.source != source:
        _files[name] = known = File(name, source)
    return known


def file_at(name: str) -> File | None:
    """The file of that name, or None where it is no source of this Python."""
    linecache.checkcache(name)
    source = "".join(linecache.getlines(name))
    with suppress(NotRead, RecursionError):
        return File(name, source)
    return None


@contextmanager
def no_warnings() -> Iterator[None]:
    """What a compiler remarks of a person's source was said when they compiled it.

    ``catch_warnings`` would make Python forget which warnings it has shown.
    """
    silent: Any = [("ignore", None, kind, None, 0) for kind in (SyntaxWarning, DeprecationWarning)]
    filters: Any = warnings.filters
    filters[:0] = silent
    try:
        yield
    finally:
        for entry in silent:
            if entry in filters:
                filters.remove(entry)
