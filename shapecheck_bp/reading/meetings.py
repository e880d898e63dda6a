"""Whether an operand was spread over another without a word.

Shapes alone do not tell a mistake from a bias row. These do, and each is said of arrays of more
than one entry:

both     Each operand is spread over the other, n entries along another axis than n others, so that
         a table of all pairs comes where there were pairs already: (n, 1) meets (n,). Not where
         somebody put the axis of length 1 there (None, reshape, meshgrid); nor, but for what is of
         pairs (a difference, a comparison, a loss), where it was made or cut so (ones((n, 1)),
         x[:, :1]); nor where the two are different axes of one array; nor, of a column and a row of
         two axes each, where it was kept (keepdims), or their product is that of matrices.
axis     An operand has fewer axes, or was made as a column, and meets another axis than its own:
         S - S.mean(axis=1). Not where S is symmetric. Axes that were made in one function, of
         lengths by one name, are taken for the same: zeros((n, 1)) beside zeros((m, n)).
product  A transposed matrix is multiplied entry by entry with a column, where a product of matrices
         would fit too.
"""

import ast
from itertools import zip_longest
from math import prod
from typing import Any, NamedTuple

from shapecheck_bp.reading.instrument import Site
from shapecheck_bp.reading.labels import KEPT, MADE, SAID, Label, Seen, Shape

# These are of two arrays, entry by entry; PyTorch's short names are NumPy's long ones.
DIFFERENCES = {
    *("subtract", "sub", "sub_", "equal", "eq", "not_equal", "ne", "greater", "gt", "less", "lt"),
    *("greater_equal", "ge", "less_equal", "le", "isclose", "allclose"),
}
OF_TWO = DIFFERENCES | {
    *("add", "add_", "multiply", "mul", "mul_", "divide", "true_divide", "div", "div_"),
    *("floor_divide", "mod", "remainder", "fmod", "power", "float_power", "pow"),
    *("maximum", "minimum", "fmax", "fmin", "arctan2", "atan2", "hypot", "logaddexp"),
    *("logical_and", "logical_or", "logical_xor", "bitwise_and", "bitwise_or", "xlogy"),
}
# PyTorch's, which spread one over the other by themselves; others refuse to.
LOSSES = {
    *("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "kl_div", "poisson_nll_loss"),
    *("MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss", "KLDivLoss", "PoissonNLLLoss"),
}
PREDICTED, WANTED = ("input", "target")
NOT_OF_ENTRIES = (ast.Is, ast.IsNot, ast.In, ast.NotIn)


class Meeting(NamedTuple):
    """Two operands of which one was spread over the other without a word."""

    site: Site
    nodes: tuple[ast.expr, ast.expr]
    left: Seen
    right: Seen
    shape: Shape
    why: str


def pairs(node: Any, name: str) -> list[tuple[ast.expr, ast.expr]]:
    """The parts of an expression that are put together entry by entry, two and two.

    Args:
        node: the expression.
        name: for a call, the name of what is called.
    """
    if isinstance(node, ast.BinOp) and not isinstance(node.op, ast.MatMult):
        return [(node.left, node.right)]
    if isinstance(node, ast.AugAssign) and not isinstance(node.op, ast.MatMult):
        return [(node.target, node.value)]
    if isinstance(node, ast.Compare):
        sides = zip((node.left, *node.comparators), node.comparators, node.ops, strict=False)
        return [(left, right) for left, right, how in sides if not isinstance(how, NOT_OF_ENTRIES)]
    if not isinstance(node, ast.Call):
        return []
    args = node.args
    if name in LOSSES:
        named = {keyword.arg: keyword.value for keyword in node.keywords}
        both = [*args[:2], *(named[key] for key in (PREDICTED, WANTED) if key in named)]
        return [(both[0], both[1])] if len(both) == 2 else []
    if name in OF_TWO and len(args) >= 2:
        return [(args[0], args[1])]
    if name in OF_TWO and len(args) == 1 and isinstance(node.func, ast.Attribute):
        return [(node.func.value, args[0])]
    if name == "where" and len(args) == 3:
        return [(args[1], args[2]), (args[0], args[1]), (args[0], args[2])]
    return []


def silent(left: Seen, right: Seen, shape: Shape, node: Any, name: str) -> str:
    """Why a broadcast is likely not meant, or nothing where it may be."""
    if left.shape == right.shape or 1 in (prod(left.shape), prod(right.shape)):
        return ""
    if shape and shape != together(left.shape, right.shape):
        return ""  # of matrices that take * for a product, or of a choice of three
    if _is_product(left, right, node):
        return "product"
    over, under = _spread(left.shape, right.shape), _spread(right.shape, left.shape)
    if over and under:
        return "both" if over & under and not _is_meant(left, right, node, name) else ""
    return "axis" if _crosses(left, right) else ""


def together(left: Shape, right: Shape) -> Shape:
    """The shape of what two arrays come to, entry by entry."""
    sizes = zip_longest(left[::-1], right[::-1], fillvalue=1)
    return tuple(n if m == 1 else m for n, m in sizes)[::-1]


def _spread(shape: Shape, other: Shape) -> set[Any]:
    """The lengths of the axes along which the other is spread."""
    sizes = zip_longest(shape[::-1], other[::-1], fillvalue=1)
    return {n for n, m in sizes if m == 1 != n}


def _is_meant(left: Seen, right: Seen, node: Any, name: str) -> bool:
    """Whether a table of all pairs is wanted."""
    flat = len(left.shape) != len(right.shape)
    if not flat and isinstance(getattr(node, "op", None), ast.Mult):
        return True
    of_pairs = isinstance(getattr(node, "op", None), ast.Sub) or isinstance(node, ast.Compare)
    of_pairs = of_pairs or name in DIFFERENCES | LOSSES
    excuses = {SAID} if of_pairs else {SAID, MADE}
    excuses |= set() if flat else {KEPT}
    if any(label.how in excuses for label in _of_length_one(left) + _of_length_one(right)):
        return True
    return any(a.of is b.of and (a is not b or not flat) for a in left.labels for b in right.labels)


def _of_length_one(seen: Seen) -> list[Label]:
    return [label for label, size in zip(seen.labels, seen.shape, strict=True) if size == 1]


def _crosses(left: Seen, right: Seen) -> bool:
    """Whether an axis of one meets another axis of the array that it comes from."""
    if len(left.shape) == len(right.shape):
        ones = _of_length_one(left) + _of_length_one(right)
        if any(label.how != MADE for label in ones):
            return False
    ends = (left.labels[::-1], right.labels[::-1], left.shape[::-1], right.shape[::-1])
    for label, other, size, same in zip(*ends, strict=False):
        strangers = label is not other and size == same != 1
        if strangers and (label in right.labels) != (other in left.labels):
            return True
    return False


def _is_product(left: Seen, right: Seen, node: Any) -> bool:
    """Whether it is ``W.T * d``, and ``W.T @ d`` would do as well."""
    if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult)):
        return False
    if len(left.shape) != 2 or len(right.shape) != 2 or left.shape[1] != right.shape[0]:
        return False
    flipped = isinstance(node.left, ast.Attribute) and node.left.attr == "T"
    column = right.shape[1] == 1 != left.shape[1]
    return flipped and column and all(label.how != SAID for label in right.labels)
