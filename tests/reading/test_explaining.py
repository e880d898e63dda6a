"""An array operation that failed is explained: the expression, its operands, and what to write."""

import ast
import copy
import importlib.util
import linecache
import pickle
import re
import subprocess
import sys
import traceback
from pathlib import Path

import numpy as np
import pytest

from shapecheck_bp.reading import explain, explanation, read
from shapecheck_bp.reading.explaining import EXPLAINED
from shapecheck_bp.reading.values import Evaluator, Unsafe

CASES = sorted((Path(__file__).parent / "cases").glob("e*.py"))
NEEDS = {"torch": "torch", "sklearn": "scikit-learn", "jax": "JAX"}


def loaded(path):
    """A case as a module, and what is true of it."""
    for module, library in NEEDS.items():
        if f"import {module}" in path.read_text() or f"from {module}" in path.read_text():
            pytest.importorskip(module, reason=f"{library} is not installed")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module, module.TRUTH


def plain(text):
    """A text without what does not matter."""
    return text.replace(" ", "").replace("'", '"')


def failing(path):
    return 'group": "A"' in path.read_text()


RAISE = [path for path in CASES if failing(path)]


@pytest.mark.parametrize("how", ["after the fact", "in a reading"])
@pytest.mark.parametrize("path", RAISE, ids=lambda path: path.stem)
def test_a_case_is_explained(path, how):
    module, truth = loaded(path)
    if how == "in a reading":
        reading = read(module.run)
        error, found = reading.error, reading.explanation
    else:
        with pytest.raises(Exception) as caught:  # noqa: PT011
            module.run()
        error, found = caught.value, explanation(caught.value)
    assert type(error).__name__ == truth["raises"] or truth["raises"] in repr(type(error).__mro__)
    assert (found.line, plain(found.expression)) == (truth["line"], plain(truth["expression"]))
    operands = {plain(text): shape for text, shape in found.operands.items()}
    for text, shape in {**truth["operands"], **truth.get("also", {})}.items():
        assert operands[plain(text)] == shape
    assert len(found.repairs) <= 2
    assert any(plain(known) in plain(text) for known in truth["repairs"] for text in found.repairs)


@pytest.mark.parametrize("path", RAISE, ids=lambda path: path.stem)
def test_a_repair_that_is_told_works(path, tmp_path):
    """Written into the file in place of the expression, it lets that line go through."""
    module, truth = loaded(path)
    source = path.read_text()
    for repair in read(module.run).explanation.repairs:
        lines = source.splitlines()
        line = lines[truth["line"] - 1]
        assert truth["expression"] in line
        lines[truth["line"] - 1] = line.replace(truth["expression"], repair, 1)
        mended = tmp_path / path.name
        mended.write_text("\n".join(lines))
        module, _ = loaded(mended)
        try:
            module.run()
        except Exception as error:
            last = traceback.extract_tb(error.__traceback__)
            assert truth["line"] not in [
                frame.lineno for frame in last if path.name in frame.filename
            ]


def product(W, X):
    return W @ X


W, X = np.ones((2, 3)), np.ones((2, 4))
NOTE = """
  test_explaining.py:{line}   return W @ X
{space}^^^^^
  W   (2, 3)
  X   (2, 4)     W's 3 meets X's 2

  W.T @ X fits: it is (3, 4).
"""


def note_of(error):
    (note,) = error.__notes__
    return note


def caught(call, kind=ValueError):
    with pytest.raises(kind) as info:
        call()
    return info.value


LINE = product.__code__.co_firstlineno + 1
NOTE = NOTE.format(line=LINE, space=" " * len(f"  test_explaining.py:{LINE}   return "))


def test_the_note_in_a_block_a_decorator_and_a_wrapper():
    def in_a_block():
        with explain():
            product(W, X)

    for call in (in_a_block, lambda: explain(product)(W, X), lambda: explain(in_a_block)()):
        error = caught(call)
        assert note_of(error) == NOTE
        assert str(error).startswith(
            "matmul: Input operand 1 has a mismatch in its core dimension 0"
        )


def test_a_decorated_function_is_the_same_but_for_its_errors():
    @explain
    def f(a, *, b=2):
        """Doc."""
        return a + b

    assert (f.__name__, f.__doc__, f(1), f(1, b=5)) == ("f", "Doc.", 3, 6)


def test_the_note_shows_in_a_traceback():
    text = "".join(traceback.format_exception(caught(lambda: explain(product)(W, X))))
    assert text.endswith(f"{NOTE}\n")


