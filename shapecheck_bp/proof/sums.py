"""Numbers written with index sums, and one form for all ways to write the same.

A number is a sum of products. Its factors are entries such as W[i, k], sizes, g of a number, exp,
log, and sums over an index. What is equal for one of these reasons has one form, and is told by
``==``:

    a (b + c) = a b + a c, and what multiplies and divides cancels
    Σ_k (f(k) + g(k)) = Σ_k f(k) + Σ_k g(k),   Σ_k c f(k) = c Σ_k f(k),   Σ_k c = n c
    Σ_k Σ_l f(k, l) = Σ_l Σ_k f(k, l), under whatever names for k and l
    Σ_k δ(k, b) f(k) = f(b)
    exp(x + y) = exp(x) exp(y),   log(exp(x) s) = x + log(s)
    |x|, max(x, y), min(x, y) by the step that is 1 where x > 0 and else 0, and case by case inside
    u / (1 + u) = 1 - 1 / (1 + u), which decides fractions of exponentials

>>> A = lambda i, j: entry("A", i, j)
>>> B = lambda i, j: entry("B", i, j)
>>> over("k", "n", over("l", "m", A("i", "k") * (B("k", "l") + 1)))
m Σ_{k_1:n} A[i, k_1] + Σ_{k_1:m,k_2:n} A[i, k_2] B[k_2, k_1]
>>> z = entry("z", 0, 0)
>>> exp(minimum(z, 0)) / (1 + exp(-absolute(z))) == 1 / (1 + exp(-z))
True

The derivative by W[a, b] is that of every factor in turn; of an entry it is δ, of a sum the sum:

>>> over("i", "n", over("k", "m", entry("W", "i", "k") ** 2)).derivative("W", "a", "b")
2 W[a, b]
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from functools import cache, cached_property, reduce
from itertools import count, permutations, product
from operator import mul
from typing import Any, ClassVar

Index = str | int
Product = frozenset[tuple["Factor", int]]  # factors and their powers

MOST_ORDERS = 5040


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
            inner = parts[-1] if parts and isinstance(parts[-1], Number) else None
            indices = {"entry": parts[1:], "share": parts[1:], "delta": parts}.get(kind, ())
            bound = {k for k, _ in parts[0]} if kind in BINDING else set()
            free = frozenset(one for one in indices if isinstance(one, str))
            self.free = (free | inner.free) - bound if inner else free
            named = frozenset(parts[:1] if kind in ("entry", "share") else ())
            self.matrices = inner.matrices if inner else named
            self.depth = (inner.depth if inner else 0) + len(bound)
        return cls.known[key]

    @cached_property
    def alone(self) -> "Number":
        """The factor as a number."""
        return Number({frozenset({(self, 1)}): 1})

    def opened(self) -> tuple[dict[str, Any], "Number"]:
        """What is summed over, under names that nothing else has, and the term."""
        fresh = {k: f"~{k}" for k, _ in self.parts[0]}
        return {fresh[k]: n for k, n in self.parts[0]}, self.parts[1].renamed(fresh)

    @cached_property
    def order(self) -> tuple[int, int]:
        """Its place among others: by what it is whatever indices are called, where that differs."""
        parts = [one.look if isinstance(one, Number) else None for one in self.parts]
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


BINDING = ("sum", "max")
NEVER_ZERO = ("exp", "size")


class Number:
    """A sum of products, each with a coefficient; the same number is always the same object."""

    known: ClassVar[dict[Any, "Number"]] = {}
    looks: ClassVar[dict[Any, int]] = {}
    terms: dict[Product, Any]

    def __new__(cls, terms: Mapping[Product, Any]) -> "Number":
        """The number of these terms."""
        left = {one: c for one, c in terms.items() if c}
        key = frozenset(left.items())
        if key not in cls.known:
            self = cls.known[key] = super().__new__(cls)
            self.terms = left
            self.free = self.matrices = frozenset()
            self.depth = 0
            for factor in {factor for one in left for factor, _ in one}:
                self.free |= factor.free
                self.matrices |= factor.matrices
                self.depth = max(self.depth, factor.depth)
            self.made, self.place = {}, len(cls.known)
        return cls.known[key]

    free: frozenset[str]
    matrices: frozenset[str]
    depth: int
    place: int
    made: dict[Any, "Number"]
    """What has been made of it by renaming and differentiating."""

    @cached_property
    def look(self) -> int:
        """The same for numbers that differ in the names of indices only."""
        looks = frozenset(
            (c, tuple(sorted((factor.order[0], power) for factor, power in one)))
            for one, c in self.terms.items()
        )
        return self.looks.setdefault(looks, len(self.looks))

    def __add__(self, other: Any) -> "Number":
        return sum_of((self, number(other)))

    def __mul__(self, other: Any) -> "Number":
        other = number(other)
        if self.value is not None or other.value is not None:
            c, of = (self.value, other) if self.value is not None else (other.value, self)
            return of if c == 1 else Number({one: _plain(c * d) for one, d in of.terms.items()})
        return weighted(
            (_of(_joined(dict(one), dict(two))), c * d)
            for (one, c), (two, d) in product(self.terms.items(), other.terms.items())
        )

    def __pow__(self, power: Any) -> "Number":
        if isinstance(power, Number):
            power = power.value
        if power is None or int(power) != power:
            raise ValueError(f"a power of {power}: only whole powers are decided")
        base, times = (self if power >= 0 else self.inverse), abs(int(power))
        if len(base.terms) == 1:
            ((one, c),) = base.terms.items()
            return weighted([(_of({factor: n * times for factor, n in one}), c**times)])
        return reduce(mul, [base] * times, number(1))

    def __neg__(self) -> "Number":
        return self * -1

    def __sub__(self, other: Any) -> "Number":
        return self + -number(other)

    def __rsub__(self, other: Any) -> "Number":
        return number(other) - self

    def __truediv__(self, other: Any) -> "Number":
        return self * number(other).inverse

    def __rtruediv__(self, other: Any) -> "Number":
        return number(other) * self.inverse

    __radd__ = __add__
    __rmul__ = __mul__

    @cached_property
    def value(self) -> Any:
        """The number itself where it is known."""
        known = not self.terms or self.terms.keys() == {frozenset()}
        return self.terms.get(frozenset(), 0) if known else None

    @cached_property
    def inverse(self) -> "Number":
        """1 over it; what all its terms share is divided by alone."""
        if not self.terms:
            raise ZeroDivisionError("a division by what is zero for all arguments")
        if len(self.terms) == 1:
            ((one, c),) = self.terms.items()
            if any(factor.kind in ("step", "delta") for factor, _ in one):
                raise ZeroDivisionError("a division by what may be zero")
            return Number(
                {frozenset((factor, -power) for factor, power in one): _plain(Fraction(1) / c)}
            )
        if steps := _steps(self):
            return _case_by_case(self, steps, lambda case: case.inverse)
        shared, rest = self.shared()
        if len(rest.terms) == 1:
            return shared.inverse * rest.inverse
        first = rest.terms[min(rest.terms, key=_place)]
        several = Factor("several", rest * (Fraction(1) / first))
        return shared.inverse * Number({frozenset({(several, -1)}): _plain(Fraction(1) / first)})

    def shared(
        self, which: Callable[[Factor], bool] = lambda factor: True
    ) -> tuple["Number", "Number"]:
        """What all terms have in common, and the rest."""
        powers = [dict(one) for one in self.terms]
        factors = {factor for one in powers for factor in one}
        least = {one: min(power.get(one, 0) for power in powers) for one in factors if which(one)}
        common = {
            pair for pair in least.items() if pair[1] and pair[0].kind not in ("step", "delta")
        }
        shared = Number({frozenset(common): 1})
        return shared, self * shared.inverse if common else self

    def rebuilt(
        self,
        change: Callable[[Factor], "Number | None"],
        concerns: Callable[[Factor], Any] = lambda factor: True,
        done: dict["Number", "Number"] | None = None,
        fresh: bool = True,
    ) -> "Number":
        """The same with some factors exchanged, inside sums and functions too.

        Only what the change ``concerns`` is looked at; what has been rebuilt by it is in ``done``.
        What comes in must not have an index of the name of one that is summed over, unless these
        get ``fresh`` ones.
        """
        done = {} if done is None else done

        def of(factor: Factor) -> "Number":
            if (new := change(factor)) is not None:
                return new
            kind, parts = factor.kind, factor.parts
            if kind in BINDING:
                bound, term = factor.opened() if fresh else (dict(parts[0]), parts[1])
                return MAKERS[kind](bound, inside(term))
            if kind == "call":
                return call(parts[0], inside(parts[1]))
            return MAKERS[kind](inside(parts[0])) if kind in MAKERS else factor.alone

        def inside(inner: Number) -> Number:
            if inner not in done:
                made = []
                for one, c in inner.terms.items():
                    kept = {pair for pair in one if not concerns(pair[0])}
                    new = [(of(factor), power) for factor, power in one - kept]
                    made.append((_multiplied(dict(kept), new) if new else _one_term(one), c))
                done[inner] = weighted(made)
            return done[inner]

        return inside(self)

    def renamed(self, names: Mapping[str, Index]) -> "Number":
        """The same with other indices, all at once; only free ones are meant."""
        names = {k: new for k, new in names.items() if k in self.free and k != new}
        if not names:
            return self
        key = frozenset(names.items())
        if key not in self.made:

            def change(factor: Factor) -> Number | None:
                if factor.kind in ("entry", "share"):
                    matrix, *places = factor.parts
                    row, column = (names.get(k, k) for k in places)
                    return entry(matrix, row, column, factor.kind)
                if factor.kind == "delta":
                    return delta(*(names.get(k, k) for k in factor.parts))
                return None

            inner = {f"k_{place}" for place in range(1, self.depth + 1)}
            self.made[key] = self.rebuilt(
                change,
                lambda factor: not factor.free.isdisjoint(names),
                fresh=not inner.isdisjoint(names.values()),
            )
        return self.made[key]

    def derivative(self, matrix: str, row: Index, column: Index) -> "Number":
        """The derivative by an entry of a matrix, g' being that of g."""
        if matrix not in self.matrices:
            return number(0)
        key = matrix, row, column
        if key not in self.made:
            self.made[key] = sum_of(
                _slope(factor, key) * power * c * Number({_lower(one, factor): 1})
                for one, c in self.terms.items()
                for factor, power in one
                if matrix in factor.matrices
            )
        return self.made[key]

    def __repr__(self) -> str:
        return " + ".join(sorted(map(_written, self.terms.items()))) or "0"


