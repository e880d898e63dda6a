"""Programs give the numbers of the functions that they were recorded from, to the last bit."""

import importlib
import subprocess
import sys
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from array_api_compat import array_namespace
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from libraries import convert
from problems import NETWORKS, name, problem, relative

from shapecheck_bp import Network, ShapeError, column, flip, row, trace
from shapecheck_bp.replay import in_numpy, plan, recording, twins
from shapecheck_bp.replay.program import Program, learn
from shapecheck_bp.replay.recording import NotRecordable, record
from shapecheck_bp.shapes.law import law_of
from shapecheck_bp.transpose import map_leaves


def bits(result):
    found = []
    map_leaves(lambda one: found.append((one.shape, one.dtype, one.tobytes())), result)
    return found


def textbook(function):
    """A function of ``column`` or ``row`` without its check, and so without a program."""
    _, twin = law_of(function).repeats.second_call.args
    return twin


def arguments_of(bp, function, net, seed):
    _, params, X, Y = problem(bp, net, m=70, seed=seed)
    cache = bp.forward(net, params, X)
    return {
        "gradients": (net, params, X, Y),
        "forward": (net, params, X),
        "cost": (net, cache, Y),
        "backward": (net, params, cache, Y),
        "predict": (net, params, X),
    }[function]


CASES = [
    *(("gradients", net, piece) for net in NETWORKS for piece in (None, 200, 1)),
    *(("predict", net, None) for net in NETWORKS if net.sizes[-1] > 1 or net.output == "sigmoid"),
    *((function, net, None) for function in ("forward", "cost", "backward") for net in NETWORKS),
]


@pytest.mark.parametrize(
    ("function", "net", "piece"),
    CASES,
    ids=[f"{function} {name(net)} {piece or 'whole'}" for function, net, piece in CASES],
)
def test_every_function_to_the_last_bit(bp, monkeypatch, function, net, piece):
    """Small arrays as they are taken, and in pieces, as large ones are."""
    if piece:
        monkeypatch.setattr(plan, "LARGE", 2)
        monkeypatch.setattr(plan, "PIECE", piece)
    run, arguments = textbook(getattr(bp, function)), arguments_of(bp, function, net, seed=0)
    learnt, first = learn(run, arguments, [f"a{i}" for i in range(len(arguments))])
    assert learnt is not run
    assert bits(first) == bits(run(*arguments))
    for seed in range(1, 4):
        arguments = arguments_of(bp, function, net, seed)
        assert bits(learnt(*arguments)) == bits(run(*arguments))


@settings(deadline=None)
@given(
    sizes=st.lists(st.integers(1, 9), min_size=2, max_size=5),
    m=st.integers(1, 20),
    hidden=st.sampled_from(["sigmoid", "tanh", "relu", "leaky_relu", "identity"]),
    output=st.sampled_from(["sigmoid", "tanh", "relu", "identity", "softmax"]),
    dtype=st.sampled_from(["float32", "float64"]),
    seed=st.integers(0, 9),
)
def test_any_network(sizes, m, hidden, output, dtype, seed):
    if output == "softmax":
        sizes[-1] += 1
    net = Network(tuple(sizes), hidden, output)
    arrays = convert(problem(column, net, m, seed)[1:], lambda a: a.astype(dtype))
    for bp, (params, X, Y) in ((column, arrays), (row, flip(arrays))):
        for _ in range(3):
            J, grads = bp.gradients(net, params, X, Y)
        J2, grads2 = textbook(bp.gradients)(net, params, X, Y)
        assert bits((J, grads)) == bits((J2, grads2))


LIE = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "every other": lambda a: np.repeat(a, 2, axis=1)[:, ::2],
    "backwards": lambda a: a[::-1].copy()[::-1],
}


