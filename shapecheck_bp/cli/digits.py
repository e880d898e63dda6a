"""``shapecheck-bp`` by itself: one network on handwritten digits, in both conventions."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from shapecheck_bp.cli.output import print_facts

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from shapecheck_bp.cli.comparison import Comparison

DESCRIPTION = (
    "Train one network on handwritten digits in both conventions, W @ X and X @ W, with every shape"
    " checked, and compare every gradient."
)


def describe(parser: argparse.ArgumentParser) -> None:
    """Add its arguments."""
    parser.add_argument(
        "--json", action="store_true", help="print the same facts as one JSON object"
    )
    parser.add_argument("--epochs", type=int, default=30, metavar="N", help="default: 30")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="default: 0")


def run(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    """Train and compare, and return 0 if both conventions give the same."""
    from shapecheck_bp.cli.comparison import compare_on_digits

    try:
        comparison = compare_on_digits(epochs=options.epochs, seed=options.seed)
    except ValueError as error:
        parser.error(str(error))
    print_facts(comparison.to_dict(), options, lambda console: show(comparison, console))
    return 0 if comparison.agree else 1


def show(comparison: Comparison, console: Console) -> None:
    """Print a comparison for a person to read."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    from shapecheck_bp.tracing.tables import for_terminal

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

    for part in for_terminal(*comparison.proof.summary()):
        console.print(part)
    console.print(f"{comparison.proof.verdict} All of it: shapecheck-bp prove\n")

    console.print(Text("And a transposed X is refused", style="bold"))
    console.print("column.gradients(net, params, X.T, Y)\n")
    console.print(Text(f"ShapeError: {comparison.shape_error}"), soft_wrap=True)
    console.print()
    verdict = "The gradients agree." if comparison.agree else "The gradients DO NOT agree."
    console.print(Text(verdict, style="bold green" if comparison.agree else "bold red"))
