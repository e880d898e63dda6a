"""Tables, for a terminal and for a page in Markdown."""

from collections.abc import Sequence
from typing import NamedTuple

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table as RichTable

WIDTH = 120  # where no terminal has one


class Table(NamedTuple):
    """A title, what the numbers are, and text in cells; the first column is to the left."""

    title: str
    note: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


def show(table: Table, markdown: bool) -> None:
    """Print it."""
    if markdown:
        print(f"**{table.title}.** {table.note}\n")
        print(
            f"| {' | '.join(table.headings)} |".replace("-\n", "-")
            .replace("/\n", "/")
            .replace("\n", " ")
        )
        print(f"|---|{'---:|' * (len(table.headings) - 1)}")
        for row in table.rows:
            print(f"| {' | '.join(row)} |")
        print()
        return
    drawn = RichTable(box=SIMPLE_HEAD, padding=(0, 1), pad_edge=False, collapse_padding=True)
    for column, heading in enumerate(table.headings):
        drawn.add_column(heading, justify="right" if column else "left", no_wrap=not column)
    for row in table.rows:
        drawn.add_row(*row)
    console = Console(width=None if Console().is_terminal else WIDTH, highlight=False)
    console.print(table.title, style="bold")
    console.print(table.note)
    console.print(drawn)


def seconds(value: float | None) -> str:
    """Three digits, in the unit that suits them."""
    if value is None:
        return ""
    size, unit = next(
        (pair for pair in ((1.0, "s"), (1e-3, "ms")) if value >= pair[0]), (1e-6, "µs")
    )
    number = value / size
    return f"{number:.{2 if number < 10 else 1 if number < 100 else 0}f} {unit}"


def times(value: float | None) -> str:
    """A ratio."""
    return "" if value is None else f"{value:.2f}"
