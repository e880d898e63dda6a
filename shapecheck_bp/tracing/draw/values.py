"""Values drawn as heat maps: matrices, tensors slice by slice, and gradients beside their flips."""

import math
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from shapecheck_bp.network import Gradient
from shapecheck_bp.shapes.arrays import as_numpy
from shapecheck_bp.tracing.draw.picture import FAINT, INK, PAPER, Picture, new_figure
from shapecheck_bp.transpose import flip

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDEST = 8.6  # inches of a row of panels
TALLEST = 7.0  # inches of a panel
ENTRY = 0.5  # inches of an entry, at most
ROOM = 0.2  # inches of an entry that a number has room in
LETTER = 0.075  # inches of a letter
GAP = 0.6  # inches between panels, and above them
DARK = 0.6  # of the scale: from here on numbers are white
MOST_NUMBERS = 64  # entries that are also written as numbers
COLOURS = "PuOr_r"  # below zero purple, above orange; told apart by those blind to a colour
OF_DIFFERENCE = 8  # eps at the ends of a difference's scale
MOST_ROUNDING = 1e4  # eps; what is further apart differs by more than rounding


class Panel(NamedTuple):
    """One heat map: its title, its values, and the value at the end of the scale."""

    title: str
    array: Any
    limit: float
    numbers: bool = True


def values(**arrays: Any) -> Picture:
    """Matrices, and 3-tensors slice by slice along their first axis, as heat maps in a row.

    All are on one scale of size and of colour, on which 0 is white. Small ones have their numbers
    written in.

    Args:
        arrays: what to draw, by the names to show.

    Raises:
        ValueError: an array that has neither two axes nor three, or is empty.
    """
    panels = []
    for name, array in arrays.items():
        array = _numbers(name, array)
        if array.ndim == 2:
            panels.append((f"{name} {array.shape}", array))
        else:
            panels += [(f"{name}[{k}] {matrix.shape}", matrix) for k, matrix in enumerate(array)]
    if not panels:
        raise ValueError("values: expected an array to draw; got none")
    limit = max(_largest(array) for _, array in panels)
    rows = [[Panel(title, array, limit) for title, array in panels]]
    words = ", ".join(f"{name} {tuple(array.shape)}" for name, array in arrays.items())
    return _picture(rows, words)


def gradients(here: Sequence[Gradient[Any, Any]], there: Sequence[Gradient[Any, Any]]) -> Picture:
    """Each layer's dW as ``column`` has it, beside the flip of ``row``'s, beside the difference.

    The difference is in units of rounding: eps times the largest entry of dW. Its scale ends at 8;
    where they differ by more than rounding can do, it is that of dW.

    Args:
        here: the gradients by ``column``.
        there: those by ``row``, as they lie there.

    Raises:
        ValueError: gradients that are not of the same shapes, once flipped.
    """
    every = (*here, *there)
    if len(here) != len(there) or not every or not all(hasattr(grad, "dW") for grad in every):
        raise ValueError(
            f"gradients: expected column's gradients and row's of the same layers, without J; got"
            f" {len(here)} and {len(there)}"
        )
    rows = []
    pairs = zip(here, flip(tuple(there)), strict=True)
    for layer, (grad, flipped) in enumerate(pairs, start=1):
        dW, same = _numbers("dW of column", grad.dW), _numbers("dW of row", flipped.dW)
        if dW.shape != same.shape:
            raise ValueError(
                f"gradients: expected layer {layer}'s dW of row to be {dW.shape[::-1]}, the flip of"
                f" column's; got {same.shape[::-1]}"
            )
        limit = max(_largest(dW), float(np.finfo(dW.dtype).tiny))
        difference = (dW - same) / (limit * np.finfo(dW.dtype).eps)
        title, end = f"difference, ±{OF_DIFFERENCE} eps", float(OF_DIFFERENCE)
        if _largest(difference) > MOST_ROUNDING:
            difference, end = dW - same, limit
            title = f"DIFFERENT, by up to {_largest(difference):.2g}"
        rows.append(
            [
                Panel(f"column: dW[{layer}] {dW.shape}", dW, limit),
                Panel(f"row's, flipped {same.shape}", same, limit),
                Panel(title, difference, end, numbers=end == limit),
            ]
        )
    each = "of column, the flip of row's, and their difference"
    words = "; ".join(f"dW[{layer}] {each}" for layer in range(1, len(rows) + 1))
    return _picture(rows, words)