def number(value: Any) -> Number:
    """A number of Python's; 0.01 is meant as it is written."""
    if isinstance(value, Number):
        return value
    exactly = value if isinstance(value, int | Fraction) else Fraction(repr(float(value)))
    return Number({frozenset(): _plain(exactly)})


def sum_of(numbers: Iterable[Number]) -> Number:
    """A sum of some numbers."""
    return weighted((one, 1) for one in numbers)


def weighted(numbers: Iterable[tuple[Number, Any]]) -> Number:
    """A sum of numbers, each times a known one."""
    found: dict[Product, Any] = {}
    numbers = list(numbers)
    if len(numbers) == 1 and numbers[0][1] == 1:
        return numbers[0][0]
    for one, c in numbers:
        for factors, d in one.terms.items():
            found[factors] = found.get(factors, 0) + c * d
    return Number({factors: _plain(c) for factors, c in found.items()})


def _plain(c: Any) -> Any:
    """A whole number as Python has it."""
    return c.numerator if c.denominator == 1 else c


def _one_term(one: Product) -> Number:
    """A product alone."""
    return Number({one: 1})


def of_one(kind: str, *parts: Any) -> Number:
    """A factor alone."""
    return Number({frozenset({(Factor(kind, *parts), 1)}): 1})


def entry(matrix: str, row: Index, column: Index, kind: str = "entry") -> Number:
    """W[i, k]; a share is an entry of a matrix of which each column adds up to one."""
    return of_one(kind, matrix, row, column)


