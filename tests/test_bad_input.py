"""Faults of shape, dtype and structure are refused at every call, by name."""

import re

import numpy as np
import pytest

from shapecheck_bp import Gradient, Layer, Network, ShapeError, column, flip, row


def swap(value, old, new):
    """The same call with one array changed, found by identity."""
    if value is old:
        return new
    if isinstance(value, tuple):
        items = [swap(item, old, new) for item in value]
        return value._make(items) if hasattr(value, "_make") else tuple(items)
    return value


def refused(function, *args, **kwargs):
    with pytest.raises(ShapeError) as caught:
        function(*args, **kwargs)
    return caught.value


@pytest.fixture
def other(bp):
    return "row" if bp is column else "column"


@pytest.mark.parametrize("name", ["X", "Y"])
def test_transposed_data(bp, small, other, name):
    error = refused(bp.gradients, *small._replace(**{name: getattr(small, name).T}))
    assert error.argument == name
    assert f"{name} does not fit, and {name}.T would." in str(error)
    examples = {"row": "rows", "column": "columns"}[other]
    wanted = f"Pass {name}.T, or use shapecheck_bp.{other} if your examples are {examples}."
    assert error.suggestion == wanted


@pytest.mark.parametrize("layer", [0, 1])
def test_transposed_weights(bp, small, layer):
    W = small.params[layer].W
    for function in (bp.forward, bp.gradients, bp.predict):
        args = small if function is bp.gradients else small[:3]
        error = refused(function, *swap(tuple(args), W, W.T))
        assert error.argument == f"params[{layer}].W"
        assert error.suggestion == f"Pass params[{layer}].W.T."


def test_everything_from_the_other_convention(bp, small, other):
    error = refused({column: row, row: column}[bp].gradients, *small)
    assert "with every matrix transposed they would" in str(error)
    assert error.suggestion.startswith(f"Use shapecheck_bp.{'column' if other == 'row' else 'row'}")


def test_rank_1(bp, small):
    _, params, X, _ = small
    b = params[0].b
    wanted = "b[:, None]" if bp is column else "b[None, :]"
    error = refused(bp.linear_forward, X, params[0].W, np.ravel(b))
    assert (error.argument, error.suggestion) == ("b", f"Pass {wanted}.")
    assert "1 axis where 2 are meant" in str(error)
    error = refused(bp.gradients, *swap(tuple(small), b, np.ravel(b)))
    assert error.argument == "params[0].b"
    for name in ("X", "Y"):
        error = refused(bp.gradients, *small._replace(**{name: getattr(small, name)[0]}))
        assert error.argument == name


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_wrong_number_of_layers(bp, small, count):
    net, params, X, Y = small
    wrong = (*params, *params)[:count]
    error = refused(bp.gradients, net, wrong, X, Y)
    assert error.argument == "len(params)"
    assert error.actual == str(count)
    assert error.suggestion == "Pass params for 2 layers, as in net."
    _, grads = bp.gradients(*small)
    error = refused(bp.update, params, grads[:1], 0.1)
    assert error.suggestion == "Pass grads for 2 layers, as in params."
    cache = bp.forward(net, params, X)
    error = refused(bp.backward, net, params, cache._replace(A=cache.A[1:]), Y)
    assert error.argument == "len(cache.A)"


def test_layers_that_do_not_meet(bp):
    net = Network((5, 4, 3))
    params = (bp.init(Network((5, 4)))[0], bp.init(Network((6, 3)))[0])
    X = np.ones((5, 7) if bp is column else (7, 5))
    error = refused(bp.forward, net, params, X)
    assert error.argument == "params[1].W"
    assert "n_1 is 6 here, in layer 2, and 4 in net" in str(error)
    assert error.bindings["n_1"] == 4
    grads = tuple(Gradient(W, b) for W, b in params)
    error = refused(bp.update, params, grads, 0.1)
    assert "n_1 is 6 here, in layer 2, and 4 in params[0].W, layer 1" in str(error)


