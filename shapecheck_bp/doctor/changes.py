"""What could be written for a line: small changes of what people leave out and mix up.

Names are exchanged for others of that shape, axes and signs for the other ones; factors are dropped
or put in, slopes added; statements are moved. Whether one of these helps is tried, and not guessed.
"""

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import permutations, product
from typing import Any

from shapecheck_bp.doctor.claims import is_gradient
from shapecheck_bp.doctor.edits import Body, Change, found
from shapecheck_bp.doctor.judging import Judge
from shapecheck_bp.doctor.scopes import Scope, Scopes, function_at, scope_of
from shapecheck_bp.doctor.writing import Maker, span
from shapecheck_bp.reading.sources import File
from shapecheck_bp.reading.variants import first_of

# How far a kind of change is from what stands there: the least is the likeliest.
COST = {
    **dict.fromkeys(("name", "index", "axis", "sign", "move", "store", "T", "op"), 1.0),
    **dict.fromkeys(("drop", "instead", "compare"), 2.0),
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
SLOPES = ("{0} * (1 - {0})", "1 - {0} ** 2", "{0} > 0")


def changes_of(judge: Judge, file: File, line: int, known: Scopes) -> Iterator[Change]:
    """The changes of the statement in a line, in the order in which they are to be tried.

    ``known`` keeps what can be named in each function.
    """
    try:
        body, i, statement = found(file.tree, line)
    except LookupError:
        return
    make = Maker(file, line, statement)
    inside = function_at(file.tree, line)
    scope = known.get((file.name, inside.lineno)) or scope_of(judge, file, inside)
    known[file.name, inside.lineno] = scope
    made = [*_of_statement(make, body, i), *_of_target(make, scope), *_of_expressions(make, scope)]
    if judge.has_own_cost and judge.may_be_regularised:
        made += _of_squares(make, scope)
    seen: set[Any] = set()
    for change in sorted(made, key=lambda change: COST[change.kind]):
        if change.text not in seen:
            seen.add(change.text)
            yield change


def _of_squares(make: Maker, scope: Scope) -> Iterator[Change]:
    """What a square in the cost asks for: a multiple of an array more, as lambda / m * W."""
    head = getattr(make.statement, "value", None)
    if isinstance(head, ast.expr):
        same = [
            array for array, shape in scope.arrays.items() if shape == scope.shapes.get(span(head))
        ]
        for array, (one, other) in product(same, permutations(scope.numbers, 2)):
            yield make.expression("plus", head, f"{ast.unparse(head)} + {one} / {other} * {array}")


def _is_store(node: Any) -> bool:
    return isinstance(getattr(node, "ctx", None), ast.Store)


def _of_statement(make: Maker, body: Body, i: int) -> Iterator[Change]:
    """Changes of what is done with a value: stored, added, subtracted, and when."""
    s = make.statement
    if isinstance(s, ast.AugAssign) and type(s.op) in OPERATORS:
        target, value, op = ast.unparse(s.target), ast.unparse(s.value), OPERATORS[type(s.op)]
        other = {"+": "-", "-": "+", "*": "/", "/": "*"}.get(op)
        if other:
            yield make.whole("sign", f"{target} {other}= {value}")
        yield make.whole("store", f"{target} = {target} {op} {_in_brackets(s.value, value)}")
        yield make.whole("store", f"{target} = {value}")
        if isinstance(s.target, ast.Subscript):
            yield make.whole("store", f"{ast.unparse(s.target.value)} {op}= {value}")
        has_slice = any(isinstance(part, ast.Slice) for part in ast.walk(s.target))
        if isinstance(s.target, ast.Subscript) and op == "+" and not has_slice:
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
            if isinstance(body[k], ast.Break | ast.Continue | ast.Return | ast.Raise):
                break
            if not _is_for_nothing(body, i, k):
                yield make.moved(k - i, body[k].end_lineno or 0)


def _is_for_nothing(body: Body, i: int, k: int) -> bool:
    """Whether nothing reads the gradient that statement i stores, which is made here, behind k."""
    stored = {name for name, is_read in _names_in(body[i : i + 1]) if not is_read}
    made = {name for name, is_read in _names_in(body[:i]) if not is_read}
    read = {name for name, is_read in _names_in(body[k + 1 :]) if is_read}
    return bool(stored) and stored <= made - read and all(map(is_gradient, stored))


def _names_in(statements: Iterable[ast.stmt]) -> Iterator[tuple[str, bool]]:
    for part in (part for one in statements for part in ast.walk(one)):
        if isinstance(part, ast.Name):
            yield part.id, isinstance(part.ctx, ast.Load)


def _of_target(make: Maker, scope: Scope) -> Iterator[Change]:
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


def _in_brackets(node: ast.expr, text: str) -> str:
    return f"({text})" if isinstance(node, ast.BinOp) else text


def _owner(node: ast.expr) -> str:
    """An expression as what a method is called of."""
    text = ast.unparse(node)
    return text if isinstance(node, SIMPLE) else f"({text})"


def _of_expressions(make: Maker, scope: Scope) -> Iterator[Change]:
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


def _of_one(make: Maker, node: Any, scope: Scope) -> Iterator[Change]:
    """Changes of one expression inside a statement."""

    def put(kind: str, text: str) -> Change:
        return make.expression(kind, node, text)

    text = ast.unparse(node)
    if isinstance(node, ast.Constant) and type(node.value) is int:
        for number in {0: (1, -1), 1: (0, 2)}.get(node.value, (node.value - 1, node.value + 1)):
            yield put("index", str(number))
    if text in scope.arrays or text in scope.numbers:
        for helper in scope.helpers:
            yield put("slope", f"{helper}({text})")
    if text in scope.arrays:
        for other, shape in scope.arrays.items():
            if other != text and shape in (scope.arrays[text], scope.arrays[text][::-1]):
                yield put("name", other)
        for other, shape in (*scope.arrays.items(), *scope.calls.items()):
            if shape == scope.arrays[text] and isinstance(node, ast.Name | ast.Attribute):
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
                yield put("name", box + text[len(ast.unparse(node.value)) :])
        if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
            for key in scope.keys:
                yield put("name", f"{ast.unparse(node.value)}[{key}]")
    if text in scope.numbers:
        for other in scope.numbers:
            if other != text:
                yield put("value", other)
        if isinstance(node, ast.Subscript):  # entry by entry, in lists of lists
            name, _, place = text.partition("[")
            for box in scope.boxes:
                if box != name and "[" not in box:
                    for slope in SLOPES:
                        yield put("slope", f"{text} * ({slope.format(f'{box}[{place}')})")
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
        if (left, type(node.op)) == ("2", ast.Mult):
            yield put("index", right)
        if (right, type(node.op)) in (("2", ast.Mult), ("1", ast.Sub), ("1", ast.Add)):
            yield put("index", left)
        yield put("drop", left)
        yield put("drop", right)
        for op in OTHERS[OPERATORS[type(node.op)]]:
            yield put("op", f"({left}) {op} ({right})")
        if isinstance(node.op, ast.Sub):
            yield put("sign", f"({right}) - ({left})")
        shapes = [scope.shapes.get(span(side), ()) for side in (node.left, node.right)]
        if shapes[0][1:] == (1,) and shapes[1] == shapes[0][:1]:  # spread over each other
            yield put("axis", f"{left} {OPERATORS[type(node.op)]} ({right})[:, None]")
        if isinstance(node.op, ast.MatMult):
            yield put("T", f"({left}).T @ ({right})")
            yield put("T", f"({left}) @ ({right}).T")
            yield put("T", f"({text}).T")
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in COMPARED:
        left, right = ast.unparse(node.left), ast.unparse(node.comparators[0])
        yield put("compare", f"{left} {COMPARED[type(node.ops[0])]} {right}")
    if isinstance(node, ast.Call):
        yield from _of_call(put, node, text)
        if ast.unparse(node.func) in scope.helpers and len(node.args) == 1:
            for array in scope.arrays:
                yield put("name", f"{ast.unparse(node.func)}({array})")


def _of_value(make: Maker, node: Any, scope: Scope) -> Iterator[Change]:
    """Another array of that shape for what an expression comes to, or a slope."""
    shape = scope.shapes.get(span(node))
    if not shape or isinstance(node, ast.Name | ast.Attribute):
        return
    for array, other in scope.arrays.items():
        if other == shape and not isinstance(node, ast.Subscript):
            yield make.expression("instead", node, array)
        if other == shape and isinstance(node, ast.BinOp | ast.Compare):
            for slope in SLOPES:
                yield make.expression("instead", node, slope.format(array))


def _of_call(put: Callable[[str, str], Change], node: ast.Call, text: str) -> Iterator[Change]:
    function = node.func
    name = getattr(function, "attr", getattr(function, "id", ""))
    if name in REDUCING:
        array = first_of(node)
        is_method = array is getattr(function, "value", None)
        if array is not None:
            base, prefix = ast.unparse(array), "" if is_method else ast.unparse(function)
            prefix = prefix if prefix.rpartition(".")[0] else "np.sum"
            for axis in AXES:
                inner = ", ".join(part for part in (base, axis) if part)
                yield put(
                    "axis", f"{_owner(array)}.{name}({axis})" if is_method else f"{prefix}({inner})"
                )
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


def _of_whole(make: Maker, head: Any, scope: Scope) -> Iterator[Change]:
    """A factor, a slope or a term more."""

    def put(kind: str, text: str) -> Change:
        return make.expression(kind, head, text)

    text = ast.unparse(head)
    inner = _in_brackets(head, text)
    yield put("negative", f"-{inner}")
    for number in ("2", "0.5"):
        yield put("number", f"{number} * {inner}")
    shape = scope.shapes.get(span(head), ())
    if shape in scope.unfit:
        scaled = isinstance(head, ast.BinOp) and isinstance(head.op, ast.Mult | ast.Div)
        scaled = scaled and not scope.shapes.get(span(head.right))
        summed = head.left if scaled else head
        for axis, keep in product(range(len(shape)), (True, False)):
            left = (*shape[:axis], *[1] * keep, *shape[axis + 1 :])
            if left == scope.unfit[shape]:
                over = f"axis={axis}" + ", keepdims=True" * keep
                yield make.expression("axis", summed, f"{_owner(summed)}.sum({over})")
    for array in (*scope.arrays, *scope.calls):
        for slope in SLOPES:
            new = slope.format(array)
            new = new if new.startswith(f"{array} *") else f"({new})"
            yield put("slope", f"{inner} * {new}")
    for name in scope.arrays if shape else scope.numbers:
        for helper in scope.helpers:
            yield put("slope", f"{inner} * {helper}({name})")
    for array in scope.arrays:
        yield put("times", f"{inner} * {array}")
        yield put("times", f"{array} @ {inner}")
        for number in scope.numbers:
            yield put("plus", f"{text} + {number} * {array}")
        yield put("plus", f"{text} + {array}")
    for number in scope.numbers:
        yield put("count", f"{inner} / {number}")
        yield put("count", f"{inner} * {number}")
        yield put("other", f"{inner} / np.sqrt({number})")
