"""What is said of a step that is right, besides: what was not judged, and what may not be meant."""

import ast
from collections.abc import Iterator
from typing import Any

import numpy as np

from shapecheck_bp.doctor.arrays import Path, name_in, shown
from shapecheck_bp.doctor.claims import PARAMETERS, assigned
from shapecheck_bp.doctor.judging import Judge
from shapecheck_bp.doctor.solving import is_a_rate
from shapecheck_bp.doctor.truth import OwnCost


def remarks_of(judge: Judge) -> list[str]:
    """The remarks on a step whose claims are all right."""
    remarks = []
    if lines := sorted({f"{line}: {text}" for line, text in _not_met(judge)}):
        which, are = ("Line", "was") if len(lines) == 1 else ("Lines", "were")
        remarks.append(f"{which} {'; '.join(lines)} {are} not run, and {are} not judged.")
    if still := _not_moving(judge):
        names = ", ".join(map(shown, still))
        remarks.append(f"Its cost does not move with {names}: is that meant?")
    if larger := _larger_cost(judge):
        remarks.append(larger)
    if others := [shown(path) for path in judge.left_out if not is_a_rate(shown(path))]:
        names = ", ".join(others)
        remarks.append(f"Not judged, for they may be no parameters: {names}; wrt= says they are.")
    if judge.climbs:
        remarks.append(
            "Its steps go up that: right for a likelihood or a margin, and wrong for what is to be"
            " small."
        )
    if judge.has_own_cost and judge.verdict.is_turned:
        remarks.append("What it gives goes down its cost: right where it is added, and not taken.")
    if judge.decay:
        remarks.append(
            f"Its gradients have {judge.decay:.4g} times the weights in them: weight decay, which"
            " is not in the cost."
        )
    return remarks


def _not_moving(judge: Judge) -> list[Path]:
    """What is called as parameters are, and stepped, while the cost does not move with it."""
    still = [one.parameter for one in judge.claims if one.parameter not in judge.params]
    return [path for path in dict.fromkeys(still) if PARAMETERS.match(name_in(path))]


def _larger_cost(judge: Judge) -> str:
    """That the cost is a part of another one, as a loss is of that with a penalty."""
    watch = judge.truth.watch
    number = judge.step.version.numbers.get(watch.place, -1) if isinstance(watch, OwnCost) else -1
    mine = assigned(judge.sites[number]) if number in judge.sites else ""
    for event in judge.base.events if mine else ():
        site: Any = judge.sites[event.number]
        if not isinstance(site.node, ast.BinOp) or not isinstance(site.node.op, ast.Add):
            continue
        parts = [site.inside.get(id(side)) for side in (site.node.left, site.node.right)]
        if np.ndim(event.value) or not all(parts) or assigned(site) in ("", mine):
            continue
        others = [part for part in parts if part.text != mine]
        if len(others) == 1 and (others[0].number, event.time) in judge.moving:
            return (
                f"They are those of {mine}, and not of {assigned(site)} (line {site.line}), of"
                " which it is a part: is that meant?"
            )
    return ""


def _not_met(judge: Judge) -> Iterator[tuple[int, str]]:
    sites = [judge.sites[event.number] for event in judge.base.events]
    met = {(site.file.name, site.statement.lineno) for site in sites}
    functions = {(site.file.name, site.function): site for site in sites}
    for (name, function), site in functions.items():
        whole = ast.walk(function) if isinstance(function, ast.FunctionDef) else ()
        changes = [part for part in whole if isinstance(part, ast.Assign | ast.AugAssign)]
        statements = [part for part in changes if _is_update(part)]
        done = {_target(one) for one in statements if (name, one.lineno) in met}
        for one in statements:
            if (name, one.lineno) not in met and _target(one) in done:
                yield one.lineno, site.file.lines[one.lineno - 1].decode().strip()


def _is_update(part: ast.Assign | ast.AugAssign) -> bool:
    """Whether a statement gives a name a value that comes of the one it had."""
    return isinstance(part, ast.AugAssign) or _target(part) in ast.unparse(part.value)


def _target(part: ast.Assign | ast.AugAssign) -> str:
    return ast.unparse(part.target if isinstance(part, ast.AugAssign) else part.targets[0])
