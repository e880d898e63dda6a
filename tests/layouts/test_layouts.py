"""Weights carried between frameworks: real models give the same outputs, their files come back."""

import contextlib
import io
import json
import os
import warnings
import zipfile
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shapecheck_bp import Layer, Network, ShapeError, column, flip, layouts, row
from shapecheck_bp.cli import main
from shapecheck_bp.layouts import LAYOUTS, detect, from_column, from_row, to_column, to_row

os.environ.setdefault("KERAS_BACKEND", "jax")
NET = Network((3, 4, 2), "tanh")
DEEP = Network((3, 5, 4, 2), "tanh")
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def parameters(net, dtype="float32", seed=0):
    """Column's parameters with biases that are not zero."""
    random = np.random.default_rng(seed)
    return tuple(
        Layer(W, random.normal(size=b.shape).astype(dtype))
        for W, b in column.init(net, seed=seed, dtype=dtype)
    )


def data(net, m=5):
    return np.random.default_rng(1).normal(size=(net.sizes[0], m)).astype("float32")


def same(some, others):
    return all(
        a.dtype == b.dtype and a.shape == b.shape and np.array_equal(a, b)
        for one, other in zip(some, others, strict=True)
        for a, b in zip(one, other, strict=True)
    )


def equal(some, others):
    """Whether the values are the same, whatever library they are of."""
    return all(
        np.array_equal(np.asarray(a), np.asarray(b))
        for one, other in zip(some, others, strict=True)
        for a, b in zip(one, other, strict=True)
    )


def close(A, B):
    np.testing.assert_allclose(np.asarray(A), np.asarray(B), atol=1e-6)


# The table.


@given(
    sizes=st.lists(st.integers(1, 6), min_size=2, max_size=5),
    names=st.lists(st.sampled_from(list(LAYOUTS)), min_size=1, max_size=6),
    seed=st.integers(0, 99),
)
def test_a_journey_through_layouts_changes_nothing(sizes, names, seed):
    random = np.random.default_rng(seed)
    params = tuple(
        Layer(random.normal(size=(n_out, n_in)), random.normal(size=(n_out, 1)))
        for n_in, n_out in pairwise(sizes)
    )
    here, there = params, flip(params)
    for name in names:
        weights = from_column(here, name)
        assert name in detect(weights).layouts
        here = to_column(weights, name)
        there = to_row(from_row(there, name), name)
    assert same(here, params)
    assert same(flip(there), params)


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layout_has_its_axes_and_names(name):
    line = LAYOUTS[name]
    flat = from_column(parameters(NET), name)
    (W1, b1), (W2, b2) = to_column(flat, name)
    assert (W1.shape, b1.shape, W2.shape, b2.shape) == ((4, 3), (4, 1), (2, 4), (2, 1))
    W = {"n_out n_in": (4, 3), "n_in n_out": (3, 4)}[line.W]
    b = {"n_out": (4,), "n_out 1": (4, 1), "1 n_out": (1, 4)}[line.b]
    shapes = {one.shape for one in arrays_in(flat)}
    assert {W, b} <= shapes


def arrays_in(weights):
    if isinstance(weights, dict):
        weights = weights.values()
    if hasattr(weights, "shape"):
        return [weights]
    return [one for item in weights for one in arrays_in(item)]


def test_the_forms_in_which_frameworks_hand_weights_out():
    params = parameters(NET)
    (W1, b1), (W2, b2) = params
    one, two = b1[:, 0], b2[:, 0]
    assert list(from_column(params, "torch")) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert list(from_column(params, "ng")) == ["W1", "b1", "W2", "b2"]
    assert list(from_column(params, "flax")) == ["Dense_0", "Dense_1"]
    for weights in (
        {"a1.weight": W1, "a1.bias": one, "a2.weight": W2, "a2.bias": two},
        [(W1, one), (W2, two)],
        ([W1, W2], [one, two]),
        [W1, one, W2, two],
        {"net": {"0": {"weight": W1, "bias": one}, "1": {"weight": W2, "bias": two}}},
        {"fc10.bias": two, "fc10.weight": W2, "fc9.bias": one, "fc9.weight": W1},
    ):
        assert same(to_column(weights, "torch"), params)
    assert same(to_column([(W1.T, b1.T), (W2.T, b2.T)], "row"), params)


def test_the_order_is_that_of_the_numbers_in_the_names():
    random = np.random.default_rng(0)
    state = {}
    for i in (0, 10, 2):  # sorted by a machine
        state |= {f"{i}.weight": random.normal(size=(4, 4)), f"{i}.bias": random.normal(size=4)}
    found = to_column(state, "torch")
    assert all((state[f"{i}.weight"] == found[k].W).all() for k, i in enumerate((0, 2, 10)))


def test_nothing_is_copied_or_cast():
    state = from_column(parameters(NET), "torch")
    params = to_row(state, "torch")
    assert np.shares_memory(params[0].W, state["0.weight"])
    assert params[0].W.dtype == np.float32


def test_names_of_ones_own():
    params = parameters(NET)
    mine = from_column(params, "torch")
    template = {f"body.{name}": np.zeros_like(one) for name, one in mine.items()}
    weights = from_row(flip(params), "torch", like=template)
    assert list(weights) == list(template)
    assert same(to_column(weights, "torch"), params)
    with pytest.raises(ValueError, match="^like: expected weights of the same shapes"):
        from_column(parameters(DEEP), "torch", like=template)


