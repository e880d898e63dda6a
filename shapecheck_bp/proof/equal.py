"""Answer 1: equal for all shapes and all values.

The law

    row.f(*flip(args)) == flip(column.f(*args))

holds where both sides have the same shape and the same entry in row i and column j.
"""

from collections.abc import Iterator
from typing import Any

from shapecheck_bp.proof.cases import LONGEST, Case
from shapecheck_bp.proof.report import Answer, Check
from shapecheck_bp.proof.running import Found, Runs, not_enforced
from shapecheck_bp.proof.symbols import Symbolic, same


def equal(runs: Runs) -> Answer:
    """Decide the law for every run."""
    checks = [*runs.refused]
    for name in dict.fromkeys(run.case.function for run in runs.made):
        checks += not_enforced(name, runs.column, runs.row)
        for case, column, row in runs.made:
            if case.function == name:
                checks += compared(case, name, column, row, "flip of column: {0}; row: {1}")
    return Answer(
        name="equal",
        question="Do both conventions give the same, for all shapes and all values?",
        ran=runs.ran,
        found=f"{len(checks)} comparisons of formulas",
        checks=checks,
        left_out=runs.left_out,
    )


def compared(case: Case, place: str, here: Found, there: Found, words: str) -> Iterator[Check]:
    """Whether two results have the same formulas, one quantity after another."""
    for found in (here, there):
        if isinstance(found, Check):
            yield found._replace(function=place)
            return
    assert isinstance(here, list)
    assert isinstance(there, list)
    if [name for name, _ in here] != [name for name, _ in there]:
        listed = [", ".join(name for name, _ in one) for one in (here, there)]
        yield Check(place, here[0][0], case.about, False, words.format(*listed))
        return
    for (quantity, a), (_, b) in zip(here, there, strict=True):
        try:
            holds = same(a, b) if isinstance(a, Symbolic) and isinstance(b, Symbolic) else a is b
            reason = "" if holds else _short(words.format(written(a), written(b)))
        except (ValueError, ArithmeticError) as error:  # formulas of kinds that are not decided
            holds, reason = False, _short(f"could not be decided: {error}")
        yield Check(place, quantity, case.about, bool(holds), reason)


def written(value: Any) -> str:
    """An array as its formula and shape."""
    if not isinstance(value, Symbolic):
        return repr(value)
    return f"{value.formula.line} ({', '.join(map(str, value.shape))})"


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= LONGEST else flat[: LONGEST - 1] + "…"
