"""What is in a file of weights."""

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from shapecheck_bp.layouts.containers import Named, layers_of
from shapecheck_bp.layouts.functions import Activation

MARK = "shapecheck_bp"
Weights: TypeAlias = Mapping[str, Any]
Activations: TypeAlias = Sequence[Activation]
Only: TypeAlias = str | Sequence[str] | None


class Contents(NamedTuple):
    """The layers in a file, and what it says of them."""

    layers: list[Named]
    in_order: bool | None = None
    """Whether they may be in the order in which they were made: None where that is certain."""
    layout: str | None = None
    sha256: str | None = None
    activations: tuple[Activation, ...] | None = None
    said: Mapping[str, bool] = {}
    """What else the file does, which is not carried; and whether outputs depend on it."""


def marked(weights: Weights, mark: str | None, in_order: bool, only: Only) -> Contents:
    """Arrays by name, or those whose names begin so, with what was written beside them."""
    told = json.loads(mark or "{}")
    functions = told.get("activations")
    if functions is not None:
        functions = [Activation(str(g), n if n is None else float(n)) for g, n in functions]
    if only is not None:
        begins = (only,) if isinstance(only, str) else tuple(only)
        part = {name: array for name, array in weights.items() if name.startswith(begins)}
        if not part:
            names = ", ".join([*weights][:6])
            raise ValueError(f"only: expected what names begin with, as {names}, …; got {only!r}")
        weights, told, functions = part, {"layout": told.get("layout")}, None
    activations = None if functions is None else tuple(functions)
    found = layers_of(weights)
    return Contents(found, in_order, told.get("layout"), told.get("sha256"), activations)


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
