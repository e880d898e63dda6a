"""What people do wrong in an expression, each as other text for it."""

import ast
from collections.abc import Iterator
from itertools import pairwise

from edits import Source, name_of

SUMS = {"sum": "mean", "mean": "sum"}


class Expressions(Source):
    """The operators on expressions, each with what it is called."""

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
                when = isinstance(self.parents[node], ast.If)
                yield ("condition reversed" if when else "mask reversed"), f"({text})"
            case ast.Compare(comparators=[ast.BinOp(left=bound) as shifted]):
                if isinstance(self.parents[node], ast.If):
                    text = self.text(node).replace(self.text(shifted), self.text(bound))
                    yield "loop bounds", text
            case ast.Constant(value=int() | float()) if node.value in (2, 0.5):
                if not self.indexing(node) and not self.is_exponent(node):
                    yield "factor 2 or half", "1"
            case ast.Subscript(value=ast.Attribute(attr="shape"), slice=ast.Constant()):
                text = self.text(node.value)
                yield "m of another axis", f"{text}[{1 - node.slice.value}]"
        if isinstance(node, ast.Subscript):
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
            start = len(self.text(node.func)) - len(name)
            if isinstance(node.func, ast.Attribute):
                yield "mean for sum", whole[:start] + SUMS[name] + whole[start + len(name) :]
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
                first, second = elts
                if isinstance(second, ast.Name | ast.Attribute):
                    text = f"{self.text(first)}, {self.text(second)} - 1"
                    yield "index by one", f"{base}[{text}]"

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


def factor(gone: ast.expr) -> str:
    """What it is called that a factor is missing."""
    kinds = {type(n) for n in ast.walk(gone)}
    if isinstance(gone, ast.Constant):
        return "factor 2 or half"
    if isinstance(gone, ast.BinOp) and isinstance(gone.op, ast.Div):
        return "division left out"
    slope = kinds & {ast.Compare, ast.Call} or (ast.Sub in kinds and ast.Constant in kinds)
    return "slope left out" if slope else "factor left out"


def is_np(node: ast.Call) -> bool:
    """Whether NumPy's function is called, and not an array's method."""
    return isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) == "np"
