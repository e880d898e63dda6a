"""What the doctor found: a verdict, and the lines that are wrong, in the person's own words."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from html import escape
from typing import Any, NamedTuple

from shapecheck_bp.reading.failing import shown_name
from shapecheck_bp.tracing.tables import for_page


class Finding(NamedTuple):
    """One mistake: the first line that is wrong, how that shows, and what to write."""

    mistake: str
    """Its name in the table of mistakes, or "unknown"."""
    evidence: str
    sure: str
    """``"certain"``: with the fix everything is right, or with this mistake the same numbers come
    out. ``"likely"``: with the fix more is right, or what is seen points to it. ``"possible"``: it
    may be meant."""
    fix: str | None = None
    """The line as it should be, or None where nothing that was tried helps."""
    file: str = ""
    line: int = 0
    """The first line whose value is wrong; 0 where none was found."""
    because: int | None = None
    """Another line that this comes from, or None."""
    source: str = ""
    """The expression that is wrong, as it stands there."""
    fix_line: int | None = None
    """Which line the fix is for."""
    then: str = "more is right"
    """What came of it when the fix was tried."""
    parameters: tuple[str, ...] = ()
    """The parameters that are wrong by it."""
    quantity: str = ""
    """Of a network: ``"dW"``, ``"db"``, ``"dZ"``, ``"dA_prev"``, ``"Z"``, ``"A"``, ``"cost"``."""
    layer: int | None = None
    """Of a network: the layer, counted from 1; None where it is in several."""

    @property
    def where(self) -> str:
        """The place in words: a line, dW[2], or dW of several layers."""
        if self.line:
            because = f", because of line {self.because}" if self.because else ""
            return f"line {self.line} of {shown_name(self.file)}{because}"
        if self.quantity in ("", "cost"):
            return self.quantity or "the function"
        return (
            f"{self.quantity}[{self.layer}]" if self.layer else f"{self.quantity} of several layers"
        )

    @property
    def title(self) -> str:
        """The place, and the name where there is one."""
        if not self.line:
            return f"{self.mistake} in {self.where}"
        return self.where if self.mistake == "unknown" else f"{self.where}: {self.mistake}"

    @property
    def advice(self) -> str:
        """What to write, in words."""
        if not self.fix or not self.line:
            return self.fix or ""
        if self.mistake == "keeps_state":
            return f"Put before line {self.fix_line}:  {self.fix}\nTried: then {self.then}."
        place = f" for line {self.fix_line}" if self.fix_line != self.line else ""
        return f"Write{place}:  {self.fix}\nTried: then {self.then}."

    def __str__(self) -> str:
        parts = [f"{self.title} ({self.sure})", self.evidence, *self.advice.splitlines()]
        return "\n  ".join(part for part in parts if part)


class Line(NamedTuple):
    """A line of the backward pass, and what its value is."""

    file: str
    number: int
    source: str
    is_wrong: bool
    words: str


@dataclass(frozen=True, repr=False)
class Diagnosis:
    """Whether somebody's gradients are right, and which line is wrong where they are not.

    ``ok`` is True where all are right, False where one is not, and None where that cannot be said;
    then ``why`` says why. True where ok.
    """

    ok: bool | None
    findings: list[Finding] = field(default_factory=list)
    recognised: str = ""
    """What was run, and against which cost."""
    parameters: dict[str, str] = field(default_factory=dict)
    """For each parameter what came out."""
    lines: list[Line] = field(default_factory=list)
    """Lines of the backward pass on the way to the first wrong one."""
    why: str = ""
    remarks: list[str] = field(default_factory=list)
    """What else was seen."""
    runs: int = 0
    """How often the step was run."""

    def __bool__(self) -> bool:
        return bool(self.ok)

    @property
    def verdict(self) -> str:
        """The last word."""
        if self.ok is None:
            return f"That cannot be judged: {self.why}."
        if self.ok:
            return "The gradients are right." + " But see above." * bool(self.findings)
        first = self.findings[0]
        return f"The gradients are NOT right. First: {first.title}."

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values."""
        found = [one._asdict() for one in self.findings]
        return {**asdict(self), "findings": found, "lines": [one._asdict() for one in self.lines]}

    @property
    def _head(self) -> str:
        if self.parameters:
            return f"{self.recognised}:"
        return self.recognised if self.ok is None else f"Recognised: {self.recognised}."

    @property
    def _tables(self) -> list[str]:
        width = max((len(name) for name in self.parameters), default=0)
        names = [f"  {name:<{width}}  {words}" for name, words in self.parameters.items()]
        wide = max((len(one.source) for one in self.lines), default=0)
        lines = [
            f"  {one.number:>4} {'>' if one.is_wrong else ' '} {one.source:<{wide}}   {one.words}"
            for one in self.lines
        ]
        return ["\n".join(names), "\n".join(lines)]

    def __str__(self) -> str:
        parts = [self._head, *self._tables, *map(str, self.findings), *self.remarks, self.verdict]
        return "\n\n".join(part for part in parts if part)

    __repr__ = __str__

    def __rich_console__(self, console: Any, options: Any) -> Iterator[Any]:
        from rich.padding import Padding
        from rich.text import Text

        def wrapped(text: str, style: str = "") -> Any:
            return Padding(Text(text, style=style), (0, 0, 0, 2), expand=False)

        yield Text(f"{self._head}\n")
        for table in filter(None, self._tables):
            yield Text(f"{table}\n", overflow="fold")
        for one in self.findings:
            yield Text.assemble((one.title, "bold"), f" ({one.sure})")
            yield wrapped(one.evidence)
            yield wrapped(one.advice, "green")
            yield Text("")
        for remark in self.remarks:
            yield Text(f"{remark}\n")
        style = {True: "bold green", False: "bold red", None: "bold"}[self.ok]
        yield Text(self.verdict, style=style)

    def _repr_html_(self) -> str:
        parts = [f"<p>{escape(self._head)}</p>"]
        if self.parameters:
            rows = [list(one) for one in self.parameters.items()]
            parts.append(for_page("", ["parameter", "what came out"], rows))
        if self.lines:
            mark = {True: ">", False: ""}
            lines = [
                [str(one.number), mark[one.is_wrong], one.source, one.words] for one in self.lines
            ]
            parts.append(for_page("", ["line", "", "source", "its value"], lines))
        if self.findings:
            found = [[one.title, one.evidence, one.fix or "", one.sure] for one in self.findings]
            parts.append(for_page("", ["where", "how it shows", "what to write", "sure"], found))
        parts += [f"<p>{escape(remark)}</p>" for remark in self.remarks]
        return f"{''.join(parts)}<p><strong>{escape(self.verdict)}</strong></p>"
