"""NumPy's .npz: arrays by name. Pickled objects are refused."""

import io
import zipfile

import numpy as np

from shapecheck_bp.layouts.formats.contents import MARK, Contents, Weights, marked
from shapecheck_bp.network import Network

LAYOUTS: tuple[str, ...] | None = None


def read(data: bytes) -> Contents:
    """Arrays by name; the mark is one of them."""
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        weights = {name: file[name] for name in file.files}
    said = weights.pop(MARK, None)
    return marked(weights, None if said is None else str(said))


def write(weights: Weights, layout: str, net: Network | None) -> bytes:
    """A new file."""
    return _saved(weights, compressed=False)


def mark(data: bytes, mark: str) -> bytes:
    """The same file with a mark."""
    return _saved({**read(data).weights, MARK: np.array(mark)}, _is_compressed(data))


def replace(data: bytes, weights: Weights) -> bytes:
    """The same file with other values."""
    return _saved(weights, _is_compressed(data))


def _is_compressed(data: bytes) -> bool:
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return any(one.compress_type for one in file.infolist())


def _saved(weights: Weights, compressed: bool) -> bytes:
    made = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(made, **weights)
    return made.getvalue()
