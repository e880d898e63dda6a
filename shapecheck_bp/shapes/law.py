"""One function's declared shapes, and what holds the function to them.

``checked`` makes the function that people call. Its code (``writing``) is written at the first
call, when every name in the annotations is known: it looks the signature up in the memory, and asks
``before`` and ``after``, which judge leaf by leaf, about what has not passed yet.
"""

import builtins
import inspect
import sys
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial, wraps
from threading import RLock
from types import FunctionType
from typing import Any, NamedTuple

from jaxtyping import AnnotationError, Float

from shapecheck_bp.shapes.arrays import dtype_name, library_name
from shapecheck_bp.shapes.declared import Declared
from shapecheck_bp.shapes.judging import first_misfit
from shapecheck_bp.shapes.keys import PREFIX
from shapecheck_bp.shapes.leaves import Leaf, of_ours
from shapecheck_bp.shapes.memory import NOTHING, Known, Memory, Results
from shapecheck_bp.shapes.names import names_in_body
from shapecheck_bp.shapes.records import is_called_by_carrier
from shapecheck_bp.shapes.scopes import Scope
from shapecheck_bp.shapes.switch import OFF, Listener, mode
from shapecheck_bp.shapes.writing import Writer


def _not_yet(*args: Any, **kwargs: Any) -> Any:
    __tracebackhide__ = True
    _shapecheck_write()  # type: ignore[name-defined]
    return _shapecheck_law.wrapper(*args, **kwargs)  # type: ignore[name-defined]


async def _not_yet_async(*args: Any, **kwargs: Any) -> Any:
    __tracebackhide__ = True
    _shapecheck_write()  # type: ignore[name-defined]
    return await _shapecheck_law.wrapper(*args, **kwargs)  # type: ignore[name-defined]


_writing = RLock()  # one for all: a law with one of its own could not be pickled


def checked(
    function: Callable[..., Any], conf: Any = None, makes_record: bool = False
) -> Callable[..., Any]:
    """The same function, held to its annotations."""
    return wraps(function)(Law(function, conf, makes_record).wrapper)


def law_of(function: Callable[..., Any]) -> "Law | None":
    """The law that a function is held to, if it is a checked one."""
    law = getattr(function, "__globals__", {}).get(f"{PREFIX}law")
    return law if isinstance(law, Law) else None


class Repeats(NamedTuple):
    """How calls of a function that have passed, arguments and result, may be repeated.

    While ``look(where) == seen``, the second call of a signature is ``second_call(results, *args)``
    and later ones are ``results.repeat(*args)``, where something better may have been put. What a
    compiler reads is ``unchecked``, the function without the checks of its steps.
    """

    unchecked: Callable[..., Any]
    second_call: Callable[..., Any]
    look: Callable[[Any], Any]
    where: Any
    seen: Any


