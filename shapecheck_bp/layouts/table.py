"""How frameworks lay weights out: a line for each.

A line says where the examples lie in X, which axes W and b have, and what the arrays are called.
Nothing else in this package knows a framework.

>>> LAYOUTS["torch"].W, LAYOUTS["keras"].W
('n_out n_in', 'n_in n_out')
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from array_api_compat import array_namespace

from shapecheck_bp.data.settings import ByName
from shapecheck_bp.network import Layer
from shapecheck_bp.shapes.arrays import shape_text

OUT_IN, IN_OUT = "n_out n_in", "n_in n_out"


class Named(NamedTuple):
    """One layer's W and b as they lie somewhere, and what they are called there."""

    W: Any
    b: Any
    """None where the layer has no bias."""
    names: tuple[str, str]

    def arrays(self) -> list[tuple[str, Any]]:
        """Its arrays, by name."""
        both = zip(self.names, (self.W, self.b), strict=True)
        return [(name, array) for name, array in both if array is not None]


class Layout(NamedTuple):
    """One framework's, or course's, choices."""

    examples: str
    """``"rows"`` or ``"columns"`` of X."""
    W: str
    b: str
    names: tuple[str, str]
    """What W and b of the layer with index {i}, or number {l}, are called."""
    form: str = "flat"
    """How it hands them out: a flat dict by name, a dict inside dicts, a list, a pair of lists."""
    step: int = 1
    """How far the indices of two layers are apart."""

    def sizes(self, layers: Sequence[Any]) -> tuple[int, ...]:
        """n_0, n_1, …, n_L of layers that follow one another, by their W."""
        shapes = [one.W.shape[:: 1 if self.W == IN_OUT else -1] for one in layers]
        return (shapes[0][0], *(n_out for _, n_out in shapes))

    def misfit(self, layers: Sequence[Named]) -> tuple[str, str, Any, str, int] | None:
        """What this layout cannot have: a name, its axes and shape, and an axis with its size."""
        before = None
        for one in layers:
            n_in, n_out = self.sizes([one])
            b = [n_out if axis == "n_out" else 1 for axis in self.b.split()]
            if one.b is not None and [*one.b.shape] != b:
                return one.names[1], self.b, one.b.shape, "n_out", n_out
            if before not in (None, n_in):
                return one.names[0], self.W, one.W.shape, "n_in", before
            before = n_out
        return None

    def of_column(self, i: int, W: Any, b: Any) -> Named:
        """The layer with index i as it lies here, of W and b that ``column`` has."""
        as_here = {"n_out": b[:, 0], "n_out 1": b, "1 n_out": b.T}[self.b]
        W_name, b_name = (name.format(i=i * self.step, l=i + 1) for name in self.names)
        return Named(W if self.W == OUT_IN else W.T, as_here, (W_name, b_name))

    def to_column(self, W: Any, b: Any) -> Layer[Any, Any]:
        """W and b as ``column`` has them, of those that lie here; b may be None."""
        W, xp = W if self.W == OUT_IN else W.T, array_namespace(W)
        return Layer(W, xp.zeros_like(W[:, :1]) if b is None else xp.reshape(b, (-1, 1)))


# fmt: off
LAYOUTS = ByName("layout",
    #                   X          W       b          W and b are called                form
    column=   Layout("columns", OUT_IN, "n_out 1", ("W{l}", "b{l}"),                 "layers"),
    row=      Layout("rows",    IN_OUT, "1 n_out", ("W{l}", "b{l}"),                 "layers"),
    ng=       Layout("columns", OUT_IN, "n_out 1", ("W{l}", "b{l}"),                 "flat"),
    cs231n=   Layout("rows",    IN_OUT, "n_out",   ("W{l}", "b{l}"),                 "flat"),
    torch=    Layout("rows",    OUT_IN, "n_out",   ("{i}.weight", "{i}.bias"),       "flat", 2),
    keras=    Layout("rows",    IN_OUT, "n_out",   ("dense_{i}/kernel", "dense_{i}/bias"),
                       "list"),
    flax=     Layout("rows",    IN_OUT, "n_out",   ("Dense_{i}/kernel", "Dense_{i}/bias"),
                       "nested"),
    sklearn=  Layout("rows",    IN_OUT, "n_out",   ("coefs_{i}", "intercepts_{i}"),  "pair"),
    equinox=  Layout("columns", OUT_IN, "n_out",   ("{i}/weight", "{i}/bias"),       "layers"),
    onnx=     Layout("rows",    OUT_IN, "n_out",   ("{i}.weight", "{i}.bias"),       "flat", 2),
    onnx_transB_0= Layout("rows", IN_OUT, "n_out", ("{i}.weight", "{i}.bias"),       "flat", 2),
)
# fmt: on
"""``onnx`` is a Gemm with transB = 1, as PyTorch exports it; ``onnx_transB_0`` is the other Gemm,
and MatMul + Add."""


class Detection(NamedTuple):
    """Which layouts the shapes of weights allow, and the network's sizes in each way to lie."""

    layouts: tuple[str, ...]
    sizes: dict[str, tuple[int, ...]]
    """By the axes of W: the sizes n_0, n_1, … that they would mean, () if no order is told."""
    why: str = ""
    """What a person has to say first, such as the order of the layers."""

    def __str__(self) -> str:
        parts = []
        for axes, sizes in self.sizes.items():
            names = ", ".join(name for name in self.layouts if axes == LAYOUTS[name].W)
            told = f"sizes {'-'.join(map(str, sizes))}" if sizes else "in an order to be told"
            parts.append(f"{names}: W is {shape_text(axes.split())}, {told}")
        if len(self.sizes) > 1:
            parts.append("the shapes cannot tell which: sizes coincide")
        fault = "no layout: the shapes of the layers do not follow one another"
        return "\n".join([*(parts or [fault]), *filter(None, [self.why])])


def expected(what: object, wanted: str, got: object) -> ValueError:
    """The error about something that is not what it should be."""
    return ValueError(f"{what}: expected {wanted}; got {got}")
