"""Answer 2: right, and not only equal.

Two equal mistakes pass answer 1. Here every function runs on small arrays of symbols, one for each
entry, and each entry of its result is compared with the statement of what it should be. For dW and
db that is SymPy's derivative of J by each weight and each bias, with g left opaque; and each
activation's g' is compared with the derivative of its g.

The steps are right at one size, all distinct, and entry by entry the same sums at every other. At
the last layer dZ is right because dW and db of a single layer are; and the chain rule passes it
back through steps of which the whole is composed, as answer 1 shows for depths 1 to 6.

What is shown for one opaque g in the hidden layer is shown for every: where a network with another
hidden function computes the same expressions, but for the name of g, they are not decided again.
"""

import inspect
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import sympy

from shapecheck_bp.activations import ACTIVATIONS, Activation
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
from shapecheck_bp.proof.entries import Entries, Opaque, opaque_function
from shapecheck_bp.proof.equal import NO_FORMULA, absent
from shapecheck_bp.proof.report import Answer, Check
from shapecheck_bp.proof.statements import STATEMENTS
from shapecheck_bp.proof.zero import is_zero
from shapecheck_bp.shapes.law import Law
from shapecheck_bp.shapes.making import Maker
from shapecheck_bp.shapes.switch import enforce
from shapecheck_bp.tracing.naming import quantities, result_names, symbol_of
from shapecheck_bp.transpose import flip, map_leaves

SIZES, SHALLOW = (3, 2, 2), (3, 2)
# In a step and in a single layer all sizes differ, so that no size stands for another.
STEP = {"n": 2, "n_in": 4, "n_out": 3, "m": 5}
EXAMPLES = {len(SIZES): 2, len(SHALLOW): 4}
NO_STATEMENT = "no statement says what it should be"


class EntryMaker(Maker):
    """Makes arrays with a symbol for each entry, at the small sizes of this answer."""

    def __init__(self, law: Law, others: Mapping[str, Any]) -> None:
        super().__init__(law, others)
        self.net = others.get("net")
        self.sizes |= STEP if self.net is None else {"m": EXAMPLES[len(self.net.sizes)]}

    def array(self, path: str, hint: Any) -> Any:
        """An array of symbols; under cross-entropy each example's targets sum to one."""
        symbol, layer = symbol_of("X" if path == "cache.A[0]" else path)
        made = Opaque.named(symbol if layer is None else f"{symbol}{layer}", self.shape(hint))
        if path == "Y" and self.net is not None and self.net.loss == "cross_entropy":
            made.values[-1] = 1 - np.sum(made.values[:-1], axis=0)
        return made


def right(column: ModuleType, row: ModuleType, networks: Iterable[Network]) -> Answer:
    """Compare every entry of every result with the statement of what it should be."""
    networks = list(networks)
    checks = [check for name, pair in ACTIVATIONS.items() for check in derivatives(name, pair)]
    left_out = {}
    shown: dict[Any, Shown] = {}
    for name in public_names(column, row):
        law = law_for(name, column)
        if law is None or not (hasattr(column, name) and hasattr(row, name)):
            checks.append(Check(name, "the function", "", False, absent(name, column, row)))
        elif name not in STATEMENTS:
            left_out[name] = NO_STATEMENT if takes_and_gives_floats(law) else NO_FORMULA
        else:
            for case in cases(name, law, networks, EntryMaker):
                checks += _compare(case, law, column, row, shown)
                if "block_size" in law.signature.parameters:
                    checks += _compare(in_blocks(case), law, column, row, shown)
    return Answer(
        name="right",
        question="Are they the derivatives of J, and not only equal to each other?",
        ran=f"both modules on a symbol for each entry: {len(networks)} networks, 3-2-2 with m = 2"
        " and 3-2 with m = 4",
        found=f"{len(checks)} comparisons, entry by entry",
        checks=checks,
        left_out=left_out,
    )


def small_networks(only: Network | None = None) -> list[Network]:
    """Every pair of hidden and output functions, and every loss, at two small sizes."""
    if only is not None:
        return [Network(one, only.hidden, only.output, only.loss) for one in (SIZES, SHALLOW)]
    deep = [
        Network(SIZES, hidden, output, loss)  # type: ignore[arg-type]
        for output, loss in ENDINGS
        for hidden in sorted(HIDDEN, key=lambda hidden: hidden == output)
    ]
    return deep + [Network(SHALLOW, output=output, loss=loss) for output, loss in ENDINGS]  # type: ignore[arg-type]


def derivatives(name: str, pair: Activation) -> Iterator[Check]:
    """Whether g' is the derivative of g, on each side of zero, from their own formulas."""
    size = sympy.Symbol("z", positive=True)
    for side in (1, -1):
        g, g_prime = (
            f(Entries(np.array([[side * size]]))).values[0, 0] for f in (pair.g, pair.g_prime)
        )
        expected = side * sympy.diff(g, size)
        about = f"{name}, z {'>' if side > 0 else '<'} 0"
        holds = is_zero(g_prime - expected)
        reason = f"g'(z) is {g_prime}, and the derivative of g(z) is {expected}"
        yield Check("activation_backward", "g'(Z)", about, holds, "" if holds else reason)


def in_blocks(case: Case) -> Case:
    """The call on blocks of all examples but one: two blocks of one, or one of three and one."""
    net = case.arguments[0]
    size = EXAMPLES[len(net.sizes)] - 1
    arguments = (*case.arguments, size)
    return case._replace(about=f"{case.about}: in blocks of {size}", arguments=arguments)


