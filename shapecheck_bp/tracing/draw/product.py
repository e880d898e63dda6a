"""One product of matrices, drawn so that the inner axes meet.

The left matrix stands left of the result and the right one above it: the rows of the result go on
in the left matrix, its columns in the right one, and the axis that is summed over runs from the top
of the one, round the corner, to the side of the other. The picture of row's product is column's,
mirrored at the diagonal.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from shapecheck_bp.tracing.colours import Colour
from shapecheck_bp.tracing.draw.picture import FAINT, INK, PAPER
from shapecheck_bp.tracing.formulas import Word

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LETTER, LINE = 0.085, 0.17  # inches of a letter, and of a line
MOST_LINES = 16  # beyond, single entries are not drawn
CHOSEN = "#ffe96b"


class Product(NamedTuple):
    """Z = W @ X + b: four matrices of an equation, the last one only where something is added."""

    equation: str
    result: Word
    left: Word
    right: Word
    added: Word | None

    @property
    def sizes(self) -> tuple[int, int, int]:
        """The rows of the result, the axis that is summed over, the columns of the result."""
        return self.left.sizes[0], self.left.sizes[1], self.right.sizes[1]

    @property
    def axes(self) -> list[str]:
        """Every axis in it by name."""
        words = (self.result, self.left, self.right, *([self.added] if self.added else []))
        return [axis for word in words for axis in word.axes]

    @property
    def words(self) -> str:
        """What the picture shows."""
        shapes = f"{self.result.sizes} = {self.left.sizes} @ {self.right.sizes}"
        return f"{self.equation}: {shapes}; {self.left.axes[1]} meets {self.right.axes[0]}"


class Box(NamedTuple):
    """A matrix on the paper: its upper left corner, its height and width, in entries."""

    word: Word
    x: float
    y: float
    height: int
    width: int


class Paper(NamedTuple):
    """Where a product is drawn: its axes, the inches of an entry, and the colours."""

    axes: "Axes"
    unit: float
    colours: Mapping[str, Colour]


def boxes_of(product: Product) -> list[Box]:
    """Result, left, right and what is added, each in its place."""
    rows, inner, columns = product.sizes
    gap = 0.12 * max(product.sizes)
    x, y = inner + gap, inner + gap
    boxes = [
        Box(product.result, x, y, rows, columns),
        Box(product.left, 0, y, rows, inner),
        Box(product.right, x, 0, inner, columns),
    ]
    if product.added and product.added.axes[0] == product.result.axes[0]:
        boxes.append(Box(product.added, x + columns + 3 * gap, y, *product.added.sizes))
    elif product.added:
        boxes.append(Box(product.added, x, y + rows + 3 * gap, *product.added.sizes))
    return boxes


def extent_of(boxes: Sequence[Box]) -> tuple[float, float]:
    """The width and the height that the boxes take together, in entries."""
    return max(box.x + box.width for box in boxes), max(box.y + box.height for box in boxes)


def draw_product(paper: Paper, product: Product, boxes: Sequence[Box]) -> None:
    """Draw the matrices, mark the first sum, and lead the inner axis round the corner."""
    result, left, right, *added = boxes
    _draw_bend(paper, left.word.axes[1], product.sizes[1], result)
    _mark(paper, result, 1, 1)
    _mark(paper, left, 1, left.width)
    _mark(paper, right, right.height, 1)
    for box in boxes:
        _draw_box(paper, box)
    away = 0.12 / paper.unit
    _label(paper, left.x - away, left.y + left.height / 2, left.word, 0, ha="right", rotation=90)
    _label(paper, right.x + right.width / 2, right.y - away, right.word, 1, va="bottom")
    for box in added:
        beside = box.y == result.y
        x = (box.x + result.x + result.width) / 2 if beside else box.x + box.width / 2
        y = box.y + box.height / 2 if beside else (box.y + result.y + result.height) / 2
        paper.axes.text(x, y, "+", size=13, color=INK, ha="center", va="center")


def _draw_bend(paper: Paper, axis: str, size: int, corner: Box) -> None:
    """The inner axis on its way from the top of the left matrix to the side of the right one."""
    from matplotlib.patches import Arc, Wedge

    colour, gap = paper.colours[axis], corner.x - size
    centre = (corner.x, corner.y)
    outer = size + gap
    paper.axes.add_patch(Wedge(centre, outer, 180, 270, width=size, color=colour.pale, linewidth=0))
    for entry in range(size if size <= MOST_LINES else 0):
        across = 2 * (gap + entry + 0.5)
        paper.axes.add_patch(
            Arc(centre, across, across, theta1=180, theta2=270, color=colour.ink, lw=1)
        )
    middle = (gap + size / 2) * 0.7071
    paper.axes.text(
        corner.x - middle, corner.y - middle, f"{axis} = {size}", size=10, color=colour.ink,
        ha="center", va="center", rotation=45, rotation_mode="anchor",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5, "alpha": 0.9},
    )  # fmt: skip


def _draw_box(paper: Paper, box: Box) -> None:
    """A matrix: its entries, its sides in the colours of its axes, its name."""
    across, down = (box.x, box.x + box.width), (box.y, box.y + box.height)
    if max(box.height, box.width) <= MOST_LINES:
        paper.axes.hlines([box.y + entry for entry in range(1, box.height)], *across, FAINT, lw=0.6)
        paper.axes.vlines([box.x + entry for entry in range(1, box.width)], *down, FAINT, lw=0.6)
    rows, columns = (paper.colours[axis].ink for axis in box.word.axes)
    paper.axes.vlines(across, *down, rows, lw=2.6)
    paper.axes.hlines(down, *across, columns, lw=2.6)
    _name(paper, box)


def _name(paper: Paper, box: Box) -> None:
    """A matrix's name, where it has room: in the box, along it, or beside it."""
    x, y = box.x + box.width / 2, box.y + box.height / 2
    look: dict[str, Any] = {"ha": "center"}
    long, inches = LETTER * (len(box.word.text) + 1), min(box.height, box.width) * paper.unit
    if inches < LINE:
        x, look = box.x + box.width + 0.06 / paper.unit, {"ha": "left"}
    elif box.width * paper.unit < long < box.height * paper.unit:
        look |= {"rotation": "vertical"}
    ground = {"facecolor": PAPER, "edgecolor": "none", "pad": 1, "alpha": 0.85}
    paper.axes.text(
        x, y, box.word.text, va="center", size=11, weight="bold", color=INK, bbox=ground,
        parse_math=False, **look,
    )  # fmt: skip


def _mark(paper: Paper, box: Box, height: float, width: float) -> None:
    """Colour the upper left corner of a matrix, so many entries down and across."""
    from matplotlib.patches import Rectangle

    corner = (box.x, box.y)
    paper.axes.add_patch(Rectangle(corner, width, height, facecolor=CHOSEN, edgecolor="none"))


def _label(paper: Paper, x: float, y: float, word: Word, along: int, **look: Any) -> None:
    axis, size = word.axes[along], word.sizes[along]
    centred = {"ha": "center", "va": "center"}
    paper.axes.text(
        x, y, f"{axis} = {size}", size=10, color=paper.colours[axis].ink, **centred | look
    )
