"""A colour for each axis, by what it means: the same in a terminal, a notebook and a picture.

Colour is an addition: whatever it says stands there in words too.
"""

from collections.abc import Iterable
from itertools import cycle
from typing import NamedTuple


class Colour(NamedTuple):
    """One colour as a terminal, a notebook and a picture want it."""

    terminal: str
    ink: str
    """Dark, for words on the pale one and for lines."""
    pale: str


# Told apart also by those who are blind to a colour (after Okabe and Ito).
EXAMPLES = Colour("dark_orange3", "#8a4b00", "#ffe0b8")
INPUTS = Colour("dodger_blue2", "#004f80", "#cfe6f7")
OUTPUTS = Colour("green4", "#00563f", "#c6ebdd")
OTHERS = (
    Colour("magenta3", "#7d2f5f", "#f3d5e7"),
    Colour("turquoise4", "#1f5c6b", "#d2ecf2"),
    Colour("gold3", "#5f5600", "#f1ecbc"),
)
PLAIN = Colour("default", "#444444", "#e6e6e6")
MEANINGS = {"m": EXAMPLES, "n_in": INPUTS, "n_out": OUTPUTS, "n": OUTPUTS}
LAYERS = (INPUTS, OUTPUTS, *OTHERS)
COLOURS = (EXAMPLES, *LAYERS)


def palette(axes: Iterable[str]) -> dict[str, Colour]:
    """A colour for each axis: by its meaning, by its layer, or in the order in which they come.

    >>> colours = palette(["m", "n_in", "n_0", "n_1", "q", "1"])
    >>> colours["n_in"] == colours["n_0"] == INPUTS, colours["n_1"] == OUTPUTS
    (True, True)
    >>> colours["q"] in OTHERS, colours["1"] == PLAIN
    (True, True)
    """
    colours: dict[str, Colour] = {}
    others = cycle((*OTHERS, INPUTS, OUTPUTS))
    for axis in dict.fromkeys(axes):
        layer = axis.removeprefix("n_")
        if axis.isdigit():
            colours[axis] = PLAIN
        elif axis in MEANINGS:
            colours[axis] = MEANINGS[axis]
        elif layer != axis and layer.isdigit():
            colours[axis] = LAYERS[int(layer) % len(LAYERS)]
        else:
            colours[axis] = next(others)
    return colours
