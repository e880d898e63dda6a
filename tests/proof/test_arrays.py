"""The proof's arrays against NumPy: each kind must compute what it says it computes."""

import itertools
import math
import operator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import NETWORKS, name, problem

from shapecheck_bp import column, flip, row
from shapecheck_bp.activations import ACTIVATIONS, elementwise
from shapecheck_bp.proof import functions, sums
from shapecheck_bp.proof.right import computed, same
from shapecheck_bp.proof.rounding import LIKELY, in_runs, likely
from shapecheck_bp.proof.sums import over
from shapecheck_bp.proof.symbols import Symbolic, size

SIZES = {"n": 2, "k": 3, "m": 4}
n, k, m = map(size, "nkm")
RANDOM = np.random.default_rng(0)
MATRICES = {
    "A": ((n, k), RANDOM.normal(size=(2, 3))),
    "B": ((k, m), RANDOM.normal(size=(3, 4))),
    "C": ((n, m), RANDOM.normal(size=(2, 4))),
    "b": ((n, 1), RANDOM.normal(size=(2, 1))),
    "c": ((1, m), RANDOM.normal(size=(1, 4))),
}


def value(number, at):
    """What a number comes to, with values for its indices and sizes: term by term, with loops."""
    return sum(
        float(c) * math.prod(value_of(factor, at) ** power for factor, power in product)
        for product, c in number.terms.items()
    )


def places(bound, at):
    """The same with values for what is summed over, at each place."""
    for place in itertools.product(*(range(at[n]) for _, n in bound)):
        yield at | {k: one for (k, _), one in zip(bound, place, strict=True)}


def value_of(factor, at):
    """What a factor comes to."""
    kind, parts = factor.kind, factor.parts
    if kind == "entry" and parts[0] == "z":
        return at["z"]
    if kind == "entry":
        i, j = (at[place] if isinstance(place, str) else place for place in parts[1:])
        return MATRICES[parts[0]][1][i, j]
    if kind == "size":
        return at[parts[0]]
    if kind == "call" and parts[0] == "max":
        ((product, c),) = parts[1].terms.items()
        ((each, power),) = product
        assert (each.kind, power, c) == ("sum", 1, 1)
        bound, inner = each.parts
        return max(value(inner, here) for here in places(bound, at))
    if kind == "sum":
        bound, inner = parts
        return sum(value(inner, here) for here in places(bound, at))
    if kind == "call":
        assert parts[0] in ("square", "each")
        return value(parts[1], at) ** (1 if parts[0] == "each" else 2)
    f = {"exp": math.exp, "log": math.log, "step": lambda x: x > 0, "several": lambda x: x}[kind]
    return f(value(parts[0], at))


def square(Z):
    """An elementwise function that is opaque to symbols."""
    if isinstance(Z, Symbolic):
        return Symbolic(Z.shape, sums.call("square", Z.entry), Z.formula)
    return Z**2


def program(xp, names, choose):
    """A formula of a few operations, drawn by ``choose``; the shapes of what it makes fit."""
    made = [names[one] for one in "ABCbc"]
    for _ in range(choose(range(2, 7))):
        x, y = choose(made), choose(made)
        operation = choose(
            [
                *("@", "+", "-", "*", "T", "sum", "mean", "max", "exp", "square", "scale", "/"),
                *("abs", "min", "tanh", "where"),
            ]
        )
        try:
            if operation == "@":
                new = x @ y
            elif operation == "T":
                new = x.T
            elif operation in ("sum", "max", "mean"):
                axis = choose([0, 1])
                new = getattr(xp, operation)(x, axis=axis, keepdims=True)
            elif operation == "exp":
                new = xp.exp(x * 0.25)
            elif operation in ("abs", "tanh"):
                new = getattr(xp, operation)(x)
            elif operation == "min":
                new = xp.minimum(x, y)
            elif operation == "where":
                new = xp.where(x > 0, x, 2 * x)
            elif operation == "square":
                new = square(x)
            elif operation == "scale":
                new = 2 - x / 3
            elif operation == "/":
                new = x / (1 + y * y)
            else:
                new = {"+": x + y, "-": x - y, "*": x * y}[operation]
        except ValueError:
            continue
        made.append(new)
    return made[-1]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_symbols_stand_for_what_numpy_computes(data):
    choices = []

    def choose(options):
        options = list(options)
        place = data.draw(st.integers(0, len(options) - 1))
        choices.append(place)
        return options[place]

    symbolic = program(
        np,
        {s: Symbolic.named(s, shape) for s, (shape, _) in MATRICES.items()},
        choose,
    )
    again = iter(choices)
    numeric = program(
        np,
        {s: array for s, (_, array) in MATRICES.items()},
        lambda options: list(options)[next(again)],
    )
    assert tuple(SIZES.get(str(size), size) for size in symbolic.shape) == numeric.shape
    for i, j in itertools.product(*map(range, numeric.shape)):
        found = value(symbolic.entry, {**SIZES, "i": i, "j": j})
        assert np.isclose(found, numeric[i, j], rtol=1e-9, atol=1e-9)


