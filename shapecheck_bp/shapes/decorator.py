"""The shape law: ``@shapechecked`` holds a function to the shapes it declares.

>>> import numpy as np
>>> from jaxtyping import Float
>>> from shapecheck_bp.shapes import Array
>>> @shapechecked
... def scores(X: Float[Array, "m n"], w: Float[Array, "n 1"]) -> Float[Array, "m 1"]:
...     "s = X @ w"
...     return X @ w
>>> scores(np.ones((5, 3)), np.ones((3, 1))).shape
(5, 1)
>>> scores(np.ones((3, 5)), np.ones((3, 1)))
Traceback (most recent call last):
shapecheck_bp.ShapeError: decorator.scores: X does not fit, and X.T would.
<BLANKLINE>
...
"""

import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property, partial, wraps
from inspect import isclass, isfunction, ismethod, isroutine
from types import CodeType
from typing import Any, TypeVar, is_typeddict, overload

from shapecheck_bp.shapes.law import checked, law_of
from shapecheck_bp.shapes.names import annotations_of, signature_of
from shapecheck_bp.shapes.records import field_names, is_record

Function = TypeVar("Function", bound=Callable[..., Any])
METHODS = (classmethod, staticmethod)


@overload
def shapechecked(function: Function, /) -> Function: ...


@overload
def shapechecked(*, conf: Any = None) -> Callable[[Function], Function]: ...


def shapechecked(function: Any = None, /, *, conf: Any = None) -> Any:
    """Hold a function to its jaxtyping annotations, arguments and result, at every call.

    Annotations that hold no arrays are checked by beartype. Tuples, lists, dicts, and records
    (NamedTuples, dataclasses, attrs classes, TypedDicts) of arrays are checked entry by entry; a
    record has axes of its own. What has passed once is remembered by its shapes and dtypes, and not
    judged again. The function's body runs once, and knows the axes:
    ``isinstance(x, Float[Array, "b d"])`` in it speaks of those of the call.

    Methods, properties, ``async def`` functions, ``functools.partial`` objects and objects with an
    annotated ``__call__`` are functions too. Of a class every annotated method is checked, and of a
    dataclass, attrs class or NamedTuple the constructor.

    Args:
        function: what is to be checked.
        conf: a ``BeartypeConf``, for annotations that hold no arrays:
            ``@shapechecked(conf=BeartypeConf(is_pep484_tower=True))`` takes an int for a float.

    Raises:
        ShapeError: at a call that contradicts the annotations; it says what to do.
        TypeError: where there is nothing to check, at the decoration.
    """
    if function is None:
        return partial(shapechecked, conf=conf)
    target = checked_thing(function, conf)
    what = f"shapechecked: {getattr(function, '__qualname__', repr(function))}"
    if target is None and not callable(function):
        raise TypeError(f"shapechecked: expected a function or a class; got {function!r}")
    if target is None:
        raise TypeError(f"{what} has no annotations. {_WRITE_THEM}")
    if not says_anything(function):
        warnings.warn(
            f"{what} has no annotations, and nothing is checked. {_WRITE_THEM}", stacklevel=2
        )
    return target


_WRITE_THEM = "Write down what it takes and returns, as in X: Float[Array, 'n m']"


def says_anything(thing: Any) -> bool:
    """Whether a function has annotations, or may ask for axes, so that they are its own."""
    if not isfunction(thing):
        return True
    code: CodeType = thing.__code__
    return bool(annotations_of(thing)) or "isinstance" in code.co_names


def checked_thing(target: Any, conf: Any = None, methods: bool = True) -> Any:
    """The same thing, held to its annotations; or None where it has none.

    Args:
        target: a function, or what stands for one.
        conf: a ``BeartypeConf``, or None for the usual.
        methods: whether those of a class are meant too, and not its constructor alone.
    """
    if isinstance(target, METHODS):
        return type(target)(checked(target.__func__, conf))
    if isinstance(target, property):
        get, set_, delete = (
            accessor and checked(accessor, conf)
            for accessor in (target.fget, target.fset, target.fdel)
        )
        return property(get, set_, delete)
    if isinstance(target, cached_property):
        target.func = checked(target.func, conf)
        return target
    if isinstance(target, partial):
        function = checked_thing(target.func, conf)
        return function and partial(function, *target.args, **target.keywords)
    if isclass(target):
        return _checked_class(target, conf, methods)
    if isfunction(target) or ismethod(target) or (isroutine(target) and annotations_of(target)):
        return checked(target, conf)
    call = getattr(type(target), "__call__", None)  # noqa: B004  # what it is, not whether
    return checked(target.__call__, conf) if isfunction(call) and annotations_of(call) else None


def _checked_class(cls: Any, conf: Any, methods: bool) -> Any:
    """A class whose constructor, and methods where they are meant, have been replaced."""
    found = is_record(cls) and not is_typeddict(cls)
    if found:
        _check_constructor(cls, conf)
    for name, member in list(vars(cls).items()) if methods else ():
        function = member if isfunction(member) else _function_in(member)
        if law_of(function):
            found = True
        elif annotations_of(function):
            with suppress(AttributeError, TypeError):  # a class that is closed to changes
                setattr(cls, name, checked_thing(member, conf))
                found = True
    return cls if found else None


def _check_constructor(cls: Any, conf: Any) -> None:
    """Have a record checked when it is made."""
    if issubclass(cls, tuple):
        if "_fields" in vars(cls):
            cls.__new__.__module__ = cls.__module__
            cls.__new__ = staticmethod(checked(cls.__new__, conf, makes_record=True))
    elif set(field_names(cls)) - signature_of(cls.__init__).parameters.keys():
        cls.__init__ = _filling(cls, cls.__init__, conf)
    elif "__init__" in vars(cls) and not law_of(cls.__init__):
        cls.__init__ = checked(cls.__init__, conf, makes_record=True)


def _function_in(member: Any) -> Any:
    """The function in a class method, a static method or a property."""
    for kind, name in ((METHODS, "__func__"), (property, "fget"), (cached_property, "func")):
        if isinstance(member, kind):
            return getattr(member, name)
    return None


def _filling(cls: Any, init: Callable[..., Any], conf: Any) -> Callable[..., Any]:
    """A constructor whose parameters are not the fields: what it leaves in them is checked."""

    @wraps(init)
    def fill(self: Any, *args: Any, **kwargs: Any) -> Any:
        init(self, *args, **kwargs)
        return self

    fill.__annotations__ = {**annotations_of(init), "return": cls}
    fill.__signature__ = signature_of(init)  # type: ignore[attr-defined]
    filled = checked(fill, conf, makes_record=True)

    @wraps(init)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        filled(self, *args, **kwargs)

    return __init__
