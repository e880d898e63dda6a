"""Thousands of generated calls: accepted and refused exactly as by plain jaxtyping and beartype.

Meant differences are kept out of the generated calls and have tests of their own: every entry of a
container is looked at (beartype looks at one, so that here each has one or none), ``Array`` refuses
mixed and empty arrays, n[l] counts layers, defaults that are arrays are checked, and so are the
insides of records, which here fit in themselves, with sizes that are not those of the call. Where
n+1 comes before n jaxtyping has no verdict, and ours is left alone.
"""

import inspect
import random
from dataclasses import dataclass
from typing import NamedTuple, TypedDict, Union, get_args, get_origin

import numpy as np
import pytest
from beartype import beartype
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jaxtyping import Bool, Float, Float32, Int, Num, Shaped, TypeCheckError, jaxtyped

from shapecheck_bp import ShapeError, shapechecked

FUNCTIONS, CALLS = 60, 45
KINDS = [Float, Float32, Int, Num, Shaped, Bool]
DTYPES = ["float64", "float64", "float64", "float32", "int64", "bool"]
AXES = [*"nmknmk3_", "#n", "*batch", "...", "n+1", "a=2", "{len(result)}"]
TOGETHER = ["n", "m k", "{len(result)} n m"]  # axes of the options of a union


class Pair(NamedTuple):
    a: Float[np.ndarray, "n m"]
    b: Float[np.ndarray, "m"]


@dataclass
class Data:
    X: Float[np.ndarray, "n k"]
    y: Int[np.ndarray, "n"] | None = None


class Batch(TypedDict):
    x: Float[np.ndarray, "m m"]


class Settings(TypedDict):
    steps: int


RECORDS = [Pair, Data, Batch, list[Pair], Settings]


def record(choose, hint):
    """A record that fits in itself, and not with the call."""
    n, m = choose.randrange(1, 5), choose.randrange(1, 5)
    if hint is Settings:
        return {"steps": n}
    if hint is Batch:
        return {"x": np.ones((n, n))}
    if hint is Data:
        return Data(np.ones((n, m)), choose.choice([None, np.ones(n, int)]))
    pair = Pair(np.ones((n, m)), np.ones(m))
    return pair if hint is Pair else [pair] * choose.randrange(2)


def annotation(choose):
    """An annotation of up to three axes, at most one of them variadic; or one that holds such."""
    if choose.random() < 0.15:
        return choose.choice(RECORDS)
    if choose.random() < 0.15:
        kinds = [choose.choice(KINDS)[np.ndarray, axes] for axes in TOGETHER]
        options = [*kinds, None, list[kinds[1]], dict[str, kinds[0]], tuple[kinds[2], ...]]
        return Union[tuple(choose.sample(options, choose.randrange(2, 5)))]  # noqa: UP007
    axes = [choose.choice(AXES) for _ in range(choose.randrange(4))]
    variadic = [axis for axis in axes if axis[0] in "*."]
    axes = [axis for axis in axes if axis[0] not in "*."] + variadic[:1]
    hint = choose.choice(KINDS)[np.ndarray, " ".join(axes)]
    containers = [tuple[hint, int], list[hint], dict[str, hint], tuple[hint, ...]]
    return choose.choice([hint] * 6 + [hint | None] * 2 + containers)


def value(choose, hint, sizes):
    """A value that fits often enough: the annotation's axes at sizes that are sometimes others."""
    if choose.random() < 0.04:
        return choose.choice([None, 3, "x", [1.0], np.float64(1), np.ones(())])
    if hint in (int, str):
        return choose.choice([1, 2, True, "1"] if hint is int else ["a", "b", "c", 1])
    if hint is type(None):
        return None
    if hint in RECORDS:
        return record(choose, hint)
    if inspect.isclass(hint) and hasattr(hint, "dim_str"):
        shape = [size for axis in hint.dim_str.split() for size in size_of(choose, axis, sizes)]
        if choose.random() < 0.1:
            shape = shape[::-1]
        fitting = {"Int": "int64", "Bool": "bool", "Float32": "float32"}
        dtype = fitting.get(hint.dtype.__name__, "float64")
        return np.ones(shape, dtype=choose.choice(DTYPES) if choose.random() < 0.15 else dtype)
    inside = get_args(hint)
    if get_origin(hint) is tuple and ... not in inside:
        return tuple(value(choose, one, sizes) for one in inside)
    if get_origin(hint) in (tuple, list, dict):
        item = value(choose, inside[get_origin(hint) is dict], sizes)
        key = choose.choice(["a", "a", "a", 1])
        made = {key: item} if get_origin(hint) is dict else get_origin(hint)([item])
        return made if choose.random() < 0.8 else get_origin(hint)()
    return value(choose, choose.choice(inside), sizes)


def size_of(choose, axis, sizes):
    name = axis.lstrip("#*").rpartition("=")[2]
    if choose.random() < 0.05:
        return (choose.randrange(1, 5),)
    if axis[0] in "*.":
        return sizes["batch"]
    if axis[0] == "{":
        return (sizes["results"],)
    if axis == "n+1":
        return (sizes["n"] + 1,)
    return (int(name),) if name.isdigit() else (sizes.get(name, choose.randrange(1, 4)),)


def functions(choose):
    """One function twice: under plain jaxtyping and beartype, and under ours."""
    count = choose.randrange(1, 4)
    hints = {f"x{i}": annotation(choose) for i in range(count)}
    if choose.random() < 0.8:
        hints["return"] = annotation(choose)

    stars = "*" if choose.random() < 0.3 else ""
    listed = ", ".join([*(f"x{i}" for i in range(count - 1)), f"{stars}x{count - 1}"])

    def make():
        source = f"def f({listed}, {'' if stars else '*, '}result): return result[0]"
        names = {"__name__": __name__}
        exec(source, names)
        names["f"].__annotations__ = hints
        return names["f"]

    return hints, jaxtyped(make(), typechecker=beartype), shapechecked(make())


def verdict(function, args, result, results):
    try:
        function(*args, result=[result] * results)
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
        sizes["results"] = choose.randrange(1, 3)
        sizes["batch"] = tuple(choose.randrange(1, 4) for _ in range(choose.randrange(3)))
        args = [value(choose, hint, sizes) for hint in hints.values()]
        result = args.pop() if "return" in hints else None
        wanted = verdict(plain, args, result, sizes["results"])
        for _ in range(0 if wanted == "AnnotationError" else 2):
            found = verdict(ours, args, result, sizes["results"])
            if (wanted, found) == ("refused", "AnnotationError"):
                continue  # the call is wrong, and so is an axis: either may be told first
            assert found == wanted, (hints, [getattr(a, "shape", a) for a in (*args, result)])
        tally[wanted] = tally.get(wanted, 0) + 1


def test_the_same_verdict_on_enough_calls_of_both_kinds():
    is_the_same_verdict()
    assert sum(tally.values()) >= FUNCTIONS * CALLS
    assert min(tally["accepted"], tally["refused"]) >= 500, tally


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
