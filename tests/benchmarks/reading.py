"""What it costs to read a call: its time beside the plain one, its memory, and a large project.

python tests/benchmarks/reading.py
"""

import os

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import argparse
import importlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from report import Table, seconds, show, times

from shapecheck_bp.reading import read

ROUNDS, OPERATIONS, STEPS, MANY, MODULES = 5, 10**5, 200, 10**6, 300


def numbers(n: int) -> float:
    """Two noted expressions with Python's numbers for each turn."""
    total = 0.0
    for k in range(n):
        total = total + k
    return total


def arrays(n: int) -> np.ndarray:
    """Arithmetic of arrays with three entries."""
    x = np.ones(3)
    for _ in range(n):
        x = x * 0.5 + 1.0
    return x


def kept(n: int) -> list[np.ndarray]:
    """Arrays that stay, each with axes of its own."""
    x, made = [1.0, 2.0, 3.0], []
    for _ in range(n):
        made.append(np.array(x))
    return made


def train(n: int) -> np.ndarray:
    """A 64-32-10 network, 32 examples as rows: forward, backward and update."""
    random = np.random.default_rng(0)
    X, Y = random.normal(size=(32, 64)), np.eye(10)[random.integers(0, 10, 32)]
    W1, b1 = random.normal(size=(64, 32)) / 8, np.zeros(32)
    W2, b2 = random.normal(size=(32, 10)) / 6, np.zeros(10)
    for _ in range(n):
        A1 = np.maximum(X @ W1 + b1, 0)
        E = A1 @ W2 + b2
        E = np.exp(E - E.max(axis=1, keepdims=True))
        dZ2 = (E / E.sum(axis=1, keepdims=True) - Y) / len(X)
        dZ1 = dZ2 @ W2.T * (A1 > 0)
        W2 -= 0.1 * A1.T @ dZ2
        b2 -= 0.1 * dZ2.sum(axis=0)
        W1 -= 0.1 * X.T @ dZ1
        b1 -= 0.1 * dZ1.sum(axis=0)
    return W1


def least(call: Callable[[], Any], rounds: int) -> tuple[float, Any]:
    """The seconds of this process in the quickest round, and what the last one gave."""
    taken = []
    for _ in range(rounds):
        started = time.process_time()
        result = call()
        taken.append(time.process_time() - started)
    return min(taken), result


def noted(reading: Any) -> int:
    return sum(record.times for record in reading.notes.records.values())


def slower(rounds: int, part: int) -> dict[str, dict[str, float]]:
    """The seconds of each loop, plain and read, and how much was noted."""
    found = {}
    for function, turns in ((numbers, OPERATIONS // 3), (arrays, OPERATIONS // 3), (train, STEPS)):
        n = turns // part
        plain, _ = least(lambda: function(n), rounds)  # noqa: B023
        whole, reading = least(lambda: read(function, n), rounds)  # noqa: B023
        notes = noted(reading)
        found[function.__name__] = {
            "plain": plain,
            "read": whole,
            "notes": notes,
            "each": (whole - plain) / notes,
        }
    return found


def peaks(operations: int) -> dict[str, float]:
    """The megabytes by which the peak of a reading is above that of the plain call."""
    found = {}
    for function in (arrays, kept):
        plain, whole = (
            int(
                subprocess.check_output(
                    [sys.executable, __file__, "--peak", function.__name__, how, str(operations)]
                )
            )
            for how in ("plain", "read")
        )
        found[function.__name__] = (whole - plain) / 1e6
    return found


def peak_here(name: str, how: str, operations: str) -> int:
    """The most bytes of memory that this process has had, with one call among what it did."""
    import resource

    function, n = {"arrays": arrays, "kept": kept}[name], int(operations) // 3
    read(function, 10)
    if how == "read":
        assert noted(read(function, n)) >= 3 * n
    else:
        function(n)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def project(modules: int) -> dict[str, float]:
    """The seconds until a call of one module of many begins, and one that goes through them all."""
    with tempfile.TemporaryDirectory() as folder:
        sys.path.insert(0, folder)
        for k in range(modules):
            (Path(folder) / f"part{k}.py").write_text(module(k, last=k + 1 == modules))
        for k in reversed(range(modules)):
            importlib.import_module(f"part{k}")
        first = sys.modules["part0"]
        calls = {
            "one of them, first": lambda: read(first.alone, np.ones((3, 3))),
            "one of them, again": lambda: read(first.alone, np.ones((3, 3))),
            "through all, first": lambda: read(first.through, np.ones((3, 3))),
            "through all, again": lambda: read(first.through, np.ones((3, 3))),
        }
        return {name: least(call, 1)[0] for name, call in calls.items()}


def module(k: int, last: bool) -> str:
    """About 300 lines of functions, the next module called by one."""
    functions = [
        f"def f{j}(x, y):\n    z = x @ y + {j}\n    if z.sum() > 3:\n"
        "        z = np.maximum(z, 0) * 2\n    return z.T @ z\n\n\n"
        for j in range(40)
    ]
    following = "" if last else f"import part{k + 1}\n"
    through = "x" if last else f"part{k + 1}.through(x)"
    ends = f"def alone(x):\n    return f1(x, x)\n\n\ndef through(x):\n    return {through} + 1\n"
    return "import numpy as np\n" + following + "".join(functions) + ends


def main() -> None:
    """Print the tables, or with --json the numbers."""
    parser = argparse.ArgumentParser(description="What it costs to read a call.")
    parser.add_argument("--quick", action="store_true", help="one round, and noisier figures")
    parser.add_argument("--markdown", action="store_true", help="tables in Markdown")
    parser.add_argument("--json", action="store_true", help="one object")
    parser.add_argument("--peak", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peak:
        print(peak_here(*options.peak))
        return
    part = 10 if options.quick else 1
    sys.setrecursionlimit(5000)  # the modules call one another
    loops = slower(1 if options.quick else ROUNDS, part)
    more, begun = peaks(MANY // part), project(MODULES // part)
    if options.json:
        print(json.dumps({"loops": loops, "more_mb": more, "project_s": begun}))
        return
    show(
        Table(
            "A call, plain and read",
            "Processor time of the quickest round, one thread.",
            ("", "plain", "read", "ratio", "notes", "each"),
            [
                (
                    name,
                    seconds(part["plain"]),
                    seconds(part["read"]),
                    times(part["read"] / part["plain"]),
                    f"{part['notes']:,}",
                    seconds(part["each"]),
                )
                for name, part in loops.items()
            ],
        ),
        options.markdown,
    )
    show(
        Table(
            f"A project of {MODULES // part} modules of 288 lines",
            "Processor time of a reading.",
            ("", "time"),
            [(name, seconds(taken)) for name, taken in begun.items()],
        ),
        options.markdown,
    )
    for name, size in more.items():
        print(
            f"{name}: {MANY // part:,} noted operations take {size:.0f} MB beside the plain call."
        )


if __name__ == "__main__":
    main()
