"""Real data to try things on: 1797 handwritten digits, 8 x 8 pixels, in either convention.

By E. Alpaydin and C. Kaynak (1998), UCI Machine Learning Repository, DOI 10.24432/C50P49, under
CC BY 4.0; the notice is in ``LICENSE-digits.txt`` beside this file.

>>> train, held_out = digits("column")
>>> train.X.shape, train.Y.shape, held_out.labels.shape
((64, 1437), (10, 1437), (360,))
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shapecheck_bp.data.settings import check_convention, float_dtype
from shapecheck_bp.transpose import flip

HELD_OUT = 360


class Examples(NamedTuple):
    """Inputs X from 0 to 1, one-hot targets Y, and the labels that Y encodes."""

    X: NDArray[np.floating[Any]]
    Y: NDArray[np.floating[Any]]
    labels: NDArray[np.int64]


class Split(NamedTuple):
    """Examples to learn from, and examples to judge by."""

    train: Examples
    held_out: Examples


def digits(convention: str = "column", dtype: Any = "float64") -> Split:
    """The digits, shuffled once and for all, the last 360 held out.

    Args:
        convention: ``"column"`` for X of (64, m), ``"row"`` for X of (m, 64).
        dtype: of X and Y.

    Raises:
        ValueError: an unknown convention, or a dtype that is not a floating one.
    """
    check_convention(convention)
    from importlib.resources import files  # as slow as all else that this module imports

    with (files(__package__) / "digits.npz").open("rb") as file, np.load(file) as stored:
        order = np.random.default_rng(0).permutation(len(stored["labels"]))
        pixels, labels = stored["pixels"][order], stored["labels"][order].astype("int64")
    kind = float_dtype(np, dtype)
    X, Y = (pixels / 16).astype(kind), (labels[:, None] == np.arange(10)).astype(kind)
    train, held_out = slice(None, -HELD_OUT), slice(-HELD_OUT, None)
    split = Split(*(Examples(X[part], Y[part], labels[part]) for part in (train, held_out)))
    return split if convention == "row" else flip(split)
