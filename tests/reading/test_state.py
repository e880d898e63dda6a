"""Copies of what a call may change: nobody's code is run for them, and what is one stays one."""

import collections
import contextlib
import enum
import random
import threading
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pytest

from shapecheck_bp.reading.copies import Copier, NotAgain
from shapecheck_bp.reading.state import State


def copied(value):
    return Copier().copy(value)


class Slots:
    __slots__ = ("a", "b")


class More(Slots):
    pass


class Colour(enum.Enum):
    RED = 1


@dataclass(frozen=True)
class Key:
    n: int


@dataclass
class Point:
    x: list = field(default_factory=list)


class MyList(list):
    def append(self, item):
        raise AssertionError("never called")


class MyDict(dict):
    def __setitem__(self, key, value):
        raise AssertionError("never called")


class Asked:
    def __init__(self):
        self.kept = [1]

    def __getattr__(self, name):
        raise AssertionError(f"asked for {name}")

    __deepcopy__ = __copy__ = __reduce_ex__ = __getstate__ = None


def test_containers_and_what_they_share():
    array = np.arange(4.0)
    value = {
        "list": [array, array],
        "tuple": (1, [array]),
        "set": {1, "a", Colour.RED},
        "deque": collections.deque([array], maxlen=3),
        "default": collections.defaultdict(list, a=[1]),
        "ordered": collections.OrderedDict(b=1, a=[2]),
        "counter": collections.Counter("aab"),
        "keys": {Key(1): [1], (1, Key(2)): 2, Colour.RED: 3, None: 4},
        "same": (1, "a"),
    }
    value["itself"] = value
    made = copied(value)
    assert made is not value
    assert made["itself"] is made
    assert made["list"][0] is made["list"][1] is made["tuple"][1][0] is made["deque"][0]
    assert made["list"][0] is not array
    assert made["list"][0].tolist() == array.tolist()
    assert made["deque"].maxlen == 3
    assert made["default"]["new"] == []
    assert "new" not in value["default"]
    assert list(made["ordered"]) == ["b", "a"]
    for name in ("set", "default", "ordered", "counter", "keys"):
        assert type(made[name]) is type(value[name])
        assert made[name] is not value[name]
    assert made["keys"] == value["keys"]
    assert made["counter"] == value["counter"]
    assert made["same"] is value["same"]


def test_objects_and_their_slots():
    thing = More()
    thing.a, thing.c = [1], Point([2])
    made = copied(thing)
    assert type(made) is More
    assert (made.a, made.c.x) == ([1], [2])
    assert made.a is not thing.a
    assert made.c.x is not thing.c.x
    assert not hasattr(made, "b")
    asked = Asked()
    assert copied(asked).kept == [1]
    assert copied(asked).kept is not asked.kept


def test_subclasses_of_containers_are_filled_without_them():
    many, names = MyList([1, [2]]), MyDict(a=[1])
    many.name = ["n"]
    made = copied([many, names])
    assert [type(part) for part in made] == [MyList, MyDict]
    assert (made[0], made[0].name, made[1]) == ([1, [2]], ["n"], {"a": [1]})
    assert made[0][1] is not many[1]
    assert made[0].name is not many.name


def test_arrays_of_every_kind():
    objects = np.empty(2, dtype=object)
    objects[:] = [[1], None]
    fortran = np.asfortranarray(np.ones((2, 3)))
    masked = np.ma.masked_array([1, 2], [0, 1])
    made = copied([objects, fortran, masked, np.float32(1)])
    assert made[0][0] == [1]
    assert made[0][0] is not objects[0]
    assert made[1].flags.f_contiguous
    assert made[2].mask.tolist() == [False, True]
    assert made[2] is not masked


def test_what_cannot_change_is_itself():
    lock = threading.Lock()
    for thing in (1, "a", None, int, Point, np.sin, np, Colour.RED, lock, np.dtype(float), len):
        assert copied(thing) is thing


def test_functions_methods_and_partials():
    many = []

    def adds(x):
        many.append(x)
        return len(many)

    def recursive(n):
        return many if n == 0 else recursive(n - 1)

    point = Point([1])
    made = copied({"f": adds, "again": adds, "deep": recursive, "m": point.x.append})
    assert made["f"] is made["again"]
    assert made["f"](1) == 1
    assert made["deep"](2) == [1]
    assert many == []
    made["m"](2)
    assert point.x == [1]
    bound = copied(partial(adds, [1]))
    assert bound.args == ([1],)
    assert bound() == 1


