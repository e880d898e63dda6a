"""What a proof found: checks, three answers, and which function is under which answer."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from shapecheck_bp.tracing.tables import for_page, for_terminal


class Check(NamedTuple):
    """One equality that was decided: of which function's which quantity, on what, and the verdict.

    Where it does not hold, the evidence says what came out.
    """

    function: str
    quantity: str
    about: str
    holds: bool
    evidence: str = ""

    def __str__(self) -> str:
        about = f" ({self.about})" if self.about else ""
        verdict = "holds" if self.holds else f"REFUSED: {self.evidence}"
        return f"{self.function}, {self.quantity}{about}: {verdict}"


@dataclass(frozen=True)
class Answer:
    """One of the proof's answers: its question, what was run, what came out."""

    name: str
    question: str
    ran: str
    found: str
    checks: list[Check] = field(repr=False)
    left_out: dict[str, str] = field(default_factory=dict)
    """Public functions that this answer cannot be about, and why."""
    figures: list[dict[str, Any]] = field(default_factory=list)
    """What was measured, where something was."""
    legend: str = ""

    @property
    def refused(self) -> list[Check]:
        """The checks that do not hold, the most basic function first."""
        return [check for check in self.checks if not check.holds]

    @property
    def covered(self) -> set[str]:
        """The functions that were checked."""
        return {check.function.rpartition(".")[2] for check in self.checks}

    def __bool__(self) -> bool:
        return bool(self.checks) and not self.refused

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values."""
        return {
            "name": self.name,
            "question": self.question,
            "ran": self.ran,
            "found": self.found,
            "holds": bool(self),
            "checks": len(self.checks),
            "refused": [check._asdict() for check in self.refused],
            "left_out": self.left_out,
            "figures": self.figures,
        }


MOST_SHOWN = 8


@dataclass(frozen=True, repr=False)
class Proof:
    """Three answers to: do the two conventions give the same gradients, and the right ones?

    True where all three hold. Prints as a table; in a notebook it is one.
    """

    answers: list[Answer]
    functions: list[str]

    @property
    def refused(self) -> list[Check]:
        """Every check that does not hold, in the order of the answers."""
        return [check for answer in self.answers for check in answer.refused]

    @property
    def coverage(self) -> dict[str, dict[str, str]]:
        """For each public function and each answer: "checked", or why not."""
        return {
            name: {
                answer.name: "checked"
                if name in answer.covered
                else answer.left_out.get(name, "not reached")
                for answer in self.answers
            }
            for name in self.functions
        }

    def _counts(self, name: str) -> list[str]:
        """How many checks a function is under in each answer, or which reason there is for none."""
        cells = []
        for answer, state in zip(self.answers, self.coverage[name].values(), strict=True):
            mine = [one for one in answer.checks if one.function.rpartition(".")[2] == name]
            refused = sum(not one.holds for one in mine)
            count = f"{len(mine)}, {refused} REFUSED" if refused else str(len(mine))
            cells.append(count if state == "checked" else state)
        return cells

    def __bool__(self) -> bool:
        return all(self.answers)

    def to_dict(self) -> dict[str, Any]:
        """The whole proof as plain values, ready for JSON."""
        return {
            "holds": bool(self),
            "answers": [answer.to_dict() for answer in self.answers],
            "coverage": self.coverage,
        }

    def summary(self) -> tuple[str, list[str], list[list[str]]]:
        """The three answers as a table: a title, headings and rows."""
        rows = [
            [answer.name, answer.ran, answer.found, _verdict(answer)] for answer in self.answers
        ]
        return "The proof", ["answer", "what was run", "what came out", ""], rows

    def tables(self) -> list[tuple[str, list[str], list[list[str]]]]:
        """All there is as tables."""
        names = [answer.name for answer in self.answers]
        notes = {
            why: f"({number})"
            for number, why in enumerate(
                dict.fromkeys(why for answer in self.answers for why in answer.left_out.values()), 1
            )
        }
        under = [
            [name, *(notes.get(cell, cell) for cell in self._counts(name))]
            for name in self.functions
        ]
        tables = [
            self.summary(),
            ("Checks of each function, by answer", ["function", *names], under),
        ]
        if notes:
            reasons = [[number, why] for why, number in notes.items()]
            tables.append(("Why not", ["", "reason"], reasons))
        for answer in self.answers:
            if answer.figures:
                headings = list(dict.fromkeys(key for one in answer.figures for key in one))
                rows = [[_cell(one.get(key, "")) for key in headings] for one in answer.figures]
                title = f"{answer.question}\n{answer.legend}".strip()
                tables.append((title, headings, rows))
        if self.refused:
            rows = [
                [answer.name, check.function, check.quantity, check.about, check.evidence]
                for answer in self.answers
                for check in answer.refused[:MOST_SHOWN]
            ]
            headings = ["answer", "function", "quantity", "on", "what came out"]
            more = len(self.refused) - len(rows)
            title = f"Refused\nand {more} more, in .refused" if more else "Refused"
            tables.append((title, headings, rows))
        return tables

    @property
    def verdict(self) -> str:
        """The last line."""
        if self:
            return "The proof holds."
        where = [f"{one.function}, {one.quantity}" for one in self.refused[:1]]
        return " ".join(["The proof DOES NOT hold.", *(f"First refused: {one}." for one in where)])

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        """The tables as text, 80 columns wide."""
        from io import StringIO

        from rich.console import Console

        text = StringIO()
        Console(file=text, width=80, highlight=False, color_system=None, force_jupyter=False).print(
            self
        )
        return "\n".join(line.rstrip() for line in text.getvalue().splitlines())

    def __rich_console__(self, console: Any, options: Any) -> Iterator[Any]:
        from rich.text import Text

        for table in self.tables():
            yield from for_terminal(*table)
        yield Text(self.verdict, style="bold green" if self else "bold red")

    def _repr_html_(self) -> str:
        """The tables for a notebook, complete without styles."""
        parts = (for_page(*table) for table in self.tables())
        return "".join(parts) + f"<p><strong>{self.verdict}</strong></p>"


def _verdict(answer: Answer) -> str:
    return "holds" if answer else f"REFUSED ({len(answer.refused)} of {len(answer.checks)})"


def _cell(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
