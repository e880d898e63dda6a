"""Where sizes coincide a check is blind: ``blind_spots`` says where, ``verify`` sees through it.

>>> import numpy as np
>>> from jaxtyping import Float
>>> from shapecheck_bp.shapes import Array, shapechecked
>>> @shapechecked
... def gram(A: Float[Array, "n m"]) -> Float[Array, "n n"]:
...     "G = A @ A.T, with a transpose in the wrong place."
...     return A.T @ A
>>> gram(np.ones((3, 3))).shape
(3, 3)
>>> blind_spots(gram, np.ones((3, 3)))
['A']
>>> verify(gram)
Traceback (most recent call last):
shapecheck_bp.ShapeError: verifying.gram: the result does not fit.
<BLANKLINE>
...
"""

import inspect
import linecache
import traceback
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from shapecheck_bp.shapes.errors import ShapeError, shape_error
from shapecheck_bp.shapes.law import Law, law_of
from shapecheck_bp.shapes.leaves import coinciding
from shapecheck_bp.shapes.making import Maker
from shapecheck_bp.shapes.repairs import is_array
from shapecheck_bp.shapes.words import function_name


class Verified(NamedTuple):
    """A function that kept its shapes on arrays of which no two axes have the same size."""

    function: str
    sizes: dict[str, int]

    def __str__(self) -> str:
        return f"{self.function} holds for {_written(self.sizes) or 'no axes'}"


def blind_spots(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> list[str]:
    """The arguments of a call whose axes no check tells apart, because they have the same size.

    The call is judged, and not run.

    Raises:
        ShapeError: the arguments do not fit.
    """
    leaves = _law(function).check_arguments((*_owner(function), *args), kwargs)
    return [leaf.path for leaf in filter(is_array, leaves) if coinciding(leaf)]


def verify(function: Callable[..., Any], /, **others: Any) -> Verified:
    """Run a function on arrays made to its annotations, with a prime of its own for every axis.

    A product that only fits because two sizes happen to be equal is found here, whatever the sizes
    of the data. Arguments that are no arrays take their defaults, or are given, and so may arrays
    be that need certain values: ``verify(f, activation="tanh")``. An optional array is made, a list
    has two entries, a dict the keys a and b, a tuple of layers three. The function really runs: a
    method that changes its object changes it.

    Returns:
        Something true that shows the sizes used.

    Raises:
        ShapeError: the function fails at those sizes.
        TypeError: an argument without annotation or default that was not given.
    """
    law = _law(function)
    name = function_name(law.function)
    given = dict(zip(law.signature.parameters, _owner(function), strict=False)) | others
    maker = Maker(law, given)
    bound = law.signature.bind_partial()
    bound.arguments.update(maker.arguments())
    try:
        _run(law, bound.args, bound.kwargs)
    except ShapeError:
        raise
    except (ValueError, TypeError, RuntimeError, IndexError) as error:
        raise _body_fails(law.function, error, maker.sizes) from error
    return Verified(name, maker.sizes)


def _run(law: Law, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """Call a function with every check on, whether or not the switch is."""
    __tracebackhide__ = True
    law.check_arguments(args, kwargs)
    result = law.function(*args, **kwargs)
    if law.is_async:
        result = _wait_for(result)
    law.check_result(result, law.bind(args, kwargs))


def _wait_for(coroutine: Any) -> Any:
    """A coroutine's result, also where a loop is running already, as in a notebook."""
    import asyncio  # takes 15 ms, which only those pay who verify an async function
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


def _body_fails(
    function: Callable[..., Any], error: Exception, sizes: Mapping[str, int]
) -> ShapeError:
    name = function_name(function)
    return shape_error(
        name,
        "the body fails where no two axes have the same size.",
        [*_line(function, error), f"{type(error).__name__}: {error}"],
        [f"sizes: {_written(sizes)}"],
        suggestion=f"Look for a product of the wrong arrays, or a missing transpose, in {name}; or"
        " pass verify the arguments whose values matter to it.",
        argument="the body",
        expected="a result",
        actual=type(error).__name__,
        bindings=sizes,
    )


def _line(function: Callable[..., Any], error: Exception) -> Iterator[str]:
    """The line of a function that an error came out of, where its source is known."""
    code = getattr(function, "__code__", None)
    for frame, number in traceback.walk_tb(error.__traceback__):
        text = linecache.getline(frame.f_code.co_filename, number).strip()
        if frame.f_code is code and text:
            yield f"line {number}: {text}"


def _written(sizes: Mapping[str, int]) -> str:
    return ", ".join(f"{axis} = {size}" for axis, size in sizes.items())


def _law(function: Callable[..., Any]) -> Law:
    if not inspect.isroutine(function):
        raise TypeError(f"expected a function or a bound method; got {function!r}")
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise TypeError(f"{function_name(function)} is a generator, whose body no call runs")
    return law_of(function) or Law(getattr(function, "__func__", function))


def _owner(function: Any) -> tuple[Any, ...]:
    """The object that a bound method belongs to."""
    return (function.__self__,) if inspect.ismethod(function) else ()
