"""That what is said of the planted codes is true."""

import time
from pathlib import Path
from types import SimpleNamespace

import asking
import numpy as np
import pytest
from judging import STYLES, Style, compare
from planting import places, sample

NAMES = [style.name for style in STYLES]


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    return list(sample(STYLES, 8 * len(STYLES), tmp_path_factory.mktemp("planted")))


@pytest.mark.parametrize("style", STYLES, ids=NAMES)
def test_a_right_code_claims_the_gradient(style: Style):
    assert style.judge(style.code).kind == "right"
    assert len(style.path.read_text().splitlines()) <= 90


@pytest.mark.parametrize("style", STYLES, ids=NAMES)
def test_a_step_is_the_same_each_time(style: Style):
    first, second = style.claims(style.code), style.claims(style.code)
    assert all((first[name] == second[name]).all() for name in style.gradient)
    assert first.keys() >= style.gradient.keys()


@pytest.mark.parametrize("style", [s for s in STYLES if hasattr(s.truth, "own")], ids=str)
def test_a_right_code_computes_the_cost(style: Style):
    cost = style.cost(*style.truth.make(style.code))
    assert style.truth.own(*style.truth.make(style.code)) == pytest.approx(cost)
    assert style.judge(style.code, forward=True).kind == "right"


def test_a_third_of_the_styles_has_no_cost():
    assert len(STYLES) / 4 < sum(not s.truth.COST_IN_CODE for s in STYLES) < len(STYLES) / 2


@pytest.mark.xdist_group("planted")
def test_hundreds_are_wrong_in_every_style_and_of_every_kind(planted):
    wrong = [p for p in planted if p.verdict.kind == "wrong"]
    assert len(wrong) >= 400
    counts = {s.name: sum(p.style is s for p in wrong) for s in STYLES}
    assert min(counts.values()) >= 7, counts
    assert len({p.operator for p in wrong}) >= 25
    assert sum(p.verdict.kind == "right" for p in planted) >= 20


@pytest.mark.xdist_group("planted")
def test_only_the_lines_named_are_changed(planted):
    for p in planted:
        right, wrong = (x.read_text().splitlines() for x in (p.style.path, p.path))
        assert len(right) == len(wrong)
        changed = {n for n, (a, b) in enumerate(zip(right, wrong, strict=True), 1) if a != b}
        assert changed
        assert changed <= set(p.lines), p
        assert p.before != p.after


@pytest.mark.xdist_group("planted")
def test_a_seed_gives_the_same_mistakes_again(planted, tmp_path):
    again = list(sample(STYLES[:3], 12, tmp_path))
    first = [p for p in planted if p.style in STYLES[:3]]
    assert {p.path.read_text() for p in again} <= {p.path.read_text() for p in first}
    other = list(sample(STYLES[:3], 12, tmp_path, seed=1))
    assert [p.after for p in other] != [p.after for p in again]


def test_a_mistake_in_the_forward_pass_is_planted_where_the_code_has_its_cost():
    for style in STYLES:
        assert hasattr(style.truth, "own") or not any(forward for _, forward in places(style))


@pytest.mark.parametrize(
    ("claimed", "kind"),
    [
        ([2.0, 4.0], "right"),
        ([-1.0, -2.0], "wrong"),
        ([1.0, 2.1], "wrong"),
        ([1.0, 2.001], "unclear"),
        ([[1.0, 2.0]], "unclear"),
        ([[1.0], [3.0]], "wrong"),
        ([1.0, np.nan], "does not run"),
    ],
)
def test_one_positive_factor_is_free(claimed, kind):
    assert compare({"w": np.array(claimed)}, {"w": np.array([1.0, 2.0])}).kind == kind


def finding(line, because=None, sure="likely", file="a/b.py"):
    return SimpleNamespace(line=line, because=because, sure=sure, file=file)


@pytest.mark.parametrize(
    ("findings", "place"),
    [
        ([finding(3), finding(9)], "first"),
        ([finding(9), finding(4)], "any"),
        ([finding(9, because=3)], "because"),
        ([finding(9, because=8)], "none"),
        ([finding(3, file="a/c.py")], "none"),
        ([], "none"),
    ],
)
def test_where_a_finding_is(findings, place):
    assert asking.Answer("wrong", 0.0, findings).place(Path("x/b.py"), (3, 4)) == place


def test_a_certain_finding_elsewhere_is_false():
    found = [finding(3, sure="certain"), finding(9, 3, "certain"), finding(9, sure="certain")]
    answer = asking.Answer("wrong", 0.0, [*found, finding(9)])
    assert answer.certain() == found
    assert answer.false(Path("b.py"), (3,)) == found[2:]


def test_an_error_and_a_long_wait_are_answers(monkeypatch):
    def fails(call, *args):
        raise ValueError(args)

    monkeypatch.setattr(asking, "LIMIT", 0.05)
    monkeypatch.setattr(asking, "diagnose", fails)
    assert asking.ask(lambda: (print, (1,))).said == "crash"
    monkeypatch.setattr(asking, "diagnose", lambda call, *args: time.sleep(5))
    assert asking.ask(lambda: (print, (1,))).said == "too long"
    said = SimpleNamespace(ok=None, findings=())
    monkeypatch.setattr(asking, "diagnose", lambda call, *args: said)
    assert asking.ask(lambda: (print, (1,))).said == "cannot judge"