class Shown(NamedTuple):
    """Results that were found right, and the J that they are derivatives of."""

    net: Network
    expressions: list[Any]


def _compare(
    case: Case, law: Law, column: ModuleType, row: ModuleType, shown: dict[Any, Shown]
) -> Iterator[Check]:
    names = result_names(getattr(column, case.function))
    try:
        with enforce(True):
            arguments, given = _settled(case, law, column)
    except Exception as error:  # the cost that a gradient is measured by could not be computed
        quantity, reason = refusal(names, error)
        yield Check(f"column.{case.function}", quantity, case.about, False, reason)
        return
    for convention, bp in (("column", column), ("row", row)):
        where = f"{convention}.{case.function}"
        try:
            with enforce(True):
                there = flip(arguments) if bp is row else arguments
                found = getattr(bp, case.function)(*there)
            pairs = quantities(names, flip(found) if bp is row else found)
        except Exception as error:  # whatever a broken copy of a module may raise
            quantity, reason = refusal(names, error)
            yield Check(where, quantity, case.about, False, reason)
            continue
        net = given.get("net")
        results = [_bare(value) for _, value in pairs]
        key = (where, len(case.arguments), net and (net.sizes, _kind(net), net.loss))
        if net and key in shown and _same_but_for_g(shown[key], net, given["J"], results):
            for quantity, _ in pairs:
                yield Check(where, quantity, case.about, True)
            continue
        statement = STATEMENTS[case.function]
        expected = quantities(names, statement(**_accepted(statement, given)))
        if [name for name, _ in expected] != [name for name, _ in pairs]:
            reason = f"gives {', '.join(name for name, _ in pairs)}"
            yield Check(where, names[0], case.about, False, reason)
            continue
        reasons = [
            _first_difference(np.asarray(wanted, dtype=object), got)
            for (_, wanted), (_, got) in zip(expected, pairs, strict=True)
        ]
        for (quantity, _), reason in zip(pairs, reasons, strict=True):
            yield Check(where, quantity, case.about, not reason, reason)
        if net and net.hidden != net.output and not any(reasons):
            shown[key] = Shown(net, [given["J"], *results])


def _kind(net: Network) -> str:
    """What an output is to this answer: one that g leaves opaque is any g."""
    return net.output if net.paired or net.output == "softmax" else "g"


def _same_but_for_g(shown: Shown, net: Network, J: Any, results: list[Any]) -> bool:
    """Whether these are the expressions that were shown, with other names for the g of a layer."""
    names = [(shown.net.hidden, net.hidden)]
    names += [(shown.net.output, net.output)] if _kind(net) == "g" else []
    names += [(f"{old}_prime", f"{new}_prime") for old, new in names]
    renaming = frozenset((opaque_function(old), opaque_function(new)) for old, new in names)
    pairs = list(zip(shown.expressions, [J, *results], strict=True))
    return all(
        np.shape(old) == np.shape(new)
        and all(
            _renamed(sympy.sympify(a), renaming) == b
            for a, b in zip(np.ravel(old), np.ravel(new), strict=True)
        )
        for old, new in pairs
    )


@lru_cache(maxsize=2**15)  # the entries of a result have most of their parts in common
def _renamed(expression: Any, renaming: frozenset[tuple[Any, Any]]) -> Any:
    """An expression with functions exchanged for others."""
    if not expression.args:
        return expression
    function = dict(renaming).get(expression.func, expression.func)
    arguments = tuple(_renamed(one, renaming) for one in expression.args)
    if function is expression.func and arguments == expression.args:
        return expression
    return function(*arguments)


def _accepted(statement: Any, given: dict[str, Any]) -> dict[str, Any]:
    return {name: given[name] for name in inspect.signature(statement).parameters}


def _settled(case: Case, law: Law, column: ModuleType) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments, and the same as the statements take them, with the cost J that they lead to.

    ``backward`` gets the cache that ``forward`` leaves; every other function any cache at all.
    """
    by_name = dict(zip(law.signature.parameters, case.arguments, strict=False))
    J: Any = sympy.Integer(0)
    if case.function in ("backward", "gradients"):
        net, params, Y = (by_name[name] for name in ("net", "params", "Y"))
        X = by_name["X"] if "X" in by_name else by_name["cache"].A[0]
        cache = column.forward(net, params, X)
        if "cache" in by_name:
            by_name["cache"] = cache
        J = column.cost(net, cache, Y).values.item()
    return tuple(by_name.values()), {"J": J} | {name: _bare(one) for name, one in by_name.items()}


def _bare(value: Any) -> Any:
    """Entries as the NumPy arrays inside them; a single one as its expression."""

    def bare(one: Any) -> Any:
        if not isinstance(one, Entries):
            return one
        return one.values if one.shape else one.values.item()

    return map_leaves(bare, value)


def _first_difference(wanted: Any, got: Any) -> str:
    if not isinstance(got, Entries) or wanted.shape != got.shape:
        return f"expected shape {wanted.shape}; got {getattr(got, 'shape', got)}"
    for index in np.ndindex(wanted.shape):
        if not is_zero(wanted[index] - got.values[index]):
            place = f"entry {[i + 1 for i in index]} " if index else ""
            should, found = _short(wanted[index]), _short(got.values[index])
            return f"{place}should be {should}, and is {found}"
    return ""


def _short(expression: Any, longest: int = 70) -> str:
    text = str(expression)
    return text if len(text) <= longest else text[: longest - 1] + "…"