def square(*names, seed=0):
    """A dict of square layers, whose order no shape tells."""
    random = np.random.default_rng(seed)
    return {
        f"{name}.{part}": random.normal(size=size).astype("float32")
        for name in names
        for part, size in (("weight", (4, 4)), ("bias", 4))
    }


def names_in(params, state):
    return [
        name.removesuffix(".weight")
        for W, _ in params
        for name, one in state.items()
        if one.shape == W.shape and np.array_equal(one, W)
    ]


@pytest.mark.parametrize(
    "names",
    [
        ("fc1", "fc2", "out"),
        ("input", "hidden", "output"),
        ("hid", "inp", "out"),
        ("Dense_0", "Dense_1", "Dense_10", "Dense_2", "out"),
        ("up2", "up1"),
    ],
)
def test_the_order_of_a_dict_is_no_order_of_layers(names):
    state = square(*names)
    with pytest.raises(ValueError, match="no number in names tells the order of .*; pass order="):
        to_column(state, "torch")
    assert names_in(to_column(state, "torch", order=names), state) == [*names]


def test_an_order_that_nothing_tells_is_asked_for(tmp_path):
    state = square("l2", "l1")
    with pytest.raises(ValueError, match="tells the order of l2.weight, l1.weight; pass order="):
        to_column(state, "torch")
    assert names_in(to_column(state, "torch", order=["l2", "l1"]), state) == ["l2", "l1"]
    for order in (["l2"], ["l1", "l1"], ["l1", "l3"], ["l"]):
        with pytest.raises(ValueError, match="^order: expected each of l1.weight, l2.weight, once"):
            to_column(state, "torch", order=order)

    save_file = pytest.importorskip("safetensors.numpy").save_file
    file, back = tmp_path / "model.safetensors", tmp_path / "back.safetensors"
    state = square("input", "hidden", "output")
    save_file(state, file)
    order = ["input", "hidden", "output"]
    with pytest.raises(ValueError, match="order of hidden.weight, input.weight, output"):
        layouts.load(file, "torch")
    params = layouts.load(file, "torch", order=order)
    assert names_in(params, state) == order
    layouts.save(back, params, "torch", like=file, order=order)
    assert back.read_bytes() == file.read_bytes()


def test_a_file_of_names_that_is_like_another_keeps_its_words(tmp_path):
    save_file = pytest.importorskip("safetensors.numpy").save_file
    words = {"d": "1", "b": "2", "a": "3"}
    names = ("l1", "l2", "l10")
    arrays = zip(names, parameters(DEEP), strict=True)
    state = {}
    for name, (W, b) in arrays:
        state |= {f"{name}.weight": np.ascontiguousarray(W), f"{name}.bias": b[:, 0].copy()}
    file, back = tmp_path / "model.safetensors", tmp_path / "back.safetensors"
    save_file(state, file, words)
    for _ in range(10):
        assert same(layouts.load(file, "torch"), parameters(DEEP))
    layouts.save(back, parameters(DEEP), "torch", like=file)
    with pytest.importorskip("safetensors").safe_open(back, "np") as found:
        assert found.metadata() == words
    assert same(layouts.load(back, "torch"), parameters(DEEP))
    with pytest.raises(ValueError, match="^like: expected a file of names, both .npz or .safete"):
        layouts.save(tmp_path / "m.npz", parameters(DEEP), "torch", like=file)


def test_names_that_are_there_twice():
    W, b = np.ones((4, 3)), np.ones(4)
    with pytest.raises(
        ValueError, match="expected every name once, also on the way; got a, a/weight, a/bias"
    ):
        to_column({"a": {"weight": W, "bias": b}, "a/weight": W, "a/bias": b}, "torch")


def test_a_list_in_a_list_is_all_W_or_all_b():
    ones = np.ones((1, 1))
    assert len(to_column([(ones, ones), (ones, ones)], "column")) == 2
    (W1, b1), (W2, b2) = parameters(NET)
    assert same(to_column([[W1, W2], [b1[:, 0], b2[:, 0]]], "torch"), parameters(NET))
    for weights in ([[ones, ones], [ones, ones]], [[W1, b1], [W2, b2]], ([W1, W2], [b1, b2])):
        with pytest.raises(
            ValueError,
            match=r"^weights\[0\].W: expected an .* a tuple \(W, b\); got list",
        ):
            to_column(weights, "column")


def test_numbers_that_numpy_does_not_know_are_refused(tmp_path):
    torch = pytest.importorskip("torch")
    save_file = pytest.importorskip("safetensors.torch").save_file
    file = tmp_path / "model.safetensors"
    for kind in (torch.bfloat16, torch.float8_e4m3fn):
        save_file({"0.weight": torch.ones(4, 3).to(kind), "0.bias": torch.ones(4).to(kind)}, file)
        # NumPy may know the first by another library that is loaded.
        with pytest.raises(ValueError, match=r"(lacks a type|NumPy knows).* cast it"):
            layouts.load(file, "torch")
    params = [Layer(torch.ones(4, 3).to(torch.bfloat16), torch.ones(4, 1).to(torch.bfloat16))]
    with pytest.raises((TypeError, ValueError), match="(?i)bfloat16"):
        layouts.save(tmp_path / "model.npz", params, "torch")


