"""pytest's option ``--explain-shapes``: the errors of tests explained.

It stands beside the package, since pytest loads it in every project: without the option it loads
nothing else, and a package's own tests have the package first when they want it.
"""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.getgroup("reporting", "shapecheck_bp").addoption(
        "--explain-shapes",
        action="store_true",
        help="explain array operations that fail: which expression, its operands' shapes, and what"
        " to write for it (shapecheck_bp)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Load what explains, if it is wanted."""
    if config.getoption("--explain-shapes"):
        from shapecheck_bp.reading import pytest_plugin

        config.pluginmanager.register(pytest_plugin, "shapecheck_bp_explaining")
