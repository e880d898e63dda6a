"""The arrays of a step's state, by the path on which each is found; a list of floats is one, too.

>>> class Net:
...     def __init__(self):
...         self.W, self.biases = np.ones((2, 3)), [np.zeros(2), [0.5, 1.0]]
>>> [shown(path) for path in arrays({"self": Net(), "rate": 0.1})]
['self.W', 'self.biases[0]', 'self.biases[1]', 'rate']
"""

import re
from collections.abc import Iterable
from itertools import pairwise
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

import numpy as np

Path = tuple[Any, ...]
DEEPEST = 8
Parts = dict[tuple[Any, ...], list[Any]]
"""By the shape and type of flat arrays the spans in which they are read."""
FLOATS, LISTS, KEPT = (float, np.floating), (list, tuple), (np.ndarray, list)
ATOMS = (type, ModuleType, FunctionType, MethodType, BuiltinFunctionType, str, bytes)


class Span(NamedTuple):
    """A part of a flat array."""

    first: int
    end: int

    def __repr__(self) -> str:
        return f"{self.first}:{self.end}"


def arrays(thing: Any, parts: Parts | None = None) -> dict[Path, Any]:
    """Every array, list of floats and float in a thing; each array once, on its first path.

    Of a record each field is one, and of a flat array that is read by parts each part.
    """
    found: dict[Path, Any] = {}
    _walk(thing, (), set(), DEEPEST, found)
    for path, value in [*found.items()] if parts else ():
        spans = parts.get(_kind(value), ()) if parts else ()
        if spans:
            del found[path]
            found |= {(*path, span): value[span.first : span.end] for span in spans}
    return found


def _kind(value: Any) -> tuple[Any, ...]:
    return (value.shape, value.dtype) if isinstance(value, np.ndarray) else ()


