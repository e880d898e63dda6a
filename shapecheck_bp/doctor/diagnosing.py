"""``diagnose``: whether a step of somebody's own code is right, and which line is not.

>>> import numpy as np
>>> def step(W, x, y, rate=0.1):
...     error = np.tanh(W @ x) - y
...     W -= rate * np.outer(error, x)
>>> diagnosis = diagnose(step, np.ones((2, 3)), np.array([0.3, -0.2, 0.1]), np.zeros(2))
>>> diagnosis.ok
False
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from inspect import signature
from typing import Any

import numpy as np

from shapecheck_bp.doctor.arrays import Path, shown
from shapecheck_bp.doctor.blaming import Blame
from shapecheck_bp.doctor.causes import Suspicion
from shapecheck_bp.doctor.guarding import CannotJudge, quiet
from shapecheck_bp.doctor.judging import Judge
from shapecheck_bp.doctor.mending import Mending, Repair, places_of
from shapecheck_bp.doctor.naming import UNKNOWN, name_of_mistake
from shapecheck_bp.doctor.opening import of_call
from shapecheck_bp.doctor.program import Version
from shapecheck_bp.doctor.remarks import remarks_of
from shapecheck_bp.doctor.report import Diagnosis, Finding, Line
from shapecheck_bp.doctor.steps import Step
from shapecheck_bp.doctor.truth import LOSSES
from shapecheck_bp.doctor.turns import (
    FAR,
    beside,
    carried_over,
    elsewhere,
    from_zero,
    other_rule,
)
from shapecheck_bp.doctor.verdicts import Judged, multiple
from shapecheck_bp.network import Network
from shapecheck_bp.reading.sources import File

MOST_MISTAKES, MOST_LINES, MOST_PLACES, MOST_TRIED = 4, 5, 8, 4
RIGHT = ": right"
OTHER_RULE = "its gradient is right; its step goes down it, by another rule than a multiple"


def diagnose(
    function: Callable[..., Any],
    /,
    *args: Any,
    loss: Any = None,
    wrt: Sequence[str] | None = None,
    **kwargs: Any,
) -> Diagnosis:
    """Say whether the gradients of a step are right, and if not, which line is wrong.

    The call is made once, read as it runs, and made again from copies of all that it may change,
    with one array or one line changed. So it is somebody's code that is run, some hundred times.

    Args:
        function: what trains, or gives gradients: a function, a method, a callable object. It steps
            parameters in place or by new ones, or returns gradients or new parameters.
        *args: its arguments. Of many examples a few are taken.
        loss: where the code computes no cost: ``"squared_error"``, ``"log_loss"``,
            ``"cross_entropy"``, or a function of (output, target). Else all three are tried.
        wrt: the names of the parameters, where others must not be looked at.
        **kwargs: its arguments by name.

    Raises:
        TypeError: ``function`` cannot be called, or not with these.
        ValueError: there is no such loss.
        Exception: whatever the call raises by itself.
    """
    if not callable(function):
        raise TypeError(f"function: expected what can be called; got {type(function).__name__}")
    if args and isinstance(args[0], Network):
        from shapecheck_bp.doctor.of_network import diagnose as of_network

        return of_network(function, *args, **kwargs)
    with suppress(ValueError):  # it has no signature
        try:
            signature(function).bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{_name_of(function)}: {error}{_hint(function, args)}") from None
    with quiet():
        try:
            return of_steps(of_call(function, args, kwargs), _name_of(function), loss, wrt or ())
        except CannotJudge as why:
            return Diagnosis(None, recognised=_name_of(function), why=str(why))


def _hint(function: Any, args: Sequence[Any]) -> str:
    """What was meant by a call that cannot be made: sizes where a Network is wanted."""
    sizes = args[0] if len(args) == 1 and isinstance(args[0], tuple | list) else ()
    if not sizes or not all(type(size) is int for size in sizes):
        return ""
    name = getattr(function, "__name__", "gradients")
    return (
        f"; for a function of (params, X, Y) without data: diagnose({name}, Network({args[0]!r}))"
    )


def of_steps(
    steps: Iterator[Step], name: str, loss: Any = None, wrt: Sequence[str] = ()
) -> Diagnosis:
    """The diagnosis of the first of these steps that can be judged, or else of the first one."""
    first: Diagnosis | None = None
    while True:
        try:
            step = next(steps, None)
        except Exception:
            if first is None:
                raise
            return first
        if step is None:
            return Diagnosis(None, recognised=name) if first is None else first
        diagnosis = of_step(step, name, loss, wrt)
        if diagnosis.ok is not None:
            return diagnosis
        first = diagnosis if first is None else first


def of_step(step: Step, name: str, loss: Any = None, wrt: Sequence[str] = ()) -> Diagnosis:
    """The diagnosis of a step."""
    if isinstance(loss, str) and loss not in LOSSES:
        raise ValueError(
            'loss: expected "squared_error", "log_loss", "cross_entropy" or a function of'
            f" (output, target); got {loss!r}"
        )
    remarks = [step.remark] if step.remark else []
    with ExitStack() as lasts:
        lasts.enter_context(step.held())
        try:
            judge = Judge(step, loss, wrt)
            if not judge.verdict.ok:
                judge, remark = from_zero(judge)
                remarks += [remark] if remark else []
                step = judge.step
                lasts.enter_context(step.held())
            if not judge.verdict.right:
                lasts.close()  # its loop is another program of the same functions
                inner = _inside(step, name, loss, wrt)
                if inner is not None:
                    return inner
                lasts.enter_context(step.held())
            judge = elsewhere(judge) if judge.verdict.ok else beside(judge)
            if judge.step is not step:
                step = judge.step
                lasts.enter_context(step.held())
                remarks.append("That is at parameters near the given ones, where it shows.")
        except CannotJudge as why:
            return Diagnosis(None, recognised=name, why=str(why), runs=step.runs)
        about = f"{name}, against {judge.truth.watch.words}"
        parameters = _told(judge)
        ok = judge.verdict.ok
        findings: list[Finding] = []
        lines: list[Line] = []
        if ok:
            findings, remark = carried_over(judge)
            ok = not findings
            remarks += [remark] if remark else []
        elif other_rule(judge):
            ok, parameters = True, dict.fromkeys(parameters, OTHER_RULE)
        else:
            for guess in _guesses(judge):
                # Of single numbers any two are multiples of each other.
                arrayed = any(len(slopes) > 1 for _, slopes in guess.params.values())
                known, is_mended = guess.is_of_the_cost, False
                if known or arrayed:
                    findings, lines, is_mended = _found(guess)
                if known or is_mended:
                    about, parameters = f"{name}, against {guess.truth.watch.words}", _told(guess)
                    break
            else:
                unfit = (
                    f"nothing that it steps or returns fits {judge.truth.watch.words}, and no"
                    " change that was tried makes it fit: if that is the cost, say so by loss="
                )
                return Diagnosis(None, recognised=name, why=unfit, runs=step.runs)
        remarks += remarks_of(judge) if ok else []
    return Diagnosis(ok, findings, about, parameters, lines, "", remarks, step.runs)


def _inside(step: Step, name: str, loss: Any, wrt: Sequence[str]) -> Diagnosis | None:
    """The diagnosis of the loop in what was called, where more is right in that.

    As where an optimiser's means are made there, and are no state of the call.
    """
    with suppress(CannotJudge):
        for inner in step.inside():
            diagnosis = of_step(inner, name, loss, wrt)
            if any(
                told == OTHER_RULE or told.endswith(RIGHT) for told in diagnosis.parameters.values()
            ):
                return diagnosis
            break
    return None


def _guesses(judge: Judge) -> Iterator[Judge]:
    """The judge; and if no cost that was guessed fits anything, one for each of the others."""
    changes = judge.step.program.changes
    yield judge
    for watch in judge.watches:
        judge.step.program.changes = changes
        if watch.words != judge.truth.watch.words:
            with suppress(CannotJudge):
                yield judge.again(watch=watch)


def _found(judge: Judge) -> tuple[list[Finding], list[Line], bool]:
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
                lines = _lines(blame, suspicions[0])
            held = _holding(judge, _repairs(judge, blame, suspicions))
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


def _holding(judge: Judge, repairs: list[Repair]) -> tuple[Repair, Judge, Version, bool] | None:
    """The first repair that is not right by chance, but at other parameters, too; judged.

    And whether that is sure.
    """
    step = judge.step
    for repair in repairs[:MOST_TRIED]:
        before = step.program.changes
        step.program.changes = (*before, repair.change)
        try:
            version = step.program.version()
            with step.held(version):
                after = judge.again()
                holds = _holds(after, judge.verdict.right) if after.verdict.ok else True
                if holds is not False:
                    return repair, after, version, holds is True
        except CannotJudge:
            pass
        finally:
            step.program.changes = before
    return None


def _holds(after: Judge, before: set[Path]) -> bool | None:
    """Whether all is right at other parameters, too: near, and far.

    None where that is not known: where not even that is right there which was right before.
    """
    if not elsewhere(after).verdict.ok:
        return False
    try:
        far = elsewhere(after, FAR).verdict
    except CannotJudge:
        return None
    if far.ok:
        return True
    return False if before and before <= far.right else None


def _repairs(judge: Judge, blame: Blame, suspicions: list[Suspicion]) -> list[Repair]:
    """What helps, best first: at the lines that are suspect, around them, and before them."""
    near: list[tuple[str, int]] = []
    suspicions = [*suspicions, *blame.ends]
    for one in suspicions:
        near += [(one.file, one.line), *(cause[:2] for cause in one.causes)]
    near += [place for one in suspicions for place in one.rivals]
    near.sort(key=lambda place: place not in blame.bare)
    near = places_of(iter(near), judge.step)[:MOST_PLACES]
    around = blame.causes.around_lines(near)
    near = [*near, *(place for place in around if place not in near)]
    far = [place for place in places_of(iter(blame.lines()), judge.step) if place not in near]
    return Mending(judge).best(near, far[:MOST_PLACES], [one.params for one in suspicions])


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


# In words.


def _told(judge: Judge) -> dict[str, str]:
    """For each parameter what came out."""
    told = {}
    for one in judge.verdict.judged:
        name = shown(one.claim.parameter)
        where = {"step": "stepped by", "gradient": "given", "new": "new, stepped by"}
        right = f"{where.get(one.mode, '')} {_multiple(one, name)}{RIGHT}"
        right = OTHER_RULE if one.mode == "rule" else right
        told[name] = right if one.is_right else _off(one, judge)
    return told


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


def _lines(blame: Blame, first: Suspicion) -> list[Line]:
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


def _name_of(function: Any) -> str:
    name = getattr(function, "__qualname__", type(function).__qualname__)
    return f"{name}()"
