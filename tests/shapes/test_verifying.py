"""The square case: what a check cannot see, and how to see it."""

import asyncio
import re
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pytest
from jaxtyping import AnnotationError, Complex, Float, Float32, Integer, UInt8

from shapecheck_bp import (
    Array,
    Network,
    ShapeError,
    blind_spots,
    column,
    row,
    shapechecked,
    verify,
)


def ones(*shape):
    return np.ones(shape)


@shapechecked
def wrong_where_not_square(A: Float[Array, "n m"], W: Float[Array, "k n"]) -> Float[Array, "k m"]:
    return W.T @ A


def test_a_transpose_that_equal_sizes_hide_is_found():
    assert wrong_where_not_square(ones(3, 3), ones(3, 3)).shape == (3, 3)
    with pytest.raises(ShapeError) as caught:
        verify(wrong_where_not_square)
    message = str(caught.value)
    assert "the body fails where no two axes have the same size" in message
    assert re.search(r"line \d+: return W\.T @ A\n  ValueError: ", message)
    assert "sizes: n = 3, m = 5, k = 7" in message
    assert caught.value.suggestion == (
        "Look for a product of the wrong arrays, or a missing transpose, in"
        " test_verifying.wrong_where_not_square; or pass verify the arguments whose values matter"
        " to it."
    )
    assert caught.value.bindings == {"n": 3, "m": 5, "k": 7}


def test_a_result_that_equal_sizes_hide_is_found():
    @shapechecked
    def flat(A: Float[Array, "n m"]) -> Float[Array, "n m"]:
        return A.T

    with pytest.raises(ShapeError, match="the result does not fit"):
        verify(flat)


def arguments_of(function):
    given = {
        "net": Network((5, 7, 11), "tanh"),
        "activation": "tanh",
        "learning_rate": 0.1,
        "classes": 4,
    }
    names = function.__wrapped__.__code__.co_varnames[: function.__wrapped__.__code__.co_argcount]
    return {name: value for name, value in given.items() if name in names}


@pytest.mark.parametrize("name", sorted({*column.__all__} - {"check_data"}))
def test_every_public_function_holds(bp, name):
    function = getattr(bp, name)
    held = verify(function, **arguments_of(function))
    assert held
    assert str(held).startswith(f"{bp.__name__.rpartition('.')[2]}.{name} holds for ")
    written = str(held).rpartition(" for ")[2]
    assert written == ", ".join(f"{axis} = {size}" for axis, size in held.sizes.items())
    sizes = [size for axis, size in held.sizes.items() if axis != "L"]
    assert len(set(sizes)) == len(sizes), "no two axes have the same size"


def test_the_convention_confused_in_one_step():
    @shapechecked
    def dW(
        dZ: Float[Array, "n_out m"], A_prev: Float[Array, "n_in m"]
    ) -> Float[Array, "n_out n_in"]:
        return A_prev @ dZ.T

    assert dW(ones(4, 7), ones(4, 7)).shape == (4, 4)
    with pytest.raises(ShapeError, match="n_out is 7 here, and 3 in dZ"):
        verify(dW)


NO_WEIGHTS = ones(4, 5)


class Pair(NamedTuple):
    A: Float[Array, "n k"]
    B: Float[Array, "k n"]


def test_arrays_of_every_form_are_made():
    @shapechecked
    def take(
        x: Float[Array, "*batch n"],
        y: Float[Array, "n+1"],
        pair: Pair,
        many: list[Float[Array, "n _"]],
        named: dict[str, Float[Array, "k 1"]],
        maybe: Float[Array, "k"] | None,
        labels: Integer[Array, " n"],
        layers: tuple[Float[Array, "d[l] d[l-1]"], ...],
        *rest: Float[Array, "... n"],
        k: int = 3,
        after: Float[np.ndarray, "2*n 4"],
    ) -> Float[Array, "n"]:
        assert x.ndim == 3
        assert y.shape == (len(labels) + 1,)
        assert len(many) == len(named) == len(rest) == 2
        assert maybe is not None
        assert len(layers) == 3
        assert after.shape[1] == 4
        return y[1:]

    held = verify(take)
    assert held.sizes.keys() >= {"n", "k", "d_0", "d_1", "d_2", "d_3"}


