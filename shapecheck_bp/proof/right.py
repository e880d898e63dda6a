"""Answer 1: right for all shapes and all values, in either convention, and so equal in both.

Every public function runs once in each convention on symbols: sizes n_0, n_1, …, m that may be
anything, entries that may be anything, any g. What comes out is compared with what it should be, as
index sums say it (``definitions``): a layer's Z, g, softmax and the cost J are defined; and what is
a gradient has to be the derivative of J, found by differentiating J's index sum by W[a, b] and
b[a]. Two results that are the same formula as a third are the same formula.

g is left opaque, and its derivative is called g'. Where formulas differ so far, the run is repeated
with g written out. That each g' is the derivative of its g is shown from their own formulas, on
each side of zero, where some have a corner.

One thing is assumed: under cross-entropy, each example's targets sum to one, Σ_k Y[k, j] = 1.
``check_data`` refuses others.
"""

from collections.abc import Iterable, Iterator
from functools import partial
from types import ModuleType
from typing import Any

from shapecheck_bp.activations import ACTIVATIONS, Activation
from shapecheck_bp.losses import PAIRS
from shapecheck_bp.network import Cache, Network
from shapecheck_bp.proof import definitions
from shapecheck_bp.proof.cases import (
    ENDINGS,
    HIDDEN,
    Case,
    cases,
    laws,
    results,
    shortened,
    takes_and_gives_floats,
)
from shapecheck_bp.proof.definitions import DEFINITIONS
from shapecheck_bp.proof.report import Answer, Check
from shapecheck_bp.proof.symbols import Spelled, Symbolic, computed, same
from shapecheck_bp.proof.undecided import AnyNetwork, size
from shapecheck_bp.shapes.law import Law, law_of
from shapecheck_bp.shapes.making import Maker
from shapecheck_bp.tracing.naming import quantities, symbol_of
from shapecheck_bp.transpose import map_leaves

# Any g with squared error, the two pairs, and softmax where it is none.
KINDS = [("tanh", None), *((output, None) for output in PAIRS), ("softmax", "squared_error")]
ANY = "tanh"
NO_FORMULA = "it draws, compares or chooses: no formula in real numbers"
NO_DEFINITION = "the same in both, and no definition says what it should be"
DEEPEST_OF_PARTS = 3
IN_BLOCKS, EXAMPLES = 2, 3  # two blocks, of two examples and of one


class SymbolMaker(Maker):
    """Makes arrays of symbols, with a symbol for the size of every axis that has none."""

    def __init__(self, law: Law, others: Any, **sizes: int) -> None:
        super().__init__(law, others)
        self.sizes.update(sizes)
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
        loss = getattr(self.others.get("net"), "loss", None)
        kind = "share" if (symbol, loss) == ("Y", "cross_entropy") else "entry"
        return Symbolic.named(symbol, self.shape(hint), layer, kind)


def right(column: ModuleType, row: ModuleType, networks: Iterable[Network]) -> Answer:
    """Run every public function on every one of these networks, and compare what comes out."""
    networks = list(networks)
    checks = [check for name, pair in ACTIVATIONS.items() for check in derivatives(name, pair)]
    left_out: dict[str, str] = {}
    for name, law in laws(column, row).items():
        if law is None:
            both = hasattr(column, name) and hasattr(row, name)
            reason = "declares no shapes: decorate it with @shapechecked"
            reason = reason if both else "is not in both conventions"
            checks.append(Check(name, "the function", "", False, reason))
        elif not takes_and_gives_floats(law):
            left_out[name] = NO_FORMULA
        else:
            try:
                made = list(_cases(name, law, networks))
            except TypeError as error:  # a parameter that is no array, and has no default
                left_out[name] = str(error).removeprefix("verify: ").partition(";")[0]
                continue
            if name not in DEFINITIONS:
                left_out[name] = NO_DEFINITION
            checks += _held(name, column, row)
            checks += [check for case in made for check in judged(case, column, row)]
    depths = ", ".join(map(str, sorted({net.L.__index__() for net in networks})))
    return Answer(
        name="right",
        question="Are both the derivatives of J, and so equal, for all shapes and all values?",
        ran=f"both modules on symbols of any size, any g: {len(networks)} networks of {depths}"
        " layers, beside the derivatives of J's index sum",
        found=f"{len(checks)} comparisons of formulas",
        checks=checks,
        left_out=left_out,
    )


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
            yield symbolic_network(depth, ANY, output, loss)


def symbolic_network(depth: int, hidden: str, output: str, loss: str | None) -> Network:
    """A network of this depth, of any sizes."""
    sizes: Any = tuple(size(f"n_{layer}") for layer in range(depth + 1))
    return AnyNetwork(sizes, hidden, output, loss)  # type: ignore[arg-type]


