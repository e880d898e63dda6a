"""What %load_ext shapecheck_bp does in a shell; notebooks/8 is what it does in a notebook."""

import re

import pytest

pytest.importorskip("IPython", reason="IPython is not installed")

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

pytestmark = pytest.mark.usefixtures("no_test_is_loaded")

ARRAYS = "import numpy as np\nW, X = np.ones((2, 3)), np.ones((2, 4))"
MEAN = "def mse(p, y):\n    return ((p - y) ** 2).mean()"


class Shell:
    """IPython, and what each cell prints."""

    def __init__(self, shell, capsys):
        self.shell, self.capsys = shell, capsys

    def __call__(self, cell):
        self.capsys.readouterr()
        self.result = self.shell.run_cell(cell, store_history=True)
        return re.sub(r"\x1b\[[\d;]*m", "", self.capsys.readouterr().out)


def unnumbered(shown):
    """What a cell printed, whichever its number is."""
    return re.sub(r"(In\[|ipython-input-)\d+", r"\1", shown)


@pytest.fixture
def bare(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    shell = InteractiveShell.instance(config=Config(HistoryManager={"enabled": False}))
    yield Shell(shell, capsys)
    shell.run_cell("%unload_ext shapecheck_bp")
    InteractiveShell.clear_instance()


@pytest.fixture
def shell(bare):
    bare("%load_ext shapecheck_bp")
    bare(ARRAYS)
    return bare


def test_an_error_is_shown_as_it_was_with_its_explanation_behind_it(bare):
    bare(ARRAYS)
    plain = bare("W @ X")
    bare("%load_ext shapecheck_bp")
    explained = bare("W @ X")
    head, _, note = explained.partition("  In[4]:1   W @ X\n")
    assert unnumbered(head.rstrip()) == unnumbered(plain.rstrip())
    assert (
        note
        == "  W   (2, 3)\n  X   (2, 4)     W's 3 meets X's 2\n\n  W.T @ X fits: it is (3, 4).\n\n"
    )
    assert isinstance(bare.result.error_in_exec, ValueError)


@pytest.mark.parametrize(
    "cell", ["1 / 0", "(", "  x = 1\n y = 2", "%nothing", "raise KeyError('x')", "W.nothing"]
)
def test_other_errors_are_shown_as_they_were(bare, cell):
    bare(ARRAYS)
    plain = bare(cell)
    bare("%load_ext shapecheck_bp")
    assert unnumbered(bare(cell)) == unnumbered(plain)


def test_another_handler_of_exceptions_stays_and_shows_what_is_its(bare):
    shown = []
    bare.shell.set_custom_exc((ValueError,), lambda *args, **_: shown.append(args[2]))
    bare(ARRAYS)
    bare("%load_ext shapecheck_bp")
    bare("W @ X")
    assert "W.T @ X fits" in shown[0].__notes__[0]
    bare("%unload_ext shapecheck_bp")
    bare("W @ X")
    assert (len(shown), hasattr(shown[1], "__notes__")) == (2, False)


def test_a_cell_is_read_with_what_it_calls(shell):
    assert "mse" not in shell(MEAN)
    shown = shell("%%read\nZ = W.T @ X\nerror = mse(Z[:, :1], Z[:, 1])\nerror")
    assert f"Out[{shell.shell.execution_count - 1}]: " in shown
    listing = shown.partition("\n")[2]
    assert listing == (
        "In[4], at the top\n"
        "    2  Z = W.T @ X                      (3, 4)\n"
        "    3  error = mse(Z[:, :1], Z[:, 1])\n"
        "    4  error\n\n"
        "In[3], mse\n"
        "    1  def mse(p, y):\n"
        "    2      return ((p - y) ** 2).mean()\n\n"
        "  In[3]:2   p - y\n\n"
        "  p   (3, 1)\n"
        "  y   (3,)\n\n"
        "  is (3, 3): each is spread over the other.\n"
        "  If that is not meant: p - y[:, None] or p.ravel() - y\n"
    )
    assert shell.shell.user_ns["Z"].shape == (3, 4)
    assert shell.shell.user_ns["error"] == 0


def test_functions_of_a_cell_that_was_read_have_their_own_code(shell):
    shell(f"%%read\n{MEAN}\nmse(W, W)")
    assert "__shapecheck_seen__" not in shell.shell.user_ns["mse"].__code__.co_names
    assert "(2, 3)" in shell("%%read\nmse(W, W)\nW")


@pytest.mark.parametrize("cell", ["W += 1", "W += 1\nW;", "Z = W", "for w in W:\n    w", ""])
def test_a_cell_shows_no_more_than_without(shell, cell):
    assert "Out" not in shell(f"%%read\n{cell}")


def test_a_cell_that_raises_is_an_error_and_keeps_its_lines(shell):
    shown = shell("%%read\nZ = W.T\nW @ X")
    assert "----> 3 W @ X" in shown
    assert shown.endswith("at the top\n    2  Z = W.T   (3, 2)\n    3  W @ X\n")
    assert "In[3]:3   W @ X" in shown
    assert isinstance(shell.result.error_in_exec, ValueError)


def test_a_cell_that_awaits_is_read_too(shell):
    shell(MEAN)
    shown = shell("%%read\nimport asyncio\nawait asyncio.sleep(0)\nmse(W[:, :1], X[:, 0])")
    assert "at the top\n    2  import asyncio\n    3  await asyncio.sleep(0)" in shown
    assert "each is spread over the other" in shown


def test_a_command_inside_a_cell_that_is_read(shell):
    assert "(2, 4)" in shell("%%read\n%time Y = X + 1\nZ = Y * 2\nget_ipython().run_cell('1')")
    assert shell.shell.ast_transformers == []


def test_read_on_shows_the_silent_broadcasts_of_each_cell(shell):
    shell(MEAN)
    wrong = "mse(W[:, :1], X[:, 0])"
    assert "spread" not in shell(wrong)
    assert shell("%read on") == ""
    shown = shell(wrong)
    assert shown.count("each is spread over the other") == 1
    assert "at the top" not in shown
    assert shell("Z = mse(W, W)") == ""
    assert shell("  ") == ""
    assert "fits" in shell("W @ X")
    assert shell("%read off") == ""
    assert "spread" not in shell(wrong)


def test_usage(shell):
    assert shell("%read maybe").startswith("Usage: %%read above a cell")


def test_loaded_twice_and_unloaded_it_leaves_nothing(bare):
    shell = bare.shell
    transformers = [*shell.input_transformers_cleanup]
    events = [*shell.events.callbacks["pre_run_cell"]]
    before = shell.custom_exceptions, shell.CustomTB
    bare("%load_ext shapecheck_bp")
    bare("%reload_ext shapecheck_bp")
    bare("%read on")
    bare("%unload_ext shapecheck_bp")
    assert shell.input_transformers_cleanup == transformers
    assert shell.events.callbacks["pre_run_cell"] == events
    assert (shell.custom_exceptions, shell.CustomTB) == before
    assert "read" not in shell.magics_manager.magics["line"]
    assert "_end" not in str(shell.events.callbacks["post_run_cell"])