def test_what_is_hidden_or_no_float_is_refused(tmp_path):
    with pytest.raises(ValueError, match="expected an array of 2 axes"):
        to_column([(np.ma.masked_array(np.ones((4, 3))), np.ones(4))], "torch")
    for kind in ("int32", "complex64"):
        params = [Layer(np.ones((4, 3), kind), np.ones((4, 1), kind))]
        with pytest.raises(ValueError, match=f"expected floats that NumPy knows; got {kind}"):
            layouts.save(tmp_path / "model.npz", params, "torch")


def test_a_like_that_is_nested_comes_back_as_flax_flattens_it():
    params = parameters(NET)
    template = {"params": {"body": from_column(params, "flax")}}
    weights = from_column(params, "flax", like=template)
    assert [*weights][::2] == ["params/body/Dense_0/kernel", "params/body/Dense_1/kernel"]
    assert same(to_column(weights, "flax"), params)
    with pytest.raises(ValueError, match="^like: expected a dict by name; got list"):
        from_column(params, "keras", like=[1])


# Shapes that say which layout it is.


def test_the_shapes_say_which_layouts_fit():
    found = detect(from_column(parameters(NET), "torch"))
    assert found.layouts == ("torch", "equinox", "onnx")
    assert str(found) == "torch, equinox, onnx: W is (n_out, n_in), sizes 3-4-2"
    square = detect(from_column(parameters(Network((4, 4, 4), "tanh")), "keras"))
    assert {"torch", "keras"} <= {*square.layouts}
    assert [*square.sizes.values()] == [(4, 4, 4), (4, 4, 4)]
    assert "the shapes cannot tell which: sizes coincide" in str(square)


def test_a_layout_that_the_shapes_contradict_is_refused_with_one_that_fits():
    state = from_column(parameters(NET), "torch")
    with pytest.raises(ShapeError) as caught:
        to_row(state, "keras")
    error = caught.value
    assert str(error) == (
        "layouts: 0.bias does not fit the layout keras.\n\n"
        "  0.bias   (n_out,)   got (4,)   n_out = 3 here\n\n"
        "  Pass layout='torch' or 'equinox' or 'onnx'."
    )
    assert (error.argument, error.expected, error.actual) == ("0.bias", "(n_out,)", "(4,)")
    with pytest.raises(ShapeError, match=r"2.weight .*does not fit the layout torch\.") as caught:
        to_row({**state, "2.weight": np.ones((2, 5), "float32")}, "torch")
    assert "n_in = 4 here" in str(caught.value)
    assert caught.value.suggestion == "Look at the order of the layers."


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({}, "expected at least one fully connected layer; got none"),
        (3, "weights: expected a dict by name.*; got int"),
        ("weights", "got str"),
        ({"0.bias": np.ones(4)}, "nothing is left out, and no W .* is 0.bias; they"),
        (
            {"0.weight": np.ones((4, 3)), "0.bias": np.ones(4), "x": 1},
            "nothing is left out, .* is x; they",
        ),
        (
            {"0.weight": np.ones((4, 3, 3)), "0.bias": np.ones(4)},
            "is 0.weight, 0.bias; they are called",
        ),
        ([np.ones((4, 3))], "expected as many W as b, W, b, W, b, …, .*; got 1 W and 0 b"),
        (
            [np.ones(4), np.ones((4, 3))],
            r"weights\[0\].W: expected an array of 2 .*; got \(4,\)",
        ),
        ([[np.ones((4, 3))], []], "as many W as b, .*; got 1 W and 0 b"),
        ([(1, 2, 3)], r"a tuple \(W, b\) for each layer, .*; got 2 W and 1 b"),
    ],
)
def test_what_is_no_weights(weights, message):
    for function in (detect, lambda one: to_column(one, "torch")):
        with pytest.raises(ValueError, match=message):
            function(weights)


def test_no_such_layout():
    with pytest.raises(ValueError, match="^layout: expected one of 'column', 'row', 'ng'"):
        to_column([np.ones((2, 3)), np.ones(2)], "caffe")
    with pytest.raises(ValueError, match="^layout: .*; got 'PyTorch'. Did you mean 'torch'?"):
        to_column([np.ones((2, 3)), np.ones(2)], "PyTorch")
    with pytest.raises(ValueError, match="^weights: does not say which layout it has; .*torch"):
        to_column([np.ones((2, 3)), np.ones(2)], None)


# Real models.


def test_pytorch(tmp_path):
    torch = pytest.importorskip("torch")
    save_file = pytest.importorskip("safetensors.torch").save_file
    X = data(DEEP)
    labels = np.array([0, 1, 1, 0, 1])
    parts = []
    for n_in, n_out in pairwise(DEEP.sizes):
        parts += [torch.nn.Linear(n_in, n_out), torch.nn.Tanh()]
    model = torch.nn.Sequential(*parts[:-1])
    file, back = tmp_path / "model.safetensors", tmp_path / "back.safetensors"
    save_file(model.state_dict(), file)
    params = layouts.load(file, "torch")
    rows = layouts.load(file, "torch", "row")
    scores = model(torch.asarray(X.T))
    close(column.forward(DEEP, params, X).Z[-1].T, scores.detach())
    close(row.forward(DEEP, rows, X.T).Z[-1], scores.detach())
    assert equal(to_column(model.state_dict(), "torch"), params)

    torch.nn.functional.cross_entropy(scores, torch.asarray(labels)).backward()
    Y = column.one_hot(labels, classes=2, dtype="float32")
    _, grads = column.gradients(DEEP, params, X, Y)
    for linear, one in zip(model[::2], grads, strict=True):
        close(linear.weight.grad, one.dW)
        close(linear.bias.grad, one.db[:, 0])

    layouts.save(back, rows, "torch", "row", like=file)
    assert back.read_bytes() == file.read_bytes()
    model.load_state_dict(
        {
            name: torch.asarray(np.array(one))
            for name, one in from_row(rows, "torch", like=model.state_dict()).items()
        }
    )
    close(model(torch.asarray(X.T)).detach(), scores.detach())


