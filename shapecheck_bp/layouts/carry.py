"""To and from the two conventions, by the lines of the table."""

from collections.abc import Mapping, Sequence
from typing import Any

from shapecheck_bp.layouts.containers import arrays_of, laid_out, packed, refilled
from shapecheck_bp.layouts.inspection import Detection, Parameters, found_in
from shapecheck_bp.layouts.table import expected, line_of
from shapecheck_bp.transpose import flip


def to_column(weights: Any, layout: str, order: Sequence[str] | None = None) -> Parameters:
    """The parameters that ``column`` takes, from weights as a framework hands them out.

    No value is changed, cast or copied: transposes are views.

    Args:
        weights: a state dict, a dict inside dicts, a list of (W, b), of W, b, W, b, …, a pair of
            lists; arrays of any library.
        layout: a name in ``LAYOUTS``.
        order: the layers' names, or how they begin, one after the other, needed where neither
            shapes nor numbers in the names of a dict tell.

    Raises:
        ValueError: no such layout, weights with something in them that is no layer's W or b, or
            layers whose order nothing tells.
        ShapeError: shapes that contradict the layout; it says which layouts would fit.
    """
    return found_in(weights).params(layout, order)


def to_row(weights: Any, layout: str, order: Sequence[str] | None = None) -> Parameters:
    """The parameters that ``row`` takes; see ``to_column``."""
    return flip(to_column(weights, layout, order))


def from_column(params: Parameters, layout: str, like: Any = None) -> Any:
    """Weights as a framework wants them, from ``column``'s parameters.

    Args:
        params: a (W, b) for each layer, as ``column`` has them.
        layout: a name in ``LAYOUTS``.
        like: a dict of weights whose names to use, such as a model's own ``state_dict()``.

    Raises:
        ValueError: no such layout, or ``like`` has other names or another number of layers.
        ShapeError: parameters that do not follow one another.
    """
    line, ours = line_of(layout), found_in(params, "params").params("column")
    if like is None:
        return packed(laid_out(ours, line), line.form)
    if not isinstance(like, Mapping):
        raise expected("like", "a dict by name", type(like).__name__)
    return refilled(like, arrays_of(laid_out(ours, line, found_in(like).in_order(layout))))


def from_row(params: Parameters, layout: str, like: Any = None) -> Any:
    """Weights as a framework wants them, from ``row``'s parameters; see ``from_column``."""
    return from_column(found_in(params, "params").params("row"), layout, like)


def detect(weights: Any, n_in: int | None = None) -> Detection:
    """Which layouts the shapes of weights allow: each layer's n_in must be the n_out before it.

    Where sizes coincide several ways to lie fit; ``n_in``, the number of features, may decide.

    Raises:
        ValueError: weights with something in them that is no layer's W or b.
    """
    return found_in(weights).detected(n_in)
