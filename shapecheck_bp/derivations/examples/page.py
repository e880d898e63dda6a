"""A page of working: every step is a call of a shape-annotated function, written out.

>>> import numpy as np
>>> from shapecheck_bp import column
>>> page = Page(column)
>>> Z = page.step("Z[1]", column.linear_forward, np.ones((3, 5)), np.ones((2, 3)), np.ones((2, 1)))
  Z[1]
    linear_forward: Z = W @ A_prev + b
      A_prev   (n_in, m)       (3, 5)
      W        (n_out, n_in)   (2, 3)
      b        (n_out, 1)      (2, 1)
      gives Z  (n_out, m)      (2, 5)
"""

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy as np

from shapecheck_bp.tracing import Place, trace
from shapecheck_bp.transpose import flip

ROUNDING = 1e-9


class Page:
    """Writes down what an example does, in one convention."""

    def __init__(
        self, bp: ModuleType, write: Callable[[str], Any] = print, is_flipped: bool = False
    ) -> None:
        """Start a page.

        Args:
            bp: ``column`` or ``row``: the convention of the page.
            write: what to do with each line.
            is_flipped: whether the text that the example follows is in the other convention.
        """
        self.bp = bp
        self.convention = bp.__name__.rpartition(".")[2]
        self.write = write
        self.is_flipped = is_flipped

    def flipped(self, value: Any) -> Any:
        """Carry arrays from the text's convention to the page's, or back."""
        return flip(value) if self.is_flipped else value

    def title(self, text: str, source: str) -> None:
        """Write what the page is about, which text it follows, and how examples lie."""
        self.write(text)
        self.write(f"after {source}; examples are {self.convention}s")

    def part(self, text: str) -> None:
        """Write the heading of a part, below an empty line."""
        self.write("")
        self.write(text)

    def say(self, *lines: str) -> None:
        """Write sentences of an explanation, one on each line."""
        for line in lines:
            self.write(f"  {line}")

    def step(self, what: str, function: Callable[..., Any], *args: Any) -> Any:
        """Call a function, and write down its equation, and the axes and sizes of its arrays."""
        with trace() as traced:
            result = function(*args)
        call = traced.calls[0]
        rows = [_row(place.path, place) for place in call.arguments]
        for place in call.result:
            rows.append(_row(f"gives {place.name.removeprefix('the result')}".rstrip(), place))
        self.write(f"  {what}")
        self.write(f"    {call.name}: {call.equation}")
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for path, axes, sizes in rows:
            self.write(f"      {path:<{widths[0]}}  {axes:<{widths[1]}}   {sizes}".rstrip())
        return result

    def agree(self, what: str, result: Any, expected: Any, within: float = ROUNDING) -> None:
        """Compare two results, and write that they are the same.

        Raises:
            AssertionError: they are not.
        """
        for a, b in zip(_arrays(result), _arrays(expected), strict=True):
            if a.shape != b.shape:
                raise AssertionError(f"{what}: shapes {a.shape} and {b.shape}")
            if not np.allclose(a, b, rtol=within, atol=within):
                raise AssertionError(f"{what}: {np.max(np.abs(a - b)):.3g} apart")
        self.write(f"  = {what}: the same")


def _row(path: str, place: Place) -> tuple[str, str, str]:
    return path, f"({', '.join(place.axes)})", str(tuple(map(int, place.sizes)))


def _arrays(value: Any) -> Iterator[Any]:
    if isinstance(value, tuple | list):
        for item in value:
            yield from _arrays(item)
    else:
        yield np.asarray(value)
