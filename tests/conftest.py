"""What the rooms' tests share: both conventions, and a problem of distinct sizes in each."""

import os
from types import ModuleType

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from libraries import NO_BROWSER, NO_GPU
from problems import Problem, problem

from shapecheck_bp import Network, column, row

# Programs, three of which the tests of benchmarks, the mesh and mutation run, and what
# test_types.py has read.
collect_ignore = ["benchmarks", "mutation", "on_a_mesh.py", "typed_use.py"]
collect_ignore += ["doctor/homework", "reading/cases"]  # what people wrote

# How fast a machine is, or how busy, is not for a test.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

# Where one of these is set, pytest prints every message whole in its summary: what our tests have
# pytest print, and what the pages show of it, is what a person sees at home.
for name in ("CI", "BUILD_NUMBER"):
    os.environ.pop(name, None)

# Else the first of some workers has three quarters of a GPU's memory, and the others none.
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")

CONVENTIONS = {"column": column, "row": row}


@pytest.fixture(params=CONVENTIONS)
def bp(request: pytest.FixtureRequest) -> ModuleType:
    """Each convention in turn."""
    return CONVENTIONS[request.param]


@pytest.fixture
def small(bp: ModuleType) -> Problem:
    """A tanh and softmax network of distinct sizes, its parameters and data in this convention."""
    return problem(bp, Network((5, 4, 3), hidden="tanh"), m=7)


@pytest.fixture(scope="session")
def main_job():
    """What ``shapecheck-bp`` finds out; the tests that look at it are the group "main job"."""
    from shapecheck_bp.cli import comparison

    return comparison.compare_on_digits()


@pytest.fixture
def main_job_as_found(main_job, monkeypatch):
    """In place of the main job what it has found out; gives the settings that it is asked with."""
    from shapecheck_bp.cli import comparison

    settings = {}

    def compare_on_digits(**asked):
        settings.update(asked)
        return main_job

    monkeypatch.setattr(comparison, "compare_on_digits", compare_on_digits)
    return settings


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Let one process have all of JAX, which compiles each operation once in each."""
    for item in items:
        if "jax" in item.name and item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group("jax"))


@pytest.fixture(autouse=True)
def _no_silent_floating_point_faults():
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Where every framework was installed on purpose, a skipped test is a failed one.

    A GPU is no package, and neither is a browser: what is skipped for want of one fails only where
    there should be one, under ``SHAPECHECK_BP_NO_SKIPS=gpu`` and ``=browser``.
    """
    report = yield
    strict = os.environ.get("SHAPECHECK_BP_NO_SKIPS")
    if report.skipped and strict and not hasattr(report, "wasxfail"):
        no_package = {"gpu": NO_GPU, "browser": NO_BROWSER}
        no_package.pop(strict, None)
        if any(reason in str(report.longrepr) for reason in no_package.values()):
            return report
        report.outcome = "failed"
        report.longrepr = f"skipped, and SHAPECHECK_BP_NO_SKIPS is set: {report.longrepr}"
    return report
