"""The sizes of a call's axes by name, and who may ask for them while its body runs.

jaxtyping keeps the sizes that ``isinstance`` has found on a stack of its thread. A checked call
pushes nothing there, since a call that is remembered judges nothing: it is found when somebody
asks, by looking up from the asker for a call that is running. So a body that does not ask pays
nothing, and tasks that take turns do not see one another's sizes.

>>> import numpy as np
>>> from jaxtyping import Float
>>> from shapecheck_bp.shapes import shapechecked
>>> @shapechecked
... def total(X: Float[np.ndarray, "n m"]) -> float:
...     assert isinstance(X.T, Float[np.ndarray, "m n"])
...     return float(X.sum())
>>> total(np.ones((2, 3)))
6.0
"""

import sys
import threading
from collections.abc import Callable, Mapping
from importlib.metadata import version
from types import FrameType
from typing import Any, TypeAlias

from jaxtyping import Float, _storage

# As jaxtyping has them: sizes of axes, of variadic ones, structures of trees, arguments by name.
Memos: TypeAlias = tuple[dict[str, Any], dict[str, Any], dict[str, Any], Mapping[str, Any]]


class Scope:
    """The axes of one call, or of one record, which has axes of its own."""

    __slots__ = ("memos",)

    def __init__(self, arguments: Mapping[str, Any] | None = None) -> None:
        self.memos: Memos = ({}, {}, {}, {} if arguments is None else arguments)

    def copy(self, arguments: Mapping[str, Any] | None = None) -> "Scope":
        """The same sizes, for other arguments, to which more may be added."""
        other = Scope(arguments)
        single, variadic, structures, _ = self.memos
        other.memos = (single.copy(), variadic.copy(), structures.copy(), other.memos[3])
        return other

    def within(self, function: Callable[..., Any], *args: Any) -> Any:
        """Call a function that asks jaxtyping, which finds these sizes and adds to them."""
        stack = _storage._shape_storage.memo_stack
        stack.append(self.memos)
        try:
            return function(*args)
        finally:
            self.memos = stack.pop()


class _Stack:
    """The scopes of one thread, as jaxtyping uses them, and the checked calls between them."""

    def __init__(self) -> None:
        self.pushed: list[tuple[Memos, FrameType | None]] = []

    def append(self, memos: Memos) -> None:
        frame = sys._getframe(1)
        while frame.f_back is not None and frame.f_code.co_name in ("push_shape_memo", "__enter__"):
            frame = frame.f_back
        self.pushed.append((memos, frame))

    def pop(self) -> Memos:
        return self.pushed.pop()[0] if self.pushed else ({}, {}, {}, {})

    def __len__(self) -> int:
        return 1  # it is asked in any case, and answers with no sizes where there are none

    def __getitem__(self, last: int) -> Memos:
        scope = self._running()
        if scope is not None:
            return scope.memos
        return self.pushed[-1][0] if self.pushed else ({}, {}, {}, {})

    def __setitem__(self, last: int, memos: Memos) -> None:
        scope = self._running()
        if scope is not None:
            scope.memos = memos
        elif self.pushed:
            self.pushed[-1] = memos, self.pushed[-1][1]

    def _running(self) -> Scope | None:
        """The scope of the innermost checked call, unless something was pushed inside it."""
        pushed_by = self.pushed[-1][1] if self.pushed else None
        frame: FrameType | None = sys._getframe(2)
        while frame is not None and frame is not pushed_by:
            if frame.f_code.co_name == "checked":
                law = frame.f_globals.get("_shapecheck_law")
                scope: Scope | None = law and law.scope_in(frame.f_locals)
                if scope is not None:
                    return scope
            frame = frame.f_back
        return None


class _Storage(threading.local):
    def __init__(self) -> None:
        self.memo_stack = _Stack()


_pushed_before = getattr(_storage._shape_storage, "memo_stack", ())
_storage._shape_storage = _Storage()
for _memos in _pushed_before:  # a jaxtyped function that is running imports this
    _storage._shape_storage.memo_stack.pushed.append((_memos, None))


class _Three:
    shape, dtype = (3,), "float64"


_found = Scope()
if not _found.within(isinstance, _Three(), Float[Any, "n"]) or _found.memos[0] != {"n": 3}:
    raise ImportError(
        f"jaxtyping {version('jaxtyping')}: expected a release that keeps its sizes as 0.3 does;"
        " pip install 'jaxtyping==0.3.*'"
    )
