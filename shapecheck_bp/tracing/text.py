"""A call as lines of text: its equation, and under every array the axes, in names and numbers."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from shapecheck_bp.tracing.calls import Call
from shapecheck_bp.tracing.colours import Colour
from shapecheck_bp.tracing.formulas import Word, contradiction, working

if TYPE_CHECKING:
    from rich.text import Text

SHORT = 24  # characters of a plain argument that is shown
BLIND = (
    "Blind to a transpose: two axes of that array have the same size, so its transpose has the same"
    " shape, and no check tells them apart."
)


def plain(words: str, style: str = "") -> "Text":
    """A line without colours yet."""
    from rich.text import Text

    return Text(words, style=style)


def short_arguments(call: Call) -> list[str]:
    """Arguments that are no arrays: activation = 'tanh'. One that is None says nothing."""
    shown = {name: value for name, value in call.others.items() if len(value) <= SHORT}
    return [f"{name} = {value}" for name, value in shown.items() if value != "None"]


def sizes(call: Call) -> str:
    """The size of every axis: n_in = 3, n_out = m = 4."""
    by_size: dict[object, list[str]] = {}
    for axis in sorted(call.sizes, key=_in_order):
        by_size.setdefault(call.sizes[axis], []).append(axis)
    return ", ".join(f"{' = '.join(axes)} = {size}" for size, axes in by_size.items())


def _in_order(axis: str) -> tuple[int, int]:
    """n_0, n_1, … in their order, then n_in, n_out, then the others as they come; m is the last."""
    layer = axis.removeprefix("n_")
    if layer.isdigit():
        return 0, int(layer)
    return {"n_in": (1, 0), "n_out": (1, 1), "m": (3, 0)}.get(axis, (2, 0))


def headline_parts(call: Call, with_sizes: bool = False) -> list[str]:
    """What there is to say beside a call's name, of which the lines below say nothing."""
    parts = [
        f"raised {call.raised}" if call.raised else "",
        *short_arguments(call),
        sizes(call) if with_sizes and working(call).lines else "",
        f"blind to {', '.join(call.blind_to)}" if call.blind_to else "",
        contradiction(call),
    ]
    return [part for part in parts if part]


def headline(call: Call, *others: Call, with_sizes: bool = False) -> "Text":
    """The name of a call, and of the same in other traces, and what the lines do not say."""
    line = plain("  " * call.depth).append(call.name, style="bold")
    parts = [part for each in (call, *others) for part in headline_parts(each, with_sizes)]
    for part in dict.fromkeys(parts):
        line.append(f"   {part}", style="bold red" if part.startswith("raised ") else "")
    return line


def body(call: Call, colours: Mapping[str, Colour], with_sizes: bool) -> list["Text"]:
    """A call's equations, with its arrays' axes underneath."""
    indent = "  " * (call.depth + 1)
    made = working(call, nested=with_sizes)
    lines = [row for words in made.lines for row in _aligned(words, colours, indent, with_sizes)]
    return [*lines, plain(f"{indent}{made.rest}")] if made.rest else lines


def _aligned(
    words: Sequence[Word], colours: Mapping[str, Colour], indent: str, with_sizes: bool
) -> list["Text"]:
    """An equation, the names of the axes, and their sizes, each array above its own."""
    has_arrays = any(word.place for word in words)
    rows = [plain(indent)]
    if has_arrays:
        rows += [plain(indent), plain(indent)] if with_sizes else [plain(indent)]
    for word in words:
        cells = [
            plain(word.text),
            _tuple(word, word.axes, colours),
            _tuple(word, word.sizes, colours),
        ][: len(rows)]
        width = max(map(len, cells))
        for row, cell in zip(rows, cells, strict=True):
            row.append_text(cell).append(" " * (width - len(cell)))
    for row in rows:
        row.rstrip()
    return rows


def _tuple(word: Word, shown: Sequence[object], colours: Mapping[str, Colour]) -> "Text":
    if word.place is None:
        return plain("")
    text = plain("(")
    for number, (axis, what) in enumerate(zip(word.axes, shown, strict=True)):
        text.append(", " if number else "").append(str(what), style=colours[axis].terminal)
    return text.append(",)" if len(shown) == 1 else ")")
