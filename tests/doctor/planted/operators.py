"""What people do wrong, each as other text for a piece of one line or two statements swapped."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise

# What a line could name: the shape of an array, or the type of a number.
Scope = dict[str, "tuple[int, ...] | str"]
SUMS = {"sum": "mean", "mean": "sum"}


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


class Sower:
    """All edits of the nodes on some lines of a source."""

    def __init__(self, source: str, lines: set[int], scopes: dict[int, Scope]) -> None:
        self.source, self.lines, self.scopes = source, lines, scopes
        self.tree = ast.parse(source)
        self.parents = {c: p for p in ast.walk(self.tree) for c in ast.iter_child_nodes(p)}
        self.functions = {
            n.name: len(n.args.args) for n in self.tree.body if isinstance(n, ast.FunctionDef)
        }

    def text(self, node: ast.AST) -> str:
        """Of a node, as it is written."""
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
        """Of its statement; of a loop or a condition, only the head."""
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
        return False

    def edits(self) -> Iterator[Edit]:
        """All of them."""
        for node in ast.walk(self.tree):
            if getattr(node, "lineno", None) not in self.lines:
                continue
            if isinstance(node, ast.expr):
                for operator, text in self.of_expression(node):
                    if edit := self.edit(operator, node, text):
                        yield edit
            elif isinstance(node, ast.stmt):
                for operator, text in self.of_statement(node):
                    if edit := self.edit(operator, node, text):
                        yield edit
        yield from self.moved()

    def of_expression(self, node: ast.expr) -> Iterator[tuple[str, str]]:
        """What may stand in its place."""
        match node:
            case ast.BinOp() if not self.indexing(node):
                yield from self.of_operation(node)
            case ast.UnaryOp(op=ast.USub()) if not self.indexing(node):
                yield "sign flipped", self.held(node.operand)
            case ast.Call():
                yield from self.of_call(node)
            case ast.Attribute(attr="T"):
                yield "transpose", self.text(node.value)
            case ast.Compare(ops=[ast.Gt() | ast.GtE() | ast.Lt() | ast.LtE()]):
                sign = "<" if isinstance(node.ops[0], ast.Gt | ast.GtE) else ">"
                text = f"{self.text(node.left)} {sign} {self.text(node.comparators[0])}"
                yield "mask reversed", f"({text})"
            case ast.Constant(value=int() | float()) if node.value in (2, 0.5):
                if not self.indexing(node) and not self.is_exponent(node):
                    yield "factor 2 or half", "1"
            case ast.Subscript(value=ast.Attribute(attr="shape"), slice=ast.Constant()):
                text = self.text(node.value)
                yield "m of another axis", f"{text}[{1 - node.slice.value}]"
        if isinstance(node, ast.Subscript) and not isinstance(node.value, ast.Attribute | ast.Call):
            yield from self.of_index(node)
        elif isinstance(node, ast.Subscript) and name_of(node.value) != "shape":
            yield from self.of_index(node)
        if isinstance(getattr(node, "ctx", None), ast.Load):
            yield from self.of_name(node)

    def is_exponent(self, node: ast.AST) -> bool:
        """Whether it is one."""
        parent = self.parents[node]
        return isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Pow)

    def of_operation(self, node: ast.BinOp) -> Iterator[tuple[str, str]]:
        """Of a sum or a product."""
        left, right = self.held(node.left), self.held(node.right)
        match node.op:
            case ast.Mult():
                for gone, kept in ((node.left, right), (node.right, left)):
                    yield factor(gone), kept
                yield "* for @", f"({left} @ {right})"
            case ast.MatMult():
                yield "* for @", f"({left} * {right})"
                yield "transpose", f"({left}.T @ {right})"
                yield "transpose", f"({left} @ {right}.T)"
            case ast.Div():
                yield "division left out", left
                yield "divided twice", f"({left} / {right} / {right})"
            case ast.Add() | ast.Sub():
                if isinstance(node.left, ast.Constant | ast.JoinedStr):
                    if isinstance(getattr(node.left, "value", ""), str):
                        return
                    yield "term left out", left
                else:
                    yield "term left out", left
                    yield "term left out", right
                if isinstance(node.op, ast.Add):
                    yield "sign flipped", f"({left} - {right})"
                else:
                    yield "sign flipped", f"({right} - {left})"
                    yield "sign flipped", f"({left} + {right})"
            case ast.Pow():
                yield "factor left out", left

    def of_call(self, node: ast.Call) -> Iterator[tuple[str, str]]:
        """Of a function's arguments, or the function itself."""
        name, args = name_of(node), [self.text(a) for a in node.args]
        whole = self.text(node)
        for keyword in node.keywords:
            rest = [k for k in node.keywords if k is not keyword]
            if keyword.arg == "axis" and isinstance(keyword.value, ast.Constant):
                other = ast.keyword("axis", ast.Constant(1 - abs(keyword.value.value)))
                yield "other axis", self.called(node, node.args, [other, *rest])
                yield "no axis", self.called(node, node.args, rest)
            elif keyword.arg == "axis":
                other = ast.keyword("axis", ast.Constant(0))
                yield "other axis", self.called(node, node.args, [other, *rest])
                yield "no axis", self.called(node, node.args, rest)
            elif keyword.arg == "keepdims":
                yield "keepdims left out", self.called(node, node.args, rest)
            elif getattr(keyword.value, "value", None) is True:
                yield "slope left out", self.called(node, node.args, rest)
        if name in SUMS:
            if isinstance(node.func, ast.Attribute):
                yield "mean for sum", self.text(node.func.value) + "." + whole[
                    len(self.text(node.func.value)) + 1 :
                ].replace(name, SUMS[name], 1)
            if isinstance(node.func, ast.Attribute) and node.args and not is_np(node):
                axis = args[0]
                base = self.text(node.func)
                yield "other axis", f"{base}({'1' if axis == '0' else '0'})"
                yield "no axis", f"{base}()"
        if name == "dot" and isinstance(node.func, ast.Attribute):
            first, second = node.args if is_np(node) else (node.func.value, node.args[0])
            yield "* for @", f"({self.held(first)} * {self.held(second)})"
            if not self.text(first).endswith((".T", "transpose()")):
                yield "transpose", f"{self.held(first)}.T.dot({self.text(second)})"
            if not self.text(second).endswith((".T", "transpose()")):
                yield "transpose", f"{self.held(first)}.dot({self.held(second)}.T)"
        if name in ("transpose", "copy") and isinstance(node.func, ast.Attribute):
            kept = args[0] if args else self.text(node.func.value)
            yield ("transpose" if name == "transpose" else "kept array changed in place"), kept
        if name == "outer":
            yield "transpose", f"{self.text(node.func)}({args[1]}, {args[0]})"
        if name == "reversed":
            yield "loop bounds", args[0]
        if name == "range":
            yield from self.of_range(node)
        if node.args and isinstance(node.args[0], ast.Constant) and "->" in str(args[0]):
            yield from self.of_letters(node, str(node.args[0].value))
        if name in self.functions and isinstance(node.func, ast.Name):
            for other, count in self.functions.items():
                if other != name and count == self.functions[name] == len(node.args):
                    yield "another function", f"{other}{whole[len(name) :]}"
            if len(node.args) == 1 and not node.keywords:
                yield "function left out", args[0]

    def called(self, node: ast.Call, args: list[ast.expr], keywords: list[ast.keyword]) -> str:
        """The same call of other arguments."""
        inside = [self.text(a) for a in args] + [ast.unparse(k) for k in keywords]
        return f"{self.text(node.func)}({', '.join(inside)})"

    def of_range(self, node: ast.Call) -> Iterator[tuple[str, str]]:
        """One layer, or one entry, more or fewer."""
        if not isinstance(self.parents[node], ast.For | ast.Call):
            return
        texts = [self.text(a) for a in node.args]
        for i, text in enumerate(texts[:2]):
            for by in ("- 1", "+ 1"):
                moved = [*texts[:i], f"{text} {by}", *texts[i + 1 :]]
                yield "loop bounds", f"range({', '.join(moved)})"
        if len(texts) == 1:
            yield "loop bounds", f"range(1, {texts[0]})"

    def of_letters(self, node: ast.Call, letters: str) -> Iterator[tuple[str, str]]:
        """Two letters of einsum's the other way round."""
        rest = "".join(f", {self.text(a)}" for a in node.args[1:])
        sides = letters.replace("->", ",").split(",")
        for i, side in enumerate(sides):
            if len(side) == 2:
                turned = [*sides[:i], side[::-1], *sides[i + 1 :]]
                text = ",".join(turned[:-1]) + "->" + turned[-1]
                yield "transpose", f'{self.text(node.func)}("{text}"{rest})'

    def of_index(self, node: ast.Subscript) -> Iterator[tuple[str, str]]:
        """Another entry, or another end."""
        if name_of(node.value) == "shape":
            return
        base = self.text(node.value)
        match node.slice:
            case ast.Name() | ast.BinOp(right=ast.Constant(value=int())):
                text = self.text(node.slice)
                yield "index by one", f"{base}[{text} - 1]"
                yield "index by one", f"{base}[{text} + 1]"
                if isinstance(node.slice, ast.BinOp):
                    yield "index by one", f"{base}[{self.text(node.slice.left)}]"
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() as value)):
                yield "index by one", f"{base}[{-value - 1}]"
            case ast.Slice(lower=None, upper=ast.UnaryOp()):
                yield "index by one", f"{base}[1:]"
                yield "index by one", base
            case ast.Slice(lower=ast.Constant(), upper=None):
                yield "index by one", f"{base}[:-1]"
                yield "index by one", base
            case ast.Tuple(elts=[ast.Slice(lower=None, upper=None), ast.Slice()]):
                yield "index by one", base
            case ast.Tuple(elts=[_, _] as elts):
                pass_, text = elts[1], self.text(elts[0])
                if isinstance(pass_, ast.Name | ast.Attribute):
                    yield "index by one", f"{base}[{text}, {self.text(pass_)} - 1]"

    def of_name(self, node: ast.expr) -> Iterator[tuple[str, str]]:
        """Another array of its shape."""
        if not isinstance(node, ast.Name | ast.Attribute | ast.Subscript):
            return
        scope = self.scopes.get(node.lineno, {})
        shape = scope.get(ast.unparse(node))
        if shape in (None, ()) or any(isinstance(n, ast.Lambda) for n in self.above(node)):
            return
        operator = self.use_of(node)
        if shape in ("int", "float"):
            operator = "another number"
            if self.indexing(node) and not isinstance(self.parents[node], ast.Call):
                return
        for other, of_other in scope.items():
            if of_other == shape and other != ast.unparse(node):
                yield operator, other

    def use_of(self, node: ast.expr) -> str:
        """What a wrong array there is called."""
        for inner, outer in pairwise((node, *self.above(node))):
            match outer:
                case ast.stmt():
                    break
                case ast.Compare():
                    return "mask of another array"
                case ast.BinOp(op=ast.Pow()):
                    return "slope of another array"
                case ast.BinOp(op=ast.Sub(), left=ast.Constant(value=1 | 1.0), right=right):
                    return "slope of another array" if right is inner else "another array"
                case ast.Call(func=ast.Name() | ast.Subscript()) if name_of(outer) != "tuple":
                    return "slope of another array"
        return "another array"

    def of_statement(self, node: ast.stmt) -> Iterator[tuple[str, str]]:
        """Of a whole statement on one line."""
        if node.lineno != node.end_lineno:
            return
        match node:
            case ast.AugAssign(op=ast.Add() | ast.Sub() as op):
                to, of = self.text(node.target), self.text(node.value)
                sign, turned = ("+", "-") if isinstance(op, ast.Add) else ("-", "+")
                yield "= for +=", f"{to} = {of}" if sign == "+" else f"{to} = -({of})"
                yield "sign flipped", f"{to} {turned}= {of}"
                yield "statement left out", "pass"
            case ast.AugAssign():
                yield "statement left out", "pass"
            case ast.Assign(targets=[target], value=value):
                to, of = self.text(target), self.text(value)
                if isinstance(value, ast.BinOp) and not is_update(value):
                    yield "factor 2 or half", f"{to} = 2 * ({of})"
                    yield "factor 2 or half", f"{to} = 0.5 * ({of})"
                yield from self.in_place(to, value)
                if self.bound_before(node, target):
                    yield "statement left out", "pass"
            case ast.Return(value=ast.BinOp() as value):
                yield "factor 2 or half", f"return 2 * ({self.text(value)})"
                yield "factor 2 or half", f"return 0.5 * ({self.text(value)})"
            case ast.Expr(value=ast.Call() as call):
                if ast.unparse(call.func) == "np.add.at":
                    base, index, what = (self.text(a) for a in call.args)
                    yield "repeated index", f"{base}[{index}] += {what}"
                elif not isinstance(call.func, ast.Name):
                    yield "statement left out", "pass"

    def in_place(self, to: str, value: ast.expr) -> Iterator[tuple[str, str]]:
        """An operation on an array that is kept, done in that array."""
        whole = self.text(value)
        for node in ast.walk(value):
            if not isinstance(node, ast.BinOp) or self.text(node.left) == to:
                continue
            sign = {ast.Sub: "-", ast.Mult: "*", ast.Add: "+", ast.Pow: "**"}.get(type(node.op))
            if sign and isinstance(node.left, ast.Name | ast.Attribute | ast.Subscript):
                first, start = self.text(node.left), node.col_offset - value.col_offset
                rest = whole[:start] + first + whole[start + len(self.text(node)) :]
                change = f"{first} {sign}= {self.text(node.right)}"
                yield "kept array changed in place", f"{change}; {to} = {rest}"

    def bound_before(self, node: ast.stmt, target: ast.expr) -> bool:
        """Whether what it assigns has a value without it."""
        if isinstance(target, ast.Subscript):
            return True
        scope = self.scopes.get(node.lineno, {})
        return ast.unparse(target) in scope

    def moved(self) -> Iterator[Edit]:
        """Neighbours the other way round, and updates before what they update is read."""
        for node in ast.walk(self.tree):
            for body in (getattr(node, "body", None), getattr(node, "orelse", None)):
                here = body if isinstance(body, list) else []
                here = [s for s in here if s.lineno == s.end_lineno and s.lineno in self.lines]
                for one, two in pairwise(here):
                    if two.lineno == one.lineno + 1:
                        yield self.order("statements swapped", one, two, self.text(one))
                for one, two in combinations(here, 2):
                    if two.lineno > one.lineno + 1 and writes(two) & reads(one):
                        yield self.order("update before use", one, two, "pass")

    def order(self, operator: str, one: ast.stmt, two: ast.stmt, left: str) -> Edit:
        """The later of two statements before the earlier, and in its place what is left."""
        first, between = self.text(two), self.source.split("\n")[one.lineno : two.lineno - 1]
        if left == "pass":
            first += f"; {self.text(one)}"
        text = "\n".join([first, *between, " " * one.col_offset + left])
        lines = (one.lineno, two.lineno)
        return Edit(operator, lines, one.lineno, one.col_offset, 10**6, text)


