"""``@shapechecked`` on a user's own functions."""

import pickle
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
import pytest
from beartype.vale import Is
from jaxtyping import Float, Integer, TypeCheckError

from shapecheck_bp import Array, ShapeError, shapechecked


def ones(*shape):
    return np.ones(shape)


@shapechecked
def matmul(A: Float[np.ndarray, "n k"], B: Float[np.ndarray, "k p"]) -> Float[np.ndarray, "n p"]:
    """C = A @ B."""
    return A @ B


class Batch(NamedTuple):
    X: Float[Array, "m n"]
    labels: Integer[Array, " m"]


def test_a_call_that_fits():
    np.testing.assert_array_equal(matmul(ones(2, 3), B=ones(3, 4)), 3 * ones(2, 4))
    assert matmul.__name__ == "matmul"
    assert matmul.__doc__ == "C = A @ B."


def test_the_error_is_a_jaxtyping_error_and_a_type_error():
    with pytest.raises(TypeCheckError):
        matmul(ones(2, 3), ones(2, 3))
    with pytest.raises(TypeError):
        matmul(ones(2, 3), ones(2, 3))


def test_the_whole_message():
    with pytest.raises(ShapeError) as caught:
        matmul(ones(3, 2), ones(3, 4))
    assert str(caught.value).splitlines() == [
        "test_decorator.matmul: A does not fit, and A.T would.",
        "",
        "  C = A @ B",
        "",
        "  A   (n, k)   got (3, 2)   k is 2 here, and 3 in B",
        "  B   (k, p)   got (3, 4)",
        "",
        "  Pass A.T.",
    ]


def test_fields_survive_pickling():
    with pytest.raises(ShapeError) as caught:
        matmul(ones(3, 2), ones(3, 4))
    for error in (caught.value, pickle.loads(pickle.dumps(caught.value))):
        assert error.function == "test_decorator.matmul"
        assert error.argument == "A"
        assert error.expected == "(n, k)"
        assert error.actual == "(3, 2)"
        assert error.bindings == {"k": 3, "p": 4}
        assert error.suggestion == "Pass A.T."
        assert str(error) == str(caught.value)


def test_two_repairs_are_both_said():
    with pytest.raises(ShapeError) as caught:
        matmul(ones(2, 3), ones(2, 3))
    assert "A or B does not fit, and A.T or B.T would." in str(caught.value)
    assert caught.value.argument == "A or B"


def test_two_arguments_to_repair():
    @shapechecked
    def total(A: Float[Array, "n m"], B: Float[Array, "n m"], c: Float[Array, "n 1"]) -> None:
        """A + B + c."""

    with pytest.raises(ShapeError) as caught:
        total(ones(5, 3), ones(3, 5), ones(5))
    assert "B and c do not fit, and B.T and c[:, None] would." in str(caught.value)


def test_an_argument_may_be_named_like_a_repair():
    @shapechecked
    def total(by_name: dict[str, Float[Array, "n 2"]], x: Float[Array, "n"]) -> None:
        pass

    with pytest.raises(ShapeError) as caught:
        total({"a and b": ones(2, 3)}, ones(3))
    assert str(caught.value).startswith(
        "total: by_name['a and b'] does not fit, and by_name['a and b'].T would."
    )


def test_no_repair():
    with pytest.raises(ShapeError) as caught:
        matmul(ones(2, 3), ones(5, 4))
    assert str(caught.value).startswith("test_decorator.matmul: A and B do not fit together.\n")
    assert caught.value.suggestion == "Pass B as (k, p) = (3, p)."


def test_the_result_is_held_to_its_annotation():
    @shapechecked
    def transposed(A: Float[Array, "n k"]) -> Float[Array, "n k"]:
        return A.T

    transposed(ones(3, 3))
    with pytest.raises(ShapeError) as caught:
        transposed(ones(3, 2))
    assert caught.value.argument == "the result"
    assert "the result does not fit, and the result.T would." in str(caught.value)
    assert "n is 2 here, and 3 in A" in str(caught.value)
    assert "The arguments fit: look inside transposed" in caught.value.suggestion


def test_a_result_without_its_axis_or_that_nothing_turns_right():
    @shapechecked
    def summed(A: Float[Array, "n k"], axis: int) -> Float[Array, "n 1"]:
        return A.sum(axis=axis)

    with pytest.raises(ShapeError, match=r"fit, and the result\[:, None\] would"):
        summed(ones(3, 2), 1)
    with pytest.raises(ShapeError, match=r"the result does not fit\.\n"):
        summed(ones(3, 2), 0)


