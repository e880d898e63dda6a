"""To and from the two conventions, by the lines of the table."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from shapecheck_bp.layouts.containers import arrays_of
from shapecheck_bp.layouts.table import Named, expected, line_of
from shapecheck_bp.layouts.weights import Detection, Inspected, Parameters, found_in
from shapecheck_bp.transpose import flip

PACKED: dict[str, Callable[[Sequence[Named]], Any]] = {
    "layers": lambda layers: [(one.W, one.b) for one in layers],
    "list": lambda layers: [array for one in layers for array in (one.W, one.b)],
    "pair": lambda layers: ([one.W for one in layers], [one.b for one in layers]),
    "flat": arrays_of,
    "nested": lambda layers: {
        one.names[0].split("/")[0]: {name.split("/")[1]: array for name, array in one.arrays()}
        for one in layers
    },
}
"""What puts layers into a container of each form."""


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
        return PACKED[line.form](laid_out(ours, layout).layers)
    if not isinstance(like, Mapping):
        raise expected("like", "a dict by name", type(like).__name__)
    return refilled(like, arrays_of(laid_out(ours, layout, found_in(like)).layers))


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


def laid_out(params: Parameters, layout: str, like: Any = None, order: Any = None) -> Inspected:
    """Column's parameters as they lie in a layout, by its names, or by those of other weights.

    Raises:
        ValueError: the others have other shapes, or no bias where there is one here.
    """
    if like is not None:
        layout, there = like.in_order(layout, order)
    here = [line_of(layout).of_column(i, W, b) for i, (W, b) in enumerate(params)]
    if like is None:
        return Inspected(here, layout)
    shapes, theirs = ([tuple(one.W.shape) for one in layers] for layers in (here, there))
    if shapes != theirs:
        raise expected("like", f"weights of the same shapes, {shapes}", theirs)
    found = []
    for one, other in zip(here, there, strict=True):
        if other.b is None and bool((one.b != 0).any()):
            name = other.names[0]
            raise ValueError(f"like: {name} has no bias there, and one that is not 0 here")
        found.append(Named(one.W, None if other.b is None else one.b, other.names))
    return Inspected(found, layout)


def refilled(template: Mapping[Any, Any], arrays: Mapping[str, Any], before: str = "") -> Any:
    """Other values in the dicts of a template, by their names."""
    return {
        key: refilled(value, arrays, f"{before}{key}/")
        if isinstance(value, Mapping)
        else arrays[f"{before}{key}"]
        for key, value in template.items()
    }
