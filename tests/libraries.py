"""The array libraries that the same code runs on, each as a way in and a way out.

Some stand here a second time, with arrays on a GPU. Where there is none these are skipped, and the
reason begins with ``NO_GPU``: no package that could be installed would change it. So it is with
``NO_BROWSER``.
"""

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

NO_GPU = "no GPU here"
NO_BROWSER = "no Chromium here"


class Library(NamedTuple):
    """How an array gets into a library and back to NumPy."""

    array: Callable[[Any], Any]
    numpy: Callable[[Any], Any]


def _numpy() -> Library:
    return Library(np.asarray, np.asarray)


def _strict() -> Library:
    xp = pytest.importorskip("array_api_strict")
    return Library(xp.asarray, np.asarray)


def _strict_elsewhere() -> Library:
    """A device that refuses arrays of any other, as a GPU does, on every machine."""
    xp = pytest.importorskip("array_api_strict")
    here, there = xp.Device("CPU_DEVICE"), xp.Device("device1")
    return Library(lambda a: xp.asarray(a, device=there), lambda a: np.asarray(a.to_device(here)))


def _torch() -> Library:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    return Library(lambda a: torch.tensor(np.asarray(a)), lambda a: a.detach().numpy())


def _torch_on_gpu() -> Library:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    if not torch.cuda.is_available():
        pytest.skip(f"{NO_GPU} that PyTorch can use")
    return Library(
        lambda a: torch.tensor(np.asarray(a), device="cuda"), lambda a: a.detach().cpu().numpy()
    )


def _jax() -> Library:
    jax = jax_in_float64()
    return Library(jax.numpy.asarray, np.asarray)


def _jax_on_gpu() -> Library:
    jax = jax_in_float64()
    try:
        gpu = jax.devices("gpu")[0]
    except RuntimeError:
        pytest.skip(f"{NO_GPU} that JAX can use")
    return Library(lambda a: jax.device_put(np.asarray(a), gpu), np.asarray)


def _cupy() -> Library:
    with warnings.catch_warnings(action="ignore"):  # CuPy's own, where it finds no CUDA
        cupy = pytest.importorskip("cupy", reason=f"{NO_GPU}, or CuPy is not installed")
        if not cupy.cuda.is_available():
            pytest.skip(f"{NO_GPU} that CuPy can use")
    return Library(cupy.asarray, cupy.asnumpy)


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
    "array-api-strict elsewhere": _strict_elsewhere,
    "torch": _torch,
    "torch on a GPU": _torch_on_gpu,
    "jax": _jax,
    "jax on a GPU": _jax_on_gpu,
    "dask": _dask,
    "cupy": _cupy,
}


def convert(value: Any, to: Callable[[Any], Any]) -> Any:
    """Apply ``to`` to every array inside NamedTuples and tuples."""
    if hasattr(value, "shape"):
        return to(value)
    if isinstance(value, tuple):
        items = [convert(item, to) for item in value]
        return value._make(items) if hasattr(value, "_make") else tuple(items)
    return value
