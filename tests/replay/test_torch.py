"""PyTorch's programs give the numbers of the functions as they are written, to rounding."""

import contextlib
import re
import warnings
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from libraries import NO_GPU, convert
from problems import NETWORKS, name, problem

from shapecheck_bp import Layer, Network, row
from shapecheck_bp.replay.program import NotNow, Program, learn
from shapecheck_bp.replay.recording import record
from shapecheck_bp.shapes.law import law_of
from shapecheck_bp.transpose import map_leaves

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
in_torch = pytest.importorskip("shapecheck_bp.replay.in_torch")
python_dispatch = pytest.importorskip("torch.utils._python_dispatch")

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "torch_and_jax.md"


def on_the_page(file):
    """What a file defines that the page shows."""
    names = {}
    found = re.search(rf":caption: {file}\n\n(.*?)^```", PAGE.read_text("utf-8"), re.S | re.M)
    exec(found[1], names)
    return names


def textbook(function):
    """A function of ``column`` or ``row`` without its check, and so without a program."""
    _, twin = law_of(function).repeats.second_call.args
    return twin


def tensors(value, dtype=torch.float64):
    return convert(value, lambda array: torch.tensor(np.asarray(array), dtype=dtype))


def arguments_of(bp, net, m=70, seed=0, dtype=torch.float64):
    net, *arrays = problem(bp, net, m, seed)
    return (net, *tensors((*arrays,), dtype))


def leaves(value):
    found = []
    map_leaves(found.append, value)
    return found


def assert_same(made, wanted, eps=2e-15):
    for one, other in zip(leaves(made), leaves(wanted), strict=True):
        assert (one.shape, one.dtype, one.device) == (other.shape, other.dtype, other.device)
        if other.dtype.is_floating_point:
            one, other = one.detach(), other.detach()
            assert (one - other).abs().max() <= 20 * eps * max(1e-3, other.abs().max())
        else:
            assert torch.equal(one, other)


@pytest.mark.parametrize("net", NETWORKS, ids=name)
def test_every_network_to_rounding(bp, net):
    run = textbook(bp.gradients)
    given = arguments_of(bp, net)
    learnt, first = learn(run, (*given, None), ("net", "params", "X", "Y", "block_size"))
    assert learnt is not run
    assert_same(first, run(*given))
    for seed in (1, 2):
        given = arguments_of(bp, net, seed=seed)
        before = [array.clone() for array in leaves(given[1:])]
        assert_same(learnt(*given, None), run(*given))
        assert all(map(torch.equal, before, leaves(given[1:])))


@pytest.mark.parametrize("function", ["forward", "cost", "backward", "predict"])
@pytest.mark.parametrize(
    "net", [Network((5, 4, 3)), Network((5, 4, 1), "tanh", "sigmoid")], ids=name
)
def test_every_function_to_rounding(bp, net, function):
    run = textbook(getattr(bp, function))
    for seed in range(2):
        net, params, X, Y = arguments_of(bp, net, seed=seed)
        cache = bp.forward(net, params, X)
        given = {
            "forward": (net, params, X),
            "cost": (net, cache, Y),
            "backward": (net, params, cache, Y),
            "predict": (net, params, X),
        }[function]
        if seed == 0:
            learnt, _ = learn(run, given, [f"a{i}" for i in range(len(given))])
            assert learnt is not run
        assert_same(learnt(*given), run(*given))


def test_the_third_call_is_the_program_and_has_the_functions_of_pytorch(bp):
    law_of(bp.gradients).memory.clear()
    given = arguments_of(bp, Network((6, 5, 4, 3)), dtype=torch.float32)
    results = [bp.gradients(*given) for _ in range(4)]
    for result in results[1:]:
        assert_same(result, results[0], eps=1e-6)
    (repeat,) = [each.repeat for each in law_of(bp.gradients).memory.values()]
    calls = Counter(repeat.__code__.co_names)
    assert {"addmm", "log_softmax", "softmax", "threshold_backward"} <= {*calls}
    assert not {"greater", "zeros_like", "astype", "exp"} & {*calls}


def test_a_result_of_few_columns_is_taken_by_way_of_its_transpose():
    net = Network((20, 130, 10), "tanh")
    params, X = tensors(row.init(net)), torch.randn(300, 20, dtype=torch.float64)
    Y = row.one_hot(torch.arange(300) % 10, 10, "float64")
    given = net, params, X, Y, None
    tape, _ = record(textbook(row.gradients), given)
    made = Program(tape, ("net", "params", "X", "Y", "block_size"), None)
    assert made.source.count("across(") == 2
    assert_same(made.compile()(*given), textbook(row.gradients)(*given))


# What PyTorch does more than compute runs as it is written, also where there is a program.


