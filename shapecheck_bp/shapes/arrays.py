"""What counts as an array, whatever library it is from; its dtype, library and shape as text.

>>> import numpy as np
>>> dtype_name(np.ones(3)), library_name(np.ones(3))
('float64', 'numpy')
"""

from collections.abc import Iterable
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


def as_numpy(array: Any) -> Any:
    """An array of any library as one of NumPy's, which may share its memory.

    Raises:
        TypeError: the library cannot give it, such as PyTorch's bfloat16.
    """
    return np.asarray(array.detach() if hasattr(array, "detach") else array)


def library_name(array: Any) -> str:
    """The library that an array belongs to: ``numpy``, ``torch``, ``jax``."""
    try:
        name: str = array_namespace(array).__name__
    except TypeError:
        name = type(array).__module__
    return name.removeprefix("array_api_compat.").partition(".")[0]


def shape_text(axes: Iterable[object]) -> str:
    """A shape as it is written, of names or sizes.

    >>> shape_text(["n", "m"]), shape_text([3]), shape_text([])
    ('(n, m)', '(3,)', '()')
    """
    written = [str(axis) for axis in axes]
    return f"({written[0]},)" if len(written) == 1 else f"({', '.join(written)})"
