"""safetensors: arrays and a dict of words. LAYOUTS: any."""

import json
from typing import Any

from shapecheck_bp.layouts.formats.contents import MARK, Contents, Weights, marked
from shapecheck_bp.network import Network

LAYOUTS: tuple[str, ...] | None = None


def read(data: bytes) -> Contents:
    """Arrays by name; the mark is in its metadata."""
    from safetensors.numpy import load

    return marked(load(data), _metadata(data).get(MARK))


def write(weights: Weights, layout: str, net: Network | None) -> bytes:
    """A new file."""
    return _saved(weights, {})


def mark(data: bytes, mark: str) -> bytes:
    """The same file with a mark."""
    return _saved(read(data).weights, {**_metadata(data), MARK: mark})


def replace(data: bytes, weights: Weights) -> bytes:
    """The same file with other values."""
    return _saved(weights, _metadata(data))


def _saved(weights: Weights, metadata: dict[str, str]) -> bytes:
    from safetensors.numpy import save

    made: bytes = save(dict(weights), metadata=metadata or None)
    return made


def _metadata(data: bytes) -> dict[str, Any]:
    """A safetensors file begins with the length of a JSON header; its library checks the rest."""
    length = int.from_bytes(data[:8], "little")
    found: dict[str, Any] = json.loads(data[8 : 8 + length]).get("__metadata__", {})
    return found
