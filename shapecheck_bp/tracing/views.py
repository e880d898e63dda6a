"""One trace, or two side by side, as a terminal, a notebook and JSON show them."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from shapecheck_bp.tracing import page, text
from shapecheck_bp.tracing.calls import Call
from shapecheck_bp.tracing.colours import Colour, palette

if TYPE_CHECKING:
    from rich.text import Text

BETWEEN = "   |"


def two_headings(headings: Sequence[str]) -> tuple[str, str]:
    """Two different headings.

    Raises:
        ValueError: something else.
    """
    if isinstance(headings, str) or len(set(headings)) != 2 or len(tuple(headings)) != 2:
        raise ValueError(f"headings: expected two different ones; got {headings!r}")
    first, second = map(str, headings)
    return first, second


class View(ABC):
    """What a trace and a pair of traces have in common: how they are shown."""

    columns: Sequence[Sequence[Call]]
    headings: Sequence[str]

    def __rich_console__(self, console: Any, options: Any) -> Iterator[Any]:
        """Lines of text, coloured by what an axis means where the terminal has colours."""
        yield from self._lines(options.max_width)

    def __str__(self) -> str:
        return "\n".join(line.plain for line in self._lines(width=None))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return page.table(self.columns, self.headings, self._colours)

    @abstractmethod
    def _lines(self, width: int | None) -> Iterator["Text"]:
        """The lines, no wider than a terminal is; None is as wide as they are."""

    @property
    def _colours(self) -> dict[str, Colour]:
        places = (place for calls in self.columns for call in calls for place in call.places)
        return palette(axis for place in places for axis in place.axes)

    def _footnote(self) -> Iterator["Text"]:
        if any(call.blind_to for calls in self.columns for call in calls):
            yield text.plain("")
            yield text.plain(text.BLIND)


class Trace(View):
    """The checked calls that were made, in order: ``calls``.

    Prints as text, shows as a table in a notebook, and ``to_dict`` is for JSON. It keeps names and
    sizes, and no arrays.
    """

    headings = ()

    def __init__(self, calls: list[Call]) -> None:
        self.calls = calls

    @property
    def columns(self) -> Sequence[Sequence[Call]]:  # type: ignore[override]
        """The one column that this is."""
        return (self.calls,)

    def beside(self, other: "Trace", headings: tuple[str, str] = ("column", "row")) -> "Beside":
        """This trace and another of the same steps, side by side.

        Raises:
            ValueError: they are not of the same steps; it says where they part.
        """
        return Beside((self, other), headings)

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values."""
        return {"calls": [call.to_dict() for call in self.calls]}

    def _lines(self, width: int | None) -> Iterator["Text"]:
        colours = self._colours
        for call in self.calls:
            yield text.headline(call)
            yield from text.body(call, colours, with_sizes=True)
        yield from self._footnote()


class Beside(View):
    """Two traces of the same steps, side by side."""

    def __init__(self, traces: tuple[Trace, Trace], headings: tuple[str, str]) -> None:
        if not all(isinstance(trace, Trace) for trace in traces):
            raise TypeError(f"beside: expected a trace; got {type(traces[1]).__name__}")
        self.headings = two_headings(headings)
        self.columns = [list(trace.calls) for trace in traces]
        for number, pair in enumerate(zip_longest(*self.columns), start=1):
            steps = [(call.name, call.depth) if call else None for call in pair]
            if steps[0] != steps[1]:
                first, second = (call.name if call else "nothing more" for call in pair)
                raise ValueError(
                    f"beside: expected traces of the same steps; call {number} is {first} in one"
                    f" and {second} in the other"
                )

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values."""
        pairs = zip(self.headings, self.columns, strict=True)
        return {heading: [call.to_dict() for call in calls] for heading, calls in pairs}

    def _lines(self, width: int | None) -> Iterator["Text"]:
        """Below each step its two equations; where that is too wide, one above the other."""
        colours = self._colours
        blocks = [
            [text.body(call, colours, with_sizes=False) for call in calls] for calls in self.columns
        ]
        widths = [
            max([len(line) for body in block for line in body], default=0) for block in blocks
        ]
        stacked = width is not None and sum(widths) + len(BETWEEN) > width
        if not stacked:
            first, second = map(text.plain, (self.headings[0], f"  {self.headings[1]}"))
            yield self._pair(first, second, widths[0])
        for call, other, left, right in zip(*self.columns, *blocks, strict=True):
            yield text.headline(call, other, with_sizes=True)
            if stacked:
                for heading, lines in zip(self.headings, (left, right), strict=True):
                    for line in lines[:1]:
                        line.append(f"   ({heading})", style="italic")
                    yield from lines
                continue
            for pair in zip_longest(left, right, fillvalue=text.plain("")):
                yield self._pair(*pair, widths[0])
        yield from self._footnote()

    @staticmethod
    def _pair(left: "Text", right: "Text", width: int) -> "Text":
        line = text.plain("").append_text(left)
        return line.append(" " * (width - len(left)) + BETWEEN).append_text(right)
