"""Who computes the gradient: each as its users write it, with arrays of its own library.

Every one is made from a problem and has two parts: ``call``, which is timed and has waited for its
result when it returns, and ``read``, which turns that result into J and the list dW1, db1, dW2, …,
as NumPy arrays with W of (n_in, n_out), to be held to ours before anything is timed.
"""

import contextlib
import inspect
import os
import shutil
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from cases import Problem

from shapecheck_bp import column, flip, row
from shapecheck_bp.transpose import map_leaves


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
    return map_leaves(np.ascontiguousarray, arrays)


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


def torch_device() -> str:
    return os.environ.get("BENCHMARKS_DEVICE", "cpu")


def waited(call: Callable[[], Any]) -> Callable[[], Any]:
    """A call that has its result when it returns, also from a GPU."""
    if torch_device() == "cpu":
        return call

    def wait() -> Any:
        import torch

        made = call()
        torch.cuda.synchronize()
        return made

    return wait


def torch_cost() -> Callable[..., Any]:
    from torch.nn import functional as F

    def cost(params: Any, X: Any, labels: Any) -> Any:
        for W, b in params[:-1]:
            X = F.relu(F.linear(X, W, b))
        return F.cross_entropy(F.linear(X, *params[-1]), labels)

    return cost


def torch_arrays(given: Problem) -> tuple[Any, Any, Any]:
    """Parameters as ``nn.Linear`` has them, W of (n_out, n_in), the inputs and the classes."""
    params = [tuple(map(tensor, (W.T.copy(), b[0].copy()))) for W, b in given.params]
    return params, tensor(given.X), tensor(given.labels)


def tensor(array: np.ndarray) -> Any:
    import torch

    return torch.from_numpy(array).to(torch_device())


def torch_read(J: Any, grads: Any) -> tuple[Any, list[np.ndarray]]:
    return on_host(J), [g.T if g.ndim == 2 else g[None, :] for g in map(on_host, grads)]


def torch_compiles() -> None:
    """Whether it can."""
    if not any(map(shutil.which, ("g++", "clang++", "cl"))):
        raise Missing("torch.compile needs a C++ compiler")


def forget(library: str) -> None:
    """What was compiled for earlier shapes, of which PyTorch only compiles a few."""
    if library == "torch":
        import torch

        torch._dynamo.reset()


def torch_eager(given: Problem) -> Peer:
    return cost_and_after_it(given, torch_cost())


def cost_and_after_it(given: Problem, cost: Callable[..., Any]) -> Peer:
    """The gradient of a cost, asked for after it."""
    import torch

    params, X, labels = torch_arrays(given)
    leaves = [array.requires_grad_() for layer in params for array in layer]

    def call() -> Any:
        J = cost(params, X, labels)
        return J, torch.autograd.grad(J, leaves)

    return Peer(waited(call), lambda made: torch_read(made[0].detach(), made[1]))


def torch_compiled(given: Problem, mode: str | None = None) -> Peer:
    """Cost and gradient in one graph: quicker than a compiled cost with backward() after it."""
    import torch

    torch_compiles()
    params, X, labels = torch_arrays(given)
    compiled = torch.compile(torch.func.grad_and_value(torch_cost()), dynamic=False, mode=mode)

    def read(made: Any) -> tuple[Any, list[np.ndarray]]:
        grads, J = made
        return torch_read(J, [array for layer in grads for array in layer])

    return Peer(waited(lambda: compiled(params, X, labels)), read)


def torch_cost_compiled(given: Problem, mode: str | None = None) -> Peer:
    """As most people have it: the cost is compiled, and its gradient asked for after it."""
    import torch

    torch_compiles()
    return cost_and_after_it(given, torch.compile(torch_cost(), dynamic=False, mode=mode))


def ours(bp: Any, given: Problem, to: Any, back: Any) -> tuple[Any, tuple[Any, ...], Any]:
    """``gradients`` of a convention, its arguments in another library, and how they are read."""
    arrays = (given.params, given.X, given.Y)
    arrays = contiguous(flip(arrays) if bp is column else arrays)

    def read(made: Any) -> tuple[Any, list[np.ndarray]]:
        J, grads = map_leaves(back, made)
        return J, flat(flip(grads) if bp is column else grads)

    return bp.gradients, (given.net, *map_leaves(to, arrays)), read


def on_host(tensor: Any) -> np.ndarray:
    return tensor.cpu().numpy()


def ours_in_torch(bp: Any, given: Problem) -> Peer:
    gradients, arguments, read = ours(bp, given, tensor, on_host)
    return Peer(waited(lambda: gradients(*arguments)), read)


