"""The one error of a failed check, and the one layout of its message."""

from collections.abc import Mapping, Sequence
from shutil import get_terminal_size
from textwrap import wrap
from typing import Any

from jaxtyping import TypeCheckError

INDENT = 2  # of everything below the headline
GAP = "   "  # between the columns of a table


class ShapeError(TypeCheckError):
    """A call whose arguments or result contradict the declared shapes, dtypes or structure.

    Attributes:
        function: the function called, such as ``"column.linear_forward"``.
        argument: the argument to blame, such as ``"A_prev"`` or ``"params[1].W"``.
        expected: what its annotation says, such as ``"(n_in, m)"``.
        actual: what came, such as ``"(5, 4)"``; shapes, dtypes and types, never values.
        bindings: the axis sizes that the rest of the call agrees on.
        suggestion: what to do about it.
    """

    __module__ = "shapecheck_bp"  # where people import it from, and what a traceback shows

    def __init__(
        self,
        message: str,
        *,
        function: str = "",
        argument: str = "",
        expected: str = "",
        actual: str = "",
        bindings: Mapping[str, Any] | None = None,
        suggestion: str = "",
    ) -> None:
        super().__init__(message)
        self.function = function
        self.argument = argument
        self.expected = expected
        self.actual = actual
        self.bindings = dict(bindings or {})
        self.suggestion = suggestion


def shape_error(
    function: str, headline: str, *paragraphs: Sequence[str], suggestion: str, **fields: Any
) -> ShapeError:
    """A ShapeError whose message says what is wrong, shows the working, and says what to do.

    Args:
        function: the function's name.
        headline: what is wrong, in a sentence.
        paragraphs: the working, each as its lines; left out where it has none.
        suggestion: what to do.
        fields: argument, expected, actual and bindings, as a ShapeError has them.
    """
    shown = [lines for lines in (*paragraphs, [suggestion]) if lines]
    indented = ["\n".join(f"  {line}" for line in lines) for lines in shown]
    message = "\n\n".join([f"{function}: {headline}", *indented])
    return ShapeError(message, function=function, suggestion=suggestion, **fields)


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table, each column as wide as its longest cell.

    Where that is wider than the terminal, each column gets an equal share of it, in which long
    cells are cut, and the last one goes below.

    >>> print(*table([["A", "(n, k)", "x" * 20, "y " * 40]]), sep="\\n")
    A   (n, k)   xxxxxxxxxxxxxxxxxxxx
        y y y y y y y y y y y y y y y y y y y y y y y y y y y y y y y y y y y y y
        y y y
    """
    width = get_terminal_size().columns - INDENT
    lines = _lines(rows)
    if max(map(len, lines), default=0) <= width:
        return lines
    most = (width + len(GAP)) // len(rows[0][:-1]) - len(GAP)
    short = _lines([[_cut(each, most) for each in row[:-1]] for row in rows])
    lines = []
    for line, row in zip(short, rows, strict=True):
        beside = f"{line}{GAP}{row[-1]}".rstrip()
        below = wrap(row[-1], width, initial_indent="    ", subsequent_indent="    ")
        lines += [beside] if len(beside) <= width else [line, *below]
    return lines


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _lines(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [GAP.join(map(str.ljust, row, widths)).rstrip() for row in rows]
