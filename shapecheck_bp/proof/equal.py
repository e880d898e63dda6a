"""Answer 1: equal for all shapes and all values.

Every public function runs once in each convention on arrays of symbols, n_0, n_1, …, m of any size,
entries of any value, activations any elementwise functions, every annotation enforced. The law

    row.f(*flip(args)) == flip(column.f(*args))

holds where both sides have the same shape and the same entry in row i and column j.
"""

from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any

from shapecheck_bp.law import law_of
from shapecheck_bp.losses import PAIRS
from shapecheck_bp.making import Maker
from shapecheck_bp.network import Network
from shapecheck_bp.proof import symbols
from shapecheck_bp.proof.cases import (
    ENDINGS,
    HIDDEN,
    LONGEST,
    Case,
    cases,
    law_for,
    public_names,
    quantities,
    refusal,
    result_names,
    symbol_of,
    takes_and_gives_floats,
)
from shapecheck_bp.proof.report import Answer, Check
from shapecheck_bp.proof.symbols import Symbolic, same
from shapecheck_bp.switch import enforce
from shapecheck_bp.transpose import flip

NO_FORMULA = "it draws, compares or chooses: no formula in real numbers"


class SymbolMaker(Maker):
    """Makes arrays of symbols, with a symbol for the size of every axis."""

    def size(self, name: str) -> Any:
        """A symbol for any size."""
        return self.sizes.setdefault(name, symbols.size(name))

    def array(self, path: str, hint: Any) -> Any:
        """A matrix symbol, named as the field names what stands there."""
        symbol, layer = symbol_of(path)
        return Symbolic.named(symbol, self.shape(hint), layer)


def equal(column: ModuleType, row: ModuleType, networks: Iterable[Network]) -> Answer:
    """Decide the law for every public function, on every one of these networks."""
    networks = list(networks)
    checks: list[Check] = []
    left_out = {}
    for name in public_names(column, row):
        law = law_for(name, column)
        if law is None or not (hasattr(column, name) and hasattr(row, name)):
            checks.append(Check(name, "the function", "", False, "is not in both conventions"))
        elif not takes_and_gives_floats(law):
            left_out[name] = NO_FORMULA
        else:
            checks += _enforced(name, column, row)
            for case in cases(name, law, networks, SymbolMaker):
                checks += _compare(case, column, row)
    deepest = max(net.L for net in networks)
    return Answer(
        name="equal",
        question="Do both conventions give the same, for all shapes and all values?",
        ran=f"both modules on symbols of any size, with any g: {len(networks)} networks, 1 to"
        f" {deepest} layers",
        found=f"{len(checks)} pairs of formulas compared",
        checks=checks,
        left_out=left_out,
    )


def symbolic_networks(deepest: int, only: Network | None = None) -> Iterator[Network]:
    """Every pair of hidden and output functions at two layers, every kind of ending at all depths.

    With g opaque, endings that apply some g and compare with Y are of one kind.
    """
    if only is not None:
        for depth in range(1, deepest + 1):
            yield _network(depth, only.hidden, only.output, only.loss)
        return
    for output, loss in ENDINGS:
        for hidden in HIDDEN:
            yield _network(2, hidden, output, loss)
    elementwise = next(one for one in ENDINGS if one[0] not in PAIRS)
    for output, loss in [elementwise, *(one for one in ENDINGS if one[0] in PAIRS)]:
        for depth in (1, *range(3, deepest + 1)):
            yield _network(depth, HIDDEN[0], output, loss)


def _network(depth: int, hidden: str, output: str, loss: str | None) -> Network:
    sizes = tuple(symbols.size(f"n_{layer}") for layer in range(depth + 1))
    return Network(sizes, hidden, output, loss)  # type: ignore[arg-type]


def _enforced(name: str, *modules: ModuleType) -> Iterator[Check]:
    for bp in modules:
        held = law_of(getattr(bp, name)) is not None
        where = f"{bp.__name__.rpartition('.')[2]}.{name}"
        yield Check(name, "annotations", "", held, f"{where} is not held to its shapes")


def _compare(case: Case, column: ModuleType, row: ModuleType) -> Iterator[Check]:
    names = result_names(getattr(column, case.function))
    found = []
    for bp, arguments in ((column, case.arguments), (row, flip(case.arguments))):
        try:
            with enforce(True):
                found.append(getattr(bp, case.function)(*arguments))
        except Exception as error:  # whatever a broken copy of a module may raise
            quantity, reason = refusal(names, error)
            convention = "column" if bp is column else "row"
            reason = f"{convention} fails on symbols: {reason}"
            yield Check(case.function, quantity, case.about, False, reason)
            return
    here, there = quantities(names, flip(found[0])), quantities(names, found[1])
    if [name for name, _ in here] != [name for name, _ in there]:
        listed = [", ".join(name for name, _ in one) for one in (here, there)]
        reason = f"column gives {listed[0]}; row gives {listed[1]}"
        yield Check(case.function, names[0], case.about, False, reason)
        return
    for (quantity, a), (_, b) in zip(here, there, strict=True):
        holds = same(a, b) if isinstance(a, Symbolic) and isinstance(b, Symbolic) else a == b
        reason = "" if holds else _short(f"flip of column: {_written(a)}; row: {_written(b)}")
        yield Check(case.function, quantity, case.about, bool(holds), reason)


def _written(value: Any) -> str:
    if not isinstance(value, Symbolic):
        return repr(value)
    return f"{value.formula.line} ({', '.join(map(str, value.shape))})"


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= LONGEST else flat[: LONGEST - 1] + "…"
