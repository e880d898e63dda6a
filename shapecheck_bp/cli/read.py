"""``shapecheck-bp read``: the shapes of every line of somebody's script, as it runs."""

from __future__ import annotations

import argparse
import sys
from contextlib import nullcontext, redirect_stdout
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shapecheck_bp.cli.output import add_json, print_facts

if TYPE_CHECKING:
    from shapecheck_bp.reading.scripts import TopReading

HELP = "run a script, show the shapes of every line, and explain what fails"
DESCRIPTION = (
    "Run a script as python would, with what stands behind it as its arguments. Then show the"
    " shapes that each line made, the silent broadcasts, and the error that it ended in, explained."
    " Exit status 0 if there are none, 1 if there are, and the script's own if it exits with one."
    " Options of this command stand before the script. Example: shapecheck-bp read train.py"
    " --epochs 3"
)


def describe(parser: argparse.ArgumentParser) -> None:
    """Add its arguments."""
    parser.add_argument("script", metavar="SCRIPT.py", help="a script; it is run")
    parser.add_argument(
        "arguments", nargs=argparse.REMAINDER, metavar="...", help="what the script is given"
    )
    add_json(parser)


def run(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    """Run the script, and return 0 if nothing was found and it returned 0."""
    from shapecheck_bp.reading.scripts import read_script

    if not Path(options.script).is_file():
        parser.error(f"{options.script}: no such file")
    as_json = getattr(options, "json", False)
    try:
        # What the script prints is no part of the one object that --json prints.
        with redirect_stdout(sys.stderr) if as_json else nullcontext():
            reading = read_script(options.script, options.arguments)
    except (SyntaxError, ValueError, OSError) as error:
        parser.error(f"{options.script} cannot be read: {type(error).__name__}: {error}")
    sys.stdout.flush()
    if reading.error is not None:
        sys.excepthook(type(reading.error), reading.error, reading.error.__traceback__)
    status = _status(reading)
    print_facts(
        {**_facts(reading), "exit_status": status},
        options,
        lambda console: console.out(f"\n{reading}", highlight=False),
    )
    return status


def _status(reading: TopReading) -> int:
    """The exit status: the script's own, or 1 if something was found."""
    found = int(reading.error is not None or bool(reading.broadcasts))
    code = reading.exit.code if reading.exit is not None else None
    if code is None or isinstance(code, int):
        return code or found
    print(code, file=sys.stderr)  # as Python does
    return 1


def _facts(reading: TopReading) -> dict[str, Any]:
    """A reading as JSON has it."""
    from shapecheck_bp.reading.listing import functions_of, lines_of

    error, explanation = reading.error, reading.explanation
    seen = reading.notes.statements()
    return {
        "script": reading.name,
        "functions": [
            {
                "file": file.name,
                "function": getattr(function, "name", None),
                "lines": [_plain(line._asdict()) for line in lines_of(seen, file, function)],
            }
            for file, function in functions_of(reading)
        ],
        "broadcasts": [_plain(asdict(broadcast)) for broadcast in reading.broadcasts],
        "error": error and {"type": type(error).__name__, "message": str(error)},
        "explanation": explanation and _plain(asdict(explanation)),
    }


def _plain(value: Any) -> Any:
    """The same of what JSON has; a size that is a symbol as its text."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, int | str) else str(value)
