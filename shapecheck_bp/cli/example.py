"""``shapecheck-bp example``: the texts' derivations, step by step."""

import argparse

from shapecheck_bp.cli.output import print_text
from shapecheck_bp.data.settings import CONVENTIONS

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

    lines: list[str] = []
    if options.name is None:
        width = max(map(len, examples.NAMES))
        lines = [f"{name:<{width}}  {shows}" for name, shows in examples.names().items()]
    else:
        try:
            examples.run(options.name, options.convention, lines.append)
        except ValueError as error:
            parser.error(str(error))
    print_text("".join(f"{line}\n" for line in lines))
    return 0
