"""One process with one library: it prepares what it is told to, and measures when it has its turn.

    python worker.py LIBRARY THREADS

Requests and answers are lines of JSON on stdin and stdout; ``turns.py`` is the other side. The
environment that fixes the number of threads comes from there too, before any library is loaded.
"""

import contextlib
import json
import math
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Any

BATCH = 5e-3  # seconds; quicker calls are repeated for so long, and their mean is taken


def confine(threads: int) -> None:
    """Leave this process that many processors, where the system can: XLA heeds nothing else."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])


def about(library: str) -> dict[str, Any]:
    """Versions, and whose matrix products are run."""
    import numpy

    on_a_gpu = os.environ.get("BENCHMARKS_DEVICE") == "cuda"
    if library == "torch":
        import torch

        if on_a_gpu and not torch.cuda.is_available():
            raise ImportError("no GPU here that PyTorch can use")

        built = torch.__config__.show().splitlines()
        math_library = next((line for line in built if "Math Kernel" in line), "unknown BLAS")
        words = math_library.strip(" -").removesuffix(" for Intel(R) 64 architecture applications")
        blas = f"{words}, {torch.backends.cpu.get_cpu_capability()}"
        if on_a_gpu:
            blas = f"cuBLAS on {torch.cuda.get_device_name()}"
        return {
            "versions": {"torch": torch.__version__},
            "blas": blas,
            "threads": torch.get_num_threads(),
        }
    if library == "cupy":
        import cupy

        if not cupy.cuda.is_available():
            raise ImportError("no GPU here that CuPy can use")
        return {"versions": {"cupy": cupy.__version__}, "blas": "cuBLAS", "threads": None}
    if library == "jax":
        import jax
        import jaxlib

        try:
            jax.devices()
        except RuntimeError:
            raise ImportError("no GPU here that JAX can use") from None

        versions = {"jax": jax.__version__, "jaxlib": jaxlib.__version__}
        return {"versions": versions, "blas": "XLA's own", "threads": None}
    versions = {"numpy": numpy.__version__}
    for name in ("autograd", "scikit-learn"):
        with contextlib.suppress(PackageNotFoundError):
            versions[name] = version(name)
    return {"versions": versions, **numpys_blas()}


def numpys_blas() -> dict[str, Any]:
    """Whose products NumPy runs, while no other library has brought a BLAS of its own."""
    import numpy

    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        built = numpy.show_config(mode="dicts")["Build Dependencies"]["blas"]
        return {"blas": f"{built['name']} {built['version']}", "threads": None}
    for one in threadpool_info():
        if one["user_api"] == "blas":
            kernel = f" for {one['architecture']}" if one.get("architecture") else ""
            name = f"{one['internal_api']} {one['version']}{kernel}"
            return {"blas": name, "threads": one["num_threads"]}
    return {"blas": "a BLAS that threadpoolctl does not know", "threads": None}


def gradients_of(library: str, case_text: str) -> Iterator[tuple[str, Callable[[], Any] | str]]:
    """The products and every peer of one case, each held to ours; or why it is missing."""
    import products
    from cases import ROUNDING, Differs, hold_to, parse, problem
    from peers import LIBRARIES, ON_A_GPU, Missing, exactly, forget, torch_device

    from shapecheck_bp import row

    case, device = parse(case_text), torch_device()
    given = problem(case)
    limits = {
        "numpy": {
            "products column": products.in_numpy_column,
            "products row": products.in_numpy_row,
        },
        "torch": {"products PyTorch": products.in_torch},
        "jax": {"products JAX": products.in_jax},
    }
    for name, made_from in limits.get(library, {}).items() if device == "cpu" else ():
        yield name, made_from(case)
    expected = row.gradients(given.net, given.params, given.X, given.Y)
    forget(library)
    for name, made_from in (LIBRARIES if device == "cpu" else ON_A_GPU)[library].items():
        try:
            peer = made_from(given)
            with exactly(library):
                for _ in range(3):  # what is compiled or recorded is there before
                    made = peer.call()
                hold_to(expected, name, peer.read(made), given, ROUNDING[device])
        except (ImportError, Missing) as error:
            yield name, str(error)
        except Differs as error:
            yield name, f"{case}: {error}"
        else:
            yield name, peer.call


def epochs_of(library: str, _: str) -> Iterator[tuple[str, Callable[[], Any] | str]]:
    from trainers import trainers

    yield from trainers(library)


PARTS = {"gradients": gradients_of, "epochs": epochs_of}


class Turns:
    """The candidates of one case, and how often each is called in a turn."""

    def __init__(self, found: Iterator[tuple[str, Callable[[], Any] | str]]) -> None:
        self.calls: dict[str, Callable[[], Any]] = {}
        self.missing: dict[str, str] = {}
        self.repeat: dict[str, int] = {}
        for name, call in found:
            if isinstance(call, str):
                self.missing[name] = call
                continue
            self.calls[name] = call
            call()
            self.repeat[name] = max(1, math.ceil(BATCH / min(once(call) for _ in range(3))))
        self.taken = 0

    def take(self) -> dict[str, float]:
        """Seconds for one call of each; who begins changes from turn to turn."""
        names = [*self.calls]
        start = self.taken % max(1, len(names))
        self.taken += 1
        seconds = {}
        for name in names[start:] + names[:start]:
            call, repeat = self.calls[name], self.repeat[name]
            if repeat > 1:
                call()  # what the turn before has left in the caches is not this call's
            started = time.perf_counter()
            for _ in range(repeat):
                call()
            seconds[name] = (time.perf_counter() - started) / repeat
        return seconds

    def memory(self) -> dict[str, int]:
        """The most bytes of a GPU that one call of each takes, beyond its data."""
        found = {}
        for name, call in self.calls.items():
            if hasattr(call, "planned"):
                found[name] = call.planned()
                continue
            import torch

            torch.cuda.synchronize()
            before = torch.cuda.memory_allocated()
            torch.cuda.reset_peak_memory_stats()
            call()
            found[name] = torch.cuda.max_memory_allocated() - before
        return found


def once(call: Callable[[], Any]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def respond(library: str, request: dict[str, Any], turns: list[Turns]) -> dict[str, Any]:
    """Do what is asked for; ``turns`` keeps what was prepared last."""
    if request["do"] == "about":
        try:
            return about(library)
        except ImportError as error:
            return {"missing": str(error)}
    if request["do"] == "prepare":
        turns.clear()  # its arrays are let go before the next are made
        turns.append(Turns(PARTS[request["part"]](library, request["case"])))
        return {"missing": turns[0].missing}
    if request["do"] == "memory":
        return turns[0].memory()
    return turns[0].take()


def main() -> None:
    """Answer until there are no more requests."""
    library, threads = sys.argv[1], int(sys.argv[2])
    confine(threads)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    sys.stdout = sys.stderr  # what libraries print is no answer
    turns: list[Turns] = []
    for line in sys.stdin:
        try:
            answer = respond(library, json.loads(line), turns)
        except Exception:
            answer = {"error": traceback.format_exc()}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
