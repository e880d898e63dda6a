"""The command ``shapecheck-bp``: backprop in both conventions on handwritten digits, and more.

Each command is a module with ``describe``, which adds its arguments to a parser, and ``run``. Exit
status: 0 where what was asked is as it should be; 1 where not; 2 for a command line that cannot be
understood.
"""

import argparse
from collections.abc import Callable, Sequence
from typing import TypeAlias

import shapecheck_bp
from shapecheck_bp.cli import convert, diagnose, digits, example, inspect, page, prove, read, trace

Run: TypeAlias = Callable[[argparse.ArgumentParser, argparse.Namespace], int]
COMMANDS = {
    "prove": prove,
    "trace": trace,
    "page": page,
    "diagnose": diagnose,
    "read": read,
    "inspect": inspect,
    "convert": convert,
    "example": example,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(prog="shapecheck-bp", description=digits.DESCRIPTION)
    parser.add_argument("--version", action="version", version=shapecheck_bp.__version__)
    digits.describe(parser)
    commands = parser.add_subparsers(dest="command", metavar="command")
    parsers: dict[str | None, argparse.ArgumentParser] = {None: parser}
    for name, command in COMMANDS.items():
        parsers[name] = commands.add_parser(
            name, help=command.HELP, description=command.DESCRIPTION
        )
        command.describe(parsers[name])
    options = parser.parse_args(argv)
    run: Run = COMMANDS.get(options.command, digits).run
    return run(parsers[options.command], options)
