"""Answer 4: in ordinary floating point, on real data.

Sums made in another order round differently, so that the two conventions differ in the last
digits. How far they may is derived, not chosen: the code runs on arrays that carry a bound on their
rounding, from the sizes of the sums and of what is summed, and no two results in whatever order of
summation are further apart than twice that bound.
"""

from collections.abc import Iterator
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from shapecheck_bp import column as shipped
from shapecheck_bp.network import Layer, Network
from shapecheck_bp.proof.cases import law_for, public_names, refusal
from shapecheck_bp.proof.numeric import (
    NO_ARGUMENTS,
    at_once,
    calls,
    is_float,
    lifted,
    outcomes,
    pool,
    unlike,
)
from shapecheck_bp.proof.oracles import frameworks, slope
from shapecheck_bp.proof.report import Answer, Check
from shapecheck_bp.proof.rounding import Rounded
from shapecheck_bp.shapes.switch import enforce
from shapecheck_bp.tracing.naming import quantities, result_names
from shapecheck_bp.transpose import flip, map_leaves

STEP = 2.0**-17  # of the central differences, for weights of about one
DTYPES = ("float64", "float32")
LARGE = 1e4  # of the Z that no softmax and no sigmoid may overflow on


class Difference(NamedTuple):
    """How far one quantity differs between the conventions, in units of eps.

    ``eps`` is the largest difference relative to the largest entry; ``bound`` the largest that
    rounding can make it.
    """

    layer: int
    quantity: str
    eps: float
    bound: float
    agrees: bool


def floating(
    column: ModuleType,
    row: ModuleType,
    net: Network,
    params: Any,
    X: Any,
    Y: Any,
    *,
    autograd: bool = True,
) -> Answer:
    """Compare every function on real data, and the gradients with oracles besides."""
    checks: list[Check] = []
    figures: list[dict[str, Any]] = []
    left_out = {}
    try:
        for dtype in DTYPES:
            arguments = _cast((params, X, Y), dtype)
            given = pool(net, *arguments)
            for name in public_names(column, row):
                found = list(calls(name, column, given))
                law = law_for(name, column)
                if law and "Z" in law.signature.parameters:
                    found += calls(name, column, given | {"Z": LARGE * given["Z"]})
                for case in found:
                    about = ", ".join(filter(None, (case.about, dtype)))
                    checks += _compare(case._replace(about=about), column, row)
                if not found:
                    left_out[name] = NO_ARGUMENTS
            figures += _figures(column, row, net, arguments, dtype)
        checks += _oracles(column, net, params, X, Y, figures, autograd)
    except Exception as error:  # whatever a broken module may raise
        checks.append(Check("gradients", "J", "", False, refusal(["J"], error)[1]))
    worst = max((figure["apart"] for figure in figures), default=0.0)
    m, beside = X.shape[1], {"PyTorch", "JAX"} & {key for figure in figures for key in figure}
    return Answer(
        name="floating",
        question="How far apart are they in floating point, in units of eps?",
        ran=f"both modules, {'-'.join(map(str, net.sizes))}, m = {m}, {' and '.join(DTYPES)}",
        found=f"at most {worst:.1f} eps apart, under the bound derived for each",
        checks=checks,
        left_out=left_out,
        figures=figures,
        legend="apart: column from row; bound: the most that rounding can make\n"
        "off slope: dW or db from a slope of J by central differences, relative\n"
        "uncertain by: how far that slope is known"
        + "\nPyTorch, JAX: column from their own gradients"
        * bool(beside),
    )


def differences(
    column: ModuleType, row: ModuleType, net: Network, params: Any, X: Any, Y: Any
) -> list[Difference]:
    """Compare ``row.gradients(*flip(args))`` with ``flip(column.gradients(*args))``."""
    args = (net, params, X, Y)
    _, ours = column.gradients(*args)
    _, theirs = flip(row.gradients(*flip(args)))
    _, bounded = shipped.gradients(*lifted(args))
    return [
        _difference(layer, quantity, *three)
        for layer, triple in enumerate(zip(ours, theirs, bounded, strict=True), start=1)
        for quantity, *three in zip(("dW", "db"), *triple, strict=True)
    ]


def _difference(layer: int, quantity: str, a: Any, b: Any, bounded: Rounded) -> Difference:
    apart, allowed = np.abs(np.float64(a) - np.float64(b)), 2 * bounded.error
    unit = float(np.max(np.abs(a))) * float(np.finfo(a.dtype).eps) or 1.0
    allowed = np.where(np.isfinite(allowed), allowed, np.inf)  # no bound where numbers overflow
    eps, bound = float(np.max(apart)) / unit, float(np.max(allowed)) / unit
    return Difference(layer, quantity, eps, bound, bool(np.all(apart <= allowed)))


