"""What counts as an array, whatever library it is from.

>>> import numpy as np
>>> dtype_name(np.ones(3)), library_name(np.ones(3))
('float64', 'numpy')
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from array_api_compat import array_namespace

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


def dtype_name(array: Any) -> str:
    """A dtype's name without its library's: ``float64``."""
    return getattr(array.dtype, "name", None) or str(array.dtype).rpartition(".")[2]


def library_name(array: Any) -> str:
    """The library that an array belongs to: ``numpy``, ``torch``, ``jax``."""
    try:
        name: str = array_namespace(array).__name__
    except TypeError:
        name = type(array).__module__
    return name.removeprefix("array_api_compat.").partition(".")[0]


def examples(array: Any, which: Any, axis: int) -> Any:
    """Some of the examples, by a slice, which copies nothing, or by indices."""
    return array[:, which] if axis else array[which, :]


def map_leaves(change: Callable[..., Any], *values: Any) -> Any:
    """What ``change`` makes of all that stands in the same place inside tuples and NamedTuples.

    >>> map_leaves(int.__add__, (1, (2, 3)), (10, (20, 30)))
    (11, (22, 33))
    """
    first = values[0]
    if not isinstance(first, tuple):
        return change(*values)
    items = [map_leaves(change, *inside) for inside in zip(*values, strict=True)]
    return first._make(items) if hasattr(first, "_make") else tuple(items)
