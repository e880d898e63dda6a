"""Index sums, in one form for all ways to write the same.

A number is made of terms, each a coefficient and a product:

    3 b[i, 0] Σ_{k:n, l:m} W[i, k]^2 g(Z[k, l])

What is multiplied are entries such as W[i, k], sizes, δ, g of a number, exp, log, 1 over a number,
and sums over indices (``factors``). A sum is of one product, each factor of which has an index that
is summed over, and which is in no two parts. What is equal for one of these reasons has one form,
and is told by ``==``:

    a (b + c) = a b + a c, and what multiplies and divides cancels
    Σ_k (f(k) + g(k)) = Σ_k f(k) + Σ_k g(k),   c Σ_k f(k) = Σ_k c f(k),   Σ_k c = n c
    Σ_k f(k) Σ_l g(l) = Σ_l Σ_k f(k) g(l), under whatever names for k and l
    Σ_k δ(k, b) f(k) = f(b)
    Σ_k Y[k, j] = 1, where that is said of Y ("share")

and for those of fractions, exp, log and |x| in ``functions``.

>>> A, B = (lambda i, j, name=name: entry(name, i, j) for name in "AB")
>>> over("k", "n", over("l", "m", A("i", "k") * (B("k", "l") + 1)))
m Σ_{k_1:n} A[i, k_1] + Σ_{k_1:m,k_2:n} A[i, k_2] B[k_2, k_1]
"""

from collections.abc import Callable, Collection, Mapping
from itertools import chain, count, permutations, product
from typing import Any

from shapecheck_bp.proof.factors import ENTRIES, Bound, Factor, Index, Product, joined, remembered
from shapecheck_bp.proof.numbers import Number, alone, number, of_product, weighted

MOST_ALIKE = 5  # indices over one size, which are tried under all names


def entry(matrix: str, row: Index, column: Index, kind: str = "entry") -> Number:
    """W[i, k]; a share is an entry of a matrix of which each column adds up to one."""
    return alone(Factor(kind, matrix, row, column))


def size(n: Any) -> Number:
    """The size of an axis: a number, or a name for any."""
    return number(n) if isinstance(n, int) else alone(Factor("size", str(n)))


def call(function: str, x: Number) -> Number:
    """g(x), of which nothing is known but that its derivative is g'."""
    return alone(Factor("call", function, x))


def delta(i: Index, k: Index) -> Number:
    """1 where both indices are the same, else 0."""
    if i == k or (isinstance(i, int) and isinstance(k, int)):
        return number(int(i == k))
    return alone(Factor("delta", *sorted((i, k), key=str)))


def over(k: str, n: Any, x: Number) -> Number:
    """Σ_k x, k over an axis of that size; one of which the size is known is written out."""
    if isinstance(n, int):
        return weighted((renamed(x, {k: place}), 1) for place in range(n))
    return total(((k, str(n)),), x)


def largest(k: str, n: Any, x: Number) -> Number:
    """max_k x, of which nothing is used but that it comes of all x alike: max(Σ_k each(x))."""
    return call("max", over(k, n, call("each", x))) if k in x.free else x


# How a factor is made again of other parts, by its kind; ``functions`` adds its own.
MAKERS: dict[str, Callable[..., Number]] = {
    "several": lambda x: x,
    "call": call,
    "sum": lambda bound, x: total(bound, x),
}


def renamed(x: Number, names: Mapping[str, Index]) -> Number:
    """The same with other indices, all at once; only free ones are meant."""
    meant = frozenset((k, new) for k, new in names.items() if k in x.free and k != new)
    return _with_names(x, meant) if meant else x


@remembered
def _with_names(x: Number, names: frozenset[tuple[str, Index]]) -> Number:
    new = dict(names)
    return x.mapped(lambda factor: _renamed(factor, new))


def _renamed(factor: Factor, names: Mapping[str, Index]) -> Number:
    """A factor with other indices."""
    kind, parts = factor.kind, factor.parts
    if factor.free.isdisjoint(names):
        return alone(factor)
    if kind in ENTRIES:
        row, column = (names.get(k, k) for k in parts[1:])
        return entry(parts[0], row, column, kind)
    if kind == "delta":
        return delta(*(names.get(k, k) for k in parts))
    if kind == "sum":
        bound, inner = opened(factor, {*names, *names.values()})
        return total(bound, renamed(inner, names))
    return remade(factor, lambda inner: renamed(inner, names))


