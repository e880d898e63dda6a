"""Gradients from elsewhere: what PyTorch and JAX derive by themselves.

Arrays lie as ``column`` has them and come back so. The frameworks are given the network in their
own functions and their own losses, in float64.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from shapecheck_bp.data.settings import ByName
from shapecheck_bp.network import Network
from shapecheck_bp.transpose import flip

Pairs = list[tuple[Any, Any]]


def frameworks() -> dict[str, Callable[[Network, Any, Any, Any], tuple[float, Pairs]]]:
    """The frameworks that are installed, by name."""
    known = {"PyTorch": ("torch", torch_gradients), "JAX": ("jax", jax_gradients)}
    return {name: oracle for name, (module, oracle) in known.items() if find_spec(module)}


def torch_gradients(net: Network, params: Any, X: Any, Y: Any) -> tuple[float, Pairs]:
    """J and its gradients by PyTorch's autograd."""
    torch: Any = import_module("torch")

    F = torch.nn.functional
    g = ByName[Any](
        "activations of PyTorch",
        sigmoid=torch.sigmoid,
        tanh=torch.tanh,
        relu=torch.relu,
        leaky_relu=F.leaky_relu,
        identity=lambda Z: Z,
        softmax=lambda Z: torch.softmax(Z, dim=1),
    )
    loss = {
        "squared_error": lambda Z, Y: torch.sum((g[net.output](Z) - Y) ** 2),
        "log_loss": lambda Z, Y: F.binary_cross_entropy_with_logits(Z, Y, reduction="sum"),
        "cross_entropy": lambda Z, Y: F.cross_entropy(Z, Y, reduction="sum"),
    }
    params, X, Y = flip((params, X, Y))

    def tensor(array: Any, **options: Any) -> Any:
        return torch.tensor(np.ascontiguousarray(array, dtype="float64"), **options)

    theirs = [[tensor(array, requires_grad=True) for array in layer] for layer in params]
    A = tensor(X)
    for W, b in theirs[:-1]:
        A = g[net.hidden](A @ W + b)
    W, b = theirs[-1]
    J = loss[net.loss](A @ W + b, tensor(Y)) / len(X)
    J.backward()
    return J.item(), [(W.grad.numpy().T, b.grad.numpy().T) for W, b in theirs]


def jax_gradients(net: Network, params: Any, X: Any, Y: Any) -> tuple[float, Pairs]:
    """J and its gradients by JAX's autograd."""
    jax: Any = import_module("jax")

    g = ByName[Any](
        "activations of JAX",
        sigmoid=jax.nn.sigmoid,
        tanh=jax.numpy.tanh,
        relu=jax.nn.relu,
        leaky_relu=jax.nn.leaky_relu,
        identity=lambda Z: Z,
        softmax=lambda Z: jax.nn.softmax(Z, axis=1),
    )

    def cost(params: Any, X: Any, Y: Any) -> Any:
        A = X
        for W, b in params[:-1]:
            A = g[net.hidden](A @ W + b)
        Z = A @ params[-1][0] + params[-1][1]
        if net.loss == "squared_error":
            L = (g[net.output](Z) - Y) ** 2
        elif net.loss == "log_loss":
            L = -Y * jax.nn.log_sigmoid(Z) - (1 - Y) * jax.nn.log_sigmoid(-Z)
        else:
            L = -Y * jax.nn.log_softmax(Z, axis=1)
        return L.sum() / len(X)

    params, X, Y = flip((params, X, Y))
    with _in_float64(jax):
        J, theirs = jax.value_and_grad(cost)([tuple(layer) for layer in params], X, Y)
        return float(J), [(np.asarray(dW).T, np.asarray(db).T) for dW, db in theirs]


def _in_float64(jax: Any) -> AbstractContextManager[None]:
    """Float64 for JAX, here alone."""
    if not hasattr(jax, "enable_x64"):
        return import_module("jax.experimental").enable_x64()  # type: ignore[no-any-return]
    return jax.enable_x64(True)  # type: ignore[no-any-return]
