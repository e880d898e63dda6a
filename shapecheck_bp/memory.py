"""The check's memory: a signature that has passed once passes always, so it is judged once.

Whether an array fits depends on its class, shape and dtype alone. A fingerprint keeps these of
every array in a call, through tuples, lists and dicts, the axes that a network settles, and names
and numbers as they are. A call that holds anything else has no fingerprint and is judged anew each
time.

>>> import numpy as np
>>> fingerprint((np.ones((2, 3)), "relu")) == fingerprint((np.zeros((2, 3)), "relu"))
True
>>> fingerprint((np.ones((2, 3)), "relu")) == fingerprint((np.ones((3, 2)), "relu"))
False
>>> fingerprint(object()) is None
True
"""

from collections.abc import Hashable
from types import NoneType
from typing import Any

MOST_SIGNATURES = 4096
_AS_THEY_ARE = frozenset({str, int, float, bool, NoneType, type})


class Memory:
    """Fingerprints that have passed; emptied when full, so that ever-new shapes need no room."""

    def __init__(self) -> None:
        """Know nothing."""
        self._passed: set[Hashable] = set()

    def __contains__(self, fingerprint: Hashable) -> bool:
        """Whether this has passed."""
        return fingerprint is not None and fingerprint in self._passed

    def add(self, fingerprint: Hashable) -> None:
        """Remember that this has passed."""
        if len(self._passed) >= MOST_SIGNATURES:
            self._passed.clear()
        if fingerprint is not None:
            self._passed.add(fingerprint)


def fingerprint(value: Any) -> Hashable:
    """What the verdict on ``value`` depends on, or None where that cannot be told."""
    try:
        return _fingerprint(value)
    except (_CannotTell, TypeError):
        return None


class _CannotTell(Exception):
    pass


def _fingerprint(value: Any) -> Hashable:
    kind = type(value)
    if kind in _AS_THEY_ARE:
        return kind, value
    if hasattr(kind, "__shape_axes__"):
        return kind, *value.__shape_axes__().items()
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return kind, tuple(value.shape), value.dtype
    if isinstance(value, tuple | list):
        return kind, *map(_fingerprint, value)
    if kind is dict:
        return kind, *((_fingerprint(key), _fingerprint(item)) for key, item in value.items())
    raise _CannotTell