def derivatives(name: str, pair: Activation) -> Iterator[Check]:
    """Whether g' is the derivative of g, from their own formulas."""
    about = f"{name}, z ≠ 0" if pair.kink else name
    try:
        g, g_prime = computed(pair.g), computed(pair.g_prime)
        expected = g.derivative("z", 0, 0)
        reason = f"g'(z) is {g_prime}, and the derivative of g(z) is {expected}"
        holds = g_prime is expected
    except Exception as error:  # a function that no formula is known for
        holds, reason = False, f"g could not be followed on symbols: {error}"
    yield Check("activation_backward", "g'(Z)", about, holds, "" if holds else reason)


def judged(case: Case, column: ModuleType, row: ModuleType) -> list[Check]:
    """Whether a function gives what it should, with g opaque, or else with g written out."""
    opaque = list(_compared(case, column, row))
    if all(check.holds for check in opaque):
        return opaque
    written_out = case._replace(arguments=map_leaves(_written_out, case.arguments))
    try:
        spelled = list(_compared(written_out, column, row))
    except (ValueError, ArithmeticError):  # formulas of kinds that are not decided
        return opaque
    return spelled if all(check.holds for check in spelled) else opaque


def _cases(name: str, law: Law, networks: list[Network]) -> Iterator[Case]:
    """All networks for the whole; for its parts those with one hidden g that are not too deep."""
    alike = [net for net in networks if net.hidden == networks[-1].hidden]
    if "block_size" not in law.signature.parameters:
        shallow = [net for net in alike if len(net.sizes) <= DEEPEST_OF_PARTS + 1]
        yield from cases(name, law, shallow, SymbolMaker)
        return
    yield from cases(name, law, networks, SymbolMaker)
    two_layers = [net for net in alike if len(net.sizes) == 3]
    few = {(net.output == "softmax", net.loss): net for net in two_layers}.values()
    for case in cases(name, law, few, partial(SymbolMaker, m=EXAMPLES)):
        about = f"{case.about}: in blocks of {IN_BLOCKS}"
        yield case._replace(about=about, settings={"block_size": IN_BLOCKS})


def _compared(case: Case, column: ModuleType, row: ModuleType) -> Iterator[Check]:
    """Each convention beside the definition; beside column, where there is no definition."""
    case = case._replace(arguments=_connected(case.arguments))
    both = {name: results(case, name, bp) for name, bp in (("column", column), ("row", row))}
    definition = DEFINITIONS.get(case.function)
    should = definition(*case.arguments) if definition else None
    for convention, found in both.items():
        expected = both["column"]
        if isinstance(found, Check):
            yield found
            continue
        names = [name for name, _ in found]
        if definition:
            expected = quantities(names, should)
        if isinstance(expected, Check):
            continue
        place = f"{convention}.{case.function}"
        listed = [name for name, _ in expected]
        if names != listed:
            reason = f"gives {', '.join(names)}, and should give {', '.join(listed)}"
            yield Check(place, names[0], case.about, False, reason)
            continue
        for (quantity, a), (_, b) in zip(found, expected, strict=True):
            holds = same(a, b) if isinstance(a, Spelled) and isinstance(b, Spelled) else a is b
            reason = "" if holds else shortened(f"is {_shown(a)}, and should be {_shown(b)}")
            yield Check(place, quantity, case.about, holds, reason)


def _connected(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """Where there are a network's parameters and a cache, the cache is what comes of them."""
    match arguments:
        case (Network() as net, tuple() as params, Cache() as cache, *others):
            made = definitions.forward(net, params, cache.A[0])
            return net, params, map_leaves(_named_like, made, cache), *others
    return arguments


def _named_like(defined: Spelled, named: Spelled) -> Spelled:
    return type(named)(defined.shape, defined.entry, named.formula)


def _written_out(value: Any) -> Any:
    """The same array, to which no activation is opaque."""
    return Spelled(value.shape, value.entry, value.formula) if hasattr(value, "entry") else value


def _shown(value: Any) -> str:
    """An array as the code computes it, or as it is defined, and its shape."""
    if not isinstance(value, Spelled):
        return repr(value)
    formula = value.formula.line
    shown = value.entry if formula == definitions.DEFINED else formula
    return f"{shown} ({', '.join(map(str, value.shape))})"


def _held(name: str, *modules: ModuleType) -> Iterator[Check]:
    """Whether each convention holds a function to its shapes."""
    for bp in modules:
        held = law_of(getattr(bp, name)) is not None
        where = f"{bp.__name__.rpartition('.')[2]}.{name}"
        reason = "" if held else f"{where} is not held to its shapes"
        yield Check(name, "annotations", "", held, reason)
