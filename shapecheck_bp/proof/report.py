"""What a proof found: checks, two answers, and which function is under which answer."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from shapecheck_bp.tracing.tables import Table, Tables

MOST_SHOWN = 8


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
    """Public functions that this answer cannot be about, or not in full, and why."""

    @property
    def refused(self) -> list[Check]:
        """The checks that do not hold, the most basic function first."""
        return [check for check in self.checks if not check.holds]

    def of(self, function: str) -> list[Check]:
        """The checks of a function, in either convention."""
        return [check for check in self.checks if check.function.rpartition(".")[2] == function]

    def __bool__(self) -> bool:
        return bool(self.checks) and not self.refused

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values."""
        facts = {"holds": bool(self), "checks": len(self.checks)}
        return vars(self) | facts | {"refused": [check._asdict() for check in self.refused]}


@dataclass(frozen=True, repr=False)
class Proof(Tables):
    """Two answers to: do the two conventions give the same gradients, and the right ones?

    True where both hold. Prints as a table; in a notebook it is one.
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
                answer.name: answer.left_out.get(name)
                or ("checked" if answer.of(name) else "not reached")
                for answer in self.answers
            }
            for name in self.functions
        }

    def __bool__(self) -> bool:
        return all(self.answers)

    def to_dict(self) -> dict[str, Any]:
        """The whole proof as plain values, ready for JSON."""
        return {
            "holds": bool(self),
            "answers": [answer.to_dict() for answer in self.answers],
            "coverage": self.coverage,
        }

    def summary(self) -> Table:
        """The answers as a table: a title, headings and rows."""
        rows = [
            [one.name, one.ran, one.found, _count(one.checks) if one.refused else "holds"]
            for one in self.answers
        ]
        return "The proof", ["answer", "what was run", "what came out", ""], rows

    def tables(self) -> Iterator[Table]:
        """All there is as tables."""
        yield self.summary()
        coverage = self.coverage
        whys = {why for states in coverage.values() for why in states.values()} - {"checked"}
        marks = {why: f"({place})" for place, why in enumerate(sorted(whys), start=1)}
        under = [
            [name, *(marks.get(states[one.name]) or _count(one.of(name)) for one in self.answers)]
            for name, states in coverage.items()
        ]
        headings = ["function", *(answer.name for answer in self.answers)]
        yield "Checks of each function, by answer", headings, under
        if marks:
            yield "Why not", ["", "reason"], [[mark, why] for why, mark in marks.items()]
        if self.refused:
            rows = [
                [answer.name, check.function, check.quantity, check.about, check.evidence]
                for answer in self.answers
                for check in answer.refused[:MOST_SHOWN]
            ]
            more = len(self.refused) - len(rows)
            title = f"Refused\nand {more} more, in .refused" if more else "Refused"
            yield title, ["answer", "function", "quantity", "on", "what came out"], rows

    @property
    def verdict(self) -> str:
        """The last line."""
        if self:
            return "The proof holds."
        where = [f" First refused: {one.function}, {one.quantity}." for one in self.refused[:1]]
        return "The proof DOES NOT hold." + "".join(where)


def _count(checks: list[Check]) -> str:
    refused = sum(not check.holds for check in checks)
    return f"{len(checks)}, {refused} REFUSED" if refused else str(len(checks))
