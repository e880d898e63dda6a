"""All tests run in parallel, by themselves; and doctests may speak of np, as NumPy's own do."""

import gc
import os
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from _pytest.doctest import DoctestItem

# A module for a library is loaded where that is.
OF_A_LIBRARY = ("cupy", "torch")
collect_ignore = [
    f"shapecheck_bp/replay/in_{name}.py" for name in OF_A_LIBRARY if find_spec(name) is None
]


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Share the tests out to all processors, unless some are asked for by path, or -n says more."""
    options = config.option
    if not config.pluginmanager.has_plugin("xdist"):
        return
    if hasattr(config, "workerinput"):
        return
    if options.numprocesses is None and not (options.tx or options.file_or_dir):
        options.numprocesses = "logical"
    if options.numprocesses and options.dist == "no":
        options.dist = "loadgroup"
        # Every processor has its worker; NumPy reads this where it is imported, in the workers.
        for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            os.environ.setdefault(threads, "1")


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Iterator[None]:
    """Keep a group in one worker, which does not hear what was decided above."""
    in_a_worker = hasattr(config, "workerinput")
    if in_a_worker:
        config.option.loadgroup = True
    yield
    for item in items if in_a_worker else ():
        # Here xdist 3.8 puts the group, and pytest from 9.2 on does not look.
        if "_nodeid" in vars(item):
            item._id = type(item.id).parse(item._nodeid)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Let the garbage collector wait for what is collected here, which stays to the end."""
    gc.disable()
    yield
    gc.enable()
    _spare_what_stays()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """What a file's tests have left stays as well."""
    if nextitem is not None and nextitem.path != item.path:
        _spare_what_stays()


def _spare_what_stays() -> None:
    """Have the garbage collector look no more at what there is."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def no_test_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be a process without the tests' modules, all of which would be read as a person's own."""
    tests = str(Path(__file__).parent / "tests")
    for name, module in [*sys.modules.items()]:
        if str(getattr(module, "__file__", "")).startswith(tests):
            monkeypatch.delitem(sys.modules, name)


@pytest.fixture(autouse=True)
def _alone(request: pytest.FixtureRequest) -> None:
    """Let the examples in docstrings be run so."""
    if isinstance(request.node, DoctestItem):
        request.getfixturevalue("no_test_is_loaded")


@pytest.fixture(autouse=True)
def _np(doctest_namespace: dict[str, object]) -> None:
    doctest_namespace["np"] = np
