"""Calls by the hundred thousand, right ones and wrong ones, each held to what it should come to.

    python tests/soak.py --calls 100000 --seed 0
    python tests/soak.py --concurrency 60

Every call ends in the right answer (by ``reference.py``, in long doubles) or in the error that a
table of axes foresees; it changes nothing that it was given, and gives nothing of it back; and all
calls together need no more memory at the end than when a fifth of them had been made. The first
that does not ends the run with what repeats it.

NaN, infinity and numbers whose squares overflow are held to less: gradient steps never re-read the
data, so that these come to the numbers that NumPy makes of the textbook function, and to such
warnings as NumPy gives (BLAS's are not the same twice, for the same arrays, with infinity in them).
``check_data``, and with it ``fit``, refuses NaN and infinity.
"""

import argparse
import asyncio
import atexit
import gc
import os
import resource
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from operator import index
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import reference
from jaxtyping import Bool, Float, Int
from reference import ACTIVATIONS, FLOATS, TABLE, Fault, Misfit

from shapecheck_bp import (
    Array,
    Cache,
    Gradient,
    Layer,
    Network,
    ShapeError,
    blind_spots,
    column,
    dimension_check,
    enforce,
    fit,
    flip,
    layouts,
    row,
    shapechecked,
    trace,
    verify,
)
from shapecheck_bp.replay import plan
from shapecheck_bp.shapes.law import law_of
from shapecheck_bp.transpose import map_leaves

OUTPUTS = (*ACTIVATIONS, "softmax")
TOLERANCE = {"float16": 0.1, "float32": 1e-4, "float64": 1e-11}


class Violation(Exception):
    """A call that did not come to what it should."""


# Values.


class Subclass(np.ndarray):
    pass


FILE = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the process
FILE.truncate(1 << 16)
atexit.register(FILE.close)


def mapped(array):
    made = np.memmap(FILE, array.dtype, "c", shape=array.shape)
    made[...] = array  # private: nothing is written to the file
    return made


def locked(array):
    array = array.copy()
    array.flags.writeable = False
    return array


def gapped(array, step):
    wide = np.zeros([2 * size for size in array.shape], array.dtype)
    found = wide[tuple(slice(None, None, step) for _ in array.shape)]
    found[...] = array
    return found


# The same numbers, or numbers as good, lying in memory another way.
LIE = [
    np.array,
    np.asfortranarray,
    locked,
    partial(gapped, step=2),
    partial(gapped, step=-2),
    lambda a: a.astype(a.dtype.newbyteorder(">")),
    lambda a: a.copy().view(Subclass),
    lambda a: np.broadcast_to(a[:1], a.shape) if a.ndim else a,
    mapped,
]

DTYPES = ["bool", "i1", "u1", "i4", "i8", "u8", "f2", "f4", "f8", "g"]
DTYPES += ["F", "D", "O", "U3", "S3", "m8[s]", "V4"]

# One array for another, which may or may not be right: the table of axes says.
SPOIL = [
    lambda a, r: a.T,
    lambda a, r: np.ravel(a),
    lambda a, r: a[..., None],
    lambda a, r: a[None, None],
    lambda a, r: a[0] if a.size and a.ndim else a,
    lambda a, r: np.float64(1.5),
    lambda a, r: np.ones(()),
    lambda a, r: a[:0] if a.ndim else a,
    lambda a, r: a[:1] if a.ndim else a,
    lambda a, r: np.ones(r.integers(0, 7, size=r.integers(0, 5))),
    lambda a, r: np.ones(r.integers(1, 7, size=2), a.dtype),
    lambda a, r: np.zeros(a.shape, DTYPES[r.integers(len(DTYPES))]),
    lambda a, r: np.zeros(a.shape, DTYPES[r.integers(len(DTYPES))]),
    lambda a, r: np.zeros(a.shape, [("re", "f4"), ("im", "f4")]),
    lambda a, r: np.zeros(a.shape, "M8[s]"),
    lambda a, r: np.asmatrix(a) if a.ndim < 3 else a,
    lambda a, r: np.ma.MaskedArray(a),
    lambda a, r: a.tolist(),
    lambda a, r: (a,),
    lambda a, r: {"A": a},
    lambda a, r: None,
    lambda a, r: "A",
    lambda a, r: 1.5,
    lambda a, r: iter([a]),
    lambda a, r: type(a),
    lambda a, r: a.flat,
    lambda a, r: memoryview(a.copy()),
    lambda a, r: object(),
]

# One tuple for another.
SPOIL_TUPLE = [
    lambda t, r: list(t),
    lambda t, r: tuple(t),
    lambda t, r: dict(enumerate(t)),
    lambda t, r: (one for one in t),
    lambda t, r: None,
    lambda t, r: t[:-1],
    lambda t, r: (*t, t[-1]) if t else t,
    lambda t, r: (t,),
    lambda t, r: (),
    lambda t, r: t[::-1],
    lambda t, r: Layer(*t) if len(t) == 2 else t,
    lambda t, r: Gradient(*t) if len(t) == 2 else t,
    lambda t, r: Cache(*t) if len(t) == 2 else t,
    lambda t, r: flip(t),
    lambda t, r: "WbWb",
    lambda t, r: np.array(1.0),
]

