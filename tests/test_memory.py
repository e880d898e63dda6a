import numpy as np
from jaxtyping import Float

from shapecheck_bp import Array, Network, shapechecked
from shapecheck_bp.memory import MOST_SIGNATURES, Memory, fingerprint


def test_room_is_bounded():
    memory = Memory()
    for n in range(3 * MOST_SIGNATURES):
        memory.add(n)
        assert n in memory
    assert len(memory._passed) <= MOST_SIGNATURES


def test_no_fingerprint_is_never_remembered():
    memory = Memory()
    memory.add(None)
    assert None not in memory


def test_ever_new_batch_sizes_need_no_more_room():
    @shapechecked
    def take(X: Float[Array, "n m"]) -> Float[Array, "n m"]:
        return X

    memory = next(c.cell_contents for c in take.__closure__ if type(c.cell_contents) is Memory)
    X = np.ones((1, 3 * MOST_SIGNATURES))
    for m in range(1, X.shape[1]):
        take(X[:, :m])
    assert 0 < len(memory._passed) <= MOST_SIGNATURES


def test_what_tells_calls_apart():
    X, net = np.ones((2, 3)), Network((3, 2))
    calls = [
        (X, 1),
        (X, 1.0),
        (X, True),
        (X.T, 1),
        (X.astype("float32"), 1),
        (np.ma.array(X), 1),
        ((X,), 1),
        ([X], 1),
        ({"X": X}, 1),
        ({"Y": X}, 1),
        (X, "1"),
        (X, None),
        (X, net),
        (X, Network((3, 3))),
        (X, np.float32),
    ]
    assert len({fingerprint(call) for call in calls}) == len(calls)
    assert fingerprint((X, net)) == fingerprint((X + 1, Network((3, 2))))
    assert fingerprint((X, object())) is None
    assert fingerprint((X, lambda: 0)) is None
