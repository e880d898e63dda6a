"""What has passed is not judged again, and nothing passes because something else did."""

import importlib.util
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, NamedTuple, NewType

import jaxtyping
import numpy as np
import pytest
from beartype.vale import Is
from jaxtyping import Float
from problems import NETWORKS, name, problem

from shapecheck_bp import Array, Network, ShapeError, column, shapechecked
from shapecheck_bp.shapes.keys import Keys, NotMemorable
from shapecheck_bp.shapes.law import Law, law_of
from shapecheck_bp.shapes.memory import MOST_OUTCOMES, MOST_SIGNATURES


class Pair(NamedTuple):
    A: Float[Array, "n k"]
    name: str


class Node(NamedTuple):
    x: Float[Array, "n n"]
    inside: "list[Node]" = []  # noqa: RUF012  # nobody adds to it


@pytest.fixture
def judged(monkeypatch):
    """Counts the calls that are judged leaf by leaf."""
    counts = []
    check = Law._check
    monkeypatch.setattr(Law, "_check", lambda *args: counts.append(args) or check(*args))
    return counts


def test_arguments_and_result_are_judged_once_for_a_signature(judged):
    @shapechecked
    def double(A: Float[Array, "n k"], by: float = 2.0) -> Float[Array, "n k"]:
        return by * A

    for value in range(5):
        double(np.full((2, 3), float(value)), by=float(value))
    assert len(judged) == 2
    double(np.ones((3, 2)), 1.0)
    assert len(judged) == 4
    for _ in range(3):
        double(np.ones((3, 2)), 4.0)
        double(np.ones((2, 3)), by=3.0)
    assert len(judged) == 4


def test_a_result_of_another_shape_is_judged(judged):
    @shapechecked
    def some(A: Float[Array, "n k"], wide: bool) -> Float[Array, "n k"]:
        return np.ones((2, 3)) if wide else np.ones((2, 4))

    some(np.ones((2, 3)), True)
    with pytest.raises(ShapeError):
        some(np.ones((2, 3)), False)


def test_a_training_step_is_judged_once(judged):
    net = Network((5, 4, 3), hidden="tanh")
    params, X = column.init(net), np.ones((5, 7))
    Y = column.one_hot(np.array([0, 1, 2, 0, 1, 2, 0]), 3)
    for _ in range(3):
        _, grads = column.gradients(net, params, X, Y)
        params = column.update(params, grads, 0.1)
        known, counted = len(judged), judged[:]
    assert known == len(counted) > 0
    column.update(params, column.gradients(net, params, X, Y)[1], 0.05)
    assert len(judged) == known


@pytest.mark.parametrize("net", NETWORKS, ids=name)
def test_every_shape_in_a_module_follows_from_the_arguments(bp, net, judged):
    """What the twins rest on: other values of the same shapes bring no step that was not judged."""
    spec = importlib.util.spec_from_file_location(f"a_copy_of_{bp.__name__}", bp.__file__)
    copy = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(copy)
    for name_ in copy.__all__:
        law_of(getattr(copy, name_)).repeats = None  # so that each step is looked at
    for seed in range(4):
        _, params, X, Y = problem(bp, net, m=7, seed=seed)
        grads = copy.gradients(net, params, X, Y)[1]
        copy.update(params, grads, 0.1 + seed)
        if net.sizes[-1] > 1 or net.output == "sigmoid":
            copy.predict(net, params, X)
        if seed == 0:
            known = len(judged)
            assert known > 10
    assert len(judged) == known


def test_room_is_bounded_under_ever_new_batch_sizes():
    @shapechecked
    def take(X: Float[Array, "n m"]) -> Float[Array, "n m"]:
        return X

    memory = law_of(take).memory
    X = np.ones((1, 2 * MOST_SIGNATURES))
    for m in range(1, X.shape[1]):
        take(X[:, :m])
        assert 0 < len(memory) <= MOST_SIGNATURES


def test_room_is_bounded_under_ever_new_results():
    sizes = iter(range(1, 1000))

    @shapechecked
    def grow(X: Float[Array, "n m"]) -> Float[Array, " k"]:
        return np.ones(next(sizes))

    X = np.ones((2, 2))
    for _ in range(3 * MOST_OUTCOMES):
        grow(X)
    assert all(len(results) <= MOST_OUTCOMES for results in law_of(grow).memory.values())


