"""Arrays by name, and a mark among them: NumPy's .npz, and .safetensors. No object is unpickled."""

import io
import json
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from shapecheck_bp.layouts.containers import Named, arrays_of, layers_of
from shapecheck_bp.layouts.functions import Activation
from shapecheck_bp.layouts.inspection import Inspected
from shapecheck_bp.layouts.table import expected, line_of

MARK = "shapecheck_bp"


class OfArrays(NamedTuple):
    """A kind of file that holds arrays by name, and words."""

    unpacked: Callable[[bytes], tuple[dict[str, Any], dict[str, str]]]
    packed: Callable[[dict[str, Any], dict[str, str]], bytes]
    LIBRARY: str
    LAYOUTS: tuple[str, ...] | None = None

    def read(self, data: bytes, folder: Path, only: Any = None) -> Inspected:
        """The layers, or those whose names begin so, and what was written beside them."""
        weights, words = self.unpacked(data)
        told = json.loads(words.get(MARK, "{}"))
        layout, functions = told.get("layout"), told.get("activations")
        if only is not None:
            begins = (only,) if isinstance(only, str) else tuple(only)
            part = {name: array for name, array in weights.items() if name.startswith(begins)}
            if not part:
                names = ", ".join([*weights][:6])
                raise expected("only", f"what names begin with, as {names}, …", repr(only))
            weights, functions = part, None
        if functions is not None:
            functions = tuple(Activation(str(name), number) for name, number in functions)
        if layout is not None:
            line_of(layout)
        return Inspected(layers_of(weights), layout, functions, certain=False)

    def write(
        self, layers: Sequence[Named], layout: str, activations: Any, mark: str, like: Path | None
    ) -> bytes:
        """A file of these arrays and a mark, or one like it, with other values and its own mark."""
        arrays, words = self.unpacked(like.read_bytes()) if like else ({}, {MARK: ""})
        if MARK in words:
            words[MARK] = mark
        for name, array in arrays_of(layers).items():
            arrays[name] = np.ascontiguousarray(array)
        return self.packed(arrays, words)


def zipped(data: bytes) -> zipfile.ZipFile:
    """A zip, if what it becomes is in proportion to what it is."""
    if not zipfile.is_zipfile(io.BytesIO(data)):
        raise ValueError("it is no zip, as such a file is")
    file = zipfile.ZipFile(io.BytesIO(data))
    if len({*file.namelist()}) != len(file.namelist()):
        raise ValueError("expected every name once")
    grown = sum(one.file_size for one in file.infolist())
    if grown > max(64 << 20, 20 * len(data)):
        raise ValueError(f"{len(data):,} bytes would become {grown:,}, which no weights do")
    return file


def _npz(data: bytes) -> tuple[dict[str, Any], dict[str, str]]:
    zipped(data)
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    return arrays, {MARK: str(arrays.pop(MARK))} if MARK in arrays else {}


def _to_npz(arrays: dict[str, Any], words: dict[str, str]) -> bytes:
    made = io.BytesIO()
    everything: dict[str, Any] = {**arrays, **words}
    np.savez(made, **everything)
    return made.getvalue()


def _safetensors(data: bytes) -> tuple[dict[str, Any], dict[str, str]]:
    """Arrays sorted by name: the file has no order, and its library gives another one each time.

    It begins with the length of a JSON header, of which the library checks all but our words.
    """
    from safetensors.numpy import load

    try:
        arrays = dict(sorted(load(data).items()))
    except KeyError as error:
        raise ValueError(f"NumPy has no {error}; cast it first, to float32 say") from None
    length = int.from_bytes(data[:8], "little")
    return arrays, json.loads(data[8 : 8 + length]).get("__metadata__", {})


def _to_safetensors(arrays: dict[str, Any], words: dict[str, str]) -> bytes:
    from safetensors.numpy import save

    made: bytes = save(arrays, metadata=dict(sorted(words.items())) or None)
    return made


NPZ = OfArrays(_npz, _to_npz, "numpy")
SAFETENSORS = OfArrays(_safetensors, _to_safetensors, "safetensors")
