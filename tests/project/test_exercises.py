"""The exercises: as they come, filled in, and filled in with what students write instead.

The answers stand here and not in the notebooks. A cell is known by the function in it.
"""

import re
from functools import cache
from pathlib import Path

import nbformat
import pytest

pytest.importorskip("IPython", reason="IPython is not installed")

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

pytestmark = pytest.mark.xdist_group("exercises")  # filled in once
FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = [FOLDER / "9_exercise_backprop.ipynb", FOLDER / "10_exercise_why.ipynb"]
CONVENTIONS = ["column", "row"]
BLANK = re.compile(r'^( *)(return \.\.\.|raise NotImplementedError\(".*"\)|\.\.\.  # .*)$', re.M)
WHAT_TO_WRITE = re.compile(r'NotImplementedError\("(.*)"\)|"""(.*)\."""|\.\.\.  # (.*)')
VERIFIED, RIGHT = " holds for ", "The gradients are right."

# What belongs into each cell to fill in, in columns and in rows.
BACKPROP = (
    """\
dW2 = dZ2 @ A1.T / m
db2 = np.sum(dZ2, axis=1, keepdims=True) / m
dA1 = W2.T @ dZ2
dZ1 = dA1 * (1 - A1**2)
dW1 = dZ1 @ X.T / m
db1 = np.sum(dZ1, axis=1, keepdims=True) / m
return J, [(dW1, db1), (dW2, db2)]""",
    """\
dW2 = A1.T @ dZ2 / m
db2 = np.sum(dZ2, axis=0, keepdims=True) / m
dA1 = dZ2 @ W2.T
dZ1 = dA1 * (1 - A1**2)
dW1 = X.T @ dZ1 / m
db1 = np.sum(dZ1, axis=0, keepdims=True) / m
return J, [(dW1, db1), (dW2, db2)]""",
)
ANSWERS = {
    "weights_gradient": ("return dZ @ A_prev.T / m", "return A_prev.T @ dZ / m"),
    "bias_gradient": (
        "return np.sum(dZ, axis=1, keepdims=True) / m",
        "return np.sum(dZ, axis=0, keepdims=True) / m",
    ),
    "inputs_gradient": ("return W.T @ dZ", "return dZ @ W.T"),
    "backprop": BACKPROP,
    "by_flip": ("return flip(backprop(*flip((params, X, Y))))",) * 2,
    "other_backprop": BACKPROP[::-1],
    "weights_by_sums": (
        "dW[k, j] += dZ[k, i] * A_prev[j, i]",
        "dW[j, k] += A_prev[i, j] * dZ[i, k]",
    ),
    "inputs_by_sums": (
        "dA_prev[j, i] += W[k, j] * dZ[k, i]",
        "dA_prev[i, j] += dZ[i, k] * W[j, k]",
    ),
    "wrong": ("return W @ dZ", "return dZ @ W"),
    "mean_first": (
        "return J, [(dZ @ X.T, np.sum(dZ, axis=1, keepdims=True))]",
        "return J, [(X.T @ dZ, np.sum(dZ, axis=0, keepdims=True))]",
    ),
    "step": ("W -= rate * dW / m\nb -= rate * db / m",) * 2,
    "bias_by_ones": ("return dZ @ np.ones((m, 1)) / m", "return np.ones((1, m)) @ dZ / m"),
    "flat_bias": ("return W @ A_prev + b[:, None]", "return A_prev @ W + b"),
    "flat_labels": ("return A - y", "return A - y[:, None]"),
}