def test_how_many_entries_a_container_gets():
    weights = tuple[Float[Array, "d[l] d[l-1]"], ...]
    activations = tuple[Float[Array, "d[l-1] m"], ...]

    def take(W: weights, A: activations, nets: list[weights], vs: list[Float[Array, "k"]]) -> None:
        assert (len(W), len(A), len(vs)) == (3, 4, 2), "a layer's activations lie between weights"
        assert [len(net) for net in nets] == [3, 3]

    assert verify(take).sizes["L"] == 3


def test_what_jax_carries_may_hold_anything_as_in_a_call():
    jax = pytest.importorskip("jax", reason="JAX is not installed")

    @dataclass
    class Linear:
        W: Float[jax.Array, "o i"]

    jax.tree_util.register_dataclass(Linear, ["W"], [])

    def shapes_of(X: Float[Array, "n m"]) -> Linear:
        return Linear(X.shape)

    assert shapechecked(shapes_of)(ones(2, 3)) == Linear((2, 3))
    assert verify(shapes_of)
    assert verify(shapechecked(shapes_of))


def test_functions_that_are_not_decorated():
    def right(A: Float[Array, "n m"]) -> Float[Array, "m n"]:
        return A.T

    def wrong(A: Float[Array, "n m"]) -> Float[Array, "m n"]:
        return A

    def plain() -> int:
        return 3

    assert str(verify(right)) == "right holds for n = 3, m = 5"
    assert str(verify(plain)) == "plain holds for no axes"
    with pytest.raises(ShapeError):
        verify(wrong)


def test_async_functions():
    @shapechecked
    async def wrong(A: Float[Array, "n m"]) -> Float[Array, "m n"]:
        return A

    with pytest.raises(ShapeError):
        verify(wrong)


def test_arguments_that_cannot_be_made():
    with pytest.raises(
        TypeError, match=r"column\.activation_forward needs activation, which is no"
    ):
        verify(column.activation_forward)
    with pytest.raises(TypeError, match=r"column\.softmax has no axis"):
        verify(column.softmax, axis=0)

    def inside(x: list[tuple[Float[Array, "n"], dict]]) -> None:
        pass

    def unbound(x: Float[Array, "n+1"]) -> None:
        pass

    with pytest.raises(TypeError, match="cannot make a .*dict.* inside a container; pass the arg"):
        verify(inside)
    with pytest.raises(AnnotationError, match=r"^verify: the axis n\+1 depends on one that is not"):
        verify(unbound)


def test_blind_spots(bp):
    net = Network((5, 5, 3))
    params = bp.init(net)
    X = ones(5, 7) if bp is column else ones(7, 5)
    assert blind_spots(bp.forward, net, params, X) == ["params[0].W"]
    X = ones(5, 5)
    assert blind_spots(bp.forward, net, params, X) == ["params[0].W", "X"]
    net = Network((5, 4, 3))
    X = ones(5, 7) if bp is column else ones(7, 5)
    assert blind_spots(bp.forward, net, bp.init(net), X) == []


def test_an_array_that_is_declared_square_is_no_blind_spot():
    def det(A: Float[Array, "n n"], B: Float[Array, "n 1"], C: Float[Array, "3 n"]) -> None:
        raise AssertionError("the call is judged, and not run")

    assert blind_spots(det, ones(4, 4), ones(4, 1), ones(3, 4)) == []
    assert blind_spots(det, ones(3, 3), ones(3, 1), ones(3, 3)) == ["C"], "n happens to be 3"


def test_blind_spots_of_a_call_that_does_not_fit():
    with pytest.raises(ShapeError):
        blind_spots(row.softmax, ones(3))


@pytest.mark.parametrize("library", ["torch", "jax"])
def test_arrays_of_the_library_that_is_named(library):
    module = pytest.importorskip(library, reason=f"{library} is not installed")
    kind = module.Tensor if library == "torch" else module.Array

    def product(A: Float[kind, "n k"], B: Float[kind, "k p"]) -> Float[kind, "n p"]:
        return A @ B

    assert verify(product)


