"""A call read, and made again with something changed; notebooks, scripts, methods, closures."""

import ast
import json
import random
import runpy
import subprocess
import sys
import textwrap
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from shapecheck_bp.reading import read
from shapecheck_bp.reading.copies import NotAgain
from shapecheck_bp.reading.scripts import read_script

SIZE = 3
weights = np.ones(SIZE)
history = []
total = 0.0


class Net:
    def __init__(self, n):
        self.W = np.ones((n, n))
        self.steps = 0

    def step(self, x):
        y = self.W @ x
        self.W -= 0.5 * np.outer(y, x)
        self.steps += 1
        return y

    def __call__(self, x):
        return self.step(x) + 1


def doubled(x):
    y = x * 2
    for _ in range(3):
        y = y + 1
    return y.sum()


def changes_globals(x):
    global total, made_here
    total += x.sum()
    weights[0] += 1
    history.append(total)
    made_here = weights * 2
    return weights * np.random.rand(), random.random()  # noqa: NPY002


def sites(reading, text):
    """The sites of that text, in the order in which they were met."""
    return [site for site in reading.notes.order if site.text == text]


def site(reading, text):
    (only,) = sites(reading, text)
    return only


def times(reading, text):
    return reading.notes.records[site(reading, text).number].times


def expression(text):
    return ast.parse(text, mode="eval").body


def test_shapes_are_noted_first_last_and_how_often():
    def grows(n):
        x = np.zeros(1)
        for _ in range(n):
            x = np.concatenate([x, x])
        return x

    reading = read(grows, 3)
    record = reading.notes.records[site(reading, "np.concatenate([x, x])").number]
    assert (record.first, record.last, record.times) == ((2,), (8,), 3)
    assert "(2,) … (8,)   x 3" in str(reading)


def test_an_augmented_assignment_is_counted_once():
    def adds():
        x = np.zeros((2, 3))
        x += np.ones(3)
        return x

    assert "x += np.ones(3)        (2, 3)\n" in str(read(adds))


# Again.


def test_a_value_exchanged_every_time_and_at_the_nth_time():
    reading = read(doubled, np.ones(2))
    assert reading.result == 10
    plus = site(reading, "y + 1")
    assert reading.again({(plus, None): lambda y: y + 1}).result == 16
    for n in range(3):
        assert reading.again({(plus, n): lambda y: y * 0}).result == 2 * (2 - n)
    assert reading.again({(plus, 3): lambda y: y * 0}).result == 10
    both = reading.again({(plus, 0): lambda y: y * 0, (plus, 1): lambda y: y + 5})
    assert both.result == 14
    assert reading.result == 10


def test_what_an_exchange_raises_is_the_error_of_the_call():
    reading = read(doubled, np.ones(2))

    def fails(_):
        raise LookupError("enough")

    again = reading.again({(site(reading, "x * 2"), 0): fails})
    assert isinstance(again.error, LookupError)
    assert again.result is None


def test_another_expression_instead():
    reading = read(doubled, np.ones(2))
    node = site(reading, "x * 2").node
    other = reading.again(instead={node: expression("x * 3 + 0 * np.ones(2)")})
    assert other.result == 12
    assert times(other, "x * 2") == 1  # what stands instead is noted in its place
    assert times(other, "y + 1") == 3
    assert reading.again().result == 10
    assert doubled(np.ones(2)) == 10


def test_an_expression_instead_of_one_that_failed():
    def product(W, X):
        Z = W @ X
        return Z.sum()

    reading = read(product, np.ones((2, 3)), np.ones((2, 4)))
    assert isinstance(reading.error, ValueError)
    node = next(n for n in ast.walk(next(iter(reading.files.values())).tree) if is_product(n))
    again = reading.again(instead={node: expression("W.T @ X")})
    assert (again.error, again.result) == (None, 24)
    assert reading.explanation.repairs[0] == "W.T @ X"


def is_product(node):
    return isinstance(node, ast.BinOp) and ast.unparse(node) == "W @ X"


def test_both_at_once_and_a_reading_of_a_reading():
    reading = read(doubled, np.ones(2))
    node, plus = site(reading, "x * 2").node, site(reading, "y + 1")
    again = reading.again({(plus, 0): lambda y: y * 0}, {node: expression("x * 100")})
    assert again.result == 4
    assert again.again().result == 10


