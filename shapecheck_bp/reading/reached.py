"""Which of a person's functions a call may come to, and which names of their modules it may use.

From the function that is called and its arguments on: what a function's code names, its closure,
what containers and objects hold, the methods of classes. Nothing is called, and no attribute is
asked for in a way that a person's class could answer. What another compiler has made of a function
(Numba, ``torch.compile``) is not gone into.
"""

import gc
import sys
from collections.abc import Iterator
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any

import numpy as np

from shapecheck_bp.reading.failing import is_a_persons, is_a_persons_file

MOST = 50_000  # things that are looked at
MOST_OF_ONE = 1_000  # entries of a container
ATOMS = (str, bytes, bool, int, float, complex, type(None), range, slice, np.ndarray, np.generic)
COMPILERS = ("numba", "torch._dynamo", "triton")
WRITTEN_IN_PYTHON = 1 << 9  # Py_TPFLAGS_HEAPTYPE


class Reached:
    """What a call may come to."""

    def __init__(self, *roots: Any) -> None:
        """Go from the roots as far as a person's code goes."""
        self.functions: dict[int, FunctionType] = {}
        self.named: dict[int, tuple[dict[str, Any], set[str]]] = {}
        """The names that a person's functions name of a module, by its dictionary's identity."""
        self._names: set[str] = set()
        self._modules: dict[int, dict[str, Any]] = {}
        self._seen: dict[int, Any] = {}
        self._todo: list[Any] = [*roots]
        while self._todo and len(self._seen) < MOST:
            thing = self._todo.pop()
            if not issubclass(type(thing), ATOMS) and id(thing) not in self._seen:
                self._seen[id(thing)] = thing
                self._look_into(thing)
        self._seen.clear()

    def _look_into(self, thing: Any) -> None:
        kind = type(thing)
        if kind is FunctionType:
            self._function(thing)
        elif kind is CodeType or kind is FrameType:
            return
        elif issubclass(kind, ModuleType):
            if _is_a_persons_module(thing):
                self._module(_space(thing))
        elif issubclass(kind, type):
            if is_a_persons_class(thing):
                self._todo += [*own_names(thing).values()]
                self._todo += mro_of(thing)[1:]
        elif not module_of(kind).startswith(COMPILERS):
            self._todo += gc.get_referents(thing)[:MOST_OF_ONE]
            self._todo.append(kind)

    def _function(self, function: FunctionType) -> None:
        if (function.__module__ or "").startswith(COMPILERS):
            return
        parts = (function.__closure__, function.__defaults__, function.__kwdefaults__)
        self._todo += [part for part in (*parts, function.__dict__) if part]
        if not is_a_persons(function.__code__):
            return
        self.functions[id(function)] = function
        space = function.__globals__
        package = space.get("__package__") or ""
        names = {*_names_in(function.__code__)}
        named = self.named.setdefault(id(space), (space, set()))[1]
        for name in names:
            if name in space:
                named.add(name)
                self._todo.append(space[name])
            for module in (sys.modules.get(name), sys.modules.get(f"{package}.{name}")):
                if type(module) is ModuleType:
                    self._todo.append(module)
        for name in names - self._names:
            self._todo += [space[name] for space in self._modules.values() if name in space]
        self._names |= names

    def _module(self, space: dict[str, Any]) -> None:
        self._modules[id(space)] = space
        self._todo += [space[name] for name in self._names if name in space]


def _names_in(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for value in code.co_consts:
        if isinstance(value, CodeType):
            yield from _names_in(value)
        elif isinstance(value, str) and value.isidentifier():  # as for getattr
            yield value


def mro_of(kind: type) -> tuple[type, ...]:
    """The classes that a class is made of, whatever its metaclass says."""
    return type.__dict__["__mro__"].__get__(kind)  # type: ignore[no-any-return]


def own_names(kind: type) -> Any:
    """What a class defines itself, by name, whatever its metaclass says."""
    return type.__dict__["__dict__"].__get__(kind)


def module_of(kind: type) -> str:
    """The name of the module that a class says it is from, whatever its metaclass says."""
    try:
        name = type.__dict__["__module__"].__get__(kind)
    except AttributeError:
        name = None
    return name if type(name) is str else ""


def is_of_python(kind: type) -> bool:
    """Whether a class was made while Python ran, and is not built in."""
    return bool(type.__dict__["__flags__"].__get__(kind) & WRITTEN_IN_PYTHON)


def is_a_persons_class(kind: type) -> bool:
    """Whether a class was written by a person, and by no library."""
    if not is_of_python(kind):
        return False
    module = sys.modules.get(module_of(kind))
    return type(module) is not ModuleType or _is_a_persons_module(module)


def _is_a_persons_module(module: ModuleType) -> bool:
    space = _space(module)
    name = space.get("__file__")
    if type(name) is str:
        return is_a_persons_file(name)
    return space.get("__spec__") is None  # a notebook, or made by hand


def _space(module: ModuleType) -> dict[str, Any]:
    """The names of a module, also of one that is loaded when it is asked for anything."""
    names: Any = own_names(ModuleType)["__dict__"]
    return names.__get__(module)  # type: ignore[no-any-return]
