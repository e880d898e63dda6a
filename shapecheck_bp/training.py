"""``fit``: gradient descent in mini-batches, the same run in both conventions.

>>> import numpy as np
>>> from shapecheck_bp import Network, column
>>> net = Network((2, 3, 2), hidden="tanh")
>>> X = np.array([[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]])
>>> Y = column.one_hot(np.array([0, 0, 0, 1]), classes=2)
>>> start = column.init(net)
>>> params, costs = fit(column, net, start, X, Y, epochs=200, batch_size=2, learning_rate=0.5)
>>> [int(label) for label in column.predict(net, params, X)]
[0, 0, 0, 1]
"""

from math import isfinite
from sys import float_info
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from array_api_compat import array_namespace, device

from shapecheck_bp.data.blocks import examples_at
from shapecheck_bp.data.progress import progress
from shapecheck_bp.data.settings import whole_number
from shapecheck_bp.network import Layer, Network
from shapecheck_bp.shapes.arrays import Array


class Run(NamedTuple):
    """A finished training run."""

    params: tuple[Layer[Any, Any], ...]
    costs: tuple[float, ...]
    """The mean cost J of each epoch's batches, each as it was before its step."""


def fit(
    bp: ModuleType,
    net: Network,
    params: tuple[Layer[Any, Any], ...],
    X: Array,
    Y: Array,
    *,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    seed: int = 0,
) -> Run:
    """Train with mini-batches, drawn anew in each epoch, and return the new parameters.

    X and Y may be files that NumPy maps into memory (``np.load(..., mmap_mode="r")``): they are
    read through once, to check them, and then batch by batch, so that of all that is kept only the
    order of the m examples grows with m, by 16 bytes each. A batch is read quickest where the
    numbers of one example lie side by side: in ``row`` that is NumPy's usual order, and in
    ``column`` Fortran's, of ``np.asfortranarray(X)``, or of a row file's ``X.T``.

    Args:
        bp: ``shapecheck_bp.column`` or ``shapecheck_bp.row``; the arrays lie as it says.
        net: the network.
        params: where to start; they are not changed.
        X: the inputs.
        Y: the targets, one-hot or real.
        epochs: how often every example is used; 0 gives back ``params``.
        batch_size: examples to a step; what remains of an epoch makes a smaller last batch.
        learning_rate: the step's size.
        seed: of the order in which examples are drawn.

    Raises:
        ShapeError: arrays that do not fit the network in this convention.
        ValueError: NaN or infinity in X or Y, targets that the loss cannot mean, a setting out of
            range, or a learning rate under which the cost grows past all numbers.
    """
    epochs = whole_number("epochs", epochs, least=0)
    batch_size = whole_number("batch_size", batch_size, least=1)
    seed = whole_number("seed", seed, least=0)
    real = isinstance(learning_rate, int | float | np.integer | np.floating)
    if not (real and 0 < learning_rate <= float_info.max):
        raise ValueError(f"learning_rate: expected a number above 0; got {learning_rate!r}")
    if not hasattr(bp, "EXAMPLES_AXIS"):
        raise ValueError(f"bp: expected shapecheck_bp.column or shapecheck_bp.row; got {bp!r}")
    bp.check_data(net, X, Y)

    xp, axis = array_namespace(X, Y), bp.EXAMPLES_AXIS
    m = X.shape[axis]
    random = np.random.default_rng(seed)
    costs = []
    if not epochs:
        bp.forward(net, params, examples_at(X, slice(1), axis))  # no step will judge the parameters
    for epoch in progress(range(1, epochs + 1), "training"):
        order = xp.asarray(random.permutation(m), device=device(X))
        total = 0.0
        for start in range(0, m, batch_size):
            batch = order[start : min(start + batch_size, m)]
            X_batch, Y_batch = _taken(xp, X, batch, axis), _taken(xp, Y, batch, axis)
            J, grads = bp.gradients(net, params, X_batch, Y_batch)
            params = bp.update(params, grads, float(learning_rate))
            total += float(J) * batch.shape[0]
        if not isfinite(total):
            raise ValueError(
                f"learning_rate: with {learning_rate!r} the cost is {total} in epoch {epoch};"
                " try a smaller one"
            )
        costs.append(total / m)
    return Run(params, tuple(costs))


def _taken(xp: ModuleType, array: Array, batch: Array, axis: int) -> Array:
    """The examples of a batch, in the usual order of memory.

    NumPy's take would first copy an array that lies in another order, and be it a whole file.
    """
    if isinstance(array, np.ndarray):
        return np.ascontiguousarray(examples_at(array, batch, axis))
    return xp.take(array, batch, axis=axis)
