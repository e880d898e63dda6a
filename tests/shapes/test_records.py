"""Records have axes of their own, and are looked at where they come as arguments."""

import traceback
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, NotRequired, TypedDict, TypeVar

import numpy as np
import pytest
from jaxtyping import Float, Int

from shapecheck_bp import Array, Layer, ShapeError, shapechecked


def ones(*shape):
    return np.ones(shape)


class Dense(NamedTuple):
    W: Float[np.ndarray, "out in"]
    b: Float[np.ndarray, "out"]


@dataclass
class Data:
    X: Float[np.ndarray, "n d"]
    y: Float[np.ndarray, "n"] | None = None


class Batch(TypedDict):
    X: Float[np.ndarray, "n d"]
    y: Float[np.ndarray, "n"]
    weights: NotRequired[Float[np.ndarray, "n"]]


@dataclass
class Net:
    first: Dense
    second: Dense
    data: Data | None = None


def test_two_records_of_one_class_need_not_have_one_size():
    @shapechecked
    def join(a: Data, b: Data) -> Data:
        return Data(np.concatenate([a.X, b.X]))

    for _ in range(2):
        assert join(Data(ones(2, 3)), Data(ones(5, 3))).X.shape == (7, 3)
        with pytest.raises(ShapeError, match=r"b\.y does not fit"):
            join(Data(ones(2, 3)), Data(ones(5, 3), ones(4, 1)))


def test_neither_do_the_layers_of_a_list_nor_the_records_inside_a_record():
    @shapechecked
    def mlp(layers: list[Dense], net: Net, x: Float[np.ndarray, "in"]) -> Float[np.ndarray, "out"]:
        for W, b in layers:
            x = W @ x + b
        return x

    layers = [Dense(ones(4, 3), ones(4)), Dense(ones(2, 4), ones(2))]
    for _ in range(2):
        assert mlp(layers, Net(*layers), ones(3)).shape == (2,)
        with pytest.raises(ShapeError) as caught:
            mlp([layers[0], Dense(ones(2, 4), ones(3))], Net(*layers), ones(3))
        assert caught.value.argument == "layers[1].W or layers[1].b"
        assert "layers[0]" not in str(caught.value), "which has nothing to do with it"
        with pytest.raises(ShapeError, match=r"net\.second\.W and net\.second\.b"):
            mlp(layers, Net(layers[0], Dense(ones(2, 4), ones(3))), ones(3))


def test_the_axes_of_a_call_are_not_those_of_its_records():
    @shapechecked
    def fit(data: Data, n: Float[np.ndarray, "n"]) -> Data:
        return Data(data.X[1:], data.y)

    fit(Data(ones(2, 3)), ones(7))
    with pytest.raises(ShapeError, match=r"the result\.X and the result\.y|the result\.y does not"):
        fit(Data(ones(2, 3), ones(2)), ones(7))


def test_a_record_says_itself_that_its_layers_hang_together():
    class Step(NamedTuple):
        W: Float[np.ndarray, "n[l] n[l-1]"]

    filled = Layer[Float[np.ndarray, "n[l] n[l-1]"], Float[np.ndarray, "n[l] 1"]]

    @shapechecked
    def both(steps: tuple[Step, ...], layers: tuple[filled, ...]) -> None:
        pass

    steps = Step(ones(4, 3)), Step(ones(2, 4))
    layers = Layer(ones(4, 3), ones(4, 1)), Layer(ones(2, 4), ones(2, 1))
    for _ in range(2):
        both(steps, layers)
        with pytest.raises(ShapeError, match="n_1"):
            both((steps[0], Step(ones(2, 5))), layers)
        with pytest.raises(ShapeError, match="n_2"):
            both(steps, (layers[0], Layer(ones(3, 4), ones(3, 1))))


T = TypeVar("T")


def test_what_is_filled_in_from_outside_has_the_axes_of_outside():
    @dataclass
    class Named(Generic[T]):
        value: T
        weight: Float[np.ndarray, "k k"]

    @shapechecked
    def take(a: Named[Float[np.ndarray, "n"]], b: Float[np.ndarray, "n"]) -> None:
        pass

    for _ in range(2):
        take(Named(ones(3), ones(2, 2)), ones(3))
        with pytest.raises(ShapeError):
            take(Named(ones(3), ones(2, 2)), ones(4))
        with pytest.raises(ShapeError, match=r"a\.weight"):
            take(Named(ones(3), ones(2, 3)), ones(3))

    @shapechecked
    def bare(a: Named) -> None:
        pass

    bare(Named("anything", ones(2, 2)))
    with pytest.raises(ShapeError, match=r"a\.weight"):
        bare(Named("anything", ones(2, 3)))


