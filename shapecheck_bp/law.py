"""One function's declared shapes, and what holds the function to them.

``checked`` makes the function that people call. Its code (``wrapper``) is written at the first
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
from types import FunctionType
from typing import Any, get_type_hints

from jaxtyping import Float

from shapecheck_bp.arrays import Array, dtype_name, library_name
from shapecheck_bp.errors import ShapeError
from shapecheck_bp.leaves import RESULT, Leaf, first_misfit, leaves_of
from shapecheck_bp.memory import PREFIX, Memory, NotMemorable, Results, key
from shapecheck_bp.switch import Listener, mode
from shapecheck_bp.twin import twins_of
from shapecheck_bp.wrapper import defaults, wrapper_source


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


class Law:
    """What a function declares, and what has been found to keep it."""

    def __init__(self, function: Callable[..., Any]) -> None:
        """Keep the function; its annotations are read at the first call."""
        self.function = function
        self.memory = Memory()
        self.twin: Callable[..., Any] | None = None
        self.learns = False
        self.waits = "await " if inspect.iscoroutinefunction(function) else ""
        self.names: dict[str, Any] = {
            "__builtins__": builtins,
            f"{PREFIX}law": self,
            f"{PREFIX}function": function,
            f"{PREFIX}memory": self.memory,
            f"{PREFIX}mode": mode,
            f"{PREFIX}dict": dict,
            f"{PREFIX}Exception": Exception,
        }
        stub = _not_yet_async if self.waits else _not_yet
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
        names, hints = self.names, self.hints
        keys = [""]
        try:
            keys = [self._key(parameter) for parameter in self.signature.parameters.values()]
            signature = f"({', '.join(filter(None, keys))},)" if any(keys) else "()"
            result = key(hints.get("return", Any), f"{PREFIX}result", names)
            outcome = f"({result},)" if result else "()"
        except NotMemorable:
            signature = outcome = "None"
        twins = twins_of(self.function)
        if twins:
            self.twin = twins.functions[self.function.__name__]
            # Only what all arguments are remembered by may be taken for granted in a program.
            self.learns = twins.as_shipped and all(keys)
            names[f"{PREFIX}look"], names[f"{PREFIX}seen"] = twins.look, twins.seen
            names[f"{PREFIX}names"] = self.function.__globals__
        source = wrapper_source(self.signature, self.waits, signature, outcome, bool(twins))
        made: dict[str, Any] = {}
        exec(compile(source, f"<{self.function.__name__}, shapechecked>", "exec"), made)
        self.wrapper.__globals__.update(names)  # a copy sent by cloudpickle has globals of its own
        self.wrapper.__defaults__, self.wrapper.__kwdefaults__ = defaults(self.signature)
        self.wrapper.__code__ = made["checked"].__code__  # last: another thread may call it now

    def _key(self, parameter: inspect.Parameter) -> str:
        """What an argument is remembered by; a default that is trusted is told from the rest."""
        found = key(self.hints.get(parameter.name, Any), parameter.name, self.names)
        if not found or parameter.default is parameter.empty:
            return found
        self.names[default := f"{PREFIX}default_{parameter.name}"] = parameter.default
        return f"{parameter.name} is {default} or ({found},)"

    def before(
        self, signature: Hashable, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Results:
        """Judge arguments that have not passed yet; return the results that they have had."""
        __tracebackhide__ = True
        self.check_arguments(args, kwargs)
        results = Results() if signature is None else self.memory.results(signature)
        if self.twin is not None:
            results.repeat = partial(self._learn, results, self.twin)
        return results

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
        if "return" in self.hints:
            arguments = self.bind(args, kwargs)
            self._check([*self.leaves(arguments), *self.returned(result, arguments)])
        if outcome is not None:
            Memory.keep(results, outcome)

    def _learn(self, results: Results, twin: Callable[..., Any], *args: Any) -> Any:
        """A signature's second call: write the program that later ones are."""
        from shapecheck_bp.replay import has_settings, learn  # when something is called again

        # With a setting, such as a block_size, there is none; then the steps may have their own.
        plain = self.learns and not has_settings(args)
        results.repeat = twin if plain else self.function
        if not plain:
            return self.function(*args)
        program, result = learn(twin, args, self.signature.parameters)
        self.memory.program(results, program)
        return result

    @contextmanager
    def heard(
        self, listener: Listener, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Iterator[Callable[[Any], None]]:
        """Tell who listens, and judge the arguments; what is given does so with the result."""
        __tracebackhide__ = True
        with listener(self, self.bind(args, kwargs)) as tell:
            self.check_arguments(args, kwargs)

            def done(result: Any) -> None:
                __tracebackhide__ = True
                self.after(Results(), None, result, args, kwargs)
                tell(result)

            yield done

    def check_arguments(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> list[Leaf]:
        """Judge arguments, whether or not they have passed before, and return their leaves."""
        __tracebackhide__ = True
        leaves = self.leaves(self.bind(args, kwargs))
        self._check(leaves)
        return leaves

    def run(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Call the function with every check on, whether or not the switch is."""
        __tracebackhide__ = True
        self.check_arguments(args, kwargs)
        result = self.function(*args, **kwargs)
        if self.waits:
            result = _wait_for(result)
        self.after(Results(), None, result, args, kwargs)
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
            raise self._refusal("misfit", leaves, misfit)
        arrays = [leaf for leaf in leaves if getattr(leaf.hint, "array_type", None) is Array]
        if hollow := next((leaf for leaf in arrays if 0 in leaf.value.shape), None):
            raise self._refusal("empty", hollow)
        floats = [leaf for leaf in arrays if leaf.hint.dtype is Float]
        for kind, alike in ((library_name, arrays), (dtype_name, floats)):
            kinds = [kind(leaf.value) for leaf in alike]
            if len(set(kinds)) > 1:
                raise self._refusal("mixed", alike, kinds)

    def _refusal(self, why: str, *found: Any) -> ShapeError:
        from shapecheck_bp import messages  # when there is something to say

        return ShapeError(**getattr(messages, why)(self.function, *found))


def _wait_for(coroutine: Any) -> Any:
    """A coroutine's result, also where a loop is running already, as in a notebook."""
    import asyncio  # takes 15 ms, which only those pay who verify an async function
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()
