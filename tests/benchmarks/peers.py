"""Who computes the gradient: each as its users write it, with arrays of its own library.

Every one is made from a problem and has two parts: ``call``, which is timed and has waited for its
result when it returns, and ``read``, which turns that result into J and the list dW1, db1, dW2, …,
as NumPy arrays with W of (n_in, n_out), to be held to ours before anything is timed.
"""

import inspect
import shutil
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from cases import Problem

from shapecheck_bp import column, flip, row


class Peer(NamedTuple):
    call: Callable[[], Any]
    read: Callable[[Any], tuple[Any, list[np.ndarray]]]


class Missing(Exception):
    """A candidate that cannot run here, and why."""


# NumPy: both conventions, autograd, scikit-learn.


def in_row(given: Problem) -> Peer:
    net, params, X, Y, _ = given
    return Peer(lambda: row.gradients(net, params, X, Y), lambda made: (made[0], flat(made[1])))


def in_column(given: Problem) -> Peer:
    net = given.net
    params, X, Y = contiguous(flip((given.params, given.X, given.Y)))
    return Peer(
        lambda: column.gradients(net, params, X, Y),
        lambda made: (made[0], flat(flip(made[1]))),
    )


def contiguous(arrays: Any) -> Any:
    """Copies that lie in memory as their convention has them; ``flip`` makes views."""
    if isinstance(arrays, np.ndarray):
        return np.ascontiguousarray(arrays)
    parts = [contiguous(part) for part in arrays]
    return type(arrays)(*parts) if hasattr(arrays, "_fields") else tuple(parts)


def flat(grads: Any) -> list[np.ndarray]:
    return [np.asarray(array) for layer in grads for array in layer]


def autograd(given: Problem) -> Peer:
    """HIPS autograd, the network as in its own examples."""
    import autograd.numpy as anp
    from autograd import value_and_grad

    def cost(params: Any, X: Any, Y: Any) -> Any:
        for W, b in params[:-1]:
            X = anp.maximum(anp.dot(X, W) + b, 0)
        W, b = params[-1]
        Z = anp.dot(X, W) + b
        Z = Z - anp.max(Z, axis=1, keepdims=True)
        log_A = Z - anp.log(anp.sum(anp.exp(Z), axis=1, keepdims=True))
        return -anp.sum(Y * log_A) / Y.shape[0]

    both = value_and_grad(cost)
    params = [(W, b) for W, b in given.params]
    return Peer(lambda: both(params, given.X, given.Y), lambda made: (made[0], flat(made[1])))


def scikit_learn(given: Problem) -> Peer:
    """What ``MLPClassifier.fit`` calls for each batch, without what fit does around it."""
    from sklearn.neural_network import MLPClassifier

    sizes, L = given.net.sizes, given.net.L
    model = MLPClassifier(hidden_layer_sizes=sizes[1:-1], alpha=0)
    model.n_layers_, model.n_outputs_, model.out_activation_ = L + 1, sizes[-1], "softmax"
    model.loss = "log_loss"
    model.coefs_ = [W for W, b in given.params]
    model.intercepts_ = [b[0] for W, b in given.params]
    Y = given.Y.astype(bool)  # as its fit makes it of labels
    weighted = "sample_weight" in inspect.signature(model._backprop).parameters
    before = (given.X, Y, None) if weighted else (given.X, Y)

    def call() -> Any:
        activations = [given.X] + [None] * L
        return model._backprop(*before, activations, [None] * L, [None] * L, [None] * L)

    def read(made: Any) -> tuple[Any, list[np.ndarray]]:
        J, dW, db = made
        return J, flat((W, b[None, :]) for W, b in zip(dW, db, strict=True))

    return Peer(call, read)


# PyTorch.


def torch_cost() -> Callable[..., Any]:
    from torch.nn import functional as F

    def cost(params: Any, X: Any, labels: Any) -> Any:
        for W, b in params[:-1]:
            X = F.relu(F.linear(X, W, b))
        return F.cross_entropy(F.linear(X, *params[-1]), labels)

    return cost


def torch_arrays(given: Problem) -> tuple[Any, Any, Any]:
    """Parameters as ``nn.Linear`` has them, W of (n_out, n_in), the inputs and the classes."""
    import torch

    params = [
        (torch.from_numpy(W.T.copy()), torch.from_numpy(b[0].copy())) for W, b in given.params
    ]
    return params, torch.from_numpy(given.X), torch.from_numpy(given.labels)


def torch_read(J: Any, grads: Any) -> tuple[Any, list[np.ndarray]]:
    return J.numpy(), [g.numpy().T if g.ndim == 2 else g.numpy()[None, :] for g in grads]


def torch_compiles() -> None:
    """Whether it can; and forget earlier shapes, of which it only compiles a few."""
    import torch

    if not any(map(shutil.which, ("g++", "clang++", "cl"))):
        raise Missing("torch.compile needs a C++ compiler")
    torch._dynamo.reset()


def torch_eager(given: Problem) -> Peer:
    import torch

    cost, (params, X, labels) = torch_cost(), torch_arrays(given)
    leaves = [array.requires_grad_() for layer in params for array in layer]

    def call() -> Any:
        J = cost(params, X, labels)
        return J, torch.autograd.grad(J, leaves)

    return Peer(call, lambda made: torch_read(made[0].detach(), made[1]))


def torch_compiled(given: Problem) -> Peer:
    """Cost and gradient in one graph: quicker than a compiled cost with backward() after it."""
    import torch

    torch_compiles()
    params, X, labels = torch_arrays(given)
    compiled = torch.compile(torch.func.grad_and_value(torch_cost()), dynamic=False)

    def read(made: Any) -> tuple[Any, list[np.ndarray]]:
        grads, J = made
        return torch_read(J, [array for layer in grads for array in layer])

    return Peer(lambda: compiled(params, X, labels), read)


# JAX.


def jax_cost(params: Any, X: Any, Y: Any) -> Any:
    import jax
    import jax.numpy as jnp

    for W, b in params[:-1]:
        X = jax.nn.relu(X @ W + b)
    W, b = params[-1]
    return -jnp.sum(Y * jax.nn.log_softmax(X @ W + b)) / Y.shape[0]


def jax_jitted(given: Problem) -> Peer:
    import jax

    params = [(jax.device_put(W), jax.device_put(b[0])) for W, b in given.params]
    X, Y = jax.device_put(given.X), jax.device_put(given.Y)
    both = jax.jit(jax.value_and_grad(jax_cost))

    def read(made: Any) -> tuple[Any, list[np.ndarray]]:
        J, grads = made
        return J, flat((W, b[None, :]) for W, b in grads)

    return Peer(lambda: jax.block_until_ready(both(params, X, Y)), read)


LIBRARIES: dict[str, dict[str, Callable[[Problem], Peer]]] = {
    "numpy": {
        "column": in_column,
        "row": in_row,
        "autograd": autograd,
        "scikit-learn": scikit_learn,
    },
    "torch": {"PyTorch": torch_eager, "PyTorch compiled": torch_compiled},
    "jax": {"JAX jitted": jax_jitted},
}
