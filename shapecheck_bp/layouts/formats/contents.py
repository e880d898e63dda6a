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


class Contents(NamedTuple):
    """The layers in a file, and what it says of them."""

    layers: list[Named]
    in_order: bool | None
    """Whether they may be in the order in which they were made: None where that is certain."""
    layout: str | None = None
    sha256: str | None = None
    activations: tuple[Activation, ...] | None = None
    said: tuple[str, ...] = ()
    """What else the file does to X or to the outputs, which is not carried."""
    unused: tuple[str, ...] = ()
    """What does nothing where a network is used, as Dropout."""


def marked(weights: Weights, mark: str | None, in_order: bool, only: str | None) -> Contents:
    """Arrays by name with what was written beside them; only those whose names begin so."""
    if only is not None:
        part = {name: array for name, array in weights.items() if name.startswith(only)}
        if not part:
            names = ", ".join([*weights][:6])
            raise ValueError(f"only: expected what names begin with, as {names}, …; got {only!r}")
        return said(layers_of(part), mark, in_order)._replace(sha256=None)
    return said(layers_of(weights), mark, in_order)


def said(layers: list[Named], mark: str | None, in_order: bool | None) -> Contents:
    """Layers with what was written beside them."""
    told = json.loads(mark) if mark else {}
    if not isinstance(told, dict):
        raise ValueError(f"expected an object in {MARK}; got {type(told).__name__}")
    activations = told.get("activations")
    functions = None if activations is None else tuple(Activation(*one) for one in activations)
    return Contents(layers, in_order, told.get("layout"), told.get("sha256"), functions)


def no_part(only: str | None) -> None:
    """Refuse a part of a file that holds one network."""
    if only is not None:
        raise ValueError(f"only: such a file holds one network, which is read whole; got {only!r}")


def needed(activations: Activations | None, kind: str) -> Activations:
    """The activations that go into such a file."""
    if activations is None:
        raise ValueError(
            f"net: a {kind} file holds the activations too; pass the Network (--hidden and --output"
            " in the command), or like="
        )
    return activations


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
