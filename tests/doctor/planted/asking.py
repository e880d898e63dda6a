"""What the doctor says of one step, and how that fits what was planted."""

import contextlib
import io
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shapecheck_bp import diagnose

LIMIT = 30  # seconds


class TooLong(BaseException):
    """Nothing in between should take this for an error of its own."""


@contextlib.contextmanager
def limit(seconds: float) -> Iterator[None]:
    """An end to what takes longer."""

    def stop(*_: object) -> None:
        raise TooLong

    kept = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, kept)


@dataclass
class Answer:
    """``said`` is "right", "wrong", "cannot judge", "crash" or "too long"; the rest as it came."""

    said: str
    seconds: float
    findings: list[Any] = field(default_factory=list)
    text: str = ""

    def place(self, path: Path, lines: tuple[int, ...]) -> str:
        """Whether the planted lines are the first finding's, any one's, or behind one."""
        here = [f for f in self.findings if in_file(f, path)]
        if self.findings and in_file(self.findings[0], path) and self.findings[0].line in lines:
            return "first"
        if any(f.line in lines for f in here):
            return "any"
        return "because" if any(f.because in lines for f in here) else "none"

    def certain(self) -> list[Any]:
        """The findings that are called so."""
        return [f for f in self.findings if getattr(f, "sure", None) == "certain"]

    def false(self, path: Path, lines: tuple[int, ...]) -> list[Any]:
        """Those of them that are of other lines."""
        return [
            f
            for f in self.certain()
            if not in_file(f, path) or not {f.line, f.because} & set(lines)
        ]


def in_file(finding: Any, path: Path) -> bool:
    """Whether it is of this file."""
    file = getattr(finding, "file", None)
    return file is None or Path(str(file)).name == path.name


def ask(step: Callable[[], tuple[Any, tuple[Any, ...]]]) -> Answer:
    """The diagnosis of a step that is made now."""
    start = time.perf_counter()
    try:
        call, args = step()
        with limit(LIMIT), contextlib.redirect_stdout(io.StringIO()):
            diagnosis = diagnose(call, *args)
            said = {True: "right", False: "wrong", None: "cannot judge"}[diagnosis.ok]
            findings, text = list(diagnosis.findings or ()), str(diagnosis)
    except TooLong:
        return Answer("too long", time.perf_counter() - start)
    except Exception as error:
        text = f"{type(error).__name__}: {error}"
        return Answer("crash", time.perf_counter() - start, text=text)
    return Answer(said, time.perf_counter() - start, findings, text)
