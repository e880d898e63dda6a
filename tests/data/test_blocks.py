"""The gradients over blocks of examples, and training, from files that are mapped into memory."""

import gc
import io
import re
import sys
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from libraries import LIBRARIES, convert, jax_in_float64
from problems import NETWORKS, problem, relative

from shapecheck_bp import Network, ShapeError, column, fit, flip, row, trace
from shapecheck_bp.data import blocks
from shapecheck_bp.proof.rounding import in_runs, likely
from shapecheck_bp.shapes.law import law_of
from shapecheck_bp.transpose import map_leaves

NET = Network((16, 8, 3))
FEW, MANY = 25_000, 100_000


def of_dtype(value, dtype):
    return map_leaves(lambda one: np.asarray(one, dtype=dtype), value)


def flat(outcome):
    J, grads = outcome
    return [J, *(array for grad in grads for array in grad)]


@st.composite
def divided(draw):
    m = draw(st.integers(1, 12))
    return m, draw(st.integers(1, m + 3))


@pytest.mark.parametrize("bp", [column, row], ids=["column", "row"])
@given(
    net=st.sampled_from(NETWORKS), sizes=divided(), dtype=st.sampled_from(["float32", "float64"])
)
@settings(max_examples=12, deadline=None)
def test_the_same_as_all_at_once_but_for_rounding(bp, net, sizes, dtype):
    m, block_size = sizes
    net, *arrays = problem(bp, net, m)
    arrays = of_dtype((*arrays,), dtype)
    whole = bp.gradients(net, *arrays)
    found = bp.gradients(net, *arrays, block_size)
    runs = in_runs(arrays)
    bounds = [
        likely([bp.gradients(net, *run, size) for run in runs]) for size in (None, block_size)
    ]
    for a, b, bound, other in zip(*map(flat, (found, whole, *bounds)), strict=True):
        assert (a.shape, a.dtype, type(a)) == (b.shape, b.dtype, type(b))
        assert np.all(
            np.abs(np.float64(a) - np.float64(b)) <= bound.error(dtype) + other.error(dtype)
        )
        assert np.all(bound.units < np.inf)


