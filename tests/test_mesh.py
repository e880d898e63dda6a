"""Examples spread over a mesh of devices: the same gradients, and one all-reduce."""

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import sharded
from libraries import jax_in_float64
from sharded import batches, collectives

from shapecheck_bp import Network, fit
from shapecheck_bp.data import digits

HERE = Path(__file__).parent
EXAMPLE = (sys.executable, sharded.__file__)
pytestmark = pytest.mark.xdist_group("mesh")
both = pytest.mark.parametrize("convention", ["column", "row"])
depths = pytest.mark.parametrize("depth", ["1", "3"])


@pytest.fixture(scope="module")
def on_a_mesh():
    jax_in_float64()
    command = [sys.executable, "on_a_mesh.py"]
    return json.loads(subprocess.run(command, cwd=HERE, capture_output=True, check=True).stdout)


def assert_one_all_reduce(program):
    assert collectives(program["text"]) == {"all-reduce": 1}
    assert program["replicated"]


@depths
@both
@pytest.mark.parametrize("mesh", ["auto", "default"])
def test_one_all_reduce_and_the_same_gradients(on_a_mesh, mesh, convention, depth):
    program = on_a_mesh[convention][depth][mesh]
    assert_one_all_reduce(program)
    assert program["apart"] < 1e-12


@depths
@both
def test_features_spread_in_place_of_examples_need_more(on_a_mesh, convention, depth):
    program = on_a_mesh[convention][depth]["features"]
    assert program["apart"] < 1e-12
    assert collectives(program["text"])["all-gather"]
    with pytest.raises(AssertionError):
        assert_one_all_reduce(program)


@depths
@both
def test_what_jax_says_on_a_mesh_of_explicit_axes(on_a_mesh, convention, depth):
    said = on_a_mesh[convention][depth]["refused"]
    assert said.startswith("ShardingTypeError: Contracting dimensions are sharded")


def test_a_collective_is_counted_once():
    text = """
      %all-reduce-start.1 = f64[] all-reduce-start(%a), to_apply=%region
      %all-reduce-done.1 = f64[] all-reduce-done(%all-reduce-start.1)
      %all-reduce.2 = (f64[3], f64[]) all-reduce(%b, %c), metadata={op_name="all-reduce"}
      ROOT %all-gather.4 = f64[8] all-gather(%all-reduce.2), dimensions={0}
    """
    assert collectives(text) == {"all-reduce": 2, "all-gather": 1}


def test_who_sits_out_an_epoch_is_drawn_anew():
    random = np.random.default_rng(0)
    idle = []
    for _ in range(3):
        drawn = [*batches(1437, 32, 8, random)]
        assert all(len(batch) % 8 == 0 for batch in drawn)
        everyone = np.concatenate(drawn)
        assert len({*everyone}) == len(everyone) == 1432
        idle.append({*range(1437)} - {*everyone})
    assert not set.intersection(*idle)


def printed_numbers(lines):
    found = re.findall(r"^epoch .* cost J (.*)$|^held-out accuracy (.*)%$", lines, re.MULTILINE)
    return [float(cost or accuracy) for cost, accuracy in found]


def example(*options):
    done = subprocess.run([*EXAMPLE, *options], capture_output=True, text=True, check=True)
    return done.stdout


def test_on_one_device_the_example_is_fit(bp):
    jax_in_float64()
    convention = bp.__name__.rpartition(".")[2]
    *costs, accuracy = printed_numbers(
        example("--devices", "1", "--epochs", "2", "--convention", convention)
    )
    net, (train, held_out) = Network((64, 32, 10)), digits(convention)
    params, wanted = fit(
        bp,
        net,
        bp.init(net),
        train.X,
        train.Y,
        epochs=2,
        batch_size=32,
        learning_rate=0.3,
    )
    np.testing.assert_allclose(costs, wanted, rtol=1e-11)
    right = bp.predict(net, params, held_out.X) == held_out.labels
    assert accuracy == round(100 * np.mean(right), 2)


@both
def test_two_processes_print_what_one_does(convention):
    jax_in_float64()
    options = ("--epochs", "2", "--batch-size", "256", "--convention", convention)
    alone = example("--devices", "8", *options)
    assert "the compiled step has {'all-reduce': 1}" in alone
    assert "5 sit out, others in each epoch" in alone

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{listener.getsockname()[1]}"
    several = ("--coordinator", address, "--processes", "2")
    running = [
        subprocess.Popen(
            [*EXAMPLE, "--devices", "4", *options, *several, "--process", str(process)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"JAX_COORDINATOR_BIND_ADDRESS": address},
        )
        for process in range(2)
    ]
    try:
        outputs = [process.communicate(timeout=100) for process in running]
    finally:
        for process in running:
            process.kill()
    for number, (process, (out, err)) in enumerate(zip(running, outputs, strict=True)):
        assert process.returncode == 0, err
        assert f"process {number} of 2, 8 devices" in out
        assert "the compiled step has {'all-reduce': 1}" in out
        np.testing.assert_allclose(printed_numbers(out), printed_numbers(alone), rtol=1e-11)
        assert len(printed_numbers(out)) == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--devices", "5"), "--batch-size: expected a multiple of the 5 devices; got 32"),
        (("--devices", "0"), "argument --devices: invalid positive value: '0'"),
    ],
)
def test_what_cannot_be_run_is_exit_status_2(options, message):
    jax_in_float64()
    done = subprocess.run([*EXAMPLE, *options], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert message in done.stderr
