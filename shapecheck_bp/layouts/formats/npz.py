"""NumPy's .npz: arrays by name. Pickled objects are refused."""

import io
import zipfile
from typing import Any

import numpy as np

from shapecheck_bp.layouts.formats.contents import MARK, Contents, Weights, marked
from shapecheck_bp.network import Network

LAYOUTS: tuple[str, ...] | None = None


def read(data: bytes) -> Contents:
    """Arrays by name; the mark is one of them."""
    weights = _arrays(data)
    mark = weights.pop(MARK, None)
    return marked(weights, None if mark is None else str(mark), in_order=True)


def write(weights: Weights, layout: str, net: Network | None) -> bytes:
    """A new file."""
    return _saved(weights, compressed=False)


def mark(data: bytes, mark: str) -> bytes:
    """The same file with a mark."""
    return _saved({**_arrays(data), MARK: np.array(mark)}, _is_compressed(data))


def replace(data: bytes, weights: Weights) -> bytes:
    """The same file with other values."""
    names = [name for name in _arrays(data) if name != MARK]  # in the file's own order
    return _saved({name: weights[name] for name in names}, _is_compressed(data))


def _arrays(data: bytes) -> dict[str, Any]:
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        if len({*file.files}) != len(file.files):
            raise ValueError("expected every name once")
        return {name: file[name] for name in file.files}


def _is_compressed(data: bytes) -> bool:
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return any(one.compress_type for one in file.infolist())


def _saved(weights: Weights, compressed: bool) -> bytes:
    made = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(made, **weights)
    return made.getvalue()