@pytest.mark.parametrize("dtype", ["int64", "uint8", "bool", "complex128", "object"])
def test_X_of_no_floating_type(bp, small, dtype):
    error = refused(bp.forward, small.net, small.params, small.X.astype(dtype))
    assert error.argument == "X"
    assert f"{dtype} is not Float" in str(error)
    convertible = dtype in ("int64", "uint8", "bool")
    assert (error.suggestion == "Pass X as float64.") == convertible
    assert convertible or error.suggestion.startswith("Pass X as Float (")


def test_transposed_integer_pixels(bp, small):
    error = refused(bp.gradients, *small._replace(X=small.X.T.astype("uint8")))
    assert error.suggestion == "Pass X.T as float64."


def test_parameters_of_the_other_convention(bp, small):
    error = refused(bp.gradients, *small._replace(params=flip(small.params)))
    assert "params does not fit, and flip(params) would." in str(error)
    assert error.suggestion == "Pass flip(params)."


def test_labels_in_place_of_one_hot_targets(bp, small):
    labels = np.argmax(small.Y, axis=1 - bp.EXAMPLES_AXIS)
    error = refused(bp.gradients, *small._replace(Y=labels))
    assert error.argument == "Y"
    assert "int64 is not Float; 1 axis where 2 are meant" in str(error)
    assert error.suggestion.endswith("; if these are labels, pass their one_hot.")


def test_labels_as_a_matrix_of_one_row_or_column(bp):
    labels = np.array([[0, 1, 1]])
    assert refused(bp.one_hot, labels, 2).suggestion == "Pass labels[0]."
    assert refused(bp.one_hot, labels.T, 2).suggestion == "Pass labels[:, 0]."


def test_mixed_floating_types(bp, small):
    error = refused(bp.gradients, *small._replace(X=small.X.astype("float32")))
    assert "X is float32, and params[0].W is float64." in str(error)
    assert error.suggestion == "Pass X as float64, or everything else as float32."
    assert (error.argument, error.expected, error.actual) == ("X", "float64", "float32")
    X, Y = small.X.astype("float32"), small.Y.astype("float32")
    error = refused(bp.gradients, *small._replace(X=X, Y=Y))
    assert error.suggestion == "Pass X and Y as float64, or everything else as float32."


def test_mixed_libraries(bp, small):
    xp = pytest.importorskip("array_api_strict")
    error = refused(bp.gradients, *small._replace(Y=xp.asarray(small.Y)))
    assert "Y is array_api_strict, and params[0].W is numpy." in str(error)
    assert error.argument == "Y"


def test_a_learning_rate_that_would_widen_the_parameters(bp):
    params = bp.init(Network((3, 2)), dtype="float32")
    _, grads = bp.gradients(Network((3, 2)), params, *_data(bp, "float32"))
    assert bp.update(params, grads, 0.1)[0].W.dtype == "float32"
    error = refused(bp.update, params, grads, np.float64(0.1))
    assert "the result[0].W is float64, and params[0].W is float32" in str(error)
    assert "a number among its arguments that has a dtype of its own" in error.suggestion


def _data(bp, dtype):
    X, Y = np.ones((3, 4), dtype=dtype), bp.one_hot(np.array([0, 1, 1, 0]), 2, dtype)
    return (X if bp is column else X.T), Y


def test_one_wrong_array_among_many_is_the_one_blamed(bp, small):
    params = small.params
    _, grads = bp.gradients(*small)
    wrong = (params[0]._replace(W=np.ones((9, 8))), params[1])
    assert refused(bp.update, wrong, grads, 0.1).argument == "params[0].W"
    cache = bp.forward(*small[:3])
    broken = cache._replace(Z=(np.ones((9, 8)), cache.Z[1]))
    assert refused(bp.cost, small.net, broken, small.Y).argument == "cache.Z[0]"


def test_no_examples(bp, small):
    axis = bp.EXAMPLES_AXIS
    X, Y = (np.take(a, [], axis=axis) for a in (small.X, small.Y))
    for call in ((bp.gradients, *small[:2], X, Y), (bp.predict, *small[:2], X)):
        error = refused(*call)
        assert error.argument == "X"
        assert "X is empty." in str(error)
        assert error.suggestion == "Pass at least one entry along m."
    error = refused(bp.one_hot, np.array([], dtype=int), 3)
    assert "labels is empty." in str(error)


