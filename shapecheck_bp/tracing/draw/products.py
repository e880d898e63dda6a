"""Products of matrices drawn so that the inner axes meet.

The left matrix stands left of the result and the right one above it: the rows of the result go on
in the left matrix, its columns in the right one, and the axis that is summed over runs from the top
of the one, round the corner, to the side of the other. The picture of row's product is column's,
mirrored at the diagonal.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from shapecheck_bp.tracing import Call, Trace
from shapecheck_bp.tracing.colours import Colour, palette
from shapecheck_bp.tracing.draw.picture import FAINT, INK, PAPER, Picture, new_figure
from shapecheck_bp.tracing.formulas import Word, contradiction, statements

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDEST = 4.4  # inches of one product
MARGIN = 0.45  # inches around it, for the axes' names
TITLE = 0.45
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


def products(*traces: Trace, headings: Sequence[str] = ("column", "row")) -> Picture:
    """Every product of two matrices in the traces: a row for each, a column for each trace.

    All are on one scale. The entry of the result in the upper left is marked, with the row and the
    column that it is the sum over.

    Args:
        traces: of the same steps, such as one step in each convention.
        headings: what each trace is called; a single trace has none.

    Raises:
        TypeError: something that is no trace.
        ValueError: no product of two matrices in a docstring's equation, traces with different
            numbers of them, or an equation that its own shapes contradict.
    """
    for trace in traces:
        if not isinstance(trace, Trace):
            raise TypeError(f"products: expected traces; got {type(trace).__name__}")
    columns = [[product for call in trace.calls for product in _products(call)] for trace in traces]
    counts = [len(column) for column in columns]
    if len(set(counts)) != 1 or counts[0] == 0:
        raise ValueError(
            "products: expected equally many products of two matrices, as in Z = W @ X, in the"
            " docstrings of each trace's calls, and at least one; got"
            f" {', '.join(map(str, counts)) or 'no trace'}"
        )
    if len(traces) == 1:
        headings = [""]
    if isinstance(headings, str) or len(headings) != len(traces):
        raise ValueError(
            f"headings: expected one for each of {len(traces)} traces; got {headings!r}"
        )
    words = (
        f"{heading} {product.words}".strip()
        for heading, column in zip(headings, columns, strict=True)
        for product in column
    )
    return Picture(_figure(columns, headings), ".\n".join(words) + ".")


def _figure(columns: Sequence[Sequence[Product]], headings: Sequence[str]) -> "Figure":
    """The products of each trace below one another, the traces beside one another."""
    rows = list(zip(*columns, strict=True))
    colours = palette(axis for row in rows for product in row for axis in product.axes)
    boxes = {product: _boxes(product) for row in rows for product in row}
    extents = {product: _extent(laid) for product, laid in boxes.items()}
    unit = WIDEST / max(max(extent) for extent in extents.values())
    widths = [max(extents[product][0] for product in column) * unit for column in columns]
    heights = [max(extents[product][1] for product in row) * unit for row in rows]
    across = sum(widths) + 2 * MARGIN * len(widths)
    down = sum(heights) + (2 * MARGIN + TITLE) * len(heights)
    figure = new_figure(across, down)
    top = down
    for row, height in zip(rows, heights, strict=True):
        left = 0.0
        for product, width, heading in zip(row, widths, headings, strict=True):
            size = (width + 2 * MARGIN, height + 2 * MARGIN + TITLE)
            place = (left / across, (top - size[1]) / down, size[0] / across, size[1] / down)
            axes = figure.add_axes(place)
            axes.set_xlim(-MARGIN / unit, (width + MARGIN) / unit)
            axes.set_ylim((height + MARGIN) / unit, -(MARGIN + TITLE) / unit)
            axes.axis("off")
            title = f"{heading}:  {product.equation}" if heading else product.equation
            middle = -(MARGIN + TITLE / 2) / unit
            axes.text(0, middle, title, size=11, color=INK, va="center", parse_math=False)
            _draw(Paper(axes, unit, colours), product, boxes[product])
            left += size[0]
        top -= height + 2 * MARGIN + TITLE
    return figure


def _products(call: Call) -> Iterator[Product]:
    """Each equation of a call that is a product of two matrices, with or without something added.

    Raises:
        ValueError: sizes that are no numbers, or an equation that they contradict.
    """
    for words in statements(call):
        text = "".join(word.text for word in words)
        signs = [word.text.strip() for word in words[1::2]]
        matrices = [word for word in words[::2] if len(word.axes) == 2]
        if len(matrices) < 3 or signs[:2] != ["=", "@"] or text.count("@") != 1:
            continue
        result, left, right = words[:5:2]
        added = matrices[3] if len(matrices) == 4 and signs[2:] == ["+"] else None
        if not all(isinstance(size, int) for word in words for size in word.sizes):
            raise ValueError(f"products: {call.function}: expected sizes that are numbers")
        fault = contradiction(call)
        if not fault and result.sizes != (left.sizes[0], right.sizes[1]):
            shapes = f"{result.sizes} = {left.sizes} @ {right.sizes}"
            fault = f"the docstring's {text} cannot be: {shapes}"
        if fault:
            raise ValueError(f"products: {call.function}: {fault}")
        yield Product(text, result, left, right, added)


def _boxes(product: Product) -> list[Box]:
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


def _extent(boxes: Sequence[Box]) -> tuple[float, float]:
    return max(box.x + box.width for box in boxes), max(box.y + box.height for box in boxes)


def _draw(paper: Paper, product: Product, boxes: Sequence[Box]) -> None:
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
