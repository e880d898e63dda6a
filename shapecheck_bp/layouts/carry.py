"""To and from the two conventions, by the lines of the table."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from shapecheck_bp.layouts.containers import Named, layers_of, packed
from shapecheck_bp.layouts.containers import like as refilled
from shapecheck_bp.layouts.order import as_told, ordered
from shapecheck_bp.layouts.table import IN_OUT, LAYOUTS, OUT_IN, Layout, layout
from shapecheck_bp.network import Layer
from shapecheck_bp.shapes.arrays import shape_text
from shapecheck_bp.shapes.errors import ShapeError, shape_error, table
from shapecheck_bp.transpose import flip

Parameters = tuple[Layer[Any, Any], ...]


class Detection(NamedTuple):
    """Which layouts the shapes of weights allow, and the network's sizes in each way to lie."""

    layouts: tuple[str, ...]
    sizes: dict[str, tuple[int, ...]]
    """By the axes of W: the sizes n_0, n_1, … that they would mean."""

    @property
    def ambiguous(self) -> bool:
        """Whether W may lie in either way: the sizes coincide, and only its values know."""
        return len(self.sizes) > 1

    def __str__(self) -> str:
        parts = []
        for axes, sizes in self.sizes.items():
            names = ", ".join(name for name in self.layouts if axes == LAYOUTS[name].W)
            written = shape_text(axes.split())
            parts.append(f"{names}: W is {written}, sizes {'-'.join(map(str, sizes))}")
        told = "\n".join(parts) or "no layout: the shapes of the layers do not follow one another"
        return told + "\nthe shapes cannot tell which: sizes coincide" * self.ambiguous


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
    line = _line(layout)
    return carried(following(layers_of(weights), line, layout, order=order), line)


def to_row(weights: Any, layout: str, order: Sequence[str] | None = None) -> Parameters:
    """The parameters that ``row`` takes; see ``to_column``."""
    return flip(to_column(weights, layout, order))


def carried(layers: Sequence[Named], line: Layout) -> Parameters:
    """Column's parameters from layers in their order, which fit a layout."""
    return tuple(Layer(one.W if line.W == OUT_IN else one.W.T, _column(one.b)) for one in layers)


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
    line = _line(layout)
    pairs = [
        (one.W if line.W == OUT_IN else one.W.T, _as(line.b, _column(one.b)))
        for one in _given(params, "column")
    ]
    return packed(pairs, line) if like is None else _named_like(pairs, like, line, layout)


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
    return following(named, LAYOUTS[convention], convention, known=None)


def detect(weights: Any, n_in: int | None = None) -> Detection:
    """Which layouts the shapes of weights allow: each layer's n_in must be the n_out before it.

    Where sizes coincide several ways to lie fit; ``n_in``, the number of features, may decide.

    Raises:
        ValueError: weights with something in them that is no layer's W or b.
    """
    return detected(layers_of(weights), n_in)


def detected(layers: list[Named], n_in: int | None = None) -> Detection:
    """The same of layers."""
    fitting = {}
    for name, line in LAYOUTS.items():
        try:
            in_line = ordered(layers, _sizes_in(line), known=False)
        except ValueError:
            in_line = layers if _sizes(layers, line) else []
        fitting[name] = _sizes(in_line, line, n_in)
    names = tuple(name for name, sizes in fitting.items() if sizes)
    return Detection(names, {LAYOUTS[name].W: fitting[name] for name in names})


def _line(name: str) -> Layout:
    return layout(name)


