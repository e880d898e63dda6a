"""What is known of one expression in one run: its shapes, and what the axes come from."""

import ast

from shapecheck_bp.reading import labels
from shapecheck_bp.reading.instrument import Site
from shapecheck_bp.reading.labels import Labels, Seen, Shape

ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)


class Record:
    """What is known of a site in one run."""

    __slots__ = (
        *("site", "number", "times", "first", "last", "seen", "inside", "left", "right"),
        *("made", "made_of", "makes", "in_place", "meets", "resized", "written"),
    )

    def __init__(self, site: Site) -> None:
        """Nothing yet."""
        node = site.node
        self.site, self.number = site, site.number
        self.times = 0
        self.first: Shape | None = None
        self.last: Shape | None = None
        self.seen: Seen | None = None  # what it came to last, until that is used
        self.inside: list[Record] = []
        self.left: Record | None = None
        self.right: Record | None = None
        self.made: Seen | None = None  # what it made last, and of which operands
        self.made_of: list[Seen | None] = []
        transpose = isinstance(node, ast.Attribute) and node.attr in ("T", "mT")
        self.makes = transpose or not isinstance(node, ast.Name | ast.Attribute)
        self.in_place = isinstance(node, ast.AugAssign)
        self.meets = isinstance(node, ast.BinOp) and isinstance(node.op, ARITHMETIC)
        self.written = labels.is_written(node)
        self.resized = False

    def connect(self, records: dict[int, "Record"]) -> None:
        """Look up the records of its operands."""
        node, inside = self.site.node, self.site.inside

        def of(part: ast.AST) -> Record | None:
            site = inside.get(id(part))
            return None if site is None else records.get(site.number)

        self.inside = [found for site in inside.values() if (found := records.get(site.number))]
        if isinstance(node, ast.BinOp):
            self.left, self.right = of(node.left), of(node.right)
        elif isinstance(node, ast.Compare):
            self.left, self.right = of(node.left), of(node.comparators[-1])
        elif isinstance(node, ast.AugAssign):
            self.right = of(node.value)
        elif isinstance(node, ast.Subscript):
            self.left = of(node.value)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = of(node.func.value)
            if owner is not None and node.func.attr == "resize":
                owner.resized = True


def labels_of(
    node: ast.expr, shape: Shape, arrays: list[Seen], left: Seen | None, right: Seen | None
) -> Labels | None:
    """The labels of what an expression makes of these, or None where that is not known."""
    if isinstance(node, ast.Attribute | ast.UnaryOp):
        if not arrays:
            return None
        return arrays[0].labels[::-1] if isinstance(node, ast.Attribute) else arrays[0].labels
    if isinstance(node, ast.BinOp | ast.Compare):
        if left is None or right is None:
            return (left or right).labels if left or right else None  # type: ignore[union-attr]
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
            return labels.matmul(left.labels, right.labels)
        return labels.elementwise((left.labels, left.shape), (right.labels, right.shape), shape)
    if isinstance(node, ast.Subscript):
        return labels.indexed(left.labels, node.slice, shape) if left else None
    return labels.of_call(node, shape, arrays) if isinstance(node, ast.Call) else None
