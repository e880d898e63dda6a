"""A call as lines of text: its equation, and under every array the axes, in names and numbers."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from shapecheck_bp.tracing.calls import Call
from shapecheck_bp.tracing.colours import colour_of
from shapecheck_bp.tracing.formulas import Word, working

if TYPE_CHECKING:
    from rich.text import Text

SHORT = 24  # characters of a plain argument that is shown
BLIND = (
    "Blind to X.T: two axes of X have the same size, so X.T has the same shape, and no check"
    " tells them apart."
)


def plain(words: str, style: str = "") -> "Text":
    """A line without colours yet."""
    from rich.text import Text

    return Text(words, style=style)


def short_arguments(call: Call) -> list[str]:
    """Arguments that are no arrays: activation = 'tanh'."""
    shown = {name: value for name, value in call.others.items() if len(value) <= SHORT}
    return [f"{name} = {value}" for name, value in shown.items()]


def sizes(call: Call) -> str:
    """The size of every axis: n_in = 3, n_out = m = 4."""
    by_size: dict[object, list[str]] = {}
    for axis in sorted(call.sizes, key=_layers_first):
        by_size.setdefault(call.sizes[axis], []).append(axis)
    return ", ".join(f"{' = '.join(axes)} = {size}" for size, axes in by_size.items())


def _layers_first(axis: str) -> int:
    """n_0, n_1, … in their order, then the others in theirs."""
    layer = axis.removeprefix("n_")
    return int(layer) if layer.isdigit() else sys.maxsize


def headline_parts(call: Call, with_sizes: bool = False) -> list[str]:
    """What there is to say beside a call's name, of which the lines below say nothing."""
    return [
        *[f"raised {call.raised}"] * bool(call.raised),
        *short_arguments(call),
        *[sizes(call)] * (with_sizes and bool(working(call).lines)),
        *[f"blind to {', '.join(call.blind_to)}"] * bool(call.blind_to and not call.calls),
    ]


def headline(call: Call, with_sizes: bool = False) -> "Text":
    """A call's name, and what its lines do not say."""
    line = plain("  " * call.depth).append(call.name, style="bold")
    for part in filter(None, (*headline_parts(call, with_sizes), working(call).rest)):
        line.append(f"   {part}", style="bold red" if part.startswith("raised ") else "")
    return line


def body(call: Call, with_sizes: bool) -> list["Text"]:
    """A call's equations, with its arrays' axes underneath."""
    indent = "  " * (call.depth + 1)
    lines = working(call, nested=with_sizes).lines
    return [row for words in lines for row in _aligned(words, indent, with_sizes)]


def _aligned(words: Sequence[Word], indent: str, with_sizes: bool) -> list["Text"]:
    """An equation, the names of the axes, and their sizes, each array above its own."""
    named = any(word.place for word in words)
    rows = [plain(indent) for _ in range(1 + named * (1 + with_sizes))]
    for word in words:
        cells = [plain(word.text), _tuple(word, word.axes), _tuple(word, word.sizes)][: len(rows)]
        width = max(map(len, cells))
        for row, cell in zip(rows, cells, strict=True):
            row.append_text(cell).append(" " * (width - len(cell)))
    for row in rows:
        row.rstrip()
    return rows


def _tuple(word: Word, shown: Sequence[object]) -> "Text":
    text = plain("")
    if word.place is None:
        return text
    for place, (axis, one) in enumerate(zip(word.axes, shown, strict=True)):
        text.append(", " if place else "(").append(str(one), style=colour_of(axis).terminal)
    return text.append("()" if not shown else ",)" if len(shown) == 1 else ")")
