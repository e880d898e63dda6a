"""Backprop in which any line can be replaced: what would come out with a mistake in it.

Examples are columns. A ``Fault`` puts another line in the place of a right one, in one layer or in
several; the gradients are computed one by one, so that who compares them can stop at the first.

>>> from shapecheck_bp import Network
>>> from shapecheck_bp.doctor.probe import probe
>>> problem = probe(Network((3, 4, 2), hidden="tanh"))
>>> right = dict(gradients(problem))
>>> [*right], bool(np.allclose(right["dW", 1], problem.right["dW", 1]))
([('dW', 2), ('db', 2), ('dW', 1), ('db', 1)], True)
>>> wrong = dict(gradients(problem, [Fault("sign", "dW", (2,), "-1 * dW")]))
>>> bool(np.allclose(wrong["dW", 2], -problem.right["dW", 2]))
True
"""

from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from types import CodeType
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from shapecheck_bp import activations
from shapecheck_bp.activations import ACTIVATIONS
from shapecheck_bp.derivations.mistakes import COSTS, MISTAKES, RIGHT, mirrored, right
from shapecheck_bp.doctor.probe import Probe
from shapecheck_bp.network import Network

Scope: TypeAlias = dict[str, Any]
Named: TypeAlias = tuple[tuple[str, int], Any]
NAMES = {"np": np, **{name: one for name, one in vars(activations).items() if callable(one)}}


class Fault(NamedTuple):
    """A mistake, the quantity and the layers it is in, and what is computed instead."""

    mistake: str
    quantity: str
    layers: tuple[int, ...]
    code: str
    is_factor: bool = False
    """Whether it multiplies what is there, so that it may stand behind another mistake."""
    rate: float = 0.0
    """Of the update, where W_new is W - rate * dW."""

    def words(self, convention: str) -> str:
        """The wrong line as a person with this convention would write it."""
        if self.rate:
            return f"W - {self.rate:.3g} * dW in the place of W"
        if self.is_factor:
            return self.code.replace(" * ", " times ")
        line = f"{self.quantity} = {self.code}"
        return mirrored(line) if convention == "row" else line


def candidates(net: Network) -> list[Fault]:
    """Every mistake that can be made in a network of this kind, in every place.

    What is made in all layers at once comes first, and then what is a factor.
    """
    everywhere, others = [], []
    for name, one in MISTAKES.items():
        for line in one.lines(net, others=True):
            if one.factors or line.quantity == "J" or "W_new" in line.code:
                continue  # W_new needs a rate, which follows from what came out
            able = line.layers(net)
            found = [Fault(name, line.quantity, some, line.code) for some in _spread(able, net.L)]
            if one.is_everywhere:
                everywhere.append(found[-1])
            else:
                others += found
    return [*everywhere, *_factors(net), *others]


def _factors(net: Network) -> Iterator[Fault]:
    """What is too much or too little by a factor: of dZ, and so of all below it, or of dW or db."""
    layers = tuple(range(1, net.L + 1))
    for quantity in ("dZ", "dW", "db"):
        spread = [*_spread(layers[:-1]), layers[-1:]] if quantity == "dZ" else _spread(layers)
        for name, one in MISTAKES.items():
            if one.lacks(net):
                continue
            for factor in one.factors:
                for some in spread:
                    yield Fault(name, quantity, some, f"{factor} * {quantity}", True)


def _spread(layers: tuple[int, ...], L: int = 0) -> list[tuple[int, ...]]:
    """Each layer alone, all that are hidden, and all."""
    found: list[tuple[int, ...]] = [(layer,) for layer in reversed(layers)]
    below = tuple(layer for layer in layers if layer < L)
    found += [several for several in (below, layers) if len(several) > 1]
    return list(dict.fromkeys(found))


@cache
def _compiled(code: str) -> CodeType:
    return compile(code.replace("g'(", "g_prime("), "<a line>", "eval")


