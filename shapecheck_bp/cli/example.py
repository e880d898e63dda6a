"""``shapecheck-bp example``: the texts' derivations, step by step."""

import argparse

from shapecheck_bp.cli.output import CONVENTIONS, until_enough

HELP = "run one of the texts' derivations, step by step"
DESCRIPTION = (
    "Run an example, which follows a text step by step and checks itself; without a name, list"
    " them all."
)


def describe(parser: argparse.ArgumentParser) -> None:
    """Add its arguments."""
    parser.add_argument("name", nargs="?", help="see the list")
    parser.add_argument("--convention", choices=CONVENTIONS, help="default: the text's own")


def run(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    """Run an example, or list them all."""
    from shapecheck_bp.derivations import examples

    lines = []
    if options.name is None:
        width = max(map(len, examples.NAMES))
        lines = [f"{one:<{width}}  {what}" for one, what in examples.names().items()]
    else:
        try:
            examples.run(options.name, options.convention, lines.append)
        except ValueError as error:
            parser.error(str(error))
    until_enough(lambda: print("\n".join(lines), flush=True))
    return 0