def test_what_has_nothing_to_do_with_arrays_has_no_note():
    def key():
        return {}["a"]

    def deliberate(x):
        raise ValueError("shapes do not match")

    def number():
        return 1 / 0

    for call, kind in (
        (key, KeyError),
        (lambda: deliberate(W), ValueError),
        (number, ZeroDivisionError),
        (lambda: int("a"), ValueError),
        (lambda: np.linalg.inv(np.zeros((2, 2))), np.linalg.LinAlgError),
    ):
        error = caught(explain(call), kind)
        assert getattr(error, "__notes__", []) == []
        assert explanation(error) is None


def test_no_exception_is_no_matter():
    with explain():
        assert product(W, X.T[:3]).shape == (2, 2)


def test_an_exception_from_elsewhere_is_not_touched():
    assert explanation(ValueError("never raised")) is None
    assert explanation(caught(lambda: np.ones(3) + np.ones(4))) is not None


def test_a_persons_functions_are_not_called_again():
    calls = []

    def mine():
        calls.append(1)
        return X

    error = caught(explain(lambda: W @ mine()))
    assert calls == [1]
    assert explanation(error).operands == {"W": (2, 3)}


def test_properties_and_descriptors_of_a_person_are_not_asked_again():
    class Model:
        asked = 0

        def __init__(self):
            self.W = W

        @property
        def X(self):
            Model.asked += 1
            return X

        def run(self):
            return self.W @ self.X

    error = caught(explain(Model().run))
    assert Model.asked == 1
    assert explanation(error).operands == {"self.W": (2, 3)}


def test_random_numbers_are_not_drawn_again():
    random = np.random.default_rng(0)
    np.random.seed(0)  # noqa: NPY002
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    twin = copy.deepcopy(random)
    caught(explain(lambda: W @ np.asarray(np.ones((2, 4)))))
    caught(explain(lambda: W @ random.normal(size=(2, 4))))
    twin.normal(size=(2, 4))
    assert random.normal() == twin.normal()
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


def test_nothing_is_changed_in_place_by_trying():
    A, b = np.ones((3, 4)), np.arange(3.0)

    def subtract():
        nonlocal A
        A -= b

    error = caught(explain(subtract))
    assert explanation(error).repairs == ("A -= b[:, None]",)
    assert A.tolist() == np.ones((3, 4)).tolist()


def test_an_error_inside_explaining_is_kept_inside(monkeypatch):
    import shapecheck_bp.reading.explaining as explaining

    def broken(*args):
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(explaining, "repairs", broken)
    error = caught(explain(product.__call__.__self__ and (lambda: product(W, X))))
    assert getattr(error, "__notes__", []) == []


def test_an_exception_without_room_for_a_note():
    class Slotted(ValueError):
        def add_note(self, note):
            raise AttributeError("no notes")

    class Array(np.ndarray):
        def __matmul__(self, other):
            raise Slotted("shapes")

    mine = W.view(Array)
    error = caught(explain(lambda: mine @ X), Slotted)
    assert str(error) == "shapes"


def test_explained_once_however_often_it_passes():
    @explain
    def outer():
        with explain():
            return explain(product)(W, X)

    error = caught(outer)
    assert len(error.__notes__) == 1
    assert getattr(error, EXPLAINED) is True


def test_keyboard_interrupts_go_through():
    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        explain(interrupted)()


def test_an_exception_with_a_note_can_be_pickled():
    error = caught(lambda: explain(product)(W, X))
    assert type(pickle.loads(pickle.dumps(error))) is ValueError


def test_code_without_source_is_left_alone():
    names = {"np": np}
    exec("def f(W, X):\n    return W @ X", names)
    error = caught(lambda: names["f"](W, X))
    found = explanation(error)
    assert found is None or "test_explaining" in found.file


def test_a_script_from_the_shell_shows_the_note(tmp_path):
    script = tmp_path / "homework.py"
    script.write_text(
        "import numpy as np\n"
        "from shapecheck_bp.reading import explain\n"
        "with explain():\n"
        "    total = np.ones((2, 3)) + np.ones((3, 2))\n"
    )
    command = [sys.executable, script]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert "homework.py:4   total = np.ones((2, 3)) + np.ones((3, 2))" in done.stderr
    assert "np.ones((2, 3)).T + np.ones((3, 2)) fits: it is (3, 2)." in done.stderr


MATRICES = {"A": np.ones((3, 4)), "B": np.ones((4, 2)), "v": np.ones(3), "c": np.ones((4, 1))}
MATRICES["C"] = np.ones((5, 2))


def explanation_of(code):
    """What is said of the exception that a line about ``MATRICES`` raises."""
    path = Path(__file__).with_name("never written.py")
    linecache.cache[str(path)] = (len(code), None, [code], str(path))
    with pytest.raises(Exception) as info:  # noqa: PT011
        exec(compile(code, str(path), "exec"), dict(MATRICES, np=np))
    return explanation(info.value)