def test_the_body_runs_once_a_call():
    runs = []

    @shapechecked
    def count(A: Float[Array, "n k"]) -> Float[Array, "n k"]:
        runs.append(A)
        return A

    for calls, A in enumerate([ones(2, 3), ones(2, 3), ones(3, 2)], start=1):
        count(A)
        assert len(runs) == calls
    with pytest.raises(ShapeError):
        count(ones(3))
    assert len(runs) == 3


def test_what_passed_once_is_not_a_pass_for_another_shape_dtype_or_value():
    @shapechecked
    def scale(A: Float[np.ndarray, "n 2"], by: int) -> Float[np.ndarray, "n 2"]:
        return A * by if by else A.T

    for _ in range(2):
        scale(ones(3, 2), 1)
        for fault in (ones(2, 3), ones(3, 2).astype(int), ones(3), [[1.0, 2.0]]):
            with pytest.raises(ShapeError):
                scale(fault, 1)
        with pytest.raises(ShapeError):
            scale(ones(3, 2), 1.0)
        with pytest.raises(ShapeError):
            scale(ones(3, 2), 0)


def test_every_entry_of_a_container_is_checked():
    @shapechecked
    def stack(rows: list[Float[Array, "1 n"]], by_name: dict[str, Float[Array, "n n"]]) -> None:
        pass

    stack([ones(1, 3)] * 9, {"A": ones(3, 3)})
    for place in range(9):
        rows = [ones(1, 3)] * 9
        rows[place] = ones(1, 4)
        with pytest.raises(ShapeError) as caught:
            stack(rows, {})
        assert caught.value.bindings == {"n": 3} or place == 0
    with pytest.raises(ShapeError) as caught:
        stack([ones(1, 3)], {"A": ones(3, 3), "B": ones(3, 4)})
    assert caught.value.argument == "by_name['B']"


def test_named_tuples_optionals_and_tuples():
    @shapechecked
    def learn(
        batch: Batch, W: Float[Array, "n k"] | None, ends: tuple[Float[Array, "1 n"], int]
    ) -> None:
        pass

    fits = Batch(ones(5, 3), np.arange(5)), ones(3, 2), (ones(1, 3), 1)
    learn(*fits)
    learn(fits[0], None, fits[2])
    for args, blamed in [
        ((Batch(ones(5, 3), np.arange(4)), *fits[1:]), "batch.X or batch.labels"),
        ((fits[0], ones(2, 3), fits[2]), "W"),
        ((*fits[:2], (ones(3, 1), 1)), "ends[0]"),
        ((*fits[:2], (ones(1, 3), "1")), "ends[1]"),
        ((*fits[:2], (ones(1, 3),)), "ends"),
        (((ones(5, 3), np.arange(5)), *fits[1:]), "batch"),
    ]:
        with pytest.raises(ShapeError) as caught:
            learn(*args)
        assert caught.value.argument == blamed


def test_star_arguments_and_defaults():
    @shapechecked
    def gather(
        *parts: Float[Array, "n _"], sign: float = 1.0, **named: Float[Array, "n 1"]
    ) -> None:
        pass

    gather(ones(3, 1), ones(3, 2), b=ones(3, 1))
    gather()
    with pytest.raises(ShapeError, match=r"parts\[1\]"):
        gather(ones(3, 1), ones(4, 2))
    with pytest.raises(ShapeError, match=r"named\['b'\]"):
        gather(ones(3, 1), b=ones(4, 1))


def test_jaxtypings_own_notation():
    @shapechecked
    def features(
        x: Float[Array, "*batch n"], k: int, y: Float[Array, "{k} n+1"]
    ) -> Float[Array, "*batch {k}"]:
        return np.ones((*x.shape[:-1], k))

    features(ones(2, 5, 3), 4, ones(4, 4))
    with pytest.raises(ShapeError):
        features(ones(2, 5, 3), 4, ones(5, 4))
    with pytest.raises(ShapeError):
        features(ones(2, 5, 3), 4, ones(4, 3))


def test_the_reason_is_jaxtypings_where_axes_are_more_than_names():
    @shapechecked
    def pad(x: Float[Array, "n"], y: Float[Array, "n+1"], z: Float[Array, "*b n"]) -> None:
        pass

    with pytest.raises(ShapeError, match=r"size 3 does not equal the existing value of n\+1=4"):
        pad(ones(3), ones(3), ones(3))