@pytest.fixture
def learnt(bp):
    """A signature of ``gradients`` that has a program."""
    net, params, X, Y = arguments_of(bp, Network((5, 4, 3)), m=6)
    law_of(bp.gradients).memory.clear()
    for _ in range(3):
        bp.gradients(net, params, X, Y)
    (repeat,) = [each.repeat for each in law_of(bp.gradients).memory.values()]
    assert repeat.__code__.co_filename == "<a recorded run>"
    return net, params, X, Y


def test_tensors_that_want_gradients_get_them_before_and_after_a_program(bp, learnt):
    for forget in (True, False):
        if forget:
            law_of(bp.gradients).memory.clear()
        for _ in range(4):
            net, params, X, Y = convert(learnt, lambda a: a.clone().requires_grad_())
            J, grads = bp.gradients(net, params, X, Y)
            J.backward()
            for layer, grad in zip(params, grads, strict=True):
                assert_same(layer.W.grad, grad.dW)
        with torch.no_grad():
            assert not bp.gradients(net, params, X, Y)[0].requires_grad


def test_a_call_out_of_the_ordinary_is_not_recorded_and_the_next_may_be(bp, learnt):
    law_of(bp.gradients).memory.clear()
    wants = convert(learnt, lambda a: a.clone().requires_grad_())
    with pytest.raises(NotNow):
        learn(textbook(bp.gradients), (*wants, None), ("net", "params", "X", "Y", "block_size"))
    for given in (learnt, wants, wants, learnt, learnt):
        bp.gradients(*given)
    (repeat,) = [each.repeat for each in law_of(bp.gradients).memory.values()]
    assert repeat.__code__.co_filename == "<a recorded run>"


def test_transformations_of_torch_func(bp, learnt):
    net, params, X, Y = learnt
    J, grads = bp.gradients(net, params, X, Y)

    def cost(params):
        return bp.gradients(net, params, X, Y)[0]

    assert_same(torch.func.grad(cost)(params), tuple(Layer(*grad) for grad in grads))
    with torch.autograd.forward_ad.dual_level():
        assert in_torch.unusual(())
    Xs = torch.stack((X, 2 * X))
    Js, _ = torch.func.vmap(lambda X: bp.gradients(net, params, X, Y))(Xs)
    assert_same(Js, torch.stack((J, bp.gradients(net, params, 2 * X, Y)[0])))


@pytest.mark.filterwarnings("ignore:Sparse")
def test_a_sparse_tensor_of_the_same_shape_runs_as_it_is_written(learnt):
    net, params, X, Y = learnt
    if X.shape[0] == Y.shape[0]:  # a dense matrix times a sparse one is more than PyTorch has
        assert_same(row.gradients(net, params, X.to_sparse(), Y), row.gradients(*learnt))


def test_autocast_casts(bp):
    net, params, X, Y = arguments_of(bp, Network((5, 4, 3)), m=6, dtype=torch.float32)
    for _ in range(4):
        J, _ = bp.gradients(net, params, X, Y)
    with torch.autocast("cpu", torch.bfloat16):
        assert textbook(bp.cost)(net, textbook(bp.forward)(net, params, X), Y) != J
        assert bp.gradients(net, params, X, Y)[0] != J
    assert_same(bp.gradients(net, params, X, Y)[0], J, eps=1e-6)


def test_a_mode_that_listens_hears_the_steps_as_they_are_written(bp, learnt):
    heard = Heard()
    with heard:
        bp.gradients(*learnt)
    assert heard.names["aten.mm.default"] == 5
    assert "aten.addmm.default" not in heard.names


# Nothing goes from one device to another.


class Heard(python_dispatch.TorchDispatchMode):
    """What PyTorch is asked for, and on which devices."""

    def __init__(self):
        super().__init__()
        self.names, self.devices = Counter(), set()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        made = function(*args, **kwargs or {})
        self.names[str(function)] += 1
        for one in (*args, *(kwargs or {}).values(), made):
            if isinstance(one, torch.Tensor):
                self.devices.add(one.device.type)
        return made


COPIES = {"copy_", "lift_fresh", "_local_scalar_dense", "item", "_copy_from", "set_"}


@pytest.mark.parametrize("net", NETWORKS[::4], ids=name)
def test_all_is_done_where_the_arguments_are(bp, net, monkeypatch):
    """As written, and by the program; a device without numbers stands for any other."""
    given = arguments_of(bp, net)
    there = convert(given, lambda a: a.to("meta"))
    learnt, _ = learn(textbook(bp.gradients), (*given, None), [*"nPXYb"])
    assert learnt.__globals__["unusual"] is in_torch.unusual
    monkeypatch.setitem(learnt.__globals__, "unusual", lambda arrays: False)
    for run in (bp.gradients, learnt):
        with Heard() as heard:
            run(*there, None)
        assert heard.devices == {"meta"}
        assert not {each.split(".")[1] for each in heard.names} & COPIES


