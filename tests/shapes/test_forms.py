"""Forms of annotations, of functions and of values that other people's code is full of."""

import functools
from collections.abc import Callable
from typing import (
    Any,
    Generic,
    Literal,
    ParamSpec,
    Protocol,
    Self,
    TypedDict,
    TypeVar,
    TypeVarTuple,
    Union,
    Unpack,
)

import jaxtyping
import numpy as np
import pytest
from jaxtyping import Float, Int, Integer, UInt64

from shapecheck_bp import ShapeError, shapechecked


def ones(*shape):
    return np.ones(shape)


def refuses(function, *args, **kwargs):
    with pytest.raises(ShapeError):
        function(*args, **kwargs)


class Listed:
    """An array whose shape is a list."""

    def __init__(self, *shape, dtype="float64"):
        self.shape, self.dtype = [*shape], dtype


class Unhashable(str):
    __hash__ = None


def test_shapes_and_dtypes_that_cannot_be_hashed():
    @shapechecked
    def take(x: Float[Any, "n m"], y: Float[Any, "n"]) -> Float[Any, "n"]:
        return y

    for _ in range(2):
        for x in (Listed(3, 2), Listed(3, 2, dtype=Unhashable("float64")), ones(3, 2)):
            take(x, Listed(3))
            refuses(take, x, Listed(2))


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_an_array_without_a_shape_is_refused_and_not_a_crash():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    nested = torch.nested.nested_tensor([torch.ones(2, 3), torch.ones(4, 3)])

    @shapechecked
    def take(x: Float[torch.Tensor, "..."] | Float[torch.Tensor, "n n"], y: Any = None) -> None:
        pass

    take(torch.ones(2))
    refuses(take, nested)


P, R, Ts = ParamSpec("P"), TypeVar("R"), TypeVarTuple("Ts")


