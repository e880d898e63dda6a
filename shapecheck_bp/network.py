"""What to compute: a ``Network`` names the sizes and functions, and holds no arrays.

A Network has no convention. Neither have the three records that the conventions pass around,
``Layer``, ``Gradient`` and ``Cache``: each convention's annotations say which shapes they hold.

>>> net = Network(sizes=(64, 32, 10))
>>> net.L, net.activations, net.loss
(2, ('relu', 'softmax'), 'cross_entropy')
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import index
from typing import Any, Generic, NamedTuple, SupportsIndex, TypeVar

import numpy as np
from array_api_compat import array_namespace

from shapecheck_bp.activations import ACTIVATIONS
from shapecheck_bp.data.settings import float_dtype, no_such_name, whole_number
from shapecheck_bp.losses import PAIRS, REASONS, loss_for

Weights = TypeVar("Weights")
Biases = TypeVar("Biases")
Linears = TypeVar("Linears")
Outputs = TypeVar("Outputs")


class Layer(NamedTuple, Generic[Weights, Biases]):
    """One layer's parameters."""

    W: Weights
    b: Biases


class Gradient(NamedTuple, Generic[Weights, Biases]):
    """The gradient of the cost J with respect to one layer's W and b."""

    dW: Weights
    db: Biases


class Cache(NamedTuple, Generic[Linears, Outputs]):
    """What the forward pass leaves for the backward pass.

    ``Z[0]`` is layer 1's linear output; ``A[0]`` is X and ``A[-1]`` the network's output.
    """

    Z: Linears
    A: Outputs


@dataclass(frozen=True)
class Network:
    """A fully connected network: its sizes, activations and loss.

    Args:
        sizes: n_0, n_1, …, n_L: the number of inputs, then of units in each layer. A size may be a
            SymPy symbol that is an integer and positive, and then stands for every number.
        hidden: activation of layers 1 to L-1.
        output: activation of layer L; the hidden ones and ``"softmax"``.
        loss: follows from ``output`` unless given: softmax has ``"cross_entropy"``, sigmoid has
            ``"log_loss"``, every other ``"squared_error"``.

    Raises:
        ValueError: what is wrong, which argument, and what was expected.

    >>> Network((3, 2, 1), hidden="tanh", output="sigmoid").loss
    'log_loss'
    """

    sizes: tuple[int, ...]
    hidden: str = "relu"
    output: str = "softmax"
    loss: str = None  # type: ignore[assignment]  # filled in below, so a str for every reader

    def __post_init__(self) -> None:
        object.__setattr__(self, "sizes", _sizes(self.sizes))
        _member("hidden", self.hidden, (*ACTIVATIONS,))
        _member("output", self.output, (*ACTIVATIONS, "softmax"))
        if self.output == "softmax" and self.sizes[-1] == 1:
            raise ValueError(
                "output: softmax over a single output is always 1, so nothing could be learned;"
                " use output='sigmoid' for two classes, or sizes that end in the number of classes"
            )
        if self.loss is not None:
            _member("loss", self.loss, ("squared_error", *REASONS))
        object.__setattr__(self, "loss", loss_for(self.output, self.loss))

    @property
    def L(self) -> int:
        """The number of layers; the input is not counted."""
        return len(self.sizes) - 1

    @property
    def activations(self) -> tuple[str, ...]:
        """The activation of each layer, layer 1 first."""
        return (self.hidden,) * (self.L - 1) + (self.output,)

    @property
    def paired(self) -> bool:
        """Whether output and loss are a pair, so that dZ = A - Y in the last layer."""
        return PAIRS.get(self.output) == self.loss

    @property
    def classes(self) -> int:
        """How many classes ``predict`` chooses among: one for each output, two for one sigmoid.

        Raises:
            ValueError: a single output that is no probability, or sizes that are symbols.
        """
        _known(self)
        if self.sizes[-1] > 1:
            return self.sizes[-1]
        if self.output != "sigmoid":
            raise ValueError(
                f"net: one {self.output} output chooses no class; classes need output='sigmoid'"
                " for two, or an output for each"
            )
        return 2

    @property
    def binary(self) -> bool:
        """Whether one output stands for two classes: it is the probability of class 1.

        Raises:
            ValueError: as ``classes`` does.
        """
        return self.classes > self.sizes[-1]

    def __shape_axes__(self) -> dict[str, int]:
        """The axes that this network settles wherever it is an argument: L, n_0, …, n_L."""
        return {"L": self.L} | {f"n_{layer}": size for layer, size in enumerate(self.sizes)}


