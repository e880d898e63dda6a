"""NumPy's .npz: arrays by name. Pickled objects are refused."""

import io
from pathlib import Path
from typing import Any

import numpy as np

from shapecheck_bp.layouts.formats.contents import MARK, Contents, Only, Weights, marked, zipped

LAYOUTS = None


def read(data: bytes, folder: Path, only: Only = None) -> Contents:
    """Arrays by name; the mark is one of them."""
    weights = _arrays(data)
    mark = weights.pop(MARK, None)
    return marked(weights, None if mark is None else str(mark), True, only)


def new(weights: Weights, layout: str, activations: Any) -> bytes:
    """A new file."""
    made = io.BytesIO()
    np.savez(made, **weights)
    return made.getvalue()


def fill(data: bytes, folder: Path, weights: Weights, mark: str | None) -> bytes:
    """The same file with other values for some of its arrays, and a mark."""
    made, told = io.BytesIO(), {} if mark is None else {MARK: np.array(mark)}
    compressed = any(one.compress_type for one in zipped(data).infolist())
    save = np.savez_compressed if compressed else np.savez
    save(made, **{**_arrays(data), **weights, **told})
    return made.getvalue()


def _arrays(data: bytes) -> dict[str, Any]:
    zipped(data)
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        return {name: file[name] for name in file.files}
