"""What is in a file of weights."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

from shapecheck_bp.layouts.containers import Named, layers_of
from shapecheck_bp.network import Network

MARK = "shapecheck_bp"
Weights: TypeAlias = Mapping[str, Any]


class Contents(NamedTuple):
    """The layers in a file, and what it says of them."""

    layers: list[Named]
    in_order: bool | None
    """Whether they are in a framework's own order: None where that is certain."""
    layout: str | None = None
    sha256: str | None = None


def marked(weights: Weights, mark: str | None, in_order: bool) -> Contents:
    """Arrays by name with what was written beside them."""
    return said(layers_of(weights), mark, in_order)


def said(layers: list[Named], mark: str | None, in_order: bool | None) -> Contents:
    """Layers with what was written beside them."""
    told = json.loads(mark) if mark else {}
    if not isinstance(told, dict):
        raise ValueError(f"expected an object in {MARK}; got {type(told).__name__}")
    return Contents(layers, in_order, told.get("layout"), told.get("sha256"))


def needed(net: object, layers: list[Named], kind: str) -> Network:
    """The network that says which activations go into such a file."""
    if not isinstance(net, Network):
        got = "" if net is None else f"; got {type(net).__name__}"
        raise ValueError(
            f"net: a {kind} file holds the activations too; pass the Network, or like={got}"
        )
    outs = tuple(one.b.shape[0] for one in layers)
    n_in = next(size for size in layers[0].W.shape[:: 1 if kind == ".keras" else -1])
    if net.sizes[1:] != outs or net.sizes[0] not in layers[0].W.shape:
        raise ValueError(f"net: expected sizes {(n_in, *outs)}, as in params; got {net.sizes}")
    return net
