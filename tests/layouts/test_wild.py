"""Files as people have them: what their exporters write by default, and nothing silently wrong."""

import io
import json
import os
import warnings
import zipfile
from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shapecheck_bp import Layer, Network, ShapeError, column, flip, layouts
from shapecheck_bp.cli import main
from shapecheck_bp.layouts import Activation, compare, detect, to_column, to_row
from shapecheck_bp.layouts.functions import KNOWN, Forward

os.environ.setdefault("KERAS_BACKEND", "jax")
pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:torch"),
    pytest.mark.filterwarnings("ignore::FutureWarning:torch"),
    pytest.mark.filterwarnings("ignore::UserWarning:torch"),
]
RANDOM = np.random.default_rng(0)
TANH, RELU, SOFTMAX = Activation("tanh"), Activation("relu"), Activation("softmax")


def parameters(sizes, seed=0):
    random = np.random.default_rng(seed)
    return tuple(
        Layer(*(random.normal(size=size).astype("float32") for size in ((n, m), (n, 1))))
        for m, n in pairwise(sizes)
    )


def state_of(names, sizes, bias=True):
    """A dict as PyTorch has it, of layers with these names in this order."""
    found = {}
    for name, (W, b) in zip(names, parameters(sizes), strict=True):
        found |= {f"{name}.weight": W} | ({f"{name}.bias": b[:, 0]} if bias else {})
    return found


def same(some, others):
    return len(some) == len(others) and all(
        np.array_equal(a, b) for one, other in zip(some, others, strict=True)
        for a, b in zip(one, other, strict=True)
    )  # fmt: skip


def converted(capsys, *arguments, status=0):
    """What the command convert says, as facts."""
    assert main(["convert", *map(str, arguments), "--json"]) == status
    return json.loads(capsys.readouterr().out)


def refused(capsys, *arguments):
    """What it says where it will not."""
    with pytest.raises(SystemExit) as stopped:
        main([*map(str, arguments)])
    assert stopped.value.code == 2
    told = capsys.readouterr().err
    assert "Traceback" not in told
    return told


# 1. Activations.


def keras_model(*parts):
    keras = pytest.importorskip("keras")
    pytest.importorskip("h5py")
    model = keras.Sequential([keras.Input((3,)), *(part(keras.layers) for part in parts)])
    for layer in model.layers:
        if len(layer.weights) == 2:
            layer.bias.assign(RANDOM.normal(size=layer.bias.shape))
    return model


HIDDEN = {
    "tanh": lambda L: [L.Dense(4, "tanh")],
    "sigmoid": lambda L: [L.Dense(4), L.Activation("sigmoid")],
    "relu": lambda L: [L.Dense(4), L.ReLU()],
    "relu(6)": lambda L: [L.Dense(4, "relu6")],
    "relu(2)": lambda L: [L.Dense(4), L.ReLU(max_value=2.0)],
    "leaky_relu(0.3)": lambda L: [L.Dense(4), L.LeakyReLU(0.3)],
    "leaky_relu(0.2)": lambda L: [L.Dense(4, "leaky_relu")],
    "leaky_relu(0.1)": lambda L: [L.Dense(4, L.LeakyReLU(0.1))],
    "elu(1)": lambda L: [L.Dense(4, "elu")],
    "elu(0.5)": lambda L: [L.Dense(4), L.ELU(0.5)],
    "selu": lambda L: [L.Dense(4, "selu")],
    "gelu": lambda L: [L.Dense(4, "gelu")],
    "softsign": lambda L: [L.Dense(4, "softsign")],
    "silu": lambda L: [L.Dense(4, "swish")],
    "identity": lambda L: [L.Dense(4), L.Dropout(0.5), L.GaussianNoise(0.1)],
}


def test_activations_travel_from_keras_to_onnx_and_back(tmp_path, capsys):
    pytest.importorskip("onnx")
    keras = pytest.importorskip("keras")
    hidden = [part for parts in HIDDEN.values() for part in parts(keras.layers)]
    model = keras_model(
        *[lambda _, part=part: part for part in hidden],
        lambda L: L.Dense(3, "tanh"),
        lambda L: L.Dense(2, "softmax"),
    )
    first, then, arrays = (tmp_path / one for one in ("m.keras", "m.onnx", "m.npz"))
    last = tmp_path / "back.keras"
    model.save(first)
    facts = converted(capsys, first, "--to", "onnx", "-o", then, "--check")
    assert facts["activations"] == [*HIDDEN, "tanh", "softmax"]
    assert facts["check"]["ok"]
    facts = converted(capsys, then, "--to", "torch", "-o", arrays, "--check")
    assert facts["check"]["ok"]
    X = RANDOM.normal(size=(9, 3)).astype("float32")
    assert compare(lambda X: np.asarray(model(X.astype("float32"))), arrays, X).ok
    facts = converted(capsys, then, "--to", "keras", "-o", last, "--check")
    assert facts["check"]["ok"]
    assert layouts.inspect(last).activations == layouts.inspect(first).activations


@pytest.mark.parametrize("name", KNOWN)
def test_an_activation_is_to_us_what_it_is_to_onnx(tmp_path, name):
    pytest.importorskip("onnx")
    number = {"leaky_relu": 0.3, "elu": 0.7}.get(name)
    params, file = [Layer(np.eye(4), np.zeros((4, 1)))], tmp_path / "m.onnx"
    layouts.save(file, params, "onnx", net=(Activation(name, number),))
    X = 3 * RANDOM.normal(size=(50, 4))
    ours = Forward(params, layouts.inspect(file).activations)
    assert compare(ours, file, X).ok
    if name != "identity":
        assert not compare(lambda X: X, file, X).ok


