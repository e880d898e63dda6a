"""What is in a file of weights, before it is taken for any layout."""

import os
from typing import Any, NamedTuple

from shapecheck_bp.layouts.carry import Detection, detected
from shapecheck_bp.layouts.containers import Named
from shapecheck_bp.layouts.files import as_opened, read, sizes_of
from shapecheck_bp.layouts.formats.contents import Only
from shapecheck_bp.layouts.functions import Activation, as_network
from shapecheck_bp.layouts.table import IN_OUT, LAYOUTS, OUT_IN
from shapecheck_bp.network import Network
from shapecheck_bp.shapes.arrays import shape_text
from shapecheck_bp.shapes.errors import ShapeError


class Inspected(NamedTuple):
    """What is in a file: each layer's names and shapes, and the layouts that they allow."""

    path: str
    layout: str | None
    """What the file itself says."""
    layers: list[dict[str, Any]]
    """Each layer's W and b as they lie in the file, no b where it has none, and the axes of W."""
    fits: Detection
    activations: tuple[Activation, ...] | None
    """Of each layer, where the file says them."""
    said: dict[str, bool]
    """What else the file does, which is not carried; and whether outputs depend on it."""

    @property
    def network(self) -> Network:
        """The Network of these sizes and activations.

        Raises:
            ValueError: the file does not say them all, or a Network cannot have them.
        """
        sizes = [*self.fits.sizes.values()]
        if self.activations is None or len(sizes) != 1 or not sizes[0]:
            raise ValueError(f"{self.path}: does not say its sizes and activations")
        return as_network(sizes[0], self.activations)

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values."""
        told = None if self.activations is None else [*map(str, self.activations)]
        return {**self._asdict(), "fits": self.fits._asdict(), "activations": told}

    def rows(self) -> list[list[str]]:
        """Each array: its name, its shape, and what its axes are in every way that they can lie."""
        found = []
        for layer in self.layers:
            of_W = " or ".join(shape_text(way.split()) for way in layer["axes"]) or "?"
            for part in [part for part in "Wb" if part in layer]:
                one = layer[part]
                of_b = "(n_out,)" if len(one["shape"]) == 1 else "n_out and 1"
                axes = of_W if part == "W" else of_b
                found.append([one["name"], str(one["shape"]), one["dtype"], axes])
        return found


def inspect(path: str | os.PathLike[str], only: Only = None) -> Inspected:
    """Look into a file without taking it for any layout.

    Args:
        path: a .safetensors, .npz, .keras or .onnx file.
        only: what names begin with, or a list of that, of a file with more than one network in it.

    Raises:
        ValueError: a file that cannot be read.
    """
    contents = read(path, only)
    layout, layers = contents.layout, contents.layers
    fits = detected(layers, kept=contents.in_order)
    if layout == "onnx" and all(one.turned for one in layers):
        layout = "onnx_transB_0"
    if layout is not None:
        try:
            sizes = sizes_of(as_opened(path, contents).params)
            fits = Detection((layout,), {LAYOUTS[layout].W: sizes})
        except (ValueError, ShapeError) as error:  # what it says of itself does not fit
            fits = Detection((), {}, str(error).split("\n")[0])
    told = [_layer(one, layout, [*fits.sizes]) for one in layers]
    return Inspected(str(path), layout, told, fits, contents.activations, dict(contents.said))


def _layer(one: Named, layout: str | None, ways: list[str]) -> dict[str, Any]:
    """What a layer is called and how it lies in its file."""
    told: dict[str, Any] = {
        part: {"name": name, "shape": tuple(array.shape), "dtype": str(array.dtype)}
        for part, (name, array) in zip("Wb", one.arrays(), strict=False)
    }
    if one.turned:
        told["W"]["shape"] = told["W"]["shape"][::-1]
    return {**told, "axes": [IN_OUT if one.turned else OUT_IN] if layout == "onnx" else ways}
