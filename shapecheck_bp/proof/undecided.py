"""What may be any whole number: no code may go one way or another by it.

The shape law compares sizes and counts layers, which is all that anybody may do. Any other code
that asks for one is refused, with its line.

>>> [layer for layer in range(Depth(3), 1, -1)], Depth(3) - 1
([3, 2], 2)
"""

import sys
from pathlib import Path
from typing import Any, NoReturn

from shapecheck_bp.network import Network

# Who may compare: the shape law and what it stands on, and the proof.
LAW = ("jaxtyping", "shapecheck_bp.shapes", "shapecheck_bp.proof", "shapecheck_bp.network")


def refuse(what: Any, *_: Any) -> NoReturn:
    """Say which line asks for something undecided."""
    raise TypeError(f"{asked()} asks for {what!r}: then nothing is shown for all of them")


def asked() -> str:
    """The line that asks for something undecided; nothing where it is the shape law that does."""
    frame: Any = sys._getframe(1)
    while frame.f_code.co_name in ("refuse", "__eq__"):
        frame = frame.f_back
    if frame.f_globals.get("__name__", LAW[0]).startswith(LAW):
        return ""
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"


class Depth(int):
    """The number of layers, for indices and loops: the code may not ask whether it is this one."""

    def __eq__(self, other: object) -> bool:
        return refuse(self) if asked() else int(self) == other

    def __repr__(self) -> str:
        return "the number of layers"

    __hash__, __str__ = int.__hash__, int.__repr__
    __lt__ = __le__ = __gt__ = __ge__ = __bool__ = refuse


class AnyNetwork(Network):
    """A network of a depth of which nothing is asked."""

    @property
    def L(self) -> Any:
        """The number of layers."""
        return Depth(len(self.sizes) - 1)