SPOILT_SETTINGS = [
    *(None, True, False, 0, 1, -1, 2, 3, 7, 100, 2.5, 1j, float("nan"), "", "3", "relu", "swish"),
    *(b"relu", [], [3], (3,), {}, set(), object(), int, float, len, np.int64(3), np.uint8(2)),
    *(np.float32(0.5), np.float64(0.5), np.bool_(True), np.array(3), np.array([3]), np.array(0.5)),
    *(np.str_("tanh"), "float32", "f4", "float16", "longdouble", "complex64", "int32", "ones"),
    *(np.dtype(">f8"), np.dtype("V8"), Network((2, 3)), range(3), slice(3), Ellipsis),
]


def network(r):
    sizes = tuple(int(size) for size in r.integers(1, 7, size=r.integers(2, 5)))
    hidden, output = (str(r.choice(names)) for names in (ACTIVATIONS, OUTPUTS))
    if output == "softmax" and sizes[-1] == 1:
        sizes = (*sizes[:-1], 3)
    loss = "squared_error" if r.random() < 0.3 else None
    return Network(sizes, hidden, output, loss)


def good(name, r, dtype):
    """Arguments that fit, as columns."""

    def normal(*shape):
        return (r.normal(size=shape) / 2).astype(dtype)

    n, k, m = (int(size) for size in r.integers(1, 7, size=3))
    net = network(r)
    params = tuple(
        Layer(normal(after, before), normal(after, 1))
        for before, after in zip(net.sizes, net.sizes[1:], strict=False)
    )
    X, shape = normal(net.sizes[0], m), (net.sizes[-1], m)
    if net.loss == "squared_error":
        Y = normal(*shape)
    elif net.loss == "log_loss":
        Y = r.integers(0, 2, size=shape).astype(dtype)
    else:
        Y = np.eye(shape[0], dtype=dtype)[:, r.integers(0, shape[0], size=m)]
    cache = Cache(tuple(normal(W.shape[0], m) for W, _ in params), (X,))
    cache = cache._replace(A=(X, *(normal(*Z.shape) for Z in cache.Z)))
    grads = tuple(Gradient(normal(*W.shape), normal(*b.shape)) for W, b in params)
    rates = [0.1, 1, 0.5, np.array(0.25, dtype=dtype)]
    values = {
        "A_prev": normal(k, m),
        "W": normal(n, k),
        "b": normal(n, 1),
        "dZ": normal(n, m),
        "dA": normal(n, m),
        "Z": normal(n, m),
        "activation": str(r.choice(OUTPUTS)),
        "net": net,
        "seed": int(r.integers(0, 9)),
        "dtype": [None, "float32", np.float64, "float16"][r.integers(4)],
        "params": params,
        "X": X,
        "Y": Y,
        "cache": cache,
        "grads": grads,
        "block_size": [None, None, None, 1, 2, 3, 99][r.integers(7)],
        "learning_rate": rates[r.integers(len(rates))],
        "labels": r.integers(0, n, size=m).astype(["i1", "u1", "i4", "i8", "u8"][r.integers(5)]),
        "classes": n,
    }
    if name == "init" and values["dtype"] is None:
        values["dtype"] = "float64"
    return {argument: values[argument] for argument in TABLE[name]}


def places(value, path=()):
    """The way to every value inside a value."""
    yield path
    if isinstance(value, tuple):
        for i, item in enumerate(value):
            yield from places(item, (*path, i))


def at(value, path):
    for step in path:
        value = value[step]
    return value


def put(value, path, new):
    """The same value with another at a place."""
    if not path:
        return new
    items = list(value)
    items[path[0]] = put(items[path[0]], path[1:], new)
    return value._make(items) if hasattr(value, "_make") else tuple(items)


def choice(r, options):
    return options[r.integers(len(options))]


def spoilt(value, r):
    """The same value with something else in one place."""
    path = choice(r, list(places(value)))
    old = at(value, path)
    if isinstance(old, np.ndarray) and old.dtype.kind in "fiu":
        new = choice(r, SPOIL)(old, r)
    elif isinstance(old, tuple):
        try:
            new = choice(r, SPOIL_TUPLE)(old, r)
        except TypeError:
            new = None
    elif isinstance(old, Network):
        new = choice(r, [None, old.sizes, "net", Network((2, 3)), network(r), Network, object()])
    else:
        new = choice(r, SPOILT_SETTINGS)
    return put(value, path, new)


def lain_otherwise(value, r):
    return map_leaves(
        lambda one: choice(r, LIE)(one) if isinstance(one, np.ndarray) and one.ndim == 2 else one,
        value,
    )


def arrays_in(value):
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, tuple | list):
        for one in value:
            yield from arrays_in(one)
    elif isinstance(value, dict):
        yield from arrays_in([*value.values()])


def print_of(array):
    """All that a caller could see change."""
    base = array
    while isinstance(base.base, np.ndarray):
        base = base.base
    held = base.tobytes() if not base.dtype.hasobject else repr(base)
    return held, array.shape, array.strides, array.dtype, array.flags.writeable


# One call, and what may come of it.


def called(function, *args, **kwargs):
    """The result, or the kind of error; anything undocumented is a violation."""
    try:
        return function(*args, **kwargs)
    except ShapeError as error:
        if not (error.argument and str(error)):
            raise Violation("a ShapeError without words") from error
        return Misfit
    except ValueError as error:
        if type(error) is not ValueError or ": " not in str(error):
            raise Violation(f"no error of ours: {error!r}") from error
        return Fault
    except Exception as error:
        raise Violation(f"no error of ours: {error!r}") from error


