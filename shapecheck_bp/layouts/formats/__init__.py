"""One kind of file each: bytes in, arrays by name out, and back, by the library that is its own."""

from pathlib import Path
from typing import Protocol

from shapecheck_bp.layouts.formats import keras, npz, onnx, safetensors
from shapecheck_bp.layouts.formats.contents import Activations, Contents, Weights

__all__ = ["FORMATS", "Contents", "Format"]


class Format(Protocol):
    """How to read such a file, write a new one, mark it, and put other values into one."""

    LAYOUTS: tuple[str, ...] | None
    """The layouts that it can have; any, where there is none."""

    def read(self, data: bytes, folder: Path, only: str | None = None) -> Contents:
        """The arrays in it, or only those whose names begin so; ``folder`` is where it lies."""

    def write(self, weights: Weights, layout: str, activations: Activations | None) -> bytes:
        """A new file."""

    def mark(self, data: bytes, mark: str) -> bytes:
        """The same file with a mark of ours."""

    def replace(self, data: bytes, weights: Weights, folder: Path) -> bytes:
        """The same file with other values for some of its arrays."""


FORMATS: dict[str, Format] = {
    ".safetensors": safetensors,
    ".npz": npz,
    ".keras": keras,
    ".onnx": onnx,
}
