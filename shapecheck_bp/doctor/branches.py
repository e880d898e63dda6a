"""Branches that a step did not take: what stands there is not judged."""

import ast
from collections.abc import Iterator

from shapecheck_bp.doctor.judging import Judge


def not_run(judge: Judge) -> str:
    """A remark on lines that step what other lines stepped, and that were not met; or nothing."""
    lines = sorted({f"{line}: {text}" for line, text in _not_met(judge)})
    if not lines:
        return ""
    which = "Line" if len(lines) == 1 else "Lines"
    are = "was not run, and is" if len(lines) == 1 else "were not run, and are"
    return f"{which} {'; '.join(lines)} {are} not judged."


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
