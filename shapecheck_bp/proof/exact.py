"""Answer 3: the same to the last bit, where nothing is rounded.

Whole pixels, weights of -1, 0 and 1, relu and identity, m a power of two: every intermediate result
and every partial sum is a whole number of 1/m, small enough to be represented exactly. Then the
order of a sum cannot matter, and both conventions must give the same bits on any hardware.

That nothing is rounded is checked: the code runs once on arrays that bound their own rounding, and
only what has the bound zero is held to this answer. On such numbers the texts' own derivations,
loops over indices in three layouts, must give the same bits as well.
"""

from collections.abc import Iterator
from itertools import product
from types import ModuleType
from typing import Any

import numpy as np

from shapecheck_bp.data import digits
from shapecheck_bp.derivations import design_matrix, layers, tensors
from shapecheck_bp.network import Layer, Network
from shapecheck_bp.proof import choices
from shapecheck_bp.proof.cases import (
    Case,
    describe,
    public_names,
    refusal,
)
from shapecheck_bp.proof.floating import compare
from shapecheck_bp.proof.numeric import NO_ARGUMENTS, calls, outcomes, pool, unlike
from shapecheck_bp.proof.report import Answer, Check
from shapecheck_bp.shapes.switch import enforce
from shapecheck_bp.tracing.naming import quantities
from shapecheck_bp.transpose import flip

ROUNDS = "it rounds, whatever it is given"
FUNCTIONS = ("relu", "identity")
# float64 holds whole numbers up to 2 ** 53, float32 up to 2 ** 24: fewer examples, black or white.
PROBLEMS = (("float64", 128, 32, 1), ("float64", 1, 4, 1), ("float32", 4, 8, 16))


def exact(column: ModuleType, row: ModuleType) -> Answer:
    """Compare the bits of every result whose rounding is bounded by zero."""
    checks: list[Check] = []
    rounded: set[str] = set()
    left_out = {}
    names = public_names(column, row)
    try:
        problems = list(_problems())
    except Exception as error:  # whatever a broken module may raise
        problems = []
        checks.append(Check("gradients", "J", "", False, refusal(["J"], error)[1]))
    for given in problems:
        net, dtype, m = given["net"], given["X"].dtype, given["X"].shape[1]
        for name in names:
            found = list(calls(name, column, given))
            for case in found:
                about = f"{case.about or f'{net.hidden}, {net.output}'}, {dtype}, m = {m}"
                verdict = list(compare(case._replace(about=about), column, row, exactly=True))
                if name == "one_hot":
                    verdict += _hot(case, column)
                checks += verdict
                rounded |= {name} if not verdict else set()
            if not found:
                left_out[name] = NO_ARGUMENTS
    checks += [*_chosen(column, row, names), *_refusals(column, row, names)]
    checks += _derived(column, row)
    covered = {check.function for check in checks}
    left_out |= {name: ROUNDS for name in rounded - covered}
    return Answer(
        name="exact",
        question="Are they the same to the last bit, where nothing is rounded?",
        ran="both modules on digits as whole numbers, weights -1, 0, 1, relu and identity",
        found=f"{len(checks)} comparisons, bit by bit",
        checks=checks,
        left_out=left_out,
    )


