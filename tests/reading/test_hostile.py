"""A reading changes nothing of what a person's code does: results, errors, prints, side effects."""

import contextlib
import io
import itertools
import random
import struct
import sys
import traceback
import types
import warnings
import weakref
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest

from shapecheck_bp.reading import read

HOSTILE = Path(__file__).with_name("hostile.py")


def load():
    """The hostile functions, freshly imported, so that nothing has been counted yet."""
    spec = spec_from_file_location("hostile", HOSTILE)
    module = module_from_spec(spec)
    sys.modules["hostile"] = module
    spec.loader.exec_module(module)
    return module


CASES = load().cases()
# Nothing of these is noted.
LEFT = {"a_generator", "a_coroutine"}


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
        return name, str(plain.dtype), plain.shape, data
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
    return name, bits(getattr(value, "__dict__", None), seen) if name == "hostile.Point" else ""


def of_error(error):
    """What a traceback would print of an error, but for frames that are not the person's."""
    if error is None:
        return None
    lines = [
        (entry.lineno, entry.name, entry.line, entry.colno, entry.end_colno)
        for entry in traceback.extract_tb(error.__traceback__)
        if entry.filename == str(HOSTILE)
    ]
    if isinstance(error, RecursionError):  # how deep one may go is the caller's affair
        return type(error), lines[:3]
    inner = [of_error(part) for part in getattr(error, "exceptions", ())]
    chain = of_error(error.__cause__), of_error(error.__context__)
    return type(error).__name__, repr(error.args), str(error), lines, inner, chain


def what_is_seen(name, run):
    """Everything that somebody outside could see of a run."""
    module = load()
    make = module.arguments_of.get(name, lambda: ())
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    args = make()
    out, err = io.StringIO(), io.StringIO()
    result = error = None
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        warnings.catch_warnings(record=True) as caught,
    ):
        warnings.simplefilter("always")
        filters = list(warnings.filters)
        try:
            result = run(getattr(module, name), args)
        except BaseException as raised:
            error = raised
        assert warnings.filters == filters
    said = [(str(w.message), w.category, w.lineno, w.filename == str(HOSTILE)) for w in caught]
    kept = {
        key: bits(value)
        for key, value in vars(module).items()
        if not key.startswith("__") and not isinstance(value, types.ModuleType)
    }
    return {
        "result": bits(result),
        "error": of_error(error),
        "printed": (out.getvalue(), err.getvalue()),
        "warned": said,
        "module": kept,
        "arguments": bits(args) if name == "changed_argument" else None,
        "asked": (list(module.Faked.asked), module.Finalized.made, module.Counted.copied),
        "random": (random.random(), np.random.rand()),  # noqa: NPY002
        "limit": sys.getrecursionlimit(),
        "codes": [
            (key, value.__code__.co_code, value.__code__.co_consts and True)
            for key, value in vars(module).items()
            if type(value) is types.FunctionType
        ],
    }


@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore:coroutine")
def test_reading_changes_nothing(name):
    readings = []

    def run_read(function, args):
        reading = read(function, *args)
        readings.append(reading)
        if reading.error is not None:
            raise reading.error
        return reading.result

    plain = what_is_seen(name, lambda function, args: function(*args))
    seen = what_is_seen(name, run_read)
    assert seen == plain
    for reading in readings:
        assert reading.notes.missed == 0
        assert bool(reading.notes.order) == (name not in LEFT), reading.not_read


def test_there_are_enough():
    assert len(CASES) >= 50
