"""The gradient of one batch, all checks on: beside its matrix products and other libraries."""

import math
import statistics
from typing import Any, NamedTuple

from report import Table, seconds, times
from turns import Workers, ratio

PRODUCTS = "products row"
NOISY = 0.15  # of the median
PEERS = (
    PRODUCTS,
    "products PyTorch",
    "PyTorch",
    "PyTorch compiled",
    "products JAX",
    "JAX jitted",
    "autograd",
    "scikit-learn",
)


class Form(NamedTuple):
    """How another library's arrays are computed with: what it has itself, and what of ours."""

    name: str
    theirs: tuple[str, ...]  # of which the last is the quickest, and ours are compared with it
    ours: tuple[str, ...]


FORMS = (
    # A CUDA graph is compared with what is run by itself: autograd cannot be captured.
    Form("PyTorch's arrays, eager", ("PyTorch",), ("PyTorch", "PyTorch graph")),
    Form(
        "PyTorch's arrays, compiled",
        ("PyTorch cost compiled", "PyTorch compiled"),
        ("PyTorch compiled", "PyTorch trusting"),
    ),
    Form(
        "PyTorch's arrays, compiled for less overhead",
        ("PyTorch cost reduced", "PyTorch reduced"),
        ("PyTorch reduced", "PyTorch reduced trusting"),
    ),
    Form("JAX's arrays", ("JAX jitted",), ("JAX jitted",)),
    Form("CuPy's arrays", (), ("CuPy",)),
)


def measured(workers: Workers, threads: int, case: str, quick: bool) -> dict[str, Any]:
    """Medians of one case, and the ratios, which are taken round by round."""
    rounds = workers.measure("gradients", case, quick)
    return {
        "case": case,
        "threads": threads,
        "seconds": {name: statistics.median(each) for name, each in rounds.items()},
        "column_to_products": ratio(rounds, "column", "products column"),
        "row_to_products": ratio(rounds, "row", PRODUCTS),
        "column_to_row": ratio(rounds, "column", "row"),
        "to_row": {name: ratio(rounds, name, "row") for name in PEERS if name in rounds},
        "to_theirs": {
            f"{bp} {ours}": ratio(rounds, f"{bp} {ours}", form.theirs[-1])
            for form in FORMS
            for ours in form.ours
            for bp in ("row", "column")
            if f"{bp} {ours}" in rounds and form.theirs
        },
        "memory": workers.memory() if workers.device != "cpu" else {},
        "spread": spread(next(iter(rounds.values()))),
        "rounds": rounds,
    }


def spread(seconds: list[float]) -> float:
    """How far the middle half of the rounds reaches, in medians."""
    lower, middle, upper = statistics.quantiles(seconds, n=4, method="inclusive")
    return (upper - lower) / middle


def label(one: dict[str, Any]) -> str:
    """The case, marked where the machine was not quiet."""
    return one["case"] + " ~" * (one["spread"] > NOISY)


def heading(name: str) -> str:
    """The name in two narrow lines."""
    if name.startswith("products"):
        return name.replace("row", "NumPy").replace(" ", ",\n")
    return name.replace(" ", "\n").replace("-", "-\n")


def tables(results: list[dict[str, Any]], threads: int) -> list[Table]:
    """The tables of one number of threads."""
    results = [one for one in results if one["threads"] == threads]
    on = f"{threads} thread{'s' * (threads > 1)}"
    there = [table for form in FORMS for table in _there(results, form, on)]
    if not results or "row" not in results[0]["seconds"]:
        return there
    limit = Table(
        f"Gradient of one batch beside its matrix products, {on}",
        "Medians; × is the ratio to the products of the same convention. "
        f"~ is a noisy case: half of row's rounds spread over more than {NOISY:.0%}.",
        (
            "sizes@m",
            "products,\ncolumn",
            "products,\nrow",
            "column",
            "×",
            "row",
            "×",
            "column/\nrow",
        ),
        [
            (
                label(one),
                seconds(one["seconds"]["products column"]),
                seconds(one["seconds"][PRODUCTS]),
                seconds(one["seconds"]["column"]),
                times(one["column_to_products"]),
                seconds(one["seconds"]["row"]),
                times(one["row_to_products"]),
                times(one["column_to_row"]),
            )
            for one in results
        ],
    )
    present = [name for name in PEERS if any(name in one["to_row"] for one in results)]
    peers = Table(
        f"The same gradient elsewhere, in times of row's, {on}",
        "Below 1 is faster than row. Products: the matrix products alone, in each library.",
        ("sizes@m", "row", *map(heading, present)),
        [
            (
                label(one),
                seconds(one["seconds"]["row"]),
                *(times(one["to_row"].get(name)) for name in present),
            )
            for one in results
        ],
    )
    return [limit, peers, *there]


def _there(results: list[dict[str, Any]], form: Form, on: str) -> list[Table]:
    """Ours on another library's arrays, in times of what the library has itself."""
    ours = [f"{bp} {name}" for name in form.ours for bp in ("row", "column")]
    measured = [name for one in results for name in (*one["seconds"], *one["memory"])]
    names = [name for name in (*form.theirs, *ours) if name in measured]
    if not {*names} & {*ours}:
        return []
    headings, cells = ["sizes@m"], [[label(one)] for one in results]
    for name in names:
        compared = name in ours and form.theirs
        headings += [heading(name), *(["×"] * bool(compared))]
        for one, row in zip(results, cells, strict=True):
            row.append(seconds(one["seconds"].get(name)))
            row += [times(one["to_theirs"].get(name))] if compared else []
    note = f"Medians; × is the ratio to {form.theirs[-1]}." if form.theirs else "Medians."
    found = [Table(f"Gradient of {form.name}, {on}", note, headings, cells)]
    if any(one["memory"] for one in results):
        rows = [
            [label(one), *(f"{one['memory'].get(name, math.nan) / 1e6:.1f}" for name in names)]
            for one in results
        ]
        title = f"Peak memory of one gradient of {form.name}, beyond its data, MB"
        found.append(Table(title, "", ["sizes@m", *map(heading, names)], rows))
    return found
