"""Other ways to write an expression: what people forget, the likeliest first.

Nothing is decided here: ``repairs`` tries what this module writes, and tells only what works.

>>> b = Operand(expression("b"), "b", (4,))
>>> [variant.text for variant in of_operand(b, (4, 3))]
['b[:, None]', 'b[None, :]']
>>> total = Operand(expression("x.sum(axis=1)"), "x.sum(axis=1)", (4,))
>>> next(of_operand(total, (4, 3))).text
'x.sum(axis=1, keepdims=True)'
"""

import ast
from collections.abc import Callable, Iterator, Sequence
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
ALONG = ("concatenate", "stack", "cat", "append", "argmax", "argmin", "cumsum", "softmax")


class Operand(NamedTuple):
    """A part of an expression that holds an array."""

    node: ast.expr
    text: str
    shape: Shape

    @property
    def atom(self) -> str:
        """Its text, in parentheses where something behind it would take only a part."""
        return self.text if isinstance(self.node, ATOMS) else f"({self.text})"


class Variant(NamedTuple):
    """Another way to write an expression, as text and as a tree that shares the old one's parts."""

    text: str
    tree: ast.expr


def expression(text: str) -> ast.expr:
    """The tree of an expression."""
    return ast.parse(text, mode="eval").body


def filled(template: str, *operands: Operand) -> Variant:
    """A variant from a template such as ``{0}.T @ {1}``."""
    tree: Any = expression(template.format(*(f"__{i}__" for i in range(len(operands)))))
    for i, operand in enumerate(operands):
        for node in [*ast.walk(tree)]:
            if isinstance(node, ast.Name) and node.id == f"__{i}__":
                tree = exchanged(tree, node, operand.node)
    return Variant(template.format(*(operand.atom for operand in operands)), tree)


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


