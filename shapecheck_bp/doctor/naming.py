"""The name of a mistake in the table, where the change that mends it shows one.

What a line came to before and after the change may differ by a factor: a sign, two, a number of
examples. Else it is the change itself that shows it: an axis, a transpose, a product, a slope.
"""

import ast
import re
from typing import Any

import numpy as np

from shapecheck_bp.derivations.mistakes import of_factor
from shapecheck_bp.doctor.arrays import name_in
from shapecheck_bp.doctor.changes import REDUCING
from shapecheck_bp.doctor.edits import Change, found
from shapecheck_bp.doctor.judging import Judge
from shapecheck_bp.doctor.scopes import HELPERS
from shapecheck_bp.doctor.verdicts import factor
from shapecheck_bp.reading.failing import copied
from shapecheck_bp.reading.variants import name_of

UNKNOWN = "unknown"
SLOPE = re.compile(r"1 - \w|\*\* 2|> 0|>= 0|\* \(1 - ")


def name_of_mistake(judge: Judge, change: Change) -> str:
    """The name of what a change mends, or "unknown"."""
    if change.kind == "move":
        return "updated_weights_used"
    file = judge.step.version.files[change.file]
    try:
        _, _, statement = found(file.tree, change.line)
        body = [copied(statement)]
        change.edit(body, 0)
    except (LookupError, SyntaxError):
        return UNKNOWN
    old, new = _differing(statement, body[0])
    return _of_factor(judge, change) or _of_trees(judge, old, new, ast.unparse(statement))


def _differing(old: Any, new: Any) -> tuple[Any, Any]:
    """The smallest parts of two trees outside of which they are the same."""
    if type(old) is not type(new):
        return old, new
    pairs = []
    for (_, one), (_, other) in zip(ast.iter_fields(old), ast.iter_fields(new), strict=True):
        ones, others = (x if isinstance(x, list) else [x] for x in (one, other))
        if len(ones) != len(others):
            return old, new
        pairs += [p for p in zip(ones, others, strict=True) if _dump(p[0]) != _dump(p[1])]
    inner = len(pairs) == 1 and all(isinstance(part, ast.expr) for part in pairs[0])
    if inner and isinstance(old, ast.Call) and isinstance(pairs[0][0], ast.Constant):
        return old, new  # the axis of a sum
    return _differing(*pairs[0]) if inner else (old, new)


def _dump(part: Any) -> str:
    return ast.dump(part) if isinstance(part, ast.AST) else repr(part)


# By a factor.


def _of_factor(judge: Judge, change: Change) -> str:
    before = _value(judge, change.line, change.file, judge.base.events, judge.sites)
    version = judge.step.program.with_change(judge.step.version, change, noted=True)
    with judge.step.held(version):
        run = judge.step.run(keep=True)
    after = _value(judge, change.line, change.file, run.events, version.sites)
    if before is None or after is None or np.shape(before) != np.shape(after):
        return ""
    c = factor(before, after)
    by_chance = np.size(before) == 1 and change.kind in ("name", "index", "slope")
    if c is None or by_chance:  # any number is a multiple of another
        return ""
    counts = [n for n in judge.usual.counts if n > 2]
    return of_factor(c) or next(filter(None, (of_factor(c, n) for n in counts)), "")


def _value(judge: Judge, line: int, file: str, events: Any, sites: Any) -> Any:
    """What the statement in a line came to first."""
    for event in events:
        site = sites.get(event.number)
        if site is None or site.file.name != file or site.statement.lineno != line:
            continue
        if site.node is getattr(site.statement, "value", None):
            return event.value
    return None


# By what is written.


def _of_trees(judge: Judge, old: Any, new: Any, statement: str) -> str:
    one, other = ast.unparse(old), ast.unparse(new)
    if isinstance(old, ast.keyword | ast.Call) or isinstance(new, ast.Call):
        axis = _of_axis(old, new, statement)
        if axis:
            return axis
    if other == f"{one}[:, None]":
        return "rank_1"
    if isinstance(old, ast.BinOp) and isinstance(old.op, ast.Mult) and _is_matrix_product(new):
        return "elementwise_product"
    if one.removesuffix(".T") == other.removesuffix(".T") and one != other:
        names = {name_in(path) for path in judge.params}
        base = one.removesuffix(".T").strip("()")
        is_weight = re.split(r"[.\[]", base)[-1].strip("'\"]") in names or base in names
        return "weights_not_transposed" if is_weight else "dw_transposed"
    if other.startswith((f"{one} *", f"({one}) *")) and _is_slope(other[len(one) :]):
        return "missing_activation_derivative"
    if isinstance(old, ast.Name | ast.Attribute | ast.Subscript) and _is_slope(statement):
        inside = re.compile(rf"(1 - |\()\(?{re.escape(one)}\)?( \*\*|\)| >)")
        return "wrong_derivative_argument" if inside.search(statement) else UNKNOWN
    simple = ast.Name | ast.Attribute | ast.Subscript
    if isinstance(old, simple) and isinstance(new, simple) and _moves(judge, one, other):
        matrix = "@" in statement or re.search(r"\b(dot|outer|matmul|einsum)\(", statement)
        return "wrong_layer_input" if matrix else UNKNOWN
    return UNKNOWN


def _of_axis(old: Any, new: Any, statement: str) -> str:
    sums = [isinstance(part, ast.Call) and name_of(part) in REDUCING for part in (old, new)]
    if isinstance(new, ast.Call) and sums[1] and not sums[0]:
        return "db_not_summed" if ast.unparse(old) in ast.unparse(new) else ""
    is_axis = isinstance(old, ast.keyword) and old.arg == "axis"
    if not is_axis and not all(sums):
        return ""
    if "exp(" in statement or re.search(r"\be\b", statement):
        return "softmax_wrong_axis"
    has = "axis" in ast.unparse(old) or bool(re.search(r"sum\(\d\)", ast.unparse(old)))
    return "db_wrong_axis" if has else "db_summed_over_everything"


def _is_matrix_product(node: Any) -> bool:
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.MatMult)
    return isinstance(node, ast.Call) and name_of(node) in ("dot", "matmul")


def _is_slope(text: str) -> bool:
    return bool(SLOPE.search(text) or any(map(HELPERS.search, re.findall(r"\w+(?=\()", text))))


def _moves(judge: Judge, *texts: str) -> bool:
    """Whether all of these are arrays of the forward pass, or of the data."""
    ends = {
        judge.sites[event.number].text
        for event in judge.base.events[: judge.end + 1]
        if np.ndim(event.value)
    }
    return all(text.removesuffix(".T") in ends or text in ends for text in texts)
