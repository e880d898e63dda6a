"""Pictures of shapes and values, with matplotlib (``pip install 'shapecheck-bp[draw]'``).

>>> import numpy as np
>>> from shapecheck_bp import column, row, trace
>>> with trace() as in_column:
...     Z = column.linear_forward(np.ones((3, 5)), np.ones((2, 3)), np.ones((2, 1)))
>>> with trace() as in_row:
...     Z = row.linear_forward(np.ones((5, 3)), np.ones((3, 2)), np.ones((1, 2)))
>>> products(in_column, in_row)
Picture: column Z = W @ A_prev + b: (2, 5) = (2, 3) @ (3, 5); n_in meets n_in.
row Z = A_prev @ W + b: (5, 2) = (5, 3) @ (3, 2); n_in meets n_in.

A notebook shows the picture, ``save`` writes it to a file, and ``figure`` is matplotlib's. All are
on a white ground of their own, so that they can be read on a dark page too.
"""

from shapecheck_bp.tracing.draw.curves import curves
from shapecheck_bp.tracing.draw.picture import Picture
from shapecheck_bp.tracing.draw.products import products
from shapecheck_bp.tracing.draw.values import gradients, values

__all__ = ["Picture", "curves", "gradients", "products", "values"]
