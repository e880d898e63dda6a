"""``shapecheck-bp inspect``: what is in a file of weights, and which layouts it may have."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from shapecheck_bp.cli.output import add_json, print_facts

if TYPE_CHECKING:
    from rich.console import Console

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
    except (ValueError, ImportError) as error:
        parser.error(str(error))

    def show(console: Console) -> None:
        from shapecheck_bp.tracing.tables import for_terminal

        headings = ["array", "shape", "type", "axes"]
        for part in for_terminal(inspected.path, headings, inspected.rows()):
            console.print(part)
        by = "The file says that its layout is" if inspected.layout else "By shape"
        lines = [f"{by} {inspected.fits}"]
        if inspected.activations is not None:
            lines.append(f"Activations: {', then '.join(map(str, inspected.activations))}")
        lines += [f"Not carried: {one}" for one in inspected.said]
        console.print("\n".join(lines), soft_wrap=True)

    print_facts(inspected.to_dict(), options, show)
    return 0 if inspected.fits.layouts and not inspected.fits.why else 1
