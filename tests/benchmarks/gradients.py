"""The gradient of one batch, all checks on: beside its matrix products and other libraries."""

import math
import statistics
from typing import Any

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
# Ours on the arrays of another library, and what it has itself.
THERE = {
    "PyTorch": ("PyTorch", "PyTorch compiled", "PyTorch reduced", "PyTorch graph"),
    "JAX": ("JAX jitted",),
    "CuPy": ("CuPy",),
}
AGAINST = {"PyTorch graph": "PyTorch"}  # which cannot be captured itself


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
            name: ratio(rounds, name, AGAINST.get(form, form))
            for form in (form for forms in THERE.values() for form in forms)
            for name in (f"row {form}", f"column {form}")
            if name in rounds
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
    there = [table for library in THERE for table in _there(results, library, on)]
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


def _there(results: list[dict[str, Any]], library: str, on: str) -> list[Table]:
    """Ours on another library's arrays, in times of what the library has itself."""
    names = {name for one in results for name in one["seconds"]}
    headings, cells = ["sizes@m"], [[label(one)] for one in results]
    for form in THERE[library]:
        if f"row {form}" not in names:
            continue
        if form in names:
            headings.append(heading(form))
            for one, row in zip(results, cells, strict=True):
                row.append(seconds(one["seconds"].get(form)))
        for name in (f"row {form}", f"column {form}"):
            headings += [heading(name), "×"]
            for one, row in zip(results, cells, strict=True):
                row.append(seconds(one["seconds"].get(name)))
                row.append(times(one["to_theirs"].get(name)))
    if len(headings) == 1:
        return []
    note = (
        "Medians; × is the ratio to the column of theirs before it; graph's is to PyTorch's eager."
    )
    found = [Table(f"Gradient of {library}'s arrays, {on}", note, headings, cells)]
    names = [name for form in THERE[library] for name in (form, f"row {form}", f"column {form}")]
    memory = [name for name in names if name in results[0]["memory"]]
    if memory:
        rows = [
            [label(one), *(f"{one['memory'].get(name, math.nan) / 1e6:.1f}" for name in memory)]
            for one in results
        ]
        title = "Peak memory of one gradient beyond its data, MB"
        found.append(Table(title, "", ["sizes@m", *map(heading, memory)], rows))
    return found
