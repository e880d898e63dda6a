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
    " each axis is, and the layouts that these allow. Exit status 0 if there is one, 1 if not."
)


def describe(parser: argparse.ArgumentParser) -> None:
    """Add its arguments."""
    parser.add_argument("file", metavar="FILE")
    add_json(parser)


def run(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    """Look into the file."""
    from shapecheck_bp.layouts import inspect

    try:
        inspected = inspect(options.file)
    except (ValueError, ImportError) as error:
        parser.error(str(error))

    def show(console: Console) -> None:
        from shapecheck_bp.tracing.tables import for_terminal

        headings = ["array", "shape", "type", "axes"]
        for part in for_terminal(inspected.path, headings, inspected.rows()):
            console.print(part)
        if inspected.layout:
            console.print(f"The file says that its layout is {inspected.layout}.")
        console.print(f"By shape {inspected.fits}")

    print_facts(inspected.to_dict(), options, show)
    return 0 if inspected.fits.layouts else 1