def following(
    layers: list[Named],
    line: Layout,
    name: str,
    *,
    order: Sequence[str] | None = None,
    known: bool | None = True,
) -> list[Named]:
    """The layers in order, or a ShapeError about the first that does not follow.

    ``known``: True where the order in which they come is a framework's own, None where it is
    certain, and no other is asked for.
    """
    if order is not None:
        in_line = as_told(layers, order)
    elif known is None or not _is_dict(layers):
        in_line = layers
    else:
        in_line = ordered(layers, _sizes_in(line), known)
    if _sizes(in_line, line):
        return in_line
    fits = [other for other in detected(layers).layouts if other != name]
    before: int | None = None
    for one in in_line:
        n_in, n_out = _in_out(one, line)
        if not _bias_fits(one.b, n_out, line):
            raise _refused(one.names[1], line.b, one.b.shape, {"n_out": n_out}, name, fits)
        if before not in (None, n_in):
            raise _refused(one.names[0], line.W, one.W.shape, {"n_in": before}, name, fits)
        before = n_out
    raise AssertionError("weights that do not fit have a layer that does not")


def _is_dict(layers: Sequence[Named]) -> bool:
    """Whether these come from a dict, and not from a list, whose order is certain."""
    return not layers[0].names[0].startswith(("weights[", "params["))


def _sizes_in(line: Layout) -> Callable[[Named], tuple[int, int] | None]:
    def sizes(one: Named) -> tuple[int, int] | None:
        n_in, n_out = _in_out(one, line)
        return (n_in, n_out) if _bias_fits(one.b, n_out, line) else None

    return sizes


def _refused(
    argument: str,
    axes: str,
    shape: tuple[int, ...],
    bound: dict[str, Any],
    name: str,
    fits: Sequence[str],
) -> ShapeError:
    wanted = ", ".join(f"{axis} = {size}" for axis, size in bound.items())
    advice = f"Pass layout={fits[0]!r}" if fits else "Look at the order of the layers"
    more = f", or one of {', '.join(fits[1:])}" if len(fits) > 1 else ""
    would = f", and {fits[0]} would" if fits else ""
    expected, actual = shape_text(axes.split()), shape_text(shape)
    return shape_error(
        "layouts",
        f"{argument} does not fit the layout {name}{would}.",
        table([(argument, expected, f"got {actual}", f"{wanted} here")]),
        suggestion=f"{advice}{more}.",
        argument=argument,
        expected=expected,
        actual=actual,
        bindings=bound,
    )


def _sizes(layers: Sequence[Named], line: Layout, n_in: int | None = None) -> tuple[int, ...]:
    """n_0, n_1, … where the layers follow one another in this layout, else nothing."""
    sizes = [_sizes_in(line)(one) for one in layers]
    if not sizes or not all(sizes) or n_in not in (None, sizes[0] and sizes[0][0]):
        return ()
    chain = [size for size in sizes if size]
    if any(before[1] != after[0] for before, after in pairwise(chain)):
        return ()
    return (chain[0][0], *(size[1] for size in chain))


def _in_out(one: Named, line: Layout) -> tuple[int, int]:
    rows, columns = one.W.shape
    return (rows, columns) if line.W == IN_OUT else (columns, rows)


def _bias_fits(b: Any, n_out: int, line: Layout) -> bool:
    wanted = {"n_out": (n_out,), "n_out 1": (n_out, 1), "1 n_out": (1, n_out)}[line.b]
    return tuple(b.shape) == wanted


def _column(b: Any) -> Any:
    return b[:, None] if len(b.shape) == 1 else b if b.shape[1] == 1 else b.T


def _as(axes: str, b: Any) -> Any:
    """A column as a layout has its biases."""
    return {"n_out": b[:, 0], "n_out 1": b, "1 n_out": b.T}[axes]


def _named_like(pairs: Sequence[tuple[Any, Any]], template: Any, line: Layout, name: str) -> Any:
    if not isinstance(template, Mapping):
        raise ValueError(f"like: expected a dict by name; got {type(template).__name__}")
    wanted = following(layers_of(template), line, name)
    shapes = [(tuple(one.W.shape), tuple(one.b.shape)) for one in wanted]
    given = [(tuple(W.shape), tuple(b.shape)) for W, b in pairs]
    if shapes != given:
        raise ValueError(f"like: expected weights of the same shapes, {given}; got {shapes}")
    arrays = {
        called: array
        for one, pair in zip(wanted, pairs, strict=True)
        for called, array in zip(one.names, pair, strict=True)
    }
    return refilled(template, arrays)
