"""A module's functions without their checks, for calls that are known to pass throughout.

In ``column`` and ``row`` every shape, of a step or a result, follows from those of a function's own
arguments. Where a signature of ``gradients`` has been through once, with every step and the result
judged, so has the next call with that signature; it runs on the twins, which call one another
directly, or on a program recorded from them (``replay``). As soon as anything that the functions
refer to has been replaced, they are not used.
"""

import sys
from collections.abc import Callable
from operator import itemgetter
from types import FunctionType
from typing import Any

from shapecheck_bp.memory import PREFIX

KNOWN = ("shapecheck_bp", "array_api_compat", "functools", "typing")
CLOSED = ("shapecheck_bp.column", "shapecheck_bp.row")


class Twins:
    """The functions of one module, as they are now."""

    def __init__(self, names: dict[str, Any]) -> None:
        """Copy the functions that are checked in a module's ``names``."""
        checked = {
            name: value.__wrapped__
            for name, value in names.items()
            if _is_checked(value) and value.__wrapped__.__globals__ is names
        }
        referred = {name for function in checked.values() for name in function.__code__.co_names}
        self.look = itemgetter(*sorted(referred & names.keys()))
        self.seen = self.look(names)
        self.as_shipped = all(map(_is_known, self.seen))
        self.functions = dict(names)
        for name, function in checked.items():
            twin = FunctionType(function.__code__, self.functions, name, function.__defaults__)
            twin.__kwdefaults__ = function.__kwdefaults__
            self.functions[name] = twin


def _is_checked(value: Any) -> bool:
    return f"{PREFIX}law" in getattr(value, "__globals__", ()) and hasattr(value, "__wrapped__")


def _is_known(value: Any) -> bool:
    """Whether this is ours or a library's, and not a replacement that may do anything."""
    return getattr(value, "__module__", KNOWN[0]).partition(".")[0] in KNOWN


_twins: dict[str, Twins] = {}


def twins_of(function: Callable[..., Any]) -> Twins | None:
    """The twins of a function's module, if that is a closed one and the function is its own."""
    module = function.__module__
    names = getattr(function, "__globals__", {})
    if module not in CLOSED or vars(sys.modules[module]) is not names:
        return None
    if module not in _twins:
        _twins[module] = Twins(names)
    twin = _twins[module].functions.get(function.__name__)
    return _twins[module] if getattr(twin, "__code__", None) is function.__code__ else None
