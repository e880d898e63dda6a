"""Who trains: each a function that runs one epoch of the digits, in batches of 32, with plain SGD.

An epoch begins where the one before has ended. Everybody draws the examples in a new order, and has
to classify the training examples before anything is timed.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from peers import Missing, contiguous, jax_cost, torch_compiles, torch_cost

from shapecheck_bp import Network, column, fit, flip, row
from shapecheck_bp.data import digits

NET, BATCH, RATE = Network((64, 32, 10)), 32, 0.3
EPOCHS_BEFORE, LEAST_RIGHT = 5, 0.9


class Trainer(NamedTuple):
    epoch: Callable[[], Any]
    predict: Callable[[], np.ndarray]


class Start(NamedTuple):
    """The training examples as rows, and where everybody begins."""

    params: Any
    X: np.ndarray
    Y: np.ndarray
    labels: np.ndarray


def start() -> Start:
    train = digits("row", dtype="float32").train
    params = row.init(NET, seed=0, dtype="float32")
    return Start(params, np.ascontiguousarray(train.X), train.Y, train.labels)


def by_fit(bp: Any, begun: Start) -> Trainer:
    params, X, Y, _ = begun

    def epoch() -> None:
        nonlocal params
        params, _ = fit(bp, NET, params, X, Y, epochs=1, batch_size=BATCH, learning_rate=RATE)

    return Trainer(epoch, lambda: bp.predict(NET, params, X))


def by_loop(bp: Any, begun: Start) -> Trainer:
    params, X, Y, labels = begun
    random = np.random.default_rng(0)

    def epoch() -> None:
        nonlocal params
        order = random.permutation(len(labels))
        for first in range(0, len(order), BATCH):
            batch = order[first : first + BATCH]
            taken = (batch, slice(None)) if bp is row else (slice(None), batch)
            _, grads = bp.gradients(NET, params, X[taken], Y[taken])
            params = bp.update(params, grads, RATE)

    return Trainer(epoch, lambda: bp.predict(NET, params, X))


def as_columns(begun: Start) -> Start:
    return Start(*contiguous(flip(begun[:3])), begun.labels)


def scikit_learn(begun: Start) -> Trainer:
    """One ``partial_fit`` is one epoch: it shuffles, and makes the batches itself."""
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier(
        hidden_layer_sizes=NET.sizes[1:-1],
        solver="sgd",
        momentum=0,
        alpha=0,
        batch_size=BATCH,
        learning_rate_init=RATE,
        random_state=0,
    )
    classes = np.arange(NET.sizes[-1])
    return Trainer(
        lambda: model.partial_fit(begun.X, begun.labels, classes=classes),
        lambda: model.predict(begun.X),
    )


def torch_eager(begun: Start) -> Trainer:
    import torch
    from torch.nn import functional as F

    n_0, n_1, n_2 = NET.sizes
    first, last = torch.nn.Linear(n_0, n_1), torch.nn.Linear(n_1, n_2)
    model = torch.nn.Sequential(first, torch.nn.ReLU(), last)
    with torch.no_grad():
        for linear, (W, b) in zip((first, last), begun.params, strict=True):
            linear.weight.copy_(torch.from_numpy(W.T.copy()))
            linear.bias.copy_(torch.from_numpy(b[0]))
    optimiser = torch.optim.SGD(model.parameters(), lr=RATE)
    X, labels = torch.from_numpy(begun.X), torch.from_numpy(begun.labels)

    def epoch() -> None:
        for batch in torch.randperm(len(labels)).split(BATCH):
            optimiser.zero_grad()
            F.cross_entropy(model(X[batch]), labels[batch]).backward()
            optimiser.step()

    return Trainer(epoch, lambda: model(X).argmax(1).numpy())


def torch_compiled(begun: Start) -> Trainer:
    """The whole step in one graph: quicker here than a compiled model with an optimiser."""
    import torch

    torch_compiles()
    params = [
        (torch.from_numpy(W.T.copy()), torch.from_numpy(b[0].copy())) for W, b in begun.params
    ]
    X, labels = torch.from_numpy(begun.X), torch.from_numpy(begun.labels)
    gradient = torch.func.grad(torch_cost())

    @torch.compile(dynamic=False)  # for two shapes: the last batch is smaller
    def step(params: Any, X: Any, labels: Any) -> Any:
        grads = gradient(params, X, labels)
        return [
            (W - RATE * dW, b - RATE * db) for (W, b), (dW, db) in zip(params, grads, strict=True)
        ]

    def epoch() -> None:
        nonlocal params
        for batch in torch.randperm(len(labels)).split(BATCH):
            params = step(params, X[batch], labels[batch])

    def predict() -> np.ndarray:
        (W1, b1), (W2, b2) = params
        return ((X @ W1.T + b1).relu() @ W2.T + b2).argmax(1).numpy()

    return Trainer(epoch, predict)


def jax_trainer(begun: Start) -> Trainer:
    import jax

    params = [(jax.device_put(W), jax.device_put(b[0])) for W, b in begun.params]
    random = np.random.default_rng(0)

    @jax.jit
    def step(params: Any, X: Any, Y: Any) -> Any:
        grads = jax.grad(jax_cost)(params, X, Y)
        return jax.tree.map(lambda array, grad: array - RATE * grad, params, grads)

    def epoch() -> None:
        nonlocal params
        order = random.permutation(len(begun.labels))
        for first in range(0, len(order), BATCH):
            batch = order[first : first + BATCH]
            params = step(params, begun.X[batch], begun.Y[batch])
        jax.block_until_ready(params)

    def predict() -> np.ndarray:
        rows = [(np.asarray(W), np.asarray(b)[None, :]) for W, b in params]
        hidden = np.maximum(begun.X @ rows[0][0] + rows[0][1], 0)
        return np.argmax(hidden @ rows[1][0] + rows[1][1], axis=1)

    return Trainer(epoch, predict)


TRAINERS: dict[str, dict[str, Callable[[Start], Trainer]]] = {
    "numpy": {
        "fit, column": lambda begun: by_fit(column, as_columns(begun)),
        "fit, row": lambda begun: by_fit(row, begun),
        "gradients and update, column": lambda begun: by_loop(column, as_columns(begun)),
        "gradients and update, row": lambda begun: by_loop(row, begun),
        "scikit-learn partial_fit": scikit_learn,
    },
    "torch": {
        "PyTorch": torch_eager,
        "PyTorch, step compiled": torch_compiled,
    },
    "jax": {"JAX, step jitted": jax_trainer},
}


def trainers(library: str) -> Iterator[tuple[str, Callable[[], Any] | str]]:
    """One epoch by each trainer of a library, or why it is missing."""
    begun = start()
    for name, made_from in TRAINERS[library].items():
        try:
            trainer = made_from(begun)
        except (ImportError, Missing) as error:
            yield name, str(error)
            continue
        for _ in range(EPOCHS_BEFORE):
            trainer.epoch()
        right = float((trainer.predict() == begun.labels).mean())
        if not right >= LEAST_RIGHT:
            raise RuntimeError(f"{name}: {right:.0%} of the digits, so that it has not trained")
        yield name, trainer.epoch