def size(name: str | int) -> Number:
    """The size of an axis."""
    return of_one("size", name) if isinstance(name, str) else number(name)


def call(function: str, x: Number) -> Number:
    """g(x), of which nothing is known but that its derivative is g'."""
    return of_one("call", function, x)


def delta(i: Index, k: Index) -> Number:
    """1 where both indices are the same, else 0."""
    if i == k or (isinstance(i, int) and isinstance(k, int)):
        return number(int(i == k))
    return of_one("delta", *sorted((i, k), key=str))


def over(k: str, n: str | int, x: Number) -> Number:
    """Σ_k x, k over an axis of that size; one of which the size is known is written out."""
    if isinstance(n, int):
        return sum_of(x.renamed({k: place}) for place in range(n))
    return _total({k: n}, x)


def largest(bound: Mapping[str, Any], x: Number) -> Number:
    """The max over an index, of which nothing is used but that it is one number."""
    ((k, n),) = bound.items()
    if k not in x.free or n == 1:
        return x.renamed({k: 0})
    name = f"k_{x.depth + 1}"
    return of_one("max", ((name, n),), x.renamed({k: name}))


def exp(x: Any) -> Number:
    """e to the x, as a product for a sum in x."""
    if steps := _steps(x := number(x)):
        return _case_by_case(x, steps, exp)
    powers = {
        (Factor("exp", Number({one: Fraction(1, c.denominator)})), c.numerator)
        for one, c in x.terms.items()
    }
    return Number({frozenset(powers): 1})


