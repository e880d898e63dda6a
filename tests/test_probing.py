"""The square case: what a check cannot see, and how to see it."""

from typing import NamedTuple

import numpy as np
import pytest
from jaxtyping import Float, Integer

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
    assert "sizes: n = 3, m = 5, k = 7" in message
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


def test_functions_that_are_not_decorated():
    def right(A: Float[Array, "n m"]) -> Float[Array, "m n"]:
        return A.T

    def wrong(A: Float[Array, "n m"]) -> Float[Array, "m n"]:
        return A

    assert verify(right)
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

    assert blind_spots(det, ones(3, 3), ones(3, 1), ones(3, 3)) == []


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
