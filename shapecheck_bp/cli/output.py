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


def network(sizes: Sequence[int], hidden: str, output: str | None, loss: Any = None) -> Network:
    """The network that was asked for; without an output, the usual one for its last size.

    Raises:
        ValueError: there is none.
    """
    usual = "sigmoid" if sizes[-1] == 1 else "softmax"
    return Network(tuple(sizes), hidden, usual if output is None else output, loss)


def print_facts(
    facts: dict[str, Any], options: argparse.Namespace, show: Callable[[Console], None]
) -> None:
    """Print facts as JSON, or as a person reads them, which ``show`` writes to a console."""
    if getattr(options, "json", False):
        print_text(f"{json.dumps(facts, indent=2)}\n")
        return
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=False)
    with console.capture() as shown:
        show(console)
    print_text(shown.get())


def print_text(text: str) -> None:
    """Print a text; stop without a message where the reader, such as ``head``, wants no more."""
    try:
        print(text, end="", flush=True)
    except BrokenPipeError:
        # What is left in the buffer goes nowhere, so that Python does not complain at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
