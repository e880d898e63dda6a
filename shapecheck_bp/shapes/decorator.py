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

from collections.abc import Callable
from dataclasses import is_dataclass
from inspect import isclass, isroutine
from typing import Any, TypeVar

from shapecheck_bp.shapes.law import checked

Function = TypeVar("Function", bound=Callable[..., Any])


def shapechecked(function: Function) -> Function:
    """Hold a function to its jaxtyping annotations, arguments and result, at every call.

    Annotations that hold no arrays are checked by beartype. Tuples, lists, dicts, NamedTuples and
    dataclasses of arrays are checked entry by entry. What has passed once is remembered by its
    shapes and dtypes, and not judged again. The function's body runs once. Methods, class methods,
    static methods, properties and ``async def`` functions are functions too; of a dataclass or
    NamedTuple the constructor is checked.

    Raises:
        ShapeError: at a call that contradicts the annotations; it says what to do.
        TypeError: where there is nothing to check, at the decoration.
    """
    return _shapechecked(function)  # type: ignore[no-any-return]


def _shapechecked(function: Any) -> Any:
    if isinstance(function, classmethod | staticmethod):
        return type(function)(checked(function.__func__))
    if isinstance(function, property):
        get, set_, delete = (
            accessor and checked(accessor)
            for accessor in (function.fget, function.fset, function.fdel)
        )
        return property(get, set_, delete)
    if isclass(function) and is_dataclass(function):
        function.__init__ = checked(function.__init__)  # type: ignore[method-assign]
        return function
    if isclass(function) and issubclass(function, tuple) and hasattr(function, "_fields"):
        function.__new__.__module__ = function.__module__
        function.__new__ = staticmethod(checked(function.__new__))  # type: ignore[method-assign]
        return function
    if isclass(function) or not isroutine(function) or not hasattr(function, "__annotations__"):
        raise TypeError(
            f"shapechecked: expected a function, a dataclass or a NamedTuple; got {function!r}."
            " Decorate the methods of any other class"
        )
    return checked(function)