def test_activations_travel_through_files_of_arrays(tmp_path, capsys):
    pytest.importorskip("onnx")
    pytest.importorskip("safetensors")
    net = (Activation("leaky_relu", 0.3), TANH, SOFTMAX)
    params, files = parameters((3, 4, 4, 2)), []
    for ending, to in (
        (".onnx", "onnx"),
        (".npz", "torch"),
        (".safetensors", "ng"),
        (".onnx", "onnx"),
    ):
        files.append(tmp_path / f"{len(files)}{ending}")
        if len(files) == 1:
            layouts.save(files[0], params, to, net=net)
            continue
        facts = converted(capsys, files[-2], "--to", to, "-o", files[-1], "--check")
        assert facts["activations"] == ["leaky_relu(0.3)", "tanh", "softmax"]
        assert facts["check"]["ok"]
        assert layouts.inspect(files[-1]).activations == net
    X = RANDOM.normal(size=(7, 3))
    assert compare(files[0], files[-1], X).difference == 0
    layouts.save(tmp_path / "other.onnx", params, "onnx", net=(RELU, TANH, SOFTMAX))
    assert not compare(files[0], tmp_path / "other.onnx", X).ok


def test_a_network_has_what_is_in_the_file_or_says_that_it_cannot(tmp_path):
    pytest.importorskip("onnx")
    file, params = tmp_path / "m.onnx", parameters((3, 4, 4, 2))
    layouts.save(file, params, "onnx", net=(TANH, TANH, SOFTMAX))
    assert layouts.inspect(file).network == Network((3, 4, 4, 2), "tanh")
    for net in ((TANH, RELU, SOFTMAX), (Activation("leaky_relu", 0.3),) * 2 + (SOFTMAX,)):
        layouts.save(file, params, "onnx", net=net)
        with pytest.raises(ValueError, match="and a Network one, without a number, for all hidden"):
            _ = layouts.inspect(file).network
    layouts.save(tmp_path / "m.npz", params, "torch")
    with pytest.raises(ValueError, match="does not say its activations"):
        _ = layouts.inspect(tmp_path / "m.npz").network


def test_activations_that_contradict_are_refused(tmp_path, capsys):
    pytest.importorskip("onnx")
    params = parameters((3, 4, 2))
    tanh, relu = tmp_path / "tanh.onnx", tmp_path / "relu.onnx"
    layouts.save(tanh, params, "onnx", net=(TANH, SOFTMAX))
    layouts.save(relu, params, "onnx", net=(RELU, SOFTMAX))
    out = tmp_path / "out.onnx"
    told = refused(capsys, "convert", tanh, "--to", "onnx", "-o", out, "--like", relu)
    assert "like: expected a file of names, both .npz or .safetensors" in told
    told = refused(capsys, "convert", tanh, "--to", "onnx", "-o", out, "--hidden", "relu")
    assert "has its own activations, tanh, softmax" in told
    assert not out.exists()
    layouts.save(tmp_path / "relu.npz", params, "torch", net=(RELU, SOFTMAX))
    np.savez(tmp_path / "none.npz", **state_of(["0", "2"], (3, 4, 2)))
    mine = {"net": (TANH, SOFTMAX), "like": tmp_path / "none.npz"}
    layouts.save(tmp_path / "m.npz", params, "torch", **mine)
    assert layouts.inspect(tmp_path / "m.npz").activations is None  # it has no place for them
    mine["like"] = tmp_path / "relu.npz"
    layouts.save(tmp_path / "m.npz", params, "torch", **mine)
    assert layouts.inspect(tmp_path / "m.npz").activations == (
        TANH,
        SOFTMAX,
    )  # names alone are kept
    with pytest.raises(ValueError, match=r"^net: .*or 2 Activations, one a layer; got"):
        layouts.save(out, params, "onnx", net=(TANH,))
    with pytest.raises(ValueError, match="'mish'"):
        layouts.save(out, params, "onnx", net=(Activation("mish"), SOFTMAX))


def test_what_is_not_carried_is_said(tmp_path, capsys):
    keras = pytest.importorskip("keras")
    pytest.importorskip("h5py")
    L = keras.layers
    parts = [L.Rescaling(1 / 255), L.Flatten(), L.Dense(3, "relu"), L.Dropout(0.1), L.Dense(2)]
    model = keras.Sequential([keras.Input((2, 2, 3)), *parts])
    file = tmp_path / "m.keras"
    model.save(file)
    with pytest.warns(UserWarning, match="not carried: ") as said:
        layouts.load(file)
    told = [str(one.message) for one in said]
    assert [("0.0039" in one, "channels last" in one) for one in told] == [(1, 0), (0, 1)]
    assert main(["inspect", str(file)]) == 0
    shown = capsys.readouterr().out
    assert "Activations: relu, then identity" in shown
    assert ", a Dropout, which does nothing in use" in shown
    arguments = ["convert", str(file), "--to", "keras", "-o", str(tmp_path / "m.npz"), "--check"]
    assert main(arguments) == 1
    assert "rounding allows" in capsys.readouterr().out


def test_parts_of_keras_that_are_not_carried_are_refused(tmp_path):
    keras = pytest.importorskip("keras")
    pytest.importorskip("h5py")
    L = keras.layers
    for number, (parts, message) in enumerate(
        [
            ([L.Dense(3), L.PReLU()], "is a PReLU, and nothing is left out"),
            ([L.Dense(3), L.BatchNormalization()], "is a BatchNormalization"),
            (
                [L.Dense(3, "tanh"), L.ReLU()],
                "one activation after each layer; relu comes after tanh",
            ),
            ([L.ReLU(), L.Dense(3)], "relu comes before the first layer"),
            ([L.Dense(3), L.Rescaling(2.0)], "is a Rescaling"),
            ([L.Dense(3, lambda x: x * 2)], "expected Dense layers and activations"),
            ([L.ReLU()], "before the first layer"),
            ([L.Dropout(0.5)], "expected at least one fully connected layer"),
        ]
    ):
        file = tmp_path / f"{number}.keras"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Keras warns of the lambda
            keras.Sequential([keras.Input((3,)), *parts]).save(file)
        with pytest.raises(ValueError, match=message):
            layouts.load(file)


# 2. and 7. What PyTorch and scikit-learn export today.