@pytest.mark.parametrize(
    ("hint", "one", "others"),
    [
        (
            Float[Array, "n m"],
            np.ones((2, 3)),
            [np.ones((3, 2)), np.ones((2, 3), "f4"), np.ma.ones((2, 3)), np.ones(6)],
        ),
        (int, 1, [1.0, True, "1", None]),
        (str | None, "a", [1]),
        (Pair, Pair(np.ones((2, 3)), "a"), [Pair(np.ones((3, 2)), "a"), Pair(np.ones((2, 3)), 1)]),
        (list[Float[Array, "n"]], [np.ones(3)], [[], [np.ones(4)], [np.ones(3)] * 2]),
        (dict[str, Float[Array, "n"]], {"a": np.ones(3)}, [{"b": np.ones(3)}, {"a": np.ones(4)}]),
        (dict[str, Float[Array, "n"]], {"a": np.ones(3)}, [{1: np.ones(3)}, {}]),
        (tuple[Float[Array, "n"], int], (np.ones(3), 1), [(np.ones(3), "1"), (np.ones(3), 1, 1)]),
        (Float[Array, "n"] | int, np.ones(3), [3, np.ones(4), np.float64(1)]),
        (Network, Network((3, 2)), [Network((3, 3)), Network((3, 2, 2))]),
        (list[int], [1], [["1"]]),
    ],
)
def test_what_tells_values_apart(hint, one, others):
    keys = Keys()
    expression = f"({keys.key(hint, 'value')},)"

    def signature(value):
        try:
            return eval(expression, keys.names, {"value": value})
        except (AttributeError, IndexError, TypeError):
            return None

    assert signature(one) == signature(one) is not None
    assert hash(signature(one)) is not None
    for other in others:
        assert signature(other) != signature(one)


@pytest.mark.parametrize(
    "hint",
    [
        Annotated[Float[Array, "n"], Is[lambda array: bool((array > 0).all())]],
        list[Annotated[Float[Array, "n"], Is[lambda array: bool((array > 0).all())]]],
        Float[Array, "n"] | list[Annotated[Float[Array, "n"], Is[lambda array: len(array) > 1]]],
    ],
)
def test_what_is_never_remembered(hint):
    with pytest.raises(NotMemorable):
        Keys().key(hint, "value")


def test_values_are_asked_about_at_every_call(judged):
    positive = Is[lambda x: x > 0]

    @shapechecked
    def scale(
        A: Float[Array, "n"],
        by: Annotated[float, positive],
        how: Literal["up", "down"],
        to: list[int],
    ) -> None:
        pass

    for _ in range(3):
        scale(np.ones(3), 2.0, "up", [1])
    assert len(judged) == 2
    for bad in ((-2.0, "up", [1]), (2.0, "sideways", [1]), (2.0, "up", ["1"])):
        for _ in range(2):
            with pytest.raises(ShapeError):
                scale(np.ones(3), *bad)


def test_sequences_and_mappings_of_arrays_are_remembered(judged):
    @shapechecked
    def join(parts: Sequence[Float[Array, "n"]], named: Mapping[str, Float[Array, "n"]]) -> None:
        pass

    for _ in range(3):
        join([np.ones(3), np.ones(3)], {"a": np.ones(3)})
    assert len(judged) == 2
    for bad in (
        ([np.ones(3), np.ones(4)], {"a": np.ones(3)}),
        ((np.ones(3), np.ones(3)), {"a": np.ones(4)}),
        ([np.ones(3)], {1: np.ones(3)}),
        ((np.ones(3) for _ in range(2)), {"a": np.ones(3)}),
    ):
        with pytest.raises(ShapeError):
            join(*bad)


def test_containers_in_containers_and_in_unions_are_remembered(judged):
    @shapechecked
    def join(
        named: dict[str, list[Float[Array, "n"]]],
        parts: list[Float[Array, "n"]] | tuple[Float[Array, "n"], ...],
    ) -> None:
        pass

    for calls, parts in enumerate(([np.ones(3)], (np.ones(3),)), 1):
        for _ in range(3):
            join({"a": [np.ones(3)]}, parts)
        assert len(judged) == 2 * calls
        for bad in (({"a": [np.ones(4)]}, parts), ({"a": [np.ones(3)]}, type(parts)([3]))):
            with pytest.raises(ShapeError):
                join(*bad)
        del judged[2 * calls :]


def test_a_record_that_holds_records_of_its_class_is_judged_at_every_call(judged):
    @shapechecked
    def count(nodes: list[Node]) -> int:
        return len(nodes)

    for _ in range(2):
        assert count([Node(np.ones((2, 2)), [Node(np.ones((3, 3)))])]) == 1
        with pytest.raises(ShapeError, match=r"nodes\[0\]\.inside\[0\]\.x"):
            count([Node(np.ones((2, 2)), [Node(np.ones((3, 2)))])])