def advice(argument: str, came: Mapping[str, Any], other_convention: str) -> str | None:
    """What to pass for ``net`` or ``params``, where what came instead tells what is meant.

    Args:
        argument: the one that does not fit.
        came: what came, by argument.
        other_convention: the module that is not the one that was called.
    """
    value = came.get(argument)
    convention = "column" if other_convention.endswith("row") else "row"
    for name, one in came.items():
        if isinstance(one, Network) and name != "net":
            return f"net first: the Network came as {name}"
    if argument == "net" and isinstance(value, tuple | list) and {*map(type, value)} == {int}:
        return f"net as Network({tuple(value)})"
    if argument == "params" and isinstance(value, list | dict) and value:
        if all(isinstance(one, Layer) for one in value):
            return "params as a tuple: tuple(params)"
        if all(isinstance(one, tuple | list) for one in value):
            return "params as a tuple of Layer: tuple(Layer(W, b) for W, b in params)"
        is_torchs = any(str(name).endswith("weight") for name in value)
        layout = "torch" if is_torchs else "ng"
        return (
            f"params as shapecheck_bp.layouts.to_{convention}(params, {layout!r});"
            " layouts.detect(params) tells in which layout they are"
        )
    return None


def draw_units(
    net: Network, seed: SupportsIndex, dtype: Any
) -> Iterator[list[np.ndarray[Any, Any]]]:
    """Draw each layer's initial weights: for each of its n_out units a vector of n_in.

    Normal, with mean 0 and variance 2 / n_in under the relus (He) and 1 / n_in otherwise (Xavier),
    as ``gain`` says of each activation. Whether a unit's weights are a row or a column of W is for
    the conventions to say.

    Raises:
        ValueError: ``seed`` is negative, ``dtype`` is not a real floating type, or a size of the
            network is a symbol.
    """
    _known(net)
    dtype = float_dtype(array_namespace(np.empty(0)), dtype)
    random = np.random.default_rng(whole_number("seed", seed, least=0))
    for activation, n_in, n_out in zip(net.activations, net.sizes, net.sizes[1:], strict=False):
        gain = ACTIVATIONS[activation].gain if activation in ACTIVATIONS else 1  # under softmax
        scale = np.sqrt(gain / n_in)
        yield [(scale * random.standard_normal(n_in)).astype(dtype) for _ in range(n_out)]


def _sizes(sizes: Sequence[int]) -> tuple[int, ...]:
    wanted = f"sizes: expected two or more positive whole numbers, as (64, 32, 10); got {sizes!r}"
    try:
        checked = tuple(size if _is_symbol(size) else index(size) for size in sizes)
    except TypeError:
        raise ValueError(wanted) from None
    if len(checked) < 2 or any(not _is_symbol(size) and size < 1 for size in checked):
        raise ValueError(wanted)
    return checked


def _is_symbol(size: Any) -> bool:
    """Whether this is a positive whole number that SymPy knows and Python does not."""
    whole = getattr(size, "is_integer", None) is True and getattr(size, "is_positive", None) is True
    return whole and getattr(size, "is_number", None) is False


def _known(net: Network) -> None:
    if symbols := [size for size in net.sizes if _is_symbol(size)]:
        raise ValueError(f"net: expected sizes that are numbers; {symbols[0]} is a symbol")


def _member(argument: str, name: object, known: tuple[str, ...]) -> None:
    if not isinstance(name, str) or name not in known:
        raise no_such_name(argument, known, name)
