"""What %%diagnose does in a shell, once shapecheck_bp is loaded as an extension."""

import ast
import random
import re
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("IPython", reason="IPython is not installed")

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

DATA = """\
import numpy as np
rng = np.random.default_rng(0)
X, y = rng.standard_normal((20, 2)), rng.standard_normal((20, 1))
W1, b1 = rng.standard_normal((2, 3)), np.zeros(3)
W2, b2 = rng.standard_normal((3, 1)), np.zeros(1)
opened = (line for line in "nothing of which a copy can be made")
"""
LOOP = """\
%%diagnose
rate = 0.1
for epoch in range(100):
    h = np.tanh(X @ W1 + b1)
    out = h @ W2 + b2
    cost = np.mean((out - y) ** 2)
    d_out = 2 * (out - y) / len(X)
    dh = d_out @ W2.T * (1 - h**2)
    W2 -= rate * h.T @ d_out
    b2 -= rate * d_out.sum(0)
    W1 -= rate * X.T @ dh
    b1 -= rate * dh.sum(0)
    print(f"a cost of {cost}")
after = nothing
"""
NET = """\
class Net:
    def __init__(self):
        self.W, self.V = W1.copy(), W2.copy()

    def train(self, X, y, epochs=50):
        history = []
        for _ in range(epochs):
            h = np.tanh(X @ self.W)
            out = h @ self.V
            history.append(np.mean((out - y) ** 2))
            d = 2 * (out - y) / len(X)
            d_V, d_W = h.T @ d, X.T @ (d @ self.V.T * (1 - h**2))
            self.V -= 0.1 * d_V
            self.W -= 0.1 * d_W
        return history
"""
RIGHT = "The gradients are right."
IN_NO_LOOP = "That cannot be judged: no loop and no call is found in it that changes parameters."


class Shell:
    """IPython, and what each cell shows."""

    def __init__(self, shell):
        self.shell = shell

    def __call__(self, cell):
        with capture_output() as self.shown:
            self.result = self.shell.run_cell(cell, store_history=True)
        plain = [output.data["text/plain"] for output in self.shown.outputs]
        return re.sub(r"\x1b\[[\d;]*m", "", "\n".join([self.shown.stdout, *plain]))

    def __getitem__(self, name):
        return self.shell.user_ns[name]

    @property
    def number(self):
        """The number of the cell that was run last."""
        return self.shell.execution_count - 1