def name_of(call: ast.Call) -> str:
    """The name of what is called: ``dot`` of ``np.dot`` and of ``w.T.dot``."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def first_of(call: ast.Call) -> ast.expr | None:
    """What a call is about: ``dW`` of ``np.clip(dW, -1, 1)`` and of ``dW.clip(-1, 1)``."""
    owner: ast.expr | None = getattr(call.func, "value", None)
    if owner is not None and ast.unparse(owner) not in ("np", "numpy"):
        return owner
    return call.args[0] if call.args else None


# One operand otherwise.


def of_operand(operand: Operand, beside: Shape = (), library: str = "numpy") -> Iterator[Variant]:
    """Other ways to write an operand, given the largest shape beside it."""
    rank, node = len(operand.shape), operand.node
    yield from _with_keepdims(operand)
    if isinstance(node, ast.Subscript) and "None" in ast.unparse(node.slice):
        yield Variant(ast.unparse(node.value), node.value)
    if rank == 2:
        if isinstance(node, ast.Attribute) and node.attr == "T":
            yield Variant(ast.unparse(node.value), node.value)
        else:
            yield filled("{0}.T", operand)
    templates = []
    if rank == 1:
        templates += ["{0}.reshape(-1, 1)", "{0}.reshape(1, -1)"] * (library == "sklearn")
        templates += ["{0}[:, None]", "{0}[None, :]"]
    if len(beside) > max(rank, 2):
        templates += _with_axes(operand.shape, beside)
    if rank >= 2 and 1 in operand.shape:
        templates += _without_axes(operand.shape, library)
    if rank > 2:
        templates += _moved(rank, library)
    yield from (filled(template, operand) for template in templates)


def _with_keepdims(operand: Operand) -> Iterator[Variant]:
    """A reduction along an axis that keeps the axis."""
    node = operand.node
    if isinstance(node, ast.Call) and name_of(node) in REDUCTIONS:
        named = {keyword.arg for keyword in node.keywords}
        if not named & {"keepdims", "keepdim"}:
            keep = "keepdim" if "dim" in named else "keepdims"
            yield with_keyword(node, operand.text, keep, True)


def with_keyword(call: ast.Call, text: str, name: str, value: Any) -> Variant:
    """A call with one keyword more, or another value for it."""
    others = [keyword for keyword in call.keywords if keyword.arg != name]
    tree = ast.Call(call.func, call.args, [*others, ast.keyword(name, ast.Constant(value))])
    if len(others) < len(call.keywords) or not text.endswith(")"):
        return Variant(ast.unparse(tree), tree)
    comma = ", " if call.args or others else ""
    return Variant(f"{text[:-1].rstrip(', ')}{comma}{name}={value!r})", tree)


def _with_axes(shape: Shape, beside: Shape) -> list[str]:
    """Axes of length 1 put in, so that the others lie under those of the shape beside it."""
    templates = []
    for places in reversed([*combinations(range(len(beside)), len(shape))]):
        if all(beside[place] == size for place, size in zip(places, shape, strict=True)):
            index = [":" if place in places else "None" for place in range(len(beside))]
            while index and index[0] == "None":  # axes in front come by themselves
                index.pop(0)
            if "None" in index:
                templates.append(f"{{0}}[{', '.join(index)}]")
    return templates


def _without_axes(shape: Shape, library: str) -> list[str]:
    """Its axes of length 1 taken away."""
    if prod(shape) != max(shape) or library == "torch":
        return [f"{{0}}.squeeze({axis})" for axis, size in enumerate(shape) if size == 1]
    return ["{0}.ravel()"]


def _moved(rank: int, library: str) -> list[str]:
    """All axes but the first as one; the last put first or second, the second or first put last."""
    orders = [
        (0, rank - 1, *range(1, rank - 1)),
        (0, *range(2, rank), 1),
        (rank - 1, *range(rank - 1)),
        (*range(1, rank), 0),
    ]
    if library == "torch":
        return ["{0}.flatten(1)", *(f"{{0}}.permute{order}" for order in orders)]
    return ["{0}.reshape(len({0}), -1)", *(f"{{0}}.transpose{order}" for order in orders)]


# The whole expression otherwise.


def of_expression(
    node: ast.expr, operands: Sequence[Operand], text_of: Callable[[ast.AST], str]
) -> Iterator[Variant]:
    """Another operator, order, axis, index, or subscripts."""
    if isinstance(node, ast.BinOp) and len(operands) == 2:
        if isinstance(node.op, ast.MatMult):
            yield from (filled(t, *operands) for t in ("{0} * {1}", "{1} @ {0}"))
        if isinstance(node.op, ast.Mult):
            yield filled("{0} @ {1}", *operands)
    if isinstance(node, ast.Call):
        yield from _of_call(node, operands, text_of)
    if isinstance(node, ast.Subscript):
        owner = text_of(node.value)
        if not isinstance(node.slice, ast.Tuple):
            yield _parsed(f"{owner}[:, {text_of(node.slice)}]")
        elif not any(isinstance(part, ast.Slice) for part in node.slice.elts):
            parts = [*map(text_of, node.slice.elts)]
            yield _parsed(f"{owner}[np.ix_({', '.join(parts)})]")
            yield _parsed(f"{owner}[{', '.join(parts[::-1])}]")


def of_two(node: ast.expr, operands: Sequence[Operand]) -> Iterator[Variant]:
    """A product otherwise in two things: its order or operator, and a transpose or two."""
    is_call = isinstance(node, ast.Call) and name_of(node) in (*PRODUCTS, "multiply")
    is_product = isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult | ast.Mult)
    if len(operands) == 2 and (is_call or is_product):
        for template in (
            *("{0}.T @ {1}", "{0} @ {1}.T", "{1}.T @ {0}", "{1} @ {0}.T"),
            *("{0}.T @ {1}.T", "{1}.T @ {0}.T", "{0} * {1}.T", "{0}.T * {1}"),
        ):
            yield filled(template, *operands)


def _parsed(text: str) -> Variant:
    return Variant(text, expression(text))


def _of_call(
    node: ast.Call, operands: Sequence[Operand], text_of: Callable[[ast.AST], str]
) -> Iterator[Variant]:
    name, text = name_of(node), text_of(node)
    if name in PRODUCTS and len(operands) == 2:
        yield from (filled(t, *operands) for t in ("{1} @ {0}", "{0} * {1}"))
    if name == "multiply" and len(operands) == 2:
        yield filled("{0} @ {1}", *operands)
    if name == "einsum" and node.args and isinstance(node.args[0], ast.Constant):
        yield from _of_einsum(node, text)
        return
    if name in ("vstack", "hstack"):
        other = {"vstack": "hstack", "hstack": "vstack"}[name]
        yield _parsed(text.replace(name, other, 1))
    named = {keyword.arg for keyword in node.keywords}
    key = "dim" if "dim" in named else "axis"
    if name in (*REDUCTIONS, *ALONG) or named & {"axis", "dim"}:
        for axis in (*range(1, max((len(o.shape) for o in operands), default=0)), 0):
            yield with_keyword(node, text, key, axis)
    if name in ("reshape", "view"):
        for i in reversed(range(len(node.args))):
            args = [text_of(arg) for arg in node.args]
            args[i] = "-1"
            yield _parsed(f"{text_of(node.func)}({', '.join(args)})")


def _of_einsum(node: ast.Call, text: str) -> Iterator[Variant]:
    """The letters of one operand in another order."""
    subscripts = node.args[0].value  # type: ignore[attr-defined]
    inputs, arrow, output = subscripts.partition("->")
    terms = inputs.split(",")
    for i, term in enumerate(terms):
        for letters in permutations(term):
            other = ",".join([*terms[:i], "".join(letters), *terms[i + 1 :]]) + arrow + output
            if other != subscripts:
                tree = ast.Call(node.func, [ast.Constant(other), *node.args[1:]], node.keywords)
                yield Variant(text.replace(subscripts, other, 1), tree)