def test_keras(tmp_path):
    keras = pytest.importorskip("keras")
    pytest.importorskip("h5py")
    X = data(DEEP)
    model = keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(5, activation="tanh", name="first"),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(4, activation="tanh"),
            keras.layers.Dense(2, activation="softmax", name="a_last_one"),
        ]
    )
    for layer in model.layers:
        if layer.weights:
            layer.bias.assign(np.random.default_rng(2).normal(size=layer.bias.shape))
    A = np.asarray(model(X.T))
    close(row.forward(DEEP, to_row(model.get_weights(), "keras"), X.T).A[-1], A)
    close(column.forward(DEEP, to_column(model.get_weights(), "keras"), X).A[-1].T, A)

    file, back = tmp_path / "model.keras", tmp_path / "back.keras"
    model.save(file)
    params = layouts.load(file)
    close(column.forward(DEEP, params, X).A[-1].T, A)
    with pytest.raises(ValueError, match=r"^like: expected a file of names"):
        layouts.save(back, params, "keras", net=DEEP, like=file)
    model.set_weights(from_column([Layer(2 * W, b) for W, b in params], "keras"))
    model.save(back)
    assert same(layouts.load(back), [Layer(2 * W, b) for W, b in params])

    other = tmp_path / "other.keras"
    layouts.save(other, params, "keras", net=DEEP)
    close(keras.models.load_model(other)(X.T), A)
    assert same(layouts.load(other), params)
    with pytest.raises(ValueError, match=r"[Cc]ould not interpret .*gelu_tanh"):
        layouts.save(other, params, "keras", net=(layouts.Activation("gelu_tanh"),) * 3)


def test_flax():
    linen = pytest.importorskip("flax.linen")
    jax = pytest.importorskip("jax")
    X = data(DEEP)

    class Model(linen.Module):
        @linen.compact
        def __call__(self, x):
            for size in DEEP.sizes[1:-1]:
                x = linen.tanh(linen.Dense(size)(x))
            return linen.Dense(DEEP.sizes[-1])(x)

    weights = Model().init(jax.random.PRNGKey(0), X.T)
    rows, columns = to_row(weights, "flax"), to_column(weights, "flax")
    scores = Model().apply(weights, X.T)
    close(row.forward(DEEP, rows, jax.numpy.asarray(X.T)).Z[-1], scores)
    close(column.forward(DEEP, columns, jax.numpy.asarray(X)).Z[-1].T, scores)
    back = {"params": from_row(rows, "flax")}
    assert jax.tree.all(jax.tree.map(lambda a, b: (a == b).all(), back, weights))


def test_equinox():
    equinox = pytest.importorskip("equinox")
    jax = pytest.importorskip("jax")
    model = equinox.nn.MLP(3, 2, 4, 1, activation=jax.numpy.tanh, key=jax.random.PRNGKey(0))
    params = to_column(model.layers, "equinox")
    X = data(NET).astype(params[0].W.dtype)
    close(column.forward(NET, params, jax.numpy.asarray(X)).Z[-1].T, jax.vmap(model)(X.T))
    for layer, (W, b) in zip(model.layers, from_column(params, "equinox"), strict=True):
        assert (layer.weight == W).all()
        assert (layer.bias == b).all()


