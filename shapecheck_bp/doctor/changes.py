"""What could be written for a line: small changes of what people leave out and mix up.

Names are exchanged for others of that shape, axes and signs for the other ones; factors are dropped
or put in, slopes added; statements are moved. Whether one of these helps is tried, and not guessed.
"""

import ast
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from shapecheck_bp.doctor.claims import assigned
from shapecheck_bp.doctor.program import Body, Change, found
from shapecheck_bp.doctor.verdicts import Judge
from shapecheck_bp.reading.sources import File

# How far a kind of change is from what stands there: the least is the likeliest.
COST = {
    **dict.fromkeys(("name", "index", "axis", "sign", "move", "store", "T", "op"), 1.0),
    **dict.fromkeys(("drop", "compare"), 2.0),
    **dict.fromkeys(("slope", "times", "count", "value"), 3.0),
    **dict.fromkeys(("plus", "negative", "other"), 4.0),
    "dtype": 0.5,
    "number": 4.5,
}
REDUCING = ("sum", "mean", "max", "min")
MAKING = ("zeros_like", "ones_like", "empty_like", "zeros", "empty")
SIMPLE = (ast.Name, ast.Attribute, ast.Subscript, ast.Call)
AXES = ("", "axis=0", "axis=1", "axis=0, keepdims=True", "axis=1, keepdims=True")
OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.MatMult: "@"}
OTHERS = {"+": "-", "-": "+", "*": "@/", "/": "*", "@": "*"}
COMPARED = {ast.Gt: "<", ast.GtE: "<", ast.Lt: ">", ast.LtE: ">", ast.Eq: "!=", ast.NotEq: "=="}
ASIDE = 1000  # columns, where nobody writes
SLOPES = ("{0} * (1 - {0})", "1 - {0} ** 2", "{0} > 0")
HELPERS = re.compile(
    r"prime|deriv|^d_?(sig|tanh|relu|act)|_d(sig|tanh|relu)|grad|slope|backward", re.I
)


class Scope(NamedTuple):
    """What a line can name: arrays and numbers with their shapes, containers, keys, helpers."""

    arrays: dict[str, tuple[int, ...]]
    numbers: list[str]
    boxes: list[str]
    keys: list[str]
    helpers: list[str]
    shapes: dict[tuple[int, ...], tuple[int, ...]]
    """Of expressions, by where they stand."""
    calls: dict[str, tuple[int, ...]]
    """Calls that give an array, of which a slope can be."""


Scopes = dict[tuple[str, int], Scope]


def changes_of(judge: Judge, file: File, line: int, known: Scopes) -> Iterator[Change]:
    """The changes of the statement in a line, in the order in which they are to be tried.

    ``known`` keeps what can be named in each function.
    """
    try:
        body, i, statement = found(file.tree, line)
    except LookupError:
        return
    make = _Maker(file, line, statement)
    inside = _function_at(file.tree, line)
    scope = known.get((file.name, inside.lineno)) or _scope(judge, file, inside)
    known[file.name, inside.lineno] = scope
    made = [*_of_statement(make, body, i), *_of_target(make, scope), *_of_expressions(make, scope)]
    seen: set[Any] = set()
    for change in sorted(made, key=lambda change: COST[change.kind]):
        if change.text not in seen:
            seen.add(change.text)
            yield change


