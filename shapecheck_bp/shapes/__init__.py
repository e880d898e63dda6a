"""The shape law, for anybody's functions: ``@shapechecked`` holds one to the shapes it declares.

In comes a function with jaxtyping annotations; out comes the same function, each of whose calls
either keeps them or raises a ``ShapeError`` that says what to do. Nothing outside this room is
needed for it. To be read in this order:

    decorator     ``@shapechecked``, and what it can decorate; hook, a whole package
    law           one function's law: what a call is held to; declared, what the function says
    annotations   what annotations say; records; names, those that are not there; arrays
    leaves        a call, leaf by leaf; kinds, what a value is whatever its sizes
    judging       which leaf does not fit
    scopes        the sizes of axes by name, which a call's body may ask for
    memory        what has passed, and need not be judged again; keys, what it is known by
    writing       the code of a checked function, which looks that up; compiling, for torch.compile
    repairs       which argument is to blame, and what would have fitted
    words         what an error says; notes and terms, its parts; errors, its layout
    switch        checks off, on, or listened to
    verifying     ``verify`` and ``blind_spots``, where sizes coincide; making, arrays for it
"""

from shapecheck_bp.shapes.arrays import Array
from shapecheck_bp.shapes.decorator import shapechecked
from shapecheck_bp.shapes.errors import ShapeError
from shapecheck_bp.shapes.switch import enforce

__all__ = ["Array", "ShapeError", "enforce", "shapechecked"]
