"""What is in a file of weights, before it is taken for any layout."""

import os
from typing import Any, NamedTuple

from shapecheck_bp.layouts.carry import Detection, detected
from shapecheck_bp.layouts.files import read
from shapecheck_bp.shapes.arrays import shape_text


class Inspected(NamedTuple):
    """What is in a file: each layer's names and shapes, and the layouts that they allow."""

    path: str
    layout: str | None
    """What the file itself says."""
    layers: list[dict[str, Any]]
    fits: Detection

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values."""
        return {**self._asdict(), "fits": self.fits._asdict()}

    def rows(self) -> list[list[str]]:
        """Each array: its name, its shape, and what its axes are in every way that they can lie."""
        ways = list(self.fits.sizes)
        found = []
        for layer in self.layers:
            W, b = layer["W"], layer["b"]
            axes = [shape_text(way.split()) for way in ways]
            found.append([W["name"], str(W["shape"]), W["dtype"], " or ".join(axes) or "?"])
            found.append(
                [
                    b["name"],
                    str(b["shape"]),
                    b["dtype"],
                    "(n_out,)" if len(b["shape"]) == 1 else "n_out and 1",
                ]
            )
        return found


def inspect(path: str | os.PathLike[str]) -> Inspected:
    """Look into a file without taking it for any layout.

    Raises:
        ValueError: a file that cannot be read.
    """
    contents = read(path)
    layers = [
        {
            part: {"name": name, "shape": tuple(array.shape), "dtype": str(array.dtype)}
            for part, name, array in zip("Wb", one.names, one[:2], strict=True)
        }
        for one in contents.layers
    ]
    return Inspected(str(path), contents.layout, layers, detected(contents.layers))