class Law(Declared):
    """What a function declares, and which of its calls have kept it.

    Whoever knows how its calls may be repeated without their checks says so in ``repeats``, before
    the first call.
    """

    remembers_all: bool
    """Whether no argument is left out of a signature; known from the first call on."""

    def __init__(
        self, function: Callable[..., Any], conf: Any = None, makes_record: bool = False
    ) -> None:
        """Keep the function; its annotations are read at the first call.

        Args:
            function: what is held to its annotations.
            conf: the BeartypeConf for annotations that hold no arrays, if not the usual.
            makes_record: whether it is the constructor of a record, which a library that carries
                trees fills with whatever it likes.
        """
        super().__init__(function)
        self.conf = conf
        self.makes_record = makes_record
        self.memory = Memory()
        self.repeats: Repeats | None = None
        self.is_async = inspect.iscoroutinefunction(function)

        def write() -> bool:
            self.write_code()
            return True

        write._dynamo_marked_constant = True  # type: ignore[attr-defined]  # see compiling
        self.names: dict[str, Any] = {
            "__builtins__": builtins,
            f"{PREFIX}write": write,
            f"{PREFIX}TypeError": TypeError,
            f"{PREFIX}law": self,
            f"{PREFIX}function": function,
            f"{PREFIX}memory": self.memory,
            f"{PREFIX}mode": mode,
            f"{PREFIX}Exception": Exception,
        }
        if "torch" in sys.modules:
            self.names = names_in_body(function) | self.names
        stub = _not_yet_async if self.is_async else _not_yet
        self.wrapper = FunctionType(stub.__code__, self.names, function.__name__)

    def write_code(self) -> None:
        """Give the checked function its code, once, whichever thread calls it first."""
        with _writing:
            if self.wrapper.__code__ in (_not_yet.__code__, _not_yet_async.__code__):
                self._write_code()

    def _write_code(self) -> None:
        writer = Writer(self.signature, self.hints, self.conf, self.makes_record)
        self.remembers_all = writer.remembers_all
        names, read_as = dict(self.names), ""
        if self.repeats is not None:
            _, _, *repeats = self.repeats
            names |= zip((f"{PREFIX}look", f"{PREFIX}where", f"{PREFIX}seen"), repeats, strict=True)
        plans = None
        if "torch" in sys.modules and not self.is_async:
            from shapecheck_bp.shapes import compiling

            read_as = self.function.__name__
            parameters = [parameter.name for parameter in writer.parameters]
            plans, read = compiling.read_by(self, parameters, PREFIX)
            names |= read
            compiling.forget(self.wrapper)
        source = writer.source(self.is_async, self.repeats is not None, read_as, plans)
        writer.give(self.wrapper, source, names)

    def before(self, signature: Hashable, arguments: Mapping[str, Any]) -> Results:
        """Judge arguments that have not passed yet; return the results that they have had."""
        __tracebackhide__ = True
        if self.makes_record and is_called_by_carrier(sys._getframe(1)):
            return Results()
        known = self._check(self.leaves(arguments), arguments)
        try:
            results = Results() if signature is None else self.memory.results(signature)
        except TypeError:  # a shape or dtype that cannot be hashed: it is judged at every call
            results = Results()
        results.known = known
        return results

    def after(
        self, results: Results, outcome: Hashable, result: Any, arguments: Mapping[str, Any]
    ) -> None:
        """Judge a result that these arguments have not had yet, and remember it."""
        __tracebackhide__ = True
        if self.makes_record and is_called_by_carrier(sys._getframe(1)):
            return
        self.check_result(result, arguments, results.known)
        if outcome is not None:
            with suppress(TypeError):
                results.keep(outcome)
            if self.repeats is not None and results.repeat is None:
                results.repeat = partial(self.repeats.second_call, results)

    def scope_in(self, local: dict[str, Any]) -> Scope | None:
        """The sizes of a call of which these are the locals, while its body runs."""
        name = f"{PREFIX}scope"
        if name not in local:
            results = local.get(f"{PREFIX}results")
            is_off = local.get(f"{PREFIX}now") is OFF
            if results is None and not is_off and f"{PREFIX}done" not in local:
                return None
            arguments = {each: local[each] for each in self.signature.parameters if each in local}
            known = NOTHING if results is None else results.known
            scopes = {"": known.scope.copy(arguments)}
            if results is None and not is_off:
                first_misfit(self.leaves(arguments), scopes, self.conf)
            local[name] = scopes[""]
        scope: Scope = local[name]
        return scope

    @contextmanager
    def heard(
        self, listener: Listener, arguments: Mapping[str, Any]
    ) -> Iterator[Callable[[Any], None]]:
        """Tell a listener of a call and judge its arguments; yield what does so with its result."""
        __tracebackhide__ = True
        with listener(self, arguments) as tell:
            self._check(self.leaves(arguments), arguments)

            def done(result: Any) -> None:
                __tracebackhide__ = True
                self.check_result(result, arguments)
                tell(result)

            yield done

    def check_arguments(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> list[Leaf]:
        """Judge arguments, whether or not they have passed before, and return their leaves."""
        __tracebackhide__ = True
        arguments = self.bind(args, kwargs)
        leaves = self.leaves(arguments)
        self._check(leaves, arguments)
        return leaves

    def check_result(
        self, result: Any, arguments: Mapping[str, Any], known: Known | None = None
    ) -> None:
        """Judge a result of these arguments, whether or not they have had it before.

        Args:
            result: what was returned.
            arguments: the arguments by name, defaults included.
            known: what is known of the arguments, if they have just passed.
        """
        __tracebackhide__ = True
        if "return" in self.hints:
            leaves = self.returned(result, arguments)
            if known is None:
                leaves = [*self.leaves(arguments), *leaves]
            self._check(leaves, arguments, known)

    def _check(
        self, leaves: list[Leaf], arguments: Mapping[str, Any], known: Known | None = None
    ) -> Known:
        """Judge leaves, which follow on those that ``known`` is of; return what is known then."""
        __tracebackhide__ = True
        scope, libraries, dtypes = known or NOTHING
        scopes = {"": scope.copy(arguments)}
        try:
            misfit = first_misfit(leaves, scopes, self.conf)
        except AnnotationError as error:
            raise AnnotationError(f"{self.function.__qualname__}: {error}") from error
        arrays = [] if misfit else of_ours(leaves)
        if arrays:
            libraries |= {library_name(leaf.value) for leaf in arrays}
            dtypes |= {dtype_name(leaf.value) for leaf in arrays if leaf.hint.dtype is Float}
        empty = any(0 in leaf.value.shape for leaf in arrays)
        if misfit or empty or len(libraries) > 1 or len(dtypes) > 1:
            from shapecheck_bp.shapes import words  # a program that fits needs none

            whole = [*(self.leaves(arguments) if known else ()), *leaves]
            raise words.refusal(self.function, whole, misfit)
        scopes[""].memos = (*scopes[""].memos[:3], {})  # the arguments themselves are not kept
        return Known(scopes[""], libraries, dtypes)