# What students write: where, what stands there in the place of what, and what is then said.
# A pair of answers is what they write in columns and in rows.
MISTAKES = [
    ("weights_gradient", ("return A_prev @ dZ.T / m", "return dZ.T @ A_prev / m"), "n_in is "),
    ("weights_gradient", ("return dZ @ A_prev / m", "return A_prev @ dZ / m"), "missing transpose"),
    ("weights_gradient", ("return dZ * A_prev / m",) * 2, "be broadcast"),
    ("weights_gradient", {" / m": ""}, "dW[1] is 5 times what it should be, and m = 5"),
    ("bias_gradient", {"axis=1": "axis=0", "axis=0": "axis=1"}, "n_out is 1 here"),
    ("bias_gradient", ("return np.sum(dZ) / m",) * 2, "0 axes where 2 are meant"),
    ("bias_gradient", {", keepdims=True": ""}, "1 axis where 2 are meant"),
    ("bias_gradient", ("return dZ / m",) * 2, "where 1 is meant"),
    ("bias_gradient", {" / m": ""}, "missing_mean in db[1]"),
    ("inputs_gradient", {"W.T": "W"}, "missing transpose"),
    ("inputs_gradient", ("return dZ @ W.T", "return W.T @ dZ"), "a product of the wrong arrays"),
    ("backprop", {" * (1 - A1**2)": ""}, "missing_activation_derivative in dZ[1]"),
    ("backprop", {"1 - A1**2": "1 - np.tanh(A1) ** 2"}, "wrong_derivative_argument in dZ[1]"),
    ("backprop", {"1 - A1**2": "A1 * (1 - A1)"}, "Write:  dZ1 = dA1 * (1 - A1 ** 2)"),
    ("backprop", {" / m": ""}, "missing_mean in dW of several layers"),
    ("backprop", {"dW2 =": "dZ2 = dZ2 / m\ndW2 ="}, "double_mean in dW of several layers"),
    ("backprop", {"dW2 =": "dZ2 = Y - A2\ndW2 ="}, "sign in dZ[2]"),
    ("backprop", {"dW2 =": "dZ2 = dZ2 * A2 * (1 - A2)\ndW2 ="}, "softmax_derivative_elementwise"),
    ("backprop", {"X.T": "A1.T"}, "wrong_layer_input in dW[1]"),
    ("backprop", {"W2.T": "W2"}, "weights_not_transposed in dA_prev[2]"),
    ("backprop", {"W2.T @": "W2.T *", "@ W2.T": "* W2.T"}, "elementwise_product in dA_prev[2]"),
    ("backprop", {", keepdims=True": ""}, "db_no_keepdims in db of several layers"),
    ("backprop", {"np.sum(dZ1": "np.sum(dA1"}, "Write:  db1 = np.sum(dZ1, axis="),
    ("by_flip", {"flip(backprop": "(backprop"}, "dw_transposed in dW of several layers"),
    ("by_flip", {"*flip((params, X, Y))": "params, X, Y"}, "with every matrix transposed they"),
    ("other_backprop", BACKPROP, "raises in the function"),
    ("weights_by_sums", {"+=": "="}, "dW[2] is off by up to"),
    ("inputs_by_sums", {"W[k, j]": "W[j, k]", "W[j, k]": "W[k, j]"}, "weights_not_transposed"),
    ("wrong", ("return W.T @ dZ", "return dZ @ W.T"), "wrong holds for"),
    ("mean_first", {"X.T @ dZ": "X.T @ dZ / m", "dZ @ X.T": "dZ @ X.T / m"}, "0.2 times what it"),
    ("step", {"db / m": "db"}, "b  wrong: -0.5 dJ/db"),
    ("step", {"-=": "+="}, "W  wrong: 0.1 dJ/dW"),
    ("bias_by_ones", {" / m": ""}, "missing_mean in db[1]"),
    (
        "bias_by_ones",
        ("return dZ @ np.ones(m) / m", "return np.ones(m) @ dZ / m"),
        "1 axis where 2",
    ),
    ("flat_bias", ("return W @ A_prev + b", "return A_prev @ W + b[:, None]"), "be broadcast"),
    ("flat_labels", ("return A - y[:, None]", "return A - y"), "where 1 is meant"),
]


