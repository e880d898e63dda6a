"""Arguments made to annotations, with a prime of its own for the size of every axis."""

import importlib
import re
from collections.abc import Iterator, Mapping
from types import NoneType
from typing import Any, get_args, get_origin

import numpy as np
from jaxtyping import AnnotationError, Shaped

from shapecheck_bp.shapes.annotations import (
    array_hints,
    is_array_hint,
    is_class,
    is_union,
    lags,
    spell_out,
)
from shapecheck_bp.shapes.arrays import Array
from shapecheck_bp.shapes.law import Law
from shapecheck_bp.shapes.leaves import axis_names, leaves_of
from shapecheck_bp.shapes.records import fields_of, is_record
from shapecheck_bp.shapes.words import function_name

LAYERS = 3
ENTRIES = 2
DTYPES = ["float64", "int64", "bool", "complex128"] + [
    f"{kind}{bits}"
    for kind, sizes in (("float", (32, 16)), ("int", (32, 16, 8)), ("uint", (64, 32, 16, 8)))
    for bits in sizes
]


class Maker:
    """Makes arrays to annotations, and remembers the size of each axis; some may be given."""

    def __init__(self, law: Law, others: Mapping[str, Any], **sizes: int) -> None:
        self.law = law
        self.others = dict(others)
        self.sizes = sizes
        dims = [array.dim_str for hint in law.hints.values() for array in array_hints(hint)]
        fixed = {int(number) for number in re.findall(r"\d+", " ".join(dims))}
        computed = any(map(_is_computed, law.hints.values()))
        primes = _far_apart() if computed else _primes()
        self.primes = (prime for prime in primes if prime not in fixed)
        self.random = np.random.default_rng(0)

    def arguments(self) -> Iterator[tuple[str, Any]]:
        """A value for every parameter: given, made, or left to its default."""
        law = self.law
        unknown = self.others.keys() - law.signature.parameters.keys()
        if unknown:
            name = function_name(law.function)
            raise TypeError(f"verify: {name} has no {', '.join(sorted(unknown))}")
        self.settle()
        to_make = []
        for name, parameter in law.signature.parameters.items():
            hint = law.hints.get(name, Any)
            if name in self.others:
                yield name, self.others[name]
            elif array_hints(hint) and (
                parameter.default is parameter.empty or parameter.default is None
            ):
                to_make.append((name, hint))
            elif parameter.default is parameter.empty and parameter.kind not in (
                parameter.VAR_POSITIONAL,
                parameter.VAR_KEYWORD,
            ):
                raise TypeError(
                    f"verify: {function_name(law.function)} needs {name}, which is no array;"
                    f" pass it to verify as {name}=..."
                )
        for name, hint in sorted(to_make, key=lambda named: _is_computed(named[1])):
            yield name, self.make(name, hint, {})

    def settle(self) -> None:
        """Take the sizes of what was given, and of defaults that are arrays."""
        parameters = self.law.signature.parameters
        defaults = {
            name: parameter.default
            for name, parameter in parameters.items()
            if parameter.default is not parameter.empty
        }
        arrays = {name: value for name, value in defaults.items() if hasattr(value, "dtype")}
        for leaf in leaves_of(self.law.hints, arrays | self.others, defaults | self.others):
            if not (is_array_hint(leaf.hint) and hasattr(leaf.value, "shape")):
                continue  # run() refuses what is no array
            for axis, size in zip(axis_names(leaf), leaf.value.shape, strict=False):
                if axis.isidentifier() and axis != "_":
                    self.sizes.setdefault(axis, size)
        self.known = defaults | self.others

    def make(self, path: str, hint: Any, axes: Mapping[str, Any]) -> Any:
        """A value for an annotation at a place in the call, such as ``params[0].W``."""
        origin, inner = get_origin(hint), get_args(hint)
        if is_array_hint(hint):
            return self.array(path, spell_out(hint, {**axes, **self.sizes}, self.known))
        if not array_hints(hint):
            return self.plain(hint)
        if is_union(hint):
            return self.make(path, next(option for option in inner if array_hints(option)), axes)
        if is_record(hint):
            made = {
                field.name: self.make(f"{path}.{field.name}", field.hint, axes)
                for field in fields_of(hint)
            }
            return (origin or hint)(**made)
        if origin is tuple and inner[-1] is not Ellipsis:
            return tuple(self.make(f"{path}[{i}]", item, axes) for i, item in enumerate(inner))
        if is_class(origin, Mapping):
            return {name: self.make(f"{path}[{name!r}]", inner[1], axes) for name in "ab"[:ENTRIES]}
        entries = [
            self.make(f"{path}[{i}]", inner[0], {**axes, "l": i + 1})
            for i in range(self.count(hint))
        ]
        return tuple(entries) if origin is tuple else entries

    def count(self, hint: Any) -> int:
        """How many entries a container gets: one a layer, and one more where all lag behind."""
        lag = lags(get_args(hint)[0])
        return self.sizes.setdefault("L", LAYERS) + min(lag) if lag else ENTRIES

    def plain(self, hint: Any) -> Any:
        """A value for an annotation inside a container that names no array."""
        for cls in (int, float, str, bool):
            if hint is cls:
                return cls()
        if hint is NoneType or hint is Any:
            return None
        raise TypeError(
            f"verify: cannot make a {hint} inside a container; pass the argument itself"
        )

    def shape(self, hint: Any) -> tuple[Any, ...]:
        """The sizes of an annotation's axes."""
        return tuple(size for dim in hint.dim_str.split() for size in self.axis(dim))

    def array(self, path: str, hint: Any) -> Any:
        """An array for an annotation, of the library that it names."""
        shape = self.shape(hint)
        ours = hint.array_type in (Any, Array) or issubclass(np.ndarray, hint.array_type)
        usual = DTYPES if ours else ["float32", *DTYPES]
        allowed = usual[:1] if hint.dtype is Shaped else hint.dtypes
        dtype = next((name for name in usual if name in allowed), usual[0])
        values = self.random.normal(size=shape).astype(dtype)
        if not re.match("float|complex", dtype):
            values = np.zeros(shape, dtype=dtype)
        if ours:
            return values
        library = importlib.import_module(hint.array_type.__module__.partition(".")[0])
        return getattr(library, "numpy", library).asarray(values)

    def axis(self, dim: str) -> tuple[int, ...]:
        """The size of an axis, or of all that a variadic one stands for."""
        name = dim.rpartition("=")[2].lstrip("#?")
        if name == "...":
            return next(self.primes), next(self.primes)
        if name.startswith("*"):
            return tuple(self.size(f"{name[1:]}_{i}") for i in range(2))
        if name.isdigit():
            return (int(name),)
        if name == "_":
            return (next(self.primes),)
        return (self.size(name),)

    def size(self, name: str) -> int:
        """The size of a named or computed axis."""
        if name.isidentifier():
            if name not in self.sizes:
                self.sizes[name] = next(p for p in self.primes if p not in self.sizes.values())
            return self.sizes[name]
        try:
            return int(eval(name, {}, dict(self.sizes)))
        except NameError as error:
            raise AnnotationError(
                f"verify: the axis {name} depends on one that is not bound"
            ) from error


def _is_computed(hint: Any) -> bool:
    """Whether an axis here is computed from others, which have to come first."""
    dims = [dim for array in array_hints(hint) for dim in array.dim_str.split()]
    names = (re.sub(r"\[[^]]*\]", "", dim) for dim in dims)
    return any(not re.fullmatch(r"[\w*#?.=]+", name) for name in names)


def _primes(least: int = 3) -> Iterator[int]:
    """3, 5, 7, …: no axis is 1 or 2, which annotations often fix."""
    number = least
    while True:
        if all(number % divisor for divisor in range(3, number, 2)):
            yield number
        number += 2


def _far_apart() -> Iterator[int]:
    """Primes that sums and differences of others do not meet, and of which none is negative."""
    yield from (101, 83, 67, 53, 41, 29, 17)
    yield from _primes(211)
