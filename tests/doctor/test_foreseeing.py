"""What is told of a change without a run of its own is what a run of it says."""

import numpy as np
import pytest

from shapecheck_bp.doctor.edits import found
from shapecheck_bp.doctor.foreseeing import Foresight
from shapecheck_bp.doctor.judging import Judge
from shapecheck_bp.doctor.mending import Mending
from shapecheck_bp.doctor.opening import of_call
from shapecheck_bp.doctor.writing import Maker

X, Y = np.random.default_rng(0).normal(size=(2, 3, 5))
B = np.zeros((3, 1))


def squared(A):
    squared.calls += 1
    return A**2


squared.calls = 0


def step(W, b, X, Y):
    A = np.tanh(W @ X + b)
    dZ = (A - Y) * (1 - squared(A)) * 3
    last = [A, dZ]
    W -= 0.1 * dZ @ X.T
    b -= 0.1 * dZ.sum(axis=1, keepdims=True) * 2
    for _ in range(2):
        last = [np.ones(3), last]
    if b is None:
        return A @ A.T
    return None


@pytest.fixture(scope="module")
def judge():
    made = next(of_call(step, (np.full((3, 3), 0.5), B.copy(), X, Y), {}))
    with made.held():
        yield Judge(made)


LINE = step.__code__.co_firstlineno


def changes_of(judge, line, texts):
    """The whole expression of a line written otherwise."""
    (file,) = judge.step.version.files.values()
    statement = found(file.tree, LINE + line)[2]
    make = Maker(file, LINE + line, statement)
    return [make.expression("drop", statement.value, text) for text in texts]


# The line, what could be written, and whether it needs a run, and whether its value is known.
CASES = {
    "another value": (2, "(A - Y) * (1 - squared(A)) * 2", True, True),
    "the same value": (2, "3 * ((A - Y) * (1 - squared(A)))", False, False),
    "a shape that does not fit": (2, "(A - Y) * X.T", False, False),
    "no code": (2, "A[(:, 0)]", False, False),
    "no such name": (2, "(A - Y) * nobody", False, False),
    "a name of later": (2, "(A - Y) * last", False, False),
    "a call that was not made": (2, "(A - Y) * squared(Y)", True, False),
    "a call on what fails": (2, "squared(A @ A) + Y", False, False),
    "it fails beside a call": (2, "squared(Y) * (X @ A)", False, False),
    "no array of its own": (2, "Y", True, False),
    "it would grow": (5, "0.1 * dZ * 2", False, False),
    "it is added to all": (5, "0.1 * dZ.mean() * np.ones(1)", True, True),
    "met often": (7, "[np.ones(4) + np.zeros(3), last]", False, False),
    "a list that cannot be": (3, "[A + A.T, dZ]", False, False),
    "another list": (3, "[dZ, A]", True, False),
    "a line that is not met": (10, "A.T @ A", True, False),
}


@pytest.mark.parametrize(("line", "text", "is_run", "is_known"), CASES.values(), ids=CASES)
def test_which_changes_need_a_run(judge, line, text, is_run, is_known):
    others = {2: "Y + 1", 3: "[A, dZ, Y]", 5: "0.1 * b", 7: "[last]", 10: "A @ Y.T"}[line]
    *_, change = changes = changes_of(judge, line, [others, others + " ", text])
    told = {id(one): exchange for one, exchange in Foresight(judge).worth_a_run(changes)}
    assert (id(change) in told) is is_run
    assert (told.get(id(change)) is not None) is is_known


@pytest.mark.parametrize(("line", "text", "is_run", "is_known"), CASES.values(), ids=CASES)
def test_a_run_says_the_same(judge, line, text, is_run, is_known):
    mending = Mending(judge)
    changes = changes_of(judge, line, [text, text + " ", text + "  "])
    verdict = mending._verdict_with(changes[0])
    if not is_run:
        assert verdict is None or not mending._mends(verdict)
    for _, exchange in mending.foresight.worth_a_run(changes):
        if exchange is not None:
            put_in = mending._judged(judge.step.version, exchange)
            assert (put_in.right, put_in.wrong) == (verdict.right, verdict.wrong)


def test_nobodys_function_is_called_for_it(judge):
    before = squared.calls
    changes = changes_of(judge, 2, ["squared(A) + Y", "squared(Y) * 2", "squared(X)", "squared(W)"])
    list(Foresight(judge).worth_a_run(changes))
    assert squared.calls == before + 1  # of the one run


def test_few_changes_are_not_looked_at(judge):
    runs = judge.step.runs
    changes = changes_of(judge, 2, ["nobody", "nothing"])
    assert [change for change, _ in Foresight(judge).worth_a_run(changes)] == changes
    assert judge.step.runs == runs
