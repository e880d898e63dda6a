"""What a call may change, and copies of it, so that the call can be made again from its beginning.

Copied are the object that a method belongs to, the arguments, what the person's modules hold that
can change (arrays, containers, objects; no modules, classes or functions), and the random numbers
of Python, NumPy and PyTorch.

>>> numbers = [1]
>>> state = State(numbers.append, (2,), {}, [])
>>> with state.again() as append:
...     append()
>>> numbers
[1]
"""

import copy
import random
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import partial
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

MOST_BYTES = 2**28
NOT_CHANGED = (
    ModuleType,
    type,
    FunctionType,
    BuiltinFunctionType,
    str,
    int,
    float,
    bool,
    type(None),
)


class NotAgain(Exception):
    """A call that cannot be made again, and why."""


class State:
    """The beginning of a call."""

    def __init__(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        files: Collection[str],
    ) -> None:
        """Copy all that the call may change; where that fails, ``again`` will say so."""
        self.function = function
        self.why_not = ""
        self.random = _random_state()
        self.modules = {
            name: module
            for name, module in [*sys.modules.items()]
            if getattr(module, "__file__", None) in files
        }
        whole = (
            getattr(function, "__self__", None),
            args,
            kwargs,
            {name: _changeable(module) for name, module in self.modules.items()},
        )
        try:
            if (size := _bytes(whole)) > MOST_BYTES:
                raise NotAgain(f"it may change {size >> 20} MB, and {MOST_BYTES >> 20} are copied")
            self.kept = copy.deepcopy(whole)
        except Exception as error:
            self.why_not = f"{type(error).__name__}: {error}"

    @contextmanager
    def again(self) -> Iterator[Callable[[], Any]]:
        """The call on copies; what it changes in modules is put back behind the block.

        Raises:
            NotAgain: what it may change could not be copied.
        """
        if self.why_not:
            raise NotAgain(f"cannot be run again: {self.why_not}")
        owner, args, kwargs, names = copy.deepcopy(self.kept)
        function = self.function
        if owner is not None and hasattr(function, "__self__"):
            function = getattr(owner, function.__name__)
        before = {name: dict(vars(module)) for name, module in self.modules.items()}
        numbers = _random_state()
        try:
            for name, module in self.modules.items():
                vars(module).update(names[name])
            _set_random_state(self.random)
            yield partial(function, *args, **kwargs)
        finally:
            for name, module in self.modules.items():
                vars(module).clear()
                vars(module).update(before[name])
            _set_random_state(numbers)


def _changeable(module: ModuleType) -> dict[str, Any]:
    return {
        name: value
        for name, value in vars(module).items()
        if not name.startswith("__") and not isinstance(value, NOT_CHANGED)
    }


def _bytes(value: Any, seen: set[int] | None = None) -> int:
    """The bytes of the arrays inside containers and objects."""
    seen = set() if seen is None else seen
    if id(value) in seen or isinstance(value, NOT_CHANGED):
        return 0
    seen.add(id(value))
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, dict):
        return sum(_bytes(item, seen) for item in [*value.values()])
    if isinstance(value, list | tuple | set):
        return sum(_bytes(item, seen) for item in value)
    if isinstance(value, MethodType):
        return _bytes(value.__self__, seen)
    own = getattr(value, "__dict__", None)
    return _bytes(own, seen) if isinstance(own, dict) else 0


def _random_state() -> list[Any]:
    torch = sys.modules.get("torch")
    own = torch.get_rng_state() if torch is not None else None
    legacy = np.random.get_state()  # noqa: NPY002  # what a person may still use
    return [random.getstate(), legacy, own]


def _set_random_state(state: list[Any]) -> None:
    random.setstate(state[0])
    np.random.set_state(state[1])  # noqa: NPY002
    torch = sys.modules.get("torch")
    if torch is not None and state[2] is not None:
        torch.set_rng_state(state[2])
