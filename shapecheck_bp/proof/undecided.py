"""Sizes and depths that may be any whole number, so that no code may go one way or another by them.

The shape law compares sizes: a size is the same as itself, and as no other. Any other code that
compares one is refused, with its line.

>>> n, m = sizes("n m")
>>> n == n, n in (m, n)
(True, True)
"""

import sys
from functools import cache
from pathlib import Path
from typing import Any

from shapecheck_bp.network import Network
from shapecheck_bp.proof.arithmetic import Arithmetic

# Who may compare sizes: the shape law and what it stands on, and the proof.
LAW = ("jaxtyping", "shapecheck_bp.shapes", "shapecheck_bp.proof", "shapecheck_bp.network")


class Undecided:
    """Something that may be any whole number, and so is compared by the shape law alone."""

    def __init__(self, value: Any, name: str) -> None:
        self.value, self.name = value, name

    def __repr__(self) -> str:
        return str(self.value)

    def __hash__(self) -> int:
        return hash(self.value)

    def __eq__(self, other: object) -> bool:
        if other is not self and asked():
            self._refuse()
        return bool(self.value == getattr(other, "value", other))

    def _refuse(self, *_: object) -> Any:
        raise TypeError(f"{asked()} asks for {self.name}: then nothing is shown for all of them")

    __lt__ = __le__ = __gt__ = __ge__ = __bool__ = _refuse


def asked() -> str:
    """The line that asks for something undecided; nothing where it is the shape law that does."""
    frame: Any = sys._getframe(1)
    while frame.f_code.co_name in ("__eq__", "__bool__", "_refuse"):
        frame = frame.f_back
    if frame.f_globals.get("__name__", LAW[0]).startswith(LAW):
        return ""
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"


class Size(Undecided, Arithmetic):
    """The size of an axis: any number from 1 up. What is calculated with it is symbols again."""

    shape = ()
    is_integer = is_positive = True
    is_number = False
    __index__ = Undecided._refuse


class Depth(Undecided):
    """The number of layers, for indices and loops: the code may not ask whether it is this one."""

    def __index__(self) -> int:
        return int(self.value)

    def __add__(self, other: int) -> int:
        return int(self.value) + other

    def __sub__(self, other: int) -> int:
        return int(self.value) - other

    __radd__ = __add__


class AnyNetwork(Network):
    """A network of a depth of which nothing is asked."""

    @property
    def L(self) -> Any:
        """The number of layers."""
        return Depth(len(self.sizes) - 1, "the number of layers")


def sizes(names: str) -> list[Size]:
    """Symbols that may be any positive whole number."""
    return [size(name) for name in names.split()]


@cache
def size(name: str) -> Size:
    """One such symbol."""
    return Size(name, name)
