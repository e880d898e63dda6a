"""safetensors: arrays and a dict of words. LAYOUTS: any."""

import json
from pathlib import Path
from typing import Any

from shapecheck_bp.layouts.formats.contents import MARK, Activations, Contents, Weights, marked

LAYOUTS: tuple[str, ...] | None = None


def read(data: bytes, folder: Path, only: str | None = None) -> Contents:
    """Arrays by name; the mark is in its metadata."""
    return marked(_arrays(data), _metadata(data).get(MARK), False, only)


def write(weights: Weights, layout: str, activations: Activations | None) -> bytes:
    """A new file."""
    return _saved(weights, {})


def mark(data: bytes, mark: str) -> bytes:
    """The same file with a mark."""
    return _saved(_arrays(data), {**_metadata(data), MARK: mark})


def replace(data: bytes, weights: Weights, folder: Path) -> bytes:
    """The same file with other values for some of its arrays."""
    return _saved({**_arrays(data), **weights}, _metadata(data))


def _arrays(data: bytes) -> dict[str, Any]:
    """By name, sorted: the file has no order, and its library gives another one each time."""
    from safetensors.numpy import load

    try:
        return dict(sorted(load(data).items()))
    except KeyError as error:
        raise ValueError(f"NumPy has no {error}; cast it first, to float32 say") from None


def _saved(weights: Weights, metadata: dict[str, str]) -> bytes:
    from safetensors.numpy import save

    made: bytes = save(dict(weights), metadata=dict(sorted(metadata.items())) or None)
    return made


def _metadata(data: bytes) -> dict[str, Any]:
    """A safetensors file begins with the length of a JSON header; its library checks the rest."""
    length = int.from_bytes(data[:8], "little")
    found: dict[str, Any] = json.loads(data[8 : 8 + length]).get("__metadata__", {})
    return found
