"""To and from the two conventions, by the lines of the table."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from array_api_compat import array_namespace

from shapecheck_bp.layouts.containers import Named, layers_of, packed
from shapecheck_bp.layouts.containers import like as refilled
from shapecheck_bp.layouts.order import Unordered, as_told, ordered
from shapecheck_bp.layouts.table import IN_OUT, LAYOUTS, OUT_IN, Layout
from shapecheck_bp.layouts.table import layout as line_of
from shapecheck_bp.network import Layer
from shapecheck_bp.shapes.arrays import shape_text
from shapecheck_bp.shapes.errors import ShapeError, shape_error, table
from shapecheck_bp.transpose import flip

Parameters = tuple[Layer[Any, Any], ...]


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
    line = line_of(layout)
    return carried(following(layers_of(weights), line, layout, order=order), line)


def to_row(weights: Any, layout: str, order: Sequence[str] | None = None) -> Parameters:
    """The parameters that ``row`` takes; see ``to_column``."""
    return flip(to_column(weights, layout, order))


def carried(layers: Sequence[Named], line: Layout) -> Parameters:
    """Column's parameters from layers in their order, which fit a layout."""
    found = []
    for one in layers:
        W = one.W if line.W == OUT_IN else one.W.T
        no_b = one.b is None
        found.append(Layer(W, array_namespace(W).zeros_like(W[:, :1]) if no_b else _column(one.b)))
    return tuple(found)


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
    pairs = [
        (one.W if line.W == OUT_IN else one.W.T, _as(line.b, _column(one.b)))
        for one in _given(params, "column")
    ]
    if like is None:
        return packed(pairs, line)
    if not isinstance(like, Mapping):
        raise ValueError(f"like: expected a dict by name; got {type(like).__name__}")
    return refilled(like, by_names_of(following(layers_of(like), line, layout), pairs))


def from_row(params: Parameters, layout: str, like: Any = None) -> Any:
    """Weights as a framework wants them, from ``row``'s parameters; see ``from_column``."""
    turned = flip(tuple(Layer(one.W, one.b) for one in _given(params, "row")))
    return from_column(turned, layout, like)


def _given(params: Any, convention: str) -> list[Named]:
    """A person's own parameters, layer by layer."""
    unfit = isinstance(params, str | Mapping) or hasattr(params, "dtype")
    if unfit or not isinstance(params, Iterable):
        raise ValueError(f"params: expected a (W, b) for each layer; got {type(params).__name__}")
    pairs = [tuple(one) if isinstance(one, Sequence) else one for one in params]
    try:
        layers = layers_of(pairs)
    except ValueError as error:
        raise ValueError(str(error).replace("weights", "params")) from None
    named = [
        one._replace(names=(f"params[{i}].W", f"params[{i}].b")) for i, one in enumerate(layers)
    ]
    return following(named, LAYOUTS[convention], convention, kept=None)


def detect(weights: Any, n_in: int | None = None) -> Detection:
    """Which layouts the shapes of weights allow: each layer's n_in must be the n_out before it.

    Where sizes coincide several ways to lie fit; ``n_in``, the number of features, may decide.

    Raises:
        ValueError: weights with something in them that is no layer's W or b.
    """
    return detected(layers_of(weights), n_in)


def detected(layers: list[Named], n_in: int | None = None, kept: bool | None = True) -> Detection:
    """The same of layers."""
    fitting: dict[str, tuple[int, ...]] = {}
    why = ""
    for name, line in LAYOUTS.items():
        try:
            found = _sizes(_in_line(layers, line, kept), line)
        except Unordered as error:
            why, fitting[name] = str(error), ()
        else:
            if found and n_in in (None, found[0]):
                fitting[name] = found
    sizes = {LAYOUTS[name].W: fitting[name] for name in fitting}
    return Detection(tuple(fitting), sizes, "" if any(sizes.values()) else why)


