"""Answer 4: in ordinary floating point, on real data.

Sums made in another order round differently, so that the two conventions differ in the last
digits. How far they are likely to is derived, not chosen: the code runs on arrays that carry what
each rounding on the way may add to them (``rounding``), and two results are further apart than √2
times the bound of one with the probability that is stated there.
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
FEW = 256  # examples for the functions one by one; the gradients are compared on all
LARGE = 1e4  # of the Z that no softmax and no sigmoid may overflow on


class Difference(NamedTuple):
    """How far one quantity differs between the conventions, in units of eps.

    ``eps`` is the largest difference relative to the largest entry; ``bound`` the largest that
    rounding is likely to make it.
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
    bounds: list[Any] = []
    left_out = {}
    try:
        for dtype in DTYPES:
            arguments = _cast((params, X, Y), dtype)
            few = (X[:, :FEW] for X in arguments[1:])
            given = pool(net, arguments[0], *few)
            for name in public_names(column, row):
                found = list(calls(name, column, given))
                law = law_for(name, column)
                if law and "Z" in law.signature.parameters:
                    found += calls(name, column, given | {"Z": LARGE * given["Z"]})
                for case in found:
                    about = ", ".join(filter(None, (case.about, dtype)))
                    checks += compare(case._replace(about=about), column, row)
                if not found:
                    left_out[name] = NO_ARGUMENTS
            with enforce(True):
                bounded = shipped.gradients(*lifted((net, *arguments)))
            bounds.append(bounded)
            figures += _figures(column, row, net, arguments, dtype, bounded)
        checks += _oracles(column, net, params, X, Y, figures, bounds[0], autograd)
    except Exception as error:  # whatever a broken module may raise
        checks.append(Check("gradients", "J", "", False, refusal(["J"], error)[1]))
    worst = max((figure["apart"] for figure in figures), default=0.0)
    m, beside = X.shape[1], {"PyTorch", "JAX"} & {key for figure in figures for key in figure}
    return Answer(
        name="floating",
        question="How far apart are they in floating point, in units of eps?",
        ran=f"both modules, {'-'.join(map(str, net.sizes))}, m = {m}, {' and '.join(DTYPES)}",
        found=f"at most {worst:.1f} eps apart, under the bound that is likely for each",
        checks=checks,
        left_out=left_out,
        figures=figures,
        legend="apart: column from row; bound: what rounding is likely to make at most\n"
        "off slope: dW or db from a slope of J by central differences, relative\n"
        "uncertain by: how far that slope is known"
        + "\nPyTorch, JAX: column from their own gradients"
        * bool(beside),
    )


def differences(
    column: ModuleType,
    row: ModuleType,
    net: Network,
    params: Any,
    X: Any,
    Y: Any,
    bounds: Any = None,
) -> list[Difference]:
    """Compare ``row.gradients(*flip(args))`` with ``flip(column.gradients(*args))``.

    ``bounds`` are those of ``column.gradients``, where they are known.
    """
    args = (net, params, X, Y)
    _, ours = column.gradients(*args)
    _, theirs = flip(row.gradients(*flip(args)))
    _, bounded = bounds or shipped.gradients(*lifted(args))
    return [
        _difference(layer, quantity, a, b, bound.error)
        for layer, triple in enumerate(zip(ours, theirs, bounded, strict=True), start=1)
        for quantity, a, b, bound in zip(("dW", "db"), *triple, strict=True)
    ]


def _difference(layer: int, quantity: str, a: Any, b: Any, error: Any) -> Difference:
    apart, allowed = np.abs(np.float64(a) - np.float64(b)), 2**0.5 * error
    unit = float(np.max(np.abs(a))) * float(np.finfo(a.dtype).eps) or 1.0
    allowed = np.where(np.isfinite(allowed), allowed, np.inf)  # no bound where numbers overflow
    eps, bound = float(np.max(apart)) / unit, float(np.max(allowed)) / unit
    return Difference(layer, quantity, eps, bound, bool(np.all(apart <= allowed)))


def compare(
    case: Any, column: ModuleType, row: ModuleType, exactly: bool = False
) -> Iterator[Check]:
    """Whether both conventions give the same but for rounding, and blocks the same as the whole.

    ``exactly`` leaves out what is rounded; where nothing is, the same means the same bits.
    """
    names = result_names(getattr(column, case.function, None))
    try:
        here, there = outcomes(case, column, row)
        if isinstance(here, str) or isinstance(there, str):
            reason = "" if here == there else f"column: {here}; row: {there}"
            yield Check(case.function, names[0], case.about, not reason, reason)
            return
        with enforce(True):
            floats = _has_floats(here) and _has_floats(case.arguments)
            # The bound is the shipped module's: a fault must not widen what it is judged by.
            judge = getattr(shipped if hasattr(shipped, case.function) else column, case.function)
            bounded = judge(*lifted(case.arguments)) if floats else lifted(here)
            pairs = [(case.about, flip(there), bounded)]
            if whole := at_once(case, law_for(case.function, column)):
                together = getattr(column, case.function)(*whole.arguments)
                about = f"{case.about}, against all at once"
                pairs.append((about, together, judge(*lifted(whole.arguments))))
        errors = [[_error(one) for _, one in quantities(names, pair[2])] for pair in pairs]
        if exactly and any(np.any(one) for one in errors[0]):
            return
        for (about, other, _), own in zip(pairs, errors, strict=True):
            triples = zip(quantities(names, here), quantities(names, other), strict=True)
            for ((quantity, a), (_, b)), *both in zip(triples, errors[0], own, strict=True):
                reason = _reason(a, b, np.maximum(*both) if both[0] is not None else None)
                yield Check(case.function, quantity, about, not reason, reason)
    except Exception as error:  # whatever a broken copy of a module may raise
        quantity, reason = refusal(names, error)
        yield Check(case.function, quantity, case.about, False, reason)


def _error(bounded: Any) -> Any:
    return bounded.error if isinstance(bounded, Rounded) else None


def _reason(a: Any, b: Any, error: Any) -> str:
    """Why two results are further apart than rounding is likely to bring them."""
    if error is None or not error.any() or (a.shape, a.dtype) != (b.shape, b.dtype):
        return unlike(a, b)
    if not np.all(np.isfinite(a)):
        return "is not finite"
    found = _difference(0, "", np.asarray(a), np.asarray(b), error)
    if found.agrees:
        return ""
    return f"{found.eps:.3g} eps apart; rounding is likely to make {found.bound:.3g}"


def _figures(
    column: ModuleType, row: ModuleType, net: Network, arguments: Any, dtype: str, bounds: Any
) -> list[dict[str, Any]]:
    try:
        params, X, Y = arguments
        found = differences(column, row, net, params, X, Y, bounds)
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
    bounds: Any,
    autograd: bool,
) -> Iterator[Check]:
    """The gradients in float64 beside what others make of the same J; adds to the figures."""
    params, X, Y = _cast((params, X, Y), "float64")
    _, grads = column.gradients(net, params, X, Y)
    J_bounded, bounded = bounds
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
            one = _difference(0, quantity, a, b, bound.error)
            reason = f"{one.eps:.3g} eps apart; rounding is likely to make {one.bound:.3g}"
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
