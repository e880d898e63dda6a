"""``shapecheck-bp convert``: carry a file of weights from one framework's layout to another's."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from shapecheck_bp.cli.output import add_json, network, print_facts
from shapecheck_bp.layouts.table import LAYOUTS

if TYPE_CHECKING:
    from shapecheck_bp.layouts import Activation, Comparison, Inspected

HELP = "carry a file of weights from one framework's layout to another's"
DESCRIPTION = (
    "Read a .safetensors, .npz, .keras or .onnx file, and write its weights and activations in"
    " another layout. Exit status 0, or 1 where --check finds that outputs differ."
    " Example: shapecheck-bp convert mlp.keras --to onnx -o mlp.onnx --check"
)
TOLD = {"source": "--from", "order": "--order", "hidden": "--hidden", "output": "--output"}


def describe(parser: argparse.ArgumentParser) -> None:
    """Add its arguments."""
    parser.usage = "%(prog)s FILE --to LAYOUT -o FILE [options]; --help says which"
    parser.add_argument("file", metavar="FILE")
    parser.add_argument(
        "--from", dest="source", choices=LAYOUTS, help="not needed where the file says it"
    )
    parser.add_argument("--to", dest="target", choices=LAYOUTS, required=True)
    parser.add_argument("-o", dest="out", required=True, metavar="FILE", help="where to write")
    for name, told in (
        ("--order", "the layers' names, where nothing else tells their order"),
        ("--only", "what names begin with, of one network among several"),
        ("--like-order", "the names of the layers in the file of --like, where nothing else does"),
    ):
        parser.add_argument(name, nargs="+", metavar="NAME", help=told)
    parser.add_argument(
        "--like", metavar="FILE", help="a .npz or .safetensors file whose names and words to keep"
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
    from shapecheck_bp.layouts import inspect, save
    from shapecheck_bp.layouts.files import FORMATS

    checked, order = None, "--order"
    try:
        found = inspect(options.file, options.only)
        params = found.params(options.source, options.order)
        sizes = LAYOUTS["column"].sizes(params)
        activations = _activations(found, sizes, options)
        more = {"like": options.like, "order": options.like_order, "net": activations}
        order = "--like-order"
        save(options.out, params, options.target, **more)
        if options.check:
            checked = _check(params, activations, options)
    except (ValueError, TypeError, ImportError, OSError) as error:
        parser.error(_in_options(str(error)).replace("--order", order))
    facts: dict[str, Any] = {"path": options.out, "layout": options.target, "sizes": sizes}
    lines = [f"{options.out}: {'-'.join(map(str, sizes))} in the layout {options.target}"]
    if activations:
        facts["activations"] = [*map(str, activations)]
        lines[0] += f", {', then '.join(facts['activations'])}"
    lines += [f"not carried: {one}" for one in found.said]
    if checked is not None:
        facts["check"] = {**checked._asdict(), "ok": checked.ok}
        lines.append(f"check: {checked}")
        said = [option for name, option in TOLD.items() if getattr(options, name) is not None]
        if said and not FORMATS[Path(options.file).suffix].run:
            lines.append(
                f"What {' and '.join(said)} said was taken as it is: layouts.compare, with the"
                " model itself, checks that too"
            )
    print_facts(facts, options, lambda console: console.print("\n".join(lines), soft_wrap=True))
    return 0 if checked is None or checked.ok else 1


def _activations(
    found: Inspected, sizes: Sequence[int], options: argparse.Namespace
) -> Sequence[Activation] | None:
    """Those that the file says, or that the command does."""
    from shapecheck_bp.layouts.functions import activations_of

    hidden, output = options.hidden, options.output
    if hidden is None and output is None:
        return found.activations
    if found.activations is not None:
        told = ", ".join(map(str, found.activations))
        raise ValueError(
            f"{options.file}: has its own activations, {told}; leave out --hidden and --output"
        )
    if output is None or (hidden is None and len(sizes) > 2):
        said, missing = ("--hidden", "--output")[:: 1 if output is None else -1]
        raise ValueError(
            f"{missing}: expected with {said}; nothing else says it, and none is guessed"
        )
    return activations_of(network(sizes, hidden or "relu", output), tuple(sizes))


def _in_options(message: str) -> str:
    """A message with the command's options for the arguments of Python."""
    message = re.sub(r"^order: ", "--order: ", message)
    message = re.sub(r"\blayout=", "from=", message)
    message = re.sub(r"\b(from|order|only)=(?=\S)(?![,.])", r"--\1 ", message)
    return re.sub(r"\b(from|order|only)=", r"--\1", message)


def _check(params: Any, activations: Any, options: argparse.Namespace) -> Comparison:
    """Compare the file, or what was found in it, with the file that was made of it.

    Where neither says its activations there are none between the layers, in both.
    """
    from shapecheck_bp.layouts import compare, inspect
    from shapecheck_bp.layouts.files import FORMATS
    from shapecheck_bp.layouts.functions import IDENTITY, Forward

    functions = activations or (IDENTITY,) * len(params)
    made = inspect(options.out).params(options.target, options.like_order)
    ends: list[tuple[str, Any]] = [(options.file, params), (options.out, made)]
    models: list[Any] = [
        path if FORMATS[Path(path).suffix].run else Forward(own, functions) for path, own in ends
    ]
    X = np.random.default_rng(0).normal(size=(64, params[0].W.shape[1]))
    return compare(models[0], models[1], X)
