"""What a call may change, and copies of it, so that the call can be made again from its beginning.

Copied are the function itself where it holds something (a method's object, a closure, a partial),
the arguments, what the code that may run names of its modules (arrays, containers, objects), and
the random numbers of Python, NumPy and PyTorch. Modules, classes and functions are what they were.
Not copied are attributes of classes, default arguments, files and whatever else lies outside.

>>> numbers = [1]
>>> state = State(numbers.append, (2,), {}, [])
>>> with state.again() as append:
...     append()
>>> numbers
[1]
"""

import copy
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pickle import PicklingError
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

from shapecheck_bp.reading.copies import Copier, NotAgain
from shapecheck_bp.reading.passing import FAULTS, is_anothers
from shapecheck_bp.reading.safety import random_state, set_random_state

Space = dict[str, Any]
ABSENT = object()


class State:
    """The beginning of a call."""

    def __init__(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        named: Iterable[tuple[Space, Iterable[str]]],
        copier: Copier | None = None,
    ) -> None:
        """Copy all that the call may change; where that fails, ``again`` will say so.

        ``named`` has, for each module, its dictionary and the names in it that matter.
        """
        self.why_not = ""
        self.random = random_state()
        named = [*named]
        self.spaces = [space for space, _ in named]
        values = [{name: space[name] for name in names if name in space} for space, names in named]
        self.fixed = [_chosen(names, _is_fixed) for names in values]
        values = [_chosen(names, lambda value: not _is_fixed(value)) for names in values]
        copier = copier or Copier()
        self.entries = copier.entries
        try:
            self.kept = copier.copy([function, args, kwargs, values])
        except NotAgain as error:
            self.why_not = str(error)
        except (*FAULTS, copy.Error, PicklingError) as error:
            if is_anothers(error):
                raise
            self.why_not = f"{type(error).__name__}: {error}"

    @contextmanager
    def again(self, copier: Copier | None = None) -> Iterator["partial[Any]"]:
        """The call on copies; what it changes in modules is put back behind the block.

        Raises:
            NotAgain: what it may change could not be copied.
        """
        if self.why_not:
            raise NotAgain(f"cannot be run again: {self.why_not}")
        copier = copier or Copier()
        copier.entries = self.entries
        function, args, kwargs, values = copier.copy(self.kept)
        before = [dict(space) for space in self.spaces]
        numbers = random_state()
        try:
            for space, fixed, own in zip(self.spaces, self.fixed, values, strict=True):
                space.update(fixed | own)
            set_random_state(self.random)
            yield partial(function, *args, **kwargs)
        finally:
            for space, names in zip(self.spaces, before, strict=True):
                _put_back(space, names)
            set_random_state(numbers)


def _is_fixed(value: Any) -> bool:
    """Whether a name may come to stand for something else, but what it stands for is the same."""
    return issubclass(type(value), (ModuleType, type, FunctionType, BuiltinFunctionType))


def _chosen(names: Space, wanted: Callable[[Any], bool]) -> Space:
    return {name: value for name, value in names.items() if wanted(value)}


def _put_back(space: Space, names: Space) -> None:
    for name in [*space]:
        if name not in names:
            del space[name]
    for name, value in names.items():
        if space.get(name, ABSENT) is not value:
            space[name] = value
