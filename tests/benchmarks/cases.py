"""The cases: the same network, parameters and batch for everybody, in float32.

Two libraries add up the products in different orders, so that a Z very close to 0 may come out on
different sides of it, and then relu's derivative is 0 in one and 1 in the other. Examples with such
a Z are left out of the batch, so that gradients can be asked to agree to rounding.
"""

from typing import Any, NamedTuple

import numpy as np

from shapecheck_bp import Layer, Network, row

MARGIN = 2e-5  # from 0 for every hidden Z; in float32 they are wrong by up to 5e-6
# Of a gradient's largest entry; two libraries differ by up to 3e-6 of it. On a GPU sums are as long
# as 4096, and a Z next to 0 may come out on its other side.
ROUNDING = {"cpu": 1e-5, "cuda": 1e-3}


class Case(NamedTuple):
    """The sizes of a network, and the number of examples in the batch."""

    sizes: tuple[int, ...]
    m: int

    def __str__(self) -> str:
        """As ``--only`` takes it."""
        return f"{'-'.join(map(str, self.sizes))}@{self.m}"


def parse(text: str) -> Case:
    """The case of "784-30-10@10"."""
    sizes, _, m = text.partition("@")
    return Case(tuple(map(int, sizes.split("-"))), int(m))


GRID = (
    Case((3, 2, 2), 5),
    Case((64, 32, 10), 32),
    Case((784, 30, 10), 10),
    Case((784, 256, 128, 10), 256),
    Case((784, 512, 512, 10), 1024),
    Case((1024, 1024, 1024, 1024, 10), 2048),
    Case((784, 256, 128, 10), 20000),
)
GPU_GRID = (
    Case((64, 32, 10), 32),
    Case((784, 256, 128, 10), 1024),
    Case((784, 256, 128, 10), 20000),
    Case((4096, 4096, 4096, 10), 8192),
)


class Differs(Exception):
    """A result that is not ours to rounding."""


class Problem(NamedTuple):
    """One batch, examples as rows; ``labels`` are the classes that Y has as one-hot rows."""

    net: Network
    params: tuple[Layer, ...]
    X: np.ndarray
    Y: np.ndarray
    labels: np.ndarray


def problem(case: Case) -> Problem:
    """The batch of a case: the same in every process."""
    net = Network(case.sizes)
    params = row.init(net, seed=0, dtype="float32")
    random = np.random.default_rng(0)
    X = random.standard_normal((case.m + case.m // 4 + 10, case.sizes[0]), dtype="float32")
    X = X[away_from_the_kink(params, X)][: case.m]
    if len(X) < case.m:
        raise RuntimeError(f"{case}: too many examples have a Z next to 0; draw more of them")
    labels = random.integers(0, case.sizes[-1], case.m)
    Y = row.one_hot(labels, case.sizes[-1], dtype="float32")
    return Problem(net, params, X, Y, labels)


def away_from_the_kink(params: tuple[Layer, ...], X: np.ndarray) -> np.ndarray:
    """Which examples have no hidden Z so close to 0 that rounding could choose its sign."""
    A, away = X.astype("float64"), np.ones(len(X), dtype=bool)
    for W, b in params[:-1]:
        Z = A @ W + b
        away &= np.abs(Z).min(axis=1) > MARGIN
        A = np.maximum(Z, 0)
    return away


def hold_to(expected: Any, name: str, made: Any, given: Problem, rounding: float) -> None:
    """Hold the cost and dW1, db1, dW2, …, W as (n_in, n_out), to what ``row`` has.

    Args:
        expected: what ``row.gradients`` gives for NumPy's arrays.
        name: whose they are.
        made: the cost, and the list of gradients.
        given: the problem.
        rounding: by how much of a gradient's largest entry they may differ.

    Raises:
        Differs: they are something else.
    """
    (J, grads), (expected_J, expected) = made, expected
    ours = [array for layer in expected for array in layer]
    layers = range(1, given.net.L + 1)
    for quantity, mine, theirs in zip(
        ("J", *(f"{d}{layer}" for layer in layers for d in ("dW", "db"))),
        (expected_J, *ours),
        (np.asarray(J, dtype="float32"), *grads),
        strict=True,
    ):
        if theirs.dtype != np.float32 or theirs.shape != mine.shape:
            raise Differs(f"{name}: {quantity} is {theirs.dtype} of {theirs.shape}")
        apart = np.abs(theirs - mine).max() / np.abs(mine).max()
        if not apart <= rounding:
            raise Differs(f"{name}: {quantity} differs from row's by {apart:.1e} of its size")
