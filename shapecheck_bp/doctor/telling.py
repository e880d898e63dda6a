"""What is said of a judged step: of each parameter, and of the lines up to the first wrong one."""

import numpy as np

from shapecheck_bp.doctor.arrays import shown
from shapecheck_bp.doctor.blaming import Blame
from shapecheck_bp.doctor.causes import Suspicion
from shapecheck_bp.doctor.judging import Judge
from shapecheck_bp.doctor.report import Line
from shapecheck_bp.doctor.verdicts import Judged, multiple
from shapecheck_bp.reading.sources import File

MOST_LINES = 5
OTHER_RULE = "its gradient is right; its step goes down it, by another rule than a multiple"


def told(judge: Judge) -> dict[str, str]:
    """For each parameter what came out."""
    said = {}
    for one in judge.verdict.judged:
        name = shown(one.claim.parameter)
        where = {"step": "stepped by", "gradient": "given", "new": "new, stepped by"}
        right = f"{where.get(one.mode, '')} {_multiple(one, name)}: right"
        right = OTHER_RULE if one.mode == "rule" else right
        said[name] = right if one.is_right else _off(one, judge)
    return said


def _multiple(one: Judged, name: str) -> str:
    if one.factor is None:
        return f"0, as dJ/d{name} is"
    return multiple(one.factor, name)


def _off(one: Judged, judge: Judge) -> str:
    name = shown(one.claim.parameter)
    if one.why == "gone":
        return "wrong: nothing came of it"
    if one.why == "shape":
        before = judge.base.before[one.claim.parameter]
        value = one.claim.value(judge.base)
        return f"wrong: {np.shape(value)} where {name} is {np.shape(before)}"
    if one.factor is not None:
        return f"wrong: {_multiple(one, name)}"
    percent = float(f"{100 * one.off:.2g}")  # 160, and not 1.6e+02
    return f"wrong, by up to {percent:g} %" if one.off < 100 else "wrong"


def lines_of(blame: Blame, first: Suspicion) -> list[Line]:
    """The right lines before the first wrong one, and that."""
    backward, lines = blame.backward, {}
    for event in backward.events:
        site = backward.sites[event.number]
        named = event.key in backward.matches and backward.name(event)
        before = site.file.name == first.file and site.line < first.line
        if named and before and event.at > backward.end:
            match = backward.matches[event.key][0]
            words = f"{match}, as it should be"
            lines[site.line] = Line(
                first.file, site.line, _source(site.file, site.line), False, words
            )
    found = [*lines.values()][-MOST_LINES:]
    file = blame.judge.step.version.files.get(first.file)
    if file is not None and first.line:
        source = _source(file, first.line)
        found.append(Line(first.file, first.line, source, True, first.words.partition(",")[0]))
    return found


def _source(file: File, line: int) -> str:
    return file.lines[line - 1].decode().strip()
