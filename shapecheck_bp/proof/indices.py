"""Sums over indices, in one form whatever the indices are called and in which order they come.

>>> A = lambda i, j: entry("A", i, j)
>>> B = lambda i, j: entry("B", i, j)
>>> over("k", "n", over("l", "m", A("i", "k") * (B("k", "l") + 1)))
m Σ_{k_1:n} A[i, k_1] + Σ_{k_1:m,k_2:n} A[i, k_2] B[k_2, k_1]
>>> over("i", "n", over("k", "m", entry("W", "i", "k") ** 2)).derivative("W", "a", "b")
2 W[a, b]
"""

from collections.abc import Iterable
from functools import cache
from itertools import chain, count, permutations, product

from shapecheck_bp.proof.factors import Product
from shapecheck_bp.proof.sums import MAKERS, Number, alone, entry, number, of_one, size, weighted

__all__ = ["entry", "largest", "over"]

MOST_ALIKE = 5  # indices over one size, which are tried under all names
Bound = tuple[tuple[str, str], ...]  # indices that are summed over, and the sizes of their axes


def over(k: str, n: str | int, x: Number) -> Number:
    """Σ_k x, k over an axis of that size; one of which the size is known is written out."""
    if isinstance(n, int):
        return weighted((x.renamed({k: place}), 1) for place in range(n))
    return total([(k, n)], x)


def largest(bound: Iterable[tuple[str, str | int]], x: Number) -> Number:
    """The max over an index, of which nothing is used but that it is one number."""
    ((k, n),) = bound
    if k not in x.free or n == 1:
        return x.renamed({k: 0})
    name = f"k_{x.depth + 1}"
    return of_one("max", ((name, n),), x.renamed({k: name}))


def total(bound: Iterable[tuple[str, str]], x: Number) -> Number:
    """Σ over all these indices at once."""
    some = tuple(sorted(bound))
    return weighted((_of_product(some, one), c) for one, c in x.terms.items())


@cache
def _of_product(bound: Bound, one: Product) -> Number:
    """Σ of one product: without deltas and sums inside, and what hangs together summed apart."""
    summed = dict(bound)
    for factor, power in one:
        if factor.kind not in ("delta", "sum") or factor.free.isdisjoint(summed):
            continue
        rest = Number({one - {(factor, power)}: 1})
        if factor.kind == "delta":
            mine = sorted(factor.free & summed.keys())
            (other,) = (place for place in factor.parts if place != mine[0])
            others = [(k, n) for k, n in bound if k != mine[0]]
            return total(others, rest.renamed({mine[0]: other}))
        if power > 0:
            taken = {k for some, _ in one for k in some.free} | summed.keys()
            fresh = (name for name in (f"~{i}" for i in count()) if name not in taken)
            names = {k: next(fresh) for k, _ in factor.parts[0]}
            inside = rest * alone(factor) ** (power - 1)
            inner = [(names[k], n) for k, n in factor.parts[0]]
            return total([*bound, *inner], inside * factor.parts[1].renamed(names))
    found, left = number(1), set(one)
    for k, n in bound:
        if not any(k in factor.free for factor, _ in one):
            found *= size(n)
    while left:
        group = {left.pop()}
        joint: set[str] = set()
        while joint != (more := {k for f, _ in group for k in f.free & summed.keys()}):
            joint = more
            group |= {pair for pair in left if pair[0].free & joint}
            left -= group
        found *= _joint({k: summed[k] for k in joint}, frozenset(group))
    return found


def _joint(bound: dict[str, str], one: Product) -> Number:
    """Σ of a product in which every factor hangs together with every other."""
    for k, n in bound.items():
        mine = frozenset(pair for pair in one if k in pair[0].free)
        rest, others = one - mine, {i: size for i, size in bound.items() if i != k}.items()
        if [(f.kind, f.parts[1:2], power) for f, power in mine] == [("share", (k,), 1)]:
            return total(others, Number({rest: 1}))  # Σ_k Y[k, j] = 1
        if others and any(f.kind == "sum" and power < 0 for f, power in rest):
            summed = _joint({k: n}, mine)  # Σ_k f(k) / Σ_k f(k) = 1
            if any((f, -power) in rest for f, power in next(iter(summed.terms))):
                return total(others, Number({rest: 1}) * summed)
    if not bound:
        return Number({one: 1})
    names, inner = _named(bound, one)
    if len(inner.terms) != 1:
        raise ValueError(f"the sum of {inner} has no one form here")
    ((product_, c),) = inner.terms.items()
    indices = tuple(sorted((names[k], n) for k, n in bound.items()))
    return weighted([(of_one("sum", indices, Number({product_: 1})), c)])


def _named(bound: dict[str, str], one: Product) -> tuple[dict[str, str], Number]:
    """Names k_1, k_2, … for what is summed over, that depend on what they do alone.

    Those over one size are tried in every order, of which the same one comes first each time.
    """
    whole = Number({one: 1})
    alike = [[k for k in bound if bound[k] == n] for n in sorted(set(bound.values()))]
    if max(map(len, alike)) > MOST_ALIKE:
        raise ValueError("a sum over more indices alike than are told apart here")
    tried = []
    for orders in product(*map(permutations, alike)):
        order = enumerate(chain.from_iterable(orders), start=whole.depth + 1)
        names = {k: f"k_{place}" for place, k in order}
        tried.append((names, whole.renamed(names)))
    return min(tried, key=lambda named: named[1].place)


MAKERS.update(sum=total, max=largest)
