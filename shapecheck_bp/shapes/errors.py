"""The one error of a failed check."""

from collections.abc import Mapping
from typing import Any

from jaxtyping import TypeCheckError


class ShapeError(TypeCheckError):
    """A call whose arguments or result contradict the declared shapes, dtypes or structure.

    Attributes:
        function: the function called, such as ``"column.linear_forward"``.
        argument: the argument to blame, such as ``"A_prev"`` or ``"params[1].W"``.
        expected: what its annotation says, such as ``"(n_in, m)"``.
        actual: what came, such as ``"(5, 4)"``; shapes, dtypes and types, never values.
        bindings: the axis sizes that the rest of the call agrees on.
        suggestion: what to do about it.
    """

    __module__ = "shapecheck_bp"  # where people import it from, and what a traceback shows

    def __init__(
        self,
        message: str,
        *,
        function: str = "",
        argument: str = "",
        expected: str = "",
        actual: str = "",
        bindings: Mapping[str, Any] | None = None,
        suggestion: str = "",
    ) -> None:
        """Keep the message and its parts."""
        super().__init__(message)
        self.function = function
        self.argument = argument
        self.expected = expected
        self.actual = actual
        self.bindings = dict(bindings or {})
        self.suggestion = suggestion