class _Maker:
    """Makes changes of one statement."""

    def __init__(self, file: File, line: int, statement: Any) -> None:
        self.file, self.line, self.statement = file, line, statement
        self.lines = file.source.splitlines()
        self.indent = " " * statement.col_offset

    def expression(self, kind: str, node: Any, text: str) -> Change:
        """Another expression in the place of one."""
        at = _span(node)

        def edit(body: Body, i: int) -> None:
            body[i] = _Put(at, type(node), text).visit(body[i])

        words = partial(self._written, node, text)
        return Change(self.file.name, self.line, edit, kind, (at, text), words)

    def whole(self, kind: str, text: str) -> Change:
        """Another statement."""

        def edit(body: Body, i: int) -> None:
            body[i] = _settled(ast.parse(text).body[0], body[i])

        return Change(self.file.name, self.line, edit, kind, text, lambda: text)

    def moved(self, behind: int, line: int) -> Change:
        """The statement some places later."""

        def edit(body: Body, i: int) -> None:
            body.insert(i + behind + 1, body[i])
            del body[i]

        text = ast.get_source_segment(self.file.source, self.statement) or ""
        words = f"{text.splitlines()[0]}    # moved behind line {line}"
        return Change(self.file.name, self.line, edit, "move", words, lambda: words)

    def _written(self, node: Any, text: str) -> str:
        """The line as it was, with the change in it."""
        text = ast.unparse(ast.parse(text, mode="eval"))
        if node.lineno != node.end_lineno:
            return self._unparsed(node, text)
        line: bytes = self.lines[node.lineno - 1].encode()
        for middle in (text, f"({text})"):
            new = line[: node.col_offset] + middle.encode() + line[node.end_col_offset :]
            if self._means(new.decode(), node, text):
                return new.decode().strip()
        return self._unparsed(node, text)

    def _means(self, new: str, node: Any, text: str) -> bool:
        """Whether a line, put into the statement, is the statement with the change."""
        first, last = self.statement.lineno, self.statement.end_lineno
        if hasattr(self.statement, "body"):
            return bool(first == node.lineno)
        lines = self.lines[first - 1 : last]
        lines[node.lineno - first] = new
        lines[0] = lines[0][len(self.indent) :] if lines[0].startswith(self.indent) else lines[0]
        try:
            return ast.dump(ast.parse("\n".join(lines)).body[0]) == ast.dump(
                self._changed(node, text)
            )
        except (SyntaxError, IndexError):
            return False

    def _changed(self, node: Any, text: str) -> Any:
        copy = ast.parse(self.file.source)
        body, i, _ = found(copy, self.line)
        return _Put(_span(node), type(node), text).visit(body[i])

    def _unparsed(self, node: Any, text: str) -> str:
        return ast.unparse(self._changed(node, text)).splitlines()[0]


class _Put(ast.NodeTransformer):
    """Puts an expression in the place of the one that stands somewhere."""

    def __init__(self, at: tuple[int, ...], kind: type, text: str) -> None:
        self.at, self.kind, self.text = at, kind, text

    def visit(self, node: Any) -> Any:
        if type(node) is self.kind and _span(node) == self.at and isinstance(node, ast.expr):
            return _settled(ast.parse(self.text, mode="eval").body, node)
        return self.generic_visit(node)


def _span(node: Any) -> tuple[int, ...]:
    if not hasattr(node, "lineno"):
        return ()
    return (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)


def _settled(new: Any, at: Any) -> Any:
    """New nodes, in the place of an old one; what is inside has places that no other has."""
    for part in ast.walk(new):
        if isinstance(part, ast.expr | ast.stmt):
            first, last = part.col_offset, part.end_col_offset or 0
            ast.copy_location(part, at)
            if part is not new:
                part.end_lineno = part.lineno
                part.col_offset, part.end_col_offset = first + ASIDE, last + ASIDE
    return new


def _scope(judge: Judge, file: File, inside: Any) -> Scope:
    texts: dict[str, tuple[int, ...]] = {}
    shapes: dict[tuple[int, ...], tuple[int, ...]] = {}
    calls: dict[str, tuple[int, ...]] = {}
    for event in judge.base.events:
        site = judge.sites[event.number]
        if site.file.name != file.name or not inside.lineno <= site.line <= inside.end_lineno:
            continue
        shapes.setdefault(_span(site.node), np.shape(event.value))
        if isinstance(site.node, ast.Name | ast.Attribute | ast.Subscript):
            texts.setdefault(ast.unparse(site.node), np.shape(event.value))
        elif isinstance(site.node, ast.Call) and np.ndim(event.value) and len(site.text) < 40:
            calls[ast.unparse(site.node)] = np.shape(event.value)
        if assigned(site) and not isinstance(site.node, ast.Name):
            texts.setdefault(assigned(site), np.shape(event.value))
    first = min([inside.lineno, *(one.lineno for one in getattr(inside, "decorator_list", []))])
    texts = {**judge.names.get((file.name, first), {}), **texts}
    parts = [*ast.walk(inside)]
    boxes = {ast.unparse(part.value) for part in parts if isinstance(part, ast.Subscript)}
    keys = {
        repr(part.slice.value)
        for part in ast.walk(file.tree)
        if isinstance(part, ast.Subscript)
        and isinstance(part.slice, ast.Constant)
        and isinstance(part.slice.value, str)
    }
    defined = {part.name for part in ast.walk(file.tree) if isinstance(part, ast.FunctionDef)}
    helpers = {
        ast.unparse(part.func)
        for part in ast.walk(file.tree)
        if isinstance(part, ast.Call) and len(part.args) == 1 and not part.keywords
    }
    return Scope(
        {text: shape for text, shape in texts.items() if shape and not text.endswith(".T")},
        [text for text, shape in texts.items() if not shape],
        sorted(boxes),
        sorted(keys),
        sorted(
            name
            for name in helpers | {name for name in defined if f"self.{name}" not in file.source}
            if HELPERS.search(name)
        ),
        shapes,
        calls,
    )


