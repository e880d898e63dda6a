"""The activations g and their derivatives g', one readable line each.

They work element by element, so they know no convention. Softmax mixes the outputs of one example
and therefore needs to know where examples lie: it stands in ``column`` and ``row``.

>>> import numpy as np
>>> tanh_ = lookup("tanh")
>>> Z = np.array([[0.0, 1.0]])
>>> bool(np.all(tanh_.g_prime(Z) == 1 - tanh_.g(Z) ** 2))
True

Another one is two functions and a row of ``ACTIVATIONS``. What has to know more of an activation
than the row says keeps a table ``ByName``, which says so where it lacks an entry.
"""

from collections.abc import Callable
from functools import wraps
from types import MappingProxyType
from typing import NamedTuple

from array_api_compat import array_namespace

from shapecheck_bp.shapes import Array

LEAKY_SLOPE = 0.01


def elementwise(function: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """Let an array with ``__elementwise__`` apply the function itself: a symbol stays g(Z)."""

    @wraps(function)
    def apply(Z: Array) -> Array:
        if hasattr(Z, "__elementwise__"):
            return Z.__elementwise__(function)
        return function(Z)

    return apply


@elementwise
def sigmoid(Z: Array) -> Array:
    """A = 1 / (1 + exp(-Z)), with no exponent above zero, so that nothing overflows."""
    xp = array_namespace(Z)
    return xp.exp(xp.minimum(Z, xp.zeros_like(Z))) / (1 + xp.exp(-xp.abs(Z)))


@elementwise
def sigmoid_prime(Z: Array) -> Array:
    """dA/dZ = A * (1 - A)."""
    A = sigmoid(Z)
    return A * (1 - A)


@elementwise
def tanh(Z: Array) -> Array:
    """A = tanh(Z)."""
    return array_namespace(Z).tanh(Z)


@elementwise
def tanh_prime(Z: Array) -> Array:
    """dA/dZ = 1 - A ** 2."""
    return 1 - tanh(Z) ** 2


@elementwise
def relu(Z: Array) -> Array:
    """A = max(Z, 0)."""
    xp = array_namespace(Z)
    return xp.maximum(Z, xp.zeros_like(Z))


@elementwise
def relu_prime(Z: Array) -> Array:
    """dA/dZ = 1 where Z > 0, else 0 (at the kink too)."""
    return array_namespace(Z).astype(Z > 0, Z.dtype)


@elementwise
def leaky_relu(Z: Array) -> Array:
    """A = max(Z, 0.01 Z)."""
    return array_namespace(Z).maximum(Z, LEAKY_SLOPE * Z)


@elementwise
def leaky_relu_prime(Z: Array) -> Array:
    """dA/dZ = 1 where Z > 0, else 0.01."""
    xp = array_namespace(Z)
    return xp.where(Z > 0, xp.ones_like(Z), LEAKY_SLOPE)


@elementwise
def identity(Z: Array) -> Array:
    """A = Z."""
    return Z


@elementwise
def identity_prime(Z: Array) -> Array:
    """dA/dZ = 1."""
    return array_namespace(Z).ones_like(Z)


class Activation(NamedTuple):
    """An activation, and what initial weights and numerical derivatives have to know of it."""

    g: Callable[[Array], Array]
    """A = g(Z)."""
    g_prime: Callable[[Array], Array]
    """dA/dZ = g'(Z)."""
    gain: int = 1
    """The variance of the initial weights is gain / n_in."""
    kink: bool = False
    """Whether g' jumps at 0."""


ACTIVATIONS = MappingProxyType(
    {
        "sigmoid": Activation(sigmoid, sigmoid_prime),
        "tanh": Activation(tanh, tanh_prime),
        "relu": Activation(relu, relu_prime, gain=2, kink=True),
        "leaky_relu": Activation(leaky_relu, leaky_relu_prime, gain=2, kink=True),
        "identity": Activation(identity, identity_prime),
    }
)


def lookup(name: str) -> Activation:
    """The activation of that name.

    Raises:
        ValueError: no elementwise activation has that name.
    """
    try:
        return ACTIVATIONS[name]
    except (KeyError, TypeError):
        known = ", ".join(map(repr, (*ACTIVATIONS, "softmax")))
        raise ValueError(f"activation: expected one of {known}; got {name!r}") from None
