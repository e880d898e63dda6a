"""Backpropagation in both conventions, w·X and X·W, with every shape checked while it runs.

>>> import numpy as np
>>> from shapecheck_bp import Network, column, flip, row
>>> net = Network(sizes=(4, 3, 2))
>>> params, X = column.init(net, seed=0), np.ones((4, 5))
>>> Y = column.one_hot(np.array([0, 1, 1, 0, 1]), classes=2)
>>> J, grads = column.gradients(net, params, X, Y)
>>> J, same = row.gradients(net, flip(params), flip(X), flip(Y))
>>> all(np.allclose(dW, dW_row.T) for (dW, _), (dW_row, _) in zip(grads, same))
True
"""

from typing import TYPE_CHECKING, Any

from shapecheck_bp.shapes import Array, ShapeError, enforce, shapechecked
from shapecheck_bp.transpose import flip

if TYPE_CHECKING:
    from shapecheck_bp import column, row
    from shapecheck_bp.derivations.dimensions import dimension_check
    from shapecheck_bp.doctor import Diagnosis, diagnose
    from shapecheck_bp.network import Cache, Gradient, Layer, Network
    from shapecheck_bp.proof import Proof, prove
    from shapecheck_bp.proof.equations import equations
    from shapecheck_bp.reading import (
        Broadcast,
        Explanation,
        Reading,
        explain,
        explanation,
        read,
    )
    from shapecheck_bp.shapes.hook import install_import_hook
    from shapecheck_bp.shapes.verifying import blind_spots, verify
    from shapecheck_bp.tracing import Trace, trace
    from shapecheck_bp.tracing import draw as draw
    from shapecheck_bp.training import fit

__version__ = "0.2.0"

__all__ = [
    "Array",
    "Broadcast",
    "Cache",
    "Diagnosis",
    "Explanation",
    "Gradient",
    "Layer",
    "Network",
    "Proof",
    "Reading",
    "ShapeError",
    "Trace",
    "blind_spots",
    "column",
    "diagnose",
    "dimension_check",
    "enforce",
    "equations",
    "explain",
    "explanation",
    "fit",
    "flip",
    "install_import_hook",
    "prove",
    "read",
    "row",
    "shapechecked",
    "trace",
    "verify",
]

# Loaded when asked for, so that who wants the check alone waits for nothing else.
_LATER = {
    "Broadcast": "reading",
    "Cache": "network",
    "Diagnosis": "doctor",
    "Explanation": "reading",
    "Gradient": "network",
    "Layer": "network",
    "Network": "network",
    "Proof": "proof",
    "Reading": "reading",
    "Trace": "tracing",
    "blind_spots": "shapes.verifying",
    "diagnose": "doctor",
    "dimension_check": "derivations.dimensions",
    "equations": "proof.equations",
    "explain": "reading",
    "explanation": "reading",
    "fit": "training",
    "install_import_hook": "shapes.hook",
    "prove": "proof",
    "read": "reading",
    "trace": "tracing",
    "verify": "shapes.verifying",
}
_MODULES = {
    "column": "column",
    "draw": "tracing.draw",
    "examples": "derivations.examples",
    "row": "row",
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _MODULES:
        return import_module(f"{__name__}.{_MODULES[name]}")
    if name in _LATER:
        return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *_LATER, *_MODULES]


def load_ipython_extension(shell: Any) -> None:
    """What ``%load_ext shapecheck_bp`` calls."""
    from shapecheck_bp.reading.notebook import load_ipython_extension as load

    def diagnose(line: str, cell: str) -> None:
        """Find the first wrong line of the backprop in a cell that trains: %%diagnose.

        What stands before its loop, or its call that trains, is run, and then one step of that is
        judged; what stands behind it is not run. Where the cell computes no cost, name one:
        %%diagnose --loss squared_error, or log_loss, or cross_entropy. The notebook's own variables
        stay as they are.
        """
        from shapecheck_bp.doctor.notebook import diagnose_cell

        __tracebackhide__ = True
        diagnose_cell(shell, line, cell)

    def shapechecked(line: str) -> None:
        """Hold what the cells from here on define to its annotations, or no more.

        %shapechecked on, %shapechecked off
        """
        from shapecheck_bp.shapes.hook import hook_cells

        hook_cells(shell, line)

    load(shell)
    shell.register_magic_function(diagnose, "cell")
    shell.register_magic_function(shapechecked, "line")


def unload_ipython_extension(shell: Any) -> None:
    """What ``%unload_ext shapecheck_bp`` calls."""
    from shapecheck_bp.reading.notebook import unload_ipython_extension as unload
    from shapecheck_bp.shapes.hook import hook_cells

    hook_cells(shell, "off")
    unload(shell)
    shell.magics_manager.magics["line"].pop("shapechecked", None)
    shell.magics_manager.magics["cell"].pop("diagnose", None)
