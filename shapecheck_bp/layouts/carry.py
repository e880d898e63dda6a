"""To and from the two conventions, by the lines of the table."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from array_api_compat import array_namespace

from shapecheck_bp.layouts.containers import Named, layers_of, packed
from shapecheck_bp.layouts.containers import like as refilled
from shapecheck_bp.layouts.order import Unordered, as_told, ordered
from shapecheck_bp.layouts.table import IN_OUT, LAYOUTS, OUT_IN, Layout, expected
from shapecheck_bp.layouts.table import layout as line_of
from shapecheck_bp.network import Layer
from shapecheck_bp.shapes.arrays import shape_text
from shapecheck_bp.shapes.errors import ShapeError, shape_error, table
from shapecheck_bp.transpose import flip

Parameters = tuple[Layer[Any, Any], ...]
Fault = tuple[str, str, Any, str]
"""Of an array that does not fit: its name, the axes that it should have, its shape, and a size."""


class Detection(NamedTuple):
    """Which layouts the shapes of weights allow, and the network's sizes in each way to lie."""

    layouts: tuple[str, ...]
    sizes: dict[str, tuple[int, ...]]
    """By the axes of W: the sizes n_0, n_1, … that they would mean, () where several orders fit."""
    why: str = ""
    """What a person has to say first, such as the order of the layers."""

    @property
    def ambiguous(self) -> bool:
        """Whether W may lie in either way: the sizes coincide, and only its values know."""
        return len(self.sizes) > 1

    def __str__(self) -> str:
        parts = []
        for axes, sizes in self.sizes.items():
            names = ", ".join(name for name in self.layouts if axes == LAYOUTS[name].W)
            told = f"sizes {'-'.join(map(str, sizes))}" if sizes else "in more than one order"
            parts.append(f"{names}: W is {shape_text(axes.split())}, {told}")
        if self.ambiguous:
            parts.append("the shapes cannot tell which: sizes coincide")
        fault = "no layout: the shapes of the layers do not follow one another"
        return "\n".join((*parts, *filter(None, [self.why]))) or fault


def to_column(weights: Any, layout: str, order: Sequence[str] | None = None) -> Parameters:
    """The parameters that ``column`` takes, from weights as a framework hands them out.

    No value is changed, cast or copied: transposes are views.

    Args:
        weights: a state dict, a dict inside dicts, a list of (W, b), of W, b, W, b, …, a pair of
            lists; arrays of any library.
        layout: a name in ``LAYOUTS``.
        order: the layers' names one after the other, needed where neither shapes nor numbers in
            the names of a dict tell.

    Raises:
        ValueError: no such layout, weights with something in them that is no layer's W or b, or
            several orders that fit.
        ShapeError: shapes that contradict the layout; it says which layouts would fit.
    """
    certain = not isinstance(weights, Mapping)
    return carried(following(layers_of(weights), layout, certain, order), layout)


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
    line = line_of(layout)
    pairs = [line.of_column(*one) for one in _given(params, "column")]
    if like is None:
        return packed(pairs, line)
    if not isinstance(like, Mapping):
        raise expected("like", "a dict by name", type(like).__name__)
    return refilled(like, by_names_of(following(layers_of(like), layout), pairs))


def from_row(params: Parameters, layout: str, like: Any = None) -> Any:
    """Weights as a framework wants them, from ``row``'s parameters; see ``from_column``."""
    return from_column(_given(params, "row"), layout, like)


def _given(params: Any, convention: str) -> Parameters:
    """A person's own parameters of ``column`` or ``row``, as ``column`` has them."""
    if isinstance(params, Mapping) or not isinstance(params, Sequence):
        raise expected("params", "a (W, b) for each layer", type(params).__name__)
    layers = following(layers_of(params, "params"), convention, certain=True)
    return carried(layers, convention)


def detect(weights: Any, n_in: int | None = None) -> Detection:
    """Which layouts the shapes of weights allow: each layer's n_in must be the n_out before it.

    Where sizes coincide several ways to lie fit; ``n_in``, the number of features, may decide.

    Raises:
        ValueError: weights with something in them that is no layer's W or b.
    """
    return detected(layers_of(weights), not isinstance(weights, Mapping), n_in)


