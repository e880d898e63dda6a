r"""Formulas as they are written: a Python expression, with the shapes underneath, and LaTeX.

A formula is written down while it is computed, so that it says what the code did, in the code's
order. Python's own ``ast`` knows where it needs parentheses.

>>> W, U = name("W", 2, ("n_2", "n_1")), name("U", None, ("n_2", "m"))
>>> Z = equation(name("Z", 2, ("n_1", "m")), binary("@", transposed(W), U))
>>> print(Z.text)
Z[2]     = W[2].T     @ U
(n_1, m)   (n_1, n_2)   (n_2, m)
>>> print(Z.line)
Z[2] = W[2].T @ U
>>> print(Formula(transposed(W)).latex)
\underset{n_{1} \times n_{2}}{W^{[2]\mathsf{T}}}
"""

import ast
import re
from collections.abc import Iterable
from copy import deepcopy
from typing import Any, NamedTuple

from shapecheck_bp.tracing.calls import Place
from shapecheck_bp.tracing.formulas import Word, words_of

OPERATORS: dict[str, Any] = {
    **{"+": ast.Add(), "-": ast.Sub(), "*": ast.Mult(), "/": ast.Div()},
    **{"@": ast.MatMult(), "**": ast.Pow(), ">": ast.Gt(), "<": ast.Lt()},
}
KNOWN = ("exp", "log", "max", "min", "sum", "tanh")  # to LaTeX


class Formula(NamedTuple):
    """An expression of matrices, or an equation."""

    tree: Any

    @property
    def line(self) -> str:
        """The formula alone."""
        return ast.unparse(self.tree)

    @property
    def text(self) -> str:
        """The formula, and the shapes underneath."""
        cells = [(one.text, f"({', '.join(one.axes)})" if one.axes else "") for one in self._words]
        widths = [max(map(len, cell)) for cell in cells]
        lines = zip(*cells, strict=True)
        return "\n".join("".join(map(str.ljust, line, widths)).rstrip() for line in lines)

    @property
    def latex(self) -> str:
        """The formula for papers."""
        text = ast.unparse(_Latex().visit(deepcopy(self.tree)))
        text = text.replace(" @ ", " \\, ").replace(" * ", " \\circ ")
        return text.replace("(", "\\left(").replace(")", "\\right)")

    @property
    def _words(self) -> list[Word]:
        names: Any = filter(_has_axes, ast.walk(self.tree))
        axes = {one.id: one.axes for one in names}
        return [*words_of(self.line, [Place(one, one, axes[one], axes[one], "") for one in axes])]


def name(symbol: str, layer: int | None = None, axes: Iterable[Any] = ()) -> Any:
    """A matrix by name: Z[1], or Z where it belongs to no layer; a number has no axes."""
    made: Any = ast.Name(symbol if layer is None else f"{symbol}[{layer}]")
    made.symbol, made.layer, made.axes = symbol, layer, tuple(map(str, axes))
    return made


def number(value: Any) -> Any:
    """A number as it is written in code."""
    return ast.Constant(value)


def transposed(tree: Any) -> Any:
    """W.T."""
    return tree.value if isinstance(tree, ast.Attribute) else ast.Attribute(tree, "T")


def binary(operation: str, left: Any, right: Any) -> Any:
    """A + b, A @ b, A > b; and max(A, b); -A for -1 * A."""
    if operation == "*" and getattr(left, "value", None) == -1:
        return ast.UnaryOp(ast.USub(), right)
    if operation in "><":
        return ast.Compare(left, [OPERATORS[operation]], [right])
    if operation in OPERATORS:
        return ast.BinOp(left, OPERATORS[operation], right)
    return applied(operation, left, right)


def applied(function: str, *arguments: ast.expr, over: Iterable[Any] = ()) -> Any:
    """exp(Z), relu'(Z); and sum(dZ), which in LaTeX says over which axes."""
    called = name(function)
    called.over = tuple(map(str, over))
    return ast.Call(called, list(arguments), [])


def equation(left: ast.expr, right: ast.expr) -> Formula:
    """Z = ...."""
    return Formula(ast.Assign([left], right, lineno=0))


class _Latex(ast.NodeTransformer):
    """Puts a name that is LaTeX in the place of what is not written as in Python."""

    def visit_Name(self, node: Any, turned: str = "") -> Any:
        """A matrix with its shape underneath."""
        raised = ("" if node.layer is None else f"[{node.layer}]") + turned
        latex = _index(node.symbol.replace("log ", "\\log ")) + f"^{{{raised}}}" * bool(raised)
        shape = " \\times ".join(map(_index, node.axes[::-1] if turned else node.axes))
        return ast.Name(f"\\underset{{{shape}}}{{{latex}}}" if shape else latex)

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        """A transpose."""
        if isinstance(node.value, ast.Name):
            return self.visit_Name(node.value, "\\mathsf{T}")
        return ast.Name(f"{{{_operand(self.visit(node.value))}}}^{{\\mathsf{{T}}}}")

    def visit_Call(self, node: Any) -> Any:
        """A function of entries, or over axes."""
        function, arguments = node.func.symbol, [self.visit(one) for one in node.args]
        stem = function.rstrip("'")
        operator = "\\operatorname{" + stem.replace("_", "\\_") + "}"
        operator = stem if len(stem) == 1 else f"\\{stem}" if stem in KNOWN else operator
        if node.func.over:
            below = ", ".join(map(_index, node.func.over))
            return ast.Name(f"{operator}_{{{below}}} {_operand(arguments[0])}")
        inside = ", ".join(map(ast.unparse, arguments))
        return ast.Name(f"{operator}{function[len(stem) :]}({inside})")

    def visit_BinOp(self, node: ast.BinOp) -> Any:
        """A fraction, a power, a product."""
        of_matrices = [any(map(_has_axes, ast.walk(one))) for one in (node.left, node.right)]
        left, right = self.visit(node.left), self.visit(node.right)
        if isinstance(node.op, ast.Pow):
            return ast.Name(f"{{{_operand(left)}}}^{{\\circ {ast.unparse(right)}}}")
        if isinstance(node.op, ast.Div) and of_matrices[1]:
            return ast.Name(f"\\frac{{{ast.unparse(left)}}}{{{ast.unparse(right)}}}")
        if isinstance(node.op, ast.Div):
            above = _operand(left, ast.Mult())
            return ast.Name(f"\\frac{{1}}{{{ast.unparse(right)}}}\\, {above}")
        plain = isinstance(node.op, ast.Mult) and not all(of_matrices)
        return ast.BinOp(left, ast.MatMult() if plain else node.op, right)


def _operand(tree: ast.expr, of: ast.operator | None = None) -> str:
    """An operand, of a power unless it is of something else: in parentheses if it binds less."""
    either = ast.BinOp(tree, of or ast.Pow(), ast.Name("x"))
    return ast.unparse(either).rpartition(" ")[0].rpartition(" ")[0]


def _has_axes(node: Any) -> bool:
    return isinstance(node, ast.Name) and bool(getattr(node, "axes", ()))


def _index(axis: str) -> str:
    """n_1 as n_{1}, n_out as n_{\\text{out}}."""
    return re.sub(r"_([a-z]+)", r"_{\\text{\1}}", re.sub(r"_(\d+)", r"_{\1}", axis))