@pytest.mark.parametrize("X", [[[1.0]], 3.0, None, "X", np.ndarray])
def test_no_array(bp, small, X):
    error = refused(bp.forward, *small[:2], X)
    assert (error.argument, error.actual) == ("X", type(X).__name__)
    assert error.suggestion.startswith("Pass X as an array (")
    assert ("numpy.asarray(X)" in error.suggestion) == isinstance(X, list)


def test_the_class_of_arrays_among_the_parameters(bp, small):
    W = small.params[0].W
    error = refused(bp.gradients, *swap(tuple(small), W, np.ndarray))
    assert (error.argument, error.actual) == ("params[0].W", "type")


def test_other_structures(bp, small):
    net, params, X, _ = small
    plain = tuple((W, b) for W, b in params)
    for args, blamed, wanted, came, told in [
        ((net, [*params], X), "params", "tuple", "list", "a tuple: tuple(params)"),
        ((net, plain, X), "params[0]", "Layer", "tuple", "Layer(W, b)"),
        ((net.sizes, params, X), "net", "Network", "tuple", f"Network({net.sizes})"),
        ((Network, params, X), "net", "Network", "type", "Network"),
    ]:
        error = refused(bp.forward, *args)
        assert (error.argument, error.expected, error.actual) == (blamed, wanted, came)
        assert error.suggestion == f"Pass {blamed} as {told}."
    grads = tuple(Layer(W, b) for W, b in params)
    error = refused(bp.update, params, grads, 0.1)
    assert (error.argument, error.expected, error.actual) == ("grads[0]", "Gradient", "Layer")
    assert refused(bp.update, params, bp.gradients(*small)[1], "0.1").argument == "learning_rate"


def test_missing_and_unknown_arguments_name_the_function(bp, small):
    for _ in range(2):
        with pytest.raises(TypeError, match=r"gradients\(\) missing 1 required .* argument: 'Y'"):
            bp.gradients(*small[:3])
        with pytest.raises(TypeError, match=r"gradients\(\) got an unexpected keyword .* 'lr'"):
            bp.gradients(*small, lr=3)


def test_unknown_activations(bp, small):
    with pytest.raises(ValueError, match="activation: expected one of 'sigmoid', .*; got 'swish'"):
        bp.activation_forward(small.X, "swish")
    with pytest.raises(ValueError, match="activation: expected one of 'sigmoid', .*; got 'swish'"):
        bp.activation_backward(small.X, small.X, "swish")


@pytest.mark.parametrize(
    ("labels", "classes", "message"),
    [
        ([0, 3], 3, "labels: expected classes 0 to 2; example 1 has label 3"),
        ([0, -1], 3, "labels: expected classes 0 to 2; example 1 has label -1"),
        ([0, 1], 0, "classes: expected a whole number from 1 up; got 0"),
    ],
)
def test_labels_out_of_range(bp, labels, classes, message):
    with pytest.raises(ValueError, match=message):
        bp.one_hot(np.array(labels), classes)


def test_a_label_too_large_for_int64_is_named_as_it_is(bp):
    labels = np.array([2, 2**64 - 1], dtype="uint64")
    with pytest.raises(ValueError, match=f"0 to 2; example 1 has label {2**64 - 1}"):
        bp.one_hot(labels, 3)


@pytest.mark.parametrize("dtype", ["longdouble", "complex128", "int64", "V8"])
def test_a_dtype_that_no_function_takes_is_not_made(bp, dtype):
    """Whether or not a call of the same signature has passed before."""
    net, labels = Network((4, 3)), np.array([0, 1])
    for _ in range(3):
        bp.init(net, 0, "float32")
        bp.one_hot(labels, 3, "float32")
        for make in (lambda: bp.init(net, 0, dtype), lambda: bp.one_hot(labels, 3, dtype)):
            with pytest.raises(ValueError, match="dtype: expected a floating type such as"):
                make()


@pytest.mark.parametrize("labels", [[0.0, 1.0], [True, False]])
def test_labels_that_are_no_integers(bp, labels):
    error = refused(bp.one_hot, np.array(labels), 2)
    assert error.suggestion == "Pass labels as int64."