def test_a_local_record_may_name_itself():
    class Chain(NamedTuple):
        x: Float[np.ndarray, "n n"]
        next: "Chain | None" = None

    @shapechecked
    def take(chain: Chain) -> None:
        pass

    take(Chain(ones(2, 2), Chain(ones(3, 3))))
    with pytest.raises(ShapeError, match=r"chain\.next\.x does not fit"):
        take(Chain(ones(2, 2), Chain(ones(3, 2))))
    with pytest.raises(ShapeError, match=r"chain\.next does not fit"):
        take(Chain(ones(2, 2), 3))


def test_every_field_of_a_typed_dict_is_looked_at():
    @shapechecked
    def take(batch: Batch, n: Float[np.ndarray, "n"]) -> Batch:
        return batch

    fits = {"X": ones(3, 2), "y": ones(3)}
    for _ in range(2):
        take(fits, ones(7))
        take({**fits, "weights": ones(3), "more": "than that"}, ones(7))
        for bad in (
            {**fits, "y": ones(4)},
            {"X": ones(3, 2)},
            {**fits, "X": ones(3)},
            {**fits, "weights": ones(2)},
            [("X", ones(3, 2))],
        ):
            with pytest.raises(ShapeError):
                take(bad, ones(7))


class Settings(TypedDict):
    steps: int
    name: NotRequired[str]
    inner: "NotRequired[Settings]"


def test_a_typed_dict_without_arrays_is_looked_at_too():
    @shapechecked
    def run(settings: Settings, x: Settings | Float[np.ndarray, "n"] | None) -> Settings:
        return settings

    good: Settings = {"steps": 1, "inner": {"steps": 2, "name": "b"}}
    for _ in range(2):
        for x in (good, ones(2), None):
            assert run(good, x) is good
        for bad in ({}, {"steps": "1"}, {"steps": 1, "inner": {"steps": 2, "name": 3}}, 3):
            with pytest.raises(ShapeError, match=r"settings\S* does not fit"):
                run(bad, None)
            with pytest.raises(ShapeError, match=r"x\S* does not fit"):
                run(good, bad)


def test_attrs_classes_are_records():
    attrs = pytest.importorskip("attrs", reason="attrs is not installed")

    @attrs.define
    class Point:
        x: Float[np.ndarray, "n"]
        y: Float[np.ndarray, "n"]

    @shapechecked
    def take(p: Point, q: Point) -> None:
        pass

    for _ in range(2):
        take(Point(ones(2), ones(2)), Point(ones(3), ones(3)))
        with pytest.raises(ShapeError, match=r"q\.x and q\.y|q\.x or q\.y"):
            take(Point(ones(2), ones(2)), Point(ones(3), ones(2)))


def test_a_field_that_is_left_at_its_default_is_trusted_and_one_that_is_not_there_is_not():
    @dataclass
    class Loose:
        x: Float[np.ndarray, "n"] = None
        y: Int[np.ndarray, "n"] | None = None

    @shapechecked
    def take(loose: Loose) -> None:
        pass

    made = Loose(ones(3))
    del made.y  # the class attribute is there
    unset = Loose.__new__(Loose)
    for _ in range(2):
        for good in (Loose(), Loose(ones(3)), made, unset):
            take(good)
        for bad in (Loose("x"), Loose(ones(3), ones(3)), Loose(ones(3), np.ones(2, int))):
            with pytest.raises(ShapeError):
                take(bad)


def test_records_of_arrays_of_ours_are_of_one_library_and_dtype_still():
    class Pair(NamedTuple):
        a: Float[Array, "n"]
        b: Float[Array, "n"]

    @shapechecked
    def take(one: Pair, other: Pair) -> None:
        pass

    take(Pair(ones(2), ones(2)), Pair(ones(3), ones(3)))
    with pytest.raises(ShapeError, match="float32"):
        take(Pair(ones(2), ones(2)), Pair(ones(3), ones(3).astype("f4")))


def test_what_a_record_makes_of_its_arguments_has_axes_that_are_computed_from_them():
    @shapechecked
    @dataclass
    class Rows:
        n: int
        x: Float[np.ndarray, "{n} d"] = field(init=False)

        def __post_init__(self):
            self.x = ones(4, 2)

    assert Rows(4).n == 4
    with pytest.raises(ShapeError, match=r"the result\.x does not fit"):
        Rows(3)