def test_generators_of_random_numbers():
    value = {"np": np.random.default_rng(1), "py": random.Random(1)}
    made = copied(value)
    assert made["np"].random() == value["np"].random()
    assert made["py"].random() == value["py"].random()


def test_what_a_library_made_is_copied_in_its_way():
    value = iter([3, 4])
    made = copied(value)
    assert (next(made), next(made), next(value)) == (3, 4, 3)
    with pytest.raises(NotAgain, match="list_iterator holds a Asked"):
        copied(iter([Asked()]))
    with pytest.raises(NotAgain, match="it may change more than 0 MB"):
        Copier(most=10).copy(iter([np.ones(2)]))


def test_too_much_is_refused():
    with pytest.raises(NotAgain, match="it may change more than 0 MB"):
        Copier(most=10).copy([np.ones(2)])
    Copier(most=16).copy([np.ones(2)])
    assert [*Copier(most=0).copy(iter([3]))] == [3], "what is no array takes nothing of it"


def test_a_state_puts_back_what_a_block_did_to_names():
    space = {"a": [1], "b": 2, "f": len, "other": [5]}
    first = space["a"]
    state = State(first.append, (1,), {}, [(space, {"a", "b", "f", "missing"})])
    first.append(3)
    with state.again() as call:
        assert space["a"] == [1]
        call()
        assert space["a"] == [1, 1]
        space["b"], space["new"] = 7, 8
        del space["other"]
    assert space == {"a": [1, 3], "b": 2, "f": len, "other": [5]}
    assert space["a"] is first


def test_a_state_puts_random_numbers_back():
    random.seed(1)
    state = State(random.random, (), {}, [])
    first = random.random()
    second, numbers = random.random(), random.getstate()
    with contextlib.suppress(ZeroDivisionError), state.again() as call:
        assert (call(), call()) == (first, second)
        raise ZeroDivisionError
    assert random.getstate() == numbers


@pytest.mark.parametrize("drawn", [0, 1, 2])
@pytest.mark.parametrize("draws", [0, 1, 2, 700])
def test_random_numbers_come_again_and_are_what_they_were(drawn, draws):
    """Normal numbers are drawn in pairs: the second one may be there already."""
    np.random.seed(3)  # noqa: NPY002
    np.random.standard_normal(drawn)  # noqa: NPY002
    random.seed(4)

    def call():
        normal = np.random.standard_normal(draws)  # noqa: NPY002
        return [*normal, random.random() if draws else 0.0]

    state, made = State(call, (), {}, []), []
    for _ in range(3):
        with state.again() as again:
            made.append(again())
    assert made[0] == made[1] == made[2]
    rest = [*np.random.standard_normal(3), random.gauss(0, 1)]  # noqa: NPY002
    np.random.seed(3)  # noqa: NPY002
    random.seed(4)
    assert [*np.random.standard_normal(drawn + 3)][drawn:] == rest[:3]  # noqa: NPY002
    assert random.gauss(0, 1) == rest[3]


def test_random_numbers_of_another_generator():
    before = np.random.get_bit_generator()
    np.random.set_bit_generator(np.random.PCG64(3))
    try:
        state = State(np.random.random, (), {}, [])
        with state.again() as again:
            first = again()
        with state.again() as again:
            assert again() == first
        assert np.random.random() == first  # noqa: NPY002
    finally:
        np.random.set_bit_generator(before)


def test_a_view_is_copied_as_a_view_of_the_copy():
    """Tied weights: what is done to one is done to the other, in any order and by any step."""
    W = np.asfortranarray(np.arange(12.0).reshape(3, 4))
    V = np.ones((2, 3, 4)).transpose(1, 0, 2).copy("K")
    for views in ((W.T, W), (W, W.T), (W, W[::-1, 1:]), (W[::-1], W), (V.swapaxes(1, 2), V)):
        copied = Copier().copy([*views])
        assert np.shares_memory(*copied)
        assert not np.shares_memory(copied[0], views[0])
        for one, other in zip(copied, views, strict=True):
            np.testing.assert_array_equal(one, other)
        copied[0][...] = 5
        assert np.all(copied[1] == 5)


def test_a_small_part_of_large_data_is_copied_alone():
    large = np.zeros((1000, 1000))
    (part,) = Copier(10_000).copy([large[:1, :100]])
    assert part.base is None
