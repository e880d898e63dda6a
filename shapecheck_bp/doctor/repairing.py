"""The mistakes of a step, one after the other: each is mended before the next is looked for."""

from collections.abc import Iterator
from contextlib import ExitStack, suppress

from shapecheck_bp.doctor.arrays import Path, shown
from shapecheck_bp.doctor.blaming import Blame
from shapecheck_bp.doctor.causes import Suspicion
from shapecheck_bp.doctor.guarding import CannotJudge
from shapecheck_bp.doctor.judging import Judge
from shapecheck_bp.doctor.mending import Mending, Repair, places_of
from shapecheck_bp.doctor.naming import UNKNOWN, name_of_mistake
from shapecheck_bp.doctor.points import elsewhere
from shapecheck_bp.doctor.program import Version
from shapecheck_bp.doctor.report import Finding, Line
from shapecheck_bp.doctor.telling import lines_of

MOST_MISTAKES, MOST_PLACES, MOST_TRIED = 4, 8, 4
MOST_WHERE_NONE, MOST_SEARCHES = 30, 3
"""How many places are tried where no line is suspect, or each is quick, as of single numbers."""

Held = tuple[Repair, Judge, Version, bool]


Found = tuple[list[Finding], list[Line], bool]


def mistakes_of(judge: Judge) -> Found:
    """The mistakes, what is said of lines, and whether they are mended.

    Where two factors would do, that is right by which fewer lines are wrong.
    """
    program, two = judge.step.program, judge.verdict.two
    before = program.changes
    found = _mistakes(judge)
    if len(found[0]) > 1 and two is not None and judge.preferred is None:
        after, program.changes = program.changes, before
        judge.prefer(two[0])
        other = _mistakes(judge)
        if other[2] and len(other[0]) < len(found[0]):
            return other
        judge.prefer(two[1])
        program.changes = after
    return found


def _mistakes(judge: Judge) -> Found:
    """The mistakes, one after the other: each is mended before the next is looked for.

    With a cost that is guessed, and of which nothing was right before, nothing is certain.
    """
    step, findings, lines = judge.step, [], []
    sure = "certain" if judge.is_of_the_cost else "likely"
    with ExitStack() as lasts:
        for turn in range(MOST_MISTAKES):
            blame = Blame(judge)
            suspicions = blame.find()
            if not turn:
                lines = lines_of(blame, suspicions[0])
            held = _held(judge, blame, suspicions)
            if held is None:
                findings += [_finding(one, None) for one in suspicions]
                break
            repair, after, version, is_sure = held
            sure = sure if is_sure else "likely"
            suspicion = _suspected(judge, [*suspicions, *blame.ends], repair)
            name = name_of_mistake(judge, repair.change)
            findings.append(_finding(suspicion, repair, name))
            step.program.changes = (*step.program.changes, repair.change)
            lasts.enter_context(step.held(version))
            judge = after
            if judge.verdict.ok:
                findings = [*_needed(judge, findings)]
                sure = "likely" if judge.has_own_cost and judge.verdict.is_turned else sure
                all_right = "all is right" + ", with the other changes" * (len(findings) > 1)
                found = [one._replace(sure=sure, then=all_right) for one in findings]
                # With the error itself, for what is made of it, a guessed loss always fits.
                return found, lines, repair.change.kind != "instead"
    return findings, lines, False


def _needed(judge: Judge, findings: list[Finding]) -> Iterator[Finding]:
    """Those without whose change, the last ones of the program's, not all is right.

    Weight decay is in no cost that is guessed, and seems wrong beside a mistake.
    """
    program = judge.step.program
    place = len(program.changes) - len(findings)
    for one in findings:
        changes = program.changes
        program.changes = (*changes[:place], *changes[place + 1 :])
        if one is not findings[-1]:
            with suppress(CannotJudge), judge.step.held(program.version()):
                if judge.again().verdict.ok:
                    continue
        program.changes = changes
        place += 1
        yield one