def log(x: Any) -> Number:
    """The logarithm, as a sum for what is positive in a product."""
    if steps := _steps(x := number(x)):
        return _case_by_case(x, steps, log)
    shared, rest = x.shared(_positive)
    parts = [shared]
    if len(rest.terms) == 1 and _all_positive(rest):
        parts, rest = [shared, rest], number(1)
    found = number(0)
    for one, c in (term for part in parts for term in part.terms.items()):
        rest *= c
        for factor, power in one:
            inside = factor.parts[0] if factor.kind in ("exp", "several") else factor.alone
            found += power * (inside if factor.kind == "exp" else of_one("log", inside))
    return found if rest == number(1) else found + of_one("log", rest)


def tanh(x: Any) -> Number:
    """The hyperbolic tangent, by exponentials."""
    return 1 - 2 / (exp(2 * number(x)) + 1)


def step(x: Any) -> Number:
    """1 where x > 0, else 0; where x = 0 is not looked at."""
    if steps := _steps(x := number(x)):
        return _case_by_case(x, steps, step)
    if x.value is not None:
        return number(int(x.value > 0))
    _, x = x.shared(_positive)
    first = x.terms[min(x.terms, key=_place)]
    upwards = of_one("step", x * (Fraction(1) / first))
    return upwards if first > 0 else 1 - upwards


def absolute(x: Any) -> Number:
    """|x|."""
    return number(x) * (2 * step(x) - 1)


def maximum(x: Any, y: Any) -> Number:
    """The larger of two."""
    larger: Number = number(x) - y
    return larger * step(larger) + number(y)


def minimum(x: Any, y: Any) -> Number:
    """The smaller of two."""
    return -maximum(-number(x), -number(y))


MAKERS: dict[str, Callable[..., Number]] = {
    "sum": lambda bound, x: _total(bound, x),
    "max": largest,
    "exp": exp,
    "log": log,
    "step": step,
    "several": lambda x: x,
}