def test_scikit_learn():
    neural_network = pytest.importorskip("sklearn.neural_network")
    X = data(NET, m=40).T.astype(float)
    model = neural_network.MLPClassifier((5, 4), activation="tanh", max_iter=5, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that it has not converged
        model.fit(X, (X[:, 0] > 0).astype(int) + (X[:, 1] > 0))
    net = Network((3, 5, 4, 3), "tanh")
    rows = to_row((model.coefs_, model.intercepts_), "sklearn")
    close(row.forward(net, rows, X).A[-1], model.predict_proba(X))
    columns = to_column((model.coefs_, model.intercepts_), "sklearn")
    close(column.forward(net, columns, X.T).A[-1].T, model.predict_proba(X))
    coefs, intercepts = from_row(rows, "sklearn")
    assert all(map(np.array_equal, coefs, model.coefs_))
    assert all(map(np.array_equal, intercepts, model.intercepts_))


@pytest.mark.parametrize("name", ["onnx", "onnx_transB_0"])
@pytest.mark.parametrize("hidden", ["tanh", "leaky_relu", "sigmoid", "relu", "identity"])
def test_onnx(tmp_path, name, hidden):
    runtime = pytest.importorskip("onnxruntime")
    net = Network(DEEP.sizes, hidden)
    params, X = parameters(net), data(net)
    file, back = tmp_path / "model.onnx", tmp_path / "back.onnx"
    layouts.save(file, params, name, net=net)
    session = runtime.InferenceSession(file.read_bytes())
    (A,) = session.run(None, {"X": np.ascontiguousarray(X.T)})
    close(column.forward(net, params, X).A[-1].T, A)
    close(row.forward(net, layouts.load(file, convention="row"), X.T).A[-1], A)
    assert same(layouts.load(file), params)
    layouts.save(back, flip(params), name, "row", net=layouts.inspect(file).activations)
    assert back.read_bytes() == file.read_bytes()


def test_onnx_from_other_hands(tmp_path):
    """MatMul and Add, as Keras and scikit-learn export, and data that is not raw."""
    onnx = pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    params, X = parameters(NET), data(NET)
    (W1, b1), (W2, b2) = params
    initial = [
        helper.make_tensor("W1", kind, W1.T.shape, W1.T.ravel()),
        helper.make_tensor("b1", kind, (4,), b1.ravel()),
        helper.make_tensor("W2", kind, W2.T.shape, W2.T.ravel()),
        helper.make_tensor("b2", kind, (2,), b2.ravel()),
    ]
    nodes = [
        helper.make_node("MatMul", ["X", "W1"], ["p1"]),
        helper.make_node("Add", ["p1", "b1"], ["z1"]),
        helper.make_node("Tanh", ["z1"], ["a1"]),
        helper.make_node("MatMul", ["a1", "W2"], ["p2"]),
        helper.make_node("Add", ["b2", "p2"], ["z2"]),
    ]
    ends = [
        helper.make_tensor_value_info(name, kind, ["m", n]) for name, n in (("X", 3), ("z2", 2))
    ]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], initial)
    opset = [helper.make_opsetid("", 18)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=9)
    file, back = tmp_path / "model.onnx", tmp_path / "back.onnx"
    file.write_bytes(model.SerializeToString())
    found = layouts.load(file)
    assert same(found, params)
    (Z,) = runtime.InferenceSession(file.read_bytes()).run(None, {"X": np.array(X.T, order="C")})
    close(column.forward(NET, found, X).Z[-1].T, Z)
    layouts.save(back, found, "onnx", net=layouts.inspect(file).activations)
    assert same(layouts.load(back), params)
    with pytest.raises(ValueError, match=r"^like: expected a file of names, .*; got .*model.onnx"):
        layouts.save(back, found, "onnx", like=file)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_onnx_as_pytorch_exports_it(tmp_path):
    torch = pytest.importorskip("torch")
    pytest.importorskip("onnx")
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))
    file = tmp_path / "model.onnx"
    torch.onnx.export(model, (torch.zeros(1, 3),), str(file), dynamo=False)
    assert equal(to_column(model.state_dict(), "torch"), layouts.load(file))


# Files.


ENDINGS = [
    pytest.param(ending, id=ending) for ending in (".npz", ".safetensors", ".keras", ".onnx")
]


def needs(ending):
    for library in {
        ".safetensors": ["safetensors"],
        ".keras": ["keras", "h5py"],
        ".onnx": ["onnx"],
    }.get(ending, []):
        pytest.importorskip(library)


def layout_for(ending):
    return {".keras": "keras", ".onnx": "onnx"}.get(ending, "torch")


@pytest.fixture(params=ENDINGS)
def saved(request, tmp_path):
    """A file of each kind, as it is saved here."""
    needs(request.param)
    file = tmp_path / f"model{request.param}"
    layouts.save(file, parameters(NET), layout_for(file.suffix), net=NET)
    return file


def test_a_file_says_what_layout_it_has(saved):
    assert same(layouts.load(saved), parameters(NET))
    assert same(layouts.load(saved, convention="row"), flip(parameters(NET)))
    assert same(layouts.load(saved, layout_for(saved.suffix)), parameters(NET))
    other = "torch" if saved.suffix == ".keras" else "keras"
    with pytest.raises(ValueError, match=f"says that its layout is .*; got layout='{other}'"):
        layouts.load(saved, other)


@pytest.mark.parametrize("saved", [".npz", ".safetensors"], indirect=True)
def test_the_same_parameters_are_the_same_file(saved, tmp_path):
    again = tmp_path / f"again{saved.suffix}"
    layouts.save(again, flip(parameters(NET)), layout_for(saved.suffix), "row", like=saved)
    assert again.read_bytes() == saved.read_bytes()
    changed = [Layer(2 * W, b) for W, b in parameters(NET)]
    layouts.save(again, changed, layout_for(saved.suffix), like=saved)
    assert same(layouts.load(again), changed)


def test_any_layout_in_files_that_take_any(tmp_path):
    for ending in (".npz", ".safetensors"):
        needs(ending)
        for name in LAYOUTS:
            file = tmp_path / f"{name}{ending}"
            layouts.save(file, parameters(DEEP), name)
            assert same(layouts.load(file), parameters(DEEP))


def test_a_file_of_somebody_elses_needs_a_layout(tmp_path):
    file = tmp_path / "model.npz"
    np.savez_compressed(file, **from_column(parameters(NET), "torch"))
    with pytest.raises(
        ValueError,
        match="does not say which layout it has; pass layout=. By shape torch, equinox, onnx: W is",
    ):
        layouts.load(file)
    assert same(layouts.load(file, "torch"), parameters(NET))
    back = tmp_path / "back.npz"
    layouts.save(back, parameters(NET), "torch", like=file)
    assert layouts.inspect(back).layout is None
    assert same(layouts.load(back, "torch"), parameters(NET))
    np.savez(file, **from_column(parameters(NET), "torch"))
    layouts.save(back, parameters(NET), "torch", like=file)
    assert back.read_bytes() == file.read_bytes()


