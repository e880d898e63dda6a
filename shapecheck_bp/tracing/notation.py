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
from typing import Any, NamedTuple

from shapecheck_bp.tracing.calls import Place
from shapecheck_bp.tracing.formulas import Word, words_of

OPERATORS: dict[str, Any] = {
    **{"+": ast.Add(), "-": ast.Sub(), "*": ast.Mult(), "/": ast.Div()},
    **{"@": ast.MatMult(), "**": ast.Pow(), ">": ast.Gt(), "<": ast.Lt()},
}
IN_LATEX = {
    r"(?<=\d) \* ": r" \\, ",
    r" \* ": r" \\circ ",
    r" @ ": r" \\, ",
    r" \*\* (\d+)": r"^{\\circ \1}",
    r"\.T": r"^{\\mathsf{T}}",
    r"(\w{2,})('?)\(": r"\\operatorname{\1}\2(",
    r"(?<=\w)_(?=\w)": r"\\_",
    r"\(": r"\\left(",
    r"\)": r"\\right)",
}


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
        return "".join(_matrix(one) if one.axes else _latex(one.text) for one in self._words)

    @property
    def _words(self) -> list[Word]:
        names: Any = (one for one in ast.walk(self.tree) if getattr(one, "axes", ()))
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


def applied(function: str, *arguments: ast.expr) -> Any:
    """exp(Z), relu'(Z), sum(dZ)."""
    return ast.Call(ast.Name(function), list(arguments), [])


def equation(left: ast.expr, right: ast.expr) -> Formula:
    """Z = ...."""
    return Formula(ast.Assign([left], right, lineno=0))


def _matrix(word: Word) -> str:
    """A matrix in LaTeX, with its shape underneath."""
    symbol, bracket, layer = word.text.removesuffix(".T").partition("[")
    raised = bracket + layer + "\\mathsf{T}" * word.turned
    latex = _index(symbol.replace("log ", "\\log ")) + f"^{{{raised}}}" * bool(raised)
    shape = " \\times ".join(map(_index, word.axes))
    return f"\\underset{{{shape}}}{{{latex}}}"


def _index(axis: str) -> str:
    """n_1 as n_{1}, n_out as n_{\\text{out}}."""
    return re.sub(r"_([a-z]+)", r"_{\\text{\1}}", re.sub(r"_(\d+)", r"_{\1}", axis))


def _latex(text: str) -> str:
    """What stands between matrices."""
    for python, latex in IN_LATEX.items():
        text = re.sub(python, latex, text)
    return text
