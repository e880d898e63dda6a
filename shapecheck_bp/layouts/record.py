"""Weights as they were found, in memory or in a file, and to and from the two conventions.

Whatever they came in is one record here, ``Inspected``, and everything is asked of it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from shapecheck_bp.layouts.containers import (
    PACKED,
    Unordered,
    arrays_of,
    as_told,
    layers_of,
    ordered,
)
from shapecheck_bp.layouts.functions import Activation, activations_of
from shapecheck_bp.layouts.table import LAYOUTS, Detection, Named, expected
from shapecheck_bp.network import Layer, Network
from shapecheck_bp.shapes.arrays import shape_text
from shapecheck_bp.shapes.errors import shape_error, table
from shapecheck_bp.transpose import flip

Parameters = tuple[Layer[Any, Any], ...]


class Inspected(NamedTuple):
    """One network as it was found."""

    layers: list[Named]
    """W and b of each layer as they lie there, and their names."""
    layout: str | None = None
    """What the file itself says."""
    activations: tuple[Activation, ...] | None = None
    """Of each layer, where the file says them."""
    said: Mapping[str, bool] = {}
    """What else the file does, which is not carried; and whether outputs depend on it."""
    certain: bool = True
    """Whether the layers come in their order, and not by names."""
    path: str = "weights"

    @property
    def fits(self) -> Detection:
        """The layouts that the shapes allow, or the one that the file says."""
        fitting: dict[str, tuple[int, ...]] = {}
        try:
            chains, why = [self._ordered()], ""
        except Unordered as error:
            chains, why = [[one] for one in self.layers], str(error)
        for name in [self.layout] if self.layout else LAYOUTS:
            faults = [*filter(None, map(LAYOUTS[name].misfit, chains))]
            if not faults:
                fitting[name] = () if why else LAYOUTS[name].sizes(chains[0])
            elif self.layout:
                why = f"{faults[0][0]} does not fit the layout {name}, which the file says"
        return Detection(tuple(fitting), {LAYOUTS[one].W: fitting[one] for one in fitting}, why)

    @property
    def network(self) -> Network:
        """The Network of these sizes and activations.

        Raises:
            ValueError: the file does not say them all, or a Network cannot have them.
        """
        if self.activations is None:
            raise ValueError(f"{self.path}: does not say its activations")
        *hidden, output = self.activations
        name = hidden[0].name if hidden else "relu"
        net = Network(LAYOUTS["column"].sizes(self.params()), name, output.name)
        if activations_of(net, net.sizes) != self.activations:
            told = f"has {', '.join(map(str, self.activations))}, and a Network"
            raise ValueError(f"{self.path}: {told} one, without a number, for all hidden layers")
        return net

    def in_order(
        self, layout: str | None, order: Sequence[str] | None = None
    ) -> tuple[str, list[Named]]:
        """The layout, which the file or a person says, and the layers as they follow one another.

        Raises:
            ValueError: no such layout, none is said or another one, or nothing tells the order.
            ShapeError: shapes that contradict the layout; it says which layouts would fit.
        """
        name = self.layout or layout
        if name is None:
            told = f"does not say which layout it has; pass layout=. By shape {self.fits}"
            raise ValueError(f"{self.path}: {told}".replace("\n", "; "))
        asked = layout or name
        if LAYOUTS[name].W != LAYOUTS[asked].W and {name, asked} != {"onnx", "onnx_transB_0"}:
            raise ValueError(f"{self.path}: says that its layout is {name!r}; got {layout=}")
        layers = self._ordered(order)
        fault = LAYOUTS[name].misfit(layers)
        if fault is None:
            return name, layers
        argument, axes, shape, axis, size = fault
        fits = " or ".join(map(repr, self.fits.layouts))
        wanted, actual = shape_text(axes.split()), shape_text(shape)
        raise shape_error(
            "layouts",
            f"{argument} does not fit the layout {name}.",
            table([(argument, wanted, f"got {actual}", f"{axis} = {size} here")]),
            suggestion=f"Pass layout={fits}." if fits else "Look at the order of the layers.",
            argument=argument,
            expected=wanted,
            actual=actual,
            bindings={axis: size},
        )

    def params(self, layout: str | None = None, order: Sequence[str] | None = None) -> Parameters:
        """The parameters that ``column`` takes; see ``in_order``."""
        name, layers = self.in_order(layout, order)
        return tuple(LAYOUTS[name].to_column(one.W, one.b) for one in layers)

    def _ordered(self, order: Sequence[str] | None = None) -> list[Named]:
        if order is not None:
            return as_told(self.layers, order)
        return self.layers if self.certain else ordered(self.layers)


def found_in(weights: Any, what: str = "weights") -> Inspected:
    """Weights as a framework hands them out; ``what`` they are called in errors."""
    return Inspected(layers_of(weights, what), certain=not isinstance(weights, Mapping))


def laid_out(params: Parameters, layout: str, like: Any = None, order: Any = None) -> Inspected:
    """Column's parameters as they lie in a layout, by its names, or by those of other weights.

    Raises:
        ValueError: the others have other shapes, or no bias where there is one here.
    """
    if like is not None:
        layout, there = like.in_order(layout, order)
    here = [LAYOUTS[layout].of_column(i, W, b) for i, (W, b) in enumerate(params)]
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


def to_column(weights: Any, layout: str, order: Sequence[str] | None = None) -> Parameters:
    """The parameters that ``column`` takes, from weights as a framework hands them out.

    No value is changed, cast or copied: transposes are views.

    Args:
        weights: a state dict, a dict inside dicts, a list of (W, b), of W, b, W, b, …, a pair of
            lists; arrays of any library.
        layout: a name in ``LAYOUTS``.
        order: the layers' names, one after the other, where no number in the names tells it.

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
        like: a dict of weights whose names to use, such as a model's own ``state_dict()``; of one
            inside dicts they come as Flax' ``flatten_dict(like, sep="/")`` has them.

    Raises:
        ValueError: no such layout, or ``like`` has other names or another number of layers.
        ShapeError: parameters that do not follow one another.
    """
    line, ours = LAYOUTS[layout], found_in(params, "params").params("column")
    if like is None:
        return PACKED[line.form](laid_out(ours, layout).layers)
    if not isinstance(like, Mapping):
        raise expected("like", "a dict by name", type(like).__name__)
    return arrays_of(laid_out(ours, layout, found_in(like)).layers)


def from_row(params: Parameters, layout: str, like: Any = None) -> Any:
    """Weights as a framework wants them, from ``row``'s parameters; see ``from_column``."""
    return from_column(found_in(params, "params").params("row"), layout, like)


def detect(weights: Any) -> Detection:
    """Which layouts the shapes of weights allow: each layer's n_in must be the n_out before it.

    Where sizes coincide several ways to lie fit, and only a person knows which it is.

    Raises:
        ValueError: weights with something in them that is no layer's W or b.
    """
    return found_in(weights).fits
