"""What pytest --explain-shapes does to reports, and what pytest does not do without it."""

import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import shapecheck_bp

pytest_plugins = ["pytester"]

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"
TESTS = """
import numpy as np
import pytest
import net

W, X = np.ones((2, 3)), np.ones((2, 4))

def test_here():
    Z = np.exp(W @ X)
    assert Z.shape == (3, 4)

def test_inside_an_assert():
    assert (W @ X).shape == (3, 4)

def test_in_imported_code():
    net.forward(W, X)

@pytest.fixture
def gone():
    yield
    W @ X

def test_at_its_end(gone):
    pass

def test_assert():
    assert W.shape == X.shape

def test_other_error():
    {}["W"]

def test_right():
    with pytest.raises(ValueError):
        W @ X
"""
# Plugins that take a while to load, and one of which loads NumPy.
OTHERS = "-p no:hypothesispytest -p no:jaxtyping -p no:xdist -p no:xdist.looponfail"
LOADED = """
import sys

def pytest_unconfigure():
    print("loaded:", sorted(m for m in sys.modules if m.startswith(("shapecheck_bp.", "numpy"))))
"""


@pytest.fixture
def project(pytester, monkeypatch):
    """A folder in which shapecheck_bp is installed, as far as entry points go."""
    entries = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]["entry-points"]
    lines = [f"{name} = {module}" for name, module in entries["pytest11"].items()]
    about = pytester.mkdir("shapecheck_bp_entries-0.dist-info")
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: shapecheck_bp_entries\n")
    (about / "entry_points.txt").write_text("\n".join(["[pytest11]", *lines]))
    monkeypatch.setenv("PYTHONPATH", str(Path(shapecheck_bp.__file__).parents[1]))
    monkeypatch.setenv("PYTEST_ADDOPTS", OTHERS)
    pytester.makepyfile(net="def forward(W, x):\n    return W @ x\n")
    return pytester


def test_reports_have_the_explanation(project):
    project.makepyfile(TESTS)
    plain = project.runpytest_subprocess("--explain-shapes", "-v")
    plain.assert_outcomes(passed=2, failed=5, errors=1)
    plain.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_at_its_end*",
            ">*W @ X*",
            "E*W.T @ X fits: it is (3, 4).",
            "*test_here*",
            "E*ValueError: matmul: *",
            "E*test_reports_have_the_explanation.py:8   Z = np.exp(W @ X)",
            "E*                                                    ^^^^^",
            "E*  W   (2, 3)",
            "E*  X   (2, 4)     W's 3 meets X's 2",
            "E*W.T @ X fits: it is (3, 4).",
            "*test_inside_an_assert*",
            "E*assert (W @ X).shape == (3, 4)",
            "E*W.T @ X fits: it is (3, 4).",
            "*test_in_imported_code*",
            "E*net.py:2   return W @ x",
            "E*W.T @ x fits: it is (3, 4).",
            "*test_assert*",
            "E*assert (2, 3) == (2, 4)",
        ]
    )
    assert plain.stdout.str().count("fits: it is") == 4


def test_pytest_says_the_same_without_the_option(project):
    project.makepyfile(TESTS)
    plain = project.runpytest_subprocess("-p", "no:shapecheck_bp")
    offered = project.runpytest_subprocess()
    assert _steady(plain) == _steady(offered)
    assert "fits" not in offered.stdout.str()


def _steady(ran):
    """What it printed, without the names of plugins and the time."""
    return [line for line in ran.outlines if not line.startswith(("plugins:", "====="))]


def test_nothing_of_the_package_is_loaded_without_the_option(project):
    project.makeconftest(LOADED)
    project.makepyfile("def test():\n    pass\n")
    project.runpytest_subprocess().stdout.fnmatch_lines(["loaded: []"])
    explained = project.runpytest_subprocess("--explain-shapes")
    explained.stdout.fnmatch_lines(["loaded: *'shapecheck_bp.reading.pytest_plugin'*"])


def test_it_can_be_turned_off(project):
    assert "--explain-shapes" in project.runpytest_subprocess("--help").stdout.str()
    refused = project.runpytest_subprocess("-p", "no:shapecheck_bp", "--explain-shapes")
    refused.stderr.fnmatch_lines(["*unrecognized arguments: --explain-shapes"])


def test_an_error_that_explains_itself_twice_has_one_note(project):
    project.makepyfile(
        """
        import numpy as np
        from shapecheck_bp import explain

        def test():
            with explain():
                np.ones((2, 3)) @ np.ones((2, 4))
        """
    )
    explained = project.runpytest_subprocess("--explain-shapes")
    assert explained.stdout.str().count(".T @ np.ones((2, 4)) fits") == 1


def test_the_installed_package_has_the_entry_point():
    found = {entry.value for entry in entry_points(group="pytest11", name="shapecheck_bp")}
    if not found:
        pytest.skip("shapecheck_bp is not installed, or was before it had an entry point")
    assert found == {"shapecheck_bp_pytest"}


def test_importing_the_package_loads_no_reading(pytester):
    pytester.makepyfile(
        """
        import sys, shapecheck_bp
        assert not [m for m in sys.modules if m.startswith("shapecheck_bp.reading")]
        from shapecheck_bp import Broadcast, Explanation, Reading, explain, explanation, read
        assert "shapecheck_bp.reading.notebook" not in sys.modules
        assert read(len, "abc").result == 3
        """
    )
    assert pytester.runpython("test_importing_the_package_loads_no_reading.py").ret == 0
