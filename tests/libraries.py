"""The array libraries that the same code runs on, each as a way in and a way out."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest


class Library(NamedTuple):
    """How an array gets into a library and back to NumPy."""

    array: Callable[[Any], Any]
    numpy: Callable[[Any], Any]


def _numpy() -> Library:
    return Library(np.asarray, np.asarray)


def _strict() -> Library:
    xp = pytest.importorskip("array_api_strict")
    return Library(xp.asarray, np.asarray)


def _torch() -> Library:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    return Library(lambda a: torch.tensor(np.asarray(a)), lambda a: a.numpy())


def _jax() -> Library:
    jax = jax_in_float64()
    return Library(jax.numpy.asarray, np.asarray)


def _dask() -> Library:
    array = pytest.importorskip("dask.array", reason="Dask is not installed")
    return Library(lambda a: array.from_array(a, chunks=2), np.asarray)


def jax_in_float64() -> Any:
    """JAX with float64, or a skipped test."""
    jax = pytest.importorskip("jax", reason="JAX is not installed")
    jax.config.update("jax_enable_x64", True)
    return jax


LIBRARIES = {
    "numpy": _numpy,
    "array-api-strict": _strict,
    "torch": _torch,
    "jax": _jax,
    "dask": _dask,
}


def convert(value: Any, to: Callable[[Any], Any]) -> Any:
    """Apply ``to`` to every array inside NamedTuples and tuples."""
    if hasattr(value, "shape"):
        return to(value)
    if isinstance(value, tuple):
        items = [convert(item, to) for item in value]
        return value._make(items) if hasattr(value, "_make") else tuple(items)
    return value
