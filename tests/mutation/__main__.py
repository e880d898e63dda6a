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
from mutants import Mutant, mutants_of, path_of

# What is quick to notice a mutant, and what notices most of the rest.
TESTS = {
    "shapes.decorator": ["shapes/law", "shapes/decorator"],
    "shapes.repairs": ["shapes/repairs", "bad_input", "shapes/decorator"],
    "transpose": ["transpose"],
    "column": ["contract", "gradients", "network", "transpose"],
    "row": ["contract", "gradients", "network", "transpose"],
    "losses": ["gradients", "network"],
    "activations": ["activations", "gradients"],
}
THEN = ["data/blocks", "bad_input", "losses", "shapes/law", "transpose", "numerics"]
NOT_RUN = {"mirror", "agreement", "rooms", "derivations/examples", "proof/faults", "proof/proof"}
NOT_RUN_ROOMS = ("cli", "doctor", "project")


def stages(root, module):
    """What is run against a module's mutants: the quick, what notices most, and all the others."""
    tests = root / "tests"
    every = {
        path.with_name(path.stem.removeprefix("test_")).relative_to(tests).as_posix()
        for path in tests.rglob("test_*.py")
        if path.parent.name not in NOT_RUN_ROOMS
    }
    soon = [*dict.fromkeys((*TESTS[module], *THEN))]
    rest = sorted(every - {*soon} - NOT_RUN)
    first, second = soon[: len(TESTS[module])], soon[len(TESTS[module]) :]
    paths = [[path_of_test(name) for name in names] for names in (first, second, rest)]
    return [[str(path_of(module)), *paths[0]], *paths[1:]]


def path_of_test(name):
    """The file of ``shapes/law``, or of ``transpose``."""
    room, _, topic = name.rpartition("/")
    return f"tests/{room}{'/' if room else ''}test_{topic}.py"


def equivalents(module):
    """Why a mutant is no fault, by the lines as they were and are."""
    listed = tomllib.loads((Path(__file__).parent / "equivalent.toml").read_text(encoding="utf-8"))
    return {(one["was"], one["now"]): one["why"] for one in listed.get(module, ())}


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


KINDS = ("killed", "equivalent", "survived")


def main():
    """The table; and how many survivors and stale excuses there are."""
    options = arguments()
    table = Table("module", "mutants", *KINDS, "score")
    everything, stale = Counter(), 0
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "as it is"  # whatever is edited meanwhile
        root.mkdir()
        killing.copied(Path(__file__).parents[2], root)
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(options.jobs, context, killing.settle, (root,)) as pool:
            for module in options.modules or TESTS:
                counts, unused = judge(module, root, pool)
                table.add_row(module, *cells(counts))
                everything += counts
                stale += len(unused)
    table.add_section()
    table.add_row("all", *cells(everything))
    Console().print(table)
    return everything["survived"] + stale


def cells(counts):
    """Of a row: how many there are of each kind, and the share killed of those that are faults."""
    faults = counts.total() - counts["equivalent"]
    return *map(str, (counts.total(), *(counts[kind] for kind in KINDS))), (
        f"{counts['killed'] / faults:.1%}"
    )


def judge(module, root, pool):
    """How many of a module's mutants there are of each kind, and which excuses excuse nothing."""
    started, counts, excuses, used = time.monotonic(), Counter(), equivalents(module), set()
    text = (root / path_of(module)).read_text(encoding="utf-8")
    judged = partial(killing.judged, stages=stages(root, module))
    unmutated = Mutant(module, 0, "none", "", "", text)
    asked = [pool.submit(judged, one) for one in (unmutated, *mutants_of(module, text))]
    answers, terminal = as_completed(asked), Console(stderr=True)
    for answer in track(answers, module, total=len(asked), console=terminal):
        mutant, fate, printed = answer.result()
        change = mutant.was, mutant.now
        if mutant.operator == "none":
            if fate is not None:
                pool.shutdown(cancel_futures=True)
                sys.exit(f"{module} fails as it is:\n{printed}")
        elif fate is None and change in excuses:
            counts["equivalent"] += 1
            used.add(change)
        elif fate is None:
            counts["survived"] += 1
            print(f"{path_of(module)}:{mutant.line} ({mutant.operator})")
            print(f"  - {mutant.was}\n  + {mutant.now}", flush=True)
        elif fate != "import":
            counts["killed"] += 1
    unused = excuses.keys() - used
    for was, now in unused:
        print(f"equivalent.toml, {module}: no such survivor\n  - {was}\n  + {now}")
    print(f"{module}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    return counts, unused


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