@settings(deadline=None)
@given(
    net=st.sampled_from([Network((6, 10, 6)), Network((6, 6, 6), "tanh", "sigmoid"), *NETWORKS]),
    m=st.sampled_from([6, 10]),
    lie=st.lists(st.sampled_from([*LIE]), min_size=6, max_size=6),
    bp=st.sampled_from([column, row]),
)
def test_arrays_that_lie_in_memory_another_way(net, m, lie, bp):
    """Sums may then be taken in another order, as NumPy does too, and differ by rounding."""
    net, *arrays = problem(bp, net, m)
    wanted = bp.gradients(net, *arrays)
    law_of(bp.gradients).memory.clear()
    for how in lie:
        J, grads = bp.gradients(net, *convert((*arrays,), LIE[how]))
        assert np.isclose(J, wanted[0], rtol=1e-13)
        for grad, grad2 in zip(wanted[1], grads, strict=True):
            assert relative(grad2.dW, grad.dW) < 1e-13
            assert relative(grad2.db, grad.db) < 1e-13


# What a function can do with two square matrices and what has come of them.
DEEDS = [
    lambda xp, A, B: A + B,
    lambda xp, A, B: A - B.T,
    lambda xp, A, B: A.T * B,
    lambda xp, A, B: A @ B,
    lambda xp, A, B: A.T @ B / 4,
    lambda xp, A, B: xp.maximum(A, xp.zeros_like(A)) / 3,
    lambda xp, A, B: xp.astype(A > B, A.dtype),
    lambda xp, A, B: xp.where(A > 0, B, 0.01),
    lambda xp, A, B: xp.where(B > A, A.T, B),
    lambda xp, A, B: xp.where(A > 0, xp.ones_like(B), 0.01),
    lambda xp, A, B: A - xp.max(B, axis=0, keepdims=True),
    lambda xp, A, B: xp.sum(A, axis=1, keepdims=True) * B,
    lambda xp, A, B: B - xp.sum(A) / 2,
    lambda xp, A, B: xp.abs(A) ** 2 + xp.ones_like(B),
    lambda xp, A, B: A,
    lambda xp, A, B: B.T,
    lambda xp, A, B: xp.minimum(A, B.T),
    lambda xp, A, B: -xp.cumulative_sum(A, axis=0),
    lambda xp, A, B: xp.reshape(A, A.shape),  # a view
    lambda xp, A, B: xp.exp(xp.abs(xp.sum(A)) / -9) * B,
    lambda xp, A, B: 1 - 2 * xp.zeros_like(A),
]


@settings(deadline=None, max_examples=300)
@given(
    deeds=st.lists(
        st.tuples(st.sampled_from(range(len(DEEDS))), st.integers(0, 99), st.integers(0, 99)),
        min_size=1,
        max_size=14,
    ),
    kept=st.lists(st.integers(0, 99), min_size=1, max_size=3),
    sizes=st.sampled_from([(1 << 30, 1 << 15), (2, 1), (2, 4), (2, 9), (2, 64)]),
    library=st.sampled_from(["numpy", "numpy", "torch"]),
)
def test_any_run(deeds, kept, sizes, library):
    """Whatever the steps, and however often memory is used again."""
    if library == "torch":
        torch = pytest.importorskip("torch", reason="PyTorch is not installed")
        sizes = 1 << 30, 1 << 15

    def function(A, B):
        values, xp = [A, B], array_namespace(A)
        for deed, one, two in deeds:
            values.append(DEEDS[deed](xp, values[one % len(values)], values[two % len(values)]))
        return tuple(values[-1 - one % len(values)] for one in kept)

    def arguments(seed):
        arrays = tuple(np.random.default_rng(seed).normal(size=(2, 70, 70)) / 70)
        return tuple(map(torch.from_numpy, arrays)) if library == "torch" else arrays

    def agree(made, wanted):
        if library == "numpy":
            return bits(made) == bits(wanted)
        return all(
            np.allclose(one, other, rtol=1e-12, atol=1e-12, equal_nan=True)
            for one, other in zip(made, wanted, strict=True)
        )

    old = plan.LARGE, plan.PIECE
    plan.LARGE, plan.PIECE = sizes
    try:
        tape, first = record(function, arguments(0))
    except NotRecordable:  # a product of two that are equal
        reject()
    else:
        made = Program(tape, ("A", "B"), function).compile()
    finally:
        plan.LARGE, plan.PIECE = old
    with np.errstate(all="ignore"):
        assert agree(first, function(*arguments(0)))
        for seed in (0, 1):
            given, before = arguments(seed), arguments(seed)
            assert agree(made(*given), function(*arguments(seed)))
            assert all(map(np.array_equal, given, before))


