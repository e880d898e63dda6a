"""What a line can name: arrays and numbers with their shapes, containers, keys and helpers."""

import ast
import re
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from shapecheck_bp.doctor.claims import assigned
from shapecheck_bp.doctor.judging import Judge
from shapecheck_bp.doctor.writing import span
from shapecheck_bp.reading.sources import File

HELPERS = re.compile(
    r"prime|deriv|^d_?(sig|tanh|relu|act)|_d(sig|tanh|relu)|grad|slope|backward", re.I
)

COMPUTING = ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Return, ast.If, ast.For, ast.Raise


class Scope(NamedTuple):
    """What a line can name: arrays and numbers with their shapes, containers, keys, helpers."""

    arrays: dict[str, tuple[int, ...]]
    numbers: list[str]
    boxes: list[str]
    keys: list[str]
    helpers: list[str]
    shapes: dict[tuple[int, ...], tuple[int, ...]]
    """Of expressions, by where they stand."""
    calls: dict[str, tuple[int, ...]]
    """Calls that give an array, of which a slope can be."""
    unfit: dict[tuple[int, ...], tuple[int, ...]]
    """By the shape of what is claimed that of its parameter, where this has another."""


Scopes = dict[tuple[str, int], Scope]


def scope_of(judge: Judge, file: File, inside: Any) -> Scope:
    """What a line of a function can name, from what a judged step came to in it."""
    texts: dict[str, tuple[int, ...]] = {}
    shapes: dict[tuple[int, ...], tuple[int, ...]] = {}
    calls: dict[str, tuple[int, ...]] = {}
    nothing: set[str] = set()  # times which anything would be gone
    for event in judge.base.events:
        site = judge.sites[event.number]
        if site.file.name != file.name or not inside.lineno <= site.line <= inside.end_lineno:
            continue
        shapes.setdefault(span(site.node), np.shape(event.value))
        if isinstance(site.node, ast.Name | ast.Attribute | ast.Subscript):
            texts.setdefault(ast.unparse(site.node), np.shape(event.value))
            if np.ndim(event.value) == 0 and not event.value:
                nothing.add(ast.unparse(site.node))
        elif isinstance(site.node, ast.Call) and np.ndim(event.value) and len(site.text) < 40:
            calls[ast.unparse(site.node)] = np.shape(event.value)
        if assigned(site) and not isinstance(site.node, ast.Name):
            texts.setdefault(assigned(site), np.shape(event.value))
    first = min([inside.lineno, *(one.lineno for one in getattr(inside, "decorator_list", []))])
    texts = {**judge.names.get((file.name, first), {}), **texts}
    parts = [*ast.walk(inside)]
    boxes = {ast.unparse(part.value) for part in parts if isinstance(part, ast.Subscript)}
    keys = {
        repr(part.slice.value)
        for part in ast.walk(file.tree)
        if isinstance(part, ast.Subscript)
        and isinstance(part.slice, ast.Constant)
        and isinstance(part.slice.value, str)
    }
    defined = {part.name: part for part in ast.walk(file.tree) if isinstance(part, ast.FunctionDef)}
    helpers = {
        ast.unparse(part.func)
        for part in ast.walk(file.tree)
        if isinstance(part, ast.Call) and len(part.args) == 1 and not part.keywords
    }
    helpers |= {name for name in defined if f"self.{name}" not in file.source}
    ran = {number: judge.sites[number].node for number in {e.number for e in judge.base.events}}
    called = {ast.unparse(node.func) for node in ran.values() if isinstance(node, ast.Call)}
    return Scope(
        {text: shape for text, shape in texts.items() if shape and not text.endswith(".T")},
        [text for text, shape in texts.items() if not shape and text not in nothing],
        sorted(boxes),
        sorted(keys),
        sorted(
            name
            for name in helpers
            if HELPERS.search(name)
            and (name in called or _only_computes(defined.get(name.rpartition(".")[2])))
        ),
        shapes,
        calls,
        {
            np.shape(one.claim.value(judge.base)): np.shape(judge.base.before[one.claim.parameter])
            for one in judge.verdict.judged
            if one.why == "shape"
        },
    )


def _only_computes(function: ast.FunctionDef | None) -> bool:
    """Whether a function can be tried that the step does not call: nobody asked for its effects."""
    if function is None:
        return False
    body = function.body[ast.get_docstring(function) is not None :]
    inside = [part for one in body for part in ast.walk(one) if isinstance(part, ast.stmt)]
    return all(isinstance(part, COMPUTING) for part in inside)


@lru_cache(maxsize=16)
def _functions(tree: Any) -> list[ast.FunctionDef]:
    return [part for part in ast.walk(tree) if isinstance(part, ast.FunctionDef)]


def function_at(tree: Any, line: int) -> Any:
    """The innermost function around a line, or the file."""
    around = [one for one in _functions(tree) if one.lineno <= line <= (one.end_lineno or 0)]
    if around:
        return max(around, key=lambda one: one.lineno)
    tree.lineno, tree.end_lineno = 0, 10**9
    return tree