@pytest.mark.parametrize(
    ("hint", "fits", "faults"),
    [
        (
            Sequence[Float[np.ndarray, "n 2"]],
            [ones(3, 2), ones(3, 2)],
            [[1], [ones(3)], [ones(3, 2), ones(4, 2)], 1],
        ),
        (
            Mapping[str, Float[np.ndarray, "n"]],
            {"a": ones(3)},
            [{"a": 1}, {1: ones(3)}, {"a": ones(3), "b": ones(4)}],
        ),
        (dict[str, Float[np.ndarray, "n"]], {"a": ones(3)}, [{1: ones(3)}, {"a": 1}]),
        (deque[Float[np.ndarray, "n"]], deque([ones(3)]), [deque([ones(3), ones(4)]), [ones(3)]]),
        (Iterable[Float[np.ndarray, "n"]], (ones(3),), [(ones(3), ones(4))]),
        (Annotated[Float[np.ndarray, "n"], "doc"], ones(3), [ones(3, 3), 1]),
        (Float[np.ndarray, "n"] | Float[np.ndarray, "n n"], ones(3, 3), [ones(3, 4), 1]),
        (Callable[[int], Float[np.ndarray, "n"]], len, [1]),
    ],
)
def test_other_containers_and_forms(hint, fits, faults):
    @shapechecked
    def take(x: hint) -> None:
        pass

    take(fits)
    for fault in faults:
        with pytest.raises(ShapeError):
            take(fault)


def test_a_class_of_arrays_is_as_in_jaxtyping():
    with pytest.raises(ShapeError) as caught:
        matmul([[1.0]], ones(1, 1))
    assert (caught.value.argument, caught.value.actual) == ("A", "list")

    @shapechecked
    def any_of(A: Float[Any, "n k"], B: Float[Any, "k p"]) -> None:
        pass

    any_of(ones(2, 3), ones(3, 4).astype("float32"))
    any_of(ones(0, 3), ones(3, 4))


def test_an_annotation_that_names_no_array_is_beartypes():
    @shapechecked
    def nothing_to_do_with_arrays(names: list[str], n: int | None = None) -> str:
        return names[0] if n is None else n

    assert nothing_to_do_with_arrays(["a"]) == "a"
    with pytest.raises(ShapeError, match=r"names   list\[str\]   got list"):
        nothing_to_do_with_arrays([1])
    with pytest.raises(ShapeError, match="the result"):
        nothing_to_do_with_arrays(["a"], 3)


def test_postponed_annotations_and_later_names():
    @shapechecked
    def later(pair: "Later") -> None:
        pass

    later.__wrapped__.__annotations__["pair"] = "Pair"
    later(Pair(ones(2, 3), ones(3, 2)))
    with pytest.raises(ShapeError):
        later(Pair(ones(2, 3), ones(2, 3)))


NO_SHIFT = ones(1, 3)


class Pair(NamedTuple):
    A: Float[Array, "n k"]
    B: Float[Array, "k n"]


def test_an_error_inside_the_body_is_left_alone():
    @shapechecked
    def outer(A: Float[np.ndarray, "n k"]) -> None:
        matmul(A, A)

    with pytest.raises(ShapeError) as caught:
        outer(ones(2, 3))
    assert caught.value.function == "test_decorator.matmul"


def test_the_traceback_is_short_and_ends_with_the_message():
    with pytest.raises(ShapeError) as caught:
        matmul(ones(2, 3), ones(2, 3))
    lines = "".join(traceback.format_exception(caught.value))
    assert lines.endswith("Pass A.T or B.T.\n")
    assert 'File "<matmul, shapechecked>"' in lines
    assert "beartype" not in lines
    assert caught.value.__cause__ is caught.value.__context__ is None


def test_defaults_that_are_arrays_are_held_to_the_annotations():
    @shapechecked
    def shift(x: Float[Array, "m n"], b: Float[Array, "1 n"] = NO_SHIFT) -> None:
        pass

    shift(ones(2, 3))
    with pytest.raises(ShapeError):
        shift(ones(2, 1))


def test_nothing_that_depends_on_values_is_remembered():
    positive = Is[lambda array: bool((array > 0).all())]

    @shapechecked
    def log(x: Annotated[np.ndarray, positive], k: Any, y: Float[np.ndarray, "{k} n"]) -> None:
        pass

    log(ones(3), np.int64(4), ones(4, 4))
    with pytest.raises(ShapeError):
        log(-ones(3), np.int64(4), ones(4, 4))
    with pytest.raises(ShapeError):
        log(ones(3), np.int64(5), ones(4, 4))


class Rooms:
    """Settles an axis d, and can be changed."""

    def __init__(self, d):
        self.d = d

    def __shape_axes__(self):
        return {"d": self.d}


def test_a_changed_source_of_axes_is_not_a_known_one():
    @shapechecked
    def within(rooms: Rooms, x: Float[Array, "d n"]) -> None:
        pass

    rooms = Rooms(3)
    within(rooms, ones(3, 2))
    rooms.d = 4
    with pytest.raises(ShapeError, match="d is 3 here, and 4 in rooms"):
        within(rooms, ones(3, 2))


