"""What importing adds, and the memory that one gradient takes; each in processes of its own."""

import json
import os
import statistics
import subprocess
import sys
from typing import Any

from report import Table, seconds

WITHOUT = "import numpy, jaxtyping, beartype"
WITH = "import numpy, jaxtyping, beartype, shapecheck_bp"
IMPORTS, QUICK_IMPORTS, REMARKABLE = 21, 3, 25e-3  # seconds
CASE = "784-256-128-10@20000"
FLAT = {  # what is freed goes back to the system at once, in every library
    "MALLOC_MMAP_THRESHOLD_": "65536",
    "MALLOC_TRIM_THRESHOLD_": "65536",
    "JAX_PLATFORMS": "cpu",
}

TIMED = "import time; started = time.perf_counter(); {}; print(time.perf_counter() - started)"


def imports(quick: bool) -> dict[str, Any]:
    """Seconds of both import lines, in fresh processes that alternate, and of slow modules."""
    rounds: dict[str, list[float]] = {WITHOUT: [], WITH: []}
    for line in (WITHOUT, WITH):
        python(TIMED.format(line))  # so that every file has been read and compiled once
    for _ in range(QUICK_IMPORTS if quick else IMPORTS):
        for line, taken in rounds.items():
            taken.append(float(python(TIMED.format(line)).stdout))
    added = [more - less for less, more in zip(rounds[WITHOUT], rounds[WITH], strict=True)]
    return {
        "seconds": {line: statistics.median(taken) for line, taken in rounds.items()},
        "added": statistics.median(added),
        "slow_modules": slow_modules() if statistics.median(added) > REMARKABLE else {},
        "rounds": rounds,
    }


def slow_modules(most: int = 8) -> dict[str, float]:
    """What shapecheck_bp imports beyond the others: the modules that take longest themselves."""

    def own(line: str) -> dict[str, float]:
        lines = python(line, "-X", "importtime").stderr.splitlines()
        parts = [one.removeprefix("import time:").split("|") for one in lines if "|" in one]
        return {
            name.strip(): int(micro) / 1e6 for micro, _, name in parts if micro.strip().isdigit()
        }

    already, all_of_them = own(WITHOUT), own(WITH)
    added = {name: taken for name, taken in all_of_them.items() if name not in already}
    return dict(sorted(added.items(), key=lambda one: -one[1])[:most])


def python(code: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *options, "-c", code], capture_output=True, text=True, check=True
    )


def memory(libraries: list[str], threads: int) -> dict[str, float | str]:
    """The bytes by which a gradient's peak is above its data, or why they are not known."""
    from peers import LIBRARIES

    settings = {
        name: str(threads)
        for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    }
    found: dict[str, float | str] = {}
    for library in libraries:
        for name in LIBRARIES[library]:
            made = subprocess.run(
                [sys.executable, __file__, library, name],
                env=os.environ | FLAT | settings,
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
            found[name] = json.loads(made.stdout.splitlines()[-1])
    return found


def memory_here(library: str, name: str) -> float | str:
    """The fourth call: code, thread pools, and what is compiled or recorded are there before it."""
    import ctypes
    import gc
    from pathlib import Path

    from cases import parse, problem
    from peers import LIBRARIES, Missing

    status, reset = Path("/proc/self/status"), Path("/proc/self/clear_refs")
    if not reset.exists():
        return "only Linux tells the peak of one call"

    def kilobytes(field: str) -> int:
        return next(
            int(line.split()[1])
            for line in status.read_text().splitlines()
            if line.startswith(field)
        )

    try:
        peer = LIBRARIES[library][name](problem(parse(CASE)))
    except (ImportError, Missing) as error:
        return str(error)
    for _ in range(3):
        peer.call()
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    reset.write_text("5")  # VmHWM, the highest VmRSS so far, begins again
    before = kilobytes("VmRSS")
    peer.call()
    return (kilobytes("VmHWM") - before) * 1024.0


def measured(libraries: list[str], threads: int, quick: bool) -> dict[str, Any]:
    return {"imports": imports(quick), "memory": memory(libraries, threads)}


def tables(result: dict[str, Any]) -> list[Table]:
    took = result["imports"]
    rows = [(line, seconds(taken)) for line, taken in took["seconds"].items()]
    rows.append(("added by shapecheck_bp", seconds(took["added"])))
    rows += [(f"  of it {name}", seconds(taken)) for name, taken in took["slow_modules"].items()]
    known = {name: size for name, size in result["memory"].items() if not isinstance(size, str)}
    return [
        Table("Import time", "Medians over fresh processes.", ("", "time"), rows),
        Table(
            f"Peak memory of one gradient beyond its data, {CASE}",
            "The highest resident size during the fourth call, less that before it.",
            ("", "MB"),
            [(name, f"{size / 1e6:.0f}") for name, size in known.items()],
        ),
    ]


if __name__ == "__main__":
    answer = memory_here(*sys.argv[1:])
    print(json.dumps(answer))
