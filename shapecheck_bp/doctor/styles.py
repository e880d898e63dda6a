"""The styles in which people write backprop: how parameters come, and how gradients go back."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any, NamedTuple

import numpy as np

from shapecheck_bp.doctor.probe import Probe
from shapecheck_bp.network import Layer
from shapecheck_bp.shapes.arrays import as_numpy


class NoGradientsError(ValueError):
    """What came back is no gradients."""


class Reading(NamedTuple):
    """One way to understand a function: how its parameters come, and how its arrays lie."""

    style: str
    """``"layers"``: Layer(W, b) tuples; ``"dict"``: W1, b1, …; ``"lists"``: W and b by themselves;
    ``"pair"``: the same as one argument; ``"arrays"``: W and b of the only layer."""
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
        style = {
            "layers": "a tuple of Layer(W, b)",
            "dict": 'a dict of "W1", "b1", …',
            "lists": "lists of W and of b",
            "pair": "a pair of lists, of W and of b",
            "arrays": "W and b of the one layer",
        }[self.style]
        lies = "(n_in, n_out)" if self.transposes_W else "(n_out, n_in)"
        b = {"column": "(n_out, 1)", "row": "(1, n_out)"}[self.convention]
        return (
            f"examples are {self.convention}s, {style}, W is {lies}, b is"
            f" {'(n_out,)' if self.rank_1 else b}"
        )


@dataclass
class Outcome:
    """One call: cost and gradients as ``column`` would have them, or what was raised instead."""

    reading: Reading
    problem: Probe
    cost: float | None = None
    grads: list[tuple[Any, Any]] = field(default_factory=list)
    shapes_fit: bool = False
    """Whether every gradient has the shape of what was given."""
    error: BaseException | None = None
    place: str = ""
    """Where in the person's code it was raised."""
    seen: list[Any] = field(default_factory=list)
    """The arrays that were in their code's hands then."""
    changed: list[str] = field(default_factory=list)
    """Arguments that are not what they were."""
    gives: str = ""
    """The form of what came back."""


def packed(problem: Probe, reading: Reading) -> list[Any]:
    """Parameters, X and Y as a reading has them, in arrays that nobody else has."""
    row = reading.convention == "row"

    def own(array: Any, turn: bool) -> Any:
        return np.array(array.T if turn else array, order="C")

    Ws = [own(W, reading.transposes_W) for W, _ in problem.params]
    bs = [np.array(b[:, 0]) if reading.rank_1 else own(b, row) for _, b in problem.params]
    data = [own(problem.X, row), own(problem.Y, row)]
    if reading.style == "dict":
        params: dict[str, Any] = {}
        for layer, (W, b) in enumerate(zip(Ws, bs, strict=True), start=1):
            params |= {f"W{layer}": W, f"b{layer}": b}
        return [params, *data]
    if reading.style == "lists":
        return [Ws, bs, *data]
    if reading.style == "arrays":
        return [Ws[0], bs[0], *data]
    if reading.style == "pair":
        return [(Ws, bs), *data]
    return [tuple(map(Layer, Ws, bs)), *data]


def named(arguments: Any) -> Iterator[tuple[str, Any]]:
    """Every array in the arguments by name."""
    *params, X, Y = arguments
    yield from (("X", X), ("Y", Y))
    if isinstance(params[0], dict):
        yield from params[0].items()
        return
    if len(params) == 2 or (len(params[0]) == 2 and isinstance(params[0][0], list)):
        Ws, bs = params if len(params) == 2 else params[0]
        if not isinstance(Ws, list):
            Ws, bs = [Ws], [bs]
        pairs = list(zip_longest(Ws, bs))
    else:
        pairs = list(params[0])
    for layer, pair in enumerate(pairs, start=1):
        yield from zip((f"W[{layer}]", f"b[{layer}]"), pair, strict=False)