def _is_store(node: Any) -> bool:
    return isinstance(getattr(node, "ctx", None), ast.Store)


def _function_at(tree: Any, line: int) -> Any:
    """The innermost function around a line, or the file."""
    functions = [
        part
        for part in ast.walk(tree)
        if isinstance(part, ast.FunctionDef) and part.lineno <= line <= (part.end_lineno or 0)
    ]
    if functions:
        return max(functions, key=lambda part: part.lineno)
    tree.lineno, tree.end_lineno = 0, 10**9
    return tree


def _of_statement(make: _Maker, body: Body, i: int) -> Iterator[Change]:
    """Changes of what is done with a value: stored, added, subtracted, and when."""
    s = make.statement
    if isinstance(s, ast.AugAssign) and type(s.op) in OPERATORS:
        target, value, op = ast.unparse(s.target), ast.unparse(s.value), OPERATORS[type(s.op)]
        other = {"+": "-", "-": "+", "*": "/", "/": "*"}.get(op)
        if other:
            yield make.whole("sign", f"{target} {other}= {value}")
        yield make.whole("store", f"{target} = {target} {op} {_in_brackets(s.value, value)}")
        yield make.whole("store", f"{target} = {value}")
        if isinstance(s.target, ast.Subscript) and isinstance(s.target.slice, ast.Tuple):
            yield from _of_places(make, s, op, value)
        if isinstance(s.target, ast.Subscript) and op == "+":
            array, index = ast.unparse(s.target.value), ast.unparse(s.target.slice)
            yield make.whole("store", f"np.add.at({array}, {index}, {value})")
    if (
        isinstance(s, ast.Assign)
        and len(s.targets) == 1
        and not isinstance(s.targets[0], ast.Tuple)
    ):
        yield make.whole("store", f"{ast.unparse(s.targets[0])} += {ast.unparse(s.value)}")
    if isinstance(s, ast.Assign | ast.AugAssign):
        for k in range(i + 1, min(len(body), i + 7)):
            yield make.moved(k - i, body[k].end_lineno or 0)


def _of_target(make: _Maker, scope: Scope) -> Iterator[Change]:
    """Another array of that shape, into which a value is put."""
    s = make.statement
    target = s.targets[0] if isinstance(s, ast.Assign) else getattr(s, "target", None)
    if isinstance(target, ast.Subscript) and isinstance(s, ast.Assign | ast.AugAssign):
        base = ast.unparse(target.value)
        place = ast.unparse(target)[len(base) :]
        sign = f"{OPERATORS.get(type(s.op), '')}=" if isinstance(s, ast.AugAssign) else "="
        for other, shape in scope.arrays.items():
            if other != base and shape == scope.arrays.get(base):
                yield make.whole("name", f"{other}{place} {sign} {ast.unparse(s.value)}")


def _of_places(make: _Maker, s: Any, op: str, value: str) -> Iterator[Change]:
    """One place a row, where every row was given to all of them: P[range(m), y] for P[:, y]."""
    parts = [ast.unparse(part) for part in s.target.slice.elts]
    for i, part in enumerate(s.target.slice.elts):
        if isinstance(part, ast.Slice) and len(parts) == 2:
            other = parts[1 - i]
            new = [f"np.arange(len({other}))" if j == i else other for j in (0, 1)]
            yield make.whole(
                "store", f"{ast.unparse(s.target.value)}[{', '.join(new)}] {op}= {value}"
            )


