"""The equations of a network or of a step, with their shapes, from running the code on symbols.

>>> from shapecheck_bp import Network, column
>>> print(equations(column, Network((3, 2), output="tanh")))
Z[1]     = W[1]       @ X        + b[1]
(n_1, m)   (n_1, n_0)   (n_0, m)   (n_1, 1)
<BLANKLINE>
A[1]     = tanh(Z[1]    )
(n_1, m)        (n_1, m)
<BLANKLINE>
J = sum((A[1]     - Y       ) ** 2) / m
         (n_1, m)   (n_1, m)
<BLANKLINE>
dA[1]    = 2 * (A[1]     - Y       )
(n_1, m)        (n_1, m)   (n_1, m)
<BLANKLINE>
dZ[1]    = dA[1]    * tanh'(Z[1]    )
(n_1, m)   (n_1, m)         (n_1, m)
<BLANKLINE>
dW[1]      = dZ[1]    @ X.T      / m
(n_1, n_0)   (n_1, m)   (m, n_0)
<BLANKLINE>
db[1]    = sum(dZ[1]   ) / m
(n_1, 1)       (n_1, m)
>>> [formula.line for formula in equations(column)][:2]
['Z = W @ A_prev + b', 'A = exp(Z - max(Z)) / sum(exp(Z - max(Z)))']
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any, NamedTuple, SupportsIndex, overload

from shapecheck_bp.network import Network
from shapecheck_bp.proof import notation
from shapecheck_bp.proof.cases import OUTPUTS, cases, law_for, public_names, takes_and_gives_floats
from shapecheck_bp.proof.notation import Formula
from shapecheck_bp.proof.right import SymbolMaker, symbolic_network
from shapecheck_bp.proof.symbols import Symbolic
from shapecheck_bp.shapes.law import Law
from shapecheck_bp.shapes.switch import listen
from shapecheck_bp.tracing.naming import quantities, result_names
from shapecheck_bp.tracing.views import two_headings

ANY_ACTIVATION = OUTPUTS[0]


class Equations(tuple[Formula, ...]):
    """Equations in the order in which the code computes them.

    Prints as text with the shapes underneath; ``latex`` is for papers, and what a notebook shows.
    """

    __slots__ = ()

    @overload
    def __getitem__(self, place: SupportsIndex | str) -> Formula: ...

    @overload
    def __getitem__(self, place: slice) -> "Equations": ...

    def __getitem__(self, place: Any) -> Any:
        """The equation at a place, or of a name: ``equations(bp, net)["dW[2]"]``."""
        if isinstance(place, slice):
            return Equations(super().__getitem__(place))
        if not isinstance(place, str):
            return super().__getitem__(place)
        named = {formula.line.partition(" = ")[0]: formula for formula in self}
        if place not in named:
            raise KeyError(f"no equation of {place!r}; there are {', '.join(named)}")
        return named[place]

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        return "\n\n".join(formula.text for formula in self)

    @property
    def latex(self) -> str:
        """The equations as one aligned LaTeX display."""
        lines = (formula.latex.replace(" = ", " &= ", 1) for formula in self)
        return "\\begin{aligned}\n" + " \\\\[6pt]\n".join(lines) + "\n\\end{aligned}"

    def _repr_latex_(self) -> str:
        return f"$$\n{self.latex}\n$$"

    def beside(self, other: "Equations", headings: tuple[str, str] = ("column", "row")) -> "Beside":
        """These equations and those of the other convention, side by side.

        Raises:
            ValueError: the two are not of one network.
        """
        if not isinstance(other, Equations):
            raise TypeError(f"beside: expected equations; got {type(other).__name__}")
        if [len(one.text.splitlines()) for one in self] != [
            len(one.text.splitlines()) for one in other
        ]:
            raise ValueError(
                f"beside: expected the same network's equations; got {len(self)} and {len(other)}"
            )
        return Beside(self, other, two_headings(headings))


class Beside(NamedTuple):
    """The equations of both conventions, side by side: as text, and in a notebook as LaTeX."""

    here: Equations
    there: Equations
    headings: tuple[str, str]

    def __str__(self) -> str:
        pairs = [(self.headings[0], self.headings[1]), ("", "")]
        for here, there in zip(self.here, self.there, strict=True):
            pairs += zip(here.text.splitlines(), there.text.splitlines(), strict=True)
            pairs.append(("", ""))
        width = max(len(left) for left, _ in pairs)
        return "\n".join(f"{left:<{width}}   |   {right}".rstrip() for left, right in pairs[:-1])

    def __repr__(self) -> str:
        return str(self)

    @property
    def latex(self) -> str:
        """The equations as one LaTeX display of two columns."""
        pairs = zip(self.here, self.there, strict=True)
        lines = [f"\\text{{{heading}}}" for heading in self.headings]
        rows = [" & ".join(lines), *(f"{one.latex} & {other.latex}" for one, other in pairs)]
        return "\\begin{array}{l|l}\n" + " \\\\[8pt]\n".join(rows) + "\n\\end{array}"

    def _repr_latex_(self) -> str:
        return f"$$\n{self.latex}\n$$"


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
    found = dict.fromkeys(
        formula if net else notation.replaced(formula, ANY_ACTIVATION, "g")
        for formula in listener.found
    )
    return Equations(found)


def _calls(bp: ModuleType, net: Network | None) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Gradients of the network; or each step by itself, which has no entry for each layer."""
    symbolic = [symbolic_network(net.L, net.hidden, net.output, net.loss)] if net else []
    for name in ["gradients"] if net else public_names(bp):
        law = law_for(name, bp)
        if law and takes_and_gives_floats(law) and (net or all(map(_is_plain, law.hints.values()))):
            yield name, next(cases(name, law, symbolic, SymbolMaker)).arguments


def _is_plain(hint: Any) -> bool:
    """Whether this is neither a network nor a tuple with an entry for each layer."""
    return hint is not Network and Ellipsis not in getattr(hint, "__args__", ())


class Recorder:
    """Writes down, at each step, what became of its arguments, and names its result."""

    def __init__(self) -> None:
        self.found: list[Formula] = []
        self.values: dict[str, Symbolic] = {}

    @contextmanager
    def __call__(self, law: Law, arguments: Mapping[str, Any]) -> Iterator[Callable[[Any], None]]:
        """Give a name to what was computed on the way here, such as dZ = A - Y.

        And the result the name that the function's docstring has for it.
        """
        self.name_all(arguments.items(), arguments)
        names = result_names(law.function)
        yield lambda result: self.name_all(quantities(names, result), arguments)

    def name_all(self, values: Iterable[tuple[str, Any]], arguments: Mapping[str, Any]) -> None:
        """Write down an equation for each value that a step took or gave and that has no name."""
        layer = _layer(arguments)
        for name, value in values:
            if not isinstance(value, Symbolic) or value.formula.name is not None:
                continue
            symbol, place = name, layer if value.shape else None
            if place is not None and name.endswith("_prev"):
                symbol, place = name.removesuffix("_prev"), place - 1
            computed = value.formula
            value.rename(symbol, place)
            self.values[value.formula.line] = value
            self.found.append(notation.equation(value.formula, computed))


def _layer(arguments: Mapping[str, Any]) -> int | None:
    """The layer that a step is about: the l of its W[l], b[l], Z[l], the l - 1 of its A_prev."""
    named = {
        name: value.formula.name
        for name, value in arguments.items()
        if isinstance(value, Symbolic) and value.formula.name
    }
    layers = [n + name.endswith("_prev") for name, (_, n) in named.items() if n is not None]
    return max(layers, default=None)