def _compare(case: Any, column: ModuleType, row: ModuleType) -> Iterator[Check]:
    names = result_names(getattr(column, case.function, None))
    try:
        here, there = outcomes(case, column, row)
        if isinstance(here, str) or isinstance(there, str):
            reason = "" if here == there else f"column: {here}; row: {there}"
            yield Check(case.function, names[0], case.about, not reason, reason)
            return
        there = flip(there)
        with enforce(True):
            floats = _has_floats(here) and _has_floats(case.arguments)
            # The bound is the shipped module's: a fault must not widen what it is judged by.
            judge = getattr(shipped if hasattr(shipped, case.function) else column, case.function)
            bounded = judge(*lifted(case.arguments)) if floats else lifted(here)
        triples = zip(*(quantities(names, one) for one in (here, there, bounded)), strict=True)
        for (quantity, a), (_, b), (_, bound) in triples:
            reason = _reason(a, b, bound)
            yield Check(case.function, quantity, case.about, not reason, reason)
        if whole := at_once(case, law_for(case.function, column)):
            together = getattr(column, case.function)(*whole.arguments)
            four = here, bounded, together, judge(*lifted(whole.arguments))
            matched = zip(*(quantities(names, one) for one in four), strict=True)
            for (quantity, a), (_, bound), (_, b), (_, other) in matched:
                error = np.maximum(bound.error, other.error)
                reason = _reason(a, b, Rounded(b, error, None, b.dtype))
                about = f"{case.about}, against all at once"
                yield Check(case.function, quantity, about, not reason, reason)
    except Exception as error:  # whatever a broken copy of a module may raise
        quantity, reason = refusal(names, error)
        yield Check(case.function, quantity, case.about, False, reason)


def _reason(a: Any, b: Any, bound: Any) -> str:
    """Why two results are further apart than rounding can bring them."""
    if not isinstance(bound, Rounded) or (a.shape, a.dtype) != (b.shape, b.dtype):
        return unlike(a, b)
    if not np.all(np.isfinite(a)):
        return "is not finite"
    found = _difference(0, "", np.asarray(a), np.asarray(b), bound)
    return "" if found.agrees else f"{found.eps:.3g} eps apart; rounding makes {found.bound:.3g}"


def _figures(
    column: ModuleType, row: ModuleType, net: Network, arguments: Any, dtype: str
) -> list[dict[str, Any]]:
    try:
        found = differences(column, row, net, *arguments)
    except Exception:  # which the checks have refused
        return []
    return [
        {
            "type": dtype,
            "quantity": f"{one.quantity}[{one.layer}]",
            "apart": one.eps,
            "bound": one.bound,
        }
        for one in found
    ]


def _oracles(
    column: ModuleType,
    net: Network,
    params: Any,
    X: Any,
    Y: Any,
    figures: list[dict[str, Any]],
    autograd: bool,
) -> Iterator[Check]:
    """The gradients in float64 beside what others make of the same J; adds to the figures."""
    params, X, Y = _cast((params, X, Y), "float64")
    _, grads = column.gradients(net, params, X, Y)
    J_bounded, bounded = shipped.gradients(net, *lifted((params, X, Y)))
    exact_to = float(J_bounded.error)
    wide = [figure for figure in figures if figure["type"] == "float64"]
    for place, (quantity, dtheta) in enumerate(quantities(["grads"], grads)):
        found, allowed, size = _slope(column, net, params, X, Y, place, dtheta, exact_to)
        reason = f"{found:.3g} from the slope of J, which is known to {allowed:.3g}"
        holds = found <= allowed
        yield Check("gradients", quantity, "central differences", holds, "" if holds else reason)
        if place < len(wide):
            wide[place] |= {"off slope": found / size, "uncertain by": allowed / size}
    for name, oracle in (frameworks() if autograd else {}).items():
        theirs = [array for pair in oracle(net, params, X, Y)[1] for array in pair]
        ours = quantities(["grads"], grads)
        bounds = [one for _, one in quantities(["grads"], bounded)]
        for place, ((quantity, a), b, bound) in enumerate(zip(ours, theirs, bounds, strict=True)):
            one = _difference(0, quantity, a, b, bound)
            reason = f"{one.eps:.3g} eps apart; rounding makes {one.bound:.3g}"
            yield Check("gradients", quantity, name, one.agrees, "" if one.agrees else reason)
            if place < len(wide):
                wide[place][name] = one.eps


def _slope(
    column: ModuleType,
    net: Network,
    params: Any,
    X: Any,
    Y: Any,
    place: int,
    dtheta: Any,
    exact_to: float,
) -> tuple[float, float, float]:
    """The slope of J along random signs of one matrix: how far off, how far known, how large.

    It is known to the change that a step of twice the size makes, and to J's own rounding.
    """
    flat = [array for layer in params for array in layer]
    signs = np.random.default_rng(place).choice([-1.0, 1.0], size=flat[place].shape)

    def cost(theta: Any) -> float:
        arrays = [*flat[:place], theta, *flat[place + 1 :]]
        moved = tuple(map(Layer, arrays[::2], arrays[1::2]))
        return float(column.cost(net, column.forward(net, moved, X), Y))

    near, far = (slope(cost, flat[place], signs, h) for h in (STEP, 2 * STEP))
    expected = float(np.sum(dtheta * signs))
    size = float(np.sum(np.abs(dtheta))) or 1.0
    return abs(near - expected), abs(near - far) + exact_to / STEP, size


def _has_floats(value: Any) -> bool:
    return any(map(_has_floats, value)) if isinstance(value, tuple) else is_float(value)


def _cast(value: Any, dtype: str) -> Any:
    return map_leaves(lambda one: np.asarray(one, dtype=dtype), value)