def test_what_jax_carries_through_its_transformations_may_hold_anything():
    jax = pytest.importorskip("jax", reason="JAX is not installed")
    jnp = jax.numpy

    @dataclass
    class Linear:
        W: Float[jax.Array, "o i"]
        b: Float[jax.Array, "o"]

    jax.tree_util.register_dataclass(Linear, ["W", "b"], [])

    @shapechecked
    def count(m: Linear) -> int:
        return len(jax.tree.leaves(m))

    one = Linear(jnp.ones((3, 2)), jnp.ones(3))
    for _ in range(2):
        stacked = jax.vmap(lambda k: Linear(jnp.ones((3, 2)) * k, jnp.ones(3)))(jnp.arange(4.0))
        for m in (one, stacked, jax.tree.map(lambda x: None, one), jax.tree.map(np.shape, one)):
            count(m)
        with pytest.raises(ShapeError):
            count(3)


def test_a_library_that_carries_trees_may_make_a_record_of_anything():
    jax = pytest.importorskip("jax", reason="JAX is not installed")
    jnp = jax.numpy

    @shapechecked
    class Tuple(NamedTuple):
        W: Float[jax.Array, "o i"]
        b: Float[jax.Array, "o"]

    @shapechecked
    @dataclass
    class Linear:
        W: Float[jax.Array, "o i"]
        b: Float[jax.Array, "o"]

    jax.tree_util.register_dataclass(Linear, ["W", "b"], [])
    for cls in (Tuple, Linear):
        one = cls(jnp.ones((3, 2)), jnp.ones(3))
        assert jax.tree.map(np.shape, one) == jax.tree.map(np.shape, one)
        stacked = jax.tree.map(lambda x: jnp.stack([x, x]), one)
        assert jax.vmap(lambda m: m.W.T @ m.b)(stacked).shape == (2, 2)
        assert jax.lax.scan(lambda c, m: (c, m), 0, stacked)[1].W.shape == (2, 3, 2)
        for _ in range(2):  # and nothing of it is remembered
            with pytest.raises(ShapeError, match="W does not fit"):
                cls(stacked.W, stacked.b)


def test_optree_may_make_a_record_of_anything():
    optree = pytest.importorskip("optree", reason="optree is not installed")

    @shapechecked
    class Pair(NamedTuple):
        W: Float[np.ndarray, "o i"]
        b: Float[np.ndarray, "o"]

    assert optree.tree_map(np.shape, Pair(ones(3, 2), ones(3))) == ((3, 2), (3,))


def test_a_record_is_judged_once_when_it_is_made():
    @shapechecked
    class Pair(NamedTuple):
        x: Float[np.ndarray, "n"]
        y: Float[np.ndarray, "n"]

    with pytest.raises(ShapeError) as caught:
        Pair(ones(2), ones(3))
    frames = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert frames.count("checked") == 1


def test_a_default_that_its_annotation_knows_nothing_of_is_trusted():
    @shapechecked
    class Settings(NamedTuple):
        alpha: float = np.sqrt(np.array(3))
        mean: Float[np.ndarray, "n n"] | None = None

    assert Settings().mean is None
    with pytest.raises(ShapeError, match="alpha does not fit"):
        Settings(alpha=ones(3))


def test_a_record_that_names_what_is_not_there_is_checked_where_it_can_be():
    class Half(NamedTuple):
        x: "Missing[int]"
        y: 'Float[np.ndarray, "n n"]'

    @shapechecked
    def take(half: Half, more: Any = None) -> None:
        pass

    take(Half(3, ones(2, 2)))
    with pytest.raises(ShapeError, match=r"half\.y"):
        take(Half(3, ones(2, 3)))


def test_a_class_that_adds_no_field_keeps_the_constructor_that_is_checked():
    @shapechecked
    @dataclass
    class Checked:
        W: Float[np.ndarray, "n n"]

    made = Checked.__init__

    @shapechecked
    class Named(Checked):
        name = "second"

    assert "__init__" not in vars(Named)
    assert Named.__init__ is made
    with pytest.raises(ShapeError, match="W does not fit"):
        Named(ones(2, 3))


def test_of_a_dictionary_that_may_be_a_record_its_array_is_told():
    @shapechecked
    def take(batch: Batch | Float[np.ndarray, "n"]) -> None:
        pass

    take({"X": ones(2, 3), "y": ones(2)})
    with pytest.raises(ShapeError, match="n is 2 here, and 3 in batch") as caught:
        take({"X": ones(2, 3), "y": ones(3)})
    assert "got dict" not in str(caught.value)

    with pytest.raises(ShapeError, match=r"batch\['y'\] does not fit"):
        take({"X": ones(2, 3), "y": "no"})


def test_of_a_class_that_only_adds_a_name_to_one_that_is_not_checked_the_constructor_stays():
    @dataclass
    class Plain:
        W: Float[np.ndarray, "n n"]

    @shapechecked
    class Named(Plain):
        def twice(self) -> Float[np.ndarray, "n n"]:
            return 2 * self.W

    assert "__init__" not in vars(Named)
    assert Named(ones(2, 2)).twice().shape == (2, 2)