def detected(layers: list[Named], certain: bool = False, n_in: int | None = None) -> Detection:
    """The same of layers, which come in a certain order or not."""
    fitting: dict[str, tuple[int, ...]] = {}
    why = ""
    for name, line in LAYOUTS.items():
        try:
            sizes, fault = _sizes(layers if certain else ordered(layers, line.sizes), line)
        except Unordered as error:
            why, fitting[name] = str(error), ()
        else:
            if not fault and n_in in (None, sizes[0]):
                fitting[name] = sizes
    by_axes = {LAYOUTS[name].W: fitting[name] for name in fitting}
    return Detection(tuple(fitting), by_axes, "" if any(by_axes.values()) else why)


def following(
    layers: list[Named], layout: str, certain: bool = False, order: Sequence[str] | None = None
) -> list[Named]:
    """The layers in order, or a ShapeError about the first that does not follow.

    ``certain``: whether they come in their order, as in a list, and not by names.
    """
    line = line_of(layout)
    if order is not None:
        layers = as_told(layers, order, line.sizes)
    elif not certain:
        layers = ordered(layers, line.sizes)
    _, fault = _sizes(layers, line)
    if fault:
        raise _refused(fault, layout, detected(layers, certain).layouts)
    return layers


def carried(layers: Sequence[Named], layout: str) -> Parameters:
    """Column's parameters from layers in their order, which fit a layout."""
    found = []
    for one in layers:
        W, b = one.W if LAYOUTS[layout].W == OUT_IN else one.W.T, one.b
        if b is None:
            b = array_namespace(W).zeros_like(W[:, :1])
        elif len(b.shape) == 1:
            b = b[:, None]
        found.append(Layer(W, b if b.shape[1] == 1 else b.T))
    return tuple(found)


def sizes_of(params: Parameters) -> tuple[int, ...]:
    """n_0, n_1, …, n_L of column's parameters."""
    return (params[0][0].shape[1], *(W.shape[0] for W, _ in params))


def by_names_of(template: Sequence[Named], pairs: Sequence[tuple[Any, Any]]) -> dict[str, Any]:
    """W and b of each layer by the names of a template's layers, which have the same shapes."""
    there, here = [tuple(one.W.shape) for one in template], [tuple(W.shape) for W, _ in pairs]
    if there != here:
        raise expected("like", f"weights of the same shapes, {here}", there)
    found: dict[str, Any] = {}
    for one, pair in zip(template, pairs, strict=True):
        if one.b is None and bool((pair[1] != 0).any()):
            raise ValueError(f"like: {one.names[0]} has no bias there, and one that is not 0 here")
        found |= dict(zip([name for name, _ in one.arrays()], pair, strict=False))
    return found


def _sizes(layers: Sequence[Named], line: Layout) -> tuple[tuple[int, ...], Fault | None]:
    """n_0, n_1, … of layers that follow one another in this layout, and the first that does not."""
    found: list[int] = []
    for one in layers:
        n_in, n_out = one.W.shape if line.W == IN_OUT else one.W.shape[::-1]
        if not line.sizes(one):
            return (), (one.names[1], line.b, one.b.shape, f"n_out = {n_out}")
        if found and n_in != found[-1]:
            return (), (one.names[0], line.W, one.W.shape, f"n_in = {found[-1]}")
        found += [n_out] if found else [n_in, n_out]
    return tuple(found), None


def _refused(fault: Fault, layout: str, fitting: Sequence[str]) -> ShapeError:
    argument, axes, shape, wanted = fault
    fits = [other for other in fitting if other != layout]
    would = f", and {fits[0]} would" if fits else ""
    way = f"Pass layout={fits[0]!r}" if fits else "Look at the order of the layers"
    more = f", or one of {', '.join(fits[1:])}" if len(fits) > 1 else ""
    expected, actual = shape_text(axes.split()), shape_text(shape)
    axis, size = wanted.split(" = ")
    return shape_error(
        "layouts",
        f"{argument} does not fit the layout {layout}{would}.",
        table([(argument, expected, f"got {actual}", f"{wanted} here")]),
        suggestion=f"{way}{more}.",
        argument=argument,
        expected=expected,
        actual=actual,
        bindings={axis: int(size)},
    )
