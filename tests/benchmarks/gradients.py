"""The gradient of one batch, all checks on: beside its matrix products and other libraries."""

import statistics
from typing import Any

from report import Table, seconds, times
from turns import Workers, ratio

PRODUCTS = "products row"
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
        "rounds": rounds,
    }


def heading(name: str) -> str:
    name = name.replace("row", "NumPy").replace("products ", "products,\n")
    return name.replace("PyTorch compiled", "PyTorch\ncompiled").replace(
        "JAX jitted", "JAX\njitted"
    )


def tables(results: list[dict[str, Any]], threads: int) -> list[Table]:
    """Both tables of one number of threads."""
    results = [one for one in results if one["threads"] == threads]
    if not results:
        return []
    on = f"{threads} thread{'s' * (threads > 1)}"
    limit = Table(
        f"Gradient of one batch beside its matrix products, {on}",
        "Medians; × is the ratio to the products of the same convention.",
        (
            "sizes@m",
            "products,\ncolumn",
            "products,\nrow",
            "column",
            "×",
            "row",
            "×",
            "column\n/row",
        ),
        [
            (
                one["case"],
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
                one["case"],
                seconds(one["seconds"]["row"]),
                *(times(one["to_row"].get(name)) for name in present),
            )
            for one in results
        ],
    )
    return [limit, peers]
