"""What a reader calls the arrays of a call: W[1] for ``params[0].W``, dW and db for a result.

>>> symbol_of("params[0].W"), symbol_of("cache.A[0]"), symbol_of("X")
(('W', 1), ('A', 0), ('X', None))
"""

import re
from collections.abc import Callable
from typing import Any

from shapecheck_bp.shapes.words import first_line


def symbol_of(path: str) -> tuple[str, int | None]:
    """The field's name for a place in a call: W, 1 for ``params[0].W``; A, 0 for ``cache.A[0]``."""
    entry = re.fullmatch(r"(?:\w+|\w+\.(Z|A))\[(\d+)\](?:\.(\w+))?", path)
    if entry is None:
        return path, None
    kept, index, field = entry.groups()
    first = 0 if kept == "A" else 1  # A[0] is X
    return kept or field or path, first + int(index)


def result_names(function: Callable[..., Any] | None) -> list[str]:
    """What a docstring's first line says is returned: dA_prev, dW, db for ``linear_backward``."""
    pieces = re.split(r"[,;] (?![^\[]*\])", first_line(function))
    named = (re.match(r"(log A|\w+)(?:\[[^\]]*\])?(?: =|$| as in)", piece) for piece in pieces)
    return list(dict.fromkeys(name[1] for name in named if name)) or ["the result"]


def quantities(names: list[str], result: Any) -> list[tuple[str, Any]]:
    """The arrays of a result by name: dW[1], db[1], … of a tuple of gradients."""
    if isinstance(result, tuple) and not hasattr(result, "_fields"):
        if result and all(hasattr(item, "_fields") for item in result):
            return [
                (f"{field}[{layer}]", value)
                for layer, item in enumerate(result, start=1)
                for field, value in zip(item._fields, item, strict=True)
            ]
        if len(names) < len(result):
            names = [f"result {number}" for number in range(1, len(result) + 1)]
        return [
            quantity
            for name, item in zip(names, result, strict=False)
            for quantity in quantities([name], item)
        ]
    if hasattr(result, "_fields"):
        return [
            quantity
            for field, value in zip(result._fields, result, strict=True)
            for quantity in _entries(field, value)
        ]
    return [(names[0], result)]


def _entries(field: str, value: Any) -> list[tuple[str, Any]]:
    if not isinstance(value, tuple):
        return [(field, value)]
    first = 0 if field == "A" else 1
    return [(f"{field}[{layer}]", array) for layer, array in enumerate(value, start=first)]
