"""A short soak; ``python tests/soak.py`` is a long one."""

import soak


def test_a_few_thousand_calls():
    counts, rooms = soak.soak(calls=3000, seed=1, show=lambda line: None)
    assert min(counts[kind] for kind in ("right", "ShapeError", "ValueError")) > 20
    assert rooms[-1].blocks < 1.1 * rooms[0].blocks


def test_threads_and_tasks():
    counts = soak.concurrency(seconds=2)
    # How many there are is for the machine to say; that there are some of each, for this test.
    assert min(counts[kind] for kind in ("right", "ShapeError", "unchecked", "awaited")) > 0
