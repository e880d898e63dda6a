"""What each function of a step has in hand: its names with the shapes of what they stand for."""

import sys
from typing import Any

import numpy as np

from shapecheck_bp.doctor.steps import Step

Names = dict[str, tuple[int, ...]]


def names_seen(step: Step) -> dict[tuple[str, int], Names]:
    """The names of each function when it returned first, by its file and first line.

    An attribute of ``self`` is one, and so is an entry of a dictionary. None are seen under a
    profiler: what is in its place cannot be put back.
    """
    if sys.getprofile() is not None:
        return {}
    files = step.version.files
    seen: dict[tuple[str, int], Names] = {}

    def look(frame: Any, event: str, _: Any) -> None:
        code = frame.f_code
        if event == "return" and code.co_filename in files:
            place = code.co_filename, code.co_firstlineno
            if place not in seen:
                seen[place] = _shapes(frame.f_locals)

    sys.setprofile(look)
    try:
        step.run()
    finally:
        sys.setprofile(None)
    return seen


def _shapes(names: dict[str, Any]) -> Names:
    found: Names = {}
    for name, value in [*names.items()][:200]:
        if isinstance(value, dict):
            inside = [(f"{name}[{key!r}]", item) for key, item in value.items() if type(key) is str]
        elif name == "self" and hasattr(value, "__dict__"):
            inside = [(f"self.{key}", item) for key, item in vars(value).items()]
        else:
            inside = [(name, value)]
        for text, item in inside:
            if isinstance(item, np.ndarray | float | int) and not isinstance(item, bool):
                found[text] = np.shape(item)
    return found
