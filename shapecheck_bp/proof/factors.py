"""What products are made of: entries, sizes, g of a number, exp, log, sums over an index.

A factor has a kind and parts; among the parts there may be a number, which is again a sum of
products (``sums``). A product is a set of factors, each with its power.
"""

from functools import cached_property
from typing import Any, ClassVar

Index = str | int
Product = frozenset[tuple["Factor", int]]  # factors and their powers
ENTRIES = ("entry", "share")
BINDING = ("sum", "max")
NEVER_ZERO = ("exp", "size")


class Factor:
    """What a product is made of; the same factor is always the same object."""

    known: ClassVar[dict[Any, "Factor"]] = {}
    looks: ClassVar[dict[Any, int]] = {}
    kind: str
    parts: tuple[Any, ...]
    place: int
    free: frozenset[str]
    """The indices that stand for rows and columns from outside."""
    matrices: frozenset[str]
    depth: int
    """The number of the highest index k_1, k_2, … that is summed over inside."""

    def __new__(cls, kind: str, *parts: Any) -> "Factor":
        """The factor of this kind and these parts."""
        key = kind, parts
        if key not in cls.known:
            self = cls.known[key] = super().__new__(cls)
            self.kind, self.parts, self.place = kind, parts, len(cls.known)
            inner = parts[-1] if hasattr(parts[-1], "terms") else None
            if inner:
                bound = {k for k, _ in parts[0]} if kind in BINDING else set()
                self.free, self.matrices = inner.free - bound, inner.matrices
                self.depth = inner.depth + len(bound)
            else:
                places = parts[1:] if kind in ENTRIES else parts if kind == "delta" else ()
                self.free = frozenset(one for one in places if isinstance(one, str))
                self.matrices, self.depth = frozenset(parts[:1] if kind in ENTRIES else ()), 0
        return cls.known[key]

    @cached_property
    def order(self) -> tuple[int, int]:
        """Its place among others: by what it is whatever indices are called, where that differs."""
        name = None if self.kind in (*BINDING, "delta") else self.parts[0]
        what = self.kind, getattr(name, "look", name), getattr(self.parts[-1], "look", None)
        return self.looks.setdefault(what, len(self.looks)), self.place

    def __str__(self) -> str:
        kind, parts = self.kind, self.parts
        if kind in ENTRIES:
            return f"{parts[0]}[{parts[1]}, {parts[2]}]"
        if kind in BINDING:
            sign = "Σ" if kind == "sum" else kind
            return f"{sign}_{{{','.join(f'{k}:{n}' for k, n in parts[0])}}} {parts[1]}"
        if kind == "call":
            return f"{parts[0]}({parts[1]})"
        if kind == "size":
            return str(parts[0])
        return f"{kind.replace('several', '')}({', '.join(map(str, parts))})"


def place_of(one: Product) -> list[tuple[Any, int]]:
    """Where a product stands among others."""
    return sorted((factor.order, power) for factor, power in one)


def written(one: Product, c: Any) -> str:
    """A product with its coefficient."""
    short = str(c) if c.denominator < 1000 else f"{float(c):.6g}"
    factors = [
        str(factor) if power == 1 else f"{factor}^{power}"
        for factor, power in sorted(one, key=lambda pair: (pair[0].kind == "sum", str(pair[0])))
    ]
    return " ".join(([short] if c != 1 or not factors else []) + factors)