@cache
def _slope(factor: Factor, by: tuple[str, Index, Index]) -> Number:
    """The derivative of a factor by an entry."""
    kind, parts = factor.kind, factor.parts
    if kind in ("entry", "share"):
        return delta(parts[1], by[1]) * delta(parts[2], by[2])
    if kind == "sum":
        bound, term = factor.opened()
        return _total(bound, term.derivative(*by))
    if kind == "step":
        return number(0)
    if kind == "max":
        raise ValueError("the derivative of a max over an axis is not known")
    inner: Number = parts[-1].derivative(*by)
    if kind == "call":
        return call(f"{parts[0]}'", parts[1]) * inner
    if kind == "exp":
        return factor.alone * inner
    return inner * parts[0].inverse if kind == "log" else inner


def _lower(one: Product, factor: Factor) -> Product:
    """A product with one power less of a factor."""
    powers = {**dict(one)}
    powers[factor] -= 1
    return frozenset(pair for pair in powers.items() if pair[1])


def _steps(x: Number) -> list[Factor]:
    return [factor for one in x.terms for factor, _ in one if factor.kind == "step"]


def _case_by_case(x: Number, steps: list[Factor], f: Callable[[Number], Number]) -> Number:
    """f(x) where the step is 1, and f(x) where it is 0."""
    first = min(steps, key=lambda one: one.order)
    up = sum_of(
        Number({frozenset(pair for pair in one if pair[0] is not first): c})
        for one, c in x.terms.items()
    )
    down = Number({one: c for one, c in x.terms.items() if (first, 1) not in one})
    return first.alone * f(up) + (1 - first.alone) * f(down)


def _settled(powers: dict[Factor, int]) -> Number | None:
    """What a product comes to where more is to be done than to add powers."""
    for factor, power in powers.items():
        if factor.kind in ("step", "delta") and power > 1:
            powers[factor] = 1
    for factor, power in powers.items():
        if factor.kind != "several" or not power:
            continue
        if power > 0:
            left = {one: n for one, n in powers.items() if one is not factor}
            expanded: Number = factor.parts[0] ** power
            return _of(left) * expanded
        for v, at, end, rest in _divisions(factor):
            if powers.get(v, 0) >= at if at else powers.get(v, 0) < 0:
                # v**at end + rest = s, so that v**at / s = 1 / end - rest / end 1 / s
                ((own, c),) = end.inverse.terms.items()
                above = _joined(powers, {v: -at, factor: 1}, dict(own))
                below = [(_of(_joined(above, {factor: -1}, dict(one))), d) for one, d in rest]
                return weighted([(_of(above), c), (weighted(below), -c)])
    return None


def _multiplied(powers: dict[Factor, int], numbers: Iterable[tuple[Number, int]]) -> Number:
    """A product times powers of numbers, those of one term first."""
    several: list[Number] = []
    coefficient: Any = 1
    for one, power in numbers:
        if len(one.terms) != 1:
            several.append(one**power)
            continue
        ((factors, c),) = one.terms.items()
        coefficient *= c if power == 1 or c == 1 else Fraction(c) ** power
        for factor, n in factors:
            powers[factor] = powers.get(factor, 0) + n * power
    return reduce(mul, several, weighted([(_of(powers), coefficient)]))


def _joined(*many: Mapping[Factor, int]) -> dict[Factor, int]:
    """A product of products."""
    found: dict[Factor, int] = {}
    for powers in many:
        for factor, power in powers.items():
            found[factor] = found.get(factor, 0) + power
    return {factor: power for factor, power in found.items() if power}