def test_bits_flipped_in_the_values_are_noticed(tmp_path):
    needs(".safetensors")
    file = tmp_path / "model.safetensors"
    layouts.save(file, parameters(NET), "torch")
    broken = bytearray(file.read_bytes())
    broken[-3] ^= 64
    file.write_bytes(bytes(broken))
    with pytest.raises(ValueError, match="has been changed since it was saved"):
        layouts.load(file)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x00" * 100, b"\xff" * 100, b"{}" * 50])
@pytest.mark.parametrize("ending", ENDINGS)
def test_what_is_no_such_file(tmp_path, ending, content):
    needs(ending)
    file = tmp_path / f"model{ending}"
    file.write_bytes(content)
    with pytest.raises(ValueError, match="cannot be read: "):
        layouts.load(file, layout_for(ending))


def test_nothing_is_unpickled(tmp_path):
    for ending in (".pt", ".pth"):
        with pytest.raises(ValueError, match=r"it is a pickle.*safetensors\.torch\.save_file") as e:
            layouts.load(tmp_path / f"model{ending}", "torch")
        assert "weights_only=True" in str(e.value)
    file = tmp_path / "objects.npz"
    np.savez(file, **{"0.weight": np.array([[print]]), "0.bias": np.ones(1)})
    with pytest.raises(ValueError, match="cannot be read"):
        layouts.load(file, "torch")


def test_other_files(tmp_path):
    with pytest.raises(ValueError, match=r"expected one of \.safetensors, .*; got '.csv'"):
        layouts.load(tmp_path / "model.csv")
    with pytest.raises(ValueError, match="no such file"):
        layouts.load(tmp_path / "model.npz")
    with pytest.raises(ValueError, match="convention: expected 'column' or 'row'; got 'ng'"):
        layouts.load(tmp_path / "model.npz", "torch", "ng")


def test_what_would_be_read_otherwise_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    file, other = tmp_path / "model.npz", tmp_path / "other.npz"
    layouts.save(file, parameters(NET), "torch")
    layouts.save(other, parameters(NET, seed=1), "torch")
    before, found = file.read_bytes(), layouts.inspect(other)
    monkeypatch.setattr("shapecheck_bp.layouts.files.inspect", lambda path: found)
    with pytest.raises(ValueError, match="^.*model.npz: would be read otherwise than written"):
        layouts.save(file, parameters(NET), "torch")
    assert file.read_bytes() == before
    assert sorted(one.name for one in tmp_path.iterdir()) == ["model.npz", "other.npz"]


def test_what_cannot_be_saved(tmp_path):
    needs(".onnx")
    with pytest.raises(ValueError, match=r"expected layout 'onnx' or 'onnx_transB_0'; got 'torch'"):
        layouts.save(tmp_path / "model.onnx", parameters(NET), "torch")
    with pytest.raises(
        ValueError, match="^net: expected a Network, for a .onnx file has activations"
    ):
        layouts.save(tmp_path / "model.onnx", parameters(NET), "onnx")
    layouts.save(tmp_path / "one.npz", parameters(DEEP), "torch")
    with pytest.raises(ValueError, match="^like: expected weights of the same shapes"):
        layouts.save(tmp_path / "two.npz", parameters(NET), "torch", like=tmp_path / "one.npz")
    with pytest.raises(ShapeError, match="does not fit the layout row"):
        layouts.save(tmp_path / "two.npz", parameters(NET), "torch", "row")
    assert not (tmp_path / "two.npz").exists()


def test_keras_layers_that_are_not_fully_connected(tmp_path):
    keras = pytest.importorskip("keras")
    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(2), keras.layers.LayerNormalization()]
    )
    model.save(tmp_path / "model.keras")
    with pytest.raises(ValueError, match="is a LayerNormalization, and nothing is left out"):
        layouts.load(tmp_path / "model.keras")


@pytest.mark.filterwarnings("ignore:Explicitly requested dtype float64")
def test_keras_files_whose_weights_are_not_what_they_seem(tmp_path):
    keras = pytest.importorskip("keras")
    h5py = pytest.importorskip("h5py")
    file = tmp_path / "model.keras"
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, use_bias=False)])
    model.save(file)
    (only,) = layouts.load(file)
    assert equal([(only.W.T,)], [model.get_weights()])
    assert not only.b.any()

    two = [keras.layers.Dense(4, name="layer_2"), keras.layers.Dense(4, name="layer_1")]
    model = keras.Sequential([keras.Input((4,)), *two])
    model.save(file)
    found = layouts.load(file)
    assert equal([(found[0].W.T, found[0].b[:, 0])], [two[0].get_weights()])
    thirds = [Layer(W.astype("float64") / 3, b.astype("float64")) for W, b in found]
    other = tmp_path / "other.keras"
    with contextlib.suppress(ValueError):  # without its float64, JAX would cast them
        layouts.save(other, thirds, "keras", net=Network((4, 4, 4), "tanh"))
    assert not other.exists() or same(layouts.load(other), thirds)

    outside = tmp_path / "secret.bin"
    outside.write_bytes(b"\0" * 64)
    inside = io.BytesIO()
    with h5py.File(inside, "w") as h5:
        group = h5.create_group("layers/dense/vars")
        group.create_dataset("0", (4, 4), "f4", external=[(str(outside), 0, 64)])
        group.create_dataset("1", data=np.zeros(4, "f4"))
    config = {"class_name": "Sequential", "config": {"layers": [
        {"class_name": "Dense", "config": {"name": "dense"}}]}}  # fmt: skip
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("config.json", json.dumps(config))
        made.writestr("model.weights.h5", inside.getvalue())
    with pytest.raises(ValueError, match="expected values that are in the file"):
        layouts.load(file)


