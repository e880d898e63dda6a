"""Sums over indices, in one form whatever the indices are called and in which order they come.

>>> A = lambda i, j: entry("A", i, j)
>>> B = lambda i, j: entry("B", i, j)
>>> over("k", "n", over("l", "m", A("i", "k") * (B("k", "l") + 1)))
m Σ_{k_1:n} A[i, k_1] + Σ_{k_1:m,k_2:n} A[i, k_2] B[k_2, k_1]
>>> over("i", "n", over("k", "m", entry("W", "i", "k") ** 2)).derivative("W", "a", "b")
2 W[a, b]
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import count, permutations, product
from typing import Any

from shapecheck_bp.proof.factors import Product, lowered
from shapecheck_bp.proof.sums import (
    MAKERS,
    Number,
    entry,
    number,
    of_one,
    size,
    sum_of,
    weighted,
)

__all__ = ["entry", "largest", "over"]

MOST_ORDERS = 5040


def over(k: str, n: str | int, x: Number) -> Number:
    """Σ_k x, k over an axis of that size; one of which the size is known is written out."""
    if isinstance(n, int):
        return sum_of(x.renamed({k: place}) for place in range(n))
    return total({k: n}, x)


def largest(bound: Mapping[str, Any], x: Number) -> Number:
    """The max over an index, of which nothing is used but that it is one number."""
    ((k, n),) = bound.items()
    if k not in x.free or n == 1:
        return x.renamed({k: 0})
    name = f"k_{x.depth + 1}"
    return of_one("max", ((name, n),), x.renamed({k: name}))


def total(bound: dict[str, str], x: Number) -> Number:
    """Σ over all these indices at once."""
    over = frozenset(bound.items())
    return weighted((_of_one_product(over, one), c) for one, c in x.terms.items())


@cache
def _of_one_product(over: frozenset[tuple[str, str]], one: Product) -> Number:
    bound = dict(over)
    for factor, power in one:
        if factor.kind == "delta" and factor.free & bound.keys():
            k = min(factor.free & bound.keys())
            (other,) = (place for place in factor.parts if place != k)
            rest = Number({one - {(factor, power)}: 1})
            return total({i: n for i, n in bound.items() if i != k}, rest.renamed({k: other}))
        if factor.kind == "sum" and power > 0 and factor.free & bound.keys():
            taken = {k for other, _ in one for k in other.free} | bound.keys()
            fresh = (name for name in (f"~{i}" for i in count()) if name not in taken)
            names = {k: next(fresh) for k, _ in factor.parts[0]}
            opened = Number({lowered(one, factor): 1}) * factor.parts[1].renamed(names)
            return total(bound | {names[k]: n for k, n in factor.parts[0]}, opened)
    found, left = number(1), set(one)
    for k, n in bound.items():
        if not any(k in factor.free for factor, _ in one):
            found *= size(n)
    while left:
        group, joint = {left.pop()}, None
        while joint != (joint := {k for f, _ in group for k in f.free & bound.keys()}):
            group |= {pair for pair in left if pair[0].free & joint}
            left -= group
        found *= _joint({k: bound[k] for k in joint}, frozenset(group))
    return found


def _joint(bound: dict[str, str], one: Product) -> Number:
    """Σ of a product in which every factor hangs together with every other."""
    alone = {k: frozenset(pair for pair in one if k in pair[0].free) for k in bound}
    for k, mine in alone.items():
        others = {i: n for i, n in bound.items() if i != k}
        (factor, power), *more = mine
        if not more and factor.kind == "share" and power == 1 and factor.parts[1] == k:
            return total(others, Number({one - mine: 1}))  # Σ_k Y[k, j] = 1
        if others and any(f.kind == "sum" and n < 0 for f, n in one - mine):
            summed = _joint({k: bound[k]}, mine)  # Σ_k f(k) / Σ_k f(k) = 1
            ((product_, _),) = summed.terms.items()
            if any((f, -n) in one for f, n in product_ if f.kind == "sum"):
                return total(others, Number({one - mine: 1}) * summed)
    if not bound:
        return Number({one: 1})
    names = _canonical(bound, one)
    inner = Number({one: 1}).renamed(names)
    if len(inner.terms) != 1:
        raise ValueError(f"the sum of {inner} has no one form here")
    indices = tuple(sorted((names[k], n) for k, n in bound.items()))
    return of_one("sum", indices, inner)


def _canonical(bound: dict[str, str], one: Product) -> dict[str, str]:
    """Names k_1, k_2, … for what is summed over, that depend on what they do alone."""
    first = 1 + max(factor.depth for factor, _ in one)
    if len(set(bound.values())) == len(bound):
        return _numbered(sorted(bound, key=lambda k: bound[k]), first)
    colours: dict[str, Any] = dict(bound)
    before = 0
    while True:
        classes = sorted(set(colours.values()))
        rank = {k: classes.index(colour) for k, colour in colours.items()}
        if len(classes) in (len(bound), before):
            break
        before = len(classes)
        colours = {k: (rank[k], _role(k, rank, one)) for k in bound}
    groups = [[k for k in sorted(bound) if rank[k] == place] for place in range(len(classes))]
    orders = list(_orders(groups))
    if len(orders) > 1:
        whole = Number({one: 1})
        orders = [min(orders, key=lambda order: whole.renamed(_numbered(order, first)).place)]
    return _numbered(orders[0], first)


def _role(k: str, rank: dict[str, int], one: Product) -> int:
    """What an index does in a product, whatever its name is."""
    names = {other: "*" if other == k else f"*{place}" for other, place in rank.items()}
    mine = frozenset(pair for pair in one if k in pair[0].free)
    return Number({mine: 1}).renamed(names).place


def _numbered(order: Iterable[str], first: int) -> dict[str, str]:
    return {k: f"k_{first + place}" for place, k in enumerate(order)}


def _orders(groups: list[list[str]]) -> Iterator[tuple[str, ...]]:
    """Every order in which those with one role may be counted."""
    found = product(*(permutations(group) for group in groups))
    for number_of, order in enumerate(found):
        if number_of == MOST_ORDERS:
            raise ValueError("a sum over more indices alike than are told apart here")
        yield tuple(k for group in order for k in group)


MAKERS.update(sum=total, max=largest)
