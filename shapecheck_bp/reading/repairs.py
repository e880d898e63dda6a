"""What to write in place of an expression whose shapes do not fit: tried, and not guessed.

The other ways to write it (``variants``) are computed one by one, each with as much of the
statement around it as can be computed without doing anything. Only what works is told: first where
the whole statement works, and in the order in which people are likely to have meant it.
"""

import ast
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from math import prod
from traceback import walk_tb
from typing import Any, NamedTuple

import numpy as np

from shapecheck_bp.reading.failing import Place, loaded
from shapecheck_bp.reading.safety import library_of, shape_of
from shapecheck_bp.reading.values import Evaluator, Unsafe
from shapecheck_bp.reading.variants import (
    Operand,
    Variant,
    exchanged,
    of_expression,
    of_operand,
    of_two,
)


class Repair(NamedTuple):
    """What to write for the failing expression, and what it then comes to."""

    text: str
    tree: ast.expr
    shape: tuple[Any, ...] | None
    whole: bool
    """Whether the whole statement was seen to work with it."""
    beside: str
    """What stands beside the expression in its sum or the like, and has the same shape."""


def operands_of(place: Place, evaluator: Evaluator) -> list[Operand]:
    """The parts of a failing expression that hold arrays, from left to right."""
    found: dict[str, Operand] = {}
    for part in _parts(place):
        for inner in part.elts if isinstance(part, ast.List | ast.Tuple) else [part]:
            shape = evaluator.shape(inner)
            if shape is not None:
                text = place.text(inner)
                found.setdefault(text, Operand(inner, text, shape))
    return [*found.values()]


def _parts(place: Place) -> Iterator[ast.expr]:
    node = place.node
    if isinstance(node, ast.AugAssign):
        yield from (loaded(node.target), node.value)
    elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
        yield loaded(node)
        if isinstance(place.statement, ast.Assign):
            yield place.statement.value
    elif isinstance(node, ast.BinOp):
        yield from (node.left, node.right)
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
    elif isinstance(node, ast.Compare):
        yield from (node.left, *node.comparators)
    elif isinstance(node, ast.Subscript):
        yield node.value
        yield from node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    elif isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute):
            yield node.func.value
        yield from node.args
        yield from (keyword.value for keyword in node.keywords)


def weight_of_module(
    place: Place, evaluator: Evaluator, error: BaseException
) -> dict[str, tuple[Any, ...]]:
    """The weight that an argument met inside a PyTorch module that was called, where it failed."""
    node = place.node
    if not isinstance(node, ast.Call):
        return {}
    with suppress(Exception):
        called = evaluator.value(node.func)
        names = {id(part): name for name, part in called.named_modules()}
        frames = [frame for frame, _ in walk_tb(error.__traceback__)]
        inside = [id(frame.f_locals.get("self")) for frame in frames]
        failed = next(part for part in reversed(inside) if part in names)
        weight = called.get_submodule(names[failed]).weight
        path = "".join(
            f"[{part}]" if part.isdigit() else f".{part}"
            for part in names[failed].split(".")
            if part
        )
        return {f"{place.text(node.func)}{path}.weight": tuple(weight.shape)}
    return {}


def repairs(place: Place, operands: list[Operand], evaluator: Evaluator) -> list[Repair]:
    """The ways to write the failing expression that work, the likeliest first."""
    for variants in (
        _variants(place, operands, evaluator),
        of_two(written(place), operands),
    ):
        found: dict[str, Repair] = {}
        for variant in variants:
            if variant.text not in found and (repair := _tried(place, variant, evaluator)):
                found[variant.text] = repair
        whole = [repair for repair in found.values() if repair.whole] or [*found.values()]
        if whole:
            return sorted(whole, key=lambda repair: not repair.beside)
    return []