def following(
    layers: list[Named],
    line: Layout,
    name: str,
    *,
    order: Sequence[str] | None = None,
    kept: bool | None = True,
) -> list[Named]:
    """The layers in order, or a ShapeError about the first that does not follow.

    ``kept``: whether they may come in the order in which they were made; None where that is
    certain, and no other is asked for.
    """
    if order is not None:
        in_line = as_told(layers, order, line.sizes)
    else:
        in_line = _in_line(layers, line, kept)
    if _sizes(in_line, line):
        return in_line
    before: int | None = None
    for one in in_line:
        n_in, n_out = one.W.shape if line.W == IN_OUT else one.W.shape[::-1]
        if not line.sizes(one):
            raise _refused(one.names[1], line.b, one.b.shape, f"n_out = {n_out}", name, layers)
        if before not in (None, n_in):
            raise _refused(one.names[0], line.W, one.W.shape, f"n_in = {before}", name, layers)
        before = n_out
    raise AssertionError("weights that do not fit have a layer that does not")


def _in_line(layers: list[Named], line: Layout, kept: bool | None) -> list[Named]:
    """The layers as they follow one another; a list's order is certain, and a dict's is not."""
    certain = kept is None or layers[0].names[0].startswith(("weights[", "params["))
    return layers if certain else ordered(layers, line.sizes, bool(kept))


def _refused(
    argument: str, axes: str, shape: Any, wanted: str, name: str, layers: list[Named]
) -> ShapeError:
    fits = [other for other in detected(layers).layouts if other != name]
    would = f", and {fits[0]} would" if fits else ""
    way = f"Pass layout={fits[0]!r}" if fits else "Look at the order of the layers"
    more = f", or one of {', '.join(fits[1:])}" if len(fits) > 1 else ""
    expected, actual = shape_text(axes.split()), shape_text(shape)
    axis, size = wanted.split(" = ")
    return shape_error(
        "layouts",
        f"{argument} does not fit the layout {name}{would}.",
        table([(argument, expected, f"got {actual}", f"{wanted} here")]),
        suggestion=f"{way}{more}.",
        argument=argument,
        expected=expected,
        actual=actual,
        bindings={axis: int(size)},
    )


def _sizes(layers: Sequence[Named], line: Layout) -> tuple[int, ...]:
    """n_0, n_1, … where the layers follow one another in this layout, else nothing."""
    chain = [size for one in layers if (size := line.sizes(one))]
    if len(chain) < len(layers):
        return ()
    if any(before[1] != after[0] for before, after in pairwise(chain)):
        return ()
    return (chain[0][0], *(size[1] for size in chain))


def _column(b: Any) -> Any:
    return b[:, None] if len(b.shape) == 1 else b if b.shape[1] == 1 else b.T


def _as(axes: str, b: Any) -> Any:
    """A column as a layout has its biases."""
    return {"n_out": b[:, 0], "n_out 1": b, "1 n_out": b.T}[axes]


def by_names_of(template: Sequence[Named], pairs: Sequence[tuple[Any, Any]]) -> dict[str, Any]:
    """W and b of each layer by the names of a template's layers, which have the same shapes."""
    shapes = [[tuple(array.shape) for _, array in one.arrays()] for one in template]
    given = [[tuple(array.shape) for array in pair] for pair in pairs]
    fits = [one[: len(has)] for one, has in zip(given, shapes, strict=False)] == shapes
    if not fits or len(given) != len(shapes):
        raise ValueError(f"like: expected weights of the same shapes, {given}; got {shapes}")
    found: dict[str, Any] = {}
    for one, (W, b) in zip(template, pairs, strict=True):
        if one.b is None and bool((b != 0).any()):
            raise ValueError(f"like: {one.names[0]} has no bias there, and one that is not 0 here")
        found |= dict(zip([name for name, _ in one.arrays()], (W, b), strict=False))
    return found