class Exercise:
    """A notebook in one of the conventions, in a shell."""

    def __init__(self, notebook, convention):
        book = nbformat.read(notebook, as_version=4)
        cells = [cell.source for cell in book.cells if cell.cell_type == "code"]
        choice = 'convention = "column"', f'convention = "{convention}"'
        self.cells = [cell.replace(*choice) for cell in cells]
        self.to_fill_in = {
            re.search(r"def (\w+)", cell)[1]: number
            for number, cell in enumerate(self.cells)
            if BLANK.search(cell)
        }
        self.shell = InteractiveShell(config=Config(HistoryManager={"enabled": False}))

    def run(self, number, answer=None):
        """What a cell prints, with an answer in the place of its blank; it must not raise."""
        cell = self.cells[number]
        if answer is not None:
            cell = BLANK.sub(lambda one: re.sub("^", one[1], answer, flags=re.M), cell)
            cell = cell.replace("n_in, n_out, m = 3, 2, 5", "n_in, n_out, m = 4, 4, 5")
        with capture_output() as shown:
            self.shell.run_cell(cell).raise_error()
        return shown.stdout + "".join(one.data["text/plain"] for one in shown.outputs)

    def from_the_top(self, answers):
        """What is printed below each cell to fill in."""
        printed, name = {"": ""}, ""
        names = {number: name for name, number in self.to_fill_in.items()}
        for number in range(len(self.cells)):
            name = names.get(number, name)
            told = self.run(number, answers.get(names.get(number)))
            printed[name] = printed.get(name, "") + told
        return printed

    def told_of(self, name, answer):
        """What the checks print that use this function, with this answer."""
        self.run(self.to_fill_in[name], answer)
        checks = (
            number
            for number, cell in enumerate(self.cells)
            if number not in self.to_fill_in.values() and re.search(rf"\b{name}\b", cell)
        )
        return "".join(map(self.run, checks))


def right(convention):
    return {name: answer[CONVENTIONS.index(convention)] for name, answer in ANSWERS.items()}


@cache
def filled_in(notebook, convention):
    """A notebook with the right answers, and what was printed meanwhile."""
    exercise = Exercise(notebook, convention)
    return exercise, exercise.from_the_top(right(convention))


def notebook_with(name):
    found = [one for one in NOTEBOOKS if f"def {name}(" in one.read_text(encoding="utf-8")]
    assert len(found) == 1
    return found[0]


def test_there_is_an_answer_for_each_cell_to_fill_in():
    assert [name for one in NOTEBOOKS for name in Exercise(one, "row").to_fill_in] == [*ANSWERS]


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_a_right_answer_is_told_to_be_right(convention):
    told = {}
    for notebook in NOTEBOOKS:
        told |= filled_in(notebook, convention)[1]
    assert not any(
        "wrong:" in one or "NOT right" in one for name, one in told.items() if name != "wrong"
    )
    verified = {name for name, one in told.items() if VERIFIED in one}
    diagnosed = {name for name, one in told.items() if RIGHT in one}
    # What is not told at once is told of the next one: two are used together.
    assert ANSWERS.keys() - verified - diagnosed == {"weights_by_sums", "wrong"}
    assert {name for name in verified if name in diagnosed} == {"bias_gradient", "bias_by_ones"}
    assert "W  stepped by -0.1 dJ/dW: right" in told["step"]
    assert (
        "and nothing is raised.\nFits transposed as well: W\nwrong: the body fails" in told["wrong"]
    )


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_an_empty_cell_says_what_to_write(notebook, convention):
    exercise = Exercise(notebook, convention)
    told = exercise.from_the_top({})
    for name, number in exercise.to_fill_in.items():
        assert VERIFIED not in told[name]
        assert RIGHT not in told[name]
        words = next(filter(None, WHAT_TO_WRITE.search(exercise.cells[number]).groups()))
        if name == "step":
            words = "nothing in it is stepped"
        elif name == "inputs_by_sums":  # of two that are used together the first is told
            words = "add to an entry of dW"
        assert words in told[name] or name == "weights_by_sums", name


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize(("name", "wrong", "said"), MISTAKES, ids=lambda one: str(one)[:30])
def test_a_wrong_answer_gets_the_right_line(name, wrong, said, convention):
    exercise, _ = filled_in(notebook_with(name), convention)
    answer = right(convention)[name]
    if isinstance(wrong, dict):
        parts = "|".join(map(re.escape, wrong))
        wrong = re.sub(parts, lambda part: wrong[part[0]], answer)
    else:
        wrong = wrong[CONVENTIONS.index(convention)]
    assert wrong != answer
    told = exercise.told_of(name, wrong)
    assert said in told
    assert RIGHT not in told.replace(f"{RIGHT} But see above.", "")
    exercise.run(exercise.to_fill_in[name], answer)
