"""``shapecheck-bp trace``: the shapes that flow through one gradient step."""

from __future__ import annotations

import argparse
from itertools import count
from typing import TYPE_CHECKING, Any

from shapecheck_bp.cli.output import add_functions, add_json, network, print_facts
from shapecheck_bp.data.settings import CONVENTIONS

if TYPE_CHECKING:
    from rich.console import Console

HELP = "show the shapes that flow through one gradient step"
DESCRIPTION = (
    "Show every step of one gradient computation: its equation, and under each array the axes in"
    " names and numbers. Example: shapecheck-bp trace 3 2 1 --both"
)
LARGEST = 10**8  # entries of a matrix


def describe(parser: argparse.ArgumentParser) -> None:
    """Add its arguments."""
    parser.add_argument(
        "sizes", nargs="+", type=int, metavar="SIZE", help="n_0 n_1 …: inputs, then each layer's"
    )
    side = parser.add_mutually_exclusive_group()
    side.add_argument("--convention", choices=CONVENTIONS, default="column")
    side.add_argument("--both", action="store_true", help="both conventions side by side")
    parser.add_argument(
        "--examples", type=int, metavar="M", help="default: the first from 5 up that is no size"
    )
    add_functions(parser)
    add_json(parser)


def run(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    """Trace one gradient computation, in one convention or in both."""
    import numpy as np

    from shapecheck_bp import column, flip, row, trace

    sizes, m = options.sizes, options.examples
    if m is None:
        m = next(size for size in count(5) if size not in sizes)
    try:
        if m < 1:
            raise ValueError(f"--examples: expected a whole number from 1 up; got {m}")
        net = network(sizes, options.hidden, options.output, options.loss)
        if (largest := max(sizes) * max(*sizes, m)) > LARGEST:
            raise ValueError(
                f"sizes: expected a step that can be run here; one of {largest} entries"
            )
    except ValueError as error:
        parser.error(str(error))
    X, Y = np.ones((sizes[0], m)), np.full((sizes[-1], m), 1 / sizes[-1])
    arguments: Any = (net, column.init(net), X, Y)
    with trace() as in_column:
        column.gradients(*arguments)
    with trace() as in_row:
        row.gradients(*flip(arguments))
    traces = {"column": in_column, "row": in_row}
    shown = in_column.beside(in_row) if options.both else traces[options.convention]
    about = {"sizes": sizes, "hidden": net.hidden, "output": net.output, "loss": net.loss}
    facts = {"network": about, "examples": m, **shown.to_dict()}
    title = f"{'-'.join(map(str, sizes))}, {net.hidden} then {net.output}, {net.loss}; m = {m}"

    def show(console: Console) -> None:
        console.print(title)
        console.print(shown, soft_wrap=True)

    print_facts(facts, options, show)
    return 0
