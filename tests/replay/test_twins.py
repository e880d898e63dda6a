"""Twins run in the place of checked steps only while nothing else can tell."""

import functools
from contextlib import contextmanager

import numpy as np
import pytest

from shapecheck_bp import shapechecked
from shapecheck_bp.shapes.law import law_of
from shapecheck_bp.shapes.switch import listen


@pytest.mark.parametrize("calls", [1, 2, 3])
def test_steps_are_heard_where_their_twins_would_have_run(bp, small, calls):
    """After the first call twins would run, and a program after the second."""
    law_of(bp.gradients).memory.clear()
    for _ in range(calls):
        bp.gradients(*small)
    entered, left = [], []

    @contextmanager
    def listener(law, arguments):
        entered.append(law.function.__name__)
        yield lambda result: left.append(law.function.__name__)

    with listen(listener):
        bp.gradients(*small)
    assert entered[:3] == ["gradients", "forward", "linear_forward"]
    assert entered.count("weights_backward") == 2
    assert left[-2:] == ["backward", "gradients"]


def test_a_step_that_a_step_calls_is_replaced_and_put_back(bp, small, monkeypatch):
    for _ in range(3):
        J, _ = bp.gradients(*small)
    for step, replacement, wanted in [
        ("cost", lambda net, cache, Y: np.float64(7), 7),
        ("cross_entropy", lambda log_A, Y: Y, 1),
    ]:
        monkeypatch.setattr(bp, step, replacement)
        for _ in range(2):
            assert bp.gradients(*small)[0] == wanted
        monkeypatch.undo()
        assert bp.gradients(*small)[0] == J


def test_a_function_that_bears_the_name_of_a_step_has_no_twin(bp):
    @shapechecked
    @functools.wraps(bp.softmax)
    def mine(Z):
        return 7 * np.ones_like(Z)

    for _ in range(3):
        assert mine(np.ones((3, 2)))[0, 0] == 7