def _in_brackets(node: ast.expr, text: str) -> str:
    return f"({text})" if isinstance(node, ast.BinOp) else text


def _of_expressions(make: _Maker, scope: Scope) -> Iterator[Change]:
    s = make.statement
    heads = [getattr(s, name, None) for name in ("value", "iter", "test")]
    targets = [*getattr(s, "targets", ()), getattr(s, "target", None)]
    places = [target.slice for target in targets if isinstance(target, ast.Subscript)]
    for node in (node for place in places for node in ast.walk(place)):
        if isinstance(node, ast.expr):
            yield from _of_one(make, node, scope)
    for head in (head for head in heads if isinstance(head, ast.expr)):
        for node in ast.walk(head):
            if isinstance(node, ast.expr) and not _is_store(node):
                yield from _of_one(make, node, scope)
                yield from _of_value(make, node, scope)
        if isinstance(s, ast.Assign | ast.AugAssign | ast.Return) and not isinstance(
            head, ast.Tuple
        ):
            yield from _of_whole(make, head, scope)
        elif isinstance(head, ast.Tuple):
            for part in head.elts:
                yield from _of_whole(make, part, scope)


def _of_one(make: _Maker, node: Any, scope: Scope) -> Iterator[Change]:
    """Changes of one expression inside a statement."""

    def put(kind: str, text: str) -> Change:
        return make.expression(kind, node, text)

    text = ast.unparse(node)
    if isinstance(node, ast.Constant) and type(node.value) is int:
        for number in {0: (1, -1), 1: (0, 2)}.get(node.value, (node.value - 1, node.value + 1)):
            yield put("index", str(number))
    if text in scope.arrays:
        for other, shape in scope.arrays.items():
            if other != text and shape in (scope.arrays[text], scope.arrays[text][::-1]):
                yield put("name", other)
        for other, shape in (*scope.arrays.items(), *scope.calls.items()):
            if shape == scope.arrays[text] and isinstance(node, ast.Name):
                for slope in SLOPES:
                    yield put("slope", f"{text} * ({slope.format(other)})")
        for other, shape in scope.arrays.items():
            if len(shape) == 2 and other != text and isinstance(node, ast.Name):
                yield put("other", f"{other}.T @ {text}")
                yield put("other", f"{text} @ {other}.T")
        if len(scope.arrays[text]) > 1:
            yield put("T", f"{text}.T")
        if len(scope.arrays[text]) > 2:
            yield put("T", f"{text}.swapaxes(-1, -2)")
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield put("T", ast.unparse(node.value))
    if isinstance(node, ast.Subscript):
        for box in scope.boxes:
            if box != ast.unparse(node.value):
                yield put("name", f"{box}[{ast.unparse(node.slice)}]")
        if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
            for key in scope.keys:
                yield put("name", f"{ast.unparse(node.value)}[{key}]")
    if text in scope.numbers:
        for other in scope.numbers:
            if other != text:
                yield put("value", other)
    negative = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
    if negative and not isinstance(node.operand, ast.Constant):
        yield put("sign", ast.unparse(node.operand))
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        left, right = ast.unparse(node.left), ast.unparse(node.right)
        if isinstance(node.op, ast.Add | ast.Sub):
            sign = OPERATORS[type(node.op)]
            for name in scope.numbers:
                yield put("count", f"({left}) {sign} {name} * ({right})")
                yield put("count", f"({left}) {sign} ({right}) / {name}")
        yield put("drop", left)
        yield put("drop", right)
        for op in OTHERS[OPERATORS[type(node.op)]]:
            yield put("op", f"({left}) {op} ({right})")
        if isinstance(node.op, ast.Sub):
            yield put("sign", f"({right}) - ({left})")
        if isinstance(node.op, ast.MatMult):
            yield put("T", f"({left}).T @ ({right})")
            yield put("T", f"({left}) @ ({right}).T")
            yield put("T", f"({text}).T")
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in COMPARED:
        left, right = ast.unparse(node.left), ast.unparse(node.comparators[0])
        yield put("compare", f"{left} {COMPARED[type(node.ops[0])]} {right}")
    if isinstance(node, ast.Call):
        yield from _of_call(put, node, text)


