"""How much the doctor sees of what is planted in codes of many styles:

    python tests/doctor/planted [--seed N] [--most N] [-v] [--into FOLDER] [STYLE ...]

Each right code, and so many with one mistake in it, is diagnosed. With ``-v`` whatever is missed is
printed; ``--into`` keeps the files.
"""

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

from asking import Answer, ask
from judging import STYLES, Style
from planting import Planted, sample
from rich.console import Console
from rich.progress import track
from rich.table import Table

WRONG = {
    "planted": lambda p, a: True,
    "told right": lambda p, a: a.said == "right",
    "cannot judge": lambda p, a: a.said == "cannot judge",
    "crash": lambda p, a: a.said in ("crash", "too long"),
    "first line": lambda p, a: a.said == "wrong" and a.place(p.path, p.lines) == "first",
    "any line": lambda p, a: a.said == "wrong" and a.place(p.path, p.lines) == "any",
    "because": lambda p, a: a.said == "wrong" and a.place(p.path, p.lines) == "because",
    "none": lambda p, a: a.said == "wrong" and a.place(p.path, p.lines) == "none",
    "certain": lambda p, a: bool(a.certain()),
    "false": lambda p, a: bool(a.false(p.path, p.lines)),
}
RIGHT = ("right", "accused", "not judged")
Pairs = list[tuple[Planted, Answer]]


def row(pairs: Pairs, codes: list[Answer]) -> list[str]:
    """The numbers of some styles: of wrong codes, of right ones, and seconds."""
    wrong = [(p, a) for p, a in pairs if p.verdict.kind == "wrong"]
    right = codes + [a for p, a in pairs if p.verdict.kind == "right"]
    said = Counter(a.said for a in right)
    seconds = [a.seconds for _, a in pairs] + [a.seconds for a in codes]
    numbers = [sum(bool(test(p, a)) for p, a in wrong) for test in WRONG.values()]
    numbers += [len(right), said["wrong"], len(right) - said["wrong"] - said["right"]]
    return [*(str(n or "") for n in numbers), f"{median(seconds):.2f}", f"{max(seconds):.1f}"]


def table(pairs: Pairs, codes: dict[str, Answer]) -> Table:
    """One row a style, and one for all."""
    shown = Table("style", *WRONG, *RIGHT, "median s", "slowest")
    for column in shown.columns[1:]:
        column.justify = "right"
    for name, answer in codes.items():
        shown.add_row(name, *row([(p, a) for p, a in pairs if p.style.name == name], [answer]))
    shown.add_section()
    shown.add_row("all", *row(pairs, list(codes.values())))
    return shown


def said(answer: Answer) -> Iterator[str]:
    """A few lines of what the doctor said."""
    yield f"    said: {answer.said} {answer.text.splitlines()[0] if answer.text else ''}"
    for f in answer.findings:
        because = f" because of {f.because}" if f.because else ""
        yield f"    {f.line}{because} ({f.sure}): {f.mistake} | {f.source} | {f.fix or ''}"


def misses(pairs: Pairs) -> Iterator[str]:
    """Every mistake that was not found at its place, and every right code that was accused."""
    for p, a in pairs:
        kind = p.verdict.kind
        found = a.said == "wrong" and a.place(p.path, p.lines) != "none"
        if (kind == "wrong" and found) or (kind == "right" and a.said == "right"):
            continue
        if kind in ("wrong", "right"):
            lines = ", ".join(map(str, p.lines))
            yield f"{p.path.stem}: {p.operator}, {kind}, line {lines}"
            yield f"    was: {p.before}"
            yield f"    is:  {p.after}"
            yield from said(a)


def false_ones(pairs: Pairs) -> Iterator[str]:
    """What is called certain of a line where nothing was planted."""
    for p, a in pairs:
        for f in a.false(p.path, p.lines) if p.verdict.kind == "wrong" else a.certain():
            what = f"{p.path.stem}, {p.operator} ({p.verdict.kind})"
            yield f"certain, and not where it was planted: {what}"
            yield f"    {p.lines}: {p.before}  =>  {p.after}"
            yield f"    {f.line} ({f.because}): {f.mistake} | {f.fix or ''}"


def main() -> int:
    """Plant, ask, print; 1 if a right code is accused or a wrong one told right."""
    parser = argparse.ArgumentParser(prog="python tests/doctor/planted")
    parser.add_argument("styles", nargs="*", choices=[[], *(s.name for s in STYLES)])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--most", type=int, default=450)
    parser.add_argument("--into", type=Path)
    parser.add_argument("-v", action="store_true")
    asked = parser.parse_args()
    chosen = [s for s in STYLES if s.name in asked.styles or not asked.styles]
    console, progress = Console(width=200), Console(stderr=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.into or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        planted = list(sample(chosen, asked.most, folder, asked.seed))
        codes = {s.name: ask(step_of(s)) for s in track(chosen, "right codes", console=progress)}
        pairs = [(p, ask(p.step)) for p in track(planted, "planted", console=progress)]
    console.print(table(pairs, codes))
    kinds = Counter(p.verdict.kind for p in planted)
    console.print("planted:", ", ".join(f"{n} {kind}" for kind, n in kinds.most_common()))
    for kind in ("odd factor", "another cost", "unclear"):
        of_kind = Counter(a.said for p, a in pairs if p.verdict.kind == kind)
        if of_kind:
            console.print(f"{kind}:", ", ".join(f"{n} told {what}" for what, n in of_kind.items()))
    accused = [f"{name}: {a.said}, though right" for name, a in codes.items() if a.said != "right"]
    lines = [*accused, *false_ones(pairs), *(misses(pairs) if asked.v else ())]
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    missed = any(p.verdict.kind == "wrong" and a.said == "right" for p, a in pairs)
    return int(missed or any(a.said == "wrong" for a in codes.values()))


def step_of(style: Style) -> Callable[[], tuple[Any, tuple[Any, ...]]]:
    """Its right code's step, made when it is asked for."""
    return lambda: style.truth.make(style.code)


if __name__ == "__main__":
    sys.exit(main())
