"""Repeated calls as programs: what makes ``column`` and ``row`` quick, and touches neither.

In comes a module of checked functions whose every shape follows from the arguments; its last line
is ``replayed(globals())``. Out come the same results from the second call on, without the checks of
the steps on the way, and from the third on as a program without the steps' calls and temporaries.

    twins       who is repeated, and while what: the functions of a module without their checks
    program     a run learnt: recorded, planned, written as source, and held to what it gave
    recording   a function run on arrays that write down what is done to them
    plan        the steps in an order and in variables that need little memory
    in_numpy    a step as a call of NumPy; of PyTorch in_torch, of CuPy in_cupy
    fusing      several steps as one, where a library has a function for them

``twins`` is all that an import brings; the rest is loaded when something is called again.
"""

from shapecheck_bp.replay.twins import replayed

__all__ = ["replayed"]
