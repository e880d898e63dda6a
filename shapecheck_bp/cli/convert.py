"""``shapecheck-bp convert``: carry a file of weights from one framework's layout to another's."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from shapecheck_bp.cli.output import add_json, network, print_facts
from shapecheck_bp.layouts.table import LAYOUTS

if TYPE_CHECKING:
    from shapecheck_bp.layouts.comparison import Comparison
    from shapecheck_bp.layouts.files import Opened

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
        "--only",
        nargs="+",
        metavar="NAME",
        help="what names begin with, of one network among several",
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
    from shapecheck_bp.layouts.files import opened, sizes_of
    from shapecheck_bp.layouts.functions import activations_of
    from shapecheck_bp.layouts.order import Unordered

    hidden, output = options.hidden, options.output
    try:
        found = opened(options.file, options.source, options.order, options.only)
        sizes = sizes_of(found.params)
        activations = found.contents.activations
        if hidden is not None or output is not None:
            asked = activations_of(network(sizes, hidden or "relu", output))
            if activations not in (None, asked):
                told = ", ".join(map(str, activations or ()))
                raise ValueError(f"{options.file}: has its own activations, {told}; leave out"
                                 " --hidden and --output")  # fmt: skip
            activations = asked
        out, to = options.out, options.target
        order = None
        try:
            save(out, found.params, to, net=activations, like=options.like)
        except Unordered:
            order = options.order
            save(out, found.params, to, net=activations, like=options.like, order=order)
        checked = (
            _check(options.file, found, out, to, order, activations) if options.check else None
        )
    except (ValueError, TypeError, ImportError, OSError) as error:
        parser.error(_in_options(str(error)))
    lines = [f"{options.out}: {'-'.join(map(str, sizes))} in the layout {options.target}"]
    if activations:
        lines[0] += f", {', then '.join(map(str, activations))}"
    if activations and output is None and found.contents.activations is None:
        lines.append(f"{activations[-1]} at the end is a guess; --output says what it is")
    lines += [f"not carried: {one}" for one in found.contents.said]
    facts = {"path": options.out, "layout": options.target, "sizes": sizes}
    if activations:
        facts["activations"] = [*map(str, activations)]
    if checked is not None:
        lines.append(f"check: {checked}")
        said = [
            name
            for name in ("--from", "--order", "--hidden", "--output")
            if getattr(options, {"--from": "source"}.get(name, name[2:])) is not None
        ]
        if said:
            lines.append(
                f"What {' and '.join(said)} said was taken as it is: layouts.compare, with the"
                " model itself, checks that too"
            )
        facts["check"] = {**checked._asdict(), "ok": checked.ok}
    print_facts(facts, options, lambda console: console.print("\n".join(lines), soft_wrap=True))
    return 0 if checked is None or checked.ok else 1


def _in_options(message: str) -> str:
    """A message with the command's options for the arguments of Python."""
    message = re.sub(r"\blayout=", "from=", message)
    message = re.sub(r"\b(from|order|only)=(?=\S)(?![,.])", r"--\1 ", message)
    return re.sub(r"\b(from|order|only)=", r"--\1", message)


def _check(source: str, read: Opened, target: str, layout: str, order: Any, g: Any) -> Comparison:
    """Compare a file, and what was found in it, with the file that was made of it.

    Where neither says its activations there are none between the layers, in both.
    """
    from shapecheck_bp.layouts.comparison import OURS, compare
    from shapecheck_bp.layouts.files import opened, sizes_of
    from shapecheck_bp.layouts.formats import RUNNERS
    from shapecheck_bp.layouts.functions import IDENTITY, forward

    X = np.random.default_rng(0).normal(size=(64, sizes_of(read.params)[0]))
    functions = g or (IDENTITY,) * len(read.params)

    def there(X: Any) -> Any:
        made = opened(target, layout, order)
        return forward(made.params, made.contents.activations or functions, X)

    def here(X: Any) -> Any:
        return forward(read.params, functions, X)

    runs = [Path(one).suffix in RUNNERS for one in (source, target)]
    found = compare(source if runs[0] else here, target if runs[1] else there, X)
    names = [by if ran else OURS for by, ran in zip(found.by, runs, strict=True)]
    return found._replace(by=(names[0], names[1]))
