"""What one check costs, side by side, in one process with one thread.

    python tests/benchmarks/shape_checks.py

A function of three matrices and a return, under every checker that is installed, and the gradients
of a 64-32-10 network at m = 32 with all checks on and with none. The candidates take turns, and the
median of many rounds is shown, so that a machine that slows down slows them all.
"""

import os

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import argparse
import json
import statistics
import time
from collections.abc import Callable
from operator import truediv
from typing import Annotated, Any

import numpy as np
from beartype import beartype
from jaxtyping import Float, jaxtyped
from report import Table, show

from shapecheck_bp import Network, column, enforce, shapechecked
from shapecheck_bp.shapes.law import law_of

ROUNDS, CALLS = 101, 400


def plain(A: Any, W: Any, b: Any) -> Any:
    return A


def annotated(
    A: Float[np.ndarray, "n_in m"],
    W: Float[np.ndarray, "n_out n_in"],
    b: Float[np.ndarray, "n_out 1"],
) -> Float[np.ndarray, "n_in m"]:
    return A


def asserted(A: Any, W: Any, b: Any) -> Any:
    assert A.ndim == W.ndim == b.ndim == 2
    assert A.dtype.kind == W.dtype.kind == b.dtype.kind == "f"
    assert W.shape[1] == A.shape[0]
    assert b.shape == (W.shape[0], 1)
    result = A
    assert result.shape == A.shape
    return result


def candidates() -> dict[str, Callable[..., Any]]:
    """Each way to check, by name."""
    found = {
        "no check": plain,
        "hand-written asserts": asserted,
        "shapechecked": shapechecked(annotated),
        "beartype alone (binds no axes)": beartype(annotated),
        "jaxtyping + beartype": jaxtyped(annotated, typechecker=beartype),
    }
    try:
        import dltype
    except ImportError:
        return found

    @dltype.dltyped()
    def under_dltype(
        A: Annotated[np.ndarray, dltype.FloatTensor["n_in m"]],
        W: Annotated[np.ndarray, dltype.FloatTensor["n_out n_in"]],
        b: Annotated[np.ndarray, dltype.FloatTensor["n_out 1"]],
    ) -> Annotated[np.ndarray, dltype.FloatTensor["n_in m"]]:
        return A

    return found | {"dltype": under_dltype}


def microseconds(calls: dict[str, Callable[[], Any]], repeat: int) -> dict[str, list[float]]:
    """The time of one call in each round, all candidates taking turns."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    for _ in range(ROUNDS):
        for name, call in calls.items():
            started = time.perf_counter()
            for _ in range(repeat):
                call()
            times[name].append((time.perf_counter() - started) / repeat * 1e6)
    return times


def one_call() -> dict[str, float]:
    """The microseconds that each way to check adds to a call."""
    A, W, b = np.ones((4, 5)), np.ones((3, 4)), np.ones((3, 1))
    calls = {name: (lambda f=function: f(A, W, b)) for name, function in candidates().items()}
    times = microseconds(calls, CALLS)
    with enforce(False):
        unchecked = {"no check": calls["no check"], "turned off": calls["shapechecked"]}
        switched_off = microseconds(unchecked, CALLS)
    base = statistics.median(times.pop("no check"))
    added = {name: statistics.median(each) - base for name, each in times.items()}
    off_base = statistics.median(switched_off["no check"])
    added["shapechecked, under enforce(False)"] = (
        statistics.median(switched_off["turned off"]) - off_base
    )
    return dict(sorted(added.items(), key=lambda one: one[1]))


def one_gradient() -> dict[str, float]:
    """The microseconds of a gradient with all checks on and with none, and the ratio."""
    net = Network((64, 32, 10))
    random = np.random.default_rng(0)
    params, X = column.init(net), random.normal(size=(64, 32))
    Y = column.one_hot(random.integers(0, 10, 32), 10)
    for _ in range(3):  # the third call is of the program that was written at the second
        column.gradients(net, params, X, Y)
    (results,) = law_of(column.gradients).memory.values()
    _, textbook = law_of(column.gradients).repeats.second_call.args
    steps = microseconds(
        {
            "all checks on": lambda: column.gradients(net, params, X, Y),
            "no checks": lambda: results.repeat(net, params, X, Y, None),
            "no checks, no program": lambda: textbook(net, params, X, Y),
        },
        50,
    )
    ratios = {
        f"{name}, ratio": statistics.median(map(truediv, each, steps["no checks"]))
        for name, each in steps.items()
    }
    return {name: statistics.median(each) for name, each in steps.items()} | ratios


def main() -> None:
    """Print both tables, or with --json the numbers."""
    parser = argparse.ArgumentParser(description="What one check costs.")
    parser.add_argument("--markdown", action="store_true", help="tables in Markdown")
    parser.add_argument("--json", action="store_true", help="one object")
    options = parser.parse_args()
    added, steps = one_call(), one_gradient()
    if options.json:
        print(json.dumps({"added_us": added, "gradient_us": steps}))
        return
    checks = Table(
        "One call: three matrices and a return",
        "Medians over what the call takes with no check, one thread.",
        ("checked by", "added µs", "to shapechecked"),
        [
            (name, f"{cost:.2f}", f"{cost / added['shapechecked']:.1f}")
            for name, cost in added.items()
        ],
    )
    gradient = Table(
        "gradients of a 64-32-10 network, m = 32",
        "Medians; the ratio is taken round by round.",
        ("", "µs", "ratio"),
        [
            (name, f"{steps[name]:.1f}", f"{steps[f'{name}, ratio']:.3f}")
            for name in ("all checks on", "no checks", "no checks, no program")
        ],
    )
    for table in (checks, gradient):
        show(table, options.markdown)


if __name__ == "__main__":
    main()
