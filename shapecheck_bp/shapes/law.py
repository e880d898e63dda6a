"""One function's declared shapes, and what holds the function to them.

``checked`` makes the function that people call. Its code (``writing``) is written at the first
call, when every name in the annotations is known: it looks the signature up in the memory, and asks
``before`` and ``after``, which judge leaf by leaf, about what has not passed yet.
"""

import builtins
import inspect
import sys
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property, partial, wraps
from threading import RLock
from types import FunctionType, ModuleType
from typing import Any, NamedTuple, get_type_hints

from jaxtyping import Float

from shapecheck_bp.shapes.arrays import Array, dtype_name, library_name
from shapecheck_bp.shapes.leaves import RESULT, Leaf, first_misfit, leaves_of
from shapecheck_bp.shapes.memory import Memory, Results
from shapecheck_bp.shapes.switch import Listener, mode
from shapecheck_bp.shapes.writing import PREFIX, Writer


def _not_yet(*args: Any, **kwargs: Any) -> Any:
    return _shapecheck_law.write_code()(*args, **kwargs)  # type: ignore[name-defined]


async def _not_yet_async(*args: Any, **kwargs: Any) -> Any:
    return await _shapecheck_law.write_code()(*args, **kwargs)  # type: ignore[name-defined]


_writing = RLock()  # one for all: a law with one of its own could not be pickled


def checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, held to its annotations."""
    law = Law(function)
    return wraps(function)(law.wrapper)


def law_of(function: Callable[..., Any]) -> "Law | None":
    """The law that a function is held to, if it is a checked one."""
    law = getattr(function, "__globals__", {}).get(f"{PREFIX}law")
    return law if isinstance(law, Law) else None


class Repeats(NamedTuple):
    """How calls of a function that have passed, arguments and result, may be repeated.

    While ``look(where) == seen``, the second call of a signature is ``second_call(results, *args)``
    and later ones are ``results.repeat(*args)``, where something better may have been put.
    """

    second_call: Callable[..., Any]
    look: Callable[[Any], Any]
    where: Any
    seen: Any


class Law:
    """What a function declares, and which of its calls have kept it.

    Whoever knows how its calls may be repeated without their checks says so in ``repeats``, before
    the first call.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        """Keep the function; its annotations are read at the first call."""
        self.function = function
        self.memory = Memory()
        self.repeats: Repeats | None = None
        self.remembers_all = False  # whether no argument is left out of a signature
        self.is_async = inspect.iscoroutinefunction(function)
        self.names: dict[str, Any] = {
            "__builtins__": builtins,
            f"{PREFIX}law": self,
            f"{PREFIX}function": function,
            f"{PREFIX}memory": self.memory,
            f"{PREFIX}mode": mode,
            f"{PREFIX}dict": dict,
            f"{PREFIX}Exception": Exception,
        }
        stub = _not_yet_async if self.is_async else _not_yet
        self.wrapper = FunctionType(stub.__code__, self.names, function.__name__)

    @cached_property
    def signature(self) -> inspect.Signature:
        """The function's parameters."""
        return inspect.signature(self.function)

    @cached_property
    def hints(self) -> dict[str, Any]:
        """Annotations by name; of *args and **kwargs as the tuple and the dict that they become."""
        # The constructor of a NamedTuple has globals of its own, and none of its module's names.
        own = getattr(inspect.unwrap(self.function), "__globals__", {})
        module = getattr(sys.modules.get(self.function.__module__), "__dict__", own)
        declared = get_type_hints(self.function, module, own, include_extras=True)
        for name, parameter in self.signature.parameters.items():
            if name in declared and parameter.kind is parameter.VAR_POSITIONAL:
                declared[name] = tuple.__class_getitem__((declared[name], ...))
            if name in declared and parameter.kind is parameter.VAR_KEYWORD:
                declared[name] = dict.__class_getitem__((str, declared[name]))
        return declared

    def write_code(self) -> FunctionType:
        """Give the checked function its code, once, whichever thread calls it first."""
        with _writing:
            if self.wrapper.__code__ in (_not_yet.__code__, _not_yet_async.__code__):
                self._write_code()
        return self.wrapper

    def _write_code(self) -> None:
        writer = Writer(self.signature, self.hints)
        self.remembers_all = writer.remembers_all
        names = self.names | writer.names
        if self.repeats is not None:
            _, *repeats = self.repeats
            names |= zip((f"{PREFIX}look", f"{PREFIX}where", f"{PREFIX}seen"), repeats, strict=True)
        source = writer.source(self.is_async, self.repeats is not None)
        made: dict[str, Any] = {}
        exec(compile(source, f"<{self.function.__name__}, shapechecked>", "exec"), made)
        self.wrapper.__globals__.update(names)  # a copy sent by cloudpickle has globals of its own
        self.wrapper.__defaults__, self.wrapper.__kwdefaults__ = _defaults(self.signature)
        self.wrapper.__code__ = made["checked"].__code__  # last: another thread may call it now

    def before(
        self, signature: Hashable, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Results:
        """Judge arguments that have not passed yet; return the results that they have had."""
        __tracebackhide__ = True
        self.check_arguments(args, kwargs)
        return Results() if signature is None else self.memory.results(signature)

    def after(
        self,
        results: Results,
        outcome: Hashable,
        result: Any,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
    ) -> None:
        """Judge a result that these arguments have not had yet, and remember it."""
        __tracebackhide__ = True
        self.check_result(result, args, kwargs)
        if outcome is not None:
            results.keep(outcome)
            if self.repeats is not None and results.repeat is None:
                results.repeat = partial(self.repeats.second_call, results)

    @contextmanager
    def heard(
        self, listener: Listener, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Iterator[Callable[[Any], None]]:
        """Tell a listener of a call and judge its arguments; yield what does so with its result."""
        __tracebackhide__ = True
        with listener(self, self.bind(args, kwargs)) as tell:
            self.check_arguments(args, kwargs)

            def done(result: Any) -> None:
                __tracebackhide__ = True
                self.check_result(result, args, kwargs)
                tell(result)

            yield done

    def check_arguments(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> list[Leaf]:
        """Judge arguments, whether or not they have passed before, and return their leaves."""
        __tracebackhide__ = True
        leaves = self.leaves(self.bind(args, kwargs))
        self._check(leaves)
        return leaves

    def check_result(self, result: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """Judge a result of these arguments, whether or not they have had it before."""
        __tracebackhide__ = True
        if "return" in self.hints:
            arguments = self.bind(args, kwargs)
            self._check([*self.leaves(arguments), *self.returned(result, arguments)])

    def run(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Call the function with every check on, whether or not the switch is."""
        __tracebackhide__ = True
        self.check_arguments(args, kwargs)
        result = self.function(*args, **kwargs)
        if self.is_async:
            result = _wait_for(result)
        self.check_result(result, args, kwargs)
        return result

    def bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
        """The arguments by name, defaults included."""
        bound = self.signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return bound.arguments

    def leaves(self, arguments: Mapping[str, Any]) -> list[Leaf]:
        """The leaves of the arguments; a default is trusted where it is no array, such as None."""
        parameters = self.signature.parameters
        given = {
            name: value
            for name, value in arguments.items()
            if value is not parameters[name].default or hasattr(value, "dtype")
        }
        return leaves_of(self.hints, given, arguments)

    def returned(self, result: Any, arguments: Mapping[str, Any]) -> list[Leaf]:
        """The leaves of a result."""
        hints = {**self.hints, RESULT: self.hints.get("return", Any)}
        return leaves_of(hints, {RESULT: result}, arguments)

    def _check(self, leaves: list[Leaf]) -> None:
        __tracebackhide__ = True
        if misfit := first_misfit(leaves):
            raise _words().misfit(self.function, leaves, misfit)
        arrays = [leaf for leaf in leaves if getattr(leaf.hint, "array_type", None) is Array]
        if empty := next((leaf for leaf in arrays if 0 in leaf.value.shape), None):
            raise _words().empty(self.function, empty)
        floats = [leaf for leaf in arrays if leaf.hint.dtype is Float]
        for kind_of, alike in ((library_name, arrays), (dtype_name, floats)):
            kinds = [kind_of(leaf.value) for leaf in alike]
            if len(set(kinds)) > 1:
                raise _words().mixed(self.function, alike, kinds)


def _words() -> ModuleType:
    """What puts an error together, loaded when there is one: a program that fits needs none."""
    from shapecheck_bp.shapes import words

    return words


def _defaults(signature: inspect.Signature) -> tuple[tuple[Any, ...], dict[str, Any] | None]:
    """What a function has as ``__defaults__`` and ``__kwdefaults__``."""
    by_position: list[Any] = []
    by_name: dict[str, Any] = {}
    for name, parameter in signature.parameters.items():
        if parameter.default is not parameter.empty:
            if parameter.kind is parameter.KEYWORD_ONLY:
                by_name[name] = parameter.default
            else:
                by_position.append(parameter.default)
    return tuple(by_position), by_name or None


def _wait_for(coroutine: Any) -> Any:
    """A coroutine's result, also where a loop is running already, as in a notebook."""
    import asyncio  # takes 15 ms, which only those pay who verify an async function
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()
