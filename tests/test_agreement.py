"""Thousands of generated calls: accepted and refused exactly as by plain jaxtyping and beartype.

Meant differences are kept out of the generated calls and have tests of their own: every entry of a
container is looked at (beartype looks at one), ``Array`` refuses mixed and empty arrays, n[l]
counts layers, defaults that are arrays are checked, and so are the insides of dataclasses and
NamedTuples.
"""

import inspect
import random

import numpy as np
import pytest
from beartype import beartype
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jaxtyping import Bool, Float, Float32, Int, Num, Shaped, TypeCheckError, jaxtyped

from shapecheck_bp import ShapeError, shapechecked

FUNCTIONS, CALLS = 120, 45
KINDS = [Float, Float32, Int, Num, Shaped, Bool]
DTYPES = ["float64", "float64", "float64", "float32", "int64", "bool"]
AXES = ["n", "m", "k", "n", "m", "k", "3", "_", "#n", "*batch", "...", "n+1", "a=2"]


def annotation(choose):
    """A jaxtyping annotation of up to three axes, at most one of them variadic."""
    axes = [choose.choice(AXES) for _ in range(choose.randrange(4))]
    variadic = [axis for axis in axes if axis[0] in "*."]
    axes = [axis for axis in axes if axis[0] not in "*."] + variadic[:1]
    hint = choose.choice(KINDS)[np.ndarray, " ".join(axes)]
    return choose.choice([hint, hint, hint, hint | None, tuple[hint, int]])


def value(choose, hint, sizes):
    """A value that fits often enough: the annotation's axes at sizes that are sometimes others."""
    if choose.random() < 0.04:
        return choose.choice([None, 3, "x", [1.0], np.float64(1), np.ones(())])
    if hint is int:
        return choose.choice([1, 2, True, "1"])
    if inspect.isclass(hint) and hasattr(hint, "dim_str"):
        shape = [size for axis in hint.dim_str.split() for size in size_of(choose, axis, sizes)]
        if choose.random() < 0.1:
            shape = shape[::-1]
        fitting = {"Int": "int64", "Bool": "bool", "Float32": "float32"}
        dtype = fitting.get(hint.dtype.__name__, "float64")
        return np.ones(shape, dtype=choose.choice(DTYPES) if choose.random() < 0.15 else dtype)
    if getattr(hint, "__origin__", None) is tuple:
        return tuple(value(choose, one, sizes) for one in hint.__args__)
    return None if choose.random() < 0.2 else value(choose, hint.__args__[0], sizes)


def size_of(choose, axis, sizes):
    name = axis.lstrip("#*").rpartition("=")[2]
    if choose.random() < 0.05:
        return (choose.randrange(1, 5),)
    if axis[0] in "*.":
        return sizes["batch"]
    if axis == "n+1":
        return (sizes["n"] + 1,)
    return (int(name),) if name.isdigit() else (sizes.get(name, choose.randrange(1, 4)),)


def functions(choose):
    """One function twice: under plain jaxtyping and beartype, and under ours."""
    count = choose.randrange(1, 4)
    hints = {f"x{i}": annotation(choose) for i in range(count)}
    if choose.random() < 0.8:
        hints["return"] = annotation(choose)

    def make():
        source = f"def f({', '.join(f'x{i}' for i in range(count))}, *, result): return result[0]"
        names = {"__name__": __name__}
        exec(source, names)
        names["f"].__annotations__ = hints
        return names["f"]

    return hints, jaxtyped(make(), typechecker=beartype), shapechecked(make())


def verdict(function, args, result):
    try:
        function(*args, result=[result])
    except (TypeCheckError, ShapeError):
        return "refused"
    except Exception as error:
        return type(error).__name__
    return "accepted"


tally: dict[str, int] = {}


@settings(max_examples=FUNCTIONS, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32 - 1))
def is_the_same_verdict(seed):
    choose = random.Random(seed)
    hints, plain, ours = functions(choose)
    for _ in range(CALLS):
        sizes = {name: choose.randrange(1, 4) for name in "nmk"}
        sizes["batch"] = tuple(choose.randrange(1, 4) for _ in range(choose.randrange(3)))
        args = [value(choose, hint, sizes) for hint in hints.values()]
        result = args.pop() if "return" in hints else None
        wanted = verdict(plain, args, result)
        for _ in range(2):
            found = verdict(ours, args, result)
            assert found == wanted, (hints, [getattr(a, "shape", a) for a in (*args, result)])
        tally[wanted] = tally.get(wanted, 0) + 1


def test_the_same_verdict_on_enough_calls_of_both_kinds():
    is_the_same_verdict()
    assert sum(tally.values()) >= FUNCTIONS * CALLS
    assert min(tally["accepted"], tally["refused"]) >= 1_000, tally


@pytest.mark.parametrize("seed", range(3))
def test_plain_jaxtyping_misses_what_we_are_meant_to_find(seed):
    """Of a list with one bad entry in ten, beartype looks at one entry."""

    def take(rows: list[Float[np.ndarray, "1 n"]]) -> None:
        pass

    rows = [np.ones((1, 3))] * 9 + [np.ones((1, 4))]
    plain = jaxtyped(take, typechecker=beartype)
    missed = 0
    for _ in range(50):
        try:
            plain(rows)
            missed += 1
        except TypeCheckError:
            pass
    assert missed > 0
    with pytest.raises(ShapeError):
        shapechecked(take)(rows)
