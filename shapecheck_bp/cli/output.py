"""What the commands print: facts as JSON, or as a person reads them; and options they share."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from shapecheck_bp.activations import ACTIVATIONS
from shapecheck_bp.network import Network

if TYPE_CHECKING:
    from rich.console import Console

CONVENTIONS = ("column", "row")


def add_json(parser: argparse.ArgumentParser) -> None:
    """The option --json, which may stand before a command's name too."""
    parser.add_argument(
        "--json",
        action="store_true",
        default=argparse.SUPPRESS,
        help="print the same facts as one JSON object",
    )


def add_functions(parser: argparse.ArgumentParser) -> None:
    """What a network computes, beside its sizes."""
    names = ", ".join(ACTIVATIONS)
    parser.add_argument("--hidden", default="relu", help=f"{names}; default: relu")
    parser.add_argument(
        "--output", help="those and softmax; default: softmax, for a single output sigmoid"
    )
    parser.add_argument(
        "--loss", help="squared_error, or the one that goes with the output, which is the default"
    )


def network(sizes: Sequence[int], options: argparse.Namespace) -> Network:
    """The network that was asked for.

    Raises:
        ValueError: there is none.
    """
    usual = "sigmoid" if sizes[-1] == 1 else "softmax"
    output = usual if options.output is None else options.output
    return Network(tuple(sizes), options.hidden, output, options.loss)


def print_facts(facts: dict[str, Any], options: argparse.Namespace, show: Show) -> None:
    """Print facts as JSON, or as a person reads them."""

    def write() -> None:
        if getattr(options, "json", False):
            print(json.dumps(facts, indent=2), flush=True)
            return
        from rich.console import Console

        console = Console(highlight=False, soft_wrap=False)
        with console.capture() as shown:
            show(console)
        print(shown.get(), end="", flush=True)

    until_enough(write)


def until_enough(write: Callable[[], None]) -> None:
    """Write, and stop without a word when the reader, head for one, has seen enough."""
    try:
        write()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if TYPE_CHECKING:
    Show = Callable[[Console], None]