def spans_of(array: Any, read: Iterable[Any]) -> list[Span]:
    """The parts of a flat array of which some are read as matrices, or nothing.

    >>> theta = np.arange(8.0)
    >>> spans_of(theta, [theta[:6].reshape(2, 3), theta[6:]])
    [0:6, 6:8]
    """
    mine = [
        one
        for one in read
        if one.base is array and one.flags.c_contiguous and 0 < one.size < array.size
    ]
    if array.ndim != 1 or not any(one.ndim == 2 for one in mine):
        return []
    starts = {(_address(one) - _address(array)) // array.itemsize: one.size for one in mine}
    edges = sorted({0, array.size, *starts, *(first + size for first, size in starts.items())})
    return [Span(first, end) for first, end in pairwise(edges)]


def mark(thing: Any) -> Any:
    """What an array, and each view of all of it, is known by."""
    if isinstance(thing, np.ndarray) and thing.flags.c_contiguous:
        return _address(thing), thing.nbytes
    return id(thing)


def _address(array: Any) -> int:
    return int(array.__array_interface__["data"][0])


def _walk(thing: Any, path: Path, known: set[int], deep: int, found: dict[Path, Any]) -> None:
    if isinstance(thing, FLOATS):
        found.setdefault(path, thing)
        return
    if id(thing) in known or not deep or isinstance(thing, ATOMS):
        return
    known.add(id(thing))
    if isinstance(thing, np.ndarray):
        if thing.dtype.kind in "fiub" and thing.size:
            found.setdefault(path, thing)
        elif thing.dtype.names:
            for name in thing.dtype.names:
                _walk(thing[name], (*path, name), known, deep - 1, found)
        elif is_floats(thing):
            found.setdefault(path, thing)
        elif thing.dtype == object:
            for i, item in enumerate(thing.flat):
                _walk(item, (*path, i), known, deep - 1, found)
    elif is_floats(thing):
        found.setdefault(path, thing)
    elif isinstance(thing, dict):
        for key, item in thing.items():
            _walk(item, (*path, key), known, deep - 1, found)
    elif isinstance(thing, LISTS):
        names = getattr(thing, "_fields", range(len(thing)))
        for name, item in zip(names, thing, strict=True):
            name = f".{name}" if isinstance(name, str) else name
            _walk(item, (*path, name), known, deep - 1, found)
    elif hasattr(thing, "__dict__") and type(thing).__module__.partition(".")[0] != "numpy":
        for name, item in vars(thing).items():
            _walk(item, (*path, f".{name}"), known, deep - 1, found)


def at(thing: Any, path: Path) -> Any:
    """What is found in a thing on a path.

    >>> at({"layers": [{"W": 1}, {"W": 2}]}, ("layers", 1, "W"))
    2
    """
    for part in path:
        if isinstance(part, Span):
            thing = thing[part.first : part.end]
        elif isinstance(thing, np.ndarray):
            thing = thing[part] if isinstance(part, str) else thing.flat[part]
        elif isinstance(thing, dict) or type(part) is int:
            thing = thing[part]
        else:
            thing = getattr(thing, part[1:]) if isinstance(thing, tuple) else vars(thing)[part[1:]]
    return thing


def is_floats(thing: Any) -> bool:
    """Whether this is a list of floats, or an array of objects that all are."""
    if isinstance(thing, np.ndarray):
        items: Any = thing.flat if thing.dtype == object else ()
    else:
        items = thing if type(thing) is list else ()
    return len(items) > 0 and all(isinstance(one, FLOATS) for one in items)


def is_trainable(thing: Any) -> bool:
    """Whether this can be a parameter: an array of floats, or a list of them."""
    return is_floats(thing) or (isinstance(thing, np.ndarray) and thing.dtype.kind == "f")


def numbers(thing: Any) -> Any:
    """The same as an array of floats."""
    return np.asarray(thing, float)


def put(roots: Any, path: Path, change: Any, add: bool = True) -> None:
    """Add to what is found on a path, in place, or put other values in."""
    thing: Any = at(roots, path)
    if isinstance(thing, (int, *FLOATS)):
        inside, last = at(roots, path[:-1]), path[-1]
        number = float(thing + change if add else change)
        if isinstance(inside, np.ndarray):
            inside.flat[last] = number
        elif isinstance(inside, dict | list):
            inside[last] = number
        elif not isinstance(inside, tuple):
            setattr(inside, last[1:], number)
    elif isinstance(thing, np.ndarray):
        thing[...] = thing + change if add else change
    else:
        new = np.asarray(thing) + np.reshape(change, -1) if add else np.reshape(change, -1)
        thing[:] = [float(item) for item in np.broadcast_to(new, len(thing))]


def kept(thing: Any) -> Any:
    """A copy, which nobody changes."""
    return thing.copy() if isinstance(thing, KEPT) else thing


def shown(path: Path) -> str:
    """A path as one would write it."""
    first, *rest = path or ("",)
    steps = (str(p) if isinstance(p, str) and p.startswith(".") else f"[{p!r}]" for p in rest)
    return f"{first}{''.join(steps)}"


def stem(name: Any) -> str:
    """What is left of a name without what says that it is a gradient, or new.

    >>> stem("dW1"), stem("grad_W1"), stem("nabla_b"), stem("W1_new"), stem("gU"), stem("dJdW1")
    ('w1', 'w1', 'b', 'w1', 'u', 'w1')
    """
    name = str(name).lower().strip("._")
    name = re.sub(r"(_?new|_?grads?|_?gradients?)$", "", name)
    said = r"^(d[a-z]_?d|grads?_?|nabla_?|delta_?|d_?|g(?=[wb]|.$)|new_)(?=.)"
    return re.sub(said, "", name).replace("_", "")


def name_in(path: Path) -> str:
    """The last name in a path: of ``grads["dW1"][0]`` dW1."""
    return next((part.strip(".") for part in reversed(path) if isinstance(part, str)), "")


def place_in(path: Path) -> Any:
    """The last number in a path that stands behind its last name, or else nothing."""
    last = path[-1] if path else None
    return None if isinstance(last, str) else last
