"""A trace as HTML: a table that is complete without its colours, on a light page or a dark one."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape

from shapecheck_bp.shapes.arrays import shape_text
from shapecheck_bp.tracing.calls import Call
from shapecheck_bp.tracing.colours import COLOURS, Colour
from shapecheck_bp.tracing.formulas import Word, working
from shapecheck_bp.tracing.text import BLIND, headline_parts

# Each axis brings its own background, so that it can be read on any page; and notebooks have rules
# of their own for tables, which this must override.
STYLE = (
    "<style>"
    ".shapecheck-bp {overflow-x: auto; font-size: 90%}"
    ".shapecheck-bp td, .shapecheck-bp th {text-align: left !important; vertical-align: top}"
    ".shapecheck-bp > table > tbody > tr > td:first-child {white-space: nowrap}"
    ".shapecheck-bp table table {margin: 0 !important; border: none !important}"
    ".shapecheck-bp table table tr {background: none !important}"
    ".shapecheck-bp table table td {border: none !important; padding: .1em .15em !important;"
    " line-height: 1.4; white-space: nowrap; text-align: center !important}"
    ".shapecheck-bp span {border-radius: 3px; padding: 0 .15em}"
    + "".join(
        f".shapecheck-bp .axis-{number} {{color: {colour.ink}; background: {colour.pale}}}"
        for number, colour in enumerate(COLOURS)
    )
    + "</style>"
)


def table(
    columns: Sequence[Sequence[Call]], headings: Sequence[str], colours: Mapping[str, Colour]
) -> str:
    """One trace, or several of the same calls side by side, each under its heading."""
    titles = headings or ["equation, axes, sizes"]
    top = "".join(f"<th>{escape(title)}</th>" for title in ("step", *titles))
    rows = "".join(_row(calls, colours) for calls in zip(*columns, strict=True))
    is_blind = any(call.blind_to for calls in columns for call in calls)
    note = f"<p>{escape(BLIND)}</p>" if is_blind else ""
    return (
        f'<div class="shapecheck-bp">{STYLE}<table><thead><tr>{top}</tr></thead>'
        f"<tbody>{rows}</tbody></table>{note}</div>"
    )


def _row(calls: Sequence[Call], colours: Mapping[str, Colour]) -> str:
    first = calls[0]
    indent = "&nbsp;" * 4 * first.depth
    parts = dict.fromkeys(part for call in calls for part in headline_parts(call))
    about = "".join(f"<br>{indent}{escape(part)}" for part in parts)
    name = f"{indent}<strong>{escape(first.name)}</strong>"
    cells = "".join(_equations(call, colours) for call in calls)
    return f"<tr><td>{name}{about}</td>{cells}</tr>"


def _equations(call: Call, colours: Mapping[str, Colour]) -> str:
    made = working(call)
    lines = "".join(f"<table>{''.join(_lines(words, colours))}</table>" for words in made.lines)
    return f"<td>{lines}{escape(made.rest)}</td>"


def _lines(words: Sequence[Word], colours: Mapping[str, Colour]) -> Iterator[str]:
    """An equation, the names of the axes, and their sizes, a cell for each word."""
    lines = [[escape(word.text.strip()) for word in words]]
    if any(word.place for word in words):
        lines.append([_tuple(word, word.axes, colours) for word in words])
        lines.append([_tuple(word, word.sizes, colours) for word in words])
    for line in lines:
        yield f"<tr>{''.join(f'<td>{cell}</td>' for cell in line)}</tr>"


def _tuple(word: Word, shown: Sequence[object], colours: Mapping[str, Colour]) -> str:
    if word.place is None:
        return ""
    chips = [_chip(colours[axis], one) for axis, one in zip(word.axes, shown, strict=True)]
    return shape_text(chips)


def _chip(colour: Colour, shown: object) -> str:
    if colour not in COLOURS:
        return escape(str(shown))
    return f'<span class="axis-{COLOURS.index(colour)}">{escape(str(shown))}</span>'
