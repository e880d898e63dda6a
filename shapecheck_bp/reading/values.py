"""What an expression comes to in a frame that has stopped, as far as that can be known safely.

Nothing that could do something is done: names, attributes, subscripts and arithmetic are looked at
again, and so are calls of functions that are known to compute and nothing else (NumPy's, PyTorch's
and JAX's own, methods of arrays, a few of Python's). A person's own functions are not called.

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
import math
import operator
import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import numpy as np

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
LIBRARIES = ("numpy", "torch", "jax", "jaxlib", "scipy")
PURE = {abs, bool, complex, float, int, len, list, max, min, pow, range, round, slice, sum, tuple}
# Of arrays; of PyTorch's, all that end in an underscore too.
CHANGING = {
    *("fill", "itemset", "partition", "put", "resize", "setfield", "setflags", "sort", "tofile"),
    *("backward", "retain_grad", "register_hook", "share_memory_", "numpy_"),
}
RANDOM = ("random", "rand", "dropout", "bernoulli", "multinomial", "normal", "seed", "shuffle")
LARGEST = 10**7  # entries of an array that is computed again


# What nodes come to, by their identity; each beside its node, so that no other has the same.
Known = Mapping[int, tuple[ast.AST, Any]]


class Unsafe(Exception):
    """An expression that cannot be looked at again without doing something."""


def shape_of(value: Any) -> tuple[Any, ...] | None:
    """The shape of anything that has one."""
    shape = getattr(value, "shape", None)
    return tuple(shape) if isinstance(shape, tuple) else None


def is_array(value: Any) -> bool:
    """Whether this is an array of any library, and no class or module with such attributes."""
    return shape_of(value) is not None and hasattr(value, "dtype") and not isinstance(value, type)


def is_ours_to_read(value: Any) -> bool:
    """Whether operators on this compute and do nothing else."""
    kind = type(value)
    plain = kind in (bool, int, float, complex, str, tuple, list, dict, range, slice, type(None))
    return plain or value is Ellipsis or _of_library(kind)


def library_of(thing: Any) -> str:
    """The library that a value, or what it is one of, comes from."""
    return (getattr(thing, "__module__", None) or type(thing).__module__ or "").partition(".")[0]


def _of_library(thing: Any) -> bool:
    return library_of(thing) in LIBRARIES


class Evaluator:
    """Evaluates expressions by the names of a frame; what is known of a node is not computed."""

    def __init__(self, names: Mapping[str, Any], known: Known | None = None) -> None:
        """Keep what is known."""
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
        return shape_of(value) if is_array(value) or shape_of(value) else None

    def _Constant(self, node: ast.Constant) -> Any:
        return node.value

    def _Name(self, node: ast.Name) -> Any:
        if node.id in self.names:
            return self.names[node.id]
        if hasattr(builtins, node.id):
            return getattr(builtins, node.id)
        raise Unsafe(node.id)

    def _Attribute(self, node: ast.Attribute) -> Any:
        owner = self.value(node.value)
        if isinstance(owner, ModuleType) or is_ours_to_read(owner):
            return getattr(owner, node.attr)
        if node.attr in getattr(owner, "__dict__", {}):
            return owner.__dict__[node.attr]
        here = inspect.getattr_static(type(owner), node.attr, None)
        if here is not None and not isinstance(here, property) and not hasattr(here, "__get__"):
            return here
        # A torch.nn.Module keeps its parameters and parts where its own __getattr__ finds them.
        finder = inspect.getattr_static(type(owner), "__getattr__", None)
        if here is None and finder is not None and _of_library(finder):
            return getattr(owner, node.attr)
        raise Unsafe(ast.unparse(node))

    def _Subscript(self, node: ast.Subscript) -> Any:
        owner, index = self.value(node.value), self.value(node.slice)
        if is_ours_to_read(owner) or type(owner).__getitem__ in (
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
        function = self.value(node.func)
        if not _computes_only(function) or any(key.arg in (None, "out") for key in node.keywords):
            raise Unsafe(ast.unparse(node))
        args = [self.value(arg) for arg in node.args]
        named = {str(key.arg): self.value(key.value) for key in node.keywords}
        self._refuse(node, [*args, *named.values()])
        return function(*args, **named)

    def _refuse(self, node: ast.expr, values: list[Any]) -> None:
        too_large = any(math.prod(shape_of(value) or ()) > LARGEST for value in values)
        if too_large or not all(map(is_ours_to_read, values)):
            raise Unsafe(ast.unparse(node))


def _computes_only(function: Any) -> bool:
    """Whether a function is known to compute something, and to do nothing else."""
    name = getattr(function, "__name__", "")
    if isinstance(function, np.ufunc) or function in PURE if _hashable(function) else False:
        return True
    if any(word in f"{getattr(function, '__module__', '')}.{name}" for word in RANDOM):
        return False
    owner = getattr(function, "__self__", None)
    if owner is not None and not isinstance(owner, ModuleType):
        return is_array(owner) and name not in CHANGING and not name.endswith("_")
    if isinstance(function, type):
        return False
    in_torch = "torch" in sys.modules and getattr(sys.modules["torch"], name, None) is function
    return (in_torch or _of_library(function) or _of_library(type(function))) and not (
        name.endswith("_") or name in {"save", "savez", "savetxt", "copyto", "put", "fill_diagonal"}
    )


def _hashable(value: Any) -> bool:
    try:
        hash(value)
    except Exception:
        return False
    return True
