"""The forms in which people write backprop: how parameters come, and how gradients go back."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from shapecheck_bp.doctor.arrays import name_in, place_in, stem
from shapecheck_bp.doctor.probe import Gradients, Probe, named
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

    @property
    def m(self) -> str:
        """The line for m."""
        return "m = X.shape[1]" if self.convention == "column" else "m = X.shape[0]"

    def turns(self, quantity: str, array: Any) -> bool:
        """Whether an array is the transpose of ``column``'s; one of one axis lies as it lies."""
        turns = self.transposes_W if quantity[-1] == "W" else self.convention == "row"
        return turns and np.ndim(array) == 2

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
    grads: Gradients = field(default_factory=dict)
    """By their names, from the last layer on; without those that are not given."""
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


def given(problem: Probe, reading: Reading) -> list[Layer[Any, Any]]:
    """W and b of each layer as a reading has them, in arrays that nobody else has."""
    return [
        Layer(own(reading, "W", W), np.array(b[:, 0]) if reading.rank_1 else own(reading, "b", b))
        for W, b in problem.params
    ]


def own(reading: Reading, name: str, array: Any) -> Any:
    """An array as a reading has it, which nobody else has."""
    return np.array(array.T if reading.turns(name, array) else array, order="C")


def packed(problem: Probe, reading: Reading) -> tuple[list[Any], dict[int, str]]:
    """Parameters, X and Y as a reading has them; and the arrays' names by their identities."""
    layers = given(problem, reading)
    Ws, bs = ([*some] for some in zip(*layers, strict=True))
    X, Y = (own(reading, name, getattr(problem, name)) for name in "XY")
    each = {f"{name}{i + 1}": getattr(one, name) for i, one in enumerate(layers) for name in "Wb"}
    names = {id(one): f"{key[0]}[{key[1:]}]" for key, one in each.items()}
    params: dict[str, list[Any]] = {
        "layers": [tuple(layers)],
        "dict": [each],
        "keys": [{"W": Ws[0], "b": bs[0]}],
        "lists": [Ws, bs],
        "pair": [(Ws, bs)],
        "one": [(Ws[0], bs[0])],
        "arrays": [Ws[0], bs[0]],
        "flat": [[*each.values()]],
        "each": [*each.values()],
    }
    return [*params[reading.style], X, Y], {id(X): "X", id(Y): "Y"} | names


def unpack(result: Any, outcome: Outcome) -> None:
    """Find cost and gradients in what came back, in whatever form fits the shapes best.

    Raises:
        NoGradientsError: there are none in it.
    """
    wanted = named(given(outcome.problem, outcome.reading))
    best = -1
    for cost, grads, gives in _forms(result):
        for pairs, form in _pairs(grads, outcome.problem.net.L, wanted):
            try:
                found = {
                    name: _numbers(one) for name, one in named(pairs).items() if one is not None
                }
                value = None if cost is None else float(_numbers(cost).reshape(()))
            except (TypeError, ValueError, RuntimeError):
                continue
            score = sum(_likeness(one.shape, wanted[name].shape) for name, one in found.items())
            if score > best:
                best = score
                outcome.cost, outcome.grads, outcome.gives = value, found, gives.format(form)
    if best < 0:
        raise NoGradientsError(f"{WANTED}; got {_told(result)}")
    outcome.shapes_fit = best == 3 * len(outcome.grads)
    outcome.grads = {
        name: one.T if outcome.reading.turns(name[0], one) else one
        for name, one in outcome.grads.items()
    }


def _likeness(found: tuple[int, ...], wanted: tuple[int, ...]) -> int:
    """How well a gradient has the shape of what it is the gradient of."""
    if found == wanted:
        return 3
    return 2 if found == wanted[::-1] else int(np.prod(found) == np.prod(wanted))


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


def _pairs(grads: Any, L: int, wanted: Gradients) -> Iterator[tuple[Pairs, str]]:
    """The (dW, db) of each layer, in every form that this may be."""
    leaves = [*_leaves(grads, ())]
    yield from _by_name(leaves, L)
    values = [value for _, value in leaves]
    if len(values) not in (L, 2 * L):
        values = [value for value in values if value is not None]
    if len(values) == 2 * L:
        nested = isinstance(grads, tuple | list) and len(grads) == L < len(values)
        in_turn = "a {} for each layer" if nested else "{}, …"
        halves, turns = (values[:L], values[L:]), (values[::2], values[1::2])
        yield list(zip(*turns, strict=True)), in_turn.format("(dW, db)")
        yield list(zip(*halves, strict=True)), "lists of dW and of db"
        for (bs, Ws), told in (
            (halves, "lists of db and of dW"),
            (turns, in_turn.format("(db, dW)")),
        ):
            some = list(zip(Ws, bs, strict=True))  # only where it fits in all
            if all(np.shape(one) == wanted[name].shape for name, one in named(some).items()):
                yield some, told
    elif len(values) == L and all(np.ndim(one) for one in values):
        yield [(dW, None) for dW in values], "dW of each layer, and no db"
        yield from _beside(values, wanted)


def _by_name(leaves: list[tuple[Any, Any]], L: int) -> Iterator[tuple[Pairs, str]]:
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


def _beside(values: list[Any], wanted: Gradients) -> Iterator[tuple[Pairs, str]]:
    """[dW db] in one array, as of weights with a last column, or row, for the biases."""
    pairs: Pairs = []
    for layer, value in enumerate(values, start=1):
        (n, k), b = wanted["dW", layer].shape, wanted["db", layer]
        if np.shape(value) == (n, k + 1) and n == b.size:
            pairs.append((value[:, :-1], value[:, -1:].reshape(b.shape)))
        elif np.shape(value) == (n + 1, k) and k == b.size:
            pairs.append((value[:-1], value[-1:].reshape(b.shape)))
        else:
            return
    yield pairs, "[dW db] of each layer"


def _leaves(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, Any]]:
    """What is in containers, with the way to it; None too."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    elif isinstance(value, tuple | list):
        for name, item in zip(getattr(value, "_fields", range(len(value))), value, strict=True):
            yield from _leaves(item, (*path, name))
    else:
        yield path, value


def _told(result: Any) -> str:
    if isinstance(result, Mapping):
        return f"a dict of {', '.join(map(repr, result)) or 'nothing'}"
    if isinstance(result, tuple | list):
        return f"{type(result).__name__} of {len(result)}"
    return type(result).__name__
