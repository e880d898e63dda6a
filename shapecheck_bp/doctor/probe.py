"""Problems on which mistakes show: distinct sizes, biases, no kinks; and a square twin.

All lie as ``column`` has them.

>>> from shapecheck_bp import Network
>>> problem = probe(Network((3, 3, 3), hidden="tanh"))
>>> problem.net.sizes, problem.m
((4, 6, 3), 5)
>>> probe(problem.net, square=True).net.sizes
(4, 4, 4)
"""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from shapecheck_bp import column
from shapecheck_bp.network import Gradient, Layer, Network

M, SIDE = 5, 4
INPUTS, OUTPUTS, FIRST_HIDDEN = 4, 3, 6  # so that no size is another's, or 2
KINK = 0.05


class Probe(NamedTuple):
    """A problem, and what is right about it."""

    net: Network
    params: tuple[Layer[Any, Any], ...]
    X: Any
    Y: Any
    cost: float
    grads: tuple[Gradient[Any, Any], ...]

    @property
    def m(self) -> int:
        """The number of examples."""
        return int(self.X.shape[1])

    @property
    def about(self) -> str:
        """The sizes in words."""
        return f"{'-'.join(map(str, self.net.sizes))}, m = {self.m}"


def probe(
    net: Network,
    *,
    square: bool = False,
    own_sizes: bool = False,
    m: int = M,
    scale: float = 1.0,
    seed: int = 0,
) -> Probe:
    """A problem for a network of this kind: its depth, activations and loss, a single output too.

    Args:
        net: the network that is meant.
        square: all layers and m of one size.
        own_sizes: the network's own sizes.
        m: the number of examples.
        scale: of the inputs.
        seed: of what is drawn; it is advanced until no pre-activation is near a kink.
    """
    last = 1 if net.sizes[-1] == 1 else SIDE if square else OUTPUTS
    if own_sizes:
        sizes = net.sizes
    elif square:
        sizes, m = (SIDE,) * net.L + (last,), SIDE
    else:
        sizes = (INPUTS, *range(FIRST_HIDDEN, FIRST_HIDDEN + net.L - 1), last)
    net = replace(net, sizes=sizes)
    while True:
        made = _draw(net, m, scale, np.random.default_rng(seed))
        cache = column.forward(net, made[0], made[1])
        if min(float(np.min(np.abs(Z))) for Z in cache.Z) > KINK or "relu" not in (
            net.hidden + net.output
        ):
            break
        seed += 1
    J, grads = column.gradients(net, *made)
    return Probe(net, *made, float(J), grads)


def _draw(net: Network, m: int, scale: float, random: Any) -> tuple[Any, Any, Any]:
    params = tuple(
        Layer(random.normal(size=(n_out, n_in)) / np.sqrt(n_in), random.normal(size=(n_out, 1)) / 2)
        for n_in, n_out in zip(net.sizes, net.sizes[1:], strict=False)
    )
    X, n_L = scale * random.normal(size=(net.sizes[0], m)), net.sizes[-1]
    if net.loss == "cross_entropy":
        labels = np.concatenate([np.arange(min(n_L, m)), random.integers(0, n_L, max(0, m - n_L))])
        return params, X, column.one_hot(random.permutation(labels), classes=n_L)
    if net.loss == "log_loss":
        Y = random.integers(0, 2, size=(n_L, m)).astype(float)
        Y[:, 0], Y[:, 1 % m] = 0.0, 1.0
        return params, X, Y
    return params, X, random.normal(size=(n_L, m))
