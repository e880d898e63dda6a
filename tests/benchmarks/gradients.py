"""The gradient of one batch, all checks on: beside its matrix products and other libraries."""

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
        "spread": spread(rounds["row"]),
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
    """Both tables of one number of threads."""
    results = [one for one in results if one["threads"] == threads]
    if not results:
        return []
    on = f"{threads} thread{'s' * (threads > 1)}"
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
    return [limit, peers]
