"""What terms are made of: entries, sizes, g of a number, exp, log, sums, what is divided by.

A factor has a kind and parts. The last part may be a number, which is again made of terms
(``sums``).
"""

from collections.abc import Callable, Iterable
from functools import cache, cached_property
from typing import Any, ClassVar, TypeVar, cast
from weakref import WeakValueDictionary

Function = TypeVar("Function", bound=Callable[..., Any])
Index = str | int
Product = frozenset[tuple["Factor", int]]  # factors and their powers: what a term is
Bound = tuple[tuple[str, str], ...]  # indices that are summed over, and the sizes of their axes
ENTRIES = ("entry", "share")
NEVER_ZERO = ("exp", "size")
ZERO_OR_ONE = ("step", "delta")
_remembering: list[Any] = []


def remembered(function: Function) -> Function:
    """The function, which works out the same only once, until all is forgotten."""
    _remembering.append(cache(function))
    return cast(Function, _remembering[-1])


def forget() -> None:
    """Let go of all that was worked out. What is still held stays equal to what is made anew."""
    for kept in _remembering:
        kept.cache_clear()


class Factor:
    """What a term is made of; equal factors are the same object."""

    known: ClassVar[WeakValueDictionary[Any, "Factor"]] = WeakValueDictionary()
    kind: str
    parts: tuple[Any, ...]
    free: frozenset[str]
    """The indices that are not summed over inside."""

    def __new__(cls, kind: str, *parts: Any) -> "Factor":
        """The factor of this kind and these parts."""
        self = cls.known.get((kind, parts))
        if self is None:
            self = cls.known[kind, parts] = super().__new__(cls)
            self.kind, self.parts = kind, parts
            places = parts[1:] if kind in ENTRIES else parts if kind == "delta" else ()
            if kind == "sum":
                places = parts[1].free.difference(k for k, _ in parts[0])
            elif hasattr(parts[-1], "terms"):
                places = parts[-1].free
            self.free = frozenset(one for one in places if isinstance(one, str))
        return self

    @cached_property
    def text(self) -> str:
        """How it is written."""
        kind, parts = self.kind, self.parts
        if kind in ENTRIES:
            return f"{parts[0]}[{parts[1]}, {parts[2]}]"
        if kind == "sum":
            return f"Σ_{{{','.join(f'{k}:{n}' for k, n in parts[0])}}} {parts[1]}"
        if kind == "call":
            return f"{parts[0]}({parts[1]})"
        if kind == "size":
            return str(parts[0])
        return f"{kind.replace('several', '')}({', '.join(map(str, parts))})"

    def __str__(self) -> str:
        return self.text


def joined(*products: Iterable[tuple[Factor, int]]) -> Product:
    """A product of products."""
    powers: dict[Factor, int] = {}
    for one in products:
        for factor, power in one:
            powers[factor] = powers.get(factor, 0) + power
    return frozenset((f, 1 if f.kind in ZERO_OR_ONE else n) for f, n in powers.items() if n)


def written(product: Product, c: Any) -> str:
    """A product with its coefficient."""
    words = [str(c) if c.denominator < 1000 else f"{float(c):.6g}"] if c != 1 else []
    return " ".join(words + sorted(_power(*pair) for pair in product)) or "1"


def _power(factor: Factor, power: int) -> str:
    if power == 1:
        return factor.text
    return f"({factor.text})^{power}" if factor.kind == "sum" else f"{factor.text}^{power}"