def test_onnx_as_pytorch_exports_it_by_default(tmp_path, capsys):
    torch = pytest.importorskip("torch")
    pytest.importorskip("onnx")
    pytest.importorskip("onnxscript", reason="torch.onnx.export asks for it")
    nn = torch.nn
    parts = [nn.Flatten(), nn.Linear(12, 4), nn.LeakyReLU(0.3), nn.Dropout(0.5), nn.Identity()]
    parts += [nn.Linear(4, 5, bias=False), nn.ELU(0.7), nn.Linear(5, 4), nn.ReLU6()]
    parts += [
        nn.Linear(4, 4),
        nn.GELU(),
        nn.Linear(4, 4),
        nn.SiLU(),
        nn.Linear(4, 2),
        nn.Softmax(1),
    ]
    model = nn.Sequential(*parts).eval()
    file = tmp_path / "m.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what PyTorch itself is made of
        torch.onnx.export(model, (torch.zeros(5, 3, 2, 2),), str(file), verbose=False)
    if not file.with_suffix(".onnx.data").exists():
        pytest.skip("PyTorch before 2.9 keeps the values in the file")
    with pytest.warns(UserWarning, match="not carried: X is flattened as the graph has it"):
        params = layouts.load(file)
    linear = [one for one in model if isinstance(one, nn.Linear)]
    for layer, own in zip(params, linear, strict=True):
        assert np.array_equal(layer.W, own.weight.detach())
        assert (
            not layer.b.any() if own.bias is None else own.bias.tolist() == layer.b[:, 0].tolist()
        )
    told = ["leaky_relu(0.3)", "elu(0.7)", "relu(6)", "gelu", "silu", "softmax"]
    assert [*map(str, layouts.inspect(file).activations)] == told
    X = RANDOM.normal(size=(8, 3, 2, 2)).astype("float32")
    assert compare(lambda X: model(torch.asarray(X)).detach(), file, X).ok
    facts = converted(capsys, file, "--to", "torch", "-o", tmp_path / "m.npz")
    assert facts["sizes"] == [12, 4, 5, 4, 4, 4, 2]


def onnx_file(file, nodes, arrays, ends, beside=False, domains=()):
    """An ONNX file as exporters write it: nodes as (operator, inputs, output, attributes)."""
    onnx = pytest.importorskip("onnx")
    helper = onnx.helper
    made = [
        helper.make_node(
            kind, inputs.split(), [out], domain="ai.onnx.ml" if kind in domains else "", **options
        )
        for kind, inputs, out, options in nodes
    ]
    initial = [onnx.numpy_helper.from_array(np.asarray(one), name) for name, one in arrays.items()]
    (start, shape), *outs = ends
    inputs = [helper.make_tensor_value_info(start, 1, shape)]
    outputs = [helper.make_empty_tensor_value_info(one) for one in outs]
    graph = helper.make_graph(made, "g", inputs, outputs, initial)
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("ai.onnx.ml", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    if beside:
        data = f"{file.name}.data"
        onnx.save(model, file, save_as_external_data=True, location=data, size_threshold=0)
    else:
        file.write_bytes(model.SerializeToString())


def torch_by_hand(file, shape=(5, 3)):
    """What PyTorch's exporter writes of Linear(3, 4), LeakyReLU(0.3), Linear(4, 2) without bias."""
    gemm = {"alpha": 1.0, "beta": 1.0, "transA": 0, "transB": 1}
    (W1, b1), (W2, _) = parameters((3, 4, 2))
    nodes = [
        ("Gemm", "input 0.weight 0.bias", "linear", gemm),
        ("LeakyRelu", "linear", "leaky_relu", {"alpha": 0.3}),
        ("Gemm", "leaky_relu 2.weight", "linear_1", gemm),
    ]
    arrays = {"0.weight": W1, "0.bias": b1[:, 0], "2.weight": W2}
    onnx_file(file, nodes, arrays, [("input", shape), "linear_1"], beside=True)


def test_values_beside_the_file_and_no_bias(tmp_path, capsys):
    file, then = tmp_path / "m.onnx", tmp_path / "m.npz"
    torch_by_hand(file)
    assert file.with_suffix(".onnx.data").exists()
    (W1, b1), (W2, b2) = parameters((3, 4, 2))
    assert same(layouts.load(file), [(W1, b1), (W2, 0 * b2)])
    facts = converted(capsys, file, "--to", "torch", "-o", then, "--check")
    assert facts["activations"] == ["leaky_relu(0.3)", "identity"]
    assert facts["check"]["ok"]
    assert main(["inspect", str(file)]) == 0
    assert capsys.readouterr().out.count("bias") == 1
    file.with_suffix(".onnx.data").unlink()
    with pytest.raises(
        ValueError, match=r"cannot be read: .* m.onnx.data|No such file.*m.onnx.data"
    ):
        layouts.load(file)


def sklearn_by_hand(file):
    """What skl2onnx writes of an MLPClassifier: Cast, MatMul, Add of (1, n), and labels."""
    (W1, b1), (W2, b2) = parameters((3, 4, 3))
    nodes = [
        ("Cast", "X", "cast_input", {"to": 1}),
        ("MatMul", "cast_input coefficient", "mul_result", {}),
        ("Add", "mul_result intercepts", "add_result", {}),
        ("Tanh", "add_result", "next_activations", {}),
        ("MatMul", "next_activations coefficient1", "mul_result1", {}),
        ("Add", "mul_result1 intercepts1", "add_result1", {}),
        ("Softmax", "add_result1", "out_activations_result", {}),
        ("ArgMax", "out_activations_result", "argmax_output", {"axis": 1}),
        (
            "ZipMap",
            "out_activations_result",
            "output_probability",
            {"classlabels_int64s": [0, 1, 2]},
        ),
        ("ArrayFeatureExtractor", "classes argmax_output", "extracted", {}),
        ("Reshape", "extracted shape_tensor", "reshaped_result", {}),
        ("Cast", "reshaped_result", "output_label", {"to": 7}),
    ]
    arrays = {"coefficient": W1.T, "intercepts": b1.T, "coefficient1": W2.T, "intercepts1": b2.T}
    arrays |= {"classes": np.array([0, 1, 2], "int32"), "shape_tensor": np.array([-1])}
    ends = [("X", (None, 3)), "output_label", "output_probability"]
    onnx_file(file, nodes, arrays, ends, domains=("ZipMap", "ArrayFeatureExtractor"))


def test_onnx_as_skl2onnx_writes_it(tmp_path, capsys):
    file, then = tmp_path / "m.onnx", tmp_path / "m.npz"
    sklearn_by_hand(file)
    with pytest.warns(UserWarning, match="after the last layer: ArgMax, .*, which make labels"):
        assert same(layouts.load(file), parameters((3, 4, 3)))
    facts = converted(capsys, file, "--to", "sklearn", "-o", then, "--check")
    assert facts["activations"] == ["tanh", "softmax"]
    assert facts["check"]["ok"]
    assert layouts.inspect(file).layers[0].W.shape == (3, 4)  # as it lies in the file


def test_scikit_learn_and_skl2onnx(tmp_path, capsys):
    networks = pytest.importorskip("sklearn.neural_network")
    X = RANDOM.normal(size=(40, 3)).astype("float32")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that it has not converged
        classes = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)
        tags = networks.MLPClassifier((5,), max_iter=3).fit(X, X[:, :2] > 0)
        outputs = networks.MLPRegressor(hidden_layer_sizes=[5], max_iter=3).fit(X, X[:, :2])
        several = networks.MLPClassifier((5, 4), activation="tanh", max_iter=3).fit(X, classes)
        two = networks.MLPClassifier((5,), activation="logistic", max_iter=3).fit(X, X[:, 0] > 0)
        one = networks.MLPRegressor(hidden_layer_sizes=[5], max_iter=3).fit(X, X[:, 0])
    assert same(
        to_row(several, "sklearn"), to_row((several.coefs_, several.intercepts_), "sklearn")
    )
    to_onnx = pytest.importorskip("skl2onnx", reason="it makes these files").to_onnx
    for number, (model, told) in enumerate(
        [
            (several, "tanh tanh softmax"),
            (two, "sigmoid sigmoid"),
            (one, "relu identity"),
            (outputs, "relu identity"),
            (tags, "relu sigmoid"),
        ]
    ):
        file, then = tmp_path / f"{number}.onnx", tmp_path / f"{number}.npz"
        file.write_bytes(to_onnx(model, X[:1]).SerializeToString())
        facts = converted(capsys, file, "--to", "sklearn", "-o", then, "--check")
        assert facts["activations"] == told.split()
        assert facts["check"]["ok"]


