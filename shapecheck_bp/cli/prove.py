"""``shapecheck-bp prove``: the whole proof."""

import argparse

from shapecheck_bp.cli.output import add_json, print_facts

HELP = "prove that both give the same gradients, and the right ones"
DESCRIPTION = (
    "Prove that both conventions give the same gradients, and the right ones, for all shapes and"
    " all values; and in floating point within a bound of probabilistic rounding analysis."
)


def describe(parser: argparse.ArgumentParser) -> None:
    """Add its arguments."""
    add_json(parser)


def run(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    """Prove, and return 0 if the proof holds."""
    from shapecheck_bp import prove

    proof = prove()
    print_facts(proof.to_dict(), options, lambda console: console.print(proof))
    return 0 if proof else 1