def test_a_method_is_made_again_on_a_copy_of_its_object():
    net = Net(2)
    reading = read(net.step, np.ones(2))
    after = net.W.copy()
    assert net.steps == 1
    again = reading.again()
    assert again.result.tolist() == reading.result.tolist() == [2, 2]
    changed = reading.again({(site(reading, "self.W @ x"), 0): lambda y: y * 2})
    assert changed.result.tolist() == [4, 4]
    assert net.steps == 1
    assert net.W.tolist() == after.tolist()


@pytest.mark.parametrize("way", ["object", "lambda", "partial", "argument", "list"])
def test_however_an_object_comes_in_it_is_as_it_was(way):
    net = Net(2)
    x = np.ones(2)

    def steps(nets):
        return nets[0].step(x)

    call = {
        "object": (net, x),
        "lambda": (lambda: net.step(x),),
        "partial": (partial(net.step, x),),
        "argument": (Net.step, net, x),
        "list": (steps, [net]),
    }[way]
    reading = read(*call)
    first = reading.result.tolist()
    assert net.steps == 1
    assert [reading.again().result.tolist() for _ in range(2)] == [first, first]
    assert net.steps == 1
    assert times(reading, "self.W @ x") == 1
    assert times(reading.again(), "self.W @ x") == 1


def test_counters_in_closures_are_as_they_were():
    def make():
        n, many = 0, []

        def step(x):
            nonlocal n
            n += 1
            many.append(x * n)
            return n, len(many)

        return step

    step = make()
    assert step(1) == (1, 1)
    reading = read(step, 1)
    assert reading.result == (2, 2)
    assert reading.again().result == (2, 2)
    assert step(1) == (3, 3)


def test_globals_and_random_numbers_are_put_back():
    random.seed(3)
    np.random.seed(3)  # noqa: NPY002
    reading = read(changes_globals, np.ones(2))
    names, state = dict(globals()), random_state()
    before = [value.tolist() for value in (weights, made_here)], list(history), total
    again = reading.again()
    assert [np.asarray(part).tolist() for part in again.result] == [
        np.asarray(part).tolist() for part in reading.result
    ]
    assert globals().keys() == names.keys()
    assert all(globals()[name] is value for name, value in names.items())
    assert random_state() == state
    assert ([value.tolist() for value in (weights, made_here)], history, total) == before


def random_state():
    return random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_everything_is_put_back_whatever_happens(error):
    random.seed(4)
    reading = read(changes_globals, np.ones(2))
    code, before = changes_globals.__code__, (weights, history, total, weights.tolist())
    state = random.getstate()

    def fails(_):
        raise error

    exchange = {(site(reading, "weights * 2"), 0): fails}
    if error is ValueError:
        assert isinstance(reading.again(exchange).error, ValueError)
    else:
        with pytest.raises(error):
            reading.again(exchange)
    assert changes_globals.__code__ is code
    assert random.getstate() == state
    assert (weights, history, total)[0] is before[0]
    assert (history is before[1], total, weights.tolist()) == (True, *before[2:])


def test_torch_begins_with_the_same_random_numbers():
    torch = pytest.importorskip("torch")

    def draws(layer):
        y = layer(torch.rand(2, 3))
        layer.weight.data += 1
        return y.detach().numpy()

    layer = torch.nn.Linear(3, 2)
    reading = read(draws, layer)
    weight = layer.weight.detach().clone()
    assert reading.again().result.tolist() == reading.result.tolist()
    assert torch.equal(layer.weight, weight)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: (n for n in range(3)), "cannot pickle 'generator' object"),
        (lambda: HashedByItself.table(), "HashedByItself.__hash__ would be called"),
        (lambda: Closing(), "Closing.__del__ would be called"),
    ],
)
def test_what_cannot_be_copied_is_read_and_not_again(make, why):
    thing = make()

    def takes(thing):
        return np.ones(2) + 1

    reading = read(takes, thing)
    assert reading.result.tolist() == [2, 2]
    with pytest.raises(NotAgain, match=f"^cannot be run again: .*{why}"):
        reading.again()


@pytest.mark.usefixtures("no_test_is_loaded")
def test_a_script_is_not_run_again(tmp_path):
    path = tmp_path / "script.py"
    path.write_text("x = 1 + len('abc')\n")
    reading = read_script(str(path))
    assert reading.error is None
    with pytest.raises(NotAgain, match="^a script or a cell is not run again: it may write files"):
        reading.again()


