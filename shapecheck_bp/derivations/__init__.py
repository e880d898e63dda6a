"""Backprop as the texts derive it: literal, slow, and independent of ``column`` and ``row``.

Each module follows one text, in the text's own layout and with the text's own sums, and ends in a
``gradients`` that is an oracle for the two implementations:

    layers          examples are columns; Jacobians, then the algorithm with M, dA and C
    design_matrix   examples are rows; sums over indices with Kronecker deltas
    tensors         one example; gradients in numerator layout, and a 3-tensor
    dimensions      which products have the shape that is wanted, and which of them is right
    parts           g, g', L and dL/dA, as the texts write them
    mistakes        the lines of code that people write in the place of the right ones

``examples`` writes them out on the two implementations, and ``lesson`` makes a page for a browser,
which shows these step by step.
"""
