"""safetensors: arrays and a dict of words."""

import json
from pathlib import Path
from typing import Any

from shapecheck_bp.layouts.formats.contents import MARK, Contents, Only, Weights, marked

LAYOUTS = None


def read(data: bytes, folder: Path, only: Only = None) -> Contents:
    """Arrays by name; the mark is in its metadata."""
    return marked(_arrays(data), _metadata(data).get(MARK), False, only)


def new(weights: Weights, layout: str, activations: Any) -> bytes:
    """A new file."""
    from safetensors.numpy import save

    made: bytes = save(dict(weights))
    return made


def fill(data: bytes, folder: Path, weights: Weights, mark: str | None) -> bytes:
    """The same file with other values for some of its arrays, and a mark."""
    from safetensors.numpy import save

    told = _metadata(data) | ({} if mark is None else {MARK: mark})
    made: bytes = save({**_arrays(data), **weights}, metadata=dict(sorted(told.items())) or None)
    return made


def _arrays(data: bytes) -> dict[str, Any]:
    """By name, sorted: the file has no order, and its library gives another one each time."""
    from safetensors.numpy import load

    try:
        return dict(sorted(load(data).items()))
    except KeyError as error:
        raise ValueError(f"NumPy has no {error}; cast it first, to float32 say") from None


def _metadata(data: bytes) -> dict[str, Any]:
    """A safetensors file begins with the length of a JSON header; its library checks the rest."""
    length = int.from_bytes(data[:8], "little")
    found: dict[str, Any] = json.loads(data[8 : 8 + length]).get("__metadata__", {})
    return found