def test_arguments_that_are_another_functions():
    @shapechecked
    def call(f: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        return f(*args, **kwargs)

    @shapechecked
    def give(x: Float[np.ndarray, "n"], *args: *Ts) -> tuple[*Ts]:
        return args

    for _ in range(2):
        assert call(lambda x, y: x + y, 3, y=4) == 7
        assert give(ones(2), 1, "b") == (1, "b")
        refuses(call, 3)
        refuses(give, ones(2, 2))


class Options(TypedDict, total=False):
    x: Float[np.ndarray, "n"]
    y: Float[np.ndarray, "n"]
    name: str


def test_keyword_arguments_that_are_a_typed_dict():
    @shapechecked
    def take(**options: Unpack[Options]) -> int:
        return len(options)

    for _ in range(2):
        assert take() == 0
        assert take(x=ones(2), y=ones(2), name="a") == 3
        for bad in ({"x": "a"}, {"x": ones(2), "y": ones(3)}, {"name": 3}):
            refuses(take, **bad)


class Fitting(Protocol):
    def fit(self, x: int) -> int: ...


def test_what_beartype_cannot_know_is_not_checked():
    class Chain:
        @shapechecked
        def then(self, step: Fitting, x: Float[np.ndarray, "n"]) -> Self:
            return self

    for _ in range(2):
        Chain().then(3, ones(2)).then("x", ones(3))
        refuses(Chain().then, 3, ones(2, 2))


def test_a_wrapper_has_its_own_parameters():
    @functools.wraps(np.sum)
    def bare(x: Float[np.ndarray, "n"]) -> str:
        return "ok"

    with pytest.warns(UserWarning, match="sum has no annotations"):  # wraps has taken them away
        inner = shapechecked(bare)

    def traced(function):
        @functools.wraps(function)
        def call(extra, *args, **kwargs):
            return function(*args, **kwargs)

        return call

    @shapechecked
    @traced
    def first(x: Float[np.ndarray, "a b"]) -> Float[np.ndarray, "a"]:
        return x[:, 0]

    for _ in range(2):
        assert inner(ones(2)) == "ok"
        assert first("extra", ones(2, 3)).shape == (2,)
        refuses(first, "extra", ones(2, 3, 4))


def test_a_parameter_may_have_the_name_of_anything_inside():
    @shapechecked
    def take(_shapecheck_law: Float[np.ndarray, "n"], _shapecheck_mode: int = 3) -> int:
        return _shapecheck_mode

    for _ in range(2):
        assert take(ones(2)) == 3
        assert take(_shapecheck_law=ones(2), _shapecheck_mode=4) == 4
        refuses(take, ones(2, 2))
        refuses(take, ones(2), "x")


def test_every_one_of_any_number_of_arguments():
    @shapechecked
    def take(*numbers: int, **named: Literal["a", "b"]) -> int:
        return len(numbers) + len(named)

    @shapechecked
    def every(x: Float[np.ndarray, "n"], *numbers: int, **named: str) -> None:
        pass

    for _ in range(2):
        assert take(1, 2, 3, x="a") == 4
        every(ones(2), 1, 2, a="a")
        for place in range(20):
            refuses(take, *[1] * place, "x", *[1] * (19 - place))
            refuses(every, ones(2), *[1] * place, "x", *[1] * (19 - place))
        refuses(take, **{"a": "a", "b": "c"})
        refuses(every, ones(2), a=3)


N = np.ndarray
Row = Float[np.ndarray, "d"]


@pytest.mark.parametrize(
    "hint",
    [
        Float[np.ndarray, "n d"] | list[Row] | tuple[Row, ...] | dict[str, Row] | None,
        Union[None, dict[str, Row], list[Row], tuple[Row, ...], Float[N, "n d"]],  # noqa: UP007
    ],
)
def test_unions_with_containers(hint):
    @shapechecked
    def take(xs: hint, w: Row) -> None:
        pass

    for _ in range(2):
        for good in (ones(2, 3), [ones(3)] * 9, (ones(3),), {"a": ones(3)}, None, []):
            take(good, ones(3))
        for place in (0, 4, 8):
            bad = [ones(3)] * place + [ones(4)] + [ones(3)] * (8 - place)
            for kind in (list, tuple, lambda items: dict(zip("abcdefghi", items, strict=True))):
                refuses(take, kind(bad), ones(3))
        for bad in (ones(2, 4), ones(3), [3], {3: ones(3)}, {ones(3).size}, "x"):
            refuses(take, bad, ones(3))


def test_an_option_that_does_not_fit_leaves_no_sizes_behind():
    pair = tuple[Float[np.ndarray, "n"], Float[np.ndarray, "n"]]
    other = tuple[Float[np.ndarray, "m"], Float[np.ndarray, "k"]]

    @shapechecked
    def take(it: pair | other, x: Float[np.ndarray, "n"]) -> None:
        pass

    for _ in range(2):
        take((ones(2), ones(2)), ones(2))
        take((ones(2), ones(3)), ones(7))
        refuses(take, (ones(2), ones(2)), ones(3))
        refuses(take, (ones(2), ones(2, 1)), ones(2))


def test_sizes_that_arguments_say():
    class Head:
        n = 3

        @shapechecked
        def take(self, x: Float[np.ndarray, "b {self.n}"], k: int) -> Float[np.ndarray, "b {k}"]:
            return ones(len(x), 2)

    head = Head()
    for _ in range(3):
        head.take(ones(5, 3), 2)
        refuses(head.take, ones(5, 4), 2)
        refuses(head.take, ones(5, 3), 3)
    head.n = 4
    head.take(ones(5, 4), 2)
    refuses(head.take, ones(5, 3), 2)


@pytest.mark.parametrize("dtype", [np.longlong, np.intc, np.int64, np.intp])
def test_a_dtype_is_what_it_is_and_not_how_it_is_called(dtype):
    kind = getattr(jaxtyping, f"Int{8 * np.dtype(dtype).itemsize}")

    @shapechecked
    def take(
        a: Integer[np.ndarray, "n"], b: Int[Any, "n"], c: kind[np.ndarray, "n"]
    ) -> Int[np.ndarray, "n"]:
        return a

    x = np.ones(3, dtype)
    for _ in range(2):
        take(x, x, x)
        refuses(take, x, x, x[:2])
        refuses(take, x, x, np.ones(3, f"u{np.dtype(dtype).itemsize}"))
        refuses(take, np.ones(3), x, x)


def test_the_same_of_unsigned_ones():
    @shapechecked
    def take(a: UInt64[np.ndarray, "n"]) -> None:
        pass

    take(np.ones(3, np.ulonglong))
    refuses(take, np.ones(3, np.longlong))


def test_a_tree_of_arrays_is_remembered_by_its_structure_and_leaves():
    pytest.importorskip("jax", reason="jaxtyping has a PyTree only where JAX is installed")

    @shapechecked
    def take(
        p: jaxtyping.PyTree[Float[np.ndarray, "?d"], "T"],
        q: jaxtyping.PyTree[Float[np.ndarray, "?d"], "T"],
        more: jaxtyping.PyTree = None,
    ) -> None:
        pass

    for _ in range(2):
        take({"a": ones(2), "b": ones(3)}, {"a": ones(2), "b": ones(3)}, "more")
        take([ones(2)], [ones(2)])
        refuses(take, {"a": ones(2)}, [ones(2)])
        refuses(take, {"a": ones(2)}, {"a": ones(3)})
        refuses(take, {"a": 3}, {"a": 3})


X = TypeVar("X")


def test_generic_classes():
    class Box(Generic[X]):
        @shapechecked
        def put(self, x: X, y: Float[np.ndarray, "n n"]) -> X:
            return x

    for _ in range(2):
        assert Box[int]().put(3, ones(2, 2)) == 3
        refuses(Box[int]().put, 3, ones(2, 3))


def test_symbolic_sizes():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")

    class Net(torch.nn.Module):
        @shapechecked
        def forward(self, x: Float[torch.Tensor, "b d"]) -> Float[torch.Tensor, "b"]:
            return x.sum(1)

    some = {0: torch.export.Dim("b")}
    exported = torch.export.export(Net(), (torch.ones(3, 2),), dynamic_shapes=(some,))
    assert exported.module()(torch.ones(7, 2)).shape == (7,)


T = TypeVar("T")


class Variable(Generic[T]):
    """What holds an array, and can be gone through as that can."""

    def __init__(self, value):
        self.value = value

    def __iter__(self):
        return iter(self.value)

    def __len__(self):
        return len(self.value)

    def __contains__(self, item):
        return item in self.value


def test_a_class_with_a_parameter_is_no_container_of_it():
    @shapechecked
    def f(scale: Variable[Float[np.ndarray, ""]], x: Float[np.ndarray, "n"]) -> Any:
        return scale.value * x

    for _ in range(3):
        assert f(Variable(ones(2)), ones(2)).shape == (2,)
        assert f(Variable(np.float64(1.0)), ones(2)).shape == (2,)
    with pytest.raises(ShapeError):
        f(Variable(ones(2)), ones(2, 2))
    with pytest.raises((ShapeError, TypeError), match="scale"):
        f(ones(2), ones(2))
