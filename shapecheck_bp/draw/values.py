"""Values drawn as heat maps: matrices, tensors slice by slice, and gradients beside their flips."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from shapecheck_bp.draw.picture import FAINT, INK, Picture, new_figure
from shapecheck_bp.network import Gradient
from shapecheck_bp.transpose import flip

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDEST = 8.6  # inches of a row of panels
ENTRY = 0.5  # inches of an entry, at most
GAP = 0.6  # inches between panels, and above them
DARK = 0.6  # of the scale: from here on numbers are white
MOST_NUMBERS = 64  # entries that are also written as numbers
COLOURS = "PuOr_r"  # below zero purple, above orange; told apart by those blind to a colour
OF_DIFFERENCE = 8  # eps at the ends of a difference's scale


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
        array = np.asarray(array)
        if array.ndim not in (2, 3) or array.size == 0:
            raise ValueError(f"{name}: expected a matrix or a 3-tensor; got {array.shape}")
        if array.ndim == 2:
            panels.append((f"{name} {array.shape}", array))
        else:
            panels += [(f"{name}[{k}] {one.shape}", one) for k, one in enumerate(array)]
    if not panels:
        raise ValueError("values: expected an array to draw; got none")
    limit = max(float(np.max(np.abs(array))) for _, array in panels)
    rows = [[(title, array, limit) for title, array in panels]]
    words = ", ".join(f"{name} {np.shape(array)}" for name, array in arrays.items())
    return _picture(rows, words)


def gradients(here: Sequence[Gradient[Any, Any]], there: Sequence[Gradient[Any, Any]]) -> Picture:
    """Each layer's dW as ``column`` has it, beside the flip of ``row``'s, beside the difference.

    The difference is in units of rounding: eps times the largest entry of dW. Its scale ends at 8.

    Args:
        here: the gradients by ``column``.
        there: those by ``row``, as they lie there.

    Raises:
        ValueError: gradients that are not of the same shapes, once flipped.
    """
    rows = []
    for layer, (one, other) in enumerate(zip(here, flip(tuple(there)), strict=True), start=1):
        dW, same = np.asarray(one.dW), np.asarray(other.dW)
        if dW.shape != same.shape:
            raise ValueError(
                f"gradients: expected layer {layer}'s dW of row to be {dW.shape[::-1]}, the flip of"
                f" column's; got {same.shape[::-1]}"
            )
        limit = max(float(np.max(np.abs(dW))), float(np.finfo(dW.dtype).tiny))
        difference = (dW - same) / (limit * np.finfo(dW.dtype).eps)
        rows.append(
            [
                (f"column: dW[{layer}] {dW.shape}", dW, limit),
                (f"flip of row's {same.shape[::-1]}", same, limit),
                (f"difference, ±{OF_DIFFERENCE} eps", difference, OF_DIFFERENCE),
            ]
        )
    words = "; ".join(
        f"dW[{n}] of column, the flip of row's, their difference" for n in range(1, len(rows) + 1)
    )
    return _picture(rows, words)


def _picture(rows: Sequence[Sequence[tuple[str, Any, float]]], words: str) -> Picture:
    """Panels in rows, all entries of one size, each with its own end of the scale of colours."""
    entries = max(sum(array.shape[1] for _, array, _ in row) for row in rows)
    unit = min(ENTRY, (WIDEST - GAP * max(map(len, rows))) / entries)
    heights = [max(array.shape[0] for _, array, _ in row) * unit + GAP for row in rows]
    across = max(sum(array.shape[1] * unit + GAP for _, array, _ in row) for row in rows)
    across, down = max(across, 2.0) + GAP / 2, sum(heights) + GAP / 2
    figure = new_figure(across, down)
    top = down
    for row, height in zip(rows, heights, strict=True):
        left = GAP / 2
        for title, array, limit in row:
            tall, wide = (size * unit for size in array.shape)
            place = (left / across, (top - GAP - tall) / down, wide / across, tall / down)
            _panel(figure.add_axes(place), title, array, limit)
            left += max(wide, 1.4) + GAP / 2
        top -= height
    return Picture(figure, words)


def _panel(axes: "Axes", title: str, array: Any, limit: float) -> None:
    axes.imshow(array, cmap=COLOURS, vmin=-limit or -1, vmax=limit or 1, interpolation="nearest")
    axes.set_title(title, size=9, color=INK, loc="left")
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_color(FAINT)
    if array.size <= MOST_NUMBERS:
        places = max(0, 1 - math.floor(math.log10(limit))) if limit else 0
        for (i, j), value in np.ndenumerate(array):
            ink = "white" if abs(value) > DARK * limit else INK
            written = f"{value:.{places}f}" if round(float(value), places) else "0"
            axes.text(j, i, written, size=8, color=ink, ha="center", va="center")
