"""What pytest's option ``--explain-shapes`` does: an error has its explanation when it is reported.

``shapecheck_bp_pytest``, which pytest loads, loads this module once the option is given. An
AssertionError is left alone: there is no operation in it that failed.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from shapecheck_bp.reading.explaining import annotate


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Iterator[None]:
    """Before a report is made, explain what it is to report."""
    error = None if call.excinfo is None else call.excinfo.value
    if isinstance(error, Exception) and not isinstance(error, AssertionError):
        annotate(error)
    return (yield)
