"""The forms in which people write backprop: how parameters come, and how gradients go back."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from shapecheck_bp.doctor.arrays import Path, name_in, place_in, stem
from shapecheck_bp.doctor.probe import Probe
from shapecheck_bp.network import Layer
from shapecheck_bp.shapes.arrays import as_numpy

STYLES = {
    "layers": "a tuple of Layer(W, b)",
    "dict": 'a dict of "W1", "b1", …',
    "keys": 'a dict of "W", "b"',
    "lists": "lists of W and of b",
    "pair": "a pair of lists, of W and of b",
    "one": "a pair of W and b",
    "arrays": "W and b of the one layer",
    "flat": "a list of W1, b1, …",
    "each": "W1, b1, … by themselves",
}
KINDS = re.compile(r"(weights?|w|theta|bias(?:es)?|b)(\d*)")
WANTED = (
    'expected a (dW, db) for each layer, a dict of "dW1", "db1", …, or lists of dW and db, with the'
    " cost or without"
)


class NoGradientsError(ValueError):
    """What came back is no gradients."""


class Reading(NamedTuple):
    """One way to understand a function: how its parameters come, and how its arrays lie."""

    style: str
    """One of ``STYLES``."""
    convention: str
    turned: bool = False
    """Whether W lies as in the other convention."""
    rank_1: bool = False
    """Whether b is (n_out,)."""

    @property
    def transposes_W(self) -> bool:
        """Whether W is the transpose of ``column``'s."""
        return (self.convention == "row") != self.turned

    def __str__(self) -> str:
        lies = "(n_in, n_out)" if self.transposes_W else "(n_out, n_in)"
        b = {"column": "(n_out, 1)", "row": "(1, n_out)"}[self.convention]
        return (
            f"examples are {self.convention}s, {STYLES[self.style]}, W is {lies}, b is"
            f" {'(n_out,)' if self.rank_1 else b}"
        )


@dataclass
class Outcome:
    """One call: cost and gradients as ``column`` would have them, or what was raised instead."""

    reading: Reading
    problem: Probe
    cost: float | None = None
    grads: list[tuple[Any, Any]] = field(default_factory=list)
    """(dW, db) for each layer; None in the place of a db that is not given."""
    shapes_fit: bool = False
    """Whether every gradient has the shape of what was given."""
    error: BaseException | None = None
    place: str = ""
    """Where in the person's code it was raised."""
    reached: tuple[int, ...] = ()
    """The lines in which its calls were then, by which one sees how far it got."""
    seen: list[Any] = field(default_factory=list)
    """The arrays that were in their code's hands then."""
    changed: list[str] = field(default_factory=list)
    """Arguments that are not what they were."""
    gives: str = ""
    """The form of what came back."""


def packed(problem: Probe, reading: Reading) -> tuple[list[Any], dict[int, str]]:
    """Parameters, X and Y as a reading has them, in arrays that nobody else has; and their names.

    The names go by the arrays' identities.
    """
    row = reading.convention == "row"

    def own(array: Any, turn: bool) -> Any:
        return np.array(array.T if turn else array, order="C")

    Ws = [own(W, reading.transposes_W) for W, _ in problem.params]
    bs = [np.array(b[:, 0]) if reading.rank_1 else own(b, row) for _, b in problem.params]
    X, Y = own(problem.X, row), own(problem.Y, row)
    names = {id(X): "X", id(Y): "Y"}
    for layer, (W, b) in enumerate(zip(Ws, bs, strict=True), start=1):
        names |= {id(W): f"W[{layer}]", id(b): f"b[{layer}]"}
    each = [one for pair in zip(Ws, bs, strict=True) for one in pair]
    keys = [f"{name}{layer}" for layer in range(1, len(Ws) + 1) for name in "Wb"]
    params: dict[str, list[Any]] = {
        "layers": [tuple(map(Layer, Ws, bs))],
        "dict": [dict(zip(keys, each, strict=True))],
        "keys": [{"W": Ws[0], "b": bs[0]}],
        "lists": [Ws, bs],
        "pair": [(Ws, bs)],
        "one": [(Ws[0], bs[0])],
        "arrays": [Ws[0], bs[0]],
        "flat": [each],
        "each": each,
    }
    return [*params[reading.style], X, Y], names


def unpack(result: Any, outcome: Outcome) -> None:
    """Find cost and gradients in what came back, in whatever form fits the shapes best.

    Raises:
        NoGradientsError: there are none in it.
    """
    best: tuple[int, float | None, list[tuple[Any, Any]], str] | None = None
    for cost, grads, gives in _forms(result):
        for pairs, form in _pairs(grads, outcome):
            try:
                arrays = [(_numbers(dW), None if db is None else _numbers(db)) for dW, db in pairs]
                value = None if cost is None else float(_numbers(cost).reshape(()))
            except (TypeError, ValueError, RuntimeError):
                continue
            score = _score(arrays, outcome)
            if best is None or score > best[0]:
                best = (score, value, arrays, gives.format(form))
    if best is None:
        raise NoGradientsError(f"{WANTED}; got {_told(result)}")
    score, outcome.cost, arrays, outcome.gives = best
    outcome.shapes_fit = score == 3 * sum(one is not None for pair in arrays for one in pair)
    reading = outcome.reading
    outcome.grads = [
        (
            dW.T if reading.transposes_W and dW.ndim == 2 else dW,
            db.T if reading.convention == "row" and np.ndim(db) == 2 else db,
        )
        for dW, db in arrays
    ]