def refusal(result):
    """Which kind of error came, if one did."""
    return result if result is Misfit or result is Fault else None


def close(found, wanted, dtype):
    """Whether a result is what long doubles make it, but for rounding."""
    if isinstance(wanted, tuple):
        alike = isinstance(found, tuple) and len(found) == len(wanted)
        return alike and all(close(*pair, dtype) for pair in zip(found, wanted, strict=True))
    if wanted is None:
        return found is None
    if found.shape != wanted.shape or found.dtype.name != dtype.name:
        return False
    scale = max(1.0, float(np.max(np.abs(wanted), initial=0)))
    near = np.abs(found - wanted) <= TOLERANCE[dtype.name] * scale
    return bool(np.all(near | (np.isnan(found) & np.isnan(wanted))))


def as_columns(value, columns):
    value = value if columns or isinstance(value, str) else flip(value)
    wide = map_leaves(
        lambda one: (
            one.astype("g") if isinstance(one, np.ndarray) and one.dtype.kind == "f" else one
        ),
        value,
    )
    return wide


def right(name, columns, arguments, result):
    """Whether a result is right."""
    args = {one: as_columns(value, columns) for one, value in arguments.items()}
    floats = [a for a in arrays_in(tuple(arguments.values())) if a.dtype.kind == "f"]
    dtype = np.dtype(floats[0].dtype.name) if floats else None
    if name == "init":
        return right_init(columns, result, **args)
    if name == "one_hot":
        wanted = np.equal.outer(np.arange(index(args["classes"])), args["labels"])
        asked = np.dtype(float if args["dtype"] is None else args["dtype"])
        return np.array_equal(as_columns(result, columns), wanted) and result.dtype == asked
    if name == "predict":
        A = reference.forward(args["net"], args["params"], args["X"]).A[-1]
        A = np.concatenate([1 - A, A]) if len(A) == 1 else A
        chosen = A[result, np.arange(len(result))]
        return bool(np.all(chosen >= A.max(axis=0) - TOLERANCE[dtype.name] * abs(A).max()))
    args.pop("block_size", None)
    if reference.near_a_kink(name, args, 10 * TOLERANCE[dtype.name]):
        return True
    wanted = reference.answer(name, args)
    return close(result if columns else flip(result), wanted, dtype)


def right_init(columns, result, net, seed, dtype="float64"):
    random = np.random.default_rng(index(seed))
    for l, (W, b) in enumerate(result if columns else flip(result)):
        dtype = np.dtype(dtype)
        name = net.hidden if l < net.L - 1 else net.output
        scale = ((2 if "relu" in name else 1) / net.sizes[l]) ** 0.5
        wanted = (scale * random.normal(size=(net.sizes[l + 1], net.sizes[l]))).astype(dtype)
        if not (
            np.allclose(W, wanted, rtol=1e-3) and W.dtype.name == b.dtype.name == wanted.dtype.name
        ):
            return False
        if b.any() or b.shape != (len(W), 1):
            return False
    return True


# What a result may share with an argument: identity is A = Z, and A[0] is X.
SHARES = ("activation_forward", "forward")


def textbook(bp, name):
    """A function without its check, and its steps without theirs."""
    law = law_of(getattr(bp, name))
    law.write_code()

    def run(*args, **kwargs):
        with enforce(False):
            return law.function(*args, **kwargs)

    return run


@contextmanager
def interlude(bp, r, counts):
    """Sometimes something else is going on around a call."""
    with ExitStack() as stack:
        what = r.integers(20)
        if what == 0:
            stack.enter_context(trace())
        elif what == 1 and counts is not None:
            step = str(r.choice(["softmax", "activation_forward", "linear_forward"]))
            old = getattr(bp, step)

            def replaced(*args):
                counts["replaced steps"] += 1
                return old(*args)

            setattr(bp, step, replaced)
            stack.callback(setattr, bp, step, old)
        yield


def one_public_call(r, counts):
    """A function of column or row, several times with one signature."""
    columns, name = bool(r.integers(2)), choice(r, [*TABLE])
    bp, dtype = (column if columns else row), choice(r, [*FLOATS, "float64"])
    arguments = good(name, r, dtype)
    if not columns:
        arguments = flip(arguments)
    bad = r.random() < 0.6
    for _ in range(1 + (bad and r.random() < 0.2) if bad else 0):
        argument = choice(r, [*arguments])
        arguments[argument] = spoilt(arguments[argument], r)
    wanted = reference.verdict(name, columns, arguments)
    special = not (bad or wanted) and r.random() < 0.1
    function = getattr(bp, name)
    for time_ in range(1 if wanted else int(r.integers(1, 5))):
        given = {one: lain_otherwise(value, r) for one, value in arguments.items()}
        if special:
            given = {one: with_special_values(value, r) for one, value in given.items()}
            counts["NaN, infinite, huge"] += same_as_textbook(bp, name, given)
            continue
        if time_ and not bad:
            fresh = good(name, r, dtype)  # other numbers, and mostly another signature
            counts["others between"] += 1
            called(function, *(fresh if columns else flip(fresh)).values())
        arrays = list(arrays_in(tuple(given.values())))
        before = list(map(print_of, arrays))
        by_name = r.integers(len(given) + 1)
        args, kwargs = [*given.values()][:by_name], dict([*given.items()][by_name:])
        wanted = reference.verdict(name, columns, given)
        with interlude(bp, r, counts):
            result = called(function, *args, **kwargs)
        if list(map(print_of, arrays)) != before:
            raise Violation(f"{bp.__name__}.{name} changed what it was given: {told(given)}")
        kind = refusal(result)
        if kind is not wanted:
            raise Violation(
                f"{bp.__name__}.{name}: {wanted} foreseen, and {kind} came: {told(given)}"
            )
        counts[{Misfit: "ShapeError", Fault: "ValueError", None: "right"}[kind]] += 1
        if kind is None:
            owned(name, result, arrays)
            if not right(name, columns, given, result):
                raise Violation(f"{bp.__name__}.{name} gave another result: {told(given)} {result}")
            with enforce(False):
                again = function(*args, **kwargs)
            counts["right, checks off"] += 1
            if not right(name, columns, given, again):
                raise Violation(f"{bp.__name__}.{name} unchecked: {told(given)}")


