"""pytest's options ``--explain-shapes`` and ``--shapechecked=package``.

The first explains the errors of tests; the second holds every function of a package to its
annotations while it is tested. This stands beside the package, since pytest loads it in every
project: without an option it loads nothing else, and a package's own tests have the package first
when they want it.
"""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("reporting", "shapecheck_bp")
    group.addoption(
        "--shapechecked",
        metavar="PACKAGE,…",
        default="",
        help="hold every function and class of these packages to its annotations, shapes and all"
        " (shapecheck_bp)",
    )
    group.addoption(
        "--explain-shapes",
        action="store_true",
        help="explain array operations that fail: which expression, its operands' shapes, and what"
        " to write for it (shapecheck_bp)",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Hook the packages, before a conftest imports them."""
    packages = early_config.known_args_namespace.shapechecked
    if packages:
        from shapecheck_bp.shapes.hook import install_import_hook

        install_import_hook(packages.split(","))


def pytest_configure(config: pytest.Config) -> None:
    """Load what explains, if it is wanted."""
    if config.getoption("--explain-shapes"):
        from shapecheck_bp.reading import pytest_plugin

        config.pluginmanager.register(pytest_plugin, "shapecheck_bp_explaining")
