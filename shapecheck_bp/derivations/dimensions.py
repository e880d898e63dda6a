"""The dimension check as a tool, and the sum over items that it cannot replace.

After a question why W is transposed in backpropagation. Where all sizes differ, one product of
the matrices of a step has the shape that is wanted; where sizes coincide, or matrices of other
steps are at hand, several have it, and the check says no more. Which is right, the sum over items
says.

>>> dimension_check((2, 7), have={"W2": (1, 2), "dZ2": (1, 7), "X": (3, 7)})
['W2.T @ dZ2']
>>> dimension_check((2, 2), have={"W2": (2, 2), "dZ2": (2, 2)})[:4]
['W2 @ W2', 'W2 @ W2.T', 'W2 @ dZ2', 'W2 @ dZ2.T']

Where the text is loose: with W[2] of n[2] × n[1], as it says, the weight from a_i to z_j is W_ji,
and not W_ij: forward a row of W meets a, and backward a column of it meets dz.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float

from shapecheck_bp.shapes import Array, shapechecked


def dimension_check(wanted: tuple[Any, Any], have: Mapping[str, Any]) -> list[str]:
    """Every product of two of what is at hand, transposed or not, that has a shape.

    Args:
        wanted: the shape, such as (2, 7), or of symbols.
        have: shapes, or arrays, by name. A matrix may meet itself.

    Returns:
        The products as code, in the order of ``have``.

    Raises:
        ValueError: a shape that is not a matrix's.
    """
    shapes = {name: _matrix_shape(name, value) for name, value in have.items()}
    rows, columns = _matrix_shape("wanted", wanted)
    turned = {
        text: shape
        for name, (n, m) in shapes.items()
        for text, shape in ((name, (n, m)), (f"{name}.T", (m, n)))
    }
    return [
        f"{left} @ {right}"
        for left, (n, inner) in turned.items()
        for right, (same, m) in turned.items()
        if inner == same and (n, m) == (rows, columns)
    ]


@shapechecked
def dA_item_by_item(
    dz: Float[Array, "n_out 1"], W: Float[Array, "n_out n_in"]
) -> Float[Array, "n_in 1"]:
    """∂J/∂a_i = Σ_j ∂J/∂z_j W_ji: the sum over the neurons that a_i goes to."""
    n_out, n_in = W.shape
    return np.array([[sum(dz[j, 0] * W[j, i] for j in range(n_out))] for i in range(n_in)])


@shapechecked
def z_item_by_item(
    a: Float[Array, "n_in 1"], W: Float[Array, "n_out n_in"], b: Float[Array, "n_out 1"]
) -> Float[Array, "n_out 1"]:
    """z_j = b_j + Σ_i W_ji a_i: forward, the sum is over the other index."""
    n_out, n_in = W.shape
    return np.array([[b[j, 0] + sum(W[j, i] * a[i, 0] for i in range(n_in))] for j in range(n_out)])


def _matrix_shape(name: str, value: Any) -> tuple[Any, Any]:
    shape = getattr(value, "shape", value)
    if not isinstance(shape, tuple | list) or len(shape) != 2:
        raise ValueError(f"{name}: expected the shape of a matrix, such as (2, 7); got {shape!r}")
    return shape[0], shape[1]
