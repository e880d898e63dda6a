"""The proof's arrays against NumPy: each kind must compute what it says it computes."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import NETWORKS, name, problem

from shapecheck_bp import column, flip, row
from shapecheck_bp.activations import ACTIVATIONS
from shapecheck_bp.proof.entries import Entries, Opaque
from shapecheck_bp.proof.numeric import lifted
from shapecheck_bp.proof.rounding import Rounded
from shapecheck_bp.proof.shifts import Largest
from shapecheck_bp.proof.symbols import Entry, I, J, Sigma, Symbolic, same, sizes
from shapecheck_bp.proof.zero import is_zero

SIZES = dict(zip(sizes("n k m"), (2, 3, 4), strict=True))
n, k, m = SIZES
RANDOM = np.random.default_rng(0)
MATRICES = {
    "A": ((n, k), RANDOM.normal(size=(2, 3))),
    "B": ((k, m), RANDOM.normal(size=(3, 4))),
    "C": ((n, m), RANDOM.normal(size=(2, 4))),
    "b": ((n, 1), RANDOM.normal(size=(2, 1))),
    "c": ((1, m), RANDOM.normal(size=(1, 4))),
}


def value(expression, at):
    """What an entry's formula comes to, with numbers for its symbols."""
    if isinstance(expression, Entry):
        matrix, i, j = expression.args
        return MATRICES[matrix.name][1][int(value(i, at)), int(value(j, at))]
    if isinstance(expression, Sigma | Largest):
        term, index, size = expression.args
        terms = [value(term, {**at, index: i}) for i in range(int(value(size, at)))]
        return sum(terms) if isinstance(expression, Sigma) else max(terms)
    if expression.is_Symbol:
        return at[expression]
    if not expression.args:
        return float(expression)
    inside = [value(one, at) for one in expression.args]
    if isinstance(expression.func, sympy.core.function.UndefinedFunction):
        assert expression.func.__name__ == f"square_of_{__name__}"  # no activation of ours
        return inside[0] ** 2
    return float(expression.func(*inside))


def square(Z):
    """An elementwise function of somebody's own."""
    return Z.__elementwise__(square) if isinstance(Z, Symbolic) else Z**2


def program(xp, names, choose):
    """A formula of a few operations, drawn by ``choose``; the shapes of what it makes fit."""
    made = [names[one] for one in "ABCbc"]
    for _ in range(choose(range(2, 7))):
        x, y = choose(made), choose(made)
        operation = choose(["@", "+", "-", "*", "T", "sum", "max", "exp", "square", "scale", "/"])
        try:
            if operation == "@":
                new = x @ y
            elif operation == "T":
                new = x.T
            elif operation in ("sum", "max"):
                axis = choose([0, 1])
                new = getattr(xp, operation)(x, axis=axis, keepdims=True)
            elif operation == "exp":
                new = xp.exp(x * 0.25)
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
        Symbolic.namespace,
        {s: Symbolic.named(s, shape) for s, (shape, _) in MATRICES.items()},
        choose,
    )
    again = iter(choices)
    numeric = program(
        np,
        {s: array for s, (_, array) in MATRICES.items()},
        lambda options: list(options)[next(again)],
    )
    assert tuple(int(value(sympy.sympify(size), SIZES)) for size in symbolic.shape) == numeric.shape
    for i, j in itertools.product(*map(range, numeric.shape)):
        found = value(symbolic.entry, {**SIZES, I: i, J: j})
        assert np.isclose(found, numeric[i, j], rtol=1e-9, atol=1e-9)


def test_sizes_that_differ_do_not_meet():
    A, B, C = (Symbolic.named(s, MATRICES[s][0]) for s in "ABC")
    for broken in (lambda: A @ C, lambda: A + B, lambda: A * C, lambda: A @ A):
        with pytest.raises(ValueError, match="different sizes"):
            broken()
    with pytest.raises(TypeError, match="symbols have no order"):
        _ = A > 0
    with pytest.raises(TypeError, match="neither true nor false"):
        bool(A)


