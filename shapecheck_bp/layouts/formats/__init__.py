"""A module for each kind of file, which goes through the library that is its own.

Each has ``LAYOUTS``, those that it can have, or None for any; ``read``, bytes in and Contents out;
``new``, a file with weights and activations; ``fill``, the same file with other values and a mark.
"""

from collections.abc import Callable
from typing import Any

from shapecheck_bp.layouts.formats import keras, npz, onnx, safetensors

FORMATS: dict[str, Any] = {
    ".safetensors": safetensors,
    ".npz": npz,
    ".keras": keras,
    ".onnx": onnx,
}
RUNNERS: dict[str, Callable[..., tuple[Any, str]]] = {".keras": keras.run, ".onnx": onnx.run}
