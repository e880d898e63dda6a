"""Repeated calls as programs: what makes ``column`` and ``row`` quick, and touches neither.

In comes a module of checked functions whose every shape follows from the arguments; its last line
is ``replayed(globals())``. Out come the same results from the second call on, without the checks of
the steps on the way, and from the third on as a program without the steps' calls and temporaries.

    twins       who is repeated, and while what: the functions of a module without their checks
    learning    a program for a signature, held to the numbers of the run that it came from
    recording   a function run on arrays that write down what NumPy does to them
    order       the steps in an order that needs little memory
    homes       which variable holds which value, and whose memory may be used again
    program     the steps as source, and that compiled

``twins`` is all that an import brings; the rest is loaded when something is called again.
"""

from shapecheck_bp.replay.twins import replayed

__all__ = ["replayed"]
