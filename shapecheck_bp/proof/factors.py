"""What products are made of: entries, sizes, g of a number, exp, log, sums over an index.

A factor has a kind and parts; among the parts there may be a number, which is again a sum of
products (``sums``). A product is a set of factors, each with its power.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

Index = str | int
Product = frozenset[tuple["Factor", int]]  # factors and their powers
BINDING = ("sum", "max")
NEVER_ZERO = ("exp", "size")


class Factor:
    """What a product is made of; the same factor is always the same object."""

    known: ClassVar[dict[Any, "Factor"]] = {}
    looks: ClassVar[dict[Any, int]] = {}
    kind: str
    parts: tuple[Any, ...]

    def __new__(cls, kind: str, *parts: Any) -> "Factor":
        """The factor of this kind and these parts."""
        key = kind, parts
        if key not in cls.known:
            self = cls.known[key] = super().__new__(cls)
            self.kind, self.parts, self.place = kind, parts, len(cls.known)
            inner = parts[-1] if parts and hasattr(parts[-1], "terms") else None
            indices = {"entry": parts[1:], "share": parts[1:], "delta": parts}.get(kind, ())
            bound = {k for k, _ in parts[0]} if kind in BINDING else set()
            free = frozenset(one for one in indices if isinstance(one, str))
            self.free = (free | inner.free) - bound if inner else free
            named = frozenset(parts[:1] if kind in ("entry", "share") else ())
            self.matrices = inner.matrices if inner else named
            self.depth = (inner.depth if inner else 0) + len(bound)
        return cls.known[key]

    @cached_property
    def order(self) -> tuple[int, int]:
        """Its place among others: by what it is whatever indices are called, where that differs."""
        parts = [getattr(one, "look", None) for one in self.parts]
        name = self.parts[0] if self.kind in ("entry", "share", "size", "call") else None
        look = self.looks.setdefault((self.kind, name, *parts), len(self.looks))
        return look, self.place

    place: int
    free: frozenset[str]
    """The indices that stand for rows and columns from outside."""
    matrices: frozenset[str]
    depth: int
    """The number of the highest index k_1, k_2, … that is summed over inside."""

    def __str__(self) -> str:
        kind, parts = self.kind, self.parts
        if kind in ("entry", "share"):
            return f"{parts[0]}[{parts[1]}, {parts[2]}]"
        if kind in BINDING:
            sign = "Σ" if kind == "sum" else kind
            return f"{sign}_{{{','.join(f'{k}:{n}' for k, n in parts[0])}}} {parts[1]}"
        if kind == "call":
            return f"{parts[0]}({parts[1]})"
        if kind in ("size", "several"):
            return str(parts[0]) if kind == "size" else f"({parts[0]})"
        return f"{kind}({', '.join(map(str, parts))})"


def lowered(one: Product, factor: Factor) -> Product:
    """A product with one power less of a factor."""
    powers = {**dict(one)}
    powers[factor] -= 1
    return frozenset(pair for pair in powers.items() if pair[1])


def joined(*many: Mapping[Factor, int]) -> dict[Factor, int]:
    """A product of products."""
    found: dict[Factor, int] = {}
    for powers in many:
        for factor, power in powers.items():
            found[factor] = found.get(factor, 0) + power
    return {factor: power for factor, power in found.items() if power}


def place_of(one: Product) -> tuple[Any, ...]:
    """Where a product stands among others."""
    return tuple(sorted((factor.order, power) for factor, power in one))


def written(term: tuple[Product, Any]) -> str:
    """A product with its coefficient."""
    one, c = term
    short = str(c) if c.denominator < 1000 else f"{float(c):.6g}"
    factors = [
        str(factor) if power == 1 else f"{factor}^{power}"
        for factor, power in sorted(one, key=lambda pair: (pair[0].kind == "sum", str(pair[0])))
    ]
    return " ".join(([short] if c != 1 or not factors else []) + factors)
