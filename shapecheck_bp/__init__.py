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

from typing import TYPE_CHECKING, Any

from shapecheck_bp import column, row
from shapecheck_bp.network import Cache, Gradient, Layer, Network
from shapecheck_bp.shapes import Array, ShapeError, shapechecked
from shapecheck_bp.switch import enforce
from shapecheck_bp.training import fit
from shapecheck_bp.transpose import flip

if TYPE_CHECKING:
    from shapecheck_bp.derivations.dimensions import dimension_check
    from shapecheck_bp.doctor import Diagnosis, diagnose
    from shapecheck_bp.probing import blind_spots, verify
    from shapecheck_bp.proof import Proof, prove
    from shapecheck_bp.proof.equations import equations
    from shapecheck_bp.tracing import Trace, trace

__version__ = "0.1.0"

__all__ = [
    "Array",
    "Cache",
    "Diagnosis",
    "Gradient",
    "Layer",
    "Network",
    "Proof",
    "ShapeError",
    "Trace",
    "blind_spots",
    "column",
    "diagnose",
    "dimension_check",
    "enforce",
    "equations",
    "fit",
    "flip",
    "prove",
    "row",
    "shapechecked",
    "trace",
    "verify",
]

# What a gradient step does not need is loaded when it is asked for.
_LATER = {
    "Diagnosis": "shapecheck_bp.doctor",
    "Proof": "shapecheck_bp.proof",
    "Trace": "shapecheck_bp.tracing",
    "blind_spots": "shapecheck_bp.probing",
    "diagnose": "shapecheck_bp.doctor",
    "dimension_check": "shapecheck_bp.derivations.dimensions",
    "equations": "shapecheck_bp.proof.equations",
    "prove": "shapecheck_bp.proof",
    "trace": "shapecheck_bp.tracing",
    "verify": "shapecheck_bp.probing",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_LATER[name]), name)