def test_sizes_that_differ_do_not_meet():
    A, B, C = (Symbolic.named(s, MATRICES[s][0]) for s in "ABC")
    for broken in (lambda: A @ C, lambda: A + B, lambda: A * C, lambda: A @ A):
        with pytest.raises(ValueError, match="different sizes"):
            broken()
    with pytest.raises(TypeError, match=r"test_arrays.py:\d+ asks for A > 0"):
        bool(A > 0)
    with pytest.raises(TypeError, match=r"test_arrays.py:\d+ asks for A of shape"):
        _ = A == B
    with pytest.raises(TypeError, match=r"test_arrays.py:\d+ asks for k: then nothing is shown"):
        _ = A.shape[1] == B.shape[1]
    for asking in (lambda: bool(m > 1), lambda: range(m), lambda: bool(m)):
        with pytest.raises(TypeError, match=r"test_arrays.py:\d+ asks for m"):
            asking()
    assert A.shape[1] == B.shape[0]


def test_what_symbols_do_not_know_is_named():
    A, C = (Symbolic.named(s, MATRICES[s][0]) for s in "AC")
    known = "^arrays of symbols, which the proof runs on, know absolute, add, .*; and not "
    for unknown, what in (
        (lambda: np.floor(A), "floor"),
        (lambda: np.cumsum(A, axis=0), "cumsum"),
        (lambda: np.add.reduce(A), "add with reduce"),
        (lambda: np.exp(A, out=C), "exp with out"),
        (lambda: np.asarray(A), "asarray"),
    ):
        with pytest.raises(TypeError, match=f"{known}{what}$"):
            unknown()
    once = A
    A += 1
    assert same(A, once + 1)
    assert not same(A, once)


def test_companions_of_the_transpose():
    A, B, C, b = (Symbolic.named(s, MATRICES[s][0]) for s in "ABCb")
    assert same((A @ B).T, B.T @ A.T)
    assert same((A @ B + C).T, C.T + B.T @ A.T)
    assert same((C * b).T, C.T * b.T)
    assert same(square(C).T, square(C.T))
    assert same(np.sum(C, axis=0, keepdims=True).T, np.sum(C.T, axis=1, keepdims=True))
    assert same(np.sum(A @ B), np.sum(B.T @ A.T))
    assert same(np.max(C, axis=1, keepdims=True).T, np.max(C.T, axis=0, keepdims=True))
    assert not same(A @ B, B.T @ A.T)
    assert not same(C, -C)
    assert not same(np.sum(C, axis=0, keepdims=True), np.max(C, axis=0, keepdims=True))
    assert not same(np.sum(C, axis=0, keepdims=True), np.sum(square(C), axis=0, keepdims=True))


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("at", [-2.0, -0.3, 0.3, 2.0])
def test_formulas_of_activations_come_to_what_they_compute(activation, at):
    for f in ACTIVATIONS[activation][:2]:
        found = value(computed(f), {"z": at})
        assert np.isclose(found, f(np.array([[at]]))[0, 0], rtol=1e-12)


def test_a_function_of_somebodys_own_is_known_by_what_it_computes():
    def tanh(Z):
        E = np.exp(2 * Z)
        return (E - 1) / (E + 1)

    def sigmoid(Z):
        return 1 - 1 / (1 + np.exp(Z)) + 1e-9

    Z = Symbolic.named("Z", (n, m))
    assert same(elementwise(tanh)(Z), ACTIVATIONS["tanh"].g(Z))
    assert not same(elementwise(sigmoid)(Z), ACTIVATIONS["sigmoid"].g(Z))


