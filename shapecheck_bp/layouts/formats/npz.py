"""NumPy's .npz: arrays by name. Pickled objects are refused."""

import io
from pathlib import Path
from typing import Any

import numpy as np

from shapecheck_bp.layouts.formats.contents import (
    MARK,
    Activations,
    Contents,
    Weights,
    marked,
    zipped,
)

LAYOUTS: tuple[str, ...] | None = None


def read(data: bytes, folder: Path, only: str | None = None) -> Contents:
    """Arrays by name; the mark is one of them."""
    weights = _arrays(data)
    mark = weights.pop(MARK, None)
    return marked(weights, None if mark is None else str(mark), True, only)


def write(weights: Weights, layout: str, activations: Activations | None) -> bytes:
    """A new file."""
    return _saved(weights, compressed=False)


def mark(data: bytes, mark: str) -> bytes:
    """The same file with a mark."""
    return _saved({**_arrays(data), MARK: np.array(mark)}, _is_compressed(data))


def replace(data: bytes, weights: Weights, folder: Path) -> bytes:
    """The same file with other values for some of its arrays."""
    return _saved({**_arrays(data), **weights}, _is_compressed(data))


def _arrays(data: bytes) -> dict[str, Any]:
    zipped(data)
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def _is_compressed(data: bytes) -> bool:
    return any(one.compress_type for one in zipped(data).infolist())


def _saved(weights: Weights, compressed: bool) -> bytes:
    made = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(made, **weights)
    return made.getvalue()
