"""``shapecheck-bp inspect``: what is in a file of weights, and which layouts it may have."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from shapecheck_bp.cli.output import add_json, print_facts
from shapecheck_bp.shapes.arrays import shape_text

if TYPE_CHECKING:
    from rich.console import Console

    from shapecheck_bp.layouts.table import Named

HELP = "what is in a file of weights, what each axis is, and which layouts fit"
DESCRIPTION = (
    "Print each layer of a .safetensors, .npz, .keras or .onnx file: its names, its shapes, what"
    " each axis is, the layouts that these allow, its activations, and what else it does. Exit"
    " status 0 if there is a layout and one order of the layers, 1 if not."
)


def describe(parser: argparse.ArgumentParser) -> None:
    """Add its arguments."""
    parser.add_argument("file", metavar="FILE")
    parser.add_argument(
        "--only",
        nargs="+",
        metavar="NAME",
        help="what names begin with, of one network among several",
    )
    add_json(parser)


def run(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    """Look into the file."""
    from shapecheck_bp.layouts import inspect

    try:
        inspected = inspect(options.file, options.only)
    except (ValueError, ImportError, OSError) as error:
        parser.error(str(error))
    fits, activations = inspected.fits, inspected.activations
    told = None if activations is None else [*map(str, activations)]
    layers = [_layer(one, [*fits.sizes]) for one in inspected.layers]
    facts: dict[str, Any] = {"path": inspected.path, "layout": inspected.layout, "layers": layers}
    facts |= {"fits": fits._asdict(), "activations": told, "said": dict(inspected.said)}

    def show(console: Console) -> None:
        from shapecheck_bp.tracing.tables import for_terminal

        headings = ["array", "shape", "type", "axes"]
        for part in for_terminal(inspected.path, headings, _rows(layers)):
            console.print(part)
        said = inspected.layout in fits.layouts
        by = "The file says that its layout is" if said else "By shape"
        lines = [f"{by} {fits}"]
        if told is not None:
            lines.append(f"Activations: {', then '.join(told)}")
        lines += [f"Not carried: {one}" for one in inspected.said]
        console.print("\n".join(lines), soft_wrap=True)

    print_facts(facts, options, show)
    return 0 if fits.layouts and not fits.why else 1


def _layer(one: Named, ways: list[str]) -> dict[str, Any]:
    """What its arrays are called, how they lie in the file, and which axes W may have."""
    arrays = {
        part: {"name": name, "shape": tuple(array.shape), "dtype": str(array.dtype)}
        for part, (name, array) in zip("Wb", one.arrays(), strict=False)
    }
    return {**arrays, "axes": ways}


def _rows(layers: list[dict[str, Any]]) -> list[list[str]]:
    """Each array: its name, its shape, and what its axes are in every way that they can lie."""
    found = []
    for layer in layers:
        of_W = " or ".join(shape_text(way.split()) for way in layer["axes"]) or "?"
        for part in [part for part in "Wb" if part in layer]:
            one = layer[part]
            of_b = "(n_out,)" if len(one["shape"]) == 1 else "n_out and 1"
            axes = of_W if part == "W" else of_b
            found.append([one["name"], str(one["shape"]), one["dtype"], axes])
    return found
