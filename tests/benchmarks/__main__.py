"""Every benchmark, with one command:

    python tests/benchmarks

The gradient beside its matrix products and beside other libraries, training, what a check costs,
and the footprint. It takes about ten minutes; ``--quick`` takes fewer rounds. What is not installed
is left out, and named (``pip install -e '.[benchmark,frameworks]'`` brings all of it).

    python tests/benchmarks --device cuda

The gradient on a GPU, by PyTorch, JAX and CuPy where they are: a few minutes.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import epochs
import footprint
import gradients
import turns
from cases import GPU_GRID, GRID, parse
from report import show

PARTS = ("gradients", "epochs", "checks", "footprint")


def arguments() -> argparse.Namespace:
    all_threads = sorted({1, turns.processors()})
    parser = argparse.ArgumentParser(
        prog="python tests/benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    known = dict.fromkeys((*turns.LIBRARIES, *turns.ON_A_GPU))
    parser.add_argument("--libraries", nargs="+", choices=known)
    parser.add_argument("--threads", nargs="+", type=int, metavar="N")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument(
        "--only",
        nargs="+",
        type=parse,
        metavar="SIZES@M",
        help="cases of the gradient, as 784-256-128-10@256",
    )
    parser.add_argument("--quick", action="store_true", help="fewer rounds, and noisier figures")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--markdown", action="store_true", help="tables in Markdown")
    form.add_argument("--json", action="store_true", help="one object, with every round's seconds")
    options = parser.parse_args()
    if options.device == "cuda":
        options.parts, options.threads = ("gradients",), [1]
        options.only = options.only or GPU_GRID
        options.libraries = options.libraries or turns.ON_A_GPU
        return options
    options.only, options.threads = options.only or GRID, options.threads or all_threads
    others = [name for name in options.libraries or turns.LIBRARIES if name != "numpy"]
    options.libraries = ["numpy", *others]
    return options


def machine() -> dict[str, Any]:
    cpu = platform.processor()
    listing = Path("/proc/cpuinfo")
    if listing.exists():
        lines = [one.partition(":") for one in listing.read_text().splitlines()]
        cpu = next(
            (value.strip() for name, _, value in lines if name.startswith("model name")), cpu
        )
    return {
        "processor": cpu or platform.machine(),
        "processors": turns.processors(),
        "system": f"{platform.system()} {platform.machine()}",
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("shapecheck-bp", "jaxtyping", "beartype")},
    }


def say(line: str, options: argparse.Namespace) -> None:
    """A line for readers of tables."""
    if not options.json:
        print(line + ("  " if options.markdown else ""), flush=True)


def with_workers(options: argparse.Namespace, report: dict[str, Any]) -> None:
    """Gradients and epochs, for each number of threads."""
    for threads in options.threads:
        with turns.Workers(options.libraries, threads, options.device) as workers:
            report["libraries"][threads] = workers.about
            for about in workers.about.values():
                versions = ", ".join(f"{name} {which}" for name, which in about["versions"].items())
                on = f", {about['threads']} threads" if about["threads"] else ""
                say(f"{versions}: products by {about['blas']}{on}", options)
            if "gradients" in options.parts and workers.workers:
                for case in options.only:
                    progress(f"gradients, {threads} threads, {case}")
                    report["gradients"].append(
                        gradients.measured(workers, threads, str(case), options.quick)
                    )
                    report["missing"] |= workers.missing
                if not options.json:
                    for table in gradients.tables(report["gradients"], threads):
                        show(table, options.markdown)
            if "epochs" in options.parts:
                progress(f"epochs, {threads} threads")
                report["epochs"].append(epochs.measured(workers, threads, options.quick))
            report["missing"] |= workers.missing
    if report["epochs"] and not options.json:
        show(epochs.table(report["epochs"]), options.markdown)


def progress(line: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{line}", end="\r", file=sys.stderr, flush=True)


def checks(options: argparse.Namespace) -> Any:
    """A process of its own: one thread, settled before NumPy is loaded."""
    command = [sys.executable, str(Path(__file__).with_name("shape_checks.py"))]
    if not options.json:
        return subprocess.run(command + ["--markdown"] * options.markdown, check=True) and None
    made = subprocess.run([*command, "--json"], check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(made.stdout)


def main() -> None:
    """Run what is asked for, and print it."""
    options = arguments()
    about = machine()
    report: dict[str, Any] = {
        "machine": about,
        "libraries": {},
        "gradients": [],
        "epochs": [],
        "missing": {},
    }
    say(f"{about['processor']}, {about['processors']} processors, {about['system']}", options)
    named = ", ".join(f"{name} {which}" for name, which in about["versions"].items())
    if about["load"] and about["load"] > 0.5:
        say(f"Load {about['load']:.1f}: others are at work here, and disturb the figures", options)
    say(f"Python {about['python']}, {named}", options)
    if {"gradients", "epochs"} & {*options.parts}:
        with_workers(options, report)
    if "checks" in options.parts:
        progress("checks")
        report["checks"] = checks(options)
    if "footprint" in options.parts:
        progress("footprint")
        report["footprint"] = footprint.measured(
            options.libraries, max(options.threads), options.quick
        )
        unknown = report["footprint"]["memory"].items()
        report["missing"] |= {name: why for name, why in unknown if isinstance(why, str)}
        if not options.json:
            for table in footprint.tables(report["footprint"]):
                show(table, options.markdown)
    for why in dict.fromkeys(report["missing"].values()):
        names = ", ".join(name for name, each in report["missing"].items() if each == why)
        say(f"Left out: {names} ({why})", options)
    if options.json:
        print(json.dumps(report))


if __name__ == "__main__":
    main()