# When a program is used, and when not.


def learnt_by(function):
    """What the checked function does for each signature that it knows."""
    return [results.repeat for results in law_of(function).memory.values()]


@pytest.fixture
def _forgetful(bp):
    law_of(bp.gradients).memory.clear()


@pytest.mark.usefixtures("_forgetful")
def test_the_third_call_is_the_program(bp, small):
    results = [bits(bp.gradients(*small)) for _ in range(4)]
    assert results == results[:1] * 4
    (repeat,) = learnt_by(bp.gradients)
    assert repeat.__code__.co_filename == "<a recorded run>"
    assert bits(repeat(*small, None)) == results[0]


@pytest.mark.usefixtures("_forgetful")
def test_other_shapes_and_networks_have_programs_of_their_own(bp):
    nets = [Network((5, 4, 3)), Network((5, 4, 3), "tanh"), Network((5, 2, 3))]
    for _ in range(3):
        for net in nets:
            for m in (4, 9):
                arguments = problem(bp, net, m)
                assert bits(bp.gradients(*arguments)) == bits(textbook(bp.gradients)(*arguments))
    assert len(set(learnt_by(bp.gradients))) == 6


@pytest.mark.usefixtures("_forgetful")
def test_a_program_forgets_no_check(bp, small):
    net, params, X, Y = small
    for _ in range(3):
        bp.gradients(net, params, X, Y)
    with pytest.raises(ShapeError, match="X does not fit"):
        bp.gradients(net, params, X.T, Y)
    with pytest.raises(ShapeError, match="float32"):
        bp.gradients(net, params, X.astype("float32"), Y)


@pytest.mark.usefixtures("_forgetful")
def test_a_trace_hears_every_step_of_what_has_been_learnt(bp, small):
    for _ in range(3):
        bp.gradients(*small)
    with trace() as heard:
        bp.gradients(*small)
    assert "linear_backward" in str(heard)


@pytest.mark.usefixtures("_forgetful")
def test_a_step_that_is_replaced_is_called(bp, small, monkeypatch):
    for _ in range(3):
        bp.gradients(*small)
    calls = []
    softmax = bp.softmax
    monkeypatch.setattr(bp, "softmax", lambda Z: calls.append(Z) or softmax(Z))
    for _ in range(3):
        bp.gradients(*small)
    assert len(calls) == 3


def test_a_step_that_was_replaced_at_the_start_is_called_every_time():
    code = """
import numpy as np
from shapecheck_bp import Network, column
calls, softmax = [], column.softmax
column.softmax = lambda Z: calls.append(Z) or softmax(Z)
net = Network((2, 3, 2))
for _ in range(5):
    column.gradients(net, column.init(net), np.ones((2, 4)), np.ones((2, 4)) / 2)
print(len(calls))
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "5\n"


def test_ever_new_shapes_need_no_more_room(monkeypatch):
    memory = law_of(column.gradients).memory
    assert memory.most == twins.MOST_PROGRAMS
    monkeypatch.setattr(memory, "most", 5)
    memory.clear()
    net = Network((2, 3, 2))
    params = column.init(net)
    for m in range(1, 40):
        X, Y = np.ones((2, m)), np.full((2, m), 0.5)
        for _ in range(3):
            column.gradients(net, params, X, Y)
        assert len(learnt_by(column.gradients)) == len(memory) <= 5


def test_what_is_given_is_not_changed_and_not_given_back(bp, small):
    net, params, X, Y = small
    given = [X, Y, *(array for layer in params for array in layer)]
    for array in given:
        array.flags.writeable = False
    before = [array.tobytes() for array in given]
    found = []
    for _ in range(4):
        map_leaves(found.append, bp.gradients(net, params, X, Y)[1])
    assert [array.tobytes() for array in given] == before
    for i, array in enumerate(found):
        assert array.flags.writeable
        assert not any(np.shares_memory(array, other) for other in (*given, *found[:i]))


def test_threads_share_a_program_and_no_memory(bp):
    net = Network((30, 40, 10))
    problems = [problem(bp, net, m=50, seed=seed) for seed in range(8)]
    wanted = [bits(textbook(bp.gradients)(*one)) for one in problems]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(25):
            found = pool.map(lambda one: bits(bp.gradients(*one)), problems)
            assert list(found) == wanted


def test_large_arrays_are_taken_in_pieces(monkeypatch):
    monkeypatch.setattr(plan, "LARGE", 2)
    monkeypatch.setattr(plan, "PIECE", 7)

    def function(Z):
        xp = array_namespace(Z)
        return xp.where(Z > 0, Z, xp.exp(-Z)) + 1

    tape, _ = record(function, (np.ones((4, 3)),))
    made = Program(tape, ("Z",), function)
    expected = """\