@pytest.mark.parametrize(
    ("code", "repairs"),
    [
        ("A * B", ["A @ B"]),
        ("B @ A", ["A @ B"]),
        ("A.T @ B", ["A @ B"]),
        ("A + v", ["A + v[:, None]", "A.T + v"]),
        ("A @ v", ["A.T @ v", "v @ A"]),
        (
            "A - A.mean(axis=1)",
            ["A - A.mean(axis=1, keepdims=True)", "A - A.mean(axis=1)[:, None]"],
        ),
        (
            "A / np.linalg.norm(A, axis=1)",
            [
                "A / np.linalg.norm(A, axis=1, keepdims=True)",
                "A / np.linalg.norm(A, axis=1)[:, None]",
            ],
        ),
        ("np.dot(B, A)", ["A @ B"]),
        ("np.concatenate([A, B])", ["np.concatenate([A, B.T])"]),
        (
            "np.concatenate([v, c])",
            ["np.concatenate([v[:, None], c])", "np.concatenate([v, c.ravel()])"],
        ),
        ("np.hstack([A, v])", ["np.hstack([A, v[:, None]])"]),
        (
            "np.einsum('ij,ik->jk', A, B)",
            ["np.einsum('ij,ik->jk', A.T, B)", "np.einsum('ji,ik->jk', A, B)"],
        ),
        (
            "np.einsum('ij,jk,kl->il', A, B, C)",
            ["np.einsum('ij,jk,kl->il', A, B, C.T)", "np.einsum('ij,jk,lk->il', A, B, C)"],
        ),
        ("A.reshape(5, 2)", ["A.reshape(-1, 2)"]),
        ("A.sum(axis=2)", ["A.sum(axis=1)", "A.sum(axis=0)"]),
        ("np.linalg.solve(A[:, :3], B)", []),
        ("A[v > 0, v[:2] > 0]", []),
        (
            "np.where(v > 0, A, 0)",
            ["np.where((v > 0)[:, None], A, 0)", "np.where(v > 0, A.T, 0)"],
        ),
    ],
)
def test_what_to_write(code, repairs):
    found = explanation_of(code)
    told = list(found.repairs) if found else []
    if repairs:
        assert told == repairs
        for text in told:
            eval(text, dict(MATRICES, np=np))


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("A + B", "A's 4 meets B's 2"),
        ("A - C[:2].T @ C[:2] @ B.T", "A's 3 meets C[:2].T @ C[:2] @ B.T's 2"),
        ("A * B.T", "A's 3 meets B.T's 2"),
        ("A < v", "A's 4 meets v's 3"),
        ("v @ B", "v's 3 meets B's 4"),
        ("A @ v", "A's 4 meets v's 3"),
        ("np.dot(A, A)", ""),
        ("np.dot(A, v)", "A's 4 meets v's 3"),
        ("A[:, None] + np.ones((3, 2, 4))[:2]", "A[:, None]'s 3 meets np.ones((3, 2, 4))[:2]'s 2"),
    ],
)
def test_which_sizes_meet(code, said):
    assert explanation_of(code).meeting == said


def test_a_repair_that_suits_what_stands_beside_it_is_told_with_it():
    def adds(W, x):
        return W @ x + x

    said = str(read(adds, np.ones((3, 4)), np.ones((3, 4))).explanation).splitlines()
    assert said[2:5] == ["  W   (3, 4)", "  x   (3, 4)     W's 4 meets x's 3", ""]
    assert said[5:] == ["  W * x fits: it is (3, 4), as x beside it is."]


@pytest.mark.parametrize("call", ["np.add(a, a, out=c)", "np.add(a, a, **options)", "c.fill(2)"])
def test_what_would_be_written_into_is_not_computed_with(call):
    names = {"np": np, "a": np.ones(2), "c": np.zeros(2), "options": {}}
    with pytest.raises(Unsafe, match=re.escape(call)):
        Evaluator(names).value(ast.parse(call, mode="eval").body)
    assert not names["c"].any()


def test_a_reading_knows_what_came_of_a_persons_own_function_and_tries_the_whole_call():
    def doubled(x):
        return 2 * x

    def train(X, W, y):
        return doubled(X) @ W - y

    fits = read(train, np.ones((3, 4)), np.ones((3, 5)), np.ones((4, 5)))
    assert explanation(fits.error).operands == {"W": (3, 5)}, "nothing is called again"
    found = fits.explanation
    assert found.operands == {"doubled(X)": (3, 4), "W": (3, 5)}
    assert found.repairs == ("doubled(X).T @ W",)
    assert "statement" not in repr(found)
    assert "repairs=('doubled(X).T @ W',)" in repr(found)
