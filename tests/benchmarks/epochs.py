"""One epoch of the digits: 64-32-10, 1437 examples in batches of 32, float32, plain SGD."""

import statistics
from typing import Any

from report import Table, seconds, times
from turns import Workers, ratio

AGAINST = "gradients and update, row"


def measured(workers: Workers, threads: int, quick: bool) -> dict[str, Any]:
    rounds = workers.measure("epochs", "", quick)
    return {
        "threads": threads,
        "seconds": {name: statistics.median(each) for name, each in rounds.items()},
        "to_row": {name: ratio(rounds, name, AGAINST) for name in rounds},
        "rounds": rounds,
    }


def table(results: list[dict[str, Any]]) -> Table:
    """A line for each trainer, and two columns for each number of threads."""
    headings = ["trained by"]
    for one in results:
        headings += [f"{one['threads']} thread{'s' * (one['threads'] > 1)}", "×"]
    names = dict.fromkeys(name for one in results for name in one["seconds"])
    rows = []
    for name in names:
        cells = [name]
        for one in results:
            cells += [seconds(one["seconds"].get(name)), times(one["to_row"].get(name))]
        rows.append(cells)
    return Table(
        "One epoch of the digits, 64-32-10, 45 batches of 32, float32",
        f"Medians; × is the ratio to {AGAINST}. fit also checks the values of all data and "
        "keeps the costs; partial_fit checks its data too.",
        headings,
        rows,
    )
