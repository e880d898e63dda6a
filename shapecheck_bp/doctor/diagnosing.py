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
from typing import Any

from shapecheck_bp.doctor.aside import set_aside
from shapecheck_bp.doctor.behind import with_its_cost_before
from shapecheck_bp.doctor.guarding import CannotJudge, quiet
from shapecheck_bp.doctor.judging import Judge
from shapecheck_bp.doctor.opening import of_call
from shapecheck_bp.doctor.points import beside, elsewhere
from shapecheck_bp.doctor.remarks import remarks_of
from shapecheck_bp.doctor.repairing import mistakes_of
from shapecheck_bp.doctor.report import Diagnosis, Finding
from shapecheck_bp.doctor.steps import Step
from shapecheck_bp.doctor.telling import OTHER_RULE, told
from shapecheck_bp.doctor.truth import LOSSES
from shapecheck_bp.doctor.turns import carried_over, from_zero, other_rule
from shapecheck_bp.doctor.unread import unread
from shapecheck_bp.doctor.unstepped import unstepped
from shapecheck_bp.network import Network
from shapecheck_bp.shapes.names import signature_of


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
            signature_of(function).bind(*args, **kwargs)
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
    return _of_step(step, name, loss, wrt)[0]


def _of_step(step: Step, name: str, loss: Any, wrt: Sequence[str]) -> tuple[Diagnosis, bool]:
    """The diagnosis, and whether any parameter is right."""
    remarks = [step.remark] if step.remark else []
    with ExitStack() as lasts:
        try:
            judge, remark = _judged(step, loss, wrt)
            remarks += [remark] if remark else []
            lasts.enter_context(step.held())
            if not judge.verdict.ok:
                lasts.close()  # it may be another version then
                judge, remark = set_aside(judge)
                remarks += [remark] if remark else []
                lasts.enter_context(step.held())
            if not judge.verdict.ok:
                judge, remark = from_zero(judge)
                remarks += [remark] if remark else []
                step = judge.step
                lasts.enter_context(step.held())
            if not judge.verdict.right:
                lasts.close()  # its loop is another program of the same functions
                inner = _inside(step, name, loss, wrt)
                if inner is not None:
                    return inner, True
                lasts.enter_context(step.held())
            judge = elsewhere(judge) if judge.verdict.ok else beside(judge)
            if judge.step is not step:
                step = judge.step
                lasts.enter_context(step.held())
                remarks.append("That is at parameters near the given ones, where it shows.")
        except CannotJudge as why:
            return Diagnosis(None, recognised=name, why=str(why), runs=step.runs), False
        if judge.verdict.ok or other_rule(judge):
            return _right(judge, name, remarks), True
        return _wrong(judge, name, remarks)


def _judged(step: Step, loss: Any, wrt: Sequence[str]) -> tuple[Judge, str]:
    """The step judged; by the cost that it computes behind it, where there is none before."""
    try:
        with step.held():
            judge = Judge(step, loss, wrt)
    except CannotJudge:
        other = with_its_cost_before(step, wrt, None) if loss is None else None
        if other is None:
            raise
        return other
    if loss is not None or judge.verdict.ok or judge.has_own_cost:
        return judge, ""
    return with_its_cost_before(step, wrt, judge) or (judge, "")


def _right(judge: Judge, name: str, remarks: list[str]) -> Diagnosis:
    """The diagnosis of gradients that are right, of this step at least."""
    about, said = f"{name}, against {judge.truth.watch.words}", told(judge)
    findings: list[Finding] = []
    if judge.verdict.ok:
        kept, remark = carried_over(judge)
        unseen = unread(judge)
        said |= {name: "stepped, and read nowhere" for one in unseen for name in one.parameters}
        findings = [*kept, *unseen, *unstepped(judge)]
        remarks += [remark] if remark else []
    else:
        said = dict.fromkeys(said, OTHER_RULE)
    remarks += [] if findings else remarks_of(judge)
    return Diagnosis(not findings, findings, about, said, [], "", remarks, judge.step.runs)


def _wrong(judge: Judge, name: str, remarks: list[str]) -> tuple[Diagnosis, bool]:
    """The diagnosis of gradients that are wrong, by the first cost that has anything to say.

    Where that is guessed and nothing mends it, one with which something does comes before it.
    """
    program = judge.step.program
    first: tuple[Diagnosis, bool, Any] | None = None
    for guess in _guesses(judge):
        if first is not None and not guess.verdict.right:
            continue
        # Of single numbers any two are multiples of each other.
        arrayed = any(len(slopes) > 1 for _, slopes in guess.params.values())
        known, is_mended = guess.is_of_the_cost, False
        if known or arrayed:
            findings, lines, is_mended = mistakes_of(guess)
        if known or is_mended:
            about, said = f"{name}, against {guess.truth.watch.words}", told(guess)
            some = any(one.is_right for one in guess.verdict.judged)
            found = Diagnosis(False, findings, about, said, lines, "", remarks, judge.step.runs)
            if judge.has_own_cost or all(one.fix for one in findings):
                return found, some
            first = first or (found, some, program.changes)
    if first is not None:
        found, some, program.changes = first
        return found, some
    unfit = (
        f"nothing that it steps or returns fits {judge.truth.watch.words}, and no"
        " change that was tried makes it fit: if that is the cost, say so by loss="
    )
    return Diagnosis(None, recognised=name, why=unfit, runs=judge.step.runs), False


def _inside(step: Step, name: str, loss: Any, wrt: Sequence[str]) -> Diagnosis | None:
    """The diagnosis of the loop in what was called, where more is right in that.

    As where an optimiser's means are made there, and are no state of the call.
    """
    with suppress(CannotJudge):
        inner = next(step.inside(), None)
        if inner is not None:
            diagnosis, some = _of_step(inner, name, loss, wrt)
            return diagnosis if some else None
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


def _name_of(function: Any) -> str:
    name = getattr(function, "__qualname__", type(function).__qualname__)
    return f"{name}()"
