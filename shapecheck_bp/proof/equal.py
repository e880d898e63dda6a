"""Answer 1: equal for all shapes and all values.

Every public function runs once in each convention on arrays of symbols, n_0, n_1, …, m of any size,
entries of any value, activations any elementwise functions, every annotation enforced. The law

    row.f(*flip(args)) == flip(column.f(*args))

holds where both sides have the same shape and the same entry in row i and column j. The code is
followed where it goes with sizes that are all different: were it to branch on a size, or on the
type of an array, the other branch would not be seen.
"""

from collections.abc import Iterable, Iterator, Mapping
from types import ModuleType
from typing import Any

from shapecheck_bp.losses import PAIRS
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
    refusal,
    takes_and_gives_floats,
)
from shapecheck_bp.proof.report import Answer, Check
from shapecheck_bp.proof.symbols import Symbolic, same
from shapecheck_bp.shapes.law import Law, law_of
from shapecheck_bp.shapes.making import Maker
from shapecheck_bp.shapes.switch import enforce
from shapecheck_bp.tracing.naming import quantities, result_names, symbol_of
from shapecheck_bp.transpose import flip

# Any g with squared error, the two pairs, and softmax where it is none.
KINDS = [("tanh", None), *((output, None) for output in PAIRS), ("softmax", "squared_error")]
NO_FORMULA = "it draws, compares or chooses: no formula in real numbers"


class SymbolMaker(Maker):
    """Makes arrays of symbols, with a symbol for the size of every axis."""

    def __init__(self, law: Law, others: Mapping[str, Any]) -> None:
        super().__init__(law, others)
        self.taken: set[tuple[str, int | None]] = set()

    def size(self, name: str) -> Any:
        """A symbol for any size."""
        return self.sizes.setdefault(name, symbols.size(name))

    def array(self, path: str, hint: Any) -> Any:
        """A matrix symbol, named as the field names what stands there."""
        symbol, layer = symbol_of(path)
        if (symbol, layer) in self.taken:
            symbol, layer = path, None
        self.taken.add((symbol, layer))
        return Symbolic.named(symbol, self.shape(hint), layer)


def equal(column: ModuleType, row: ModuleType, networks: Iterable[Network]) -> Answer:
    """Decide the law for every public function, on every one of these networks."""
    networks = list(networks)
    checks: list[Check] = []
    left_out = {}
    for name in public_names(column, row):
        law = law_for(name, column)
        if law is None or not (hasattr(column, name) and hasattr(row, name)):
            checks.append(Check(name, "the function", "", False, absent(name, column, row)))
        elif not takes_and_gives_floats(law):
            left_out[name] = NO_FORMULA
        else:
            try:
                made = list(cases(name, law, networks, SymbolMaker))
            except TypeError as error:  # a parameter that is no array, and has no default
                left_out[name] = str(error).removeprefix("verify: ").partition(";")[0]
                continue
            checks += _enforced(name, column, row)
            for case in made:
                checks += _compare(case, column, row, networks[-1].hidden)
    depths = sorted({net.L for net in networks})
    return Answer(
        name="equal",
        question="Do both conventions give the same, for all shapes and all values?",
        ran=f"both modules on symbols of any size, with any g: {len(networks)} networks of"
        f" {', '.join(map(str, depths))} layers",
        found=f"{len(checks)} comparisons of formulas",
        checks=checks,
        left_out=left_out,
    )


def symbolic_networks(deepest: int, only: Network | None = None) -> Iterator[Network]:
    """Every pair of hidden and output functions at two layers, every kind of ending at all depths.

    With g opaque, endings that apply some g and compare with Y are of one kind.
    """
    if only is not None:
        for depth in sorted({*range(1, deepest + 1), only.L}):
            yield symbolic_network(depth, only.hidden, only.output, only.loss)
        return
    for output, loss in ENDINGS:
        for hidden in HIDDEN:
            yield symbolic_network(2, hidden, output, loss)
    for output, loss in KINDS:
        for depth in (1, *range(3, deepest + 1)):
            yield symbolic_network(depth, HIDDEN[0], output, loss)


def symbolic_network(depth: int, hidden: str, output: str, loss: str | None) -> Network:
    """A network of this depth, of any sizes."""
    sizes = tuple(symbols.size(f"n_{layer}") for layer in range(depth + 1))
    return Network(sizes, hidden, output, loss)  # type: ignore[arg-type]


def absent(name: str, column: ModuleType, row: ModuleType) -> str:
    """Why a public name cannot be compared."""
    if hasattr(column, name) and hasattr(row, name):
        return "declares no shapes: decorate it with @shapechecked"
    return "is not in both conventions"


def _enforced(name: str, *modules: ModuleType) -> Iterator[Check]:
    for bp in modules:
        held = law_of(getattr(bp, name)) is not None
        where = f"{bp.__name__.rpartition('.')[2]}.{name}"
        yield Check(
            name, "annotations", "", held, "" if held else f"{where} is not held to its shapes"
        )


def _compare(case: Case, column: ModuleType, row: ModuleType, composed_for: str) -> Iterator[Check]:
    names = result_names(getattr(column, case.function))
    found = []
    for bp, arguments in ((column, case.arguments), (row, flip(case.arguments))):
        try:
            with enforce(True):
                found.append(getattr(bp, case.function)(*arguments))
        except Exception as error:  # whatever a broken copy of a module may raise
            quantity, reason = refusal(names, error)
            convention = "column" if bp is column else "row"
            reason = f"{convention} could not be followed on symbols: {reason}"
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
    if case.function == "gradients" and case.arguments[0].hidden == composed_for:
        yield from _composed(case, column, quantities(names, found[0]))


def _composed(case: Case, bp: ModuleType, found: list[tuple[str, Any]]) -> Iterator[Check]:
    """Whether the whole is made of the steps and of nothing else, at this depth."""
    about = f"{case.about}: the steps, composed"
    try:
        steps = _steps(bp, *case.arguments)
    except Exception as error:  # whatever a broken copy of a module may raise
        yield Check(case.function, found[0][0], about, False, refusal(["J"], error)[1])
        return
    for quantity, value in found:
        if quantity in steps:
            holds = same(value, steps[quantity])
            reason = "" if holds else _short(f"is {_written(value)}")
            yield Check(case.function, quantity, about, holds, reason)


def _steps(bp: ModuleType, net: Network, params: Any, X: Any, Y: Any) -> dict[str, Any]:
    """The gradients as the argument composes them from the lemmas."""
    Z, A = [], [X]
    for (W, b), g in zip(params, net.activations, strict=True):
        Z.append(bp.linear_forward(A[-1], W, b))
        A.append(bp.activation_forward(Z[-1], g))
    dZ = A[-1] - Y
    if not net.paired:
        dZ = bp.activation_backward(2 * dZ, Z[-1], net.output)
    made: dict[str, Any] = {}
    for layer in range(net.L, 1, -1):
        dA, dW, db = bp.linear_backward(dZ, A[layer - 1], params[layer - 1].W)
        made |= {f"dW[{layer}]": dW, f"db[{layer}]": db}
        dZ = bp.activation_backward(dA, Z[layer - 2], net.hidden)
    dW, db = bp.weights_backward(dZ, X)
    return made | {"dW[1]": dW, "db[1]": db}


def _written(value: Any) -> str:
    if not isinstance(value, Symbolic):
        return repr(value)
    return f"{value.formula.line} ({', '.join(map(str, value.shape))})"


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= LONGEST else flat[: LONGEST - 1] + "…"
