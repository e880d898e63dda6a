"""What enters: settings and values that are checked once, blocks of examples, and the digits.

Whoever takes data looks here for what it may be; what comes out is checked, or cut to size.

    settings      the conventions by name, whole numbers, dtypes
    checks        faults of value in labels, inputs and targets
    blocks        J and its gradients over blocks of examples, and a matrix in pieces
    progress      a bar while that takes long
    handwriting   1797 handwritten digits to try things on

>>> train, held_out = digits("row")
>>> train.X.shape
(1437, 64)
"""

from shapecheck_bp.data.handwriting import Examples, Split, digits

__all__ = ["Examples", "Split", "digits"]
