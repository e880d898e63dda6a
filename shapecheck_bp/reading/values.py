"""What an expression comes to in a frame that has stopped, as far as that can be known safely.

Names, attributes, subscripts and arithmetic are looked at again, and so are calls of functions that
are known to compute and nothing else (``safety``). A person's own functions are not called.

>>> import ast
>>> names = {"A": np.ones((2, 3)), "secret": print}
>>> Evaluator(names).value(ast.parse("A.T @ A", mode="eval").body).shape
(3, 3)
>>> Evaluator(names).value(ast.parse("secret(A)", mode="eval").body)
Traceback (most recent call last):
shapecheck_bp.reading.values.Unsafe: secret(A)
"""

import ast
import builtins
import inspect
import operator
from collections.abc import Callable, Mapping
from types import FunctionType, ModuleType
from typing import Any

from shapecheck_bp.reading.safety import (
    LIBRARIES,
    computing,
    entries,
    is_array,
    is_plain,
    library_of,
    same_random_numbers,
    shape_of,
    without_trace,
)

OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.MatMult: operator.matmul,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
    ast.Invert: operator.invert,
    ast.Not: operator.not_,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
LARGEST = 10**7  # entries of an array that is computed with again

# What nodes come to, by their identity; each beside its node, so that no other has the same.
Known = Mapping[int, tuple[ast.AST, Any]]


class Unsafe(Exception):
    """An expression that cannot be looked at again without doing something."""


class Evaluator:
    """Evaluates expressions by the names of a frame; what is known of a node is not computed."""

    def __init__(self, names: Mapping[str, Any], known: Known | None = None) -> None:
        self.names = names
        self.known = dict(known or {})

    def value(self, node: ast.expr) -> Any:
        """What the expression comes to.

        Raises:
            Unsafe: that cannot be known without doing something.
            Exception: whatever the operation itself raises.
        """
        if id(node) not in self.known:
            visit = getattr(self, f"_{type(node).__name__}", None)
            if visit is None:
                raise Unsafe(ast.unparse(node))
            self.know(node, visit(node))
        return self.known[id(node)][1]

    def know(self, node: ast.AST, value: Any) -> None:
        """Take a value for what a node comes to."""
        self.known[id(node)] = node, value

    def shape(self, node: ast.expr) -> tuple[Any, ...] | None:
        """The shape of what it comes to, or None where there is none or it cannot be known."""
        try:
            value = self.value(node)
        except Exception:
            return None
        return shape_of(value) if is_array(value) else None

    def _Constant(self, node: ast.Constant) -> Any:
        return node.value

    def _Name(self, node: ast.Name) -> Any:
        if node.id in self.names:
            return without_trace(self.names[node.id])
        if hasattr(builtins, node.id):
            return getattr(builtins, node.id)
        raise Unsafe(node.id)

    def _Attribute(self, node: ast.Attribute) -> Any:
        owner = self.value(node.value)
        if isinstance(owner, ModuleType) or is_plain(owner):
            return getattr(owner, node.attr)
        if type(owner).__dict__.get("__getattribute__") is not None:
            raise Unsafe(ast.unparse(node))
        if node.attr in getattr(owner, "__dict__", {}):
            return without_trace(owner.__dict__[node.attr])
        here = inspect.getattr_static(type(owner), node.attr, None)
        if type(here) is FunctionType or library_of(type(here)) == "sklearn":
            return getattr(owner, node.attr)  # a method, which is not called yet
        if here is not None and not hasattr(type(here), "__get__"):
            return here
        # A torch.nn.Module keeps its parameters and parts where its own __getattr__ finds them.
        finder = inspect.getattr_static(type(owner), "__getattr__", None)
        if here is None and finder is not None and library_of(finder) in LIBRARIES:
            return getattr(owner, node.attr)
        raise Unsafe(ast.unparse(node))

    def _Subscript(self, node: ast.Subscript) -> Any:
        owner, index = self.value(node.value), self.value(node.slice)
        if is_plain(owner) or type(owner).__getitem__ in (
            list.__getitem__,
            dict.__getitem__,
        ):
            return owner[index]
        raise Unsafe(ast.unparse(node))

    def _Slice(self, node: ast.Slice) -> Any:
        parts = (node.lower, node.upper, node.step)
        return slice(*(None if part is None else self.value(part) for part in parts))

    def _Tuple(self, node: ast.Tuple) -> Any:
        return tuple(map(self.value, node.elts))

    def _List(self, node: ast.List) -> Any:
        return [self.value(item) for item in node.elts]

    def _BinOp(self, node: ast.BinOp) -> Any:
        return self._operated(node, OPERATORS[type(node.op)], node.left, node.right)

    def _UnaryOp(self, node: ast.UnaryOp) -> Any:
        return self._operated(node, OPERATORS[type(node.op)], node.operand)

    def _Compare(self, node: ast.Compare) -> Any:
        if len(node.ops) > 1 or type(node.ops[0]) not in OPERATORS:
            raise Unsafe(ast.unparse(node))
        return self._operated(node, OPERATORS[type(node.ops[0])], node.left, *node.comparators)

    def _operated(self, node: ast.expr, function: Callable[..., Any], *operands: ast.expr) -> Any:
        values = [self.value(operand) for operand in operands]
        self._refuse(node, values)
        return function(*values)

    def _Call(self, node: ast.Call) -> Any:
        function = computing(self.value(node.func))
        if function is None or any(key.arg in (None, "out") for key in node.keywords):
            raise Unsafe(ast.unparse(node))
        args = [self.value(arg) for arg in node.args]
        named = {str(key.arg): self.value(key.value) for key in node.keywords}
        self._refuse(node, [*args, *named.values()])
        with same_random_numbers():
            return function(*args, **named)

    def _refuse(self, node: ast.expr, values: list[Any]) -> None:
        too_large = any(entries(value) > LARGEST for value in values)
        if too_large or not all(map(is_plain, values)):
            raise Unsafe(ast.unparse(node))