ODD = {
    "parallel": (
        [("Gemm", "X W b", "g"), ("Gemm", "X V c", "h"), ("Add", "g h", "Y")],
        "Gemm takes g alone; it takes X",
    ),
    "residual": ([("Gemm", "X W b", "h"), ("Add", "h X", "Y")], "Add takes h alone; it takes X, h"),
    "negated": ([("Gemm", "X W b", "h"), ("Neg", "h", "Y")], "got Neg"),
    "another's": ([("my.own::Gemm", "X W b", "Y")], "ONNX's own operators; got my.own::Gemm"),
    "squared first": ([("Mul", "X X", "x"), ("Gemm", "x W b", "Y")], r"got Mul\(\)"),
    "squared": ([("Gemm", "X W b", "h"), ("Mul", "h h", "Y")], r"got Mul\(\)"),
    "half a silu": (
        [("Gemm", "X W b", "h"), ("Sigmoid", "h", "s"), ("Mul", "h h", "Y")],
        "Mul takes s alone; it takes h",
    ),
    "no layers": ([("Relu", "X", "Y")], "relu comes before the first layer"),
    "none": ([("Identity", "X", "Y")], "expected at least one fully connected layer"),
    "two in a row": ([("Gemm", "X W", "h"), ("Tanh", "h", "g"), ("Relu", "g", "Y")], "after tanh"),
}


@pytest.mark.parametrize("case", ODD)
def test_graphs_that_are_no_chain_of_layers_are_refused(tmp_path, case):
    file = tmp_path / "model.onnx"
    nodes, message = ODD[case]
    graph(file, nodes)
    with pytest.raises(ValueError, match=message):
        layouts.load(file)


def graph(file, nodes):
    """An ONNX file of these nodes, whose square weights have one-letter names."""
    onnx = pytest.importorskip("onnx")
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    letters = {one for _, inputs, _ in nodes for one in inputs.split()} & {*"WVbc"}
    arrays = {one: np.random.default_rng(ord(one)).normal(size=(4, 4) if one in "WV" else 4)
              for one in sorted(letters)}  # fmt: skip
    initial = [onnx.numpy_helper.from_array(a.astype("f4"), one) for one, a in arrays.items()]
    made = []
    for operator, inputs, out in nodes:
        domain, _, name = operator.rpartition("::")
        made.append(helper.make_node(name, inputs.split(), [out], domain=domain))
    ends = [helper.make_tensor_value_info(one, kind, ["m", 4]) for one in "XY"]
    model = helper.make_model(helper.make_graph(made, "g", ends[:1], ends[1:], initial))
    file.write_bytes(model.SerializeToString())
    return arrays


def test_a_graph_says_the_order_and_whose_bias_it_is(tmp_path):
    file = tmp_path / "model.onnx"
    arrays = graph(file, [("Gemm", "X W c", "g"), ("Tanh", "g", "h"), ("Gemm", "h V b", "Y")])
    found = layouts.load(file)
    for layer, (W, b) in zip(found, (("W", "c"), ("V", "b")), strict=True):
        np.testing.assert_allclose(layer.W, arrays[W].T, rtol=1e-6)
        np.testing.assert_allclose(layer.b[:, 0], arrays[b], rtol=1e-6)
    arrays = graph(file, [("Gemm", "X W c", "g"), ("Gemm", "g W c", "Y")])  # two layers are one
    one, other = layouts.load(file)
    assert same([one], [other])
    assert layouts.compare(file, file, np.ones((2, 4))).ok


def test_values_beside_an_onnx_file_are_read_if_they_are_in_its_folder(tmp_path):
    onnx = pytest.importorskip("onnx")
    file, folder = tmp_path / "model.onnx", tmp_path / "inside"
    graph(file, [("Gemm", "X W b", "Y")])
    right = layouts.load(file)
    model = onnx.load(file)
    onnx.external_data_helper.convert_model_to_external_data(
        model, size_threshold=0, location="values"
    )
    folder.mkdir()
    onnx.save(model, folder / "model.onnx")
    assert same(layouts.load(folder / "model.onnx"), right)
    (folder / "values").rename(tmp_path / "values")
    with pytest.raises(
        ValueError, match="cannot be read: .*[Nn]o such file or directory: .*values"
    ):
        layouts.load(folder / "model.onnx")
    (folder / "values").symlink_to(tmp_path / "values")
    with pytest.raises(ValueError, match="expected values in files of its folder; got .*values"):
        layouts.load(folder / "model.onnx")


def test_a_network_of_other_sizes_or_none(tmp_path):
    needs(".onnx")
    for net in (Network((3, 5, 2)), Network((3, 2)), Network((9, 4, 2))):
        with pytest.raises(
            ValueError, match=r"^net: expected a Network of sizes \(3, 4, 2\), or 2 "
        ):
            layouts.save(tmp_path / "model.onnx", parameters(NET), "onnx", net=net)
    with pytest.raises(ValueError, match="^net: .*; got relu"):
        layouts.save(tmp_path / "model.onnx", parameters(NET), "onnx", net="relu")