def _forms(result: Any) -> Iterator[tuple[Any, Any, str]]:
    """Gradients alone, or with a cost among them."""
    if isinstance(result, tuple | list) and 2 <= len(result) <= 3:
        for i, one in enumerate(result):
            if _is_number(one):
                rest = [*result[:i], *result[i + 1 :]]
                told = "({}, cost)" if i else "(cost, {})"
                yield one, rest[0] if len(rest) == 1 else rest, told
    yield None, result, "{}"


def _is_number(value: Any) -> bool:
    if isinstance(value, Mapping | tuple | list | str):
        return False
    try:
        return bool(_numbers(value).size == 1)
    except (TypeError, ValueError, RuntimeError):
        return False


def _numbers(value: Any) -> Any:
    """An array of our own with real numbers in it, whatever library it comes from."""
    found = np.array(as_numpy(value))
    if found.dtype.kind not in "biuf":
        raise TypeError(f"expected real numbers; got {found.dtype}")
    return found.astype(float)


Pairs = list[tuple[Any, Any]]


def _pairs(grads: Any, outcome: Outcome) -> Iterator[tuple[Pairs, str]]:
    """The (dW, db) of each layer, in every form that this may be."""
    L = outcome.problem.net.L
    leaves = [*_leaves(grads, ())]
    yield from _by_name(leaves, L)
    if len(leaves) not in (L, 2 * L):
        leaves = [leaf for leaf in leaves if leaf[1] is not None]
    values = [value for _, value in leaves]
    if len(values) == 2 * L:
        nested = isinstance(grads, tuple | list) and len(grads) == L < len(values)
        in_turn = "a {} for each layer" if nested else "{}, …"
        yield list(zip(values[::2], values[1::2], strict=True)), in_turn.format("(dW, db)")
        yield list(zip(values[:L], values[L:], strict=True)), "lists of dW and of db"
        others = {
            "lists of db and of dW": zip(values[L:], values[:L], strict=True),
            in_turn.format("(db, dW)"): zip(values[1::2], values[::2], strict=True),
        }
        for told, pairs in others.items():
            some = [*pairs]
            if all(
                np.shape(one) == np.shape(other)
                for pair, params in zip(some, _given(outcome), strict=True)
                for one, other in zip(pair, params, strict=True)
            ):
                yield some, told
    elif len(values) == L and all(np.ndim(one) for one in values):
        yield [(dW, None) for dW in values], "dW of each layer, and no db"
        yield from _beside(values, outcome)


def _given(outcome: Outcome) -> Pairs:
    """W and b of each layer as they were given."""
    (Ws, bs, *_), _ = packed(outcome.problem, outcome.reading._replace(style="lists"))
    return list(zip(Ws, bs, strict=True))


def _by_name(leaves: list[tuple[Path, Any]], L: int) -> Iterator[tuple[Pairs, str]]:
    """By the names of a dict: "dW1", "db1", …, or lists of "dW" and "db"."""
    found: dict[str, dict[Any, tuple[str, Any]]] = {"w": {}, "b": {}}
    for path, value in leaves:
        kind = KINDS.fullmatch(stem(name_in(path)))
        if kind is not None:
            number = kind[2] or place_in(path)
            found[kind[1][0].replace("t", "w")].setdefault(number, (name_in(path), value))
    W, b = found.values()
    if len(W) != L or (b and b.keys() != W.keys()):
        return
    numbers = sorted(W, key=lambda one: (str(one).isdigit() and int(one), str(one)))
    names = [name for one in numbers for name, _ in (W[one], *([b[one]] if b else []))]
    told = ", ".join(f'"{name}"' for name in dict.fromkeys(names[:2]))
    told += ", …" if len({*names}) > 2 else ""
    form = "a dict of " if L == 1 or len({*names}) > 2 else "a dict of lists "
    yield [(W[one][1], b[one][1] if b else None) for one in numbers], form + told


def _beside(values: list[Any], outcome: Outcome) -> Iterator[tuple[Pairs, str]]:
    """[dW db] in one array, as of weights with a last column, or row, for the biases."""
    pairs: Pairs = []
    for value, (W, b) in zip(values, outcome.problem.params, strict=True):
        if np.shape(value) == (W.shape[0], W.shape[1] + 1):
            pairs.append((value[:, :-1], value[:, -1:]))
        elif np.shape(value) == (W.shape[1] + 1, W.shape[0]):
            pairs.append((value[:-1], value[-1:]))
        else:
            return
        if outcome.reading.rank_1:
            pairs[-1] = pairs[-1][0], np.reshape(pairs[-1][1], b.size)
    yield pairs, "[dW db] of each layer"


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """What is in containers, with the way to it; None too."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    elif isinstance(value, tuple | list):
        for name, item in zip(getattr(value, "_fields", range(len(value))), value, strict=True):
            yield from _leaves(item, (*path, name))
    else:
        yield path, value


def _score(arrays: Pairs, outcome: Outcome) -> int:
    """How well gradients have the shapes of what they are gradients of: 3 for each that does."""
    total = 0
    for pair, given in zip(arrays, _given(outcome), strict=True):
        for found, wanted in zip(pair, given, strict=True):
            if found is not None:
                turned = found.shape == wanted.shape[::-1]
                total += (
                    3 if found.shape == wanted.shape else 2 if turned else found.size == wanted.size
                )
    return total


def _told(result: Any) -> str:
    if isinstance(result, Mapping):
        return f"a dict of {', '.join(map(repr, result)) or 'nothing'}"
    if isinstance(result, tuple | list):
        return f"{type(result).__name__} of {len(result)}"
    return type(result).__name__
