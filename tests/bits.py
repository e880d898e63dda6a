"""Values as what is equal only where they are the same, whatever their own ``==`` says."""

import contextlib
import itertools
import struct
import types

import numpy as np

LOOKED_INTO = ("hostile.Point", "generated_function.Box")  # classes whose attributes count


def bits(value, seen=()):
    """A value as something that is equal only where it is the same to the bit."""
    kind = type(value)
    name = f"{type.__getattribute__(kind, '__module__')}.{type.__getattribute__(kind, '__name__')}"
    if id(value) in seen:
        return "again"
    seen = (*seen, id(value))
    if issubclass(kind, np.ndarray | np.generic):
        array = np.asarray(value) if kind is np.ndarray else np.array(value, copy=True)
        plain = array.view(np.ndarray)
        data = [bits(x, seen) for x in plain.ravel()] if plain.dtype == object else plain.tobytes()
        return name, str(plain.dtype), plain.shape, plain.strides, data
    if kind is float:
        return struct.pack("d", value)
    if issubclass(kind, str | bytes | int | bool | complex | type(None)):
        return name, value
    if issubclass(kind, dict):
        return name, [(bits(k, seen), bits(v, seen)) for k, v in dict.items(value)]
    if issubclass(kind, list | tuple | set | frozenset):
        return name, [bits(item, seen) for item in value]
    if issubclass(kind, BaseException):
        return name, [bits(item, seen) for item in value.args]
    if kind is types.GeneratorType or hasattr(kind, "__next__"):
        return name, [bits(item, seen) for item in itertools.islice(value, 10)]
    if kind is types.CoroutineType:
        with contextlib.suppress(StopIteration) as _:
            value.close()
        return name
    return name, bits(getattr(value, "__dict__", None), seen) if name in LOOKED_INTO else ""
