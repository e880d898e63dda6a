"""Examples to run: each follows one text step by step, with its shapes, and checks itself.

An example is a module with ``CONVENTIONS``, the text's own first, and ``run``, which writes a page.

    shapecheck-bp example                               lists them
    shapecheck-bp example two_layer --convention row    runs one

>>> sorted(names())[:2]
['cross_entropy', 'index_sums']
"""

from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

from shapecheck_bp import column, row
from shapecheck_bp.data.settings import check_convention
from shapecheck_bp.derivations.examples.page import Page

MODULES: dict[str, ModuleType] = {"column": column, "row": row}
NAMES = (
    "logistic_regression",
    "two_layer",
    "jacobians",
    "students",
    "index_sums",
    "cross_entropy",
    "numerator_layout",
    "why_transposed",
)


def names() -> dict[str, str]:
    """Each example's name, and what it shows."""
    return {
        name: (import_module(f"{__name__}.{name}").__doc__ or "").partition("\n")[0].rstrip(".")
        for name in NAMES
    }


def run(name: str, convention: str | None = None, write: Callable[[str], Any] = print) -> None:
    """Run an example, and write out what it does.

    Args:
        name: one of ``names()``.
        convention: ``"column"`` or ``"row"``; the text's own unless given.
        write: what to do with each line.

    Raises:
        ValueError: no such example, no such convention, or one that the example has no use for.
    """
    if name not in NAMES:
        raise ValueError(f"example: expected one of {', '.join(NAMES)}; got {name!r}")
    example = import_module(f"{__name__}.{name}")
    texts_own = example.CONVENTIONS[0]
    if convention is None:
        convention = texts_own
    check_convention(convention)
    if convention not in example.CONVENTIONS:
        raise ValueError(f"convention: {name} is about {texts_own} alone; leave it out")
    example.run(Page(MODULES[convention], write, is_flipped=convention != texts_own))
