"""``shapecheck-bp`` by itself: one network on handwritten digits, in both conventions."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from shapecheck_bp.cli.output import print_facts

if TYPE_CHECKING:
    from rich.console import Console

    from shapecheck_bp.cli.comparison import Comparison

# A title, headings and rows, as ``tracing.tables`` prints them.
Table: TypeAlias = tuple[str, Sequence[str], Sequence[Sequence[str]]]
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
    from rich.text import Text

    from shapecheck_bp.tracing.tables import for_terminal

    for table in (
        _shapes(comparison),
        _training(comparison),
        _gradients(comparison),
        comparison.proof.summary(),
    ):
        for part in for_terminal(*table):
            console.print(part)
    console.print(f"{comparison.proof.verdict} All of it: shapecheck-bp prove\n")

    console.print(Text("And a transposed X is refused", style="bold"))
    console.print("column.gradients(net, params, X.T, Y)\n")
    console.print(Text(f"ShapeError: {comparison.shape_error}"), soft_wrap=True)
    console.print()
    verdict = "The gradients agree." if comparison.agree else "The gradients DO NOT agree."
    console.print(Text(verdict, style="bold green" if comparison.agree else "bold red"))


def _shapes(comparison: Comparison) -> Table:
    net, (train, held_out) = comparison.net, comparison.examples
    sizes = "-".join(map(str, net.sizes))
    title = (
        "One network, both conventions\n"
        f"{sizes}, {net.hidden} then {net.output}, {net.loss}; {train} handwritten digits\n"
        f"to learn from, {held_out} held out; every shape checked at every call.\n"
    )
    rows = [
        (
            shape.name,
            f"{shape.column_axes} = {shape.column_shape}",
            f"{shape.row_axes} = {shape.row_shape}",
        )
        for shape in comparison.shapes
    ]
    return title, ("", "column: Z = W @ A_prev + b", "row: Z = A_prev @ W + b"), rows


def _training(comparison: Comparison) -> Table:
    setting = "{epochs} epochs in batches of {batch_size}, learning rate {learning_rate}"
    title = f"Trained from the same start\n{setting.format(**comparison.settings)}"
    outcomes = comparison.outcomes
    same = "the same" if comparison.same_predictions else "DIFFERENT"
    rows = [
        ("cost J, first epoch", *(_cost(outcome.costs[:1]) for outcome in outcomes)),
        ("cost J, last epoch", *(_cost(outcome.costs[-1:]) for outcome in outcomes)),
        ("held-out accuracy", *(f"{outcome.accuracy:.2%}" for outcome in outcomes)),
        ("held-out predictions", same, same),
    ]
    return title, ("", *(outcome.convention for outcome in outcomes)), rows


def _cost(costs: tuple[float, ...]) -> str:
    """The cost of an epoch; without epochs there is none."""
    return f"{costs[0]:.12f}" if costs else "-"


def _gradients(comparison: Comparison) -> Table:
    title = (
        "row.gradients(*flip(args)) against flip(column.gradients(*args))\n"
        f"largest difference on the {comparison.examples[0]} digits, in units of eps: 2.2e-16,"
        " the step\nfrom 1 to the next number; the bound is what rounding is likely to make at"
        " most\n(Higham and Mary, 2019)"
    )
    rows = [
        (
            str(start.layer),
            start.quantity,
            f"{start.eps:.1f}",
            f"{end.eps:.1f}",
            f"{max(start.bound, end.bound):.0f}",
            "agree" if start.agrees and end.agrees else "DIFFER",
        )
        for start, end in zip(comparison.at_start, comparison.after_training, strict=True)
    ]
    return title, ("layer", "", "at the start", "after training", "bound", ""), rows
