"""The benchmarks run, and what they print is complete; how fast anything is, is not for a test."""

import json
import math
import os
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "benchmarks"
pytestmark = pytest.mark.xdist_group("benchmarks")  # of which there is one report
SMALLEST = ("--parts", "gradients", "--libraries", "numpy", "--only", "3-2-2@5", "--threads", "1")


def printed(*arguments):
    command = [sys.executable, str(FOLDER), "--quick", *SMALLEST, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def report():
    return json.loads(printed("--json"))


def test_every_candidate_is_there_or_named_as_missing(report):
    (case,) = report["gradients"]
    assert (case["case"], case["threads"]) == ("3-2-2@5", 1)
    ours = {"products column", "products row", "column", "row"}
    assert ours <= {*case["seconds"]}
    optional = {"autograd", "scikit-learn"}
    assert {*case["seconds"]} | {*report["missing"]} == ours | optional
    assert not {*case["seconds"]} & {*report["missing"]}


def test_medians_and_ratios_are_of_the_rounds(report):
    (case,) = report["gradients"]
    rounds = case["rounds"]
    assert len({len(each) for each in rounds.values()}) == 1
    for name, each in rounds.items():
        assert all(0 < seconds < math.inf for seconds in each)
        assert case["seconds"][name] == statistics.median(each)
    for key, over, under in (
        ("column_to_products", "column", "products column"),
        ("row_to_products", "row", "products row"),
        ("column_to_row", "column", "row"),
    ):
        pairs = zip(rounds[over], rounds[under], strict=True)
        assert case[key] == statistics.median(one / other for one, other in pairs)
    assert {*case["to_row"]} == {*rounds} - {"products column", "column", "row"} | {"products row"}


def test_the_machine_is_described(report):
    assert report["machine"]["processor"]
    assert report["libraries"]["1"]["numpy"]["blas"]
    assert report["libraries"]["1"]["numpy"]["versions"]["numpy"]


def test_a_table_has_a_line_for_the_case():
    lines = printed("--markdown").splitlines()
    rows = [line for line in lines if line.startswith("| 3-2-2@5 ")]
    assert len(rows) == 2
    headings = [line for line in lines if line.startswith("| sizes@m |")]
    assert [line.count("|") for line in rows] == [line.count("|") for line in headings]


def test_without_a_gpu_it_says_so():
    hidden = os.environ | {"CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, str(FOLDER), "--quick", "--device", "cuda", "--libraries", "torch"]
    made = subprocess.run(command, check=True, capture_output=True, text=True, env=hidden)
    assert "Left out: torch (" in made.stdout.replace("\n", " ")


def test_the_same_gradient_on_the_arrays_of_another_library():
    pytest.importorskip("jax", reason="JAX is not installed")
    smallest = ["--parts", "gradients", "--only", "3-2-2@5", "--threads", "1", "--quick"]
    command = [sys.executable, str(FOLDER), *smallest, "--libraries", "jax", "--json"]
    made = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    (case,) = json.loads(made)["gradients"]
    assert {*case["to_theirs"]} == {"row JAX jitted", "column JAX jitted"}
    for name, ratio in case["to_theirs"].items():
        pairs = zip(case["rounds"][name], case["rounds"]["JAX jitted"], strict=True)
        assert ratio == statistics.median(one / other for one, other in pairs)