def test_nodes_that_change_nothing(tmp_path):
    (W1, b1), (W2, b2) = parameters((3, 4, 1))
    nodes = [
        ("Identity", "X", "x", {}),
        ("Gemm", "x W1 b1", "z1", {}),
        ("Dropout", "z1", "d1", {}),
        ("Clip", "d1 low high", "a1", {}),
        ("Flatten", "a1", "f1", {}),
        ("MatMul", "f1 W2", "p2", {}),
        ("Add", "b2 p2", "z2", {}),
        ("Reshape", "z2 to", "r2", {}),
        ("Cast", "r2", "Y", {"to": 11}),
    ]
    arrays = {"W1": W1.T, "b1": b1.T, "W2": W2.T, "b2": b2[:, 0], "to": np.array([-1, 1])}
    arrays |= {"low": np.float32(0), "high": np.float32(6)}
    file = tmp_path / "m.onnx"
    onnx_file(file, nodes, arrays, [("X", ("m", 3)), "Y"])
    assert same(layouts.load(file), parameters((3, 4, 1)))
    assert layouts.inspect(file).activations == (Activation("relu", 6.0), Activation("identity"))
    assert layouts.inspect(file).layout == "onnx_transB_0"
    for at, node, message in (
        (3, ("Clip", "d1 high high", "a1", {}), r"got Clip\(\)"),
        (7, ("Softmax", "z2", "r2", {"axis": 0}), r"got Softmax\(axis=0\)"),
        (1, ("Gemm", "x W1 b1", "z1", {"alpha": 2.0}), "alpha = 1"),
        (8, ("Cast", "r2", "Y", {"to": 7}), r"got Cast\(to=7\)"),
    ):
        onnx_file(file, [*nodes[:at], node, *nodes[at + 1 :]], arrays, [("X", ("m", 3)), "Y"])
        with pytest.raises(ValueError, match=message):
            layouts.load(file)
    for b in (np.ones((4, 1)), np.ones(1), np.ones((1, 3))):
        onnx_file(file, nodes, arrays | {"b1": b.astype("f4")}, [("X", ("m", 3)), "Y"])
        with pytest.raises(ShapeError, match="b1 does not fit the layout onnx_transB_0"):
            layouts.load(file)


def test_layers_that_lie_both_ways_in_one_graph_are_read(tmp_path):
    (W1, b1), (W2, _) = parameters((4, 4, 4))
    nodes = [("Gemm", "X W1 b1", "z1", {"transB": 1}), ("MatMul", "z1 W2", "Y", {})]
    file, out = tmp_path / "m.onnx", tmp_path / "out.onnx"
    onnx_file(file, nodes, {"W1": W1, "b1": b1[:, 0], "W2": W2.T}, [("X", ("m", 4)), "Y"])
    params = layouts.load(file)
    assert same(params, [(W1, b1), (W2, np.zeros((4, 1)))])
    layouts.save(out, params, "onnx", net=layouts.inspect(file).activations)
    assert same(layouts.load(out), params)


