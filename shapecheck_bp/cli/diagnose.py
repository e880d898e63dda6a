"""``shapecheck-bp diagnose``: what is wrong with the gradients in somebody's file."""

import argparse
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from shapecheck_bp.cli.output import add_functions, add_json, network, print_facts
from shapecheck_bp.data.settings import CONVENTIONS

HELP = "name the mistake in your own backprop"
DESCRIPTION = (
    "Import a Python file, which runs it, and call a function in it on small problems made for it;"
    " say whether its gradients are right, and if not, which mistake is where and which line is"
    " right. Only diagnose files that you would run. Exit status 0 if they are right, 1 if not."
    " Example: shapecheck-bp diagnose homework.py:gradients --sizes 3 4 2 --convention row"
)


def describe(parser: argparse.ArgumentParser) -> None:
    """Add its arguments."""
    parser.add_argument(
        "function",
        metavar="FILE.py:FUNCTION",
        help="a function of (params, X, Y); FILE.py is run",
    )
    parser.add_argument(
        "--sizes",
        nargs="+",
        type=int,
        required=True,
        metavar="SIZE",
        help="n_0 n_1 …, for the number of layers; the problems have sizes of their own",
    )
    parser.add_argument(
        "--convention", choices=CONVENTIONS, default="column", help="how X lies; default: column"
    )
    add_functions(parser)
    add_json(parser)


def run(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    """Diagnose, and return 0 if the gradients are right."""
    from shapecheck_bp import diagnose

    path = [*sys.path]
    try:
        net = network(options.sizes, options.hidden, options.output, options.loss)
        # What the file prints is its own, and no part of what is printed here.
        with redirect_stdout(sys.stderr):
            diagnosis = diagnose(_function(options.function), net, options.convention)
    except (ValueError, TypeError) as error:
        parser.error(str(error))
    finally:
        sys.path[:] = path
    print_facts(diagnosis.to_dict(), options, lambda console: console.print(diagnosis))
    return 0 if diagnosis else 1


def _function(place: str) -> Callable[..., Any]:
    """Import the file and get the function.

    Raises:
        ValueError: there is no such file, it cannot be run, or there is no such function in it.
    """
    file, _, name = place.rpartition(":")
    path = Path(file)
    if not all(part.isidentifier() for part in name.split(".")) or path.suffix != ".py":
        raise ValueError(f"expected FILE.py:FUNCTION; got {place!r}")
    if not path.is_file():
        raise ValueError(f"{file}: no such file")
    spec = spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[path.stem] = module_from_spec(spec)
    sys.path.insert(0, str(path.parent.resolve()))
    argv, sys.argv = sys.argv, [str(path)]
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise ValueError(f"{file} cannot be run: {type(error).__name__}: {error}") from error
    finally:
        sys.argv = argv
    value: Any = module
    for part in name.split("."):
        if not hasattr(value, part):
            functions = ", ".join(_functions_of(module)) or "no functions"
            raise ValueError(f"{file} has no {name}; it has {functions}")
        value = getattr(value, part)
    return cast(Callable[..., Any], value)


def _functions_of(module: ModuleType) -> list[str]:
    """The names of what can be called and was defined in the module itself."""
    return [
        name
        for name, value in vars(module).items()
        if callable(value) and getattr(value, "__module__", None) == module.__name__
    ]
