"""A trace as HTML: a table that is complete without its colours, on a light page or a dark one."""

from collections.abc import Iterator, Sequence
from html import escape

from shapecheck_bp.tracing.calls import Call
from shapecheck_bp.tracing.colours import MEANINGS, OTHERS, colour_of
from shapecheck_bp.tracing.formulas import Word, working
from shapecheck_bp.tracing.text import BLIND, headline_parts

COLOURS = list(dict.fromkeys((*MEANINGS.values(), *OTHERS)))

# Each axis brings its own background, so that it can be read on any page; and notebooks have rules
# of their own for tables, which this must override.
STYLE = (
    "<style>"
    ".shapecheck-bp {overflow-x: auto; font-size: 90%}"
    ".shapecheck-bp td, .shapecheck-bp th {text-align: left !important; vertical-align: top}"
    ".shapecheck-bp table table {margin: 0 !important; border: none !important}"
    ".shapecheck-bp table table tr {background: none !important}"
    ".shapecheck-bp table table td {border: none !important; padding: .1em .15em !important;"
    " line-height: 1.4; white-space: nowrap; text-align: center !important}"
    ".shapecheck-bp span {border-radius: 3px; padding: 0 .15em}"
    + "".join(
        f".shapecheck-bp .axis-{number} {{color: {one.ink}; background: {one.pale}}}"
        for number, one in enumerate(COLOURS)
    )
    + "</style>"
)


def table(columns: Sequence[Sequence[Call]], headings: Sequence[str]) -> str:
    """One trace, or several of the same calls side by side, each under its heading."""
    titles = headings or ["equation, axes, sizes"]
    top = "".join(f"<th>{escape(title)}</th>" for title in ("step", *titles))
    rows = "".join(_row(calls) for calls in zip(*columns, strict=True))
    blind = any(call.blind_to for calls in columns for call in calls)
    return (
        f'<div class="shapecheck-bp">{STYLE}<table><thead><tr>{top}</tr></thead>'
        f"<tbody>{rows}</tbody></table>{f'<p>{escape(BLIND)}</p>' * blind}</div>"
    )


def _row(calls: Sequence[Call]) -> str:
    one = calls[0]
    indent = "&emsp;" * one.depth
    about = "".join(f"<br>{indent}{escape(part)}" for part in headline_parts(one))
    name = f"{indent}<strong>{escape(one.name)}</strong>"
    return f"<tr><td>{name}{about}</td>{''.join(map(_equations, calls))}</tr>"


def _equations(call: Call) -> str:
    made = working(call)
    lines = "".join(f"<table>{''.join(_lines(words))}</table>" for words in made.lines)
    return f"<td>{lines}{escape(made.rest)}</td>"


def _lines(words: Sequence[Word]) -> Iterator[str]:
    """An equation, the names of the axes, and their sizes, a cell for each word."""
    lines = [[escape(word.text.strip()) for word in words]]
    if any(word.place for word in words):
        lines += (
            [_tuple(word, word.axes) for word in words],
            [_tuple(word, word.sizes) for word in words],
        )
    for line in lines:
        yield f"<tr>{''.join(f'<td>{cell}</td>' for cell in line)}</tr>"


def _tuple(word: Word, shown: Sequence[object]) -> str:
    if word.place is None:
        return ""
    chips = [_chip(axis, one) for axis, one in zip(word.axes, shown, strict=True)]
    return f"({', '.join(chips)}{',' * (len(chips) == 1)})"


def _chip(axis: str, shown: object) -> str:
    colour = colour_of(axis)
    if colour not in COLOURS:
        return escape(str(shown))
    return f'<span class="axis-{COLOURS.index(colour)}">{escape(str(shown))}</span>'