X, Y = sums.entry("x", 0, 0), sums.entry("y", 0, 0)
E, F = functions.exp(X), functions.exp(Y)
ZEROS = {
    "a cube": (X + Y) ** 3 - X**3 - 3 * X**2 * Y - 3 * X * Y**2 - Y**3,
    "shares": E / (E + F) + F / (E + F) - 1,
    "the logarithm of a share": functions.log(E / (E + F)) - X + functions.log(E + F),
    "a square": functions.exp(2 * X) / E**2 - 1,
    "two sides": functions.maximum(X, 0) + functions.minimum(X, 0) - X,
    "a sign": functions.absolute(X) - X * (2 * functions.step(X) - 1),
    "softplus": functions.maximum(X, 0)
    + functions.log(1 + functions.exp(-functions.absolute(X)))
    - functions.log(1 + E),
    "absolute values": functions.absolute(-X) - functions.absolute(X),
    "a sigmoid": 1 / (1 + functions.exp(-X)) - E / (1 + E),
    "a tanh": functions.tanh(X) - (E - 1 / E) / (E + 1 / E),
    "a square of a sum that is divided by": 1 / (1 / (X + Y) ** 2) - (X + Y) ** 2,
    "fractions of two": 1 / (1 + E) / (1 + F) * (1 + E) * (1 + F) - 1,
}


@pytest.mark.parametrize("name", ZEROS)
def test_zeros_are_recognised(name):
    assert ZEROS[name] == sums.number(0)


@pytest.mark.parametrize("name", ZEROS)
def test_what_is_nearly_zero_is_not(name):
    for more in (1, X, E / (1 + F)):
        assert ZEROS[name] + 1e-9 * more != sums.number(0)


def test_sums_over_many_indices_alike_are_known_under_any_names():
    """A chain of sums over one size, from either end and with the factors in any order."""
    A, B = (lambda i, j, name=name: sums.entry(name, i, j) for name in "AB")

    def chain(names, order):
        p, q, r, s = names
        factors = [A("i", p), B(p, q), A(q, r), B(r, s), A(s, p), B(s, "j")]
        term = math.prod(factors[1:], start=factors[0])
        for index in order:
            term = over(index, "n", term)
        return term

    first = chain("abcd", "abcd")
    for names in itertools.permutations("abcd"):
        assert chain(names, "cadb") is first
    turned = over("a", "n", A("i", "a") * B("a", "a"))
    assert turned is not over("a", "n", over("b", "n", A("i", "a") * B("a", "b")))
    assert turned is not over("a", "n", A("i", "a") * B("a", "i"))


def test_no_index_is_taken_for_another():
    """Σ_k f(i, k), put where i is itself summed over, keeps the two apart."""
    inner = over("k", "n", sums.entry("A", "i", "k"))
    outer = over("l", "n", sums.renamed(inner, {"i": "l"}) ** 2)
    numbers = MATRICES | {"A": (None, RANDOM.normal(size=(3, 3)))}
    by_hand = np.sum(np.sum(numbers["A"][1], axis=1) ** 2)
    kept = dict(MATRICES)
    MATRICES.update(numbers)
    try:
        assert np.isclose(value(outer, {"n": 3}), by_hand)
        slope = value(functions.derivative(outer, "A", "a", "b"), {"n": 3, "a": 1, "b": 2})
        assert np.isclose(slope, 2 * np.sum(numbers["A"][1][1]))
    finally:
        MATRICES.clear()
        MATRICES.update(kept)


def rounded(function, *arguments):
    """What a function gives, and how far rounding is likely to take it."""
    with np.errstate(all="ignore"):
        return likely([function(*moved) for moved in in_runs(arguments)])


@pytest.mark.parametrize("net", NETWORKS, ids=name)
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_rounding_stays_within_its_bound(bp, net, dtype):
    """Float64 stands for the truth here: it is far closer to it than the others."""
    _, params, X, Y = problem(bp, net, m=7)
    cast = [tuple(type(layer)(*(a.astype(dtype) for a in layer)) for layer in params)]
    cast += [X.astype(dtype), Y.astype(dtype)]
    exactly = [tuple(type(layer)(*(a.astype(float) for a in layer)) for layer in cast[0])]
    exactly += [one.astype(float) for one in cast[1:]]
    J, grads = bp.gradients(net, *cast)
    J_true, grads_true = bp.gradients(net, *exactly)
    J_bound, bounds = rounded(bp.gradients, net, *cast)
    assert abs(float(J) - float(J_true)) <= float(J_bound.error(dtype)) * (1 + 1e-6)
    for found, true, bound in zip(grads, grads_true, bounds, strict=True):
        for a, b, c in zip(found, true, bound, strict=True):
            assert (np.abs(a.astype(float) - b) <= c.error(dtype) * (1 + 1e-6)).all()
            assert (c.units > 0).any()


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)])
def test_the_order_of_a_sum_does_not_matter(order):
    x = RANDOM.normal(size=(3, 1000)).astype("float32")
    bound = rounded(lambda x: x.sum(axis=1, keepdims=True), x).error("float32")
    total = np.zeros((3, 1), dtype="float32")
    for one in x.T[order]:
        total += one[:, None]
    assert (np.abs(total - np.sum(x.astype(float), axis=1, keepdims=True)) <= bound).all()


