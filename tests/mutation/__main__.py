"""Whether the tests would notice a small fault in the modules that everything stands on:

    python tests/mutation [MODULE or ROOM ...] [--sample N]

Each fault that Cosmic Ray's operators and those of operators.py can make is made, one at a time,
and the tests are run until one fails. What survives is printed, unless equivalent.toml says why it
is no fault (``pip install -e '.[test,mutation]'``; it is quickest without frameworks). Rooms have
thousands: of these --sample makes some, by chance.

test_mirror.py, which compares the source of column and row, is not run: it would notice anything.
Nor are programs, pages and proofs that take minutes.
"""

import argparse
import multiprocessing
import os
import random
import sys
import tempfile
import time
import tomllib
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import killing
from mutants import Mutant, faults_of, mutants_of, path_of

# What is quick to notice a mutant, and what notices most of the rest.
TESTS = {
    "shapes.decorator": ["shapes/law", "shapes/decorator"],
    "shapes.repairs": ["shapes/repairs", "bad_input", "shapes/decorator"],
    "shapes.words": ["shapes/words", "bad_input"],
    "reading.scripts": ["cli/read"],
    "transpose": ["transpose"],
    "column": ["contract", "gradients", "network", "transpose"],
    "row": ["contract", "gradients", "network", "transpose"],
    "losses": ["gradients", "network"],
    "activations": ["activations", "gradients"],
}
THEN = ["data/blocks", "bad_input", "losses", "shapes/law", "transpose", "numerics"]
NOT_RUN = {"mirror", "agreement", "rooms", "derivations/examples", "proof/faults", "proof/proof"}
NOT_RUN_ROOMS = ("cli", "doctor", "project")
# Rooms that can be named whole, and which of their tests go first.
ROOMS = {"shapes": ["law"], "reading": ["reading"], "doctor": ["names", "steps", "forms", "lines"]}
AT_MOST = 3  # times what the tests take as the code is: a fault may make a loop endless
PACKAGE = Path(__file__).parents[2] / "shapecheck_bp"


def modules_of(name):
    """The modules of a room; a module alone."""
    paths = sorted(PACKAGE.joinpath(name).glob("*.py")) if name in ROOMS else ()
    return [f"{name}.{path.stem}" for path in paths if path.stem != "__init__"] or [name]


def stages(root, module):
    """What is run against a module's mutants: the quick, what notices most, and all the others."""
    tests = root / "tests"
    room, _, topic = module.rpartition(".")
    every = {
        path.with_name(path.stem.removeprefix("test_")).relative_to(tests).as_posix()
        for path in tests.rglob("test_*.py")
        if path.parent.name == room or path.parent.name not in NOT_RUN_ROOMS
    }
    if room in ROOMS:  # has tests of its own, and they should do
        own = sorted(name for name in every if name.startswith(f"{room}/"))
        soon = TESTS.get(module, [name for name in own if name == f"{room}/{topic}"])
        then, rest = [*dict.fromkeys((*(f"{room}/{name}" for name in ROOMS[room]), *own))], []
    else:
        soon, then = TESTS[module], THEN
        rest = sorted(every - {*soon, *then} - NOT_RUN)
    then = [name for name in then if name not in soon]
    paths = [[path_of_test(name) for name in names] for names in (soon, then, rest)]
    return [[str(path_of(module)), *paths[0]], *filter(None, paths[1:])]


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
    known = *TESTS, *ROOMS
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(known))
    parser.add_argument("--sample", type=int, metavar="N", help="N mutants of each, by chance")
    parser.add_argument("--seed", type=int, default=0, help="of the chance (default: 0)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many at a time")
    options = parser.parse_args()
    if unknown := {*options.names} - {*known}:
        parser.error(f"expected some of {', '.join(known)}; got {', '.join(sorted(unknown))}")
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
            for name in options.names or TESTS:
                mutants = sampled(name, root, options)
                counts, unused = judge(name, mutants, root, pool, options.sample is None)
                table.add_row(name, *cells(counts))
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


def sampled(name, root, options):
    """The mutants of a module or a room: all, or about as many by chance as are asked for."""
    texts = {one: (root / path_of(one)).read_text(encoding="utf-8") for one in modules_of(name)}
    faults = [(one, fault) for one, text in texts.items() for fault in faults_of(text)]
    if options.sample is not None:
        few = min(options.sample, len(faults))
        faults = random.Random(options.seed).sample(faults, few)
    return [
        mutant
        for module, text in texts.items()
        for mutant in mutants_of(module, text, [fault for one, fault in faults if one == module])
    ]


def judge(name, mutants, root, pool, all_of_them):
    """How many of the mutants there are of each kind, and which excuses excuse nothing."""
    started, counts, used = time.monotonic(), Counter(), set()
    excuses = {module: equivalents(module) for module in modules_of(name)}
    first = modules_of(name)[0]
    text = (root / path_of(first)).read_text(encoding="utf-8")
    unmutated = Mutant(first, 0, "none", "", "", text)
    _, fate, printed = pool.submit(killing.judged, unmutated, stages(root, first), None).result()
    if fate is not None:
        pool.shutdown(cancel_futures=True)
        sys.exit(f"{name} fails as it is:\n{printed}")
    limit = 60 + AT_MOST * (time.monotonic() - started)
    asked = [pool.submit(killing.judged, one, stages(root, one.module), limit) for one in mutants]
    answers, terminal = as_completed(asked), Console(stderr=True)
    for answer in track(answers, name, total=len(asked), console=terminal):
        mutant, fate, printed = answer.result()
        change = mutant.was, mutant.now
        if fate is None and change in excuses[mutant.module]:
            counts["equivalent"] += 1
            used.add((mutant.module, *change))
        elif fate is None:
            counts["survived"] += 1
            print(f"{path_of(mutant.module)}:{mutant.line} ({mutant.operator})")
            print(f"  - {mutant.was}\n  + {mutant.now}", flush=True)
        elif fate != "import":
            counts["killed"] += 1
    made = {(one.module, one.was, one.now) for one in mutants}
    listed = {(module, *change) for module in excuses for change in excuses[module]}
    unused = (listed if all_of_them else listed & made) - used
    for module, was, now in unused:
        print(f"equivalent.toml, {module}: no such survivor\n  - {was}\n  + {now}")
    print(f"{name}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    return counts, unused


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
