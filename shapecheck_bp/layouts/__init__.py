"""Layouts: carry weights between the conventions that frameworks use.

A convention is three choices: where the examples lie, how W lies, and where 1/m goes; weights are
about the second. PyTorch's W is (n_out, n_in) although its examples are rows, Keras' and Flax' is
(n_in, n_out), and a transpose that was forgotten is silent wherever a layer is square.

In come a framework's weights or a file of them, out come parameters of ``column`` or ``row``; and
back. To be read in this order:

    table        how frameworks lay weights out, a line for each
    containers   what weights are handed out in, and in which order their layers follow
    record       the one record of them, which everything is asked of; to and from the conventions
    functions    activations, as files have them; formats/, how each kind of file is read and made
    files        weights in files
    comparison   the check at the end: the same X through two of them

>>> import numpy as np
>>> state = {"0.weight": np.ones((4, 3)), "0.bias": np.ones(4)}
>>> state |= {"2.weight": np.ones((2, 4)), "2.bias": np.ones(2)}
>>> [(W.shape, b.shape) for W, b in to_row(state, "torch")]
[((3, 4), (1, 4)), ((4, 2), (1, 2))]
>>> [array.shape for array in from_row(to_row(state, "torch"), "keras")]
[(3, 4), (4,), (4, 2), (2,)]
>>> print(detect(state))
torch, equinox, onnx: W is (n_out, n_in), sizes 3-4-2
>>> to_row(state, "keras")
Traceback (most recent call last):
shapecheck_bp.ShapeError: layouts: 0.bias does not fit the layout keras.
<BLANKLINE>
...
"""

from shapecheck_bp.layouts.comparison import Comparison, compare
from shapecheck_bp.layouts.files import inspect, load, save
from shapecheck_bp.layouts.functions import Activation
from shapecheck_bp.layouts.record import Inspected, detect, from_column, from_row, to_column, to_row
from shapecheck_bp.layouts.table import LAYOUTS, Detection, Layout

__all__ = [
    "LAYOUTS",
    "Activation",
    "Comparison",
    "Detection",
    "Inspected",
    "Layout",
    "compare",
    "detect",
    "from_column",
    "from_row",
    "inspect",
    "load",
    "save",
    "to_column",
    "to_row",
]