def opened(factor: Factor, taken: Collection[Index]) -> tuple[Bound, Number]:
    """What a sum is over, and of what, under names for its indices that are not taken."""
    bound, inner = factor.parts
    names = {k: f"{k}'" for k, _ in bound if k in taken}
    while not {*taken, *inner.free}.isdisjoint(names.values()):
        names = {k: f"{new}'" for k, new in names.items()}
    return tuple((names.get(k, k), n) for k, n in bound), renamed(inner, names)


def remade(factor: Factor, change: Callable[[Number], Number]) -> Number:
    """A factor of another number than is inside it."""
    *others, inner = factor.parts
    if not isinstance(inner, Number):
        return alone(factor)
    return MAKERS[factor.kind](*others, change(inner))


def total(bound: Bound, x: Number) -> Number:
    """Σ x over all these indices at once."""
    return weighted((_summed(bound, product), c) for product, c in x.terms.items())


@remembered
def _summed(bound: Bound, one: Product) -> Number:
    """Σ of a product, in the one form that it has."""
    summed = dict(bound)
    if not bound:
        return of_product(one)
    for factor, power in one:
        if factor.free.isdisjoint(summed):
            continue
        if factor.kind == "delta":
            here = min(factor.free & summed.keys())
            (other,) = (place for place in factor.parts if place != here)
            others = tuple((k, n) for k, n in bound if k != here)
            return total(others, renamed(of_product(one - {(factor, 1)}), {here: other}))
        if factor.kind == "sum" and power > 0:
            more, inner = opened(factor, {*summed, *(k for f, _ in one for k in f.free)})
            return total(bound + more, of_product(joined(one, [(factor, -1)])) * inner)
    for k, n in bound:
        mine = frozenset(pair for pair in one if k in pair[0].free)
        others = tuple(pair for pair in bound if pair[0] != k)
        if not mine:
            return _summed(others, one) * size(n)
        if [(f.kind, f.parts[1:2], power) for f, power in mine] == [("share", (k,), 1)]:
            return _summed(others, one - mine)  # Σ_k Y[k, j] = 1
    inside, mine = _together(summed, one)
    if one - mine:
        first, others = (
            tuple(pair for pair in bound if (pair[0] in inside) == is_in) for is_in in (True, False)
        )
        return _summed(first, mine) * _summed(others, one - mine)
    return _named(bound, one)


def _together(summed: Mapping[str, str], one: Product) -> tuple[set[str], Product]:
    """The first index that is summed over, others that meet it in a factor, and these factors."""
    inside, met = {min(summed)}, set[str]()
    while inside != met:
        met = inside
        mine = frozenset(pair for pair in one if not pair[0].free.isdisjoint(met))
        inside = {k for factor, _ in mine for k in factor.free if k in summed}
    return inside, mine


def _named(bound: Bound, one: Product) -> Number:
    """Names k_1, k_2, … for what is summed over, that depend on what they do alone.

    Those over one size are tried in every order, of which the same one comes first each time.
    """
    sizes = sorted(n for _, n in bound)
    others = {k for factor, _ in one for k in factor.free} - dict(bound).keys()
    numbered = (f"k_{place}" for place in count(1))
    named = tuple(zip((k for k in numbered if k not in others), sizes, strict=False))
    alike = [[k for k, n in bound if n == size] for size in sorted({*sizes})]
    if max(map(len, alike)) > MOST_ALIKE:
        raise ValueError("a sum over more indices alike than are told apart here")
    tried = [
        renamed(Number({one: 1}), dict(zip(chain(*orders), dict(named), strict=True)))
        for orders in product(*map(permutations, alike))
    ]
    first = min(tried, key=str) if len(tried) > 1 else tried[0]
    if len(first.terms) != 1:
        raise ValueError(f"the sum of {first} has no one form here")
    ((inner, c),) = first.terms.items()
    return weighted([(alone(Factor("sum", named, Number({inner: 1}))), c)])