def _variants(place: Place, operands: list[Operand], evaluator: Evaluator) -> Iterator[Variant]:
    """What to write for the failing expression; for a statement that stores, for its value."""
    failing = written(place)
    for operand in sorted(operands, key=lambda one: (len(one.shape), prod(one.shape))):
        indexed = isinstance(failing, ast.Subscript) and failing.value is operand.node
        if not indexed and any(node is operand.node for node in ast.walk(failing)):
            beside = max((o.shape for o in operands if o is not operand), key=len, default=())
            for variant in of_operand(operand, beside, _library(place, operand, evaluator)):
                tree = exchanged(failing, operand.node, variant.tree)
                yield Variant(spliced(place.text, failing, operand.node, variant.text, tree), tree)
    yield from of_expression(failing, operands, place.text)


def _library(place: Place, operand: Operand, evaluator: Evaluator) -> str:
    """Whose way of writing is wanted: scikit-learn's where one of its estimators is called."""
    node = place.node
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        with suppress(Exception):
            owner = evaluator.value(node.func.value)
            if library_of(type(owner)) == "sklearn":
                return "sklearn"
    return library_of(type(evaluator.value(operand.node)))


def spliced(
    text_of: Callable[[ast.AST], str], whole: Any, part: ast.expr, text: str, tree: ast.AST
) -> str:
    """The source of an expression with that of a part exchanged."""
    source = text_of(whole)
    start, stop = part.col_offset - whole.col_offset, (part.end_col_offset or 0) - whole.col_offset
    written_ = source.encode()
    if part.lineno != whole.lineno or written_[start:stop].decode() != text_of(part):
        return ast.unparse(tree)
    return (written_[:start] + text.encode() + written_[stop:]).decode()


def written(place: Place) -> ast.expr:
    """What is to be written otherwise: the expression that failed, or the value that is stored."""
    node = place.node
    if isinstance(node, ast.AugAssign):
        return node.value
    if place.stores:
        return place.statement.value  # type: ignore[attr-defined,no-any-return]
    return node  # type: ignore[return-value]


def _tried(place: Place, variant: Variant, evaluator: Evaluator) -> Repair | None:
    """The repair, if the expression works and as much of the statement as can be computed."""
    trial = Evaluator(place.names, evaluator.known)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            value = trial.value(variant.tree)
            whole = _goes_on(place, value, trial)
    except Exception:
        return None
    if whole is None or _spreads_both(variant.tree, trial):
        return None
    return Repair(*variant, shape_of(value), whole, _beside(place, shape_of(value), trial))


def _spreads_both(tree: ast.expr, trial: Evaluator) -> bool:
    """Whether each operand of a sum or the like is spread over the other, as in an outer sum."""
    if not isinstance(tree, ast.BinOp) or isinstance(tree.op, ast.MatMult):
        return False
    shape = trial.shape(tree)
    return shape not in (trial.shape(tree.left), trial.shape(tree.right))


def _goes_on(place: Place, value: Any, trial: Evaluator) -> bool | None:
    """Whether the statement works with that value: all of it, as far as known (False), or not."""
    node, statement = place.node, place.statement
    if place.stores:
        target = loaded(node.target if isinstance(node, ast.AugAssign) else node)  # type: ignore[arg-type]
        shape = trial.shape(target)
        return True if shape is not None and _fits_into(shape_of(value), shape) else None
    trial.know(node, value)
    at: Any = node
    while at is not statement:
        at = place.parent(at)
        if isinstance(at, ast.expr):
            try:
                trial.known.pop(id(at), None)
                value = trial.value(at)
            except Unsafe:
                return False
    if isinstance(statement, ast.AugAssign):
        shape = trial.shape(loaded(statement.target))
        return True if shape is None or _fits_into(shape_of(value), shape) else None
    return True


def _fits_into(shape: tuple[Any, ...] | None, target: tuple[Any, ...]) -> bool:
    """Whether an array can be put into, or added to, a place of that shape."""
    return bool(np.broadcast_shapes(shape or (), target) == target)


def _beside(place: Place, shape: tuple[Any, ...] | None, trial: Evaluator) -> str:
    """What stands beside the expression, and has that shape."""
    around = place.parent(place.node)
    if not isinstance(around, ast.BinOp) or isinstance(around.op, ast.MatMult):
        return ""
    other = around.right if around.left is place.node else around.left
    return place.text(other) if shape and trial.shape(other) == shape else ""
