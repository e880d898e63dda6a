"""A short soak; ``python tests/soak.py`` and ``python tests/generated.py`` are long ones."""

import generated
import pytest
import soak


def test_a_thousand_calls_and_more():
    counts, rooms = soak.soak(calls=1500, seed=1, show=lambda line: None)
    assert min(counts[kind] for kind in ("right", "ShapeError", "ValueError")) > 10
    assert rooms[-1].blocks < 1.1 * rooms[0].blocks


def test_threads_and_tasks():
    counts = soak.concurrency(seconds=2)
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