def test_no_message_shows_what_an_array_holds(bp, small):
    secret = small.X.T * 0 + 8.125
    error = refused(bp.gradients, *small._replace(X=secret))
    assert not re.search(r"8\.1", f"{error}{vars(error)}")


PAGE = """\
column.linear_forward: A_prev does not fit, and A_prev.T would.

  Z = W @ A_prev + b        examples are columns

  A_prev   (n_in, m)       got (5, 4)   n_in is 5 here, and 4 in W
  W        (n_out, n_in)   got (3, 4)
  b        (n_out, 1)      got (3, 1)

  Pass A_prev.T, or use shapecheck_bp.row if your examples are rows."""

MIRRORED = """\
row.linear_forward: A_prev does not fit, and A_prev.T would.

  Z = A_prev @ W + b        examples are rows

  A_prev   (m, n_in)       got (4, 5)   n_in is 5 here, and 4 in W
  W        (n_in, n_out)   got (4, 3)
  b        (1, n_out)      got (1, 3)

  Pass A_prev.T, or use shapecheck_bp.column if your examples are columns."""


def test_the_page_that_a_failed_step_shows():
    args = np.ones((5, 4)), np.ones((3, 4)), np.ones((3, 1))
    assert str(refused(column.linear_forward, *args)) == PAGE
    assert str(refused(row.linear_forward, *flip(args))) == MIRRORED


def test_transposed_weights_are_blamed_and_not_the_argument_read_first():
    error = refused(column.linear_forward, np.ones((4, 5)), np.ones((4, 3)), np.ones((3, 1)))
    assert (error.argument, error.suggestion) == ("W", "Pass W.T.")
    assert "n_out is 4 here, and 3 in b; n_in is 3 here, and 4 in A_prev" in str(error)


def test_labels_of_pandas(bp):
    class Series:
        shape, dtype, ndim = (3,), np.dtype("int64"), 1

        def to_numpy(self):
            return np.array([0, 1, 1])

    with pytest.raises(
        TypeError, match=r"^labels: expected an array; got Series\. Pass labels\.to"
    ):
        bp.one_hot(Series(), 2)


def test_parameters_in_another_form_are_told_how_to_carry_them_over(bp, small, other):
    net, params, X, Y = small
    here = "column" if bp is column else "row"
    flat, state = {}, {}
    for layer, (W, b) in enumerate(params):
        flat |= {f"W{layer + 1}": W, f"b{layer + 1}": b}
        state |= {f"{layer}.weight": W, f"{layer}.bias": b}
    for given, layout in ((flat, "ng"), (state, "torch"), ([*flat.values()], "ng")):
        error = refused(bp.gradients, net, given, X, Y)
        assert error.argument == "params"
        assert error.suggestion.startswith(
            f"Pass params as shapecheck_bp.layouts.to_{here}(params, '{layout}');"
        )
    error = refused(bp.gradients, net, [tuple(one) for one in params], X, Y)
    assert "tuple(Layer(W, b) for W, b in params)" in error.suggestion


@pytest.mark.parametrize("sizes", [(3, 4, 2), [3, 4, 2]])
def test_sizes_in_the_place_of_a_network(bp, small, sizes):
    for error in (refused(bp.gradients, sizes, *small[1:]), refused(bp.init, sizes)):
        assert error.argument == "net"
        assert error.suggestion == "Pass net as Network((3, 4, 2))."


def test_exchanged_arguments(bp, small):
    net, params, X, Y = small
    error = refused(bp.gradients, params, net, X, Y)
    assert error.suggestion == "Pass net first: the Network came as params."
    error = refused(bp.gradients, net, params, Y, X)
    assert error.suggestion == "Pass X and Y exchanged."
    assert "X and Y do not fit, and X and Y exchanged would." in str(error)
    one, two = params
    wrong = (Layer(two.W, one.b), Layer(one.W, two.b))
    error = refused(bp.gradients, net, wrong, X, Y)
    assert error.suggestion == "Pass params[0].W and params[1].W exchanged."


def test_a_table_of_pandas(bp, small):
    class DataFrame:
        shape = (3, 4)

        def to_numpy(self):
            return np.ones(self.shape)

    error = refused(bp.forward, *small[:2], DataFrame())
    assert error.suggestion.endswith(", for example X.to_numpy().")