def test_companions_of_the_transpose():
    A, B, C, b = (Symbolic.named(s, MATRICES[s][0]) for s in "ABCb")
    xp = Symbolic.namespace
    assert same((A @ B).T, B.T @ A.T)
    assert same((A @ B + C).T, C.T + B.T @ A.T)
    assert same((C * b).T, C.T * b.T)
    assert same(square(C).T, square(C.T))
    assert same(xp.sum(C, axis=0, keepdims=True).T, xp.sum(C.T, axis=1, keepdims=True))
    assert same(xp.sum(A @ B), xp.sum(B.T @ A.T))
    assert same(xp.max(C, axis=1, keepdims=True).T, xp.max(C.T, axis=0, keepdims=True))
    assert not same(A @ B, B.T @ A.T)
    assert not same(C, -C)
    assert not same(xp.sum(C, axis=0, keepdims=True), xp.max(C, axis=0, keepdims=True))
    assert not same(xp.sum(C, axis=0, keepdims=True), xp.sum(square(C), axis=0, keepdims=True))


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("side", [1, -1])
def test_entries_compute_what_activations_compute(activation, side):
    for f in ACTIVATIONS[activation][:2]:
        z = sympy.Symbol("z", positive=True)
        formula = f(Entries(np.array([[side * z]]))).values[0, 0]
        for at in (0.3, 2.0):
            expected = f(np.array([[side * at]]))[0, 0]
            assert np.isclose(float(sympy.sympify(formula).subs(z, at)), expected, rtol=1e-12)


def test_entries_compute_what_numpy_computes():
    X, Y = Entries.named("X", (2, 3)), Entries.named("Y", (3, 2))
    xp = Entries.namespace
    product = xp.sum(X @ Y - 1, axis=1, keepdims=True) / 2
    numbers = {symbol: i + 1 for i, symbol in enumerate([*X.values.flat, *Y.values.flat])}
    x, y = np.arange(1, 7).reshape(2, 3), np.arange(7, 13).reshape(3, 2)
    found = [[float(one.subs(numbers)) for one in line] for line in product.values]
    np.testing.assert_array_equal(found, np.sum(x @ y - 1, axis=1, keepdims=True) / 2)


def test_an_opaque_function_knows_its_derivative_and_no_more():
    z = sympy.Symbol("z", real=True)
    g = ACTIVATIONS["tanh"].g(Opaque(np.array([[z]]))).values[0, 0]
    assert str(sympy.diff(g, z)) == "tanh_prime(z)"
    assert not is_zero(g - sympy.tanh(z))


X, Y = sympy.symbols("x y", real=True)
E, F = sympy.exp(X), sympy.exp(Y)
POSITIVE = [
    (X + Y) ** 3 - X**3 - 3 * X**2 * Y - 3 * X * Y**2 - Y**3,
    E / (E + F) + F / (E + F) - 1,
    sympy.log(E / (E + F)) - X + sympy.log(E + F),
    sympy.exp(2 * X) / E**2 - 1,
    sympy.Max(X, 0) + sympy.Min(X, 0) - X,
    sympy.Abs(X) - X * sympy.sign(X),
    sympy.Max(X, 0) + sympy.log(1 + sympy.exp(-sympy.Abs(X))) - sympy.log(1 + E),
    sympy.Abs(X) * sympy.Abs(Y) - sympy.Abs(X * Y),
    1 / (1 + sympy.exp(-X)) - E / (1 + E),
]


@pytest.mark.parametrize("zero", POSITIVE, ids=str)
def test_zeros_are_recognised(zero):
    assert is_zero(zero)


@pytest.mark.parametrize("zero", POSITIVE, ids=str)
def test_what_is_nearly_zero_is_not(zero):
    assert not is_zero(zero + sympy.Rational(1, 10**9))
    assert not is_zero(zero + X / 10**9)
    assert not is_zero(zero + E / (1 + F))


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
    J_bound, bounds = bp.gradients(net, *lifted(tuple(cast)))
    assert abs(float(J) - float(J_true)) <= float(J_bound.error) * (1 + 1e-6)
    for found, true, bound in zip(grads, grads_true, bounds, strict=True):
        for a, b, c in zip(found, true, bound, strict=True):
            assert (np.abs(a.astype(float) - b) <= c.error * (1 + 1e-6)).all()
            assert (c.error > 0).any()


def test_the_bound_is_zero_where_nothing_is_rounded_and_only_there():
    whole = Rounded(RANDOM.integers(-9, 9, size=(4, 8)).astype(float))
    for exact in (whole @ whole.T, whole / 8, whole * whole, 2 * whole - 1, whole @ whole.T / 4):
        assert not exact.error.any()
        assert exact.grain
    for rounded in (whole / 3, whole * 0.1, Rounded(whole.value / 7) @ whole.T):
        assert rounded.error.any()
        assert rounded.grain is None


def test_whole_numbers_too_large_for_the_float_type_are_rounded():
    large = np.full((1, 8), 2.0**20)
    assert not (Rounded(large) @ Rounded(large.T)).error.any()
    assert (Rounded(large * 2**11) @ Rounded(large.T)).error.any()
    small = np.full((1, 8), 2.0**10, dtype="float32")
    assert not (Rounded(small) @ Rounded(small.T)).error.any()
    assert (Rounded(small * 2**2) @ Rounded(small.T)).error.any()