def ours_compiled(bp: Any, given: Problem, mode: str | None = None) -> Peer:
    import torch

    torch_compiles()
    gradients, arguments, read = ours(bp, given, tensor, on_host)
    compiled = torch.compile(gradients, fullgraph=True, dynamic=False, mode=mode)
    return Peer(waited(lambda: compiled(*arguments)), read)


def ours_trusting(bp: Any, given: Problem, in_a_graph: bool = False) -> Peer:
    """Compiled, where only the arguments are looked at again, as the page on PyTorch says."""
    import torch

    if not hasattr(torch.compiler, "skip_guard_on_globals_unsafe"):
        raise Missing("PyTorch is older than 2.8")
    torch_compiles()
    gradients, arguments, read = ours(bp, given, tensor, on_host)
    options = {"guard_filter_fn": torch.compiler.skip_guard_on_globals_unsafe}
    if in_a_graph:
        options["triton.cudagraphs"] = True

    def step(*given: Any) -> Any:  # for gradients itself what ours_compiled has made would be taken
        return gradients(*given)

    compiled = torch.compile(step, fullgraph=True, dynamic=False, options=options)
    return Peer(waited(lambda: compiled(*arguments)), read)


def ours_in_a_graph(bp: Any, given: Problem) -> Peer:
    """Captured once in a CUDA graph, as the page on PyTorch says, and played again."""
    import torch

    if torch_device() == "cpu":
        raise Missing("a CUDA graph needs a GPU")
    gradients, arguments, read = ours(bp, given, tensor, on_host)
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(3):
            gradients(*arguments)
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        made = gradients(*arguments)

    def play() -> Any:
        graph.replay()
        return made

    return Peer(waited(play), read)


# JAX and CuPy.


def exactly(library: str) -> contextlib.AbstractContextManager[Any]:
    """What is held to ours is multiplied in float32; left alone, JAX takes TF32 on a GPU."""
    if library != "jax":
        return contextlib.nullcontext()
    import jax

    return jax.default_matmul_precision("highest")


def jax_call(jitted: Any, *arguments: Any) -> Callable[[], Any]:
    """A call that has its result, and knows the memory that XLA has planned for it."""
    import jax

    def call() -> Any:
        return jax.block_until_ready(jitted(*arguments))

    def planned() -> int:
        plan = jitted.lower(*arguments).compile().memory_analysis()
        return plan.temp_size_in_bytes + plan.output_size_in_bytes

    call.planned = planned
    return call


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

    return Peer(jax_call(both, params, X, Y), read)


def ours_jitted(bp: Any, given: Problem) -> Peer:
    import jax

    gradients, (net, *arrays), read = ours(bp, given, jax.device_put, np.asarray)
    return Peer(jax_call(jax.jit(partial(gradients, net)), *arrays), read)


def ours_in_cupy(bp: Any, given: Problem) -> Peer:
    import cupy

    gradients, arguments, read = ours(bp, given, cupy.asarray, cupy.asnumpy)

    def call() -> Any:
        made = gradients(*arguments)
        cupy.cuda.get_current_stream().synchronize()
        return made

    return Peer(call, read)


def both(name: str, made_from: Callable[..., Peer], *settings: Any) -> dict[str, Any]:
    """A peer of ours in each convention, as ``row PyTorch``."""
    return {
        f"{bp.__name__.rpartition('.')[2]} {name}": lambda given, bp=bp: made_from(
            bp, given, *settings
        )
        for bp in (row, column)
    }


LIBRARIES: dict[str, dict[str, Callable[[Problem], Peer]]] = {
    "numpy": {
        "column": in_column,
        "row": in_row,
        "autograd": autograd,
        "scikit-learn": scikit_learn,
    },
    "torch": {
        "PyTorch": torch_eager,
        **both("PyTorch", ours_in_torch),
        "PyTorch compiled": torch_compiled,
        "PyTorch cost compiled": torch_cost_compiled,
        **both("PyTorch compiled", ours_compiled),
        **both("PyTorch trusting", ours_trusting),
    },
    "jax": {"JAX jitted": jax_jitted, **both("JAX jitted", ours_jitted)},
}
REDUCED = "reduce-overhead"
ON_A_GPU: dict[str, dict[str, Callable[[Problem], Peer]]] = {
    "torch": {
        **LIBRARIES["torch"],
        "PyTorch reduced": partial(torch_compiled, mode=REDUCED),
        "PyTorch cost reduced": partial(torch_cost_compiled, mode=REDUCED),
        **both("PyTorch reduced", ours_compiled, REDUCED),
        **both("PyTorch reduced trusting", ours_trusting, True),
        **both("PyTorch graph", ours_in_a_graph),
    },
    "jax": LIBRARIES["jax"],
    "cupy": both("CuPy", ours_in_cupy),
}
