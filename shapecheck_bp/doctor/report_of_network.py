"""What the doctor found: a verdict, and findings in words and numbers."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from html import escape
from typing import Any, NamedTuple

from shapecheck_bp.doctor import report
from shapecheck_bp.tracing.tables import for_page


class Finding(NamedTuple):
    """One mistake: what it is, where it enters, how that shows, and the line that is right."""

    mistake: str
    layer: int | None
    """The layer, counted from 1; None where it is in several."""
    quantity: str
    """``"dW"``, ``"db"``, ``"dZ"``, ``"dA_prev"``, ``"Z"``, ``"A"``, ``"cost"``; ``""`` for all."""
    evidence: str
    fix: str
    sure: str
    """``"certain"``: with this mistake, and no other known one, the same numbers come out.
    ``"likely"``: what is seen points to it. ``"possible"``: it may be meant."""

    @property
    def where(self) -> str:
        """The place in words: dW[2], or dW of every layer."""
        if not self.quantity or self.quantity == "cost":
            return self.quantity or "the function"
        return (
            f"{self.quantity}[{self.layer}]" if self.layer else f"{self.quantity} of several layers"
        )

    def __str__(self) -> str:
        fix = f"\n  {self.fix}" if self.fix else ""
        return f"{self.mistake} in {self.where} ({self.sure}): {self.evidence}{fix}"


@dataclass(frozen=True, repr=False)
class Diagnosis(report.Diagnosis):
    """Whether somebody's gradients are right, and what is the matter where they are not.

    ``ok`` says that every number that came out is right; a finding that is only possible may stand
    beside that. True where ok.
    """

    findings: list[Any] = field(default_factory=list)
    probe: str = ""
    """The problem that the evidence is about."""

    @property
    def verdict(self) -> str:
        """The last word."""
        if self.ok:
            return "The gradients are right." + " But see above." * bool(self.findings)
        first = self.findings[0]
        return f"The gradients are NOT right. First: {first.mistake} in {first.where}."

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values."""
        return {**asdict(self), "findings": [one._asdict() for one in self.findings]}

    def __str__(self) -> str:
        parts = [f"Recognised: {self.recognised}.", *map(str, self.findings), self.verdict]
        return "\n\n".join(parts)

    __repr__ = __str__

    def __rich_console__(self, console: Any, options: Any) -> Iterator[Any]:
        from rich.padding import Padding
        from rich.text import Text

        yield Text(f"Recognised: {self.recognised}.\n")
        for number, one in enumerate(self.findings, start=1):
            yield Text.assemble(
                f"{number}. ", (one.mistake, "bold"), f" in {one.where} ({one.sure})"
            )
            yield Padding(Text(one.evidence), (0, 0, 0, 3), expand=False)
            if one.fix:
                yield Padding(Text(one.fix, style="green"), (0, 0, 0, 3), expand=False)
            yield Text("")
        yield Text(self.verdict, style="bold green" if self.ok else "bold red")

    def _repr_html_(self) -> str:
        rows = [
            [str(number), one.mistake, one.where, one.evidence, one.fix, one.sure]
            for number, one in enumerate(self.findings, start=1)
        ]
        headings = ["", "mistake", "where", "how it shows", "what is right", "sure"]
        table = for_page("", headings, rows) if rows else ""
        return (
            f"<p>Recognised: {escape(self.recognised)}.</p>{table}"
            f"<p><strong>{escape(self.verdict)}</strong></p>"
        )
