"""What a function declares, and a call of it leaf by leaf.

>>> from jaxtyping import Float
>>> def scaled(X: "Float[Any, 'n m']", *by: float) -> None: ...
>>> Declared(scaled).hints["by"], Declared(scaled).bind((1, 2, 3), {})["by"]
(tuple[float, ...], (2, 3))
"""

import inspect
import sys
from collections.abc import Callable, Mapping
from functools import cached_property
from types import FunctionType
from typing import Any, ParamSpecArgs, ParamSpecKwargs, Unpack, get_args, get_origin

from shapecheck_bp.shapes.annotations import array_hints
from shapecheck_bp.shapes.leaves import RESULT, Leaf, Place, leaves_of, walk_fields
from shapecheck_bp.shapes.names import (
    annotations_of,
    names_around,
    read_hints,
    signature_of,
)
from shapecheck_bp.shapes.records import is_record

_ANY_NUMBER = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


class Declared:
    """A function's parameters and annotations, which are read when somebody asks.

    ``wrapper`` is what people call in its place, and may say ``no_type_check`` of.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        """Keep the function, and what is local to where it is being decorated."""
        self.function = self.wrapper = function
        self.makes_record = False
        self.names_around = names_around(function, annotations_of(function))

    @cached_property
    def signature(self) -> inspect.Signature:
        """The function's parameters; of a wrapper that takes anything, those of what it wraps."""
        signature = signature_of(self.function)
        if isinstance(self.function, FunctionType):
            own = signature_of(self.function, follow_wrapped=False)
            if not all(parameter.kind in _ANY_NUMBER for parameter in own.parameters.values()):
                return own
        return signature

    @cached_property
    def hints(self) -> dict[str, Any]:
        """Annotations by name; of *args and **kwargs as the tuple and the dict that they become."""
        if getattr(self.wrapper, "__no_type_check__", False):
            return {}
        # The constructor of a NamedTuple has globals of its own, and none of its module's names.
        own = getattr(inspect.unwrap(self.function), "__globals__", {})
        module = getattr(sys.modules.get(self.function.__module__), "__dict__", own)
        annotations = annotations_of(self.function)
        declared = read_hints(self.function, annotations, self.names_around, own, module)
        declared = {name: _any_tuple(hint) for name, hint in declared.items()}
        hints = {"return": declared["return"]} if "return" in declared else {}
        for name, parameter in self.signature.parameters.items():
            if name not in declared:
                continue
            hint = declared[name]
            if parameter.kind in _ANY_NUMBER and _is_unpacked(hint):
                if not is_record(hint := next(iter(get_args(hint)), Any)):
                    continue
            elif parameter.kind is parameter.VAR_POSITIONAL:
                hint = tuple.__class_getitem__((hint, ...))
            elif parameter.kind is parameter.VAR_KEYWORD:
                hint = dict.__class_getitem__((str, hint))
            hints[name] = hint
        return hints

    @cached_property
    def hints_and_result(self) -> dict[str, Any]:
        """Annotations by name and, of the result, by its path."""
        return {**self.hints, RESULT: self.hints.get("return", Any)}

    @cached_property
    def every_item(self) -> list[str]:
        """The parameters that are any number of arguments, each of which is looked at."""
        parameters = self.signature.parameters.items()
        return [
            name
            for name, parameter in parameters
            if parameter.kind in _ANY_NUMBER and not is_record(self.hints.get(name))
        ]

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
            if value is not parameters[name].default
            or (hasattr(value, "dtype") and array_hints(self.hints.get(name)))
        }
        return leaves_of(self.hints, given, arguments, self.every_item)

    def returned(self, result: Any, arguments: Mapping[str, Any]) -> list[Leaf]:
        """The leaves of a result; of a record that has just been made, those of its fields."""
        made = self.hints.get("return")
        if self.makes_record and is_record(made):
            return list(walk_fields(RESULT, made, result, Place({}, arguments), made=True))
        return leaves_of(self.hints_and_result, {RESULT: result}, arguments)


def _any_tuple(hint: Any) -> Any:
    """A tuple of whatever it is, as beartype before 0.23 does not know ``tuple[*Ts]``."""
    parts = get_args(hint) if get_origin(hint) is tuple else ()
    return tuple if [get_origin(part) for part in parts] == [Unpack] else hint


def _is_unpacked(hint: Any) -> bool:
    """Whether this is said of all of ``*args`` or ``**kwargs``, and not of each."""
    in_general = isinstance(hint, ParamSpecArgs | ParamSpecKwargs)
    return in_general or get_origin(hint) is Unpack or getattr(hint, "__unpacked__", False)