def _picture(rows: Sequence[Sequence[Panel]], words: str) -> Picture:
    """Panels in rows, all entries of one size; a row that is too wide goes on in the next."""
    arrays = [panel.array for row in rows for panel in row]
    widest, tallest = (max(array.shape[axis] for array in arrays) for axis in (1, 0))
    unit = min(ENTRY, (WIDEST - GAP) / widest, TALLEST / tallest)
    lines: list[list[Panel]] = []
    for row in rows:
        lines.append([])
        for panel in row:
            width = sum(_width(each, unit) for each in (*lines[-1], panel))
            if width > WIDEST and lines[-1]:
                lines.append([])
            lines[-1].append(panel)
    heights = [max(panel.array.shape[0] for panel in line) * unit + GAP for line in lines]
    across = GAP + max(sum(_width(panel, unit) for panel in line) for line in lines)
    down = sum(heights) + GAP / 2
    figure = new_figure(across, down)
    top = down
    for line, height in zip(lines, heights, strict=True):
        left = GAP / 2
        for panel in line:
            tall, wide = (size * unit for size in panel.array.shape)
            place = (left / across, (top - GAP - tall) / down, wide / across, tall / down)
            _draw(figure.add_axes(place), panel, unit)
            left += _width(panel, unit)
        top -= height
    return Picture(figure, words)


def _width(panel: Panel, unit: float) -> float:
    """The inches of a panel or of its title, and of the gap after it."""
    return float(max(panel.array.shape[1] * unit, LETTER * len(panel.title)) + GAP / 2)


def _draw(axes: "Axes", panel: Panel, unit: float) -> None:
    array, limit = panel.array, panel.limit or 1.0
    axes.imshow(array, cmap=COLOURS, vmin=-limit, vmax=limit, interpolation="nearest")
    axes.set_title(panel.title, size=9, color=INK, loc="left", parse_math=False)
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_color(FAINT)
    if panel.numbers and array.size <= MOST_NUMBERS and unit >= ROOM:
        places = max(0, 2 - math.floor(math.log10(limit)))
        for (i, j), value in np.ndenumerate(array):
            ink = PAPER if abs(value) > DARK * limit else INK
            axes.text(j, i, _written(value, places), size=8, color=ink, ha="center", va="center")


def _written(value: float, places: int) -> str:
    """A number with so many decimal places; only what is zero is 0."""
    if value == 0 or not np.isfinite(value):
        return "0" if value == 0 else str(value)
    return f"{value:.{places}f}" if places < 5 else f"{value:.1e}"


def _numbers(name: str, array: Any) -> Any:
    """An array of any library as one of NumPy's floats, if it can be drawn."""
    with suppress(Exception):  # whatever another library says to what it cannot give
        numbers = as_numpy(array)
        if numbers.dtype.kind in "biuf" and numbers.ndim in (2, 3) and numbers.size:
            return numbers if numbers.dtype.kind == "f" else numbers.astype(float)
    shape, kind = tuple(getattr(array, "shape", ())), getattr(array, "dtype", type(array).__name__)
    raise ValueError(
        f"{name}: expected a matrix or a 3-tensor of real numbers, not empty; got {kind} {shape}"
    )


def _largest(array: Any) -> float:
    """The largest magnitude among the numbers that are finite."""
    finite = np.abs(array[np.isfinite(array)])
    return float(np.max(finite)) if finite.size else 0.0
