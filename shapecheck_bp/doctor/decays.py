"""Weight decay: a multiple of a parameter in its gradient, which the cost may have no square of."""

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from shapecheck_bp.doctor.arrays import Path, mark, numbers
from shapecheck_bp.doctor.claims import Claim
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
    found: Sequence[Judged],
    mode: str,
    run: Run,
    params: Params,
    is_plain: Callable[[float, str], bool],
    climbs: bool,
) -> tuple[list[Judged], float]:
    """The claims, where all that is too much in most is one multiple of what they are of.

    That is weight decay, of the entries that are stepped, by which they shrink; how much it is
    comes second, and is 0 where there is none. A likelihood is climbed.
    """
    rest = [one for one in found if one.factor is None and not one.why]
    least = 3 if len(rest) < len(found) else 4  # what is right says c, too
    decays: list[tuple[list[Judged], float, float]] = []
    known = [two.factor for two in found if two.factor is not None and is_array(two.claim, params)]
    for one in rest:
        c, e = _fit(one, mode, run, params, least, known) or (0.0, 0.0)
        shrinks = (e * c > 0 or climbs) if mode == "gradient" else -0.5 <= e < 0
        is_theirs = not known or any(close(c, other) for other in known)
        if not (shrinks and is_theirs and is_plain(c, mode)):
            continue
        if not any(close(e / c, f / d) for _, d, f in decays):
            same = [two for two in found if not two.why and _is_of(two, c, e, mode, run, params)]
            decays.append((same, c, e))
    decays.sort(key=lambda one: -len(one[0]))
    # Two that are of as many are of a mistake in one of them.
    if not decays or (decays[1:] and len(decays[0][0]) == len(decays[1][0])):
        return [*found], 0.0
    same, c, e = decays[0]
    return [one._replace(factor=c) if one in same else one for one in found], abs(e / c)


def is_array(claim: Claim, params: Params) -> bool:
    """Whether the cost moves with more than one number of it, which is a multiple of any."""
    return bool(np.count_nonzero(params[claim.parameter][1]) > 1)


def _terms(
    one: Judged, mode: str, run: Run, params: Params, some: Any = None
) -> tuple[Any, Any, Any]:
    """A claim, the gradient and some entries of the parameter, along the same directions.

    Else those that are stepped.
    """
    D, s = params[one.claim.parameter]
    before, value = numbers(run.before[one.claim.parameter]), one.claim.value(run)
    value = value - before if mode == "new" else value
    some = np.reshape(value, before.shape) != 0 if some is None else some
    return D @ np.reshape(value, -1), s, D @ np.where(some, before, 0.0).reshape(-1)


def missing(one: Judged, run: Run, params: Params) -> tuple[float, float]:
    """c and e where a claim is c (dJ/dW + e W), of all entries or those but a bias's; else 0."""
    shape = np.shape(numbers(run.before[one.claim.parameter]))
    but_one = [slice(1, None), slice(-1)] if shape else []
    places = [(...,), *((..., part) for part in but_one), *((part,) for part in but_one)]
    for place in places:
        some = np.zeros(shape, bool)
        some[place] = True
        if found := _fit(one, one.mode, run, params, 4, some=some):
            return found[0], found[1] / found[0]
    return 0.0, 0.0


def _fit(
    one: Judged,
    mode: str,
    run: Run,
    params: Params,
    least: int,
    known: Sequence[float] = (),
    some: Any = None,
) -> tuple[float, float] | None:
    """c and e where a claim is c dJ/dW + e W, and two numbers do not fit it by chance.

    Of two entries e is found where c is known.
    """
    y, s, w = _terms(one, mode, run, params, some)
    entries = np.count_nonzero(one.claim.value(run))
    A = np.stack([s, w], axis=1)
    if entries >= 3 and len(s) >= least:
        x = np.linalg.lstsq(A, y, rcond=None)[0]
    elif entries == len(s) == 2 and known and w @ w:
        x = np.array([known[0], w @ (y - known[0] * s) / (w @ w)])
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
