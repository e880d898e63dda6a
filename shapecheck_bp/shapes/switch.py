"""Turning the checks off and on again, and listening to them, in this thread or task alone.

>>> import numpy as np
>>> from jaxtyping import Float
>>> from shapecheck_bp.shapes import Array, shapechecked
>>> @shapechecked
... def first(X: Float[Array, "n m"]) -> Float[Array, " n"]:
...     return X[:, 0]
>>> with enforce(False):
...     first(np.ones((2, 3, 4))).shape
(2, 4)

The environment variable ``SHAPECHECK_BP_ENFORCE=0`` turns them off from the start.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import Any, TypeAlias

_WORDS = {"": True, "1": True, "true": True, "on": True, "0": False, "false": False, "off": False}


def _from_environment() -> bool:
    word = os.environ.get("SHAPECHECK_BP_ENFORCE", "")
    try:
        return _WORDS[word.lower()]
    except KeyError:
        raise ValueError(f"SHAPECHECK_BP_ENFORCE: expected 1 or 0; got {word!r}") from None


# Someone who is told of checked calls: of the function's law and the arguments by name, before they
# are judged, and through what the context gives, of the result once that has passed.
Listener: TypeAlias = Callable[
    [Any, Mapping[str, Any]], AbstractContextManager[Callable[[Any], None]]
]


# So that a checked call asks one thing: is there anything out of the ordinary?
ON, OFF = False, True


class _Mode:
    """ON, OFF or who listens: a context variable that a function can be pickled with."""

    def __init__(self) -> None:
        usual = ON if _from_environment() else OFF
        variable: ContextVar[bool | Listener] = ContextVar("mode", default=usual)
        self.get, self.set, self.reset = variable.get, variable.set, variable.reset

    def __reduce__(self) -> str:
        return "mode"


mode = _Mode()

# Who listens, also while the checks are off.
_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextmanager
def listen(listener: Listener) -> Iterator[None]:
    """Tell ``listener`` of every checked call, its arguments by name, and its result.

    Every call is judged in full, also where it would have been remembered. Those who listen already
    go on hearing.
    """
    if not callable(listener):
        raise TypeError(f"listen: expected a listener; got {listener!r}")
    others = _listener.get()
    together = listener if others is None else _both(others, listener)
    heard, before = _listener.set(together), mode.set(together)
    try:
        yield
    finally:
        mode.reset(before)
        _listener.reset(heard)


def _both(first: Listener, second: Listener) -> Listener:
    @contextmanager
    def hear(law: Any, arguments: Mapping[str, Any]) -> Iterator[Callable[[Any], None]]:
        with first(law, arguments) as tell_first, second(law, arguments) as tell_second:

            def tell(result: Any) -> None:
                tell_first(result)
                tell_second(result)

            yield tell

    return hear


class enforce:  # used like a function
    """Turn every ``@shapechecked`` on or off, from here on or for a ``with`` block.

    Each thread and each asyncio task has a switch of its own; a new thread starts as the
    environment variable says, a new task as the one that made it.

    Args:
        on: whether functions are held to their shapes.
    """

    def __init__(self, on: bool = True) -> None:
        if not isinstance(on, bool):
            raise TypeError(f"enforce: expected True or False; got {type(on).__name__}")
        self._before = mode.set((_listener.get() or ON) if on else OFF)

    def __enter__(self) -> "enforce":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        mode.reset(self._before)
