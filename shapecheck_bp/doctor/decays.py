"""Weight decay: a multiple of a parameter in its gradient, which the cost may have no square of."""

import ast
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from shapecheck_bp.doctor.arrays import Path, mark, numbers
from shapecheck_bp.doctor.runs import Run
from shapecheck_bp.doctor.verdicts import TOLERANCE, Judged, close
from shapecheck_bp.reading.instrument import Site
from shapecheck_bp.reading.variants import name_of

Params = Mapping[Path, tuple[Any, Any]]


def squares(sites: Iterable[Site], base: Run, params: Params) -> bool:
    """Whether a parameter is squared somewhere, as on the way to a cost with a decay in it."""
    loads = {event.number for event in base.events if base.starts.get(mark(event.thing)) in params}
    for site in sites:
        inside = [one.number in loads for one in site.inside.values()]
        node = site.node
        power = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow)
        power |= isinstance(node, ast.Call) and name_of(node) in ("square", "norm")
        if (power and any(inside)) or (_is_product(node) and sum(inside) == 2):
            return True
    return False


def decayed(
    found: Sequence[Judged], mode: str, run: Run, params: Params
) -> tuple[list[Judged], float]:
    """The claims, where all that is too much in some is one positive multiple of themselves.

    That is weight decay, of the entries that are stepped; how much it is comes second, and is 0
    where there is none.
    """
    rest = [one for one in found if one.factor is None and not one.why]
    least = 3 if len(rest) < len(found) else 4  # what is right says c, too
    known = next(
        (one.factor for one in found if one.factor and len(params[one.claim.parameter][1]) > 1),
        None,
    )
    for one in rest:
        fit = _fit(one, mode, run, params, least, known)
        if fit is None or fit[1] / fit[0] <= 0 or (mode != "gradient" and abs(fit[1]) > 0.5):
            continue
        c, e = fit
        if all(_is_of(other, c, e, mode, run, params) for other in found if not other.why):
            return [one if one.why else one._replace(factor=c) for one in found], e / c
    return [*found], 0.0


def _terms(one: Judged, mode: str, run: Run, params: Params) -> tuple[Any, Any, Any]:
    """A claim, the gradient and the parameter's stepped entries, along the same directions."""
    D, s = params[one.claim.parameter]
    before, value = numbers(run.before[one.claim.parameter]), one.claim.value(run)
    value = value - before if mode == "new" else value
    stepped = np.where(np.reshape(value, before.shape) != 0, before, 0.0)
    return D @ np.reshape(value, -1), s, D @ stepped.reshape(-1)


def _fit(
    one: Judged, mode: str, run: Run, params: Params, least: int, known: float | None
) -> tuple[float, float] | None:
    """c and e where a claim is c dJ/dW + e W, and two numbers do not fit it by chance.

    Of two entries e is found where c is known.
    """
    y, s, w = _terms(one, mode, run, params)
    entries = np.count_nonzero(one.claim.value(run))
    A = np.stack([s, w], axis=1)
    if entries >= 3 and len(s) >= least:
        x = np.linalg.lstsq(A, y, rcond=None)[0]
    elif entries == len(s) == 2 and known is not None and w @ w:
        x = np.array([known, w @ (y - known * s) / (w @ w)])
    else:
        return None
    size = np.linalg.norm(y)
    if np.linalg.norm(A @ x - y) > TOLERANCE * size or np.linalg.norm(x[0] * s) <= TOLERANCE * size:
        return None  # where nothing but the parameter is seen in it there is no gradient
    return float(x[0]), float(x[1])


def _is_of(one: Judged, c: float, e: float, mode: str, run: Run, params: Params) -> bool:
    """Whether a claim is c dJ/dW, with e W or without."""
    if one.factor is not None and close(one.factor, c):
        return True
    y, s, w = _terms(one, mode, run, params)
    return bool(np.linalg.norm(c * s + e * w - y) <= 2 * TOLERANCE * np.linalg.norm(y))


def _is_product(node: ast.AST) -> bool:
    """Whether something is multiplied by itself."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.MatMult):
        return ast.dump(node.left) == ast.dump(node.right)
    if isinstance(node, ast.Call) and len(node.args) == 2:
        return ast.dump(node.args[0]) == ast.dump(node.args[1])
    return False
