"""A short soak; ``soak.py``, ``generated.py`` and ``networks.py`` are long ones."""

from types import SimpleNamespace

import generated
import networks
import pytest
import soak


def test_a_thousand_calls_and_more():
    counts, rooms = soak.soak(calls=1500, seed=1, show=lambda line: None)
    assert min(counts[kind] for kind in ("right", "ShapeError", "ValueError")) > 10
    assert rooms[-1].blocks < 1.1 * rooms[0].blocks


def test_threads_and_tasks():
    counts = soak.concurrency(seconds=1)
    # How many there are is for the machine to say; that there are some of each, for this test.
    assert min(counts[kind] for kind in ("right", "ShapeError", "unchecked", "awaited")) > 0


def test_functions_that_nobody_wrote_are_read_without_a_change():
    endings = generated.hold(functions=70, seed=0)
    assert endings["NoneType"] > 35
    assert len(endings) > 4


def test_a_reading_that_changes_something_would_be_noticed(monkeypatch):
    def read(function, *args):
        args[0][0] += 1
        return plainly(function, *args)

    plainly = generated.read
    monkeypatch.setattr(generated, "read", read)
    with pytest.raises(AssertionError, match="seed 0:"):
        generated.hold(functions=1, seed=0)


def test_of_networks_that_nobody_wrote_nothing_is_said_that_is_not_so():
    counts, missed = networks.hold(networks=8, seed=18)  # of all in a row the soonest diagnosed
    assert not missed
    assert sum(count for what, count in counts.items() if what.startswith("right, ")) > 1
    assert sum(count for what, count in counts.items() if what.startswith("wrong, ")) > 2


@pytest.mark.parametrize("seed", [473, 662, 1114, 1455, 2077, 2146, 2501])
def test_what_once_was_said_and_was_not_so_is_said_no_more(seed):
    """Right for another output, by the signs of data, by a slope of Z alone; and a right A -= Y."""
    _, missed = networks.hold(networks=1, seed=seed)
    assert not missed


def test_a_doctor_that_is_wrong_would_be_noticed(monkeypatch, capsys):
    said = SimpleNamespace(ok=False, findings=[], parameters={})
    monkeypatch.setattr(networks.asking, "diagnose", lambda *args: said)
    assert networks.hold(networks=8, seed=0)[1] == 2
    assert "right: accused, and right" in capsys.readouterr().out