def owned(name, result, given):
    """Results are new memory, that may be written to."""
    made = list(arrays_in(result))
    allowed = name in SHARES
    for array in made:
        if not allowed and any(np.may_share_memory(array, other) for other in given):
            raise Violation(f"{name} gives back memory that it was given")
        if not allowed and not array.flags.writeable:
            raise Violation(f"{name} gives what cannot be written to")
    for one, other in combinations(made, 2):
        if not allowed and np.may_share_memory(one, other):
            raise Violation(f"{name} gives the same memory twice")


def with_special_values(value, r):
    def change(one):
        if not isinstance(one, np.ndarray) or one.dtype.kind != "f":
            return one
        one = np.array(one)
        special = [np.nan, np.inf, -np.inf, np.finfo(one.dtype).max, np.finfo(one.dtype).tiny / 8]
        one.flat[r.integers(one.size)] = choice(r, special)
        return one

    return map_leaves(change, value)


def same_as_textbook(bp, name, given):
    """NaN, infinity and what overflows: the numbers of the textbook."""
    function, other = getattr(bp, name), textbook(bp, name)
    if name == "check_data":
        finite = all(np.isfinite(one).all() for one in arrays_in(tuple(given.values())))
        if called(function, **given) is not Fault and not finite:
            raise Violation(f"check_data lets pass {told(given)}")
        return 1
    with np.errstate(all="ignore"):
        found, wanted = function(**given), other(**given)
    for one, same in zip(leaves(found), leaves(wanted), strict=True):
        if not np.allclose(one, same, equal_nan=True, rtol=2e-2):
            raise Violation(f"{bp.__name__}.{name}: not the textbook's numbers: {told(given)}")
    return 1


def leaves(value):
    found = []
    map_leaves(found.append, value)
    return [np.asarray(one, dtype=float) for one in found]


def told(value):
    """A call's arguments in short."""
    if isinstance(value, dict):
        return ", ".join(f"{name}={told(one)}" for name, one in value.items())
    if isinstance(value, np.ndarray):
        return f"{type(value).__name__}{value.shape} {value.dtype} {value.strides}"
    if isinstance(value, tuple | list):
        return f"{type(value).__name__}({', '.join(map(told, value))})"
    return repr(value)[:80]


# A person's own functions, of many kinds of annotation; each with what fits and what it gives.


class Pair(NamedTuple):
    x: Float[Array, "n 1"]
    y: Float[Array, "n 1"]


@shapechecked
@dataclass
class Batch:
    X: Float[Array, "m n"]
    y: Int[Array, " m"]


@shapechecked
def in_a_list(arrays: list[Float[Array, "n m"]]) -> Float[Array, "n m"]:
    return sum(arrays[1:], arrays[0] * 1)


@shapechecked
def in_a_dict(arrays: dict[str, Float[Array, "n m"]]) -> Float[Array, " n"]:
    return sum(one.sum(axis=1) for one in arrays.values())


@shapechecked
def perhaps(
    A: Float[Array, "n m"], w: Float[Array, "n 1"] | None = None, *, times: float = 2.0
) -> Float[Array, "n m"]:
    return times * (A if w is None else A * w)


@shapechecked
def any_rank(A: Float[Array, "*batch n k"], B: Float[Array, "k m"]) -> Float[Array, "*batch n m"]:
    return A @ B


@shapechecked
def several(*arrays: Float[Array, "n m"], how: Literal["sum", "mean"] = "sum") -> Float[Array, ""]:
    return np.float64(0) + sum(getattr(one, how)() for one in arrays)


@shapechecked
def of_a_pair(pair: Pair, mask: Bool[np.ndarray, "n 1"]) -> Float[np.ndarray, "n 1"]:
    return np.where(mask, pair.x, pair.y)


@shapechecked
def tall(A: Float[Array, "n m"], n: int) -> Float[Array, "{n} m"]:
    return np.ones((max(int(n), 0), 1)) * A[:1]


def matrix(value, *axes):
    """Whether this is an array of doubles of these sizes; None is any."""
    if not isinstance(value, np.ndarray) or isinstance(value, np.matrix | np.ma.MaskedArray):
        return False
    sizes = len(axes) == value.ndim and all(
        a in (None, b) for a, b in zip(axes, value.shape, strict=False)
    )
    return sizes and value.dtype.name in FLOATS and 0 not in value.shape