@lru_cache(maxsize=256)
def _right_lines(layer: int, net: Network) -> dict[str, CodeType]:
    return {quantity: _compiled(right(quantity, layer, net)) for quantity in RIGHT}


def _compute(quantity: str, s: Scope, faults: Sequence[Fault], is_stale: bool = True) -> bool:
    """A quantity of a layer by its right line, or by what stands instead, where it has to be.

    True where it may not be what it was: what it is made of is another, or so is its line.
    """
    here = [one for one in faults if one.quantity == quantity and s["l"] in one.layers]
    if is_stale and all(fault.is_factor for fault in here):
        s[quantity] = eval(s["right"][quantity], NAMES, s)
    for fault in sorted(here, key=lambda fault: fault.is_factor):
        if fault.rate:
            s["W_new"] = s["W"] - fault.rate * s["dW"]
        s[quantity] = eval(_compiled(fault.code), NAMES, s)
    return is_stale or bool(here)


@lru_cache(maxsize=256)
def _forward(problem: Probe, faults: tuple[Fault, ...]) -> list[Scope]:
    """All arrays of the forward pass, layer by layer, by the names that lines have for them."""
    net, layers = problem.net, []
    A = Z = problem.X
    for l, ((W, b), g) in enumerate(zip(problem.params, net.activations, strict=True), 1):  # noqa: E741
        s: Scope = {"l": l, "right": _right_lines(l, net), "m": problem.m, "n_L": net.sizes[-1]}
        s |= {"W": W, "b": b, "X": problem.X, "Y": problem.Y, "A_prev": A, "Z_prev": Z}
        if g in ACTIVATIONS:
            s |= {"g": ACTIVATIONS[g].g, "g_prime": ACTIVATIONS[g].g_prime}
        _compute("Z", s, faults)
        _compute("A", s, faults)
        Z, A = s["Z"], s["A"]
        layers.append(s)
    return layers


@lru_cache(maxsize=32)
def _right(problem: Probe) -> list[Scope]:
    """All arrays of all layers as they should be."""
    layers = [{**s} for s in _forward(problem, ())]
    for _ in _backward(problem, layers, (), is_stale=True):
        pass
    return layers


def _backward(
    problem: Probe, layers: list[Scope], faults: Sequence[Fault], is_stale: bool
) -> Iterator[Named]:
    """The gradients, as they are computed; what is not stale is there already."""
    for s in reversed(layers):
        if s["l"] < problem.net.L:
            s["dA"] = layers[s["l"]]["dA_prev"]
        elif not problem.net.paired:
            is_stale = _compute("dA", s, faults, is_stale)
        is_stale = _compute("dZ", s, faults, is_stale)
        for quantity in ("dW", "db"):
            _compute(quantity, s, faults, is_stale)
            yield (quantity, s["l"]), s[quantity]
        if s["l"] > 1:
            is_stale = _compute("dA_prev", s, faults, is_stale)


def _layers(problem: Probe, faults: Sequence[Fault]) -> tuple[list[Scope], bool]:
    """The layers to go back through, and whether their forward pass has faults in it."""
    forward = tuple(fault for fault in faults if fault.quantity in ("Z", "A"))
    return _forward(problem, forward) if forward else _right(problem), bool(forward)


def gradients(problem: Probe, faults: Sequence[Fault] = ()) -> Iterator[Named]:
    """The gradients with these faults in them, by their names, from the last layer on.

    Raises:
        ValueError: a faulty line cannot be computed at these sizes.
    """
    layers, is_stale = _layers(problem, faults)
    return _backward(problem, [{**s} for s in layers], faults, is_stale)


def cost(problem: Probe, faults: Sequence[Fault] = ()) -> float:
    """The cost with these faults in the forward pass."""
    with np.errstate(all="ignore"):
        layers, _ = _layers(problem, faults)
        return float(eval(_compiled(COSTS[problem.net.loss]), NAMES, layers[-1]))