def _holding(judge: Judge, repairs: list[Repair]) -> Held | None:
    """The first repair that is not right by chance, but at other parameters, too; judged.

    And whether that is sure.
    """
    for repair in repairs[:MOST_TRIED]:
        with suppress(CannotJudge), judge.step.trying(repair.change) as version:
            after = judge.again()
            holds = _holds(after, judge.verdict.right) if after.verdict.ok else True
            if holds is not False:
                return repair, after, version, holds is True
    return None


def _holds(after: Judge, before: set[Path]) -> bool | None:
    """Whether all is right at other parameters, too: near, far, and with the other signs.

    None where that is not known: where not even that is right there which was right before.
    """
    if not elsewhere(after).verdict.ok:
        return False
    try:
        far = elsewhere(after, far=True).verdict
    except CannotJudge:
        return None
    if not far.ok:
        return False if before and before <= far.right else None
    with suppress(Exception):  # their code may not take such parameters
        turned = elsewhere(after, far=True, turned=True).verdict
        if not turned.ok and before and before <= turned.right:
            return False
    return True


def _held(judge: Judge, blame: Blame, suspicions: list[Suspicion]) -> Held | None:
    """The best repair that holds; where no line is suspect dearer ones are looked for, too."""
    mending = Mending(judge)
    for _ in range(1 if any(one.line for one in suspicions) else MOST_SEARCHES):
        repairs = _repairs(mending, blame, suspicions)
        held = _holding(judge, repairs)
        if held is not None or not repairs:
            return held
        mending.left += mending.most // 2
    return None


def _repairs(mending: Mending, blame: Blame, suspicions: list[Suspicion]) -> list[Repair]:
    """What helps, best first: at the lines that are suspect, around them, and before them."""
    step = mending.step
    near: list[tuple[str, int]] = []
    suspicions = [*suspicions, *blame.ends]
    for one in suspicions:
        near += [(one.file, one.line), *(cause[:2] for cause in one.causes)]
    near += [place for one in suspicions for place in one.rivals]
    near.sort(key=lambda place: place not in blame.bare)
    near = places_of(iter(near), step)[:MOST_PLACES]
    around = blame.causes.around_lines(near)
    near = [*near, *(place for place in around if place not in near)]
    far = [place for place in places_of(iter(blame.lines()), step) if place not in near]
    several = len(suspicions) > 1 or blame.is_of_numbers
    common = [place for place in far if place in blame.common] if several else []
    far = [place for place in far if place not in common]
    known = any(one.line for one in suspicions) and not blame.is_of_numbers
    most = MOST_PLACES if known else MOST_WHERE_NONE
    wanted = [one.params for one in suspicions]
    return mending.best(near, common[:most], far[:most], wanted)


def _suspected(judge: Judge, suspicions: list[Suspicion], repair: Repair) -> Suspicion:
    """The suspicion that a repair is of; where it is of another line, that line."""
    place = repair.change.file, repair.change.line
    there = [
        one
        for one in suspicions
        if place in [(one.file, one.line), *(cause[:2] for cause in one.causes)]
    ]
    if there:
        one = there[0]
    else:
        one = next((one for one in suspicions if one.params <= repair.right), suspicions[0])
        one.file, one.line, one.source = *place, ""
        one.words, one.causes = "the value of this line is wrong", []
    one.params = judge.verdict.wrong & repair.right
    return one


def _finding(one: Suspicion, repair: Repair | None, name: str = UNKNOWN) -> Finding:
    fix = None if repair is None else repair.change.words()
    fix_line = None if repair is None else repair.change.first
    because = next((line for _, line, _ in one.causes if line != one.line), None)
    if repair is not None:
        because = repair.change.line if repair.change.line != one.line else None
    reasons = [words for _, line, words in one.causes if line == because]
    evidence = f"`{one.source}` {one.words}" if one.source else one.words
    if reasons:
        evidence += f"; line {because}: {reasons[0]}"
    names = tuple(sorted(map(shown, one.params)))
    return Finding(
        name,
        evidence,
        "likely",
        fix,
        file=one.file,
        line=one.line,
        because=because,
        source=one.source,
        fix_line=fix_line,
        parameters=names,
    )
