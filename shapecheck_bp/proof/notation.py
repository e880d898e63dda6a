r"""Formulas as they are written: text with the shapes underneath, and LaTeX.

A formula is written down while it is computed, so that it says what the code did, in the code's
order. Shapes stand under the names of matrices.

>>> Z = equation(named("Z", 1, "n m"), sum_of("+", named("U", None, "n m"), named("b", 1, "n 1")))
>>> print(Z.text)
Z[1]   = U      + b[1]
(n, m)   (n, m)   (n, 1)
>>> print(Z.line)
Z[1] = U + b[1]
>>> print(transposed(named("W", 2, "n_2 n_1")).latex)
\underset{n_{1} \times n_{2}}{W^{[2]\mathsf{T}}}
"""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

SUM, PRODUCT, POWER, ATOM = range(4)


class Word(NamedTuple):
    """A piece of a line, and the axes of the matrix that it names."""

    text: str
    axes: tuple[str, ...] | None = None


class Formula(NamedTuple):
    """A formula in words and in LaTeX; its rank says where it needs parentheses."""

    words: tuple[Word, ...]
    latex: str
    rank: int = ATOM
    name: tuple[str, int | None] | None = None

    @property
    def line(self) -> str:
        """The formula alone."""
        return "".join(word.text for word in self.words)

    @property
    def text(self) -> str:
        """The formula, and the shapes underneath."""
        cells = [
            (word.text, f"({', '.join(word.axes)})" if word.axes else "") for word in self.words
        ]
        widths = [max(map(len, cell)) for cell in cells]
        lines = zip(*cells, strict=True)
        return "\n".join("".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def named(symbol: str, layer: int | None, axes: str | Sequence[Any]) -> Formula:
    """A matrix by name: Z[1], or Z where it belongs to no layer."""
    return _named(symbol, layer, _axes(axes), turned=False)


def transposed(formula: Formula) -> Formula:
    """W.T."""
    if formula.name and formula.words[0].axes:
        return _named(*formula.name, formula.words[0].axes[::-1], turned=True)
    inner = _within(formula, ATOM)
    return Formula((*inner.words, Word(".T")), f"{{{inner.latex}}}^{{\\mathsf{{T}}}}")


def number(value: Any) -> Formula:
    """A number, or a size such as m."""
    return Formula((Word(str(value)),), str(value))


def sum_of(sign: str, left: Formula, right: Formula) -> Formula:
    """A + b, A - Y."""
    left, right = _within(left, SUM), _within(right, PRODUCT if sign == "-" else SUM)
    words = (*left.words, Word(f" {sign} "), *right.words)
    return Formula(words, f"{left.latex} {sign} {right.latex}", SUM)


def product_of(sign: str, left: Formula, right: Formula) -> Formula:
    """W @ X, a product of matrices, or A * B, entry by entry."""
    left, right = _within(left, PRODUCT), _within(right, POWER)
    joint = "\\," if sign == "@" or not (_has_axes(left) and _has_axes(right)) else "\\circ"
    words = (*left.words, Word(f" {sign} "), *right.words)
    return Formula(words, f"{left.latex} {joint} {right.latex}", PRODUCT)


def quotient_of(sign: str, left: Formula, right: Formula) -> Formula:
    """E / S, or dZ / m."""
    above, below = _within(left, PRODUCT), _within(right, POWER)
    words = (*above.words, Word(f" {sign} "), *below.words)
    if _has_axes(right):
        return Formula(words, f"\\frac{{{left.latex}}}{{{right.latex}}}", PRODUCT)
    return Formula(words, f"\\frac{{1}}{{{right.latex}}}\\, {above.latex}", PRODUCT)


def negative(formula: Formula) -> Formula:
    """-Y."""
    inner = _within(formula, PRODUCT)
    return Formula((Word("-"), *inner.words), f"-{inner.latex}", PRODUCT)


def power_of(formula: Formula, exponent: Any) -> Formula:
    """(A - Y) ** 2, entry by entry."""
    inner = _within(formula, ATOM)
    return Formula(
        (*inner.words, Word(f" ** {exponent}")), f"{{{inner.latex}}}^{{\\circ {exponent}}}", POWER
    )


def applied(function: str, *arguments: Formula) -> Formula:
    """exp(Z), relu'(Z), max(Z, 0)."""
    stem, primes = function.rstrip("'"), "'" * function.endswith("'")
    words: list[Word] = []
    for argument in arguments:
        words += (Word(", "), *argument.words) if words else argument.words
    inside = ", ".join(argument.latex for argument in arguments)
    latex = f"{_operator(stem)}{primes}\\left({inside}\\right)"
    return Formula((Word(f"{stem}{primes}("), *words, Word(")")), latex)


def over_axis(function: str, formula: Formula, sizes: Sequence[Any]) -> Formula:
    """sum(dZ), max(Z); in LaTeX it says over which axis."""
    inner = _within(formula, ATOM).latex
    below = ", ".join(map(_index, map(str, sizes)))
    words = (Word(f"{function}("), *formula.words, Word(")"))
    return Formula(words, f"\\{function}_{{{below}}} {inner}")


def replaced(formula: Formula, old: str, new: str) -> Formula:
    """The formula with another name for a function."""
    words = tuple(word._replace(text=word.text.replace(old, new)) for word in formula.words)
    return formula._replace(words=words, latex=formula.latex.replace(_operator(old), new))


def equation(left: Formula, right: Formula) -> Formula:
    """Z = ...."""
    return Formula((*left.words, Word(" = "), *right.words), f"{left.latex} = {right.latex}", SUM)


def _named(symbol: str, layer: int | None, axes: tuple[str, ...], turned: bool) -> Formula:
    text = symbol if layer is None else f"{symbol}[{layer}]"
    stem, _, index = symbol.removeprefix("log ").partition("_")
    raised = ("" if layer is None else f"[{layer}]") + "\\mathsf{T}" * turned
    latex = f"\\log {stem}" if symbol.startswith("log ") else stem
    latex += f"_{{\\text{{{index}}}}}" if index else ""
    latex += f"^{{{raised}}}" if raised else ""
    if axes:
        shape = " \\times ".join(map(_index, axes))
        latex = f"\\underset{{{shape}}}{{{latex}}}"
    return Formula((Word(text + ".T" * turned, axes or None),), latex, ATOM, (symbol, layer))


def _index(axis: str) -> str:
    """n_1 as n_{1}, n_out as n_{\\text{out}}."""
    return re.sub(r"_([a-z]+)", r"_{\\text{\1}}", re.sub(r"_(\d+)", r"_{\1}", axis))


def _operator(function: str) -> str:
    if function in ("exp", "log", "max", "min", "tanh"):
        return f"\\{function}"
    return "\\operatorname{" + function.replace("_", "\\_") + "}"


def _axes(axes: str | Sequence[Any]) -> tuple[str, ...]:
    return tuple(map(str, axes.split() if isinstance(axes, str) else axes))


def _has_axes(formula: Formula) -> bool:
    return any(word.axes for word in formula.words)


def _within(formula: Formula, rank: int) -> Formula:
    """The formula, in parentheses where it binds less than its surroundings."""
    if formula.rank >= rank:
        return formula
    words = (Word("("), *formula.words, Word(")"))
    return Formula(words, f"\\left({formula.latex}\\right)")


BINARY = {**dict.fromkeys("+-><", sum_of), **dict.fromkeys("@*", product_of), "/": quotient_of}
