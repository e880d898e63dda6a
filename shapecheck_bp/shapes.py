"""The shape law: ``@shapechecked`` holds a function to the shapes it declares.

>>> import numpy as np
>>> from jaxtyping import Float
>>> @shapechecked
... def scores(X: Float[Array, "m n"], w: Float[Array, "n 1"]) -> Float[Array, "m 1"]:
...     "s = X @ w"
...     return X @ w
>>> scores(np.ones((5, 3)), np.ones((3, 1))).shape
(5, 1)
>>> scores(np.ones((3, 5)), np.ones((3, 1)))
Traceback (most recent call last):
shapecheck_bp.shapes.ShapeError: shapes.scores: X does not fit, and X.T would.
<BLANKLINE>
...
"""

import inspect
from collections.abc import Callable, Hashable, Mapping
from functools import cached_property, wraps
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ParamSpec,
    TypeAlias,
    TypeVar,
    get_origin,
    get_type_hints,
)

import numpy as np
from array_api_compat import array_namespace
from jaxtyping import Float, TypeCheckError

from shapecheck_bp import messages
from shapecheck_bp.hints import dtype_name
from shapecheck_bp.leaves import Leaf, first_misfit, is_array_hint, leaves_of, parts_of
from shapecheck_bp.memory import Memory, fingerprint

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

if TYPE_CHECKING:
    Array: TypeAlias = Any
else:

    class _HasShapeAndDtype(type):
        def __instancecheck__(cls, value):
            arrayish = hasattr(value, "dtype") and isinstance(getattr(value, "shape", None), tuple)
            return arrayish and not isinstance(value, np.matrix | np.ma.MaskedArray)

    class Array(metaclass=_HasShapeAndDtype):
        """Any array of the array API: NumPy, PyTorch, JAX, Dask, …

        Annotating with it asks for more than shapes: all ``Float[Array, …]`` of one call belong to
        one library and have one dtype, and none is empty. ``np.matrix``, whose ``*`` is a product
        of matrices, and masked arrays are none of them. Annotate with ``np.ndarray``,
        ``jax.Array`` or ``Any`` where jaxtyping's own rules are wanted.
        """


class ShapeError(TypeCheckError):
    """A call whose arguments or result contradict the declared shapes, dtypes or structure.

    Attributes:
        function: the function called, such as ``"column.linear_forward"``.
        argument: the argument to blame, such as ``"A_prev"`` or ``"params[1].W"``.
        expected: what its annotation says, such as ``"(n_in, m)"``.
        actual: what came, such as ``"(5, 4)"``; shapes, dtypes and types, never values.
        bindings: the axis sizes that the rest of the call agrees on.
        suggestion: what to do about it.
    """

    def __init__(
        self,
        message: str,
        *,
        function: str = "",
        argument: str = "",
        expected: str = "",
        actual: str = "",
        bindings: Mapping[str, Any] | None = None,
        suggestion: str = "",
    ) -> None:
        """Keep the message and its parts."""
        super().__init__(message)
        self.function = function
        self.argument = argument
        self.expected = expected
        self.actual = actual
        self.bindings = dict(bindings or {})
        self.suggestion = suggestion


def shapechecked(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Hold a function to its jaxtyping annotations, arguments and result, at every call.

    Annotations that hold no arrays are checked by beartype. Tuples, lists, dicts and NamedTuples
    are checked entry by entry. What has passed once is remembered by its shapes and dtypes, and
    not judged again. The function's body runs once.

    Raises:
        ShapeError: at a call that contradicts the annotations; it says what to do.
    """
    law = _Law(function)
    passed, passed_whole = Memory(), Memory()

    @wraps(function)
    def checked(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        __tracebackhide__ = True
        call = law.fingerprint((args, kwargs))
        if call not in passed:
            law.check_arguments(args, kwargs)
            passed.add(call)
        result = function(*args, **kwargs)
        whole = call and law.fingerprint((args, kwargs, result))
        if whole not in passed_whole:
            law.check_result(args, kwargs, result)
            passed_whole.add(whole)
        return result

    return checked


class _Law:
    """One function's declared shapes."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.signature = inspect.signature(function)

    @cached_property
    def hints(self) -> dict[str, Any]:
        """Annotations by name, resolved at the first call so that they may refer to later names."""
        declared = get_type_hints(self.function, include_extras=True)
        for name, parameter in self.signature.parameters.items():
            if name in declared and parameter.kind is parameter.VAR_POSITIONAL:
                declared[name] = tuple.__class_getitem__((declared[name], ...))
            if name in declared and parameter.kind is parameter.VAR_KEYWORD:
                declared[name] = dict.__class_getitem__((str, declared[name]))
        return declared

    @cached_property
    def depends_on_values(self) -> bool:
        """Whether an annotation looks at more than shapes: a validator, or jaxtyping's {…}."""
        parts = [part for hint in self.hints.values() for part in parts_of(hint)]
        return any(get_origin(part) is Annotated for part in parts) or any(
            "{" in part.dim_str for part in parts if is_array_hint(part)
        )

    def fingerprint(self, call: tuple[Any, ...]) -> Hashable:
        """What a call is remembered by, or None."""
        return None if self.depends_on_values else fingerprint(call)

    def bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
        """The arguments by name, defaults included."""
        __tracebackhide__ = True
        try:
            bound = self.signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{messages.function_name(self.function)}: {error}") from None
        bound.apply_defaults()
        return bound.arguments

    def leaves(self, arguments: Mapping[str, Any]) -> list[Leaf]:
        """The leaves of the arguments; a default is trusted where it is no array, such as None."""
        defaults = {
            name: parameter.default for name, parameter in self.signature.parameters.items()
        }
        checked = {
            name: value
            for name, value in arguments.items()
            if value is not defaults[name] or hasattr(value, "dtype")
        }
        return leaves_of(self.hints, checked, arguments)

    def check_arguments(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """Refuse arguments that do not fit."""
        __tracebackhide__ = True
        self._check(self.leaves(self.bind(args, kwargs)))

    def check_result(self, args: tuple[Any, ...], kwargs: Mapping[str, Any], result: Any) -> None:
        """Refuse a result that does not fit the annotations or the arguments."""
        __tracebackhide__ = True
        if "return" in self.hints:
            arguments, name = self.bind(args, kwargs), messages.RESULT
            returned = leaves_of({name: self.hints["return"]}, {name: result}, arguments)
            self._check([*self.leaves(arguments), *returned])

    def _check(self, leaves: list[Leaf]) -> None:
        __tracebackhide__ = True
        if misfit := first_misfit(leaves):
            raise ShapeError(**messages.misfit(self.function, leaves, misfit))
        arrays = [leaf for leaf in leaves if getattr(leaf.hint, "array_type", None) is Array]
        if hollow := next((leaf for leaf in arrays if 0 in leaf.value.shape), None):
            raise ShapeError(**messages.empty(self.function, hollow))
        floats = [leaf for leaf in arrays if leaf.hint.dtype is Float]
        for kind, alike in ((_library, arrays), (dtype_name, floats)):
            kinds = [kind(leaf.value) for leaf in alike]
            if len(set(kinds)) > 1:
                raise ShapeError(**messages.mixed(self.function, alike, kinds))


def _library(array: Any) -> str:
    try:
        name: str = array_namespace(array).__name__
    except TypeError:
        name = type(array).__module__
    return name.removeprefix("array_api_compat.").partition(".")[0]