def test_permissions_and_links_are_kept(tmp_path):
    file, link = tmp_path / "model.npz", tmp_path / "link.npz"
    layouts.save(file, parameters(NET), "torch")
    file.chmod(0o640)
    link.symlink_to(file)
    layouts.save(link, parameters(DEEP), "torch")
    assert link.is_symlink()
    assert same(layouts.load(file), parameters(DEEP))
    assert file.stat().st_mode & 0o777 == 0o640
    with pytest.raises(FileNotFoundError, match="nowhere"):
        layouts.save(tmp_path / "nowhere" / "model.npz", parameters(NET), "torch")


def test_like_a_file_in_another_layout(tmp_path):
    layouts.save(tmp_path / "one.npz", parameters(NET), "keras")
    with pytest.raises(
        ValueError, match="one.npz: says that its layout is 'keras'; got layout='torch'"
    ):
        layouts.save(tmp_path / "two.npz", parameters(NET), "torch", like=tmp_path / "one.npz")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: layouts.load(None),
            TypeError,
            "(expected str, bytes or|argument should be a str or an) os.PathLike object"
            "(, not NoneType| where __fspath__ returns a str, not 'NoneType')",
        ),
        (lambda: layouts.load("a.npz", convention=["row"]), ValueError, "convention: expected"),
        (lambda: from_column(5, "torch"), ValueError, r"params: expected .*a tuple \(W, b\)"),
        (lambda: from_column(np.array(1.0), "torch"), ValueError, "params: .* got ndarray"),
        (
            lambda: from_row({"W1": 1}, "torch"),
            ValueError,
            "weights: nothing is left out, .* is W1;",
        ),
        (lambda: from_column([(1, 2)], "torch"), ValueError, r"params\[0\].W: expected an array"),
    ],
)
def test_wrong_arguments(call, error, message):
    with pytest.raises(error, match=f"^{message}"):
        call()


def test_a_zip_that_lacks_a_part(tmp_path):
    pytest.importorskip("h5py")
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        file.writestr("config.json", json.dumps({"class_name": "Functional"}))
    (tmp_path / "model.keras").write_bytes(made.getvalue())
    with pytest.raises(ValueError, match="cannot be read: expected a Sequential model"):
        layouts.load(tmp_path / "model.keras")


@pytest.mark.parametrize("saved", [".safetensors", ".onnx"], indirect=True)
def test_the_checksum_sees_every_bit(saved):
    whole = saved.read_bytes()
    for at in range(0, len(whole), 7):
        broken = bytearray(whole)
        broken[at] ^= 1 << at % 8
        saved.write_bytes(bytes(broken))
        try:
            assert same(layouts.load(saved), parameters(NET))  # the mark itself is broken
        except ValueError:
            continue
        assert b"shapecheck_bp sha256=" not in broken


# The commands.


def test_convert_and_inspect(tmp_path, capsys):
    first, then = tmp_path / "mlp.npz", tmp_path / "keras.npz"
    np.savez(first, **from_column(parameters(NET), "torch"))
    assert main(["inspect", str(first)]) == 0
    shown = capsys.readouterr().out
    assert "(n_out, n_in)" in shown
    assert "By shape torch, equinox, onnx: W is (n_out, n_in), sizes 3-4-2" in shown
    assert main(["convert", str(first), "--from", "torch", "--to", "keras", "-o", str(then)]) == 0
    assert "3-4-2 in the layout keras" in capsys.readouterr().out
    again = ["convert", str(first), "--to", "keras", "-o", str(then)]
    facts = {"path": str(then), "layout": "keras", "sizes": [3, 4, 2]}
    for arguments in (["--json", *again], [*again, "--json"]):
        assert main([*arguments, "--from", "torch"]) == 0
        assert json.loads(capsys.readouterr().out) == facts
    assert same(layouts.load(then), parameters(NET))
    assert main(["inspect", str(then), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["layout"] == "keras"
    assert facts["layers"][0]["W"] == {
        "name": "dense_0/kernel", "shape": [3, 4], "dtype": "float32",
    }  # fmt: skip


def test_convert_to_a_file_with_activations(tmp_path, capsys):
    needs(".onnx")
    first, then = tmp_path / "mlp.npz", tmp_path / "mlp.onnx"
    layouts.save(first, parameters(NET), "torch")
    command = ["convert", str(first), "--to", "onnx", "-o", str(then), "--hidden", "tanh"]
    with pytest.raises(SystemExit):
        main(command)
    assert (
        "--output: expected with --hidden; nothing else says it, and none is guessed"
        in capsys.readouterr().err
    )
    assert main([*command, "--output", "softmax"]) == 0
    assert layouts.inspect(then).network == NET
    assert same(layouts.load(then), parameters(NET))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["inspect", "model.pt"], "it is a pickle"),
        (["inspect", "nowhere.npz"], "no such file"),
        (["convert", "nowhere.npz", "--to", "keras", "-o", "out.npz"], "no such file"),
        (["convert", "a.npz", "--to", "caffe", "-o", "out.npz"], "invalid choice: 'caffe'"),
    ],
)
def test_files_that_cannot_be_had_are_exit_status_2(arguments, message, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


def test_a_layout_that_contradicts_the_file_is_exit_status_2(tmp_path, capsys):
    file = tmp_path / "mlp.npz"
    np.savez(file, **from_column(parameters(NET), "torch"))
    with pytest.raises(SystemExit):
        main(
            [
                "convert",
                str(file),
                "--from",
                "keras",
                "--to",
                "torch",
                "-o",
                str(tmp_path / "x.npz"),
            ]
        )
    assert "Pass --from 'torch'" in capsys.readouterr().err