def test_a_reshape_that_mixes_examples_is_refused(tmp_path):
    W, b = parameters((6, 4))[0]
    nodes = [("Reshape", "X to", "x", {}), ("Gemm", "x W b", "Y", {"transB": 1})]
    arrays = {"W": W, "b": b[:, 0], "to": np.array([-1, 6])}
    onnx_file(tmp_path / "m.onnx", nodes, arrays, [("X", (2, 3)), "Y"])
    with pytest.raises(ValueError, match=r"expected a Reshape to an example a row; got \[-1, 6\]"):
        layouts.load(tmp_path / "m.onnx")


# 3. to 6. The order, and whose layers they are.

WORDS = ("inp", "hid", "out", "head", "enc", "dec", "q", "body", "a", "fc_a")


@st.composite
def dicts(draw):
    """A dict of layers in any order, and the order that is meant, which numbers keep."""
    count = draw(st.integers(1, 6))
    stems = draw(st.lists(st.sampled_from(WORDS), min_size=count, max_size=count))
    where = draw(st.sampled_from(["", "net.", "body/"]))
    numbers = sorted(draw(st.sets(st.integers(0, 30), min_size=count, max_size=count)))
    numbered = draw(st.sampled_from([st.just(True), st.just(False), st.booleans()]))
    names = [
        f"{where}{stem}{number}" if draw(numbered) else f"{where}{stem}"
        for stem, number in zip(stems, numbers, strict=True)
    ]
    names = list(dict.fromkeys(names))
    sizes = draw(
        st.lists(st.sampled_from([3, 4]), min_size=len(names) + 1, max_size=len(names) + 1)
        | st.just([4] * (len(names) + 1))
    )
    state = state_of(names, sizes, bias=draw(st.booleans()))
    keys = draw(st.permutations([*state]) | st.just([*state]) | st.just(sorted(state)))
    return names, {key: state[key] for key in keys}


def column_or_words(state):
    try:
        return to_column(state, "torch")
    except ValueError as error:
        return str(error)


@given(dicts())
def test_an_order_is_right_or_asked_for(made):
    names, state = made
    wanted = [state[f"{name}.weight"] for name in names]
    found = column_or_words(state)
    if isinstance(found, str):
        assert "order=" in found
    else:
        assert same([(W,) for W, _ in found], [(W,) for W in wanted])
    if len({name.split(".")[0] for name in names}) == len(names):
        told = to_column(state, "torch", order=names)
        assert same([(W,) for W, _ in told], [(W,) for W in wanted])
    assert detect(state).layouts


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["fc1", "fc2", "fc10"], True),
        (["body.0", "body.2", "body.4"], True),
        (["block0.lin", "block1.lin", "block2.lin"], True),
        (["m/dense", "m/dense_1", "m/dense_2"], True),  # as Keras counts, and Haiku
        (["m/dense", "m/dense_0", "m/dense_1"], False),  # which is the first?
        (["fc", "fc1", "fc2"], False),
        (["q1.fc1", "q1.fc2", "q2.fc1"], False),
        (["1x1", "3x3", "5x5"], False),
        (["up3", "up2", "up1"], False),
        (["0", "00", "1"], False),
        (["1" * 5000, "2" * 5000, "3" * 5000], False),  # no int of Python's
    ],
)
def test_one_number_in_the_names_tells_the_order(names, told):
    state = {}
    for name, (W, b) in zip(names, parameters((4, 4, 4, 4)), strict=True):
        state |= {f"{name}/kernel": W, f"{name}/bias": b[:, 0]}
    assert detect(state).sizes.keys() == {"n_out n_in", "n_in n_out"}
    for found in (state, dict(sorted(state.items()))) if told else (state,):
        found = column_or_words(found)
        assert same(found, parameters((4, 4, 4, 4))) if told else "pass order=" in found


@given(dicts(), st.sampled_from(["keras", "torch"]))
def test_a_wrong_layout_is_refused_or_coincides(made, layout):
    _, state = made
    flipped = {name: one.T if one.ndim == 2 else one for name, one in state.items()}
    weights, other = (state, "keras") if layout == "torch" else (flipped, "torch")
    square = all(one.shape == (one.shape[0],) * one.ndim for one in state.values())
    if not square and any(one.ndim == 1 for one in state.values()):
        with pytest.raises((ShapeError, ValueError)):
            to_column(weights, other)


@given(st.permutations(["actor.0", "actor.2", "critic.0", "critic.2"]), st.booleans())
def test_two_networks_are_never_one(names, square):
    sizes = (4, 4, 4) if square else (4, 3, 4)
    both = {}
    for network in ("actor", "critic"):
        both |= state_of([f"{network}.0", f"{network}.2"], sizes)
    state = {
        f"{name}.{part}": both[f"{name}.{part}"] for name in names for part in ("weight", "bias")
    }
    with pytest.raises(ValueError, match=r"no number in names tells the order .*, or only=, what"):
        to_column(state, "torch")


@pytest.mark.parametrize(
    ("some", "others"),
    [
        (("q_net.0", "q_net.2"), ("target.0", "target.2")),
        (("q1.fc1", "q1.fc2"), ("q2.fc1", "q2.fc2")),
        (("actor_fc1", "actor_fc2"), ("critic_fc1", "critic_fc2")),
        (("model/0", "model/1"), ("exp_avg/0", "exp_avg/1")),
    ],
)
def test_two_networks_in_one_file(tmp_path, capsys, some, others):
    both = {**state_of(some, (4, 4, 4)), **state_of(others, (4, 4, 4))}
    file, then = tmp_path / "two.npz", tmp_path / "one.npz"
    np.savez(file, **both)
    told = refused(capsys, "convert", file, "--from", "torch", "--to", "keras", "-o", then)
    assert "or --only, what names begin with in one network of several" in told
    assert main(["inspect", str(file)]) == 1
    assert "what names begin with in one network of several" in capsys.readouterr().out
    only = some[0].rstrip("0123456789")
    facts = converted(capsys, file, "--from", "torch", "--to", "keras", "-o", then, "--only", only)
    assert facts["sizes"] == [4, 4, 4]
    assert same(layouts.load(then), parameters((4, 4, 4)))
    assert same(layouts.load(file, "torch", order=[*some, *others]), 2 * parameters((4, 4, 4)))
    assert "only: expected what names begin with: " in refused(
        capsys, "inspect", file, "--only", "z"
    )


