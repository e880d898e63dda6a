"""Backpropagation in both conventions, w·X and X·W, with every shape checked while it runs.

>>> import numpy as np
>>> net = Network(sizes=(4, 3, 2))
>>> params, X = column.init(net, seed=0), np.ones((4, 5))
>>> Y = column.one_hot(np.array([0, 1, 1, 0, 1]), classes=2)
>>> J, grads = column.gradients(net, params, X, Y)
>>> J, same = row.gradients(net, flip(params), flip(X), flip(Y))
>>> all(np.allclose(dW, dW_row.T) for (dW, _), (dW_row, _) in zip(grads, same))
True
"""

from shapecheck_bp import column, row
from shapecheck_bp.network import Cache, Gradient, Layer, Network
from shapecheck_bp.probing import blind_spots, verify
from shapecheck_bp.shapes import Array, ShapeError, shapechecked
from shapecheck_bp.switch import enforce
from shapecheck_bp.training import fit
from shapecheck_bp.transpose import flip

__version__ = "0.1.0"

__all__ = [
    "Array",
    "Cache",
    "Gradient",
    "Layer",
    "Network",
    "ShapeError",
    "blind_spots",
    "column",
    "enforce",
    "fit",
    "flip",
    "row",
    "shapechecked",
    "verify",
]