def test_exact_results_are_those_of_fractions():
    a, b = (RANDOM.integers(-99, 99, size=(5, 5)) for _ in range(2))
    found = (Rounded(a.astype(float)) @ Rounded(b.astype(float)) / 16).value
    fractions = [
        [sum(Fraction(int(x) * int(y)) for x, y in zip(line, col, strict=True)) / 16 for col in b.T]
        for line in a
    ]
    assert [[Fraction(one) for one in line] for line in found] == fractions


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)])
def test_the_order_of_a_sum_does_not_matter(order):
    x = RANDOM.normal(size=(3, 1000)).astype("float32")
    bound = Rounded.namespace.sum(Rounded(x), axis=1, keepdims=True)
    total = np.zeros((3, 1), dtype="float32")
    for one in x.T[order]:
        total += one[:, None]
    assert (np.abs(total - np.sum(x.astype(float), axis=1, keepdims=True)) <= bound.error).all()


def test_a_step_that_may_fall_either_way_allows_for_both():
    Z = Rounded(
        np.array([[1.0, 0.0, -1.0]]) / 3, error=np.array([[0.0, 1e-9, 0.0]]), dtype="float64"
    )
    assert ACTIVATIONS["relu"].g_prime(Z).error.tolist() == [[0.0, 1.0, 0.0]]
    assert ACTIVATIONS["leaky_relu"].g_prime(Z).error[0, 1] >= 0.99


OPERATIONS = {
    "+": (lambda xp, a, b: a + b, lambda a, b: a + b),
    "-": (lambda xp, a, b: a - b, lambda a, b: a - b),
    "*": (lambda xp, a, b: a * b, lambda a, b: a * b),
    "/": (lambda xp, a, b: a / b, lambda a, b: a / b),
    "@": (lambda xp, a, b: a @ b, lambda a, b: a * b),
    "square": (lambda xp, a, b: a**2, lambda a, b: a * a),
    "exp": (lambda xp, a, b: xp.exp(a), lambda a, b: np.exp(a)),
    "log": (lambda xp, a, b: xp.log(b), lambda a, b: np.log(b)),
    "log1p": (lambda xp, a, b: xp.log1p(b), lambda a, b: np.log1p(b)),
    "tanh": (lambda xp, a, b: xp.tanh(a), lambda a, b: np.tanh(a)),
    "abs": (lambda xp, a, b: xp.abs(a), lambda a, b: abs(a)),
    "max": (lambda xp, a, b: xp.maximum(a, 0), lambda a, b: max(a, 0.0)),
    "min": (lambda xp, a, b: xp.minimum(a, 0), lambda a, b: min(a, 0.0)),
    "step": (lambda xp, a, b: xp.astype(a > 0, a.dtype), lambda a, b: float(a > 0)),
}
UNIT = st.floats(-1, 1)


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(sorted(OPERATIONS)),
    st.tuples(st.floats(-9, 9), st.floats(0.1, 9)),
    st.tuples(st.floats(0, 2), st.floats(0, 2)),
    st.tuples(UNIT, UNIT),
    st.tuples(UNIT, UNIT),
)
def test_errors_are_carried_through_every_operation(name, values, errors, truths, others):
    """The truth lies within an error of the value, and any other result within one of the truth."""
    of_arrays, of_numbers = OPERATIONS[name]
    a, b = (
        Rounded(np.array([[value]]), np.array([[error]]), dtype="float64")
        for value, error in zip(values, errors, strict=True)
    )
    with np.errstate(all="ignore"):
        found = of_arrays(Rounded.namespace, a, b)
        true = [v + e * t for v, e, t in zip(values, errors, truths, strict=True)]
        other = [t + e * o for t, e, o in zip(true, errors, others, strict=True)]
        if not np.isfinite(found.error).all():
            return
        results = [of_numbers(*one) for one in (values, true, other)]
    allowed = found.error.item() * (1 + 1e-9) + 1e-12
    assert abs(results[2] - results[1]) <= allowed  # any result, from the truth
    assert abs(results[0] - results[1]) <= allowed  # and the one at hand


def test_flip_turns_every_kind_of_array():
    for made in (
        Symbolic.named("A", (n, k)),
        Entries.named("A", (2, 3)),
        Rounded(np.ones((2, 3))),
    ):
        assert flip(made).shape == made.shape[::-1]
        assert type(flip(made)) is type(made)


def test_the_steps_accept_every_kind_of_array():
    args = (
        Symbolic.named("A_prev", (k, m)),
        Symbolic.named("W", (n, k)),
        Symbolic.named("b", (n, 1)),
    )
    assert column.linear_forward(*args).shape == (n, m)
    assert row.linear_forward(*flip(args)).shape == (m, n)