def alike(arrays, *axes):
    """Whether all are such arrays, of one shape and dtype."""
    arrays = list(arrays)
    if not arrays:
        return True
    first = matrix(arrays[0], *axes) and (arrays[0].shape, arrays[0].dtype.name)
    return bool(first) and all(
        matrix(one, *first[0]) and one.dtype.name == first[1] for one in arrays
    )


def fits_any_rank(A, B):
    return (
        matrix(B, None, None)
        and isinstance(A, np.ndarray)
        and A.ndim > 1
        and matrix(A, *[None] * (A.ndim - 1), B.shape[0])
        and A.dtype.name == B.dtype.name
    )


OWN = [
    (
        in_a_list,
        lambda n, m, r: {"arrays": [r.normal(size=(n, m)) for _ in range(3)]},
        lambda arrays: type(arrays) is list and bool(arrays) and alike(arrays, None, None),
        lambda arrays: np.add.reduce(arrays),
    ),
    (
        in_a_dict,
        lambda n, m, r: {"arrays": {one: r.normal(size=(n, m)) for one in "ab"}},
        lambda arrays: (
            type(arrays) is dict
            and all(type(key) is str for key in arrays)
            and bool(arrays)
            and alike(arrays.values(), None, None)
        ),
        lambda arrays: np.add.reduce([*arrays.values()]).sum(axis=1),
    ),
    (
        perhaps,
        lambda n, m, r: {
            "A": r.normal(size=(n, m)),
            "w": choice(r, [None, r.normal(size=(n, 1))]),
            "times": choice(r, [0.5, 2.0]),
        },
        lambda A, w=None, times=2.0: (
            matrix(A, None, None)
            and isinstance(times, float)
            and not (type(times) is np.float64 and A.dtype.name != "float64")
            and (w is None or (matrix(w, A.shape[0], 1) and w.dtype.name == A.dtype.name))
        ),
        lambda A, w=None, times=2.0: times * np.asarray(A) * (1 if w is None else np.asarray(w)),
    ),
    (
        any_rank,
        lambda n, m, r: {"A": r.normal(size=(2,) * r.integers(3) + (n, 4)), "B": np.ones((4, m))},
        fits_any_rank,
        lambda A, B: np.einsum("...nk,km->...nm", np.asarray(A), np.asarray(B)),
    ),
    (
        of_a_pair,
        lambda n, m, r: {
            "pair": Pair(r.normal(size=(n, 1)), r.normal(size=(n, 1))),
            "mask": r.random((n, 1)) > 0.5,
        },
        lambda pair, mask: (
            type(pair) is Pair
            and isinstance(mask, np.ndarray)
            and mask.dtype == bool
            and mask.ndim == 2
            and mask.shape[1] == 1
            and alike(pair, len(mask), 1)
        ),
        lambda pair, mask: np.where(mask, np.asarray(pair[0]), np.asarray(pair[1])),
    ),
    (
        tall,
        lambda n, m, r: {"A": r.normal(size=(n, m)), "n": n},
        lambda A, n: (
            isinstance(n, int) and n > 0 and matrix(A, None, None) and A.dtype.name == "float64"
        ),
        lambda A, n: np.ones((int(n), 1)) * np.asarray(A)[:1],
    ),
    (
        Batch,
        lambda n, m, r: {"X": r.normal(size=(m, n)), "y": r.integers(0, 9, size=m)},
        lambda X, y: (
            matrix(X, None, None)
            and isinstance(y, np.ndarray)
            and not isinstance(y, np.matrix | np.ma.MaskedArray)
            and y.shape == (len(X),)
            and y.dtype.kind == "i"
        ),
        None,
    ),
]


def spoilt_anywhere(value, r):
    """The same for lists and dicts too."""
    if isinstance(value, list | dict) and r.random() < 0.8:
        items = list(value.values()) if isinstance(value, dict) else list(value)
        i = r.integers(len(items))
        items[i] = spoilt(items[i], r)
        return dict(zip(value, items, strict=True)) if isinstance(value, dict) else items
    if isinstance(value, list | dict):
        turned = [tuple(value), None, iter(value), {1: np.ones((2, 2))}, [*value], "ab"]
        return choice(r, turned)
    if isinstance(value, np.ndarray) and value.dtype == bool:
        return choice(r, [value.T, value.astype(float), value.astype("u1"), None, value[:1]])
    return spoilt(value, r)


def one_own_call(r, counts):
    """A decorated function of somebody's own."""
    function, make, fits, answer = choice(r, OWN)
    arguments = make(*(int(size) for size in r.integers(1, 6, size=2)), r)
    if r.random() < 0.6:
        name = choice(r, [*arguments])
        arguments[name] = spoilt_anywhere(arguments[name], r)
    expected = bool(fits(**arguments))
    for _ in range(3 if expected else 2):
        arrays = list(arrays_in(arguments))
        before = list(map(print_of, arrays))
        with interlude(column, r, None):
            result = called(function, **arguments)
        if (result is Misfit) is expected or result is Fault:
            raise Violation(f"{function.__name__}: fits is {expected}: {told(arguments)}")
        counts["own functions"] += 1
        if list(map(print_of, arrays)) != before:
            raise Violation(f"{function.__name__} changed what it was given: {told(arguments)}")
        if (
            expected
            and answer
            and not np.allclose(result, answer(**arguments), rtol=2e-2, equal_nan=True)
        ):
            raise Violation(f"{function.__name__}: {told(arguments)}")