@cache
def _divisions(several: Factor) -> list[tuple[Factor, int, Number, list[tuple[Product, Any]]]]:
    """The ends of a sum by powers of one of its factors: where one of them can be solved for.

    An exponential v may be solved for from both ends, so that v**n / s is left for n from 0 to
    less than the highest power in s; anything else from above.
    """
    terms = several.parts[0].terms
    powers = [dict(one) for one in terms]
    for v in sorted({f for one in powers for f in one}, key=lambda f: (f.kind != "exp", f.order)):
        highest, lowest = (f(one.get(v, 0) for one in powers) for f in (max, min))
        found = []
        for at in (highest, 0) if v.kind == "exp" else (highest,):
            ends = [one for one in terms if dict(one).get(v, 0) == at]
            own = frozenset(pair for one in ends for pair in one if pair[0] is not v)
            if len(ends) == 1 and all(factor.kind in NEVER_ZERO for factor, _ in own):
                rest = [term for term in terms.items() if term[0] != ends[0]]
                found.append((v, at, Number({own: terms[ends[0]]}), rest))
        if found and highest > 0 and lowest >= 0:
            return found
    return []


def _of(powers: Mapping[Factor, int]) -> Number:
    """A product, settled."""
    powers = {one: n for one, n in powers.items() if n}
    settled = _settled(powers)
    return Number({frozenset(powers.items()): 1}) if settled is None else settled


def _positive(factor: Factor) -> bool:
    if factor.kind in ("sum", "several"):
        return _all_positive(factor.parts[-1])
    return factor.kind in NEVER_ZERO


def _all_positive(x: Number) -> bool:
    return all(c > 0 and all(_positive(f) for f, _ in one) for one, c in x.terms.items())


def _total(bound: dict[str, str], x: Number) -> Number:
    """Σ over all these indices at once."""
    return sum_of(_total_of_one(bound, one) * c for one, c in x.terms.items())


def _total_of_one(bound: dict[str, str], one: Product) -> Number:
    for factor, power in one:
        if factor.kind == "delta" and factor.free & bound.keys():
            k = min(factor.free & bound.keys())
            (other,) = (place for place in factor.parts if place != k)
            rest = Number({one - {(factor, power)}: 1})
            return _total({i: n for i, n in bound.items() if i != k}, rest.renamed({k: other}))
        if factor.kind == "sum" and power > 0 and factor.free & bound.keys():
            taken = {k for other, _ in one for k in other.free} | bound.keys()
            fresh = (name for name in (f"~{i}" for i in count()) if name not in taken)
            names = {k: next(fresh) for k, _ in factor.parts[0]}
            opened = Number({_lower(one, factor): 1}) * factor.parts[1].renamed(names)
            return _total(bound | {names[k]: n for k, n in factor.parts[0]}, opened)
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
        rest = Number({one - mine: 1})
        others = {i: n for i, n in bound.items() if i != k}
        (factor, power), *more = mine
        if not more and factor.kind == "share" and power == 1 and factor.parts[1] == k:
            return _total(others, rest)  # Σ_k Y[k, j] = 1
        if others and any(f.kind == "sum" and n < 0 for f, n in one - mine):
            summed = _joint({k: bound[k]}, mine)  # Σ_k f(k) / Σ_k f(k) = 1
            ((product_, _),) = summed.terms.items()
            if any((f, -n) in one for f, n in product_ if f.kind == "sum"):
                return _total(others, rest * summed)
    if not bound:
        return Number({one: 1})
    names = _canonical(bound, one)
    inner = Number({one: 1}).renamed(names)
    assert len(inner.terms) == 1, inner
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


def _place(one: Product) -> tuple[Any, ...]:
    return tuple(sorted((factor.order, power) for factor, power in one))


def _written(term: tuple[Product, Any]) -> str:
    one, c = term
    short = str(c) if c.denominator < 1000 else f"{float(c):.6g}"
    factors = [
        str(factor) if power == 1 else f"{factor}^{power}"
        for factor, power in sorted(one, key=lambda pair: (pair[0].kind == "sum", str(pair[0])))
    ]
    return " ".join(([short] if c != 1 or not factors else []) + factors)
