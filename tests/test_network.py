import pickle

import numpy as np
import pytest
import sympy

from shapecheck_bp import Layer, Network, column
from shapecheck_bp.data import digits


def test_defaults():
    net = Network(sizes=(64, 32, 10))
    assert (net.hidden, net.output, net.loss, net.L) == ("relu", "softmax", "cross_entropy", 2)
    assert net.activations == ("relu", "softmax")
    assert net.paired


@pytest.mark.parametrize(
    ("output", "loss", "paired"),
    [
        ("softmax", "cross_entropy", True),
        ("sigmoid", "log_loss", True),
        ("tanh", "squared_error", False),
        ("relu", "squared_error", False),
        ("leaky_relu", "squared_error", False),
        ("identity", "squared_error", False),
    ],
)
def test_the_loss_follows_from_the_output(output, loss, paired):
    net = Network((3, 2), output=output)
    assert (net.loss, net.paired) == (loss, paired)
    assert not Network((3, 2), output=output, loss="squared_error").paired


def test_frozen_hashable_equal_and_picklable():
    net = Network([3, np.int64(2)])
    assert net == Network((3, 2))
    assert hash(net) == hash(Network((3, 2)))
    assert net != Network((3, 2), loss="squared_error")
    assert pickle.loads(pickle.dumps(net)) == net
    with pytest.raises(AttributeError):
        net.hidden = "tanh"


@pytest.mark.parametrize("sizes", [(), (3,), (3, 0), (3, -1), (3, 2.0), "32", 3, None, ("3", "2")])
def test_bad_sizes(sizes):
    with pytest.raises(ValueError, match="^sizes: expected two or more positive whole numbers"):
        Network(sizes)


@pytest.mark.parametrize("field", ["hidden", "output"])
@pytest.mark.parametrize("value", ["swish", "Relu", None, 3])
def test_unknown_activations(field, value):
    with pytest.raises(ValueError, match=f"^{field}: expected one of 'sigmoid', .* got {value!r}"):
        Network((3, 2), **{field: value})


def test_softmax_is_no_hidden_activation():
    with pytest.raises(ValueError, match="^hidden: expected one of"):
        Network((3, 2, 2), hidden="softmax")


def test_softmax_of_one_output_is_refused_with_the_reason():
    with pytest.raises(ValueError, match="^output: softmax over a single output is always 1"):
        Network((3, 1))


def test_classes():
    assert Network((3, 4)).classes == 4
    assert Network((3, 1), output="sigmoid").classes == 2
    with pytest.raises(ValueError, match="one identity output chooses no class"):
        _ = Network((3, 1), output="identity").classes


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", np.float32])
def test_init(bp, dtype):
    params = bp.init(Network((400, 300, 10)), seed=1, dtype=dtype)
    assert all(array.dtype == dtype for layer in params for array in layer)
    assert all(np.all(b == 0) for _, b in params)
    assert np.isclose(np.std(params[0].W.astype(float)), np.sqrt(2 / 400), rtol=0.02), "He for relu"
    assert np.isclose(np.std(params[1].W.astype(float)), np.sqrt(1 / 300), rtol=0.05), "Xavier"


@pytest.mark.parametrize("seed", [-1])
def test_init_with_no_seed(bp, seed):
    with pytest.raises(ValueError, match="seed: expected a whole number from 0 up; got -1"):
        bp.init(Network((3, 2)), seed=seed)


@pytest.mark.parametrize("dtype", ["int64", int, "complex128", "floaty", 3, "empty"])
def test_no_floating_type(bp, dtype):
    with pytest.raises(ValueError, match="dtype: expected a floating type such as 'float32'"):
        bp.init(Network((3, 2)), dtype=dtype)
    with pytest.raises(ValueError, match="dtype: expected a floating type such as 'float32'"):
        bp.one_hot(np.array([0, 1]), 2, dtype)


def test_predict(bp):
    net, two = Network((2, 3), output="identity"), Network((2, 1), output="sigmoid")
    flip = (lambda a: a) if bp.EXAMPLES_AXIS == 1 else np.transpose
    X = flip(np.array([[1.0, 0.0, 2.0], [0.0, 1.0, 3.0]]))
    W, b = flip(np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]])), flip(np.zeros((3, 1)))
    assert bp.predict(net, (Layer(W, b),), X).tolist() == [0, 1, 1]
    half = bp.init(two)[0]._replace(W=flip(np.array([[1.0, -1.0]])))
    assert bp.predict(two, (half,), X).tolist() == [1, 0, 0]
    zero = half._replace(W=half.W * 0)
    assert bp.predict(two, (zero,), X).tolist() == [0, 0, 0], "1/2 is not above 1/2"
    regression = Network((2, 1), output="identity")
    with pytest.raises(ValueError, match="chooses no class"):
        bp.predict(regression, bp.init(regression), X)


def test_sizes_may_be_symbols():
    n = sympy.symbols("n_0:3", integer=True, positive=True)
    net = Network(n)
    assert net.sizes == n
    assert net == Network(n) != Network((*n[:2], 3))
    assert net.__shape_axes__() == {"L": 2, "n_0": n[0], "n_1": n[1], "n_2": n[2]}
    assert Network((sympy.Integer(3), 2)).sizes == (3, 2)


@pytest.mark.parametrize("size", [sympy.Symbol("n"), sympy.Symbol("n", integer=True), 1.5])
def test_a_symbol_that_may_be_no_size(size):
    with pytest.raises(ValueError, match="^sizes: expected two or more positive whole numbers"):
        Network((3, size))


@pytest.mark.parametrize("use", [column.init, lambda net: net.classes])
def test_where_numbers_are_needed_symbols_are_refused(use):
    n = sympy.Symbol("n", integer=True, positive=True)
    with pytest.raises(ValueError, match="^net: expected sizes that are numbers; n is a symbol"):
        use(Network((3, n)))


@pytest.mark.parametrize(
    ("field", "value", "meant"),
    [
        ("hidden", "ReLU", "relu"),
        ("hidden", "leakyrelu", "leaky_relu"),
        ("hidden", "thanh", "tanh"),
        ("output", "linear", "identity"),
        ("output", "Softmax", "softmax"),
        ("loss", "mse", "squared_error"),
        ("loss", "cross-entropy", "cross_entropy"),
        ("loss", "binary_crossentropy", "log_loss"),
        ("hidden", "softmax", None),
        ("hidden", "swish", None),
        ("hidden", "", None),
        ("loss", 2, None),
    ],
)
def test_a_name_from_elsewhere_or_with_a_slip_is_told_what_it_is_here(field, value, meant):
    with pytest.raises(ValueError, match=f"^{field}: expected one of") as caught:
        Network((3, 4, 2), **{field: value})
    told = f". Did you mean {meant!r}?" if meant else ""
    assert str(caught.value).endswith(f"; got {value!r}{told}")


def test_a_convention_with_a_slip_is_told_which_is_meant():
    with pytest.raises(ValueError, match=r"'row'; got 'columns'\. Did you mean 'column'\?$"):
        digits("columns")
