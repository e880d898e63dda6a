"""A colour for each axis, by what it means: the same in a terminal, a notebook and a picture.

Colour is an addition: whatever it says stands there in words too.
"""

from typing import NamedTuple
from zlib import crc32


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
MEANINGS = {"m": EXAMPLES, "n_in": INPUTS, "n_out": OUTPUTS, "n": OUTPUTS, "n_0": INPUTS}


def colour_of(axis: str) -> Colour:
    """The colour of an axis by its name; a number has none."""
    if axis.isdigit():
        return PLAIN
    if axis in MEANINGS:
        return MEANINGS[axis]
    layers = (OUTPUTS, *OTHERS, INPUTS)
    layer = axis.removeprefix("n_")
    return layers[(int(layer) - 1 if layer.isdigit() else crc32(axis.encode())) % len(layers)]
