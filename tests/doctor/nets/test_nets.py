"""The nets are right as they stand, and wrong with any of their lines exchanged."""

import inspect
import linecache
from functools import cache

import numpy as np
import pytest
from doctor.nets import truth

net = cache(truth.net)
BREAKS = [(name, i) for name in truth.NAMES for i in range(len(net(name).BREAKS))]


def test_every_file_is_a_net_by_name():
    others = {"truth", "test_nets"}
    assert {path.stem for path in truth.FOLDER.glob("*.py")} == {*truth.NAMES, *others}


@pytest.mark.parametrize("name", truth.NAMES)
def test_a_net_claims_its_slope(name):
    assert truth.distance(truth.claims(net(name)), truth.slopes(net(name))) < 1e-8


@pytest.mark.parametrize("name", truth.NAMES)
def test_each_start_is_the_same_and_fresh(name):
    first, again = truth.claims(net(name)), truth.claims(net(name))
    assert all(np.array_equal(first[key], again[key]) for key in first)


@pytest.mark.parametrize("name", truth.NAMES)
def test_each_break_is_one_other_line(name):
    lines = inspect.getsource(net(name)).splitlines()
    breaks = net(name).BREAKS
    assert 4 <= len(breaks) <= 8
    assert len({(one["line"], one["instead"]) for one in breaks}) == len(breaks)
    for one in breaks:
        right, wrong = lines[one["line"] - 1], one["instead"]
        assert right != wrong
        assert len(right) - len(right.lstrip()) == len(wrong) - len(wrong.lstrip())


@pytest.mark.parametrize(("name", "i"), BREAKS)
def test_a_broken_net_runs_and_claims_another_slope(name, i, tmp_path):
    one = net(name).BREAKS[i]
    broken = truth.broken(net(name), one, tmp_path)
    assert truth.distance(truth.claims(broken), truth.slopes(broken)) > 1e-2

    call, _ = broken.make()
    path = inspect.getsourcefile(call)
    assert path == broken.__file__ != net(name).__file__
    assert linecache.getline(path, one["line"]).rstrip("\n") == one["instead"]
    assert inspect.getsource(call) in inspect.getsource(broken)
