"""A cost that is computed behind the step, of the parameters as they then are."""

import numpy as np
import pytest

from shapecheck_bp import diagnose
from shapecheck_bp.doctor.scripts import diagnose_file

GOALS = [("a", "b", 2), ("b", "c", 0), ("c", "a", 1), ("a", "c", 4)]


def expected(level, home, away):
    return np.exp(level["all"] + level[home] - level[away])


def badness(level):
    total = sum(expected(level, *pair) - n * np.log(expected(level, *pair)) for *pair, n in GOALS)
    return total + 0.05 * sum(value**2 for value in level.values())


def improve(level, factor=1.0, rate=0.1):
    slope = dict.fromkeys(level, 0.0)
    for home, away, goals in GOALS:
        over = factor * (expected(level, home, away) - goals)
        slope["all"] += over
        slope[home] += over
        slope[away] -= over
    for name in level:
        level[name] -= rate * (slope[name] + 0.1 * level[name])
    return badness(level)


@pytest.mark.parametrize("factor", [1.0, 0.5])
def test_numbers_in_a_dictionary_are_judged_by_what_is_computed_behind_their_step(factor):
    level = {"all": 0.1, "a": 0.4, "b": -0.3, "c": 0.2}
    diagnosis = diagnose(improve, level, factor)
    assert diagnosis.ok is (factor == 1), diagnosis
    assert "Its cost is taken from before the step." in diagnosis.remarks
    assert "its own cost, badness(level)" in str(diagnosis)
    assert level["all"] == 0.1


SCRIPT = """
import numpy as np

def cost(X, y, theta, lam):
    m = len(y)
    return np.sum((X @ theta - y) ** 4) / m + lam * np.sum(theta[1:] ** 2)

rng = np.random.default_rng(0)
X, y, theta, lam = rng.normal(size=(9, 3)), rng.normal(size=9), np.ones(3), 0.1
history = []
for i in range(50):
    E = X @ theta - y
    g = 4 * X.T @ E ** 3 / len(y)
    g[1:] += 2 * lam * theta[1:]
    theta = theta - 0.01 * g
    history.append(cost(X, y, theta, lam))
"""


@pytest.mark.parametrize(
    ("was", "now"),
    [("", ""), ("4 * X.T", "4 * -X.T"), ("g[1:] += 2", "g[1:] -= 2"), ("theta - 0", "theta + 0")],
)
def test_a_loop_may_keep_its_costs_behind_each_step(was, now, tmp_path):
    path = tmp_path / "history.py"
    path.write_text(SCRIPT.replace(was, now))
    diagnosis = diagnose_file(str(path))
    assert "its own cost, cost(X, y, theta, lam)" in str(diagnosis)
    if not was:
        assert diagnosis.ok
        return
    (finding,) = diagnosis.findings
    line = next(n for n, text in enumerate(SCRIPT.splitlines(), 1) if was in text)
    assert (finding.line, finding.sure) == (line, "certain"), diagnosis


def test_a_search_along_a_line_has_its_cost_at_other_parameters_too():
    rng = np.random.default_rng(1)
    X, y, w = rng.normal(size=(8, 3)), rng.normal(size=8), rng.normal(size=3)

    def value(w):
        return np.mean(np.logaddexp(0, -y * (X @ w)))

    def step(w, factor=1.0):
        g = X.T @ (-y / (1 + np.exp(factor * y * (X @ w)))) / len(y)
        now, t = value(w), 1.0
        while value(w - t * g) > now - 1e-4 * t * (g @ g):
            t *= 0.5
        return w - t * g, now

    assert diagnose(step, w).ok
    diagnosis = diagnose(step, w, 3.0)
    assert "wrong" in diagnosis.parameters["w"], diagnosis
