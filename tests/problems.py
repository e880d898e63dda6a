"""Small problems in either convention, whose pre-activations keep clear of the relus' kink."""

from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from shapecheck_bp import Layer, Network, column, flip

HIDDEN = ("sigmoid", "tanh", "relu", "leaky_relu", "identity")
OUTPUT = (*HIDDEN, "softmax")
NETWORKS = [
    *(Network((5, 4, 6, 3), hidden, output) for hidden in HIDDEN for output in OUTPUT),
    *(
        Network((5, 4, 6, 3), hidden, output, "squared_error")
        for hidden in HIDDEN
        for output in ("sigmoid", "softmax")
    ),
    Network((5, 4, 1), "tanh", "sigmoid"),
    Network((5, 3)),
    Network((3, 2, 2, 4, 2), "tanh", "softmax"),
]
KINK = 1e-3


class Problem(NamedTuple):
    """What ``gradients`` takes."""

    net: Network
    params: Any
    X: Any
    Y: Any


def name(net: Network) -> str:
    """A network as a test's name."""
    return f"{'-'.join(map(str, net.sizes))} {net.hidden} {net.output} {net.loss}"


def problem(bp: ModuleType, net: Network, m: int, seed: int = 0) -> Problem:
    """Parameters with non-zero biases, and data, as float64 arrays that lie as ``bp`` has them."""
    for _ in range(1000):
        random = np.random.default_rng(seed)
        X = random.normal(size=(net.sizes[0], m))
        params = tuple(
            Layer(
                random.normal(size=(n_out, n_in)) / np.sqrt(n_in),
                random.normal(size=(n_out, 1)) / 2,
            )
            for n_in, n_out in zip(net.sizes, net.sizes[1:], strict=False)
        )
        if min(np.min(np.abs(Z)) for Z in column.forward(net, params, X).Z) > KINK:
            break
        seed += 1000
    else:
        raise AssertionError(f"{name(net)}: no seed of a thousand keeps clear of the kink")
    shape = (net.sizes[-1], m)
    if net.loss == "squared_error":
        Y = random.normal(size=shape)
    elif net.loss == "log_loss":
        Y = random.integers(0, 2, size=shape).astype(float)
    else:
        Y = column.one_hot(random.integers(0, shape[0], size=m), classes=shape[0])
    here = Problem(net, params, X, Y)
    return here if bp is column else flip(here)


def relative(found: Any, wanted: Any) -> float:
    """The largest difference relative to the largest entry."""
    return float(np.max(np.abs(found - wanted)) / (np.max(np.abs(wanted)) or 1.0))