class HashedByItself:
    hashed = 0

    def __hash__(self):
        HashedByItself.hashed += 1
        return 1

    def __eq__(self, other):
        return self is other

    @classmethod
    def table(cls):
        return {cls(): [1]}


class Closing:
    closed = 0

    def __del__(self):
        Closing.closed += 1


# Where functions come from.


@pytest.fixture
def cells(monkeypatch, tmp_path):
    """Runs the cells of a notebook, and gives the names that there are then."""
    interactive = pytest.importorskip("IPython.core.interactiveshell")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    shell = interactive.InteractiveShell.instance()
    shell.history_manager.enabled = False

    def run(*sources):
        for source in sources:
            result = shell.run_cell(source)
            assert result.error_before_exec is None
            assert result.error_in_exec is None
        return shell.user_ns

    yield run
    interactive.InteractiveShell.clear_instance()


def test_cells_of_a_notebook_are_read(cells):
    names = cells(
        "import numpy as np\nfrom shapecheck_bp.reading import read\nscale = np.ones(3)",
        "%time state = [0]",
        "def layer(x):\n    state[0] += 1\n    return x * scale",
        "def network(x):\n    h = layer(x)\n    return layer(h + 1).sum()",
        "reading = read(network, np.ones((2, 3)))",
        "f = lambda a: a + scale\nother = read(f, 1)",
        "def layer(x):\n    return x + scale[:, None]",
        "after = read(network, np.ones((3, 3)))",
    )
    reading = names["reading"]
    assert reading.result == 12
    assert times(reading, "x * scale") == 2
    assert len(reading.files) == 2
    assert names["state"] == [2]
    assert reading.again().result == 12  # of the layer that there was then
    assert names["state"] == [2]
    assert times(names["other"], "a + scale") == 1
    assert times(names["after"], "x + scale[:, None]") == 2
    assert not reading.not_read


def test_an_awaiting_cell_is_read_too(cells):
    names = cells(
        "import asyncio\nfrom shapecheck_bp.reading import read",
        "def f(x):\n    return x + 1\nawait asyncio.sleep(0)\nreading = read(f, 2)",
    )
    assert times(names["reading"], "x + 1") == 1


SCRIPT = """
from __future__ import annotations
import numpy as np
from shapecheck_bp.reading import read

W = np.ones((2, 3))

def f(x: np.ndarray) -> np.ndarray:
    def g(y: Missing = 1):
        return W @ x + y
    return g()

def main():
    reading = read(f, np.ones(3))
    print(reading.not_read, [site.text for site in reading.notes.order])
    return reading

if __name__ == "__main__":
    main()
"""


def test_a_script_is_read(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    command = [sys.executable, "script.py"]
    made = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert made.stdout == "{} ['W', 'x', 'W @ x', 'y', 'W @ x + y', 'g()']\n"
    names = runpy.run_path(str(path), run_name="other")
    assert names["main"]().result.tolist() == [4, 4]


def test_functions_are_found_wherever_they_are_held(tmp_path, monkeypatch):
    (tmp_path / "far_away.py").write_text(
        textwrap.dedent(
            """
            def table_one(x):
                return x * 1

            def named(x):
                return x * 2

            class Base:
                def inherited(self, x):
                    return x * 3

                @property
                def asked(self):
                    return 1 * 4
            """
        )
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    import far_away

    table = {"one": far_away.table_one}

    class Mine(far_away.Base):
        pass

    def calls(x):
        import far_away as module

        y = table["one"](x) + getattr(module, "named")(x)  # noqa: B009
        return y + Mine().inherited(x) + Mine().asked

    reading = read(calls, 1)
    assert reading.result == 10
    assert [times(reading, f"x * {n}") for n in (1, 2, 3)] == [1, 1, 1]
    del sys.modules["far_away"]


def test_nothing_of_a_library_is_read():
    reading = read(np.testing.assert_allclose, 1, 1)
    assert reading.error is None
    assert reading.files == {}
    assert reading.notes.order == []


def test_the_benchmark_runs_and_notes_take_little_memory():
    program = Path(__file__).parents[1] / "benchmarks" / "reading.py"
    command = [sys.executable, str(program), "--quick", "--json"]
    report = json.loads(subprocess.check_output(command))
    assert {*report["loops"]} == {"numbers", "arrays", "train"}
    assert all(part["notes"] > 1000 for part in report["loops"].values())
    assert all(size < 100 for size in report["more_mb"].values())
    assert len(report["project_s"]) == 4
