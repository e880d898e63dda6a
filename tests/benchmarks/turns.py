"""Turns: processes with one library each, that measure one after the other, never at once.

Their threads have to be settled before they load a library, and a library that is loaded can
disturb another in its process; so each has a process of its own. Within a round every process has
one turn, and in it every candidate; a machine that slows down then slows all of them, and ratios
are taken within rounds.

How OpenMP's threads wait is left to the environment, as users have it: they spin. Where others are
at work, one may wait for another that has no processor, and PyTorch can take a hundred times as
long; OMP_WAIT_POLICY=PASSIVE has helped there.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

LIBRARIES = ("numpy", "torch", "jax")
ON_A_GPU = ("torch", "jax", "cupy")
PAUSE = 0.05  # seconds after a turn, in which the threads of its library stop to spin
BUDGET, MOST_ROUNDS, LEAST_ROUNDS, QUICK_ROUNDS = 6.0, 31, 7, 3


def processors() -> int:
    """How many this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Worker:
    """A process that has loaded one library."""

    def __init__(self, library: str, threads: int, device: str) -> None:
        self.library = library
        settings = {
            "OPENBLAS_NUM_THREADS": str(threads),
            "OMP_NUM_THREADS": str(threads),
            "MKL_NUM_THREADS": str(threads),
            "VECLIB_MAXIMUM_THREADS": str(threads),
            "JAX_PLATFORMS": device,
            "BENCHMARKS_DEVICE": device,
            "XLA_PYTHON_CLIENT_PREALLOCATE": "false",  # the others want some of the GPU's memory
        }
        if device == "cpu":
            settings["TORCHINDUCTOR_COMPILE_THREADS"] = "1"  # else more processes stay beside it
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("worker.py")), library, str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # no terminal, for which fit would draw a bar
            text=True,
            env=os.environ | settings,
        )

    def ask(self, **request: Any) -> dict[str, Any]:
        """The answer to one request."""
        print(json.dumps(request), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        answer = json.loads(line) if line else {"error": f"it ended with {self.process.wait()}"}
        if "error" in answer:
            raise RuntimeError(f"the process of {self.library}: {answer['error']}")
        return answer

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


class Workers:
    """One worker for each library that is installed; a context manager, which ends them."""

    def __init__(self, libraries: list[str], threads: int, device: str = "cpu") -> None:
        self.workers, self.about, self.missing, self.device = {}, {}, {}, device
        for library in libraries:
            worker = Worker(library, threads, device)
            self.about[library] = worker.ask(do="about")
            if "missing" in self.about[library]:
                self.missing[library] = self.about.pop(library)["missing"]
                worker.close()
            else:
                self.workers[library] = worker

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self.workers.values():
            worker.close()

    def memory(self) -> dict[str, int]:
        """The bytes of a GPU that each candidate takes that was prepared last."""
        found: dict[str, int] = {}
        for library in {"torch", "jax"} & self.workers.keys():
            found |= self.workers[library].ask(do="memory")
        return found

    def measure(self, part: str, case: str, quick: bool) -> dict[str, list[float]]:
        """The seconds of every candidate in every round."""
        for worker in self.workers.values():
            self.missing |= worker.ask(do="prepare", part=part, case=case)["missing"]
            time.sleep(PAUSE)
        rounds: dict[str, list[float]] = {}
        started, order = time.perf_counter(), [*self.workers.values()]
        for taken in range(QUICK_ROUNDS if quick else MOST_ROUNDS):
            if taken >= LEAST_ROUNDS and time.perf_counter() - started > BUDGET:
                break
            for worker in order:
                for name, seconds in worker.ask(do="turn").items():
                    rounds.setdefault(name, []).append(seconds)
                time.sleep(PAUSE)
            order = order[1:] + order[:1]
        return rounds


def ratio(rounds: dict[str, list[float]], over: str, under: str) -> float | None:
    """The median over rounds of one candidate's time over another's in the same round."""
    if over not in rounds or under not in rounds:
        return None
    pairs = zip(rounds[over], rounds[under], strict=True)
    return statistics.median(one / other for one, other in pairs)