def unpack(result: Any, outcome: Outcome) -> None:
    """Find cost and gradients in what came back, in whatever form fits the shapes best.

    Raises:
        NoGradientsError: there are none in it.
    """
    best: tuple[int, float | None, list[tuple[Any, Any]], str] | None = None
    for cost, grads, gives in _forms(result):
        for pairs, form in _pairs(grads, outcome.problem.net.L):
            try:
                arrays = [(_numbers(dW), _numbers(db)) for dW, db in pairs]
                value = None if cost is None else float(_numbers(cost).reshape(()))
            except (TypeError, ValueError, RuntimeError):
                continue
            score = _score(arrays, outcome)
            if best is None or score > best[0]:
                best = (score, value, arrays, gives.format(form))
    if best is None:
        raise NoGradientsError(
            'expected a (dW, db) for each layer, a dict of "dW1", "db1", …, or lists of dW and db,'
            f" with the cost or without; got {_told(result)}"
        )
    score, outcome.cost, arrays, outcome.gives = best
    outcome.shapes_fit = score == 3 * 2 * len(arrays)
    reading = outcome.reading
    outcome.grads = [
        (
            dW.T if reading.transposes_W and dW.ndim == 2 else dW,
            db.T if reading.convention == "row" and db.ndim == 2 else db,
        )
        for dW, db in arrays
    ]


def _forms(result: Any) -> Iterator[tuple[Any, Any, str]]:
    """Gradients alone, after the cost, or before it."""
    yield None, result, "{}"
    if isinstance(result, tuple | list) and len(result) == 2:
        first, second = result
        if _is_number(first):
            yield first, second, "(cost, {})"
        if _is_number(second):
            yield second, first, "({}, cost)"


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


def _pairs(grads: Any, L: int) -> Iterator[tuple[list[tuple[Any, Any]], str]]:
    """The (dW, db) of each layer, in every form that this may be."""
    if isinstance(grads, Mapping):
        both = {str(one).lower(): value for one, value in grads.items()}
        if L == 1 and {"dw", "db"} <= {*both}:
            yield [(both["dw"], both["db"])], 'a dict of "dW", "db"'
        if {"dW", "db"} <= {*grads} and L > 1:
            yield list(zip(grads["dW"], grads["db"], strict=True)), 'a dict of lists "dW", "db"'
        for W, b in (("dW{}", "db{}"), ("W{}", "b{}"), ("dw{}", "db{}")):
            names = [(W.format(layer), b.format(layer)) for layer in range(1, L + 1)]
            if all(name in grads for pair in names for name in pair):
                told = f'a dict of "{names[0][0]}", "{names[0][1]}", …'
                yield [(grads[one], grads[other]) for one, other in names], told
        return
    if not isinstance(grads, tuple | list):
        return
    items = [_fields(item) for item in grads]
    if len(items) == L and all(len(item) == 2 for item in items):
        yield [(item[0], item[1]) for item in items], "a (dW, db) for each layer"
    if len(items) == 2 and all(len(item) == L for item in items):
        yield list(zip(*items, strict=True)), "lists of dW and of db"
    if len(items) == 2 * L:
        yield list(zip(grads[::2], grads[1::2], strict=True)), "dW, db, dW, db, …"


def _fields(item: Any) -> Sequence[Any]:
    if isinstance(item, Mapping):
        names = next((pair for pair in (("dW", "db"), ("W", "b")) if set(pair) <= {*item}), ())
        return [item[name] for name in names]
    return item if isinstance(item, tuple | list) else ()


def _score(arrays: list[tuple[Any, Any]], outcome: Outcome) -> int:
    """How well gradients have the shapes of what they are gradients of: 3 for each that does."""
    total = 0
    params = packed(outcome.problem, outcome.reading._replace(style="lists"))[:2]
    for pair, given in zip(arrays, zip(*params, strict=True), strict=True):
        for found, wanted in zip(pair, given, strict=True):
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