# The rest of the public surface.


def one_other_call(r, counts):
    choice(r, [a_fit, a_flip, some_weights, a_network, a_product, a_blind_spot, a_verification])(r)
    counts["other functions"] += 1


def a_fit(r):
    net, columns = network(r), bool(r.integers(2))
    data = good("gradients", r, "float64") | {}
    net, params, X, Y = (data[one] for one in ("net", "params", "X", "Y"))
    settings = {"epochs": int(r.integers(0, 3)), "batch_size": int(r.integers(1, 4))}
    settings |= {"learning_rate": 0.1, "seed": int(r.integers(9))}
    bp = column if columns else row
    arguments = [net, params, X, Y] if columns else list(flip((net, params, X, Y)))
    spoils = r.random()
    if spoils < 0.3:
        i = r.integers(4)
        arguments[i] = spoilt(arguments[i], r)
    elif spoils < 0.6:
        name = choice(r, [*settings])
        settings[name] = choice(r, SPOILT_SETTINGS)
    wanted = reference.verdict(
        "gradients", columns, dict(zip(("net", "params", "X", "Y"), arguments, strict=True))
    )
    wanted = wanted or reference.verdict(
        "check_data", columns, dict(zip(("net", "X", "Y"), [net, *arguments[2:]], strict=True))
    )
    wrong = False
    for name, least in (("epochs", 0), ("batch_size", 1), ("seed", 0)):
        try:
            wrong |= index(settings[name]) < least
        except TypeError:
            wrong = True
    rate = settings["learning_rate"]
    wrong |= not (isinstance(rate, int | float | np.integer | np.floating) and rate > 0)
    wanted = Fault if wrong else wanted
    result = called(fit, bp, *arguments, **settings)
    kind = refusal(result)
    if kind is Fault and wanted is None and rate > 1:
        return  # the cost grew past all numbers
    if kind is not wanted:
        raise Violation(f"fit: {wanted} foreseen, {kind} came: {told(arguments)} {told(settings)}")
    if kind is None:
        start = arguments if columns else flip(tuple(arguments))
        found = trained(*start, **settings)
        costs = np.allclose(result.costs, found[1], rtol=1e-9)
        same = close(result.params if columns else flip(result.params), found[0], np.dtype(float))
        if not (costs and same) and "relu" not in f"{net.hidden} {net.output}":
            raise Violation(f"fit gave another run: {told(arguments)} {told(settings)}")


def trained(net, params, X, Y, epochs, batch_size, learning_rate, seed):
    """The same training by the reference, in long doubles."""
    X, Y, params = (as_columns(one, True) for one in (X, Y, params))
    random, costs, m = np.random.default_rng(index(seed)), [], X.shape[1]
    for _ in range(index(epochs)):
        order, total = random.permutation(m), 0
        for start in range(0, m, index(batch_size)):
            batch = order[start : start + index(batch_size)]
            J, grads = reference.gradients(net, params, X[:, batch], Y[:, batch])
            pairs = zip(params, grads, strict=True)
            rate = float(learning_rate)
            params = tuple(Layer(W - rate * dW, b - rate * db) for (W, b), (dW, db) in pairs)
            total += J * len(batch)
        costs.append(float(total / m))
    return params, costs


def a_flip(r):
    value = choice(r, [*good(choice(r, [*TABLE]), r, "float64").values()])
    value = [{"a": value, "b": spoilt(value, r)}, (value, [value])]
    if not same_things(flip(flip(value)), value):
        raise Violation(f"flip is not its own inverse: {told(value)}")


def same_things(one, other):
    if isinstance(one, np.ndarray):
        return np.shares_memory(one, other) or not one.size or one.dtype.hasobject
    if isinstance(one, tuple | list):
        return type(one) is type(other) and all(map(same_things, one, other))
    if isinstance(one, dict):
        return all(same_things(one[key], other[key]) for key in one)
    return one is other or one == other or one != one


def some_weights(r):
    params = good("update", r, choice(r, FLOATS))["params"]
    layout = choice(r, [*layouts.LAYOUTS])
    here, bp = choice(r, [(params, "column"), (flip(params), "row")])
    weights = getattr(layouts, f"from_{bp}")(here, layout)
    order = None
    if isinstance(weights, dict) and r.random() < 0.9:
        names = dict.fromkeys(name.rpartition(".")[0] for name in weights)
        order = [*names] if all(names) else None
    back = called(getattr(layouts, f"to_{bp}"), weights, layout, order)
    if refusal(back) is None and not (
        layout == "sklearn" or all(map(np.array_equal, arrays_in(back), arrays_in(here)))
    ):
        raise Violation(f"layouts: {layout} and back is something else: {told(here)}")
    if back is Misfit:
        raise Violation(f"layouts: {layout} and back is refused: {told(here)}")
    if isinstance(weights, dict):
        wrong = {key: spoilt(value, r) for key, value in weights.items()}
    else:
        wrong = spoilt(tuple(map(tuple, weights)), r) if layout != "keras" else spoilt(params, r)
    called(getattr(layouts, f"to_{bp}"), wrong, layout)
    called(layouts.detect, wrong)
    called(getattr(layouts, f"from_{bp}"), spoilt(here, r), layout)


