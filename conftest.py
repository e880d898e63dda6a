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
    if hasattr(config, "workerinput"):  # what was decided below is not told to the workers
        options.loadgroup = True
        return
    if options.numprocesses is None and not (options.tx or options.file_or_dir):
        options.numprocesses = "logical"
    if options.numprocesses and options.dist == "no":
        options.dist = "loadgroup"
        # Every processor has its worker; NumPy reads this where it is imported, in the workers.
        for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            os.environ.setdefault(threads, "1")


@pytest.fixture(autouse=True)
def _np(doctest_namespace: dict[str, object]) -> None:
    doctest_namespace["np"] = np