def _problems() -> Iterator[dict[str, Any]]:
    for place, (dtype, m, units, levels) in enumerate(PROBLEMS):
        train = digits("column", dtype).train
        X = np.floor(train.X[:, :m] * (16 // levels))
        for hidden, output in product(FUNCTIONS, repeat=2) if not place else [FUNCTIONS]:
            net = Network((64, units, 10), hidden, output)
            yield pool(net, _weights(net, dtype), X, train.Y[:, :m])
        two = Network((64, units, 1), FUNCTIONS[0], "sigmoid")  # its predictions are exact
        yield pool(two, _weights(two, dtype), X, train.Y[:1, :m])


def _weights(net: Network, dtype: str) -> tuple[Layer[Any, Any], ...]:
    random = np.random.default_rng(0)
    return tuple(
        Layer(
            random.integers(-1, 2, size=(n_out, n_in)).astype(dtype),
            random.integers(-1, 2, size=(n_out, 1)).astype(dtype),
        )
        for n_in, n_out in zip(net.sizes, net.sizes[1:], strict=False)
    )


def _hot(case: Case, column: ModuleType) -> Iterator[Check]:
    """Whether one_hot gives what is stated of it."""
    try:
        same = np.array_equal(choices.one_hot(*case.arguments), column.one_hot(*case.arguments))
    except Exception:  # whatever a broken copy of a module may raise
        same = False
    reason = "" if same else "is not what its statement says"
    yield Check("one_hot", "Y as stated", case.about, same, reason)


def _chosen(column: ModuleType, row: ModuleType, names: list[str]) -> Iterator[Check]:
    """For every network: are its draws and its choices what they are said to be, in both?"""
    for net, seed in choices.networks():
        arguments: dict[str, tuple[Any, ...]] = {"init": (net, seed, "float64")}
        arguments["predict"] = choices.to_predict(net, seed)
        for name in filter(names.__contains__, arguments):
            case = Case(name, describe(net), arguments[name])
            expected = choices.STATEMENTS[name](*case.arguments)
            try:
                both = outcomes(case, column, row)
            except Exception as error:  # whatever a broken copy of a module may raise
                yield Check(name, "as stated", case.about, False, refusal([name], error)[1])
                continue
            for convention, found in zip(("column", "row"), both, strict=True):
                turned = flip(found) if convention == "row" else found
                reason = choices.unlike(expected, turned)
                if name == "init" and not reason:
                    reason = choices.wrong_variance(net, turned)
                about = f"{convention}, {case.about}"
                yield Check(name, "as stated", about, not reason, reason)


def _refusals(column: ModuleType, row: ModuleType, names: list[str]) -> Iterator[Check]:
    """Whether both conventions refuse bad data and bad labels, for the reason that is stated."""
    for name, about, arguments, message in choices.to_refuse():
        if name in names:
            try:
                said = outcomes(Case(name, about, arguments), column, row)
            except Exception as error:  # whatever a broken copy of a module may raise
                yield Check(name, "refusals", about, False, refusal([name], error)[1])
                continue
            for convention, words in zip(("column", "row"), said, strict=True):
                holds = isinstance(words, str) and words.startswith(f"refuses: {message}")
                reason = "" if holds else f"{words if isinstance(words, str) else 'accepts it'}"
                yield Check(name, "refusals", f"{convention}, {about}", holds, reason)


def _derived(column: ModuleType, row: ModuleType) -> Iterator[Check]:
    """The gradients beside the texts' own derivations, which share no code with the modules."""
    random = np.random.default_rng(0)
    for hidden, output in product(FUNCTIONS, repeat=2):
        net = Network((3, 4, 2), hidden, output)
        params = _weights(net, "float64")
        X, Y = (random.integers(0, 5, size=(n, 4)).astype(float) for n in (3, 2))
        given = (net, params, X, Y)
        texts = {
            "layers": layers.gradients(*given),
            "design matrix": flip(design_matrix.gradients(*flip(given))),
            "tensors": flip(tensors.gradients(*given)),
        }
        for convention, bp in (("column", column), ("row", row)):
            try:
                with enforce(True):
                    _, grads = (
                        flip(bp.gradients(*flip(given))) if bp is row else bp.gradients(*given)
                    )
                found = [value for _, value in quantities(["grads"], grads)]
            except Exception as error:  # whatever a broken copy of a module may raise
                yield Check("gradients", "J", convention, False, refusal(["J"], error)[1])
                continue
            for text, derived in texts.items():
                about = f"{convention} against {text}, {hidden}, {output}"
                named = quantities(["grads"], derived)
                for (quantity, wanted), got in zip(named, found, strict=True):
                    reason = unlike(wanted, got)
                    yield Check("gradients", quantity, about, not reason, reason)
