"""Other ways to write an expression: what people forget, the likeliest first.

Nothing is decided here: ``repairs`` tries what this room writes, and tells only what works.

>>> [*of_operand(Operand.of("b", (4,)), (4, 3))]
['b[:, None]', 'b[None, :]']
>>> [*of_operand(Operand.of("x.sum(axis=1)", (4,)), (4, 3))][0]
'x.sum(axis=1, keepdims=True)'
"""

import ast
from collections.abc import Iterator, Sequence
from itertools import combinations, permutations
from math import prod
from typing import Any, NamedTuple

Shape = tuple[Any, ...]
ATOMS = (ast.Name, ast.Attribute, ast.Subscript, ast.Call, ast.Constant)
REDUCTIONS = (
    *("sum", "mean", "max", "min", "std", "var", "median", "norm", "prod", "any", "all", "average"),
    *("amax", "amin", "logsumexp", "nanmean", "nansum", "nanstd", "nanmax", "nanmin", "ptp"),
)
PRODUCTS = ("dot", "matmul", "mm", "mv", "bmm")


class Operand(NamedTuple):
    """A part of an expression that holds an array."""

    node: ast.expr
    text: str
    shape: Shape

    @classmethod
    def of(cls, text: str, shape: Shape) -> "Operand":
        """The operand of that text."""
        return cls(expression(text), text, shape)

    @property
    def atom(self) -> str:
        """Its text, in parentheses where something behind it would take only a part."""
        return self.text if isinstance(self.node, ATOMS) else f"({self.text})"


def expression(text: str) -> ast.expr:
    """The tree of an expression."""
    return ast.parse(text, mode="eval").body


def exchanged(root: Any, old: ast.AST, new: ast.expr) -> Any:
    """A copy of a tree with one part exchanged; what lies beside it is shared."""
    if root is old:
        return new
    if isinstance(root, list):
        return [exchanged(item, old, new) for item in root]
    if not isinstance(root, ast.AST) or all(node is not old for node in ast.walk(root)):
        return root
    fields = {name: exchanged(value, old, new) for name, value in ast.iter_fields(root)}
    return ast.copy_location(type(root)(**fields), root)


def of_expression(node: ast.expr, operands: Sequence[Operand]) -> Iterator[str]:
    """The whole expression otherwise: other operator, other order, other axis, other subscripts."""
    if isinstance(node, ast.BinOp) and len(operands) == 2:
        left, right = operands
        if isinstance(node.op, ast.MatMult):
            yield f"{left.atom} * {right.atom}"
            yield f"{right.atom} @ {left.atom}"
        if isinstance(node.op, ast.Mult):
            yield f"{left.atom} @ {right.atom}"
    if isinstance(node, ast.Call):
        yield from _of_call(node, operands)
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Tuple):
        index = ", ".join(map(ast.unparse, node.slice.elts))
        yield f"{ast.unparse(node.value)}[np.ix_({index})]"


def _of_call(node: ast.Call, operands: Sequence[Operand]) -> Iterator[str]:
    name = name_of(node)
    if name in PRODUCTS and len(node.args) == 2:
        yield ast.unparse(ast.Call(node.func, node.args[::-1], node.keywords))
    if name == "einsum" and isinstance(node.args[0], ast.Constant):
        yield from _of_einsum(node, operands)
        return
    rank = max((len(operand.shape) for operand in operands), default=0)
    named = {keyword.arg for keyword in node.keywords}
    key = "dim" if "dim" in named else "axis"
    if name in REDUCTIONS or "axis" in named or "dim" in named or name in ("concatenate", "stack"):
        others = [keyword for keyword in node.keywords if keyword.arg != key]
        for axis in (*range(1, rank), 0):
            along = ast.keyword(key, ast.Constant(axis))
            yield ast.unparse(ast.Call(node.func, node.args, [*others, along]))


def _of_einsum(node: ast.Call, operands: Sequence[Operand]) -> Iterator[str]:
    """The letters of one operand in another order."""
    subscripts = node.args[0].value  # type: ignore[attr-defined]
    inputs, arrow, output = subscripts.partition("->")
    terms = inputs.split(",")
    for i, term in enumerate(terms):
        for letters in permutations(term):
            other = ",".join([*terms[:i], "".join(letters), *terms[i + 1 :]])
            if other != inputs:
                changed = ast.Constant(f"{other}{arrow}{output}")
                yield ast.unparse(ast.Call(node.func, [changed, *node.args[1:]], node.keywords))


def name_of(call: ast.Call) -> str:
    """The name of what is called: ``dot`` of ``np.dot`` and of ``w.T.dot``."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def of_operand(operand: Operand, beside: Shape = (), library: str = "numpy") -> Iterator[str]:
    """Other ways to write an operand, given the largest shape beside it."""
    atom, rank = operand.atom, len(operand.shape)
    yield from _with_keepdims(operand)
    if rank == 2:
        yield _untransposed(operand) or f"{atom}.T"
    if rank == 1:
        yield f"{atom}[:, None]"
        yield f"{atom}[None, :]"
    if len(beside) > max(rank, 2):
        yield from _with_axes(operand, beside)
    if rank >= 2 and 1 in operand.shape:
        yield from _without_axes(operand)
    if rank > 2:
        yield f"{atom}.reshape(len({atom}), -1)" if library == "numpy" else f"{atom}.flatten(1)"
        move = "transpose" if library == "numpy" else "permute"
        front, back = (0, rank - 1, *range(1, rank - 1)), (0, *range(2, rank), 1)
        for order in (front, back, (rank - 1, *range(rank - 1)), (*range(1, rank), 0)):
            yield f"{atom}.{move}({', '.join(map(str, order))})"


def _untransposed(operand: Operand) -> str:
    """``W`` for ``W.T``."""
    node = operand.node
    return ast.unparse(node.value) if isinstance(node, ast.Attribute) and node.attr == "T" else ""


def _with_keepdims(operand: Operand) -> Iterator[str]:
    """A reduction along an axis that keeps the axis."""
    node = operand.node
    if not isinstance(node, ast.Call) or name_of(node) not in REDUCTIONS:
        return
    named = {keyword.arg for keyword in node.keywords}
    if not named & {"keepdims", "keepdim"}:
        keep = ast.keyword("keepdim" if "dim" in named else "keepdims", ast.Constant(True))
        yield ast.unparse(ast.Call(node.func, node.args, [*node.keywords, keep]))


def _with_axes(operand: Operand, beside: Shape) -> Iterator[str]:
    """Axes of length 1 put in, so that the others lie under those of the shape beside it."""
    rank, whole = len(operand.shape), len(beside)
    for places in reversed([*combinations(range(whole), rank)]):
        if all(beside[place] == size for place, size in zip(places, operand.shape, strict=True)):
            index = [":" if place in places else "None" for place in range(whole)]
            while index and index[0] == "None":  # axes in front come by themselves
                index.pop(0)
            if "None" in index:
                yield f"{operand.atom}[{', '.join(index)}]"


def _without_axes(operand: Operand) -> Iterator[str]:
    """Its axes of length 1 taken away: all of them, or one."""
    if prod(operand.shape) == max(operand.shape):
        yield f"{operand.atom}.ravel()"
    else:
        for axis, size in enumerate(operand.shape):
            if size == 1:
                yield f"{operand.atom}.squeeze({axis})"
