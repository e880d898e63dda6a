"""Problems on which mistakes show: distinct sizes, biases, no kinks; and a square twin.

All lie as ``column`` has them.

>>> from shapecheck_bp import Network
>>> problem = probe(Network((3, 3, 3), hidden="tanh"))
>>> problem.net.sizes, problem.m
((4, 6, 3), 5)
>>> probe(problem.net, square=True).net.sizes
(4, 4, 4)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np

from shapecheck_bp import column
from shapecheck_bp.activations import ACTIVATIONS
from shapecheck_bp.network import Layer, Network

Gradients: TypeAlias = Mapping[tuple[str, int], Any]
"""By their names, as ("dW", 2), from the last layer to the first."""

M, SIDE = 5, 4
INPUTS, OUTPUTS, FIRST_HIDDEN = 4, 3, 6  # so that no size is another's, or 2
KINK = 0.05


@dataclass(frozen=True, eq=False)
class Probe:
    """A problem, and what is right about it."""

    net: Network
    params: tuple[Layer[Any, Any], ...]
    X: Any
    Y: Any
    cost: float
    right: Gradients

    @property
    def m(self) -> int:
        """The number of examples."""
        return int(self.X.shape[1])

    @property
    def output(self) -> Any:
        """A of the last layer."""
        return column.forward(self.net, self.params, self.X).A[-1]

    @property
    def about(self) -> str:
        """The sizes in words."""
        return f"{'-'.join(map(str, self.net.sizes))}, m = {self.m}"


def named(grads: Sequence[tuple[Any, Any]]) -> Gradients:
    """Gradients by their names."""
    return {
        (quantity, layer): array
        for layer, pair in reversed([*enumerate(grads, start=1)])
        for quantity, array in zip(("dW", "db"), pair, strict=True)
    }


@lru_cache(maxsize=32)
def probe(
    net: Network,
    *,
    square: bool = False,
    sizes: tuple[int, ...] | None = None,
    m: int | None = None,
    scale: float = 1.0,
    seed: int = 0,
) -> Probe:
    """A problem for a network of this kind: its depth, activations and loss, a single output too.

    Args:
        net: the network that is meant.
        square: all layers and m of one size.
        sizes: other sizes than the usual ones.
        m: the number of examples.
        scale: of the inputs.
        seed: of what is drawn.
    """
    last = 1 if net.sizes[-1] == 1 else SIDE if square else OUTPUTS
    usual = (INPUTS, *range(FIRST_HIDDEN, FIRST_HIDDEN + net.L - 1), last)
    if square:
        usual, m = (SIDE,) * net.L + (last,), m or SIDE
    net = replace(net, sizes=usual if sizes is None else sizes)
    return _drawn(net, m or M, scale, np.random.default_rng(seed))


def second(problem: Probe, sizes_are_given: bool = False) -> Probe:
    """Another problem of the kind, with every size another one where they are not given.

    A number that happens to be a mistake's factor on the first is not on both.
    """
    net, last = problem.net, problem.net.sizes[-1]
    if sizes_are_given:
        return probe(net, sizes=net.sizes, m=problem.m + 2, seed=1)
    if len({*net.sizes[:-1], problem.m}) == 1:
        sizes = (SIDE + 1,) * net.L + (1 if last == 1 else SIDE + 1,)
        return probe(net, sizes=sizes, m=SIDE + 1, seed=1)
    sizes = (*(size + 4 for size in net.sizes[:-1]), 1 if last == 1 else last + 2)
    return probe(net, sizes=sizes, m=problem.m + 2, seed=1)


def _drawn(net: Network, m: int, scale: float, random: Any) -> Probe:
    """Everything drawn; a bias is drawn again where it brings a unit near a kink."""
    A = X = scale * random.normal(size=(net.sizes[0], m))
    params: list[Layer[Any, Any]] = []
    for n_in, n_out, g in zip(net.sizes, net.sizes[1:], net.activations, strict=False):
        W = random.normal(size=(n_out, n_in)) / np.sqrt(n_in)
        b = random.normal(size=(n_out, 1)) / 2
        near = np.min(np.abs(W @ A + b), axis=1) < KINK
        while g in ACTIVATIONS and ACTIVATIONS[g].kink and np.any(near):
            b[near] = random.normal(size=(int(near.sum()), 1)) / 2 * max(1.0, np.max(np.abs(A)))
            near = np.min(np.abs(W @ A + b), axis=1) < KINK
        dead = np.mean(W @ A + b > 0) < 0.5
        if len(params) == net.L - 1 and g in ACTIVATIONS and ACTIVATIONS[g].kink and dead:
            W, b = -W, -b  # what a dead output gives is 0, right or wrong
        A = column.activation_forward(W @ A + b, g)
        params.append(Layer(W, b))
    Y = _targets(net, m, random)
    J, grads = column.gradients(net, tuple(params), X, Y)
    return Probe(net, tuple(params), X, Y, float(J), named(grads))


def _targets(net: Network, m: int, random: Any) -> Any:
    n_L = net.sizes[-1]
    if net.loss == "cross_entropy":
        labels = np.concatenate([np.arange(min(n_L, m)), random.integers(0, n_L, max(0, m - n_L))])
        return column.one_hot(random.permutation(labels), classes=n_L)
    if net.loss == "log_loss":
        Y = random.integers(0, 2, size=(n_L, m)).astype(float)
        Y[:, 0], Y[:, 1 % m] = 0.0, 1.0
        return Y
    return random.normal(size=(n_L, m))
