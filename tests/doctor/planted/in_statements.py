"""What people do wrong in a statement, or in the order of two."""

import ast
import re
from collections.abc import Iterator
from itertools import combinations, pairwise

from edits import Edit, Source


class Statements(Source):
    """The operators on statements, each with what it is called."""

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
            if sign and self.is_kept_array(node.left):
                first, start = self.text(node.left), node.col_offset - value.col_offset
                rest = whole[:start] + first + whole[start + len(self.text(node)) :]
                change = f"{first} {sign}= {self.text(node.right)}"
                rest = re.sub(rf"(?<![\w\])])\({re.escape(first)}\)", first, rest)
                yield "kept array changed in place", f"{change}; {to} = {rest}"

    def is_kept_array(self, node: ast.expr) -> bool:
        """Whether it is an array with a name, as far as is known."""
        if isinstance(node, ast.Subscript):
            return isinstance(node.value, ast.Name | ast.Attribute)
        shape = self.scopes.get(node.lineno, {}).get(ast.unparse(node))
        return isinstance(node, ast.Name | ast.Attribute) and shape not in ("int", "float", ())

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
