"""What terms are made of: entries, sizes, g of a number, exp, log, what is divided by.

A factor has a kind and parts. The last part may be a number, which is again a sum of terms
(``sums``).
"""

from typing import Any, ClassVar

Index = str | int
Bound = tuple[tuple[str, str], ...]  # indices that are summed over, and the sizes of their axes
Product = frozenset[tuple["Factor", int]]  # factors and their powers
Term = tuple[Bound, Product]
ENTRIES = ("entry", "share")
NEVER_ZERO = ("exp", "size")
ZERO_OR_ONE = ("step", "delta")


class Factor:
    """What a term is made of; the same factor is always the same object."""

    known: ClassVar[dict[Any, "Factor"]] = {}
    looks: ClassVar[dict[Any, int]] = {}
    kind: str
    parts: tuple[Any, ...]
    free: frozenset[str]
    """The indices that are not summed over inside."""
    order: tuple[int, int]
    """Its place among others: by what it is whatever indices are called, where that differs."""

    def __new__(cls, kind: str, *parts: Any) -> "Factor":
        """The factor of this kind and these parts."""
        key = kind, parts
        if key not in cls.known:
            self = cls.known[key] = super().__new__(cls)
            self.kind, self.parts = kind, parts
            *others, inner = parts
            if hasattr(inner, "terms"):
                self.free = inner.free
                look = kind, *others, inner.look
            else:
                places = parts[1:] if kind in ENTRIES else parts if kind == "delta" else ()
                self.free = frozenset(one for one in places if isinstance(one, str))
                look = (kind,) if kind == "delta" else (kind, parts[0])
            self.order = cls.looks.setdefault(look, len(cls.looks)), len(cls.known)
        return cls.known[key]

    def __str__(self) -> str:
        kind, parts = self.kind, self.parts
        if kind in ENTRIES:
            return f"{parts[0]}[{parts[1]}, {parts[2]}]"
        if kind == "call":
            return f"{parts[0]}({parts[1]})"
        if kind == "size":
            return str(parts[0])
        return f"{kind.replace('several', '')}({', '.join(map(str, parts))})"


def joined(*products: Any) -> Product:
    """A product of products."""
    powers: dict[Factor, int] = {}
    for one in products:
        for factor, power in one:
            powers[factor] = powers.get(factor, 0) + power
    return frozenset((f, 1 if f.kind in ZERO_OR_ONE else n) for f, n in powers.items() if n)


def outside(term: Term) -> dict[Factor, int]:
    """A term's factors that have no index that is summed over, and their powers."""
    summed = dict(term[0])
    return {factor: power for factor, power in term[1] if factor.free.isdisjoint(summed)}


def place_of(term: Term) -> list[tuple[Any, int]]:
    """Where a term stands among others."""
    return sorted((factor.order, power) for factor, power in term[1])


def written(term: Term, c: Any) -> str:
    """A term with its coefficient."""
    bound, product = term
    inside = product - outside(term).items()
    words = [str(c) if c.denominator < 1000 else f"{float(c):.6g}"] if c != 1 else []
    words += _listed(product - inside)
    if bound:
        words.append(f"Σ_{{{','.join(f'{k}:{n}' for k, n in bound)}}}")
    return " ".join(words + _listed(inside)) or "1"


def _listed(product: Any) -> list[str]:
    return sorted(str(factor) if power == 1 else f"{factor}^{power}" for factor, power in product)