def test_two_sources_of_axes_that_disagree():
    @shapechecked
    def both(one: Rooms, other: Rooms) -> None:
        pass

    both(Rooms(3), Rooms(3))
    with pytest.raises(ShapeError, match="d is 4 here, and 3 in one"):
        both(Rooms(3), Rooms(4))


def test_a_call_and_its_result_are_remembered_apart():
    @shapechecked
    def take(a: Float[Array, "n"], b: Any = None, **named: Float[Array, "n"]) -> dict[str, Any]:
        return {"y": a}

    take(ones(3))
    with pytest.raises(ShapeError):
        take((ones(3),), {}, y=ones(3))


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
@pytest.mark.parametrize("kind", [np.matrix, np.ma.array])
def test_matrix_and_masked_arrays_are_no_arrays_of_ours(kind):
    array = kind([[1.0, 2.0]])

    @shapechecked
    def take(x: Float[Array, "m n"]) -> None:
        pass

    with pytest.raises(ShapeError, match=f"got {type(array).__name__}"):
        take(array)


def test_containers_of_containers_with_layers():
    layers = tuple[Float[Array, "n[l] n[l-1]"], ...]

    @shapechecked
    def snapshots(nets: list[layers], *more: layers) -> None:
        pass

    one = (ones(4, 5), ones(3, 4))
    snapshots([one, one, one], one, one)
    with pytest.raises(ShapeError, match=r"n_1 is 5 here"):
        snapshots([one, (ones(4, 5), ones(3, 5))])
    with pytest.raises(ShapeError, match=r"len\(more\[0\]\)"):
        snapshots([one], one[:1])


def test_empty_arrays_of_any_rank():
    @shapechecked
    def take(x: Float[Array, "*batch n"]) -> None:
        pass

    with pytest.raises(ShapeError, match="x is empty"):
        take(ones(2, 0, 3))
    with pytest.raises(ShapeError, match="x is empty"):
        take(ones(2, 3, 0))


def test_an_axis_that_is_not_named_is_no_axis():
    @shapechecked
    def take(a: Float[Array, "_ n"], b: Float[Array, "_ n"]) -> None:
        pass

    with pytest.raises(ShapeError) as caught:
        take(ones(3, 2), ones(4, 3))
    assert "_ is" not in str(caught.value)


def test_an_error_in_a_long_call_takes_no_longer_than_a_moment():
    layers = tuple[Float[Array, "n[l] n[l-1]"], ...]

    @shapechecked
    def take(layers: layers) -> None:
        pass

    deep = [ones(3, 3)] * 2000
    deep[1000] = ones(3, 4)
    started = time.perf_counter()
    with pytest.raises(ShapeError) as caught:
        take((*deep,))
    assert time.perf_counter() - started < 5
    assert "layers[1000]" in caught.value.argument
    assert len(str(caught.value)) < 2000


def test_a_cast_is_to_the_dtype_of_the_rest():
    @shapechecked
    def add(a: Float[Array, "n"], b: Float[Array, "n"], c: Float[Array, "n"]) -> None:
        pass

    with pytest.raises(ShapeError) as caught:
        add(ones(3).astype("float32"), np.arange(3), ones(3).astype("float32"))
    assert caught.value.suggestion == "Pass b as float32."


def test_the_one_that_spoils_it_is_blamed_where_no_repair_is_known():
    @shapechecked
    def add(a: Float[Array, "n m"], b: Float[Array, "n m"], c: Float[Array, "n m"]) -> None:
        pass

    with pytest.raises(ShapeError) as caught:
        add(ones(7, 2), ones(3, 5), ones(3, 5))
    assert caught.value.argument == "a"
    assert caught.value.suggestion == "Pass a as (n, m) = (3, 5)."


def test_a_literal_shows_what_came_and_what_may_come():
    @shapechecked
    def reduce(x: Float[Array, "n"], mode: Literal["mean", "max"]) -> None:
        pass

    with pytest.raises(ShapeError) as caught:
        reduce(ones(3), "sum")
    assert (caught.value.expected, caught.value.actual) == ("'mean' or 'max'", "'sum'")
    assert caught.value.suggestion == "Pass mode as 'mean' or 'max'."


def test_an_array_class_of_its_own_is_named():
    class Tensor(np.ndarray):
        pass

    @shapechecked
    def take(x: Float[Tensor, "n"]) -> None:
        pass

    with pytest.raises(ShapeError) as caught:
        take([1.0])
    assert caught.value.suggestion == "Pass x as a Tensor (n,)."


def test_an_object_whose_call_says_nothing_is_refused():
    class Scale:
        def __call__(self, x):
            return 2 * x

    with pytest.raises(TypeError, match="has no annotations. Write down what it takes"):
        shapechecked(Scale())
