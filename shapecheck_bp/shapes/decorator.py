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
from typing import Any, TypeVar, cast

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
    target: Any = function
    if isinstance(target, classmethod | staticmethod):
        target = type(target)(checked(target.__func__))
    elif isinstance(target, property):
        get, set_, delete = (
            accessor and checked(accessor) for accessor in (target.fget, target.fset, target.fdel)
        )
        target = property(get, set_, delete)
    elif isclass(target) and is_dataclass(target):
        target.__init__ = checked(target.__init__)  # type: ignore[method-assign]
    elif isclass(target) and issubclass(target, tuple) and hasattr(target, "_fields"):
        target.__new__.__module__ = target.__module__
        target.__new__ = staticmethod(checked(target.__new__))  # type: ignore[method-assign]
    elif isroutine(target) and hasattr(target, "__annotations__"):
        target = checked(target)
    else:
        raise TypeError(
            f"shapechecked: expected a function, a dataclass or a NamedTuple; got {function!r}."
            " Decorate the methods of any other class"
        )
    return cast(Function, target)
