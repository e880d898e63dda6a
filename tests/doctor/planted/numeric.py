"""What the truths share: a few functions of NumPy, and what a step moved."""

from collections.abc import Callable
from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]


def sigmoid(z: np.ndarray) -> np.ndarray:
    """1 / (1 + e^-z)."""
    return 0.5 * (1 + np.tanh(z / 2))


def softmax(z: np.ndarray, axis: int) -> np.ndarray:
    """Probabilities along an axis."""
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def log_loss(a: np.ndarray, y: np.ndarray) -> float:
    """Of probabilities of one, each for itself, summed."""
    return float(-(y * np.log(a) + (1 - y) * np.log(1 - a)).sum())


def cross_entropy(p: np.ndarray, y: np.ndarray) -> float:
    """Of probabilities against one-hot targets, summed."""
    return float(-(y * np.log(p)).sum())


def half_squares(a: np.ndarray, y: np.ndarray) -> float:
    """Half the sum of squared differences."""
    return float(0.5 * ((a - y) ** 2).sum())


def one_hot(labels: np.ndarray, classes: int) -> np.ndarray:
    """Rows of zeros with a one."""
    return np.eye(classes)[labels]


def moved(
    parameters: Callable[..., Arrays], call: Callable[..., Any], args: tuple[Any, ...]
) -> Arrays:
    """By how much one step lowers each parameter."""
    before = {name: np.array(value) for name, value in parameters(call, args).items()}
    call(*args)
    after = parameters(call, args)
    return {name: value - after[name] for name, value in before.items()}


def numbered(**lists: Any) -> Arrays:
    """Each array of each list under a name of its own."""
    return {f"{name}{i}": array for name, some in lists.items() for i, array in enumerate(some)}
