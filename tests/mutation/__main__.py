"""Whether the tests would notice a small fault in the modules that everything stands on:

    python tests/mutation [MODULE ...]

Each fault that Cosmic Ray's operators and those of operators.py can make is made, one at a time,
and the tests are run until one fails. What survives is printed, unless equivalent.toml says why it
is no fault (``pip install -e '.[test,mutation]'``; it is quickest without frameworks).

test_mirror.py, which compares the source of column and row, is not run: it would notice anything.
Nor are programs, pages and proofs that take minutes.
"""

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
import tomllib
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import killing
from mutants import REPOSITORY, Mutant, mutants_of, path_of

# What is quick to notice a mutant, and what notices most of the rest.
TESTS = {
    "shapes": ["law", "shapes"],
    "hints": ["hints", "bad_input", "shapes"],
    "transpose": ["transpose"],
    "column": ["contract", "gradients", "network"],
    "row": ["contract", "gradients", "network"],
    "losses": ["gradients", "network"],
    "activations": ["activations", "gradients"],
}
THEN = ["bad_input", "losses", "numerics", "transpose", "law", "blocks"]
NOT_RUN = {"mirror", "agreement", "benchmarks", "cli", "comparison", "docs", "doctor", "examples"}
NOT_RUN |= {"faults", "mutation", "notebooks", "proof", "readme", "types"}


def stages(module):
    """What is run against a module's mutants: the quick, what notices most, and all the others."""
    every = {path.stem.removeprefix("test_") for path in (REPOSITORY / "tests").glob("test_*.py")}
    soon = [*dict.fromkeys((*TESTS[module], *THEN))]
    rest = sorted(every - {*soon} - NOT_RUN)
    first, second = soon[: len(TESTS[module])], soon[len(TESTS[module]) :]
    paths = [[f"tests/test_{name}.py" for name in names] for names in (first, second, rest)]
    return [[str(path_of(module)), *paths[0]], *paths[1:]]


def equivalents(module):
    """Why a mutant is no fault, by the lines as they were and are."""
    listed = tomllib.loads((Path(__file__).parent / "equivalent.toml").read_text(encoding="utf-8"))
    return {(one["was"], one["now"]): one["why"] for one in listed.get(module, ())}


def unmutated(module):
    """The module as it is, which has to pass."""
    text = (REPOSITORY / path_of(module)).read_text(encoding="utf-8")
    return Mutant(module, 0, "none", "", "", text)


def arguments():
    parser = argparse.ArgumentParser(
        prog="python tests/mutation",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=", ".join(TESTS))
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many at a time")
    options = parser.parse_args()
    if unknown := {*options.modules} - {*TESTS}:
        parser.error(f"expected some of {', '.join(TESTS)}; got {', '.join(sorted(unknown))}")
    return options


def main():
    options = arguments()
    table = Table("module", "mutants", "killed", "equivalent", "survived", "score")
    faults = 0
    with tempfile.TemporaryDirectory() as copies:
        os.environ["COPIES"] = copies
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(options.jobs, context, initializer=killing.settle) as pool:
            for module in options.modules or TESTS:
                faults += report(module, pool, table)
    Console().print(table)
    return faults


def report(module, pool, table):
    """A row of the table, and how many survivors and stale excuses there are."""
    judged = partial(killing.judged, stages=stages(module))
    started, counts = time.monotonic(), Counter()
    excuses = equivalents(module)
    asked = [pool.submit(judged, one) for one in (unmutated(module), *mutants_of(module))]
    for answer in track(
        as_completed(asked), module, total=len(asked), console=Console(stderr=True)
    ):
        mutant, fate, printed = answer.result()
        if mutant.operator == "none":
            assert fate is None, f"{module} fails as it is:\n{printed}"
        if fate == "import" or mutant.operator == "none":
            continue
        kind = "killed" if fate is not None else "survived"
        if fate is None and excuses.pop((mutant.was, mutant.now), None):
            kind = "equivalent"
        counts[kind] += 1
        if kind == "survived":
            print(f"{path_of(module)}:{mutant.line} ({mutant.operator})")
            print(f"  - {mutant.was}\n  + {mutant.now}", flush=True)
    for was, now in excuses:
        print(f"equivalent.toml, {module}: no such survivor\n  - {was}\n  + {now}")
    total = counts.total()
    score = f"{counts['killed'] / total:.1%}"
    table.add_row(
        module,
        *map(str, (total, *(counts[k] for k in ("killed", "equivalent", "survived")))),
        score,
    )
    print(f"{module}: {time.monotonic() - started:.0f} s, {score}", file=sys.stderr, flush=True)
    return counts["survived"] + len(excuses)


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
