"""Answer 2: the running code, in floating point, on real data.

Formulas are not rounded, and code is. Sums made in another order round differently, so that the two
conventions differ in the last digits. How far a result is likely to be off is derived, not chosen:
the shipped code runs on arrays of which each rounding is moved by what it may add (``rounding``).
Two results are further apart than √2 times the bound of one with the probability that is stated
there.

So each function is held, in both conventions and both float types, to the same formulas in float64;
on a Z, too, that is so large that exp(Z) is no number any more, and in blocks of examples; and the
gradients on all the data. What is drawn or chosen has no formula in real numbers, and is held to a
statement (``choices``).
"""

from collections.abc import Iterator
from functools import partial
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from shapecheck_bp import column as shipped
from shapecheck_bp.network import Network
from shapecheck_bp.proof.cases import (
    NO_FORMULA,
    Case,
    cases,
    compared,
    every_function,
    outcome,
)
from shapecheck_bp.proof.choices import chosen
from shapecheck_bp.proof.report import Answer, Check
from shapecheck_bp.proof.rounding import Rounded, in_runs, likely, of_floats
from shapecheck_bp.shapes.law import Law
from shapecheck_bp.shapes.making import Maker
from shapecheck_bp.transpose import flip

DTYPES = ("float64", "float32")
NARROWEST = DTYPES[-1]
FEW, IN_BLOCKS = 20, 8  # examples for the functions one by one
ALL = "all"  # of the data
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

    @property
    def reason(self) -> str:
        """Why it is not likely to be rounding."""
        words = f"{self.eps:.3g} eps apart; rounding is likely to make {self.bound:.3g}"
        return "" if self.agrees else words


def floating(
    column: ModuleType, row: ModuleType, net: Network, params: Any, X: Any, Y: Any
) -> Answer:
    """Hold every function to its formulas, and the gradients on all the data too."""
    measured = [Difference(0, "", 0, 0, True)]
    checks, left_out = every_function(
        (column, row),
        lambda name, law: _cases(name, law, net, (params, X, Y)),
        lambda case: held(case, column, row, measured if case.about == ALL else []),
    )
    largest = max(measured, key=lambda difference: difference.eps)
    checks += chosen(column, row)
    left_out = {name: why for name, why in left_out.items() if why != NO_FORMULA}
    return Answer(
        name="floating",
        question="Does the running code do what its formulas say, but for rounding?",
        ran=f"both modules, {'-'.join(map(str, net.sizes))}, m = {X.shape[1]}, "
        + " and ".join(DTYPES),
        found=f"gradients at most {largest.eps:.1f} eps apart; rounding is likely to make at most"
        f" {largest.bound:.0f} eps",
        checks=checks,
        left_out=left_out,
    )


def differences(
    column: ModuleType, row: ModuleType, net: Network, params: Any, X: Any, Y: Any
) -> list[Difference]:
    """Compare ``row.gradients(*flip(args))`` with ``flip(column.gradients(*args))``."""
    args = (net, params, X, Y)
    _, ours = column.gradients(*args)
    _, theirs = flip(row.gradients(*flip(args)))
    with np.errstate(all="ignore"):
        _, bounded = likely([shipped.gradients(*moved) for moved in in_runs(args)])
    return [
        difference(a, b, bound, layer, quantity)
        for layer, triple in enumerate(zip(ours, theirs, bounded, strict=True), start=1)
        for quantity, a, b, bound in zip(("dW", "db"), *triple, strict=True)
    ]


def difference(a: Any, b: Any, bounded: Rounded, layer: int = 0, quantity: str = "") -> Difference:
    """How far two arrays are apart, each of which is likely to be off by the error at most."""
    apart = np.abs(np.float64(a) - np.float64(b))
    allowed = 2**0.5 * bounded.error(a.dtype)
    unit = float(np.max(np.abs(a))) * float(np.finfo(a.dtype).eps) or 1.0
    eps, bound = float(np.max(apart)) / unit, float(np.max(allowed)) / unit
    return Difference(layer, quantity, eps, bound, bool(np.all(apart <= allowed)))


def held(
    case: Case, column: ModuleType, row: ModuleType, measured: list[Difference]
) -> Iterator[Check]:
    """Whether both conventions give in every float type what the same formulas give in float64.

    How far they are from it is put into ``measured``.
    """
    # The bound is the shipped module's: a fault must not widen what it is judged by.
    judge = shipped if hasattr(shipped, case.function) else column
    with np.errstate(all="ignore"):
        runs = [
            outcome(case._replace(arguments=moved, settings={}), "column", judge)
            for moved in in_runs(case.arguments)
        ]
        refused = next((run for run in runs if isinstance(run, Check)), None)
        expected = refused or likely(runs)
        for dtype in DTYPES:
            about, arguments = f"{case.about}, {dtype}".lstrip(", "), _cast(case.arguments, dtype)
            given = case._replace(about=about, arguments=arguments)
            yield from compared(given, column, row, expected, partial(_unlike, dtype, measured))


def _cases(name: str, law: Law, net: Network, data: tuple[Any, Any, Any]) -> Iterator[Case]:
    """The calls of a function on random arrays: with a large Z, too, and in blocks of examples."""
    if name == "gradients":
        yield Case(name, ALL, (net, *_cast(data, NARROWEST)))
    for case in cases(name, law, [net], partial(Maker, m=FEW)):
        case = case._replace(arguments=_cast(case.arguments, NARROWEST))
        yield case
        given = dict(zip(law.signature.parameters, case.arguments, strict=False))
        if "Z" in given:
            large = given | {"Z": given["Z"] * np.asarray(LARGE, NARROWEST)}
            about = f"large Z, {case.about}".rstrip(", ")
            yield case._replace(about=about, arguments=tuple(large.values()))
        if "block_size" in law.signature.parameters:
            about = f"{case.about}, in blocks of {IN_BLOCKS}"
            yield case._replace(about=about, settings={"block_size": IN_BLOCKS})


def _cast(value: Any, dtype: str) -> Any:
    return of_floats(value, lambda one: one.astype(dtype))


def _unlike(dtype: str, measured: list[Difference], a: Any, truth: Any) -> str:
    """Why a result is further from the truth than rounding is likely to bring it."""
    if not isinstance(truth, Rounded):
        return "" if np.array_equal(a, truth) else f"is {a!r}, and should be {truth!r}"
    if (a.shape, a.dtype) != (truth.value.shape, dtype):
        return f"is {a.dtype} of {a.shape}, and should be {dtype} of {truth.value.shape}"
    if not np.all(np.isfinite(a)):
        return "is not finite"
    measured.append(difference(np.asarray(a), truth.value.astype(dtype), truth))
    return measured[-1].reason