def _of_value(make: _Maker, node: Any, scope: Scope) -> Iterator[Change]:
    """Another array of that shape for what an expression comes to, or a slope."""
    shape = scope.shapes.get(_span(node))
    if not shape or isinstance(node, ast.Name | ast.Attribute):
        return
    for array, other in scope.arrays.items():
        if other == shape and not isinstance(node, ast.Subscript):
            yield make.expression("drop", node, array)
        if other == shape and isinstance(node, ast.BinOp | ast.Compare):
            for slope in SLOPES:
                yield make.expression("drop", node, slope.format(array))


def _of_call(put: Callable[[str, str], Change], node: ast.Call, text: str) -> Iterator[Change]:
    function = node.func
    name = getattr(function, "attr", getattr(function, "id", ""))
    if name in REDUCING:
        of_module = isinstance(function, ast.Attribute) and ast.unparse(function.value) in (
            "np",
            "numpy",
        )
        is_method = isinstance(function, ast.Attribute) and not of_module
        array = function.value if is_method else node.args[0] if node.args else None  # type: ignore[attr-defined]
        if array is not None:
            base, prefix = ast.unparse(array), "" if is_method else ast.unparse(function)
            prefix = prefix if prefix.rpartition(".")[0] else "np.sum"
            for axis in AXES:
                inner = ", ".join(part for part in (base, axis) if part)
                of = base if isinstance(array, SIMPLE) else f"({base})"
                yield put("axis", f"{of}.{name}({axis})" if is_method else f"{prefix}({inner})")
            other = {"sum": "mean", "mean": "sum"}.get(name)
            if other:
                yield put("axis", re.sub(rf"\b{name}\(", f"{other}(", text, count=1))
            yield put("drop", base)
    if name in MAKING and not any(keyword.arg == "dtype" for keyword in node.keywords):
        yield put("dtype", f"{text[:-1]}, dtype=float)")
    if len(node.args) == 2 and name in ("dot", "matmul", "outer"):
        one, other = map(ast.unparse, node.args)
        for new in (f"({one}).T, {other}", f"{one}, ({other}).T", f"{other}, {one}"):
            yield put("T", f"{ast.unparse(function)}({new})")
    if name == "dot" and len(node.args) == 1 and isinstance(function, ast.Attribute):
        one, other = ast.unparse(function.value), ast.unparse(node.args[0])
        yield put("T", f"({one}).T.dot({other})")
        yield put("T", f"({one}).dot(({other}).T)")
    if len(node.args) == 1 and not node.keywords and isinstance(function, ast.Name | ast.Attribute):
        yield put("drop", ast.unparse(node.args[0]))


def _of_whole(make: _Maker, head: Any, scope: Scope) -> Iterator[Change]:
    """A factor, a slope or a term more."""

    def put(kind: str, text: str) -> Change:
        return make.expression(kind, head, text)

    text = ast.unparse(head)
    inner = _in_brackets(head, text)
    yield put("negative", f"-{inner}")
    for number in ("2", "0.5"):
        yield put("number", f"{number} * {inner}")
    for array in (*scope.arrays, *scope.calls):
        for slope in SLOPES:
            new = slope.format(array)
            new = new if new.startswith(f"{array} *") else f"({new})"
            yield put("slope", f"{inner} * {new}")
    for array in scope.arrays:
        for helper in scope.helpers:
            yield put("slope", f"{inner} * {helper}({array})")
        yield put("times", f"{inner} * {array}")
        yield put("times", f"{array} @ {inner}")
        for number in scope.numbers:
            yield put("plus", f"{text} + {number} * {array}")
        yield put("plus", f"{text} + {array}")
    for number in scope.numbers:
        yield put("count", f"{inner} / {number}")
        yield put("count", f"{inner} * {number}")
        yield put("other", f"{inner} / np.sqrt({number})")
