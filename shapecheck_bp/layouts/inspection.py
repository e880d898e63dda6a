"""What is in a file of weights: its layers as they lie there, and what it says of them."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from shapecheck_bp.layouts.carry import (
    Detection,
    Parameters,
    carried,
    detected,
    following,
    sizes_of,
)
from shapecheck_bp.layouts.containers import Named
from shapecheck_bp.layouts.functions import Activation, activations_of
from shapecheck_bp.layouts.table import LAYOUTS
from shapecheck_bp.layouts.table import layout as line_of
from shapecheck_bp.network import Network
from shapecheck_bp.shapes.errors import ShapeError


class Inspected(NamedTuple):
    """One network in a file."""

    layers: list[Named]
    """W and b of each layer, and their names there."""
    layout: str | None = None
    """What the file itself says."""
    activations: tuple[Activation, ...] | None = None
    """Of each layer, where the file says them."""
    said: Mapping[str, bool] = {}
    """What else the file does, which is not carried; and whether outputs depend on it."""
    certain: bool = True
    """Whether the layers come in their order, and not by names."""
    path: str = ""

    @property
    def fits(self) -> Detection:
        """The layouts that the shapes allow, or the one that the file says."""
        if self.layout is None:
            return detected(self.layers, self.certain)
        try:
            sizes = sizes_of(self.params())
            return Detection((self.layout,), {LAYOUTS[self.layout].W: sizes})
        except (ValueError, ShapeError) as error:  # what it says of itself does not fit
            return Detection((), {}, str(error).split("\n")[0])

    @property
    def network(self) -> Network:
        """The Network of these sizes and activations.

        Raises:
            ValueError: the file does not say them all, or a Network cannot have them.
        """
        sizes = [*self.fits.sizes.values()]
        if self.activations is None or len(sizes) != 1 or not sizes[0]:
            raise ValueError(f"{self.path}: does not say its sizes and activations")
        *hidden, output = self.activations
        net = Network(sizes[0], hidden[0].name if hidden else "relu", output.name)
        if activations_of(net) != self.activations:
            told = ", ".join(map(str, self.activations))
            raise ValueError(
                f"{self.path}: a Network has one activation for all hidden layers, without a number"
                f" of its own; here are {told}"
            )
        return net

    def known_as(self, layout: str | None) -> str:
        """The layout that the file says, or that a person does.

        Raises:
            ValueError: neither says one, or they contradict.
        """
        if layout is None and self.layout is None:
            told = str(self.fits).replace("\n", "; ")
            raise ValueError(
                f"{self.path}: does not say which layout it has; pass layout=. By shape {told}"
            )
        known, given = (str(one).removesuffix("_transB_0") for one in (self.layout, layout))
        one, other = line_of(self.layout or layout), line_of(layout or self.layout)
        if one.W != other.W and known != given:
            raise ValueError(f"{self.path}: says that its layout is {self.layout!r}; got {layout=}")
        return self.layout or str(layout)

    def in_order(self, layout: str | None, order: Sequence[str] | None = None) -> list[Named]:
        """The layers as they follow one another in a layout; ``order`` is their names."""
        lying = [one._replace(W=one.W.T) if one.turned else one for one in self.layers]
        return following(lying, self.known_as(layout), self.certain, order)

    def params(self, layout: str | None = None, order: Sequence[str] | None = None) -> Parameters:
        """The parameters that ``column`` takes."""
        return carried(self.in_order(layout, order), self.known_as(layout))