def test_fixed_and_computed_sizes_hide_nothing():
    def fixed(P: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
        return P.T

    def rotated(
        R: Float[np.ndarray, "3 3"], P: Float[np.ndarray, "n 3"]
    ) -> Float[np.ndarray, "n 3"]:
        return R @ P

    def computed(
        P: Float[np.ndarray, "n m"], Q: Float[np.ndarray, "n+2 m"]
    ) -> Float[np.ndarray, "m n+2"]:
        return Q

    for function in (fixed, rotated, computed):
        with pytest.raises(ShapeError):
            verify(function)


def test_given_arrays_and_defaults_settle_axes():
    def product(A: Float[Array, "n k"], W: Float[Array, "k p"] = NO_WEIGHTS) -> Float[Array, "n p"]:
        return A @ W

    assert verify(product).sizes["k"] == 4
    assert verify(product, W=ones(6, 7)).sizes == {"k": 6, "p": 7, "n": 3}


def test_dtypes_that_are_named():
    def take(
        a: UInt8[np.ndarray, "n"], b: Float32[np.ndarray, "n"], c: Complex[Array, "n"]
    ) -> None:
        assert (a.dtype, b.dtype, c.dtype) == ("uint8", "float32", "complex128")

    assert verify(take)


def test_bound_methods():
    class Model:
        @shapechecked
        def product(self, X: Float[Array, "n m"], Y: Float[Array, "m k"]) -> Float[Array, "n k"]:
            return X @ Y

        def wrong(self, X: Float[Array, "n m"]) -> Float[Array, "n m"]:
            return X.T

    model = Model()
    assert verify(model.product)
    assert blind_spots(model.product, ones(2, 2), ones(2, 5)) == ["X"]
    with pytest.raises(ShapeError):
        verify(model.wrong)


def test_async_functions_where_a_loop_is_running():
    @shapechecked
    async def right(A: Float[Array, "n m"]) -> Float[Array, "m n"]:
        return A.T

    async def in_a_notebook():
        return verify(right)

    assert asyncio.run(in_a_notebook())


def test_blind_spots_of_variadic_axes():
    def take(x: Float[Array, "*batch d"], y: Float[Array, "... d"], z: Float[Array, "_ _"]) -> None:
        pass

    assert blind_spots(take, ones(4, 4), ones(3, 4), ones(2, 5)) == ["x"]
    assert blind_spots(take, ones(3, 4), ones(4, 4), ones(5, 5)) == ["y", "z"]


def test_differences_of_sizes():
    def convolve(x: Float[Array, "n"], k: Float[Array, "k"]) -> Float[Array, "n-k+1"]:
        return np.convolve(x, k, "valid")

    assert verify(convolve)


def test_what_is_no_function_that_a_call_runs():
    def rows(x: Float[Array, "n d"]):
        yield x

    with pytest.raises(TypeError, match="rows is a generator, whose body no call runs"):
        verify(rows)
    with pytest.raises(TypeError, match="expected a function or a bound method; got 3"):
        verify(3)


def test_a_fault_that_has_nothing_to_do_with_shapes_is_left_alone():
    def broken(x: Float[Array, "n d"]) -> None:
        raise KeyError("w")

    with pytest.raises(KeyError):
        verify(broken)


def test_pytorch_modules_get_their_usual_dtype():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = torch.nn.Linear(4, 3)

        @shapechecked
        def forward(self, x: Float[torch.Tensor, "b 4"]) -> Float[torch.Tensor, "b 3"]:
            return self.linear(x)

    assert verify(Model().forward)


def test_given_arrays_with_variadic_axes_settle_each_axis():
    def product(x: Float[Array, "*batch n"], W: Float[Array, "n k"]) -> Float[Array, "*batch k"]:
        return x @ W

    sizes = {"batch_0": 2, "batch_1": 5, "n": 3}
    assert verify(product, x=ones(2, 5, 3)).sizes.items() >= sizes.items()
    assert verify(product).sizes.keys() == {"batch_0", "batch_1", "n", "k"}


def test_a_difference_of_sizes_meets_no_other_size():
    def wrong(A: Float[Array, "m n"], B: Float[Array, "n-2 k"]) -> Float[Array, "n-2 n"]:
        return A

    with pytest.raises(ShapeError, match="the result does not fit"):
        verify(wrong)


def test_something_given_that_is_no_array():
    def take(x: Float[Array, "n"]) -> None:
        pass

    def take_and_say_no_more(x: Float[Array, "n"]):
        return x.shape

    for function in (take, take_and_say_no_more):
        with pytest.raises(ShapeError, match="x does not fit"):
            verify(function, x=[1.0])
