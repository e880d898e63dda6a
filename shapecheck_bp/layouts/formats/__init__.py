"""One kind of file each: bytes in, arrays by name out, and back, by the library that is its own."""

from typing import Protocol

from shapecheck_bp.layouts.formats import keras, npz, onnx, safetensors
from shapecheck_bp.layouts.formats.contents import Contents, Weights
from shapecheck_bp.network import Network

__all__ = ["FORMATS", "Contents", "Format"]


class Format(Protocol):
    """How to read such a file, write a new one, mark it, and put other values into one."""

    LAYOUTS: tuple[str, ...] | None
    """The layouts that it can have; any, where there is none."""

    def read(self, data: bytes) -> Contents:
        """The arrays in it."""

    def write(self, weights: Weights, layout: str, net: Network | None) -> bytes:
        """A new file."""

    def mark(self, data: bytes, mark: str) -> bytes:
        """The same file with a mark of ours."""

    def replace(self, data: bytes, weights: Weights) -> bytes:
        """The same file with other values."""


FORMATS: dict[str, Format] = {
    ".safetensors": safetensors,
    ".npz": npz,
    ".keras": keras,
    ".onnx": onnx,
}
