"""Every public function, run once in each convention on symbols.

Sizes are symbols, n_0, n_1, …, m of any size, entries are symbols, activations any elementwise
functions, every annotation enforced. Answers 1 and 2 are about what comes out.
"""

from collections.abc import Iterable, Iterator, Mapping
from types import ModuleType
from typing import Any, NamedTuple

from shapecheck_bp.losses import PAIRS
from shapecheck_bp.network import Network
from shapecheck_bp.proof.cases import (
    ENDINGS,
    HIDDEN,
    Case,
    cases,
    law_for,
    public_names,
    refusal,
    takes_and_gives_floats,
)
from shapecheck_bp.proof.report import Check
from shapecheck_bp.proof.symbols import Symbolic
from shapecheck_bp.proof.undecided import AnyNetwork, size
from shapecheck_bp.shapes.law import Law, law_of
from shapecheck_bp.shapes.making import Maker
from shapecheck_bp.shapes.switch import enforce
from shapecheck_bp.tracing.naming import quantities, result_names, symbol_of
from shapecheck_bp.transpose import flip

# Any g with squared error, the two pairs, and softmax where it is none.
KINDS = [("tanh", None), *((output, None) for output in PAIRS), ("softmax", "squared_error")]
NO_FORMULA = "it draws, compares or chooses: no formula in real numbers"
DEEPEST_OF_PARTS = 3
IN_BLOCKS, EXAMPLES = 2, 3  # two blocks, of two examples and of one


class SymbolMaker(Maker):
    """Makes arrays of symbols, with a symbol for the size of every axis."""

    def __init__(self, law: Law, others: Mapping[str, Any]) -> None:
        super().__init__(law, others)
        self.taken: set[tuple[str, int | None]] = set()

    def size(self, name: str) -> Any:
        """A symbol for any size."""
        return self.sizes.setdefault(name, size(name))  # type: ignore[arg-type]

    def array(self, path: str, hint: Any) -> Any:
        """A matrix symbol, named as the field names what stands there."""
        symbol, layer = symbol_of(path)
        if (symbol, layer) in self.taken:
            symbol, layer = path, None
        self.taken.add((symbol, layer))
        return Symbolic.named(symbol, self.shape(hint), layer)


class MakerOfFew(SymbolMaker):
    """The same for three examples, which can be cut into blocks."""

    def __init__(self, law: Law, others: Mapping[str, Any]) -> None:
        super().__init__(law, others)
        self.sizes["m"] = EXAMPLES


Found = list[tuple[str, Any]] | Check  # results by name, or why there are none


class Run(NamedTuple):
    """A call, and what came of it: column's results, and row's turned."""

    case: Case
    column: Found
    row: Found


class Runs(NamedTuple):
    """All the runs, in the order of the code; what cannot be run is refused or left out."""

    column: ModuleType
    row: ModuleType
    made: list[Run]
    refused: list[Check]
    left_out: dict[str, str]
    ran: str


def run(column: ModuleType, row: ModuleType, networks: Iterable[Network]) -> Runs:
    """Run every public function, on every one of these networks."""
    networks = list(networks)
    # The parts of the whole are asked about alone with one hidden g, where it is not too deep.
    hidden, most = networks[-1].hidden, DEEPEST_OF_PARTS + 1
    shallow = [net for net in networks if len(net.sizes) <= most and net.hidden == hidden]
    depths = ", ".join(map(str, sorted({net.L.__index__() for net in networks})))
    ran = f"both modules on symbols of any size, any g: {len(networks)} networks of {depths} layers"
    runs = Runs(column, row, [], [], {}, ran)
    for name in public_names(column, row):
        law = law_for(name, column)
        if law is None or not (hasattr(column, name) and hasattr(row, name)):
            runs.refused.append(Check(name, "the function", "", False, _absent(name, column, row)))
        elif not takes_and_gives_floats(law):
            runs.left_out[name] = NO_FORMULA
        else:
            try:
                asked = networks if "block_size" in law.signature.parameters else shallow
                made = list(cases(name, law, asked, SymbolMaker))
            except TypeError as error:  # a parameter that is no array, and has no default
                runs.left_out[name] = str(error).removeprefix("verify: ").partition(";")[0]
                continue
            if "block_size" in law.signature.parameters:
                made += _in_blocks(name, law, networks)
            runs.made.extend(Run(case, _of(case, column), _of(case, row, flip)) for case in made)
    return runs


def symbolic_networks(deepest: int, only: Network | None = None) -> Iterator[Network]:
    """Every pair of hidden and output functions at two layers, every kind of ending at all depths.

    With g opaque, endings that apply some g and compare with Y are of one kind.
    """
    if only is not None:
        for depth in sorted({*range(1, deepest + 1), len(only.sizes) - 1}):
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
    sizes: Any = tuple(size(f"n_{layer}") for layer in range(depth + 1))
    return AnyNetwork(sizes, hidden, output, loss)  # type: ignore[arg-type]


def not_enforced(name: str, *modules: ModuleType) -> Iterator[Check]:
    """Whether each convention holds a function to its shapes."""
    for bp in modules:
        held = law_of(getattr(bp, name)) is not None
        where = f"{bp.__name__.rpartition('.')[2]}.{name}"
        reason = "" if held else f"{where} is not held to its shapes"
        yield Check(name, "annotations", "", held, reason)


def _in_blocks(name: str, law: Law, networks: list[Network]) -> Iterator[Case]:
    shallow = [net for net in networks if len(net.sizes) == 3 and net.hidden == networks[-1].hidden]
    few = {(net.output == "softmax", net.loss): net for net in shallow}.values()  # one of a kind
    for case in cases(name, law, few, MakerOfFew):
        about = f"{case.about}: in blocks of {IN_BLOCKS}"
        yield Case(name, about, (*case.arguments, IN_BLOCKS))


def _of(case: Case, bp: ModuleType, turn: Any = lambda value: value) -> Found:
    """The results by name, as column has them; or why it could not be followed."""
    names = result_names(getattr(bp, case.function))
    try:
        with enforce(True):
            return quantities(names, turn(getattr(bp, case.function)(*turn(case.arguments))))
    except Exception as error:  # whatever a broken copy of a module may raise
        quantity, reason = refusal(names, error)
        convention = "row" if turn is flip else "column"
        reason = f"{convention} could not be followed on symbols: {reason}"
        return Check(case.function, quantity, case.about, False, reason)


def _absent(name: str, column: ModuleType, row: ModuleType) -> str:
    """Why a public name cannot be compared."""
    if hasattr(column, name) and hasattr(row, name):
        return "declares no shapes: decorate it with @shapechecked"
    return "is not in both conventions"
