"""Equations as they are shown: one below the other, or those of both conventions side by side.

>>> from shapecheck_bp.tracing.notation import binary, equation, name
>>> Z, X, W = name("Z", 1, "nm"), name("X", None, "km"), name("W", 1, "nk")
>>> both = [Equations([equation(Z, binary("@", *two))]) for two in ((W, X), (X, W))]
>>> print(both[0].beside(both[1]))
column                     |   row
                           |
Z[1]   = W[1]   @ X        |   Z[1]   = X      @ W[1]
(n, m)   (n, k)   (k, m)   |   (n, m)   (k, m)   (n, k)
"""

from typing import Any, SupportsIndex, overload

from shapecheck_bp.tracing.notation import Formula
from shapecheck_bp.tracing.views import two_headings


class _Written:
    """What prints as text, and shows as LaTeX in a notebook."""

    __slots__ = ()
    latex: Any

    def __repr__(self) -> str:
        return str(self)

    def _repr_latex_(self) -> str:
        return f"$$\n{self.latex}\n$$"


class Equations(_Written, tuple[Formula, ...]):
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

    def __str__(self) -> str:
        return "\n\n".join(formula.text for formula in self)

    @property
    def latex(self) -> str:
        """The equations as one aligned LaTeX display."""
        lines = (formula.latex.replace(" = ", " &= ", 1) for formula in self)
        return "\\begin{aligned}\n" + " \\\\[6pt]\n".join(lines) + "\n\\end{aligned}"

    def beside(self, other: "Equations", headings: tuple[str, str] = ("column", "row")) -> "Beside":
        """These equations and those of the other convention, side by side.

        Raises:
            ValueError: the two are not of one network.
        """
        if not isinstance(other, Equations):
            raise TypeError(f"beside: expected equations; got {type(other).__name__}")
        if str(self).count("\n") != str(other).count("\n"):
            raise ValueError(
                f"beside: expected the same network's equations; got {len(self)} and {len(other)}"
            )
        return Beside(self, other, two_headings(headings))


class Beside(_Written):
    """The equations of both conventions, side by side: as text, and in a notebook as LaTeX."""

    def __init__(self, here: Equations, there: Equations, headings: tuple[str, str]) -> None:
        self.here, self.there, self.headings = here, there, headings

    def __str__(self) -> str:
        texts = zip(self.headings, (self.here, self.there), strict=True)
        left, right = ([heading, "", *str(one).splitlines()] for heading, one in texts)
        width = max(map(len, left))
        pairs = zip(left, right, strict=True)
        return "\n".join(f"{one:<{width}}   |   {other}".rstrip() for one, other in pairs)

    @property
    def latex(self) -> str:
        """The equations as one LaTeX display of two columns."""
        rows = [" & ".join(f"\\text{{{heading}}}" for heading in self.headings)]
        pairs = zip(self.here, self.there, strict=True)
        rows += [f"{one.latex} & {other.latex}" for one, other in pairs]
        return "\\begin{array}{l|l}\n" + " \\\\[8pt]\n".join(rows) + "\n\\end{array}"
