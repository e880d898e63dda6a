"""Tables under their titles, for a terminal and for a page."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

Table = tuple[str, list[str], list[list[str]]]  # a title, headings and rows
LEFT = ' style="text-align: left"'  # where notebooks would have it on the right


def for_page(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table as HTML, complete without styles.

    >>> for_page("Sizes", ["axis", "size"], [["m", "5"]]).replace(LEFT, "")
    '<table><caption>Sizes</caption>...<td>m</td><td>5</td></tr></tbody></table>'
    """
    caption = "<br>".join(map(escape, title.splitlines()))
    head = "".join(f"<th{LEFT}>{escape(heading)}</th>" for heading in headings)
    lines = ("".join(f"<td{LEFT}>{escape(cell)}</td>" for cell in row) for row in rows)
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    named = f"<caption>{caption}</caption>" if caption else ""
    return f"<table>{named}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def for_terminal(
    title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]
) -> Iterator[Any]:
    """A table for a terminal, under its title."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    for heading in headings:
        table.add_column(heading, justify="left", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    first, _, rest = title.partition("\n")
    yield Text(first, style="bold")
    if rest:
        yield Text(rest)
    yield table


class Tables(ABC):
    """What prints as tables and a verdict, and in a notebook shows them."""

    @abstractmethod
    def tables(self) -> Iterator[Table]:
        """All there is."""

    @property
    @abstractmethod
    def verdict(self) -> str:
        """The last line."""

    @abstractmethod
    def __bool__(self) -> bool: ...

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        """The tables as text, 80 columns wide."""
        from rich.console import Console

        console = Console(width=80, highlight=False, color_system=None, force_jupyter=False)
        with console.capture() as text:
            console.print(self)
        return "\n".join(line.rstrip() for line in text.get().splitlines())

    def __rich_console__(self, console: Any, options: Any) -> Iterator[Any]:
        from rich.text import Text

        for table in self.tables():
            yield from for_terminal(*table)
        yield Text(self.verdict, style="bold green" if self else "bold red")

    def _repr_html_(self) -> str:
        """The tables for a notebook, complete without styles."""
        parts = (for_page(*table) for table in self.tables())
        return "".join(parts) + f"<p><strong>{escape(self.verdict)}</strong></p>"