def is_update(value: ast.BinOp) -> bool:
    """Whether it is something less a step."""
    kept = ast.Name | ast.Attribute | ast.Subscript
    return isinstance(value.op, ast.Sub) and isinstance(value.left, kept)


def writes(node: ast.stmt) -> set[str]:
    """What a statement moves or rebinds, from what it is now."""
    match node:
        case ast.AugAssign(target=target):
            return {ast.unparse(target)}
        case ast.Assign(targets=[target]) if ast.unparse(target) in reads(node):
            return {ast.unparse(target)}
    return set()


def reads(node: ast.stmt) -> set[str]:
    """What a statement reads."""
    some = ast.Name | ast.Attribute | ast.Subscript
    read = [n for n in ast.walk(node) if isinstance(n, some) and isinstance(n.ctx, ast.Load)]
    return {ast.unparse(n) for n in read}


def factor(gone: ast.expr) -> str:
    """What it is called that a factor is missing."""
    kinds = {type(n) for n in ast.walk(gone)}
    if isinstance(gone, ast.Constant):
        return "factor 2 or half"
    if isinstance(gone, ast.BinOp) and isinstance(gone.op, ast.Div):
        return "division left out"
    slope = kinds & {ast.Compare, ast.Call} or (ast.Sub in kinds and ast.Constant in kinds)
    return "slope left out" if slope else "factor left out"


def name_of(node: ast.AST) -> str:
    """The last name of what is called or read."""
    inner = node.func if isinstance(node, ast.Call) else node
    return getattr(inner, "attr", getattr(inner, "id", ""))


def is_np(node: ast.Call) -> bool:
    """Whether NumPy's function is called, and not an array's method."""
    return isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) == "np"


def edits_of(source: str, lines: set[int], scopes: dict[int, Scope]) -> Iterator[Edit]:
    """Every edit of some lines."""
    return Sower(source, lines, scopes).edits()