def a_network(r):
    fields = {"sizes": (3, 2), "hidden": "tanh", "output": "softmax", "loss": None}
    name = choice(r, [*fields])
    fields[name] = choice(
        r, [*SPOILT_SETTINGS, (3, 0), (3,), (3, 2.5), (3, "2"), [4, 3], (2, 3, 1)]
    )
    made = called(Network, **fields)
    if made is Misfit:
        raise Violation(f"Network: {told(fields)}")
    if made is not Fault:
        hash(made)
        if len(made.sizes) < 2 or min(made.sizes) < 1 or made.hidden not in ACTIVATIONS:
            raise Violation(f"Network lets pass {told(fields)}")


def a_product(r):
    have = {name: tuple(map(int, r.integers(1, 4, size=2))) for name in "ABC"}
    wanted = tuple(map(int, r.integers(1, 4, size=2)))
    found = dimension_check(wanted, have)
    turned = {f"{name}{t}": np.ones(shape[::-1] if t else shape)
              for name, shape in have.items() for t in ("", ".T")}  # fmt: skip
    products = [
        f"{a} @ {b}"
        for a, A in turned.items()
        for b, B in turned.items()
        if A.shape[1] == B.shape[0] and (A @ B).shape == wanted
    ]
    if found != products:
        raise Violation(f"dimension_check({wanted}, {have}) is {found}")
    have["A"] = choice(r, [*SPOILT_SETTINGS, (3, 2, 1), np.ones((2, 2)), np.ones(3), "AB"])
    called(dimension_check, wanted, have)


def a_blind_spot(r):
    names = ("linear_forward", "linear_backward", "activation_forward", "weights_backward")
    name, columns = choice(r, names), bool(r.integers(2))
    arguments = good(name, r, "float64")
    arguments = arguments if columns else flip(arguments)
    if r.random() < 0.4:
        one = choice(r, [*arguments])
        arguments[one] = spoilt(arguments[one], r)
    wanted = reference.verdict(name, columns, arguments)
    found = called(blind_spots, getattr(column if columns else row, name), **arguments)
    if (wanted is Misfit and found is not Misfit) or (wanted is not Misfit and found is Misfit):
        raise Violation(f"blind_spots({name}): {wanted} foreseen: {told(arguments)}")
    if found is not Misfit:
        squares = [
            one
            for one, value in arguments.items()
            if isinstance(value, np.ndarray) and value.shape[0] == value.shape[1] > 1
        ]
        if found != squares:
            raise Violation(f"blind_spots({name}) is {found}: {told(arguments)}")


def a_verification(r):
    given = {
        perhaps: {},
        in_a_list: {},
        any_rank: {},
        column.linear_backward: {},
        row.weights_backward: {},
        row.activation_backward: {"activation": str(r.choice(OUTPUTS))},
        column.gradients: {"net": network(r)},
        row.update: {"learning_rate": 0.1},
    }
    function = choice(r, [*given])
    if refusal(called(verify, function, **given[function])):
        raise Violation(f"verify: {function.__name__} with {given[function]}")


# The soak.


def one_round(seed, number, counts):
    """A few calls that belong together, from a seed of their own."""
    r = np.random.default_rng((seed, number))
    weights = [0.72, 0.2, 0.08]
    [one_public_call, one_own_call, one_other_call][r.choice(3, p=weights)](r, counts)


def laws():
    every = [getattr(bp, name) for bp in (column, row) for name in TABLE]
    return [law_of(one) for one in (*every, *(f for f, *_ in OWN if f is not Batch))]


class Room(NamedTuple):
    """What the process holds, once the caches of signatures are emptied."""

    blocks: int
    megabytes: float

    @classmethod
    def now(cls):
        for law in laws():
            law.memory.clear()
        gc.collect()
        if Path("/proc/self/statm").exists():
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            return cls(sys.getallocatedblocks(), pages * os.sysconf("SC_PAGESIZE") / 1e6)
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return cls(sys.getallocatedblocks(), most / 1e3)


@contextmanager
def small_caches():
    """So that they are full, and emptied, many times."""
    memories = [law.memory for law in laws()]
    old = [memory.most for memory in memories], (plan.LARGE, plan.PIECE)
    for memory in memories:
        memory.most = min(memory.most // 10, 200)
    plan.LARGE, plan.PIECE = 20, 6  # so that steps are taken in pieces too
    try:
        yield
    finally:
        for memory, most in zip(memories, old[0], strict=True):
            memory.most = most
        plan.LARGE, plan.PIECE = old[1]


NO_CALLS = ("replaced steps",)


def soak(calls, seed, only=None, show=print):
    """Make so many calls; how many came to what, and the room at a fifth of them and at the end."""
    counts: Counter[str] = Counter()
    rooms, number, start = [], only or 0, time.perf_counter()
    made = 0
    with small_caches(), warnings.catch_warnings(), np.errstate(all="raise", under="ignore"):
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "the matrix subclass", PendingDeprecationWarning)
        while made < calls:
            try:
                one_round(seed, number, counts)
            except BaseException as error:
                error.add_note(
                    f"round {number}: python tests/soak.py --seed {seed} --only {number}"
                )
                raise
            if only is not None:
                break
            number += 1
            made = sum(counts.values()) - sum(counts[one] for one in NO_CALLS)
            if made >= calls * (len(rooms) + 1) / 5:
                rooms.append(Room.now())
                show(f"{made:>8} calls, {time.perf_counter() - start:.0f} s, {rooms[-1]}")
    return counts, rooms


