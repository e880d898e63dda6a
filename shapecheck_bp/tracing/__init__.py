"""The trace: which shapes flowed through which steps, in the order of the calls.

>>> import numpy as np
>>> from shapecheck_bp import column, row
>>> with trace() as steps:
...     Z = column.linear_forward(np.ones((3, 5)), np.ones((2, 3)), np.ones((2, 1)))
>>> print(steps)
linear_forward
  Z          = W             @ A_prev    + b
  (n_out, m)   (n_out, n_in)   (n_in, m)   (n_out, 1)
  (2, 5)       (2, 3)          (3, 5)      (2, 1)

Two traces of the same steps stand side by side:

>>> with trace() as in_column:
...     A = column.activation_forward(np.ones((2, 5)), "tanh")
>>> with trace() as in_row:
...     A = row.activation_forward(np.ones((5, 2)), "tanh")
>>> print(in_column.beside(in_row))
column                 |  row
activation_forward   activation = 'tanh'   n = 2, m = 5
  A      = g(Z     )   |  A      = g(Z     )
  (n, m)     (n, m)    |  (m, n)     (m, n)
"""

from collections.abc import Iterator
from contextlib import contextmanager

from shapecheck_bp.shapes.switch import listen
from shapecheck_bp.tracing.calls import Call, Place, Recorder
from shapecheck_bp.tracing.views import Beside, Trace

__all__ = ["Beside", "Call", "Place", "Trace", "trace"]


@contextmanager
def trace() -> Iterator[Trace]:
    """Record every checked call inside the ``with`` block, in this thread or task.

    A call of any ``@shapechecked`` function is recorded, of this library or your own: its equation
    (the first line of its docstring), the axes of its arrays in names and in numbers, and where two
    axes have the same size, so that the check could not have seen a transposed array. Every call is
    judged in full. Where checks are turned off inside the block nothing is recorded.

    Gives:
        A Trace, which fills as the calls are made.
    """
    recorder = Recorder()
    with listen(recorder):
        yield Trace(recorder.calls)