@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
def test_a_step_that_may_fall_either_way_allows_for_both(activation):
    def step(Z):
        return ACTIVATIONS[activation].g_prime(3 * Z - np.array([[0.0, 0.3, 0.0]])) * 1.0

    Z = np.array([[1.0, 0.1, -1.0]], "float32")
    error = rounded(lambda Z: Z * 0 + step(Z), Z).error("float32")
    assert error[0, 1] >= 0.99
    assert max(error[0, [0, 2]]) < 1e-5


OPERATIONS = {
    "+": lambda xp, a, b: a + b,
    "-": lambda xp, a, b: a - b,
    "*": lambda xp, a, b: a * b,
    "/": lambda xp, a, b: a / b,
    "@": lambda xp, a, b: a @ b.T,
    "T": lambda xp, a, b: a.T,
    "square": lambda xp, a, b: a**2,
    "scale": lambda xp, a, b: 2 - 0.01 * a,
    "exp": lambda xp, a, b: xp.exp(a),
    "log": lambda xp, a, b: xp.log(b),
    "log1p": lambda xp, a, b: xp.log1p(b),
    "tanh": lambda xp, a, b: xp.tanh(a),
    "abs": lambda xp, a, b: abs(a),
    "max": lambda xp, a, b: xp.maximum(a, 0),
    "min": lambda xp, a, b: xp.minimum(a, b),
    "step": lambda xp, a, b: xp.astype(a > 0, a.dtype),
    "where": lambda xp, a, b: xp.where(a > 0, a, 0.01 * b),
    "sum": lambda xp, a, b: xp.sum(a, axis=0, keepdims=True),
    "largest": lambda xp, a, b: xp.max(a, axis=1, keepdims=True),
    "all": lambda xp, a, b: xp.sum(a),
    "mean": lambda xp, a, b: xp.mean(a, axis=0),
    "in place": lambda xp, a, b: operator.iadd(1 * a, b),
}


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_every_operation_is_what_numpy_computes_but_for_its_bound(operation, dtype):
    random = np.random.default_rng(0)  # its own: a sum near zero is off by more than it is large
    a = random.normal(size=(30, 40)).astype(dtype)
    b = random.uniform(0.5, 2, size=(30, 40)).astype(dtype)
    compute = OPERATIONS[operation]
    found, exactly = compute(np, a, b), compute(np, a.astype(float), b.astype(float))
    bounded = rounded(lambda a, b: compute(np, a, b), a, b)
    error = bounded.error(dtype)
    np.testing.assert_allclose(bounded.value, exactly, rtol=1e-12)
    assert (np.abs(found.astype(float) - exactly) <= error).all()
    largest = np.abs(exactly).max() + 10
    assert (error <= 90 * largest * np.finfo(dtype).eps).all()
    assert error.any() == (operation not in ("T", "abs", "max", "min", "step", "largest"))


def test_no_bound_past_the_largest_number():
    large = np.full((1, 2), 1e30, "float32")
    assert np.isposinf(rounded(lambda x: x * x, large).units).all()
    assert np.isposinf(rounded(lambda x: x * x - x * x, large).units).all()


def test_a_bound_says_how_likely_it_is_and_is_not_far_off():
    """Sums in float32 beside float64, in random order: none is off by more, and few by far less."""
    x = RANDOM.normal(size=(400, 1000)).astype("float32")
    total = np.zeros(400, dtype="float32")
    for one in x.T:
        total += one
    off = np.abs(total - np.sum(x.astype(float), axis=1))
    bound = rounded(lambda x: x.sum(axis=1), x).error("float32")
    assert (off <= bound).all()
    assert np.sqrt(np.mean(off**2)) > np.mean(bound) / (4 * LIKELY)


def test_flip_turns_symbols():
    made = Symbolic.named("A", (n, k))
    assert flip(made).shape == (k, n)
    assert type(flip(made)) is Symbolic


def test_the_steps_accept_every_kind_of_array():
    args = (
        Symbolic.named("A_prev", (k, m)),
        Symbolic.named("W", (n, k)),
        Symbolic.named("b", (n, 1)),
    )
    assert column.linear_forward(*args).shape == (n, m)
    assert row.linear_forward(*flip(args)).shape == (m, n)