def test_a_network_in_several_parts_needs_a_word_for_each():
    state = state_of(["features.0", "features.2", "classifier"], (3, 4, 4, 2))
    with pytest.raises(ValueError, match="tells the order of features.0.weight, features.2.weight"):
        to_column(state, "torch")
    told = to_column(dict(sorted(state.items())), "torch", order=["features", "classifier"])
    assert same(told, parameters((3, 4, 4, 2)))
    blocks = state_of(["enc.0", "enc.2", "dec.0", "dec.2"], (4, 4, 4, 4, 4))
    with pytest.raises(ValueError, match=r"pass order="):
        to_column(blocks, "torch")
    assert same(to_column(blocks, "torch", order=["enc", "dec"]), parameters((4,) * 5))


def test_a_network_whose_parts_have_two_names(tmp_path, capsys):
    state = {"log_std": np.zeros(2)}
    for net in ("policy", "value"):
        sizes = (3, 4, 4, 2 if net == "policy" else 1)
        state |= state_of([f"mlp.{net}_net.0", f"mlp.{net}_net.2", f"{net}_head"], sizes)
    file, then = tmp_path / "agent.npz", tmp_path / "policy.npz"
    np.savez(file, **state)
    arguments = [file, "--from", "torch", "--to", "keras", "-o", then]
    assert "is log_std; they are called" in refused(capsys, "convert", *arguments)
    policy = ["mlp.policy_net.", "policy_head"]
    assert "pass --order, the names" in refused(capsys, "convert", *arguments, "--only", *policy)
    order = ["--order", "mlp.policy_net", "policy_head"]
    facts = converted(capsys, *arguments, "--only", *policy, *order, "--check")
    assert facts["sizes"] == [3, 4, 4, 2]
    assert same(layouts.load(then), parameters((3, 4, 4, 2)))


def test_arrays_that_have_no_names():
    (W1, b1), (W2, b2) = parameters((3, 4, 2))
    arrays = {"arr_0": W1, "arr_1": b1[:, 0], "arr_2": W2, "arr_3": b2[:, 0]}
    with pytest.raises(ValueError, match=r"is arr_0, .*weights.values\(\)\] is W, b"):
        to_column(arrays, "torch")
    assert same(to_column([*arrays.values()], "torch"), parameters((3, 4, 2)))


def test_moments_of_an_optimizer_are_no_layers():
    state = state_of(["0", "2"], (4, 4, 4))
    adam = {"mu": state, "nu": {name: one**2 for name, one in state.items()}, "count": np.ones(1)}
    with pytest.raises(ValueError, match="is count; .*only= takes those of a file"):
        to_column(adam, "torch")


def test_many_layers_take_no_time():
    words = [f"{a}{b}" for a in "abcd" for b in "efgh"][:15]
    with pytest.raises(ValueError, match="the order of ae.weight, af.weight"):
        to_column(state_of(words, [4] * 16), "torch")
    many = state_of([f"{i}" for i in range(1200)], [2] * 1201)
    assert len(to_column(many, "torch")) == 1200


def test_inspect_says_which_fault_there_is(tmp_path, capsys):
    file = tmp_path / "m.npz"
    for state, told in (
        (
            state_of(["inp", "hid", "out"], (4, 4, 4, 4)),
            "no number in names tells the order of inp.weight",
        ),
        (state_of(["0"], (3, 4)) | state_of(["2"], (5, 2)), "do not follow one another"),
    ):
        np.savez(file, **state)
        assert main(["inspect", str(file)]) == 1
        assert told in capsys.readouterr().out.replace("\n", " ")


def test_the_command_takes_names_of_another_file_and_an_order(tmp_path, capsys):
    names = ["inp", "hid", "out"]
    file, mine, out = tmp_path / "a.npz", tmp_path / "mine.npz", tmp_path / "out.npz"
    np.savez(file, **state_of(names, (4,) * 4))
    np.savez(
        mine, **{f"my.{key}": 0 * one for key, one in state_of(["0", "2", "4"], (4,) * 4).items()}
    )
    arguments = [file, "--from", "torch", "--to", "torch", "-o", out, "--like", mine]
    assert "pass --order, the names" in refused(capsys, "convert", *arguments)
    facts = converted(capsys, *arguments, "--order", *names, "--check")
    assert facts["check"]["difference"] == 0
    with np.load(out) as made:
        assert {*made.files} == {f"my.{i}.{part}" for i in (0, 2, 4) for part in ("weight", "bias")}
    assert same(layouts.load(out, "torch"), parameters((4,) * 4))


# 8. and 10. Other forms.


def keras_2(file, with_bias=True):
    """What Keras 2.13 writes: other folders, which count by two, and the slope called alpha."""
    h5py = pytest.importorskip("h5py")
    inside, layers = io.BytesIO(), []
    with h5py.File(inside, "w") as found:
        for i, (W, b) in enumerate(flip(parameters((3, 4, 5, 2)))):
            name = "dense" + f"_{2 * i}" * bool(i)
            place = found.create_group(f"_layer_checkpoint_dependencies/{name}/vars")
            place["0"] = W
            if with_bias:
                place["1"] = b[0]
            own = {"name": "dense" + f"_{i}" * bool(i), "units": W.shape[1], "use_bias": with_bias}
            own["activation"] = ["tanh", "linear", "softmax"][i]
            layers.append({"class_name": "Dense", "config": own})
        found.create_group("_layer_checkpoint_dependencies/leaky_re_lu/vars")
        found.create_group("vars")
    leaky = {"class_name": "LeakyReLU", "config": {"name": "l", "alpha": 0.30000001192092896}}
    layers.insert(2, leaky)
    with zipfile.ZipFile(file, "w") as made:
        made.writestr(
            "config.json", json.dumps({"class_name": "Sequential", "config": {"layers": layers}})
        )
        made.writestr("model.weights.h5", inside.getvalue())


