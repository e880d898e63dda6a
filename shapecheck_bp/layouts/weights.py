"""Weights as they were found, in memory or in a file: what their shapes allow, and what they are.

Whatever they came in is one record here, ``Inspected``, and everything is asked of it.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from shapecheck_bp.layouts.containers import layers_of
from shapecheck_bp.layouts.functions import Activation, activations_of
from shapecheck_bp.layouts.order import Unordered, as_told, ordered
from shapecheck_bp.layouts.table import LAYOUTS, Layout, Named, line_of
from shapecheck_bp.network import Layer, Network
from shapecheck_bp.shapes.arrays import shape_text
from shapecheck_bp.shapes.errors import shape_error, table

Parameters = tuple[Layer[Any, Any], ...]


class Detection(NamedTuple):
    """Which layouts the shapes of weights allow, and the network's sizes in each way to lie."""

    layouts: tuple[str, ...]
    sizes: dict[str, tuple[int, ...]]
    """By the axes of W: the sizes n_0, n_1, … that they would mean, () if no order is told."""
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
        return "\n".join([*(parts or [fault]), *filter(None, [self.why])])


class Misfit(Exception):
    """An array that a layout cannot have: its name, axes there, its shape, an axis, its size."""


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
        return self.detected()

    def detected(self, n_in: int | None = None) -> Detection:
        """The same, of a network with so many features."""
        fitting: dict[str, tuple[int, ...]] = {}
        why = ""
        for name in [self.layout] if self.layout else LAYOUTS:
            try:
                pairs = [*map(LAYOUTS[name].sizes, self._followed(LAYOUTS[name]))]
            except Unordered as error:
                why, fitting[name] = str(error), ()
            except Misfit as fault:
                if self.layout:
                    why = f"{fault.args[0]} does not fit the layout {name}, which the file says"
            else:
                if n_in in (None, pairs[0][0]):
                    fitting[name] = (pairs[0][0], *(n_out for _, n_out in pairs))
        by_axes = {LAYOUTS[name].W: sizes for name, sizes in fitting.items()}
        return Detection(tuple(fitting), by_axes, "" if any(by_axes.values()) else why)

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
        net = Network(sizes_of(self.params()), name, output.name)
        if activations_of(net, net.sizes) != self.activations:
            raise ValueError(
                f"{self.path}: a Network has one activation for all hidden layers, without a number"
                f" of its own; here are {', '.join(map(str, self.activations))}"
            )
        return net

    def in_order(
        self, layout: str | None, order: Sequence[str] | None = None
    ) -> tuple[str, list[Named]]:
        """The layout, which the file or a person says, and the layers as they follow one another.

        Raises:
            ValueError: no such layout, none is said or another one, or nothing tells the order.
            ShapeError: shapes that contradict the layout; it says which layouts would fit.
        """
        name, asked = self.layout or layout, layout or self.layout
        if name is None:
            told = str(self.fits).replace("\n", "; ")
            raise ValueError(
                f"{self.path}: does not say which layout it has; pass layout=. By shape {told}"
            )
        if line_of(name).W != line_of(asked).W and {name, asked} != {"onnx", "onnx_transB_0"}:
            raise ValueError(f"{self.path}: says that its layout is {name!r}; got {layout=}")
        try:
            return name, self._followed(LAYOUTS[name], order)
        except Misfit as fault:
            argument, axes, shape, axis, size = fault.args
        fits = " or ".join(map(repr, self.fits.layouts))
        expected, actual = shape_text(axes.split()), shape_text(shape)
        raise shape_error(
            "layouts",
            f"{argument} does not fit the layout {name}.",
            table([(argument, expected, f"got {actual}", f"{axis} = {size} here")]),
            suggestion=f"Pass layout={fits}." if fits else "Look at the order of the layers.",
            argument=argument,
            expected=expected,
            actual=actual,
            bindings={axis: size},
        )

    def params(self, layout: str | None = None, order: Sequence[str] | None = None) -> Parameters:
        """The parameters that ``column`` takes; see ``in_order``."""
        name, layers = self.in_order(layout, order)
        return tuple(LAYOUTS[name].to_column(one.W, one.b) for one in layers)

    def _followed(self, line: Layout, order: Sequence[str] | None = None) -> list[Named]:
        """The layers in their order, if they fit the layout, and one another."""
        layers = self.layers
        for one in layers:
            if not line.holds(one):
                raise Misfit(one.names[1], line.b, one.b.shape, "n_out", line.sizes(one)[1])
        if order is not None:
            layers = as_told(layers, order, line)
        elif not self.certain:
            layers = ordered(layers, line)
        for before, one in pairwise(layers):
            (_, n_out), (n_in, _) = map(line.sizes, (before, one))
            if n_in != n_out:
                raise Misfit(one.names[0], line.W, one.W.shape, "n_in", n_out)
        return layers


def found_in(weights: Any, what: str = "weights") -> Inspected:
    """Weights as a framework hands them out; ``what`` they are called in errors."""
    return Inspected(layers_of(weights, what), certain=not isinstance(weights, Mapping))


def sizes_of(params: Parameters) -> tuple[int, ...]:
    """n_0, n_1, …, n_L of column's parameters."""
    return (params[0][0].shape[1], *(W.shape[0] for W, _ in params))