def program(Z):
    v0 = Z
    v2 = empty((4, 3), c0, 'C')
    for piece in pieces(4, 2):
        v1 = greater(v0[piece], c1)
        negative(v0[piece], out=v2[piece])
        exp(v2[piece], out=v2[piece])
        v2[piece] = where(v1, v0[piece], v2[piece])
        add(v2[piece], c2, out=v2[piece])
    del v1
    return v2"""
    assert made.source == expected
    Z = np.array([[-1.0, 0.0, 2.0]] * 4)
    assert bits(made.compile()(Z)) == bits(function(Z))


def test_a_program_needs_less_memory_than_the_textbook():
    net = Network((50, 100, 100, 10))
    X, Y = np.random.default_rng(0).normal(size=(50, 3000)), np.full((10, 3000), 0.1)
    arguments = net, column.init(net), X, Y

    def peak(function):
        function(*arguments)
        tracemalloc.start()
        function(*arguments)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    for _ in range(3):
        column.gradients(*arguments)
    assert peak(column.gradients) < 0.37 * peak(textbook(column.gradients))


@pytest.mark.parametrize(
    "function",
    [
        lambda Z: Z if Z.sum() > 0 else -Z,
        lambda Z: Z if array_namespace(Z).any(Z > 0) else -Z,
        lambda Z: Z * float(array_namespace(Z).max(Z)),
        lambda Z: Z[0],
        lambda Z: Z + np.ones(Z.shape),
        lambda Z: Z**3,
        lambda Z: np.asarray(Z),
        lambda Z: len(Z) * Z,
        lambda Z: array_namespace(Z).unstack(Z)[0],
        lambda Z: Z.shape[0],
        lambda Z: np.exp(Z),
    ],
)
def test_what_looks_at_values_or_is_no_list_of_steps_has_no_program(function):
    run, result = learn(function, (np.ones((2, 3)),), ("Z",))
    assert run is function
    np.testing.assert_array_equal(result, function(np.ones((2, 3))))


def test_a_subclass_is_left_to_itself(bp, small, tmp_path):
    net, params, X, Y = small
    here = np.memmap(tmp_path / "X", X.dtype, "w+", shape=X.shape)
    here[:] = X
    for _ in range(3):
        assert (
            bits(bp.gradients(net, params, here, Y))[1:]
            == bits(textbook(bp.gradients)(net, params, here, Y))[1:]
        )


def test_a_product_with_itself_is_told_from_one_of_two_that_are_equal():
    A = np.random.default_rng(0).normal(size=(70, 70)).astype("float32")

    def with_itself(A):
        Z = A + 1
        return Z.T @ Z

    def of_two(A):
        return (A + 1).T @ (A + 1)

    learnt, _ = learn(with_itself, (A,), ("A",))
    assert learnt is not with_itself
    assert bits(learnt(A)) == bits(with_itself(A))
    learnt, _ = learn(of_two, (A,), ("A",))
    assert learnt is of_two


def test_what_is_not_remembered_by_its_value_is_not_taken_for_granted(bp):
    """An activation and a dtype are remembered by their class at most."""
    Z, labels = np.array([[-1.0, 2.0]]), np.array([0, 1])
    for _ in range(3):
        assert bp.activation_forward(Z, "relu").tolist() == [[0.0, 2.0]]
        assert bp.activation_forward(Z, "identity").tolist() == [[-1.0, 2.0]]
        assert bp.one_hot(labels, 2).dtype == "float64"
        assert bp.one_hot(labels, 2, "float32").dtype == "float32"
    for function in (bp.one_hot, bp.init):
        law_of(function).write_code()
        assert not law_of(function).remembers_all


def test_a_fault_in_a_floating_point_number_is_still_told(bp, small):
    net, params, X, Y = small
    for _ in range(3):
        bp.gradients(net, params, X, Y)
    with pytest.raises(FloatingPointError):
        bp.gradients(net, params, X * np.inf, Y)


def test_a_division_is_taken_as_it_is():
    arrays = (np.array([[3.0, 5e-324, 1e308]]),)
    for divisor in (1, 2, 3, 64, 100, 2**1023, True):
        learnt, _ = learn(lambda Z: Z / divisor, arrays, ("Z",))  # noqa: B023
        assert bits(learnt(*arrays)) == bits(arrays[0] / divisor)


@pytest.mark.parametrize(
    "function",
    [
        lambda Z: (Z + 0.0, Z + -0.0),
        lambda Z: (Z * True, Z * 1, Z * 1.0),
        lambda Z: tuple(array_namespace(Z).full_like(Z, one) for one in (1, True, -0.0)),
    ],
)
def test_constants_that_are_equal_and_not_the_same(function):
    learnt, _ = learn(function, (np.ones((2, 3)),), ("Z",))
    assert learnt is not function
    for zero in (0.0, -0.0):
        Z = np.full((2, 3), zero)
        assert bits(learnt(Z)) == bits(function(Z))


def test_two_functions_of_one_name():
    tape, _ = record(lambda Z: array_namespace(Z).sum(Z, axis=(0, 1)), (np.ones((2, 2)),))
    made = Program(tape, ("Z",), None)
    assert made._name(np.trace) == "trace"
    assert made._name(np.linalg.trace) == "trace_"
    assert made._name(np.trace) == "trace"


def test_a_program_that_fails_where_the_function_does_not_is_not_used(monkeypatch):
    """As where BLAS tells of an invalid number, which it does not do twice for the same entry."""

    def compiled(self):
        def fails(*args):
            raise FloatingPointError("invalid value encountered in dot")

        return fails

    monkeypatch.setattr(Program, "compile", compiled)
    function = lambda Z: Z + 1  # noqa: E731
    learnt, result = learn(function, (np.ones((2, 3)),), ("Z",))
    assert learnt is function
    assert result.sum() == 12


def test_the_module_for_cupy_where_numpy_stands_for_it(bp, monkeypatch):
    """CuPy has NumPy's names; what it runs on is not everywhere."""
    monkeypatch.setitem(sys.modules, "cupy", np)
    monkeypatch.delitem(sys.modules, "shapecheck_bp.replay.in_cupy", raising=False)
    in_cupy = importlib.import_module("shapecheck_bp.replay.in_cupy")
    monkeypatch.setattr(recording, "LIBRARIES", ("numpy",))
    monkeypatch.setitem(sys.modules, "shapecheck_bp.replay.in_numpy", in_cupy)
    monkeypatch.setattr(in_cupy, "RESULTS", (np.ndarray, np.generic))  # CuPy has no scalars
    monkeypatch.setattr(in_cupy, "kind", in_numpy.kind)
    for net in NETWORKS[::5]:
        run, arguments = textbook(bp.gradients), arguments_of(bp, "gradients", net, seed=0)
        learnt, _ = learn(run, (*arguments, None), [*"nPXYb"])
        assert learnt is not run
        assert "multiply" in learnt.__code__.co_names
        arguments = arguments_of(bp, "gradients", net, seed=1)
        assert bits(learnt(*arguments, None)) == bits(run(*arguments))
    sys.modules.pop("shapecheck_bp.replay.in_cupy")