def test_keras_2(tmp_path, capsys):
    file, then = tmp_path / "m.keras", tmp_path / "m.onnx"
    pytest.importorskip("onnx")
    keras_2(file)
    assert same(layouts.load(file), parameters((3, 4, 5, 2)))
    facts = converted(capsys, file, "--to", "onnx", "-o", then, "--check")
    assert facts["activations"] == ["tanh", "leaky_relu(0.3)", "softmax"]
    assert facts["check"]["ok"]
    keras_2(file, with_bias=False)
    assert not any(b.any() for _, b in layouts.load(file))


ELSEWHERE = {
    ".pt": "safetensors.torch.save_file(torch.load(",
    ".pkl": "layouts.to_row(joblib.load(",
    ".joblib": "layouts.to_row(joblib.load(",
    ".h5": "keras.saving.load_model(",
    ".mat": "scipy.io.loadmat(",
    ".eqx": "equinox.tree_deserialise_leaves(",
    ".npy": "numpy.savez(",
}


@pytest.mark.parametrize("ending", ELSEWHERE)
def test_files_that_others_read_come_with_the_line_that_leads_here(tmp_path, capsys, ending):
    told = refused(capsys, "inspect", tmp_path / f"m{ending}")
    assert ELSEWHERE[ending] in told
    assert "torch" not in told or ending == ".pt"


def test_the_lines_lead_here(tmp_path):
    scipy = pytest.importorskip("scipy.io")
    thetas = {f"Theta{i}": RANDOM.normal(size=size) for i, size in ((1, (4, 4)), (2, (2, 5)))}
    file = tmp_path / "weights.mat"
    scipy.savemat(file, thetas)
    layers = [
        (T[:, 1:], T[:, :1]) for at, T in scipy.loadmat(file).items() if at[0] != "_"
    ]  # the line for .mat
    assert [W.shape for W, _ in to_column(layers, "column")] == [(4, 3), (2, 4)]
    for some in ([*thetas.values()], [RANDOM.normal(size=(4, 4))] * 3):
        with pytest.raises(ValueError, match="first column of each W is its bias, pass") as error:
            to_column(some, "column")
        assert "[(W[:, 1:], W[:, :1]) for W in weights]" in str(error.value)


def test_keras_hdf5_leads_here(tmp_path):
    keras = pytest.importorskip("keras")
    model = keras_model(lambda L: L.Dense(4, "tanh"), lambda L: L.Dense(2))
    file = tmp_path / "m.h5"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras calls it legacy
        model.save(file)
    keras.saving.load_model(str(file), compile=False).save(str(tmp_path / "m.keras"))
    assert len(layouts.load(tmp_path / "m.keras")) == 2
    (tmp_path / "called.keras").write_bytes(file.read_bytes())
    with pytest.raises(
        ValueError,
        match="cannot be read: Keras, where its name ends in",
    ):
        layouts.load(tmp_path / "called.keras")


def test_no_bias_and_names_of_keras_2_in_memory():
    (W1, b1), (W2, b2) = parameters((3, 4, 2))
    found = to_column({"fc1.weight": W1, "fc2.weight": W2}, "torch")
    assert same(found, [(W1, 0 * b1), (W2, 0 * b2)])
    assert {array.dtype for layer in found for array in layer} == {np.dtype("float32")}
    with pytest.raises(ValueError, match="^weights: 0.bias: expected a bias, as others have, or z"):
        to_column({"0.weight": W1, "2.weight": W2, "2.bias": b2[:, 0]}, "torch")
    two = {"dense/kernel:0": W1.T, "dense/bias:0": b1[:, 0]}
    two |= {"dense_1/kernel:0": W2.T, "dense_1/bias:0": b2[:, 0]}
    assert same(to_column(two, "keras"), parameters((3, 4, 2)))
    with pytest.raises(
        ValueError, match=r"weights\[0\].b: .*, or None where there is no bias; got \(2, 4\)"
    ):
        to_column([W1, W2], "torch")
    back = layouts.from_column(
        [(W1, 0 * b1), (W2, 0 * b2)], "torch", like={"a": {"0.weight": W1, "2.weight": W2}}
    )
    assert [*back] == ["a/0.weight", "a/2.weight"]
    with pytest.raises(ValueError, match=r"^like: 0.weight has no bias there"):
        layouts.from_column(parameters((3, 4, 2)), "torch", like={"0.weight": W1, "2.weight": W2})


def test_a_keras_file_without_keras(tmp_path, monkeypatch):
    pytest.importorskip("h5py")
    keras_2(tmp_path / "m.keras")
    monkeypatch.setitem(__import__("sys").modules, "keras", None)
    assert len(layouts.load(tmp_path / "m.keras")) == 3
    with pytest.raises(ImportError, match="keras"):
        layouts.save(tmp_path / "n.keras", parameters((3, 2)), "keras", net=(TANH,))
    X = RANDOM.normal(size=(4, 3))
    found = compare(tmp_path / "m.keras", tmp_path / "m.keras", X)
    assert found.by == ("our own forward pass, for ModuleNotFoundError",) * 2


# 5. The check.


def test_compare_finds_what_shapes_do_not(tmp_path):
    pytest.importorskip("onnx")
    params, X = parameters((4, 4, 4)), RANDOM.normal(size=(6, 4))
    file = tmp_path / "m.onnx"
    layouts.save(file, params, "onnx", net=(TANH, TANH))

    def run(params):
        return lambda X: (
            column.forward(Network((4, 4, 4), "tanh", "tanh"), params, X.T.astype("f4")).A[-1].T
        )

    assert compare(run(params), file, X).ok
    for wrong in (params[::-1], [Layer(params[0].W.T.copy(), params[0].b), params[1]]):
        found = compare(run(tuple(wrong)), file, X)
        assert not found.ok
        assert "rounding allows" in str(found)
    for bad, message in ((X[0], "an example a row"), (np.nan * X, "finite outputs")):
        with pytest.raises(ValueError, match=message):
            compare(run(params), file, bad)
    with pytest.raises(ValueError, match=r"^target: expected outputs \(6, 4\), as source has; got"):
        compare(file, lambda X: X[:, :2], X)
    layouts.save(tmp_path / "m.npz", params, "torch")
    with pytest.raises(ValueError, match="it does not say its activations; pass a function of X"):
        compare(file, tmp_path / "m.npz", X)