def test_meta_tensors_have_no_numbers_to_be_held_to_and_run_all_the_same(bp):
    there = convert(arguments_of(bp, Network((5, 4, 3)), m=8), lambda a: a.to("meta"))
    for _ in range(4):
        J, _ = bp.gradients(*there)
        assert J.device.type == "meta"


# Compiled.


@pytest.mark.filterwarnings("ignore:Dynamo detected a call to a .functools.lru_cache")
@pytest.mark.parametrize(
    ("warm", "net"),
    [
        (False, Network((5, 4, 6, 3))),
        (True, Network((5, 4, 3), "sigmoid", "sigmoid")),
        (True, Network((5, 4, 3), "leaky_relu", "softmax", "squared_error")),
    ],
    ids=str,
)
def test_torch_compile_reads_all_of_it(bp, warm, net):
    _, params, X, Y = arguments_of(bp, net, m=6)
    for _ in range(3 * warm):
        bp.gradients(net, params, X, Y)
    torch._dynamo.reset()
    step = torch.compile(bp.gradients, fullgraph=True, backend="eager")
    assert_same(step(net, params, X, Y), textbook(bp.gradients)(net, params, X, Y))
    with pytest.raises(Exception, match="does not fit its annotations"):
        step(net, params, X, Y.mT)
    with pytest.raises(Exception, match="does not fit its annotations"):
        step(net, params[:-1], X, Y)


@pytest.mark.filterwarnings("ignore:Dynamo detected a call to a .functools.lru_cache")
def test_what_the_page_compiles_and_captures(monkeypatch):
    assert callable(on_the_page("captured.py")["captured"])  # a GPU is asked for at the call
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="eager"))  # in no time
    given = arguments_of(row, Network((5, 4, 3)), m=6)
    wanted = row.gradients(*given)
    assert_same(on_the_page("compiled.py")["step"](*given), wanted)
    if hasattr(torch.compiler, "skip_guard_on_globals_unsafe"):  # since PyTorch 2.8
        torch._dynamo.reset()
        step = on_the_page("compiled_lightly.py")["step"]
        for _ in range(2):
            assert_same(step(*given), wanted)
        with pytest.raises(Exception, match="does not fit its annotations"):
            step(*given[:3], given[3].mT)


def test_float32_and_parameters(bp):
    net, params, X, Y = arguments_of(bp, Network((5, 4, 3)), m=6, dtype=torch.float32)
    wanted = bp.gradients(net, params, X, Y)
    params = convert(params, torch.nn.Parameter)
    with torch.no_grad():
        for _ in range(4):
            made = bp.gradients(net, params, X, Y)
    assert_same(made, wanted, eps=1e-6)


# On a GPU.


@contextlib.contextmanager
def no_call_may_wait():
    """PyTorch refuses what waits for a GPU; it warns that it does not find all of it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Synchronization debug mode is a prototype")
        torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.fixture
def on_a_gpu(bp):
    if not torch.cuda.is_available():
        pytest.skip(f"{NO_GPU} that PyTorch can use")
    law_of(bp.gradients).memory.clear()
    given = arguments_of(bp, Network((5, 4, 6, 3)))
    return convert(given, lambda a: a.to("cuda")), bp.gradients(*given)


def test_no_call_waits_for_a_gpu_or_copies(bp, on_a_gpu):
    given, wanted = on_a_gpu
    for _ in range(3):  # of which the second is held to the first's numbers, and so waits
        bp.gradients(*given)
    with no_call_may_wait():
        results = [bp.gradients(*given), textbook(bp.gradients)(*given)]
    for result in results:
        assert_same(convert(result, lambda a: a.cpu()), wanted)


@pytest.mark.parametrize("before", [0, 1, 3])
def test_a_call_is_captured_in_a_cuda_graph(bp, on_a_gpu, before):
    given, wanted = on_a_gpu
    net, params, X, Y = given
    for _ in range(before):
        bp.gradients(*given)
    here, there = X.clone(), 0 * X
    result, again = on_the_page("captured.py")["captured"](bp.gradients, net, params, there, Y)
    there.copy_(here)
    again()
    assert_same(convert(result, lambda a: a.cpu()), wanted)


@pytest.mark.filterwarnings("ignore:Dynamo detected a call to a .functools.lru_cache")
def test_compiled_for_a_gpu(bp, on_a_gpu):
    given, wanted = on_a_gpu
    for mode in ("default", "reduce-overhead"):
        torch._dynamo.reset()
        step = torch.compile(bp.gradients, fullgraph=True, mode=mode)
        for _ in range(3):
            assert_same(convert(step(*given), lambda a: a.cpu()), wanted)
