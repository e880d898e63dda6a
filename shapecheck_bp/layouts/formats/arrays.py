"""Arrays by name, and a mark among them: NumPy's .npz, and .safetensors. No object is unpickled."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from shapecheck_bp.layouts.containers import arrays_of, layers_of, some
from shapecheck_bp.layouts.functions import Activation
from shapecheck_bp.layouts.record import Inspected
from shapecheck_bp.layouts.table import LAYOUTS, expected

MARK = "shapecheck_bp"


class OfArrays(NamedTuple):
    """A kind of file that holds arrays by name, and words."""

    unpacked: Callable[[Path], tuple[dict[str, Any], dict[str, str]]]
    pack: Callable[[Path, dict[str, Any], dict[str, Any]], None]
    LIBRARY: str
    LAYOUTS: tuple[str, ...] | None = None
    run: None = None

    def read(self, file: Path, only: Any = None) -> Inspected:
        """The layers, or those whose names begin so, and what was written beside them."""
        weights, words = self.unpacked(file)
        told = json.loads(words.get(MARK, "{}"))
        layout, functions = told.get("layout"), told.get("activations")
        if layout is not None:
            LAYOUTS[layout]
        if functions is not None:
            functions = tuple(Activation(str(name), number) for name, number in functions)
        if only is not None:
            begins = (only,) if isinstance(only, str) else tuple(only)
            part = {name: array for name, array in weights.items() if name.startswith(begins)}
            if not part:
                raise expected("only", f"what names begin with: {some([*weights])}", repr(only))
            weights, functions = part, None
        return Inspected(layers_of(weights), layout, functions, certain=False)

    def write(self, file: Path, made: Inspected, mark: str, like: Path | None) -> None:
        """A file of these arrays and a mark, or one like it, with other values and its own mark."""
        arrays, words = self.unpacked(like) if like else ({}, {MARK: ""})
        if MARK in words:
            words[MARK] = mark
        for name, array in arrays_of(made.layers).items():
            arrays[name] = np.ascontiguousarray(array)
        self.pack(file, arrays, words)


def zipped(file: Path) -> zipfile.ZipFile:
    """A zip, if what it becomes is in proportion to what it is."""
    found, size = zipfile.ZipFile(file), file.stat().st_size
    if len({*found.namelist()}) != len(found.namelist()):
        raise ValueError("expected every name once")
    grown = sum(one.file_size for one in found.infolist())
    if grown > max(64 << 20, 20 * size):
        raise ValueError(f"{size:,} bytes would become {grown:,}, which no weights do")
    return found


def _npz(file: Path) -> tuple[dict[str, Any], dict[str, str]]:
    zipped(file).close()
    with np.load(file, allow_pickle=False) as found:
        arrays = {name: found[name] for name in found.files}
    return arrays, {MARK: str(arrays.pop(MARK))} if MARK in arrays else {}


def _safetensors(file: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """Arrays sorted by name: the file has no order, and its library gives another one each time."""
    from safetensors import safe_open

    try:
        with safe_open(file, "np") as found:
            arrays = {name: found.get_tensor(name) for name in sorted(found.keys())}
            return arrays, found.metadata() or {}
    except (TypeError, AttributeError) as error:  # such as bfloat16
        raise ValueError(f"NumPy lacks a type: {error}; cast it first, to float32 say") from None


def _to_safetensors(file: Path, arrays: dict[str, Any], words: dict[str, str]) -> None:
    from safetensors.numpy import save_file

    save_file(arrays, file, dict(sorted(words.items())) or None)


NPZ = OfArrays(_npz, lambda file, arrays, words: np.savez(file, **arrays, **words), "numpy")
SAFETENSORS = OfArrays(_safetensors, _to_safetensors, "safetensors")
