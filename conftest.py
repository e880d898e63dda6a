"""Doctests may speak of np, as NumPy's own do."""

import numpy as np
import pytest


@pytest.fixture(autouse=True)
def _np(doctest_namespace: dict[str, object]) -> None:
    doctest_namespace["np"] = np