# Threads and tasks.


@shapechecked
def product(
    A: Float[Array, "n k"], B: Float[Array, "k m"], times: float = 1.0
) -> Float[Array, "n m"]:
    return times * (A @ B)


@shapechecked
async def product_later(A: Float[Array, "n k"], B: Float[Array, "k m"]) -> Float[Array, "n m"]:
    await asyncio.sleep(0)
    return A @ B


def work(r):
    """A function, its arguments, whether they fit, and whether a result is right."""
    if r.random() < 0.5:
        n, k, m = r.integers(1, 6, size=3)
        A, B = r.normal(size=(n, k)), r.normal(size=(k, m))
        fits = bool(r.integers(2))
        B = B if fits else r.normal(size=(k + 1, m))
        return product, (A, B), fits, lambda found: np.allclose(found, np.einsum("nk,km->nm", A, B))
    columns = bool(r.integers(2))
    bp, given = (column if columns else row), good("gradients", r, "float64")
    given.pop("block_size")
    fits = bool(r.integers(2))
    if not fits:
        given["Y"] = np.vstack([given["Y"]] * 2)
    given = given if columns else flip(given)
    return bp.gradients, (*given.values(),), fits, partial(right, "gradients", columns, given)


def one_concurrent_call(r, counts):
    """One call, in this thread or task, checked, unchecked or traced."""
    chosen, args, fits, is_right = work(r)
    how = r.integers(6)
    if how == 0:
        with enforce(False):
            if fits and not is_right(chosen(*args)):
                raise Violation(f"{chosen.__name__} unchecked: {told(args)}")
            if not fits and chosen is product:
                try:
                    chosen(*args)
                except ValueError:
                    counts["unchecked, NumPy's own error"] += 1
                else:
                    raise Violation("enforce(False) does not hold here")
        counts["unchecked"] += 1
        return
    with trace() if how == 1 else ExitStack() as heard:
        found = called(chosen, *args)
    if (refusal(found) is None) is not fits or refusal(found) is Fault:
        raise Violation(f"{chosen.__name__}: fits is {fits}, and {found}: {told(args)}")
    if fits and not is_right(found):
        raise Violation(f"{chosen.__name__} gave another result: {told(args)}")
    if how == 1 and fits and chosen is product and len(heard.calls) != 1:
        raise Violation("a trace heard the calls of others")
    counts["right" if fits else "ShapeError"] += 1


async def one_task(r, counts, until):
    while time.monotonic() < until:
        one_concurrent_call(r, counts)
        _, args, fits, is_right = product_work(r)
        off = r.random() < 0.3
        with enforce(False) if off else ExitStack():
            await asyncio.sleep(0)
            try:
                found = await product_later(*args)
            except ShapeError:
                found = Misfit
            except ValueError:
                found = Fault
        wanted = None if fits else Fault if off else Misfit
        if refusal(found) is not wanted or (fits and not is_right(found)):
            raise Violation(f"product_later: {wanted} foreseen: {told(args)}")
        counts["awaited"] += 1


def product_work(r):
    while (found := work(r))[0] is not product:
        pass
    return found


def concurrency(seconds, threads=8, tasks=100):
    """Threads, and asyncio tasks in one more, that call the same functions at the same time."""
    until = time.monotonic() + seconds
    interval = sys.getswitchinterval()

    def thread(number):
        r, counts = np.random.default_rng((1, number)), Counter()
        while time.monotonic() < until:
            one_concurrent_call(r, counts)
        return counts

    def loop():
        counts = Counter()

        async def run():
            every = [np.random.default_rng((2, number)) for number in range(tasks)]
            await asyncio.gather(*(one_task(r, counts, until) for r in every))

        asyncio.run(run())
        return counts

    sys.setswitchinterval(1e-4)
    try:
        with small_caches(), ThreadPoolExecutor(threads + 1) as pool:
            running = [pool.submit(thread, number) for number in range(threads)]
            running.append(pool.submit(loop))
            return sum((one.result() for one in running), Counter())
    finally:
        sys.setswitchinterval(interval)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="one round, that a violation named")
    parser.add_argument("--concurrency", type=float, metavar="SECONDS")
    given = parser.parse_args()
    try:
        if given.concurrency:
            counts, rooms = concurrency(given.concurrency), []
        else:
            counts, rooms = soak(given.calls, given.seed, given.only, partial(print, flush=True))
    except Exception:
        traceback.print_exc()
        return 1
    for kind, count in counts.most_common():
        print(f"{count:>8}  {kind}")
    grown = rooms and rooms[-1].megabytes - rooms[0].megabytes
    more = rooms and rooms[-1].blocks / rooms[0].blocks - 1
    if rooms:
        print(
            f"memory: {grown:+.1f} MB and {more:+.2%} blocks from a fifth of the calls to the end"
        )
    return int(bool(rooms) and (grown > 20 or more > 0.02))


if __name__ == "__main__":
    sys.exit(main())
