"""All tests run in parallel, by themselves; and doctests may speak of np, as NumPy's own do."""

import os

import numpy as np
import pytest


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


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config) -> None:
    """Keep a group in one worker, which does not hear what was decided above."""
    if hasattr(config, "workerinput"):
        config.option.loadgroup = True


@pytest.fixture(autouse=True)
def _np(doctest_namespace: dict[str, object]) -> None:
    doctest_namespace["np"] = np
