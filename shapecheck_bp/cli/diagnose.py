"""``shapecheck-bp diagnose``: which line is wrong in somebody's own backprop."""

import argparse
import os
import sys
from contextlib import redirect_stdout
from typing import Any

from shapecheck_bp.cli.output import add_functions, add_json, network, print_facts
from shapecheck_bp.data.settings import CONVENTIONS

HELP = "find the first wrong line of your own backprop"
DESCRIPTION = (
    "Run a Python file up to its training, read one step of that, and say whether its gradients are"
    " right, and if not, which line is wrong and what to write for it. What stands behind the"
    " training is not run. The step is run some hundred times, so only diagnose files that you"
    " would run. Exit status 0 if they are right, 1 if not, 2 if that cannot be said."
    " Examples: shapecheck-bp diagnose homework.py; shapecheck-bp diagnose homework.py:Net.train"
)


def describe(parser: argparse.ArgumentParser) -> None:
    """Add its arguments."""
    parser.add_argument(
        "place",
        metavar="FILE.py[:NAME]",
        help="a script, or a function or Class.method in it; the file is run",
    )
    parser.add_argument(
        "--arguments",
        default="",
        metavar="TEXT",
        help="what it is called with, in names of the file; default: as the file calls it",
    )
    parser.add_argument(
        "--sizes",
        nargs="+",
        type=int,
        metavar="SIZE",
        help="n_0 n_1 …: NAME is a function of (params, X, Y), and a problem is made for it",
    )
    parser.add_argument(
        "--convention", choices=CONVENTIONS, default="column", help="how X then lies; column"
    )
    add_functions(parser)
    add_json(parser)


def run(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    """Diagnose, and return 0 if the gradients are right."""
    from shapecheck_bp.doctor.scripts import diagnose_file

    file, _, name = options.place.partition(".py")
    try:
        # What the file prints is its own, and no part of what is printed here.
        with redirect_stdout(sys.stderr):
            how: dict[str, Any]
            if options.sizes:
                net = network(options.sizes, options.hidden, options.output, options.loss)
                how = {"net": net, "convention": options.convention}
            else:
                how = {"arguments": options.arguments, "loss": options.loss}
            diagnosis = diagnose_file(f"{file}.py", name.strip(":"), **how)
    except (ValueError, TypeError) as error:
        parser.error(str(error))

    def show(console: Any) -> None:
        if console.is_terminal or "COLUMNS" in os.environ:
            console.print(diagnosis)
        else:  # a line of code that is broken in two cannot be pasted
            console.print(str(diagnosis), markup=False, soft_wrap=True)

    print_facts(diagnosis.to_dict(), options, show)
    return {True: 0, False: 1, None: 2}[diagnosis.ok]