def test_a_record_that_jax_carries_is_remembered_by_its_class(judged):
    jax = pytest.importorskip("jax", reason="JAX is not installed")

    @dataclass
    class Linear:
        W: Float[jax.Array, "o i"]

    jax.tree_util.register_dataclass(Linear, ["W"], [])

    @shapechecked
    def take(layer: Linear) -> None:
        pass

    for W in (np.ones((2, 3)), None, (3,)):
        take(Linear(W))
    assert len(judged) == 2


def test_what_can_be_looked_at_once_is_judged_at_every_call(judged):
    @shapechecked
    def join(parts: Iterable[Float[Array, "n"]]) -> int:
        return len([*parts])

    for calls in range(1, 4):
        assert join([np.ones(3), np.ones(3)]) == 2
        assert join(np.ones(3) for _ in range(2)) == 2
        assert len(judged) == 4 * calls


def test_a_default_that_is_trusted_is_not_a_pass_for_the_same_thing_passed():
    many = (np.ones((2, 2)),)

    @shapechecked
    def take(
        X: Float[Array, "n"],
        how: Literal["a"] = "unset",
        n: int = "auto",
        to: Sequence[int] = 0,
        ps: tuple[Float[Array, "n"], ...] = many,
    ) -> None:
        pass

    for _ in range(2):
        take(np.ones(2))
        for bad in (
            {"how": "b"},
            {"n": "zzz"},
            {"to": 3.5},
            {"ps": (np.ones((2, 2)),)},
        ):
            with pytest.raises(ShapeError):
                take(np.ones(2), **bad)


Matrix = NewType("Matrix", Float[Array, "n m"])


def pytree_of_arrays():
    pytest.importorskip("jax", reason="jaxtyping has a PyTree only where JAX is installed")
    return jaxtyping.PyTree[Float[Array, "n m"]]


@pytest.mark.parametrize(
    ("made", "wrap"), [(lambda: Matrix, lambda X: X), (pytree_of_arrays, lambda X: [X])]
)
def test_arrays_hidden_in_an_annotation_are_not_forgotten(made, wrap):
    hint = made()

    @shapechecked
    def take(X: Float[Array, "n m"], Y: hint) -> None:
        pass

    for _ in range(2):
        take(np.ones((2, 3)), wrap(np.ones((2, 3))))
        with pytest.raises(ShapeError):
            take(np.ones((2, 3)), wrap(np.ones((4, 5))))


@dataclass(frozen=True)
class Loose:
    n: int = field(compare=False)

    def __shape_axes__(self):
        return {"n": self.n}


def test_axes_come_from_arguments_that_are_annotated_as_their_source():
    @shapechecked
    def unannotated(net, X: Float[Array, "n[0] m"]) -> None:
        pass

    @shapechecked
    def annotated(loose: Loose, X: Float[Array, "n m"]) -> None:
        pass

    for net in (Network((3, 2)), Network((4, 2))):
        unannotated(net, np.ones((3, 4)))
    for _ in range(2):
        annotated(Loose(3), np.ones((3, 4)))
        with pytest.raises(ShapeError):
            annotated(Loose(4), np.ones((3, 4)))


def test_a_union_of_arrays_keeps_the_rules_of_array():
    @shapechecked
    def take(X: Float[Array, "n"] | Float[Array, "n m"], Y: Float[Array, "n"]) -> None:
        pass

    for _ in range(2):
        take(np.ones((2, 3)), np.ones(2))
        take(np.ones(2), np.ones(2))
        for bad in (np.ones((2, 0)), np.ones(2, "f4"), np.ones((3, 2)), np.ones((2, 2, 2))):
            with pytest.raises(ShapeError):
                take(bad, np.ones(2))


def test_an_axis_that_an_argument_gives_is_part_of_what_is_remembered_in_unions_and_trees():
    hints = [Float[np.ndarray, "{n} d"] | None, Float[np.ndarray, "{n} d"] | list[int]]
    if importlib.util.find_spec("jax"):
        hints.append(jaxtyping.PyTree[Float[np.ndarray, "{n} d"]])
    for hint in hints:

        @shapechecked
        def take(n: int, x: hint) -> None:
            pass

        for _ in range(2):
            take(3, np.ones((3, 2)))
            with pytest.raises(ShapeError):
                take(4, np.ones((3, 2)))


def test_options_of_one_class_are_remembered_by_what_each_of_them_looks_at():
    @shapechecked
    def take(
        x: tuple[Any, Float[np.ndarray, "n n"]]
        | tuple[Float[np.ndarray, "n"], Float[np.ndarray, "n m"]],
    ) -> None:
        pass

    for _ in range(2):
        take((np.ones(2), np.ones((2, 3))))
        with pytest.raises(ShapeError):
            take((3, np.ones((2, 3))))
