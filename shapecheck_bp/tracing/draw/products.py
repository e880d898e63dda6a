"""The products of matrices in traces: a row for each product, a column for each trace."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from shapecheck_bp.tracing import Call, Trace
from shapecheck_bp.tracing.colours import palette
from shapecheck_bp.tracing.draw.picture import INK, Picture, new_figure
from shapecheck_bp.tracing.draw.product import Paper, Product, boxes_of, draw_product, extent_of
from shapecheck_bp.tracing.formulas import contradiction, statements

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDEST = 4.4  # inches of one product
MARGIN = 0.45  # inches around it, for the axes' names
TITLE = 0.45


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
    columns = [
        [product for call in trace.calls for product in products_of(call)] for trace in traces
    ]
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
    boxes = {product: boxes_of(product) for row in rows for product in row}
    extents = {product: extent_of(laid) for product, laid in boxes.items()}
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
            draw_product(Paper(axes, unit, colours), product, boxes[product])
            left += size[0]
        top -= height + 2 * MARGIN + TITLE
    return figure


def products_of(call: Call) -> Iterator[Product]:
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