@pytest.fixture
def shell(tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    shell = Shell(InteractiveShell.instance(config=Config(HistoryManager={"enabled": False})))
    shell("%load_ext shapecheck_bp")
    shell(DATA)
    yield shell
    shell("%unload_ext shapecheck_bp")
    InteractiveShell.clear_instance()


def kept(shell):
    """What a notebook has: its names, the things that they are of, and the values of arrays."""
    return {
        name: (id(value), value.tobytes() if isinstance(value, np.ndarray) else None)
        for name, value in shell.shell.user_ns.items()
        if not name.startswith("_")
    }


def test_a_right_loop_is_said_to_be_right_and_what_stands_behind_it_is_not_run(shell):
    shown = shell(LOOP)
    assert shown.strip().startswith("the cell, against its own cost, cost (line 6):")
    assert shown.endswith(RIGHT)
    assert "a cost of" not in shown
    assert shell.result.success


def test_the_wrong_line_is_named_as_it_is_numbered_in_the_cell(shell):
    shown = shell(LOOP.replace(" * (1 - h**2)", ""))
    assert f"line 8 of In[{shell.number}]: missing_activation_derivative (certain)" in shown
    assert "Write:  dh = d_out @ W2.T * (1 - h ** 2)" in shown
    first = f"line 8 of In[{shell.number}]: missing_activation_derivative"
    assert shown.endswith(f"The gradients are NOT right. First: {first}.")
    (output,) = shell.shown.outputs
    assert "The gradients are NOT right." in output.data["text/html"]


@pytest.mark.parametrize("training", ["net.train(X, y)", "history = Net().train(X, y, epochs=9)"])
def test_a_call_that_trains(shell, training):
    shell(f"{NET}\nnet = Net()")
    before = kept(shell), shell["net"].W.tobytes()
    assert shell(f"%%diagnose\n{training}\nafter = nothing").endswith(RIGHT)
    assert (kept(shell), shell["net"].W.tobytes()) == before
    shell(f"{NET.replace('h**2', 'h')}\nnet = Net()")
    defined = shell.number
    told = shell(f"%%diagnose\n{training}")
    assert f"line 12 of In[{defined}]: missing_activation_derivative (certain)" in told


def test_a_call_of_diagnose_names_the_cell_too(shell):
    shell(f"{NET.replace('h**2', 'h')}\nnet = Net()")
    defined = shell.number
    shell("from shapecheck_bp import diagnose\ntold = diagnose(net.train, X, y)")
    assert f"line 12 of In[{defined}]: missing_activation_derivative" in str(shell["told"])


def test_a_cell_that_defines_what_it_trains(shell):
    assert shell(f"%%diagnose\nimport numpy as np\n{NET}\nNet().train(X, y)").endswith(RIGHT)
    assert "Net" not in shell.shell.user_ns


def test_without_a_cost_one_is_found_or_named(shell):
    loop = LOOP.replace("cost = np.mean((out - y) ** 2)", "").replace("{cost}", "")
    assert "against half the squared error of out" in shell(loop)
    named = loop.replace("%%diagnose", "%%diagnose --loss squared_error")
    assert shell(named).endswith(RIGHT)
    assert not shell(named.replace("squared_error", "cross_entropy")).endswith(RIGHT)
    for line in ("--loss", "--loss error", "squared_error"):
        assert shell(f"%%diagnose {line}\nx = 1").startswith("Usage: %%diagnose above a cell, or")


@pytest.mark.parametrize("cell", ["Z = X @ W1", "", "# nothing", "%time Z = X @ W1", "W1 -= 1"])
def test_a_cell_that_does_not_train_is_said_not_to(shell, cell):
    before = kept(shell)
    assert shell(f"%%diagnose\n{cell}\n").endswith(IN_NO_LOOP)
    assert kept(shell) == before


def test_the_errors_of_a_cell_are_shown_as_they_are(shell):
    before = kept(shell)
    shown = shell("%%diagnose\n\nrate = nothing\nfor i in range(3):\n    W1 -= rate * W1")
    assert "----> 3 rate = nothing" in shown
    assert isinstance(shell.result.error_in_exec, NameError)
    shown = shell("%%diagnose\nfor i in range(3):\n    W1 -= X")
    assert "----> 3     W1 -= X" in shown
    assert f"In[{shell.number}]:3   W1 -= X" in shown  # and explained
    assert "SyntaxError" in shell("%%diagnose\nfor i in range(3:\n    W1 -= 1")
    assert kept(shell) == before
    assert "opening.py" not in shown


def test_the_notebook_is_afterwards_what_it_was(shell):
    shell("import random\nsettings = {'rates': [0.1]}\nseen = []\ndef see(): seen.append(1)")
    shell(
        "def counting():\n    n = []\n    return lambda: n.append(1) or len(n)\ncount = counting()"
    )
    before = kept(shell), random.getstate()
    changes = """\
random.random()
W1 *= 2
settings['rates'].append(1)
see()
count()
del y
y = 1 + X[:, :1]
rate = 0.1"""
    assert shell(LOOP.replace("rate = 0.1", changes)).endswith(RIGHT)
    assert (kept(shell), random.getstate()) == before
    assert (shell["settings"], shell["seen"], shell["count"]()) == ({"rates": [0.1]}, [], 1)


def test_functions_of_the_notebook_see_the_names_of_the_cell(shell):
    shell("def forward(X):\n    return X @ weights")
    cell = """\
%%diagnose
weights = W1[:, :1].copy()
for _ in range(9):
    error = forward(X) - y
    cost = np.mean(error ** 2)
    weights = weights - 0.1 * X.T @ error
"""
    assert shell(cell).endswith(RIGHT)
    assert "weights" not in shell.shell.user_ns


def test_what_cannot_be_copied_stands_in_the_way_where_the_cell_names_it(shell):
    shown = shell(LOOP.replace("rate = 0.1", "rate, first = 0.1, next(opened)"))
    assert "That cannot be judged: it cannot be run again: TypeError: cannot pickle" in shown
    assert next(shell["opened"]) == "n"


def test_what_the_loop_shows_is_not_shown(shell):
    loop = LOOP.replace("print(f", "display(f").replace("rate = 0.1", "rate = 0.1; display(X)")
    assert shell(loop).endswith(RIGHT)
    assert len(shell.shown.outputs) == 1


def test_while_cells_are_read(shell):
    shell("%read on")
    assert f"line 8 of In[{shell.number + 1}]" in shell(LOOP.replace(" * (1 - h**2)", ""))
    shell("%read off")


def test_what_ipython_hangs_on_the_marks_of_all_trees_is_not_copied(shell, monkeypatch):
    class Parent:
        def __deepcopy__(self, memo):
            raise AssertionError

    for node in ast.walk(ast.parse("x = y * z")):
        if isinstance(node, ast.expr_context | ast.operator):
            monkeypatch.setattr(node, "parent", Parent(), raising=False)
    assert "(certain)" in shell(LOOP.replace(" * (1 - h**2)", ""))


def test_loaded_twice_and_unloaded_it_is_gone(shell):
    shell("%reload_ext shapecheck_bp")
    assert shell(LOOP).endswith(RIGHT)
    shell("%unload_ext shapecheck_bp")
    assert "diagnose" not in shell.shell.magics_manager.magics["cell"]
    assert "Cell magic `%%diagnose` not found" in shell(LOOP) + shell.shown.stderr


def test_the_doctor_comes_when_it_is_called():
    code = (
        "import sys; from IPython.core.interactiveshell import InteractiveShell;"
        "InteractiveShell.instance().run_cell('%load_ext shapecheck_bp');"
        "print(*sorted(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert "shapecheck_bp.reading.notebook" in loaded
    assert "shapecheck_bp.doctor" not in loaded
