"""Answer 3: the running code, in floating point, on real data.

Formulas are not rounded, and code is. Sums made in another order round differently, so that the two
conventions differ in the last digits. How far they are likely to is derived, not chosen: the
shipped code runs on arrays that measure what each rounding on the way may add (``rounding``). Two
results are further apart than √2 times the bound of one with the probability that is stated there.

So each function's result in ``row`` is held to that in ``column``, and both to the same formulas in
float64, from which float32 may be off by its own rounding; on the data as they are, and with a Z so
large that exp(Z) is no number any more. What is drawn or chosen has no formula in real numbers, and
is held to a statement (``choices``).
"""

from collections.abc import Iterator
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from shapecheck_bp import column as shipped
from shapecheck_bp.network import Network
from shapecheck_bp.proof.cases import Case, law_for, public_names, refusal
from shapecheck_bp.proof.choices import chosen
from shapecheck_bp.proof.numeric import calls, is_float, lifted, outcomes, pool
from shapecheck_bp.proof.report import Answer, Check
from shapecheck_bp.proof.rounding import Rounded
from shapecheck_bp.shapes.switch import enforce
from shapecheck_bp.tracing.naming import quantities, result_names
from shapecheck_bp.transpose import flip, map_leaves

NO_ARGUMENTS = "its parameters have names that no array is known for"
DTYPES = ("float64", "float32")
FEW = 64  # examples for the functions one by one; the gradients are compared on all


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
    column: ModuleType, row: ModuleType, net: Network, params: Any, X: Any, Y: Any
) -> Answer:
    """Compare every function on real data, and the gradients on all of them."""
    checks: list[Check] = []
    figures: list[dict[str, Any]] = []
    left_out: dict[str, str] = {}
    names = public_names(column, row)
    try:
        for dtype in DTYPES:
            params, X, Y = map_leaves(lambda one, to=dtype: np.asarray(one, to), (params, X, Y))
            given = pool(net, params, X[:, :FEW], Y[:, :FEW])
            for name in names:
                found = list(calls(name, column, given))
                left_out |= {} if found else {name: NO_ARGUMENTS}
                for case in found:
                    checks += compare(case, column, row)
            for one in differences(column, row, net, params, X, Y):
                quantity = f"{one.quantity}[{one.layer}]"
                figures.append(
                    {"type": dtype, "quantity": quantity, "apart": one.eps, "bound": one.bound}
                )
                reason = "" if one.agrees else _too_far(one)
                checks.append(Check("gradients", quantity, f"all, {dtype}", one.agrees, reason))
    except Exception as error:  # whatever a broken module may raise
        checks.append(Check("gradients", "J", "", False, refusal(["J"], error)[1]))
    checks += chosen(column, row, names)
    worst = max((figure["apart"] for figure in figures), default=0.0)
    return Answer(
        name="floating",
        question="Does the running code do what its formulas say, but for rounding?",
        ran=f"both modules, {'-'.join(map(str, net.sizes))}, m = {X.shape[1]}, "
        + " and ".join(DTYPES),
        found=f"at most {worst:.1f} eps apart, under the bound that is likely for each",
        checks=checks,
        left_out=left_out,
        figures=figures,
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
        difference(layer, quantity, a, b, bound.error)
        for layer, triple in enumerate(zip(ours, theirs, bounded, strict=True), start=1)
        for quantity, a, b, bound in zip(("dW", "db"), *triple, strict=True)
    ]


def difference(layer: int, quantity: str, a: Any, b: Any, error: Any) -> Difference:
    """How far two arrays are apart, each of which is likely to be off by the error at most."""
    apart, allowed = np.abs(np.float64(a) - np.float64(b)), 2**0.5 * error
    unit = float(np.max(np.abs(a))) * float(np.finfo(a.dtype).eps) or 1.0
    eps, bound = float(np.max(apart)) / unit, float(np.max(allowed)) / unit
    return Difference(layer, quantity, eps, bound, bool(np.all(apart <= allowed)))


def compare(case: Case, column: ModuleType, row: ModuleType) -> Iterator[Check]:
    """Whether column gives the same as row, as float64, and as all examples at once."""
    function, about = case.function, case.about
    names = result_names(getattr(column, function, None))
    law = law_for(function, column)
    try:
        here, there = outcomes(case, column, row)
        if isinstance(here, str) or isinstance(there, str):
            reason = "" if here == there else f"column: {here}; row: {there}"
            yield Check(function, names[0], about, not reason, reason)
            return
        others = {about: there}
        bounded: Any = None
        if is_float(here) and is_float(case.arguments):
            # The bound is the shipped module's: a fault must not widen what it is judged by.
            judge = getattr(shipped if hasattr(shipped, function) else column, function)
            with enforce(True):
                bounded = judge(*lifted(case.arguments))
            others[f"{about}, beside float64"] = map_leaves(_wide, bounded)
            if law and "block_size" in law.signature.parameters and case.arguments[-1] is not None:
                whole = case._replace(arguments=(*case.arguments[:-1], None))
                others[f"{about}, against all at once"] = outcomes(whole, column, row)[0]
        errors = [one for _, one in quantities(names, here if bounded is None else bounded)]
        for which, other in others.items():
            pairs = zip(quantities(names, here), quantities(names, other), strict=True)
            for ((quantity, a), (_, b)), own in zip(pairs, errors, strict=True):
                reason = _reason(a, b, own)
                yield Check(function, quantity, which, not reason, reason)
    except Exception as error:  # whatever a broken copy of a module may raise
        quantity, reason = refusal(names, error)
        yield Check(function, quantity, about, False, reason)


def _wide(bounded: Any) -> Any:
    """What came out in float64, rounded once to the type that is meant."""
    return bounded.value.astype(bounded.dtype) if isinstance(bounded, Rounded) else bounded


def _reason(a: Any, b: Any, own: Any) -> str:
    """Why two results are further apart than rounding is likely to bring them."""
    if not isinstance(a, np.ndarray | np.generic):
        return "" if a is b else f"flip of column: {a!r}; row: {b!r}"
    if (a.shape, a.dtype) != (b.shape, b.dtype):
        return f"flip of column: {a.shape} {a.dtype}; row: {b.shape} {b.dtype}"
    if not isinstance(own, Rounded):
        count = int(np.sum(a != b))
        return f"{count} of {a.size} entries differ" if count else ""
    if not np.all(np.isfinite(a)):
        return "is not finite"
    found = difference(0, "", np.asarray(a), np.asarray(b), own.error)
    return "" if found.agrees else _too_far(found)


def _too_far(found: Difference) -> str:
    return f"{found.eps:.3g} eps apart; rounding is likely to make {found.bound:.3g}"
