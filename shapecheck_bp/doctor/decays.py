"""Weight decay: a multiple of a parameter in its gradient, which the cost may have no square of."""

import ast
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from shapecheck_bp.doctor.arrays import Path, numbers
from shapecheck_bp.doctor.runs import Run
from shapecheck_bp.doctor.verdicts import TOLERANCE, Judged, close
from shapecheck_bp.reading.instrument import Site
from shapecheck_bp.reading.variants import name_of

Params = Mapping[Path, tuple[Any, Any]]


def squares(sites: Iterable[Site], base: Run, params: Params) -> bool:
    """Whether a parameter is squared somewhere, as on the way to a cost with a decay in it."""
    loads = {event.number for event in base.events if base.starts.get(id(event.thing)) in params}
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

    That is weight decay; how much it is comes second, and is 0 where there is none.
    """
    known = [one.factor for one in found if one.factor is not None]
    rest = [one for one in found if one.factor is None and not one.why]
    fits = [fit for fit in (_fit(one, mode, run, params) for one in rest) if fit is not None]
    if not rest or len(fits) < len(rest) or not known:
        return [*found], 0.0
    c, e = fits[0]
    same = all(close(c, other) for other in (*known, *(f[0] for f in fits)))
    large = mode != "gradient" and abs(e) > 0.5
    if not same or large or e / c <= 0 or not all(close(e, f[1]) for f in fits):
        return [*found], 0.0
    return [one if one not in rest else one._replace(factor=c) for one in found], e / c


def _fit(one: Judged, mode: str, run: Run, params: Params) -> tuple[float, float] | None:
    """c and e where a claim is c dJ/dW + e W."""
    D, s = params[one.claim.parameter]
    before, value = numbers(run.before[one.claim.parameter]), one.claim.value(run)
    if len(s) < 4 or value is None:
        return None
    value = value - before if mode == "new" else value
    A = np.stack([s, D @ before.reshape(-1)], axis=1)
    y = D @ value.reshape(-1)
    x = np.linalg.lstsq(A, y, rcond=None)[0]
    if np.linalg.norm(A @ x - y) > TOLERANCE * np.linalg.norm(y):
        return None
    return float(x[0]), float(x[1])


def _is_product(node: ast.AST) -> bool:
    """Whether something is multiplied by itself."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.MatMult):
        return ast.dump(node.left) == ast.dump(node.right)
    if isinstance(node, ast.Call) and len(node.args) == 2:
        return ast.dump(node.args[0]) == ast.dump(node.args[1])
    return False
