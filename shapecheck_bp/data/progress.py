"""A bar while a person is watching, and nothing where output is captured.

>>> list(progress(range(3), "counting"))
[0, 1, 2]
"""

import sys
from collections.abc import Iterator
from time import monotonic


def progress(steps: range, doing: str, quiet: float = 0.0) -> Iterator[int]:
    """The steps, with a bar on stderr where that is a terminal.

    Args:
        steps: what to go through.
        doing: what the bar says.
        quiet: seconds that pass before there is a bar, so that nothing flickers up for less.
    """
    if not sys.stderr.isatty():
        yield from steps
        return
    done, shown_from = 0, monotonic() + quiet
    while done < len(steps) and monotonic() < shown_from:
        yield steps[done]
        done += 1
    if done == len(steps):
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(doing, total=len(steps), completed=done)
        for step in steps[done:]:
            yield step
            bar.advance(task)
