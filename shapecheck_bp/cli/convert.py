"""``shapecheck-bp convert``: carry a file of weights from one framework's layout to another's."""

import argparse

from shapecheck_bp.cli.output import add_json, network, print_facts
from shapecheck_bp.layouts.table import LAYOUTS

HELP = "carry a file of weights from one framework's layout to another's"
DESCRIPTION = (
    "Read a .safetensors, .npz, .keras or .onnx file, and write its weights and activations in"
    " another layout. Exit status 0, or 1 where --check finds that outputs differ."
    " Example: shapecheck-bp convert mlp.keras --to onnx -o mlp.onnx --check"
)


def describe(parser: argparse.ArgumentParser) -> None:
    """Add its arguments."""
    parser.usage = "%(prog)s FILE --to LAYOUT -o FILE [options]; --help says which"
    parser.add_argument("file", metavar="FILE")
    parser.add_argument(
        "--from", dest="source", choices=LAYOUTS, help="not needed where the file says it"
    )
    parser.add_argument("--to", dest="target", choices=LAYOUTS, required=True)
    parser.add_argument("-o", dest="out", required=True, metavar="FILE", help="where to write")
    parser.add_argument(
        "--order", nargs="+", metavar="NAME", help="the layers' names, where several orders fit"
    )
    parser.add_argument(
        "--only", metavar="BEGINNING", help="what names begin with, of one network among several"
    )
    parser.add_argument(
        "--like", metavar="FILE", help="a file whose names and everything else but values to keep"
    )
    told = "where the file does not say it; for .keras and .onnx"
    parser.add_argument("--hidden", help=f"activation of hidden layers, {told}")
    parser.add_argument("--output", help=f"activation of the last layer, {told}")
    parser.add_argument(
        "--check", action="store_true", help="run both on the same X, and compare the outputs"
    )
    add_json(parser)


def run(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    """Read, write, and check."""
    from shapecheck_bp.layouts import save
    from shapecheck_bp.layouts.comparison import check
    from shapecheck_bp.layouts.files import opened
    from shapecheck_bp.layouts.functions import activations_of

    hidden, output = options.hidden, options.output
    try:
        found = opened(options.file, options.source, options.order, options.only)
        activations = found.contents.activations
        if hidden is not None or output is not None:
            asked = activations_of(network(found.sizes, hidden or "relu", output))
            if activations not in (None, asked):
                told = ", ".join(map(str, activations or ()))
                raise ValueError(f"{options.file}: has its own activations, {told}; leave out"
                                 " --hidden and --output")  # fmt: skip
            activations = asked
        out, to = options.out, options.target
        order = options.order if options.like else None
        save(out, found.params, to, net=activations, like=options.like, order=order)
        checked = None
        if options.check:
            checked = check(options.file, found, out, to, order, activations)
    except (ValueError, TypeError, ImportError, OSError) as error:
        parser.error(str(error))
    lines = [f"{options.out}: {'-'.join(map(str, found.sizes))} in the layout {options.target}"]
    if activations:
        lines[0] += f", {', then '.join(map(str, activations))}"
    lines += [f"not carried: {one}" for one in found.contents.said]
    lines += [f"left out, for it does nothing in use: {one}" for one in found.contents.unused]
    facts = {"path": options.out, "layout": options.target, "sizes": found.sizes}
    if activations:
        facts["activations"] = [*map(str, activations)]
    if checked is not None:
        lines.append(f"check: {checked}")
        facts["check"] = {**checked._asdict(), "ok": checked.ok}
    print_facts(facts, options, lambda console: console.print("\n".join(lines), soft_wrap=True))
    return 0 if checked is None or checked.ok else 1
