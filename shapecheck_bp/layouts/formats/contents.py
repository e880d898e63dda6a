"""What is in a file of weights."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

from shapecheck_bp.network import Network

MARK = "shapecheck_bp"
Weights: TypeAlias = Mapping[str, Any]


class Contents(NamedTuple):
    """Arrays by name, in the order of the layers, and what the file says of them."""

    weights: dict[str, Any]
    layout: str | None = None
    sha256: str | None = None


def marked(weights: Weights, mark: str | None) -> Contents:
    """Arrays with what was written beside them."""
    said = json.loads(mark) if mark else {}
    return Contents(dict(weights), said.get("layout"), said.get("sha256"))


def needed(net: Network | None, kind: str) -> Network:
    """The network that says which activations go into such a file."""
    if net is None:
        raise ValueError(
            f"net: a {kind} file holds the activations too; pass the Network, or like="
        )
    return net
