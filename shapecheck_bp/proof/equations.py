"""The equations of a network or of a step, with their shapes, from running the code on symbols.

>>> from shapecheck_bp import Network, column
>>> found = equations(column, Network((3, 2), output="tanh"))
>>> print(found["dW[1]"].text)
dW[1]      = dZ[1]    @ X.T      / m
(n_1, n_0)   (n_1, m)   (m, n_0)
>>> [formula.line for formula in equations(column)][:2]
['Z = W @ A_prev + b', 'A = exp(Z - max(Z)) / sum(exp(Z - max(Z)))']
"""

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from shapecheck_bp.network import Network
from shapecheck_bp.proof.cases import OUTPUTS, cases, is_of_floats, law_for, public_names
from shapecheck_bp.proof.right import SymbolMaker, symbolic_network
from shapecheck_bp.proof.symbols import Symbolic
from shapecheck_bp.shapes.law import Law
from shapecheck_bp.shapes.switch import listen
from shapecheck_bp.tracing import notation
from shapecheck_bp.tracing.equations import Equations
from shapecheck_bp.tracing.naming import quantities, result_names

__all__ = ["Equations", "equations"]

ANY_ACTIVATION = OUTPUTS[0]


def equations(bp: ModuleType, net: Network | None = None) -> Equations:
    """Every step's equation, from running the code on symbols, in the order of the computation.

    Args:
        bp: ``shapecheck_bp.column`` or ``shapecheck_bp.row``.
        net: the network whose J and gradients to write out; its sizes become n_0, n_1, …. Without
            it, the steps by themselves.

    Raises:
        ShapeError: a function that does not keep its declared shapes.
    """
    listener = Recorder()
    with listen(listener):
        for name, arguments in _calls(bp, net):
            getattr(bp, name)(*arguments)
    # A step that is made of another one repeats its equations; by itself, any activation is g.
    nodes: Any = (node for formula in listener.found for node in ast.walk(formula.tree))
    for node in nodes:
        if not net and hasattr(node, "symbol"):
            node.id = node.symbol = re.sub(f"^{ANY_ACTIVATION}\\b", "g", node.id)
    return Equations({formula.line: formula for formula in listener.found}.values())


def _calls(bp: ModuleType, net: Network | None) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Gradients of the network; or each step by itself, which has no entry for each layer."""
    symbolic = [symbolic_network(net.L, net.hidden, net.output, net.loss)] if net else []
    for name in ["gradients"] if net else public_names(bp):
        law = law_for(name, bp)
        if law and is_of_floats(law) and (net or all(map(_is_plain, law.hints.values()))):
            yield name, next(cases(name, law, symbolic, SymbolMaker)).arguments


def _is_plain(hint: Any) -> bool:
    """Whether this is neither a network nor a tuple with an entry for each layer."""
    return hint is not Network and Ellipsis not in getattr(hint, "__args__", ())


class Recorder:
    """Writes down, at each step, what became of its arguments, and names its result."""

    def __init__(self) -> None:
        self.found: list[notation.Formula] = []
        self.values: dict[str, Symbolic] = {}

    @contextmanager
    def __call__(self, law: Law, arguments: Mapping[str, Any]) -> Iterator[Callable[[Any], None]]:
        """Give a name to what was computed on the way here, such as dZ = A - Y.

        And the result the name that the function's docstring has for it.
        """
        self.name_all(arguments.items())
        names = result_names(law.function)
        yield lambda result: self.name_all(quantities(names, result))

    def name_all(self, values: Iterable[tuple[str, Any]]) -> None:
        """Write down an equation for each value that a step took or gave and that has no name."""
        for name, value in values:
            if not isinstance(value, Symbolic) or isinstance(value.formula, ast.Name):
                continue
            # What has n_2 units is of layer 2, and dW[2] of n_1 and n_2.
            numbered = (re.fullmatch(r"n_(\d+)", str(size)) for size in value.shape)
            layer = max((int(found[1]) for found in numbered if found), default=None)
            symbol = name if layer is None else name.removesuffix("_prev")
            computed = value.formula
            value.formula = notation.name(symbol, layer, value.shape)
            self.values[value.formula.id] = value
            self.found.append(notation.equation(value.formula, computed))
