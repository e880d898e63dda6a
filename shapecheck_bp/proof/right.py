"""Answer 1: right for all shapes and all values, in either convention, and so equal in both.

Every public function runs once in each convention on symbols: sizes n_0, n_1, …, m that may be
anything, entries that may be anything, any g. What comes out has to be what ``definitions`` gives
for the same arguments, in the same formula. Where it is another one, g and g' are written out in
both, and they are compared once more.
"""

import inspect
from collections.abc import Callable, Iterable, Iterator
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
    compared,
    every_function,
    outcome,
)
from shapecheck_bp.proof.definitions import DEFINITIONS
from shapecheck_bp.proof.factors import Factor, remembered
from shapecheck_bp.proof.functions import derivative as slope
from shapecheck_bp.proof.numbers import Number
from shapecheck_bp.proof.report import Answer, Check
from shapecheck_bp.proof.sums import entry, remade
from shapecheck_bp.proof.symbols import Symbolic, size
from shapecheck_bp.proof.undecided import AnyNetwork
from shapecheck_bp.shapes.law import Law
from shapecheck_bp.shapes.making import Maker
from shapecheck_bp.tracing.naming import symbol_of
from shapecheck_bp.tracing.notation import Formula
from shapecheck_bp.transpose import map_leaves

# Any g with squared error, the two pairs, and softmax where it is none.
KINDS = [("tanh", None), *((output, None) for output in PAIRS), ("softmax", "squared_error")]
ANY = "tanh"
z = entry("z", 0, 0)
NO_DEFINITION = "the same in both, and no definition says what it should be"
DEEPEST_OF_PARTS = 3
IN_BLOCKS, EXAMPLES = 2, 3  # two blocks, of two examples and of one


class SymbolMaker(Maker):
    """Makes arrays of symbols, with a symbol for the size of every axis that has none."""

    def __init__(self, law: Law, others: Any, **sizes: int) -> None:
        super().__init__(law, others, **sizes)
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
    checks, left_out = every_function(
        (column, row),
        lambda name, law: _cases(name, law, networks),
        lambda case: judged(case, column, row),
    )
    slopes = (derivative(name, pair) for name, pair in ACTIVATIONS.items())
    checks = [*slopes, *checks]
    for name in {check.function.rpartition(".")[2] for check in checks} - DEFINITIONS.keys():
        left_out.setdefault(name, NO_DEFINITION)
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


def derivative(name: str, pair: Activation) -> Check:
    """Whether g' is the derivative of g, from their own formulas."""
    about = f"{name}, z ≠ 0" if pair.kink else name
    try:
        g_prime, expected = computed(pair.g_prime), slope(computed(pair.g), "z", 0, 0)
        reason = f"g'(z) is {g_prime}, and the derivative of g(z) is {expected}"
        reason = "" if g_prime is expected else reason
    except Exception as error:  # a function that no formula is known for
        reason = f"g could not be followed on symbols: {error}"
    return Check("activation_backward", "g'(Z)", about, not reason, reason)


def judged(case: Case, column: ModuleType, row: ModuleType) -> Iterator[Check]:
    """Each convention beside the definition; beside column, where there is no definition."""
    match case.arguments:
        case (Network() as net, tuple() as params, Cache() as cache, *others):  # it is of these
            made = definitions.forward(net, params, cache.A[0])
            cache = map_leaves(lambda a, b: Symbolic(a.shape, a.entry, b.formula), made, cache)
            case = case._replace(arguments=(net, params, cache, *others))
    definition = DEFINITIONS.get(case.function)
    should = definition(*case.arguments) if definition else outcome(case, "column", column)
    yield from compared(case, column, row, should, _unlike)


def same(a: Symbolic, b: Symbolic) -> bool:
    """Whether two arrays have the same shape, and the same entry whatever the symbols stand for."""
    if a.shape != b.shape or a.entry is b.entry:
        return a.shape == b.shape
    try:
        return written_out(a.entry) is written_out(b.entry)
    except (ValueError, ArithmeticError):  # formulas of kinds that are not decided
        return False


@remembered
def written_out(x: Number) -> Number:
    """A number in which every activation, and every g', is what it computes."""

    def change(factor: Factor) -> Number:
        g = factor.parts[0] if factor.kind == "call" else ""
        pair = ACTIVATIONS.get(g.rstrip("'"))
        if pair is None:
            return remade(factor, written_out)
        return computed(pair.g_prime if g.endswith("'") else pair.g, factor.parts[1])

    return x.mapped(change)


def computed(function: Callable[..., Any], x: Number = z) -> Number:
    """What an elementwise function computes of a number."""
    return written_out(inspect.unwrap(function)(Symbolic((1, 1), x)).entry)


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


def _unlike(found: Any, should: Any) -> str:
    """Why a result is not what it should be, in formulas."""
    symbols = isinstance(found, Symbolic) and isinstance(should, Symbolic)
    if same(found, should) if symbols else found is should:
        return ""
    return f"is {_shown(found)}, and should be {_shown(should)}"


def _shown(value: Any) -> str:
    """An array as the code computes it, or as it is defined, and its shape."""
    if not isinstance(value, Symbolic):
        return repr(value)
    formula = Formula(value.formula).line if value.formula else value.entry
    return f"{formula} ({', '.join(map(str, value.shape))})"