def test_every_order_of_square_layers_is_told_apart(tmp_path):
    params = parameters((4, 4, 4, 4))
    outputs = []
    for order in permutations(params):
        file = tmp_path / f"{len(outputs)}.npz"
        layouts.save(file, order, "torch", net=(TANH,) * 3)
        outputs.append(file)
    X = RANDOM.normal(size=(6, 4))
    assert [compare(outputs[0], one, X).ok for one in outputs] == [True] + [False] * 5


def test_a_shape_error_of_a_marked_file_is_no_traceback(tmp_path, capsys):
    file = tmp_path / "m.npz"
    mark = json.dumps({"layout": "torch"})
    np.savez(file, **state_of(["0"], (3, 4)), **state_of(["2"], (5, 2)), shapecheck_bp=mark)
    assert main(["inspect", str(file)]) == 1
    assert "does not fit the layout torch" in capsys.readouterr().out
    with pytest.raises(ShapeError):
        layouts.load(file)


def test_the_number_of_an_activation_is_rounded_in_files(tmp_path):
    pytest.importorskip("onnx")
    random = np.random.default_rng(0)
    params = [Layer(random.normal(size=(4, 3)), random.normal(size=(4, 1)))]
    net = (Activation("leaky_relu", 0.3),)
    layouts.save(tmp_path / "m.npz", params, "torch", net=net)
    layouts.save(tmp_path / "m.onnx", params, "onnx", net=net)
    X = random.normal(size=(9, 3))
    assert compare(tmp_path / "m.npz", tmp_path / "m.onnx", X).ok
    layouts.save(tmp_path / "m.npz", [Layer(W + 1e-5, b) for W, b in params], "torch", net=net)
    assert not compare(tmp_path / "m.npz", tmp_path / "m.onnx", X).ok


def test_nothing_in_a_list_is_left_out():
    torch = pytest.importorskip("torch")
    (W1, b1), (W2, b2) = parameters((3, 4, 1))
    assert same(to_column([W1, None, W2, None], "torch"), [(W1, 0 * b1), (W2, 0 * b2)])
    linear = [torch.nn.Linear(3, 4), torch.nn.Linear(4, 1)]
    assert len(to_column(linear, "torch")) == 2
    for between in (torch.nn.Tanh(), "tanh", 3):
        with pytest.raises(ValueError, match="^weights"):
            to_column([linear[0], between, linear[1]], "torch")


def test_the_layers_of_two_files_may_both_need_an_order(tmp_path, capsys):
    file, mine, out = tmp_path / "a.npz", tmp_path / "mine.npz", tmp_path / "out.npz"
    np.savez(file, **state_of(["inp", "out"], (4, 4, 4)))
    np.savez(mine, **state_of(["first", "last"], (4, 4, 4)))
    command = ["convert", file, "--from", "torch", "--to", "torch", "-o", out, "--like", mine]
    command += ["--order", "inp", "out"]
    assert "pass --like-order" in refused(capsys, *command)
    converted(capsys, *command[1:], "--like-order", "last", "first")
    with np.load(out) as made, np.load(file) as given:
        assert np.array_equal(made["last.weight"], given["inp.weight"])


@pytest.mark.parametrize("given", [["--hidden", "tanh"], ["--output", "tanh"]])
def test_no_activation_is_guessed(tmp_path, capsys, given):
    pytest.importorskip("onnx")
    file, out = tmp_path / "m.npz", tmp_path / "m.onnx"
    layouts.save(file, parameters((3, 4, 2)), "torch")
    told = refused(capsys, "convert", file, "--to", "onnx", "-o", out, *given)
    missing = "--output" if "--hidden" in given else "--hidden"
    assert f"{missing}: expected with {given[0]}; nothing else says it" in told
    layouts.save(file, parameters((3, 2)), "torch")
    facts = converted(capsys, file, "--to", "onnx", "-o", out, "--output", "tanh")
    assert facts["activations"] == ["tanh"]


def test_a_model_of_pytorch_is_run_as_it_is(tmp_path):
    torch = pytest.importorskip("torch")
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))
    params = to_column(model.state_dict(), "torch")
    net = Network((3, 4, 2), hidden="tanh", output="identity")
    layouts.save(tmp_path / "m.npz", params, "torch", net=net)
    found = layouts.compare(model, tmp_path / "m.npz", np.random.default_rng(0).normal(size=(9, 3)))
    assert found.ok
    assert found.by[0] == "PyTorch"


def test_what_the_command_is_told_is_not_what_the_check_is_about(tmp_path, capsys):
    file, out = tmp_path / "m.npz", tmp_path / "out.npz"
    np.savez(file, **state_of(["0", "2"], (3, 4, 2)))
    command = ["convert", str(file), "--from", "torch", "--to", "keras", "-o", str(out), "--check"]
    assert main(command) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "What --from said was taken as it is: layouts.compare, with the model itself" in told
    assert main(["convert", str(out), "--to", "torch", "-o", str(file), "--check"]) == 0
    assert "taken as it is" not in capsys.readouterr().out


def test_a_file_that_its_library_runs_is_checked_against_all_that_was_told(tmp_path, capsys):
    pytest.importorskip("onnx")
    file, out = tmp_path / "m.onnx", tmp_path / "m.npz"
    layouts.save(file, parameters((4, 4, 4)), "onnx", net=(TANH, TANH))
    command = ["convert", str(file), "--to", "torch", "-o", str(out), "--check", "--order"]
    assert main([*command, "0", "2"]) == 0
    assert main([*command, "2", "0"]) == 1
    assert "taken as it is" not in capsys.readouterr().out
