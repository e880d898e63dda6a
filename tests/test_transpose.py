"""The transpose law."""

from collections import Counter, OrderedDict, defaultdict
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from problems import NETWORKS, name, problem

from shapecheck_bp import Layer, Network, column, flip, row
from shapecheck_bp.transpose import map_leaves

arrays = hnp.arrays(np.float64, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
trees = st.recursive(
    arrays | st.text() | st.none() | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.builds(Layer, inner, inner)
    ),
    max_leaves=8,
)


def same(a, b):
    if isinstance(a, np.ndarray):
        return type(a) is type(b) and a.shape == b.shape and np.array_equal(a, b, equal_nan=True)
    if isinstance(a, dict):
        return type(a) is type(b) and [*a] == [*b] and all(same(a[key], b[key]) for key in a)
    if isinstance(a, tuple | list):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    return a == b


@given(trees.filter(lambda tree: not isinstance(tree, str)))
def test_flip_is_its_own_inverse(tree):
    assert same(flip(flip(tree)), tree)


def test_flip_copies_nothing():
    W = np.ones((3, 4))
    for flipped in (flip(W), flip((W,))[0], flip([W])[0], flip({"W": W})["W"], flip(Layer(W, W)).W):
        assert np.shares_memory(W, flipped)
        assert flipped.shape == (4, 3)


def test_flip_leaves_the_rest_alone():
    rest = (np.arange(5), np.float64(2), np.ones((2, 3, 4)), Network((3, 2)), 0.1, None, "relu")
    for before, after in zip(rest, flip(rest), strict=True):
        assert after is before


@pytest.mark.parametrize("text", ["abc", b"abc", ""])
def test_flip_refuses_a_text(text):
    with pytest.raises(
        TypeError, match="^value: expected an array, or a tuple, list or dict of ar"
    ):
        flip(text)


@pytest.mark.parametrize("layer", ["0.", "layers.3.", ""])
def test_flip_refuses_half_of_a_state_dict(layer):
    state = {f"{layer}weight": np.ones((4, 3)), f"{layer}bias": np.ones(4)}
    for value in (state, (state, np.ones((3, 5)))):
        with pytest.raises(TypeError) as caught:
            flip(value)
        assert str(caught.value) == (
            f"value: got a state_dict, of which {layer}weight would be transposed and {layer}bias"
            " of shape (4,) would not. Pass it to layouts.to_row(state, 'torch') or"
            " layouts.to_column(state, 'torch')"
        )
    assert flip(state | {f"{layer}bias": np.ones((4, 1))})[f"{layer}weight"].shape == (3, 4)
    alone = {f"{layer}bias": np.ones(4)}  # without a weight nothing is transposed
    assert flip(alone)[f"{layer}bias"].shape == (4,)


def test_flip_keeps_the_kinds_of_containers():
    class Named(NamedTuple):
        X: object

    counts = defaultdict(list, W=np.ones((2, 3)))
    assert type(flip(Named(np.ones((2, 3))))) is Named
    assert type(flip(OrderedDict(W=np.ones((2, 3))))) is OrderedDict
    assert flip(counts).default_factory is list
    assert flip(Counter(a=2)) == Counter(a=2)
    assert counts["W"].shape == (2, 3), "the original is not changed"


def calls(net):
    """Arguments for every public function, as column has them."""
    _, params, X, Y = problem(column, net, m=7)
    cache = column.forward(net, params, X)
    grads = column.backward(net, params, cache, Y)
    dZ, Z, A_prev, W, b = cache.A[-1] - Y, cache.Z[-1], cache.A[-2], *params[-1]
    labels = np.argmax(Y, axis=0)
    return {
        "activation_backward": [(dZ, Z, g) for g in (net.hidden, net.output)],
        "activation_forward": [(Z, g) for g in (net.hidden, net.output)],
        "backward": [(net, params, cache, Y)],
        "check_data": [(net, X, Y)],
        "cost": [(net, cache, Y)],
        "forward": [(net, params, X)],
        "gradients": [(net, params, X, Y)],
        "init": [(net, 3), (net, 4, "float32")],
        "linear_backward": [(dZ, A_prev, W)],
        "linear_forward": [(A_prev, W, b)],
        "log_softmax": [(Z,)],
        "one_hot": [(labels, 4), (labels, 3, np.float32)],
        "predict": [(net, params, X)] if net.sizes[-1] > 1 or net.output == "sigmoid" else [],
        "softmax": [(Z,)],
        "update": [(params, grads, 0.1)],
        "weights_backward": [(dZ, A_prev)],
    }


@pytest.mark.parametrize("net", NETWORKS, ids=name)
def test_the_law_holds_for_every_public_function(net):
    tried = calls(net)
    assert set(tried) == set(column.__all__) == set(row.__all__)
    for function, arguments in tried.items():
        for args in arguments:
            here = flip(getattr(column, function)(*args))
            there = getattr(row, function)(*flip(args))
            assert close(here, there), function


def close(a, b):
    if isinstance(a, tuple):
        return type(a) is type(b) and len(a) == len(b) and all(map(close, a, b))
    if a is None:
        return b is None
    if a.dtype.kind == "f":
        size = np.max(np.abs(a), initial=0)
        return a.shape == b.shape and a.dtype == b.dtype and np.allclose(a, b, 0, 1e-13 * size)
    return a.dtype == b.dtype and np.array_equal(a, b)


def test_one_seed_is_one_network_bit_for_bit():
    net = Network((6, 5, 4))
    for here, there in zip(column.init(net, seed=7), row.init(net, seed=7), strict=True):
        assert np.array_equal(here.W, there.W.T)
        assert np.array_equal(here.b, there.b.T)
    assert not np.array_equal(column.init(net, seed=7)[0].W, column.init(net, seed=8)[0].W)


@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_the_linear_steps_at_any_size(n_in, n_out, m, seed):
    random = np.random.default_rng(seed)
    A_prev, W, b, dZ = (
        random.normal(size=s) for s in ((n_in, m), (n_out, n_in), (n_out, 1), (n_out, m))
    )
    args = (A_prev, W, b)
    assert close(flip(column.linear_forward(*args)), row.linear_forward(*flip(args)))
    args = (dZ, A_prev, W)
    assert close(flip(column.linear_backward(*args)), row.linear_backward(*flip(args)))


def test_what_has_two_axes_and_no_transpose_is_left_alone():
    view = memoryview(np.ones((2, 3)))
    assert flip([view])[0] is view


@pytest.mark.parametrize("other", [(10,), (10, 20, 30)])
def test_leaves_without_a_partner_are_not_dropped_in_silence(other):
    with pytest.raises(ValueError, match="argument 2 is (shorter|longer) than argument 1"):
        map_leaves(int.__add__, (1, 2), other)


def test_of_several_values_the_first_says_what_comes_out():
    made = map_leaves(int.__add__, (Layer(1, 2), 3), ((10, 20), 30))
    assert made == (Layer(11, 22), 33)
    assert isinstance(made[0], Layer)