@given(power=st.integers(0, 6), over=st.integers(0, 6), seed=st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_the_same_bits_where_nothing_is_rounded(power, over, seed):
    net = Network((4, 3, 2), hidden="relu", output="identity")
    random, m = np.random.default_rng(seed), 2**power
    X, Y = (random.integers(0, 9, size=(n, m)).astype(float) for n in (4, 2))
    params = map_leaves(
        lambda W: random.integers(-1, 2, size=W.shape).astype(float), column.init(net)
    )
    given = net, params, X, Y
    block_size = max(1, m >> over)
    whole, found = column.gradients(*given), column.gradients(*given, block_size)
    there = flip(row.gradients(*flip(given), block_size))
    for a, b, c in zip(*map(flat, (whole, found, there)), strict=True):
        assert np.array_equal(a, b)
        assert np.array_equal(b, c)


def test_each_block_has_so_many_examples_and_the_last_what_remains(bp, small):
    with trace() as t:
        bp.gradients(*small, block_size=3)
    calls = [call for call in t.calls if call.name == "gradients"]
    assert [(call.depth, call.sizes["m"]) for call in calls] == [(0, 7), (1, 3), (1, 3), (1, 1)]
    assert [call.others["block_size"] for call in calls] == ["3", "None", "None", "None"]
    assert "block_size = 3" in str(t)
    assert "block_size = None" not in str(t)


@pytest.mark.parametrize("block_size", [7, 8, 10**12])
def test_one_block_is_the_plain_call(bp, small, block_size):
    whole, found = bp.gradients(*small), bp.gradients(*small, block_size)
    assert all(map(np.array_equal, flat(whole), flat(found)))


@pytest.mark.parametrize("block_size", [1.5, "3", [2], np.float64(2), 2.0])
def test_a_block_size_that_is_no_whole_number(bp, small, block_size):
    with pytest.raises(ShapeError, match=r"block_size does not fit(.|\n)*a whole number or None"):
        bp.gradients(*small, block_size=block_size)


@pytest.mark.parametrize("block_size", [0, -1])
def test_a_block_size_that_is_none(bp, small, block_size):
    wanted = f"block_size: expected a whole number from 1 up; got {block_size!r}"
    with pytest.raises(ValueError, match=f"^{re.escape(wanted)}$"):
        bp.gradients(*small, block_size=block_size)


def test_a_block_size_of_numpy(bp, small):
    found = (bp.gradients(*small, size) for size in (2, np.int64(2), np.uint8(2)))
    first, *others = map(flat, found)
    assert all(np.array_equal(a, b) for other in others for a, b in zip(first, other, strict=True))


def test_shapes_are_refused_before_any_block_is_read(bp, small):
    with pytest.raises(ShapeError, match=r"X does not fit, and X\.T would"):
        bp.gradients(*small._replace(X=small.X.T), block_size=2)
    with pytest.raises(ShapeError, match="Y"):
        bp.gradients(*small._replace(Y=np.concat([small.Y] * 2, bp.EXAMPLES_AXIS)), block_size=2)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("library", LIBRARIES)
def test_every_library(bp, library, dtype):
    library = LIBRARIES[library]()
    net, *arrays = problem(bp, Network((5, 4, 3), "tanh"), m=7)
    arrays = of_dtype((*arrays,), dtype)
    wanted = bp.gradients(net, *arrays, block_size=3)
    theirs = convert(arrays, library.array)
    found = bp.gradients(net, *theirs, block_size=3)
    plain = bp.gradients(net, *theirs)
    for a, b, c in zip(*map(flat, (found, wanted, plain)), strict=True):
        assert type(a) is type(c)
        assert a.dtype == c.dtype
        assert relative(library.numpy(a), b) < (1e-13 if dtype == "float64" else 1e-5)


def test_under_jit_the_block_size_is_static(bp):
    jax = jax_in_float64()
    net, *arrays = problem(bp, Network((5, 4, 3), "tanh"), m=7)
    wanted = bp.gradients(net, *arrays, block_size=3)
    arrays = convert((*arrays,), jax.numpy.asarray)
    found = jax.jit(bp.gradients, static_argnames=("net", "block_size"))(net, *arrays, block_size=3)
    assert all(
        relative(np.asarray(a), b) < 1e-12 for a, b in zip(flat(found), flat(wanted), strict=True)
    )
    with pytest.raises(
        ValueError, match="block_size: expected a whole number from 1 up; got .*Trac"
    ):
        jax.jit(bp.gradients, static_argnums=0)(net, *arrays, 3)


def test_pytorch_differentiates_through_blocks(bp):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    net, *arrays = problem(bp, Network((5, 4, 3), "tanh"), m=7)
    params, X, Y = convert((*arrays,), lambda a: torch.tensor(a, requires_grad=True))
    J, grads = bp.gradients(net, params, X, Y, block_size=3)
    J.backward()
    for layer, grad in zip(params, grads, strict=True):
        assert relative(grad.dW.detach().numpy(), layer.W.grad.numpy()) < 1e-13


# Files.


def mapped(folder, name, array, order):
    """An array as a file, its numbers in that order, mapped for reading."""
    file = folder / f"{name}_{len(array)}_{order}.npy"
    np.save(file, np.asarray(array, order=order))
    return np.load(file, mmap_mode="r")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Data of two sizes for each convention; the numbers of an example lie side by side."""
    folder, made = tmp_path_factory.mktemp("mapped"), {}
    for m in (FEW, MANY):
        random = np.random.default_rng(m)
        X = random.normal(size=(m, NET.sizes[0])).astype("float32")
        Y = np.eye(3, dtype="float32")[random.integers(0, 3, size=m)]
        made["row", m] = mapped(folder, "X", X, "C"), mapped(folder, "Y", Y, "C")
        made["column", m] = flip(made["row", m])
        made["column, Fortran", m] = tuple(
            mapped(folder, f"{name}{m}", array.T, "F") for name, array in (("X", X), ("Y", Y))
        )
    return made


WAYS = {"row": row, "column": column, "column, Fortran": column}
every_way = pytest.mark.parametrize("way", WAYS)


def peak(call):
    """The most memory that Python and NumPy held at a time, beyond what they hold already.

    Of three times the least: what falls to the garbage collector in one may not in another.
    """
    peaks = []
    gc.collect()
    gc.freeze()  # or each of these would go through all that the tests have loaded
    for _ in range(3):
        gc.collect()
        tracemalloc.start()
        try:
            call()
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    return min(peaks)


@every_way
def test_the_memory_of_one_block(files, way):
    bp, block_size = WAYS[way], 1000
    law_of(bp.gradients).memory.clear()  # or it might be full in the middle of this
    params = bp.init(NET, dtype="float32")
    examples = [slice(None)] * 2
    examples[bp.EXAMPLES_AXIS] = slice(block_size)
    X, Y = (np.array(one[tuple(examples)]) for one in files[way, FEW])
    bp.gradients(NET, params, *files[way, FEW], block_size)  # what is done once is done
    of_a_block = peak(lambda: bp.gradients(NET, params, X, Y)) + X.nbytes + Y.nbytes
    few, many = (
        peak(lambda m=m: bp.gradients(NET, params, *files[way, m], block_size)) for m in (FEW, MANY)
    )
    assert many < 1.5 * of_a_block
    assert many < 1.1 * few
    assert many < files[way, MANY][0].nbytes / 20


@every_way
def test_files_give_what_arrays_give(files, way):
    bp, (X, Y) = WAYS[way], files[way, FEW]
    assert not X.flags.writeable
    params = bp.init(NET, dtype="float32")
    read = bp.gradients(NET, params, X, Y, block_size=999)
    held = bp.gradients(NET, params, *map(np.asarray, (X, Y)), block_size=999)
    for a, b in zip(flat(read), flat(held), strict=True):
        assert type(a) is type(b)
        assert not isinstance(a, np.memmap)
        assert np.array_equal(a, b)


def test_a_step_gets_ordinary_arrays(files):
    seen = []

    def f(X, Y):
        seen.extend((X, Y))
        return np.mean(X)

    blocks.in_blocks(f, *files["column", FEW], 10_000, axis=1)
    assert [one.shape for one in seen[::2]] == [(16, 10_000)] * 2 + [(16, 5_000)]
    assert all(type(one) is np.ndarray and one.base is None for one in seen)


@every_way
def test_training_from_files_is_training_from_memory(files, way):
    bp, (X, Y) = WAYS[way], files[way, FEW]
    start = bp.init(NET, dtype="float32")
    settings = {"epochs": 2, "batch_size": 5_000, "learning_rate": 0.1}
    before = X.tobytes()
    read = fit(bp, NET, start, X, Y, **settings)
    held = fit(bp, NET, start, *(np.array(one, order="C") for one in (X, Y)), **settings)
    assert read.costs == held.costs
    for a, b in zip(read.params, held.params, strict=True):
        assert all(map(np.array_equal, a, b))
    assert X.tobytes() == before


def test_batches_are_ordinary_arrays(files, monkeypatch):
    seen, gradients = [], row.gradients

    def spy(net, params, X, Y):
        seen.extend((X, Y))
        return gradients(net, params, X, Y)

    monkeypatch.setattr(row, "gradients", spy)
    start = row.init(NET, dtype="float32")
    fit(row, NET, start, *files["row", FEW], epochs=1, batch_size=10_000, learning_rate=0.1)
    assert {type(one) for one in seen} == {np.ndarray}


@every_way
def test_training_keeps_of_the_data_no_more_than_a_batch_and_the_order(files, way):
    bp = WAYS[way]
    start = bp.init(NET, dtype="float32")

    def train(m):
        fit(bp, NET, start, *files[way, m], epochs=2, batch_size=1000, learning_rate=0.01)

    train(FEW)
    few, many = (peak(lambda m=m: train(m)) for m in (FEW, MANY))
    # Two orders of m numbers of 8 bytes: an epoch's, while the next one's is drawn.
    assert many - few < 2 * 8 * MANY


@every_way
def test_data_are_checked_block_by_block(files, way):
    bp = WAYS[way]
    check = lambda m: bp.check_data(NET, *files[way, m])  # noqa: E731
    check(FEW)
    most = 8 * blocks.LOOKED_AT
    assert peak(lambda: check(MANY)) < most


@pytest.mark.parametrize("looked_at", [1, 6, 10**6])
def test_the_place_of_bad_data_is_that_in_the_whole(bp, small, monkeypatch, looked_at):
    monkeypatch.setattr(blocks, "LOOKED_AT", looked_at)
    net, _, X, Y = small
    X = X.copy()
    X[3, 2], X[1, 4], X[4, 0] = np.nan, np.inf, -np.inf
    message = rf"X: expected finite numbers; 3 of {X.size} .*, the first at X\[1, 4\]"
    with pytest.raises(ValueError, match=message):
        bp.check_data(net, X, Y)
    example = [slice(None)] * 2
    example[bp.EXAMPLES_AXIS] = 5
    halved, large = Y.copy(), Y.copy()
    halved[tuple(example)] *= 0.5
    with pytest.raises(ValueError, match="those of example 5 sum to 0.5"):
        bp.check_data(net, small.X, halved)
    large[2, 1] = 1.5
    with pytest.raises(ValueError, match="targets from 0 to 1 under cross_entropy"):
        bp.check_data(net, small.X, large)


# A bar.


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_bar_on_a_terminal_where_it_takes_a_while(bp, small, monkeypatch, capsys):
    bp.gradients(*small, block_size=1)
    assert capsys.readouterr() == ("", "")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    quick = bp.gradients(*small, block_size=1)
    assert terminal.getvalue() == ""
    monkeypatch.setattr(blocks, "QUIET", 0)
    shown = bp.gradients(*small, block_size=1)
    assert "blocks of examples" in terminal.getvalue()
    assert all(map(np.array_equal, flat(quick), flat(shown)))
