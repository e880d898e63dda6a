"""``shapecheck-bp page``: both conventions side by side, as a page for a browser."""

import argparse
from pathlib import Path

from shapecheck_bp.cli.output import add_functions, add_json, network, print_facts

HELP = "make a page that shows both conventions step by step, to look at and to try"
DESCRIPTION = (
    "Write one page of HTML, which needs no network and no other file: a gradient step by step,"
    " column on the left and row on the right, with every matrix and its numbers, and with the"
    " mistakes that people make. Example: shapecheck-bp page 3 2 1 -o page.html"
)
OURS = "<!-- A page of shapecheck-bp -->"


def describe(parser: argparse.ArgumentParser) -> None:
    """Add its arguments."""
    parser.add_argument(
        "sizes", nargs="+", type=int, metavar="SIZE", help="n_0 n_1 …: inputs, then each layer's"
    )
    parser.add_argument("-o", dest="out", required=True, metavar="FILE", help="where to write")
    parser.add_argument(
        "--examples", type=int, metavar="M", help="default: 5, or another number that is no size"
    )
    add_functions(parser)
    add_json(parser)


def run(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    """Make the page, and write it; over an older one, and over nothing else."""
    from shapecheck_bp.derivations.lesson import page

    path = Path(options.out)
    try:
        if path.exists() and not _is_ours(path):
            raise ValueError(
                f"{path}: is there, and is no page of this command; name another file, or remove it"
            )
        net = network(options.sizes, options.hidden, options.output, options.loss)
        text = page(net, options.examples)
        path.write_text(text, encoding="utf-8")
    except ValueError as error:
        parser.error(str(error))
    except OSError as error:
        parser.error(f"{path}: cannot be written: {error.strerror or error}")
    sizes = "-".join(map(str, net.sizes))
    about = {"sizes": net.sizes, "hidden": net.hidden, "output": net.output, "loss": net.loss}
    facts = {"path": str(path), "network": about, "bytes": path.stat().st_size}
    said = f"{path}: {sizes}, {net.hidden} then {net.output}, {net.loss}. Open it in a browser."
    print_facts(facts, options, lambda console: console.print(said, soft_wrap=True))
    return 0


def _is_ours(path: Path) -> bool:
    """Whether this command has written the file."""
    if not path.is_file():
        return False
    with path.open(encoding="utf-8", errors="replace") as file:
        return OURS in file.read(200)
