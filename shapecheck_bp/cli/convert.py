"""``shapecheck-bp convert``: carry a file of weights from one framework's layout to another's."""

import argparse

from shapecheck_bp.cli.output import add_json, network, print_facts
from shapecheck_bp.layouts.table import LAYOUTS

HELP = "carry a file of weights from one framework's layout to another's"
DESCRIPTION = (
    "Read a .safetensors, .npz, .keras or .onnx file, and write its weights in another layout."
    " Example: shapecheck-bp convert mlp.safetensors --from torch --to keras -o mlp.npz"
)


def describe(parser: argparse.ArgumentParser) -> None:
    """Add its arguments."""
    parser.add_argument("file", metavar="FILE")
    parser.add_argument(
        "--from", dest="source", choices=LAYOUTS, help="not needed where the file says it"
    )
    parser.add_argument("--to", dest="target", choices=LAYOUTS, required=True)
    parser.add_argument("-o", dest="out", required=True, metavar="FILE", help="where to write")
    parser.add_argument(
        "--order", nargs="+", metavar="NAME", help="the layers' names, where several orders fit"
    )
    parser.add_argument("--hidden", help="activation of hidden layers; for .keras and .onnx")
    parser.add_argument("--output", help="activation of the last layer; for .keras and .onnx")
    add_json(parser)


def run(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    """Read, and write."""
    from shapecheck_bp.layouts import load, save

    hidden, output = options.hidden, options.output
    try:
        params = load(options.file, options.source, order=options.order)
        sizes = (params[0].W.shape[1], *(W.shape[0] for W, _ in params))
        has_activations = hidden is not None or output is not None
        net = network(sizes, hidden or "relu", output) if has_activations else None
        save(options.out, params, options.target, net=net)
    except (ValueError, TypeError, ImportError, OSError) as error:
        parser.error(str(error))
    line = f"{options.out}: {'-'.join(map(str, sizes))} in the layout {options.target}"
    facts = {"path": options.out, "layout": options.target, "sizes": sizes}
    print_facts(facts, options, lambda console: console.print(line, soft_wrap=True))
    return 0
