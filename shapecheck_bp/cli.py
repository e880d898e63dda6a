"""The command ``shapecheck-bp``: backprop in both conventions on handwritten digits, and the proof.

Exit status: 0 where both conventions gave the same gradients and predictions, or the proof holds; 1
where not; 2 for a command line that cannot be understood.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

import shapecheck_bp

CONVENTIONS = ("column", "row")
LARGEST = 10**8  # entries of a matrix that is traced

if TYPE_CHECKING:
    from rich.console import Console

    from shapecheck_bp.comparison import Comparison


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="shapecheck-bp",
        description="Train one network on handwritten digits in both conventions, W @ X and X @ W,"
        " with every shape checked, and compare every gradient.",
    )
    parser.add_argument(
        "--json", action="store_true", help="print the same facts as one JSON object"
    )
    parser.add_argument("--epochs", type=int, default=30, metavar="N", help="default: 30")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="default: 0")
    parser.add_argument("--version", action="version", version=shapecheck_bp.__version__)
    commands = parser.add_subparsers(dest="command", metavar="command")
    proving = commands.add_parser(
        "prove",
        help="prove that both give the same gradients, and the right ones",
        description="Prove that both conventions give the same gradients, for all shapes and all"
        " values, and the right ones; to the last bit where nothing is rounded, and within a bound"
        " that is derived where something is.",
    )
    proving.add_argument(
        "--json",
        action="store_true",
        default=argparse.SUPPRESS,
        help="print the same facts as one JSON object",
    )
    example = commands.add_parser(
        "example",
        help="run one of the texts' derivations, step by step",
        description="Run an example, which follows a text step by step and checks itself; without a"
        " name, list them.",
    )
    example.add_argument("name", nargs="?", help="see the list")
    example.add_argument("--convention", choices=CONVENTIONS, help="default: the text's own")
    tracing = commands.add_parser(
        "trace",
        help="show the shapes that flow through one gradient step",
        description="Show every step of one gradient computation: its equation, and under each"
        " array the axes in names and numbers. Example: shapecheck-bp trace 3 2 1 --both",
    )
    tracing.add_argument(
        "sizes", nargs="+", type=int, metavar="SIZE", help="n_0 n_1 …: inputs, then each layer's"
    )
    side = tracing.add_mutually_exclusive_group()
    side.add_argument("--convention", choices=CONVENTIONS, default="column")
    side.add_argument("--both", action="store_true", help="both conventions side by side")
    tracing.add_argument(
        "--examples", type=int, metavar="M", help="default: the first from 5 up that is no size"
    )
    tracing.add_argument("--hidden", default="relu", help="default: relu")
    tracing.add_argument("--output", help="default: softmax; for a single output sigmoid")
    tracing.add_argument("--loss", help="default: the one that goes with the output")
    tracing.add_argument(
        "--json",
        action="store_true",
        default=argparse.SUPPRESS,
        help="print the same facts as one JSON object",
    )
    options = parser.parse_args(argv)
    if options.command == "trace":
        return _trace(tracing, options)
    if options.command == "example":
        return _example(example, options.name, options.convention)
    if options.command == "prove":
        proof = shapecheck_bp.prove()
        _print(proof.to_dict(), options.json, lambda console: console.print(proof))
        return 0 if proof else 1

    from shapecheck_bp.comparison import compare_on_digits

    try:
        comparison = compare_on_digits(epochs=options.epochs, seed=options.seed)
    except ValueError as error:
        parser.error(str(error))
    _print(comparison.to_dict(), options.json, lambda console: show(comparison, console))
    return 0 if comparison.agree else 1


def _example(parser: argparse.ArgumentParser, name: str | None, convention: str | None) -> int:
    """Run an example, or list them all."""
    from shapecheck_bp import examples

    lines = []
    if name is None:
        width = max(map(len, examples.NAMES))
        lines = [f"{one:<{width}}  {what}" for one, what in examples.names().items()]
    else:
        try:
            examples.run(name, convention, lines.append)
        except ValueError as error:
            parser.error(str(error))
    _until_enough(lambda: print("\n".join(lines), flush=True))
    return 0


def _trace(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    """Trace one gradient computation, in one convention or in both."""
    import numpy as np

    from shapecheck_bp import Network, column, flip, row, trace

    sizes, m = options.sizes, options.examples
    if m is None:
        m = next(size for size in count(5) if size not in sizes)
    try:
        if m < 1:
            raise ValueError(f"--examples: expected a whole number from 1 up; got {m}")
        usual = "sigmoid" if sizes[-1] == 1 else "softmax"
        output = usual if options.output is None else options.output
        net = Network(tuple(sizes), options.hidden, output, options.loss)
        if (largest := max(sizes) * max(*sizes, m)) > LARGEST:
            raise ValueError(
                f"sizes: expected a step that can be run here; one of {largest} entries"
            )
    except ValueError as error:
        parser.error(str(error))
    X, Y = np.ones((sizes[0], m)), np.full((sizes[-1], m), 1 / sizes[-1])
    arguments: Any = (net, column.init(net), X, Y)
    with trace() as here:
        column.gradients(*arguments)
    with trace() as there:
        row.gradients(*flip(arguments))
    traces = {"column": here, "row": there}
    shown = here.beside(there) if options.both else traces[options.convention]
    about = {"sizes": sizes, "hidden": net.hidden, "output": net.output, "loss": net.loss}
    facts = {"network": about, "examples": m, **shown.to_dict()}
    title = f"{'-'.join(map(str, sizes))}, {net.hidden} then {net.output}, {net.loss}; m = {m}"

    def write(console: Console) -> None:
        console.print(title)
        console.print(shown, soft_wrap=True)

    _print(facts, options.json, write)
    return 0


def _print(facts: dict[str, Any], as_json: bool, show: Callable[[Console], None]) -> None:
    """Print facts as JSON, or as a person reads them."""

    def write() -> None:
        if as_json:
            print(json.dumps(facts, indent=2), flush=True)
        else:
            from rich.console import Console

            console = Console(highlight=False, soft_wrap=False)
            with console.capture() as shown:
                show(console)
            print(shown.get(), end="", flush=True)

    _until_enough(write)


def _until_enough(write: Callable[[], None]) -> None:
    """Write, and stop without a word when the reader, head for one, has seen enough."""
    try:
        write()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def show(comparison: Comparison, console: Console) -> None:
    """Print a comparison for a person to read."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    from shapecheck_bp.proof.report import shown

    def table(*headings: str) -> Table:
        made = Table(box=SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
        for heading in headings:
            made.add_column(heading, justify="left")
        return made

    net, (train, held_out) = comparison.net, comparison.examples
    console.print(Text("One network, both conventions", style="bold"))
    sizes = "-".join(map(str, net.sizes))
    console.print(
        f"{sizes}, {net.hidden} then {net.output}, {net.loss}; {train} handwritten digits"
    )
    console.print(f"to learn from, {held_out} held out; every shape checked at every call.\n")

    shapes = table("", "column: Z = W @ A_prev + b", "row: Z = A_prev @ W + b")
    for one in comparison.shapes:
        here, there = f"{one.column_axes} = {one.column_shape}", f"{one.row_axes} = {one.row_shape}"
        shapes.add_row(one.name, here, there)
    console.print(shapes)

    setting = "{epochs} epochs in batches of {batch_size}, learning rate {learning_rate}"
    console.print(Text("Trained from the same start", style="bold"))
    console.print(setting.format(**comparison.settings))
    training = table("", *(outcome.convention for outcome in comparison.outcomes))
    for label, epoch in (("cost J, first epoch", 0), ("cost J, last epoch", -1)):
        costs = [outcome.costs for outcome in comparison.outcomes]
        training.add_row(label, *(f"{cost[epoch]:.12f}" if cost else "-" for cost in costs))
    accuracies = [f"{outcome.accuracy:.2%}" for outcome in comparison.outcomes]
    training.add_row("held-out accuracy", *accuracies)
    same = "the same" if comparison.same_predictions else "DIFFERENT"
    training.add_row("held-out predictions", same, same)
    console.print(training)

    console.print(
        Text("row.gradients(*flip(args)) against flip(column.gradients(*args))", style="bold")
    )
    console.print(
        f"largest difference on the {train} digits, in units of eps; the bound is the most"
    )
    console.print("that rounding can make, derived from the sums")
    gradients = table("layer", "", "at the start", "after training", "bound", "")
    for start, end in zip(comparison.at_start, comparison.after_training, strict=True):
        verdict = "agree" if start.agrees and end.agrees else "DIFFER"
        figures = (f"{start.eps:.1f}", f"{end.eps:.1f}", f"{max(start.bound, end.bound):.0f}")
        gradients.add_row(str(start.layer), start.quantity, *figures, verdict)
    console.print(gradients)

    for part in shown(*comparison.proof.summary()):
        console.print(part)
    console.print(f"{comparison.proof.verdict} All of it: shapecheck-bp prove\n")

    console.print(Text("And a transposed X is refused", style="bold"))
    console.print("column.gradients(net, params, X.T, Y)\n")
    console.print(Text(f"ShapeError: {comparison.shape_error}"), soft_wrap=True)
    console.print()
    verdict = "The gradients agree." if comparison.agree else "The gradients DO NOT agree."
    console.print(Text(verdict, style="bold green" if comparison.agree else "bold red"))


if __name__ == "__main__":
    sys.exit(main())
