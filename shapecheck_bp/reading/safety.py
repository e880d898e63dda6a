"""What may be computed again: functions that compute and do nothing else, on plain values.

A person's own functions, methods and properties are never called. NumPy's, SciPy's, PyTorch's and
JAX's are, where they draw no random numbers and change nothing; estimators of scikit-learn and
modules of PyTorch are called on a copy, so that what they learn or count stays as it is.
"""

import copy
import math
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes import string_at
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

LIBRARIES = ("numpy", "torch", "jax", "jaxlib", "scipy", "pandas")
PLAIN = (bool, int, float, complex, str, tuple, list, dict, range, slice, type(None), type(...))
BUILTINS = (abs, bool, complex, float, int, len, list, max, min, pow, range, round, slice, sum)
# Methods of arrays that change them; PyTorch's end in an underscore.
CHANGING = (
    *("fill", "itemset", "partition", "put", "resize", "setfield", "setflags", "sort", "tofile"),
    *("backward", "retain_grad", "register_hook", "copyto", "fill_diagonal", "place", "putmask"),
    *("save", "savez", "savez_compressed", "savetxt", "seterr", "set_printoptions", "at"),
)
RANDOM = ("random", "rand", "dropout", "bernoulli", "multinomial", "normal", "seed", "shuffle")
MOST_COPIED = 10**7  # entries of the parameters of a module that is called on a copy
WORDS = 4 * 625  # bytes: the numbers of MT19937, and its place among them


def library_of(thing: Any) -> str:
    """The library that a type, a function or a value's type comes from."""
    module = getattr(thing, "__module__", None) if isinstance(thing, type | FunctionType) else None
    return (module or type(thing).__module__ or "").partition(".")[0]


def is_plain(value: Any) -> bool:
    """Whether operators on this compute and do nothing else."""
    return type(value) in PLAIN or library_of(type(value)) in LIBRARIES


def computing(function: Any) -> Callable[..., Any] | None:
    """The function, where it computes and does nothing else; its like on a copy; or None."""
    kind = type(function)
    if isinstance(function, np.ufunc) or any(function is builtin for builtin in BUILTINS):
        return function  # type: ignore[no-any-return]
    if kind in (MethodType, BuiltinFunctionType) or kind.__name__ == "method-wrapper":
        owner = function.__self__
        if owner is not None and not isinstance(owner, ModuleType):
            return _method(owner, function)
    if kind.__module__.startswith("torch.nn.modules") and _is_small_library_module(function):
        return copy.deepcopy(function)  # type: ignore[no-any-return]
    if isinstance(function, type) or kind is np.vectorize:
        return None
    name = str(getattr(function, "__name__", "")) if _may_be_asked(kind) else ""
    where = f"{getattr(function, '__module__', '') if name else ''}.{name}"
    pure = name and not (name in CHANGING or name.endswith("_") or any(w in where for w in RANDOM))
    return function if pure and _is_a_librarys(function, name) else None


def _method(owner: Any, function: Any) -> Callable[..., Any] | None:
    name = function.__name__
    if library_of(type(owner)) == "sklearn":
        return getattr(copy.deepcopy(owner), name)  # type: ignore[no-any-return]
    changes = name in CHANGING or name.endswith("_")
    array = is_array(owner) and not isinstance(owner, type)
    return function if array and not changes and is_plain(owner) else None


def _may_be_asked(kind: type) -> bool:
    return kind in (FunctionType, BuiltinFunctionType) or library_of(kind) in LIBRARIES


def _is_a_librarys(function: Any, name: str) -> bool:
    """Whether it is defined in a library; PyTorch's built-in functions say no module."""
    module = getattr(function, "__module__", None)
    if module is None:
        torch = sys.modules.get("torch")
        return torch is not None and getattr(torch, name, None) is function
    return module.partition(".")[0] in LIBRARIES


def _is_small_library_module(module: Any) -> bool:
    ours = all(library_of(type(part)) == "torch" for part in module.modules())
    return ours and sum(p.numel() for p in module.parameters()) <= MOST_COPIED


def shape_of(value: Any) -> tuple[Any, ...] | None:
    """The shape of anything of a library that has one."""
    if isinstance(value, np.ndarray):
        return np.ndarray.shape.__get__(value)  # type: ignore[no-any-return]
    if library_of(type(value)) not in LIBRARIES:
        return None
    shape = getattr(value, "shape", None)
    return tuple(shape) if isinstance(shape, tuple) else None


def is_array(value: Any) -> bool:
    """Whether this is an array of a library."""
    return shape_of(value) is not None and not isinstance(value, type | np.generic)


def entries(value: Any) -> int:
    """The number of an array's entries."""
    return math.prod(shape_of(value) or ())


def without_trace(value: Any) -> Any:
    """An array in place of what JAX traces with, which cannot be computed with any more."""
    if library_of(type(value)) == "jax" and hasattr(value, "aval"):
        import jax

        if isinstance(value, jax.core.Tracer):
            return np.zeros(value.shape, value.dtype)
    return value


@contextmanager
def same_random_numbers() -> Iterator[None]:
    """Put back the random numbers of Python, NumPy and PyTorch."""
    state = random_state()
    try:
        yield
    finally:
        set_random_state(state)


def random_state() -> tuple[Any, Any, Any]:
    """The random numbers to come, of Python, NumPy and PyTorch."""
    torch = sys.modules.get("torch")
    return random.getstate(), _state(), torch.get_rng_state() if torch is not None else None


def set_random_state(state: tuple[Any, Any, Any]) -> None:
    """Put them back."""
    random.setstate(state[0])
    if _known[1] is not state[1] or _known[0] != _words():
        np.random.set_state(state[1])  # noqa: NPY002  # what a person may still use
        _know(_words(), state[1])
    torch = sys.modules.get("torch")
    if torch is not None and state[2] is not None:
        torch.set_rng_state(state[2])


def drop_half_a_pair() -> None:
    """Drop the second of two normal numbers that NumPy may have: it makes all of these slow."""
    if _state()["has_gauss"]:
        np.random.standard_normal()  # noqa: NPY002


_known: tuple[bytes, Any] = b"", None
"""NumPy's state as it was asked for last, which takes long, and the words that it was read from."""


def _state() -> Any:
    """NumPy's state, for which it is asked only if a number was drawn since."""
    words = _words()
    if not words or words != _known[0]:
        state: Any = np.random.get_state(legacy=False)  # noqa: NPY002
        if words != _words():  # another thread draws
            return state
        _know(words, state)
        return state
    return _known[1]


def _know(words: bytes, state: Any) -> None:
    """Know a state by its words, unless it has half a pair of normal numbers beside them."""
    global _known
    _known = (words, state) if words and not state["has_gauss"] else (b"", None)


def _words() -> bytes:
    """The memory of NumPy's generator, or nothing where that is another one than usual."""
    numpy_random: Any = np.random  # whose types do not say that it gives its generator
    generator = numpy_random.get_bit_generator()
    if type(generator) is not np.random.MT19937:
        return b""
    return string_at(generator.ctypes.state_address, WORDS)
