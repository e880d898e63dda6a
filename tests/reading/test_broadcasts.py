"""Silent broadcasts: each mistake is found, at its line, and no complaint comes of right code."""

import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from shapecheck_bp.reading import read

CASES = sorted((Path(__file__).parent / "cases").glob("e*.py"))
NOT_FOUND = {
    "e29_portfolio_weights": "that weights are of rows is said by their number and by a comment",
    "e33_labels_not_one_hot": "that whole numbers are classes is said by their use elsewhere",
}
NO_LISTED_REPAIR = {
    "e28_column_bias": "of an axis that meets another, only columns are told",
    "e39_dqn_target": "the number before the array is not looked behind",
}
MISTAKES: dict[str, tuple[Callable[[], Any], str]] = {}
RIGHT: dict[str, Callable[[], Any]] = {}

rng = np.random.default_rng(0)
SQUARE = rng.normal(size=(4, 4))
ROW = rng.normal(size=4)
COLUMN = rng.normal(size=(4, 3)) @ rng.normal(size=(3, 1))
LABELS = np.array([0, 2, 1, 2])
IMAGE = rng.random((4, 4, 3))


def mistake(expression: str) -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    """A function in which that expression is spread in silence, and nothing else is."""

    def keep(function: Callable[[], Any]) -> Callable[[], Any]:
        MISTAKES[function.__name__] = function, expression
        return function

    return keep


def right(function: Callable[[], Any]) -> Callable[[], Any]:
    """A function in which all that is spread is meant so."""
    RIGHT[function.__name__] = function
    return function


# Pairs of which a table of all pairs is made.


@mistake("pred - y")
def loss():
    pred, y = COLUMN, ROW
    return np.mean((pred - y) ** 2)


@mistake("y - pred")
def residuals_beside_a_target_made_as_a_column():
    y, pred = np.random.default_rng(1).normal(size=(4, 1)), SQUARE @ ROW
    return ((y - pred) ** 2).sum()


@mistake("pred - table[:, -1:]")
def residuals_beside_a_column_of_a_table():
    table = np.arange(20.0).reshape(4, 5)
    pred = table[:, :4] @ ROW
    return pred - table[:, -1:]


@mistake("y * np.log(p)")
def cross_entropy():
    y, p = ROW > 0, 1 / (1 + np.exp(-COLUMN))
    return -np.mean(y * np.log(p))


@mistake("(p > 0.5) == y")
def accuracy():
    p, y = COLUMN, ROW > 0
    return ((p > 0.5) == y).mean()


@mistake("guess != y")
def errors():
    y, guess = LABELS, np.sign(COLUMN)
    return np.sum(guess != y)


@mistake("(guess == 1) & (y == 1)")
def true_positives():
    guess, y = np.sign(COLUMN), LABELS
    return ((guess == 1) & (y == 1)).sum()


@mistake("A - Y")
def output_error_of_one_unit():
    A = COLUMN
    Y = (ROW[:3] @ np.ones((3, 4)) > 0).astype(float)
    return A - Y


@mistake("np.subtract(COLUMN, ROW)")
def a_function_of_two():
    return np.subtract(COLUMN, ROW)


@mistake("np.add(COLUMN, ROW)")
def a_sum():
    return np.add(COLUMN, ROW)


@mistake("combine(COLUMN, ROW)")
def a_function_of_two_by_another_name():
    combine = np.multiply
    return combine(COLUMN, ROW)


@mistake("np.maximum(COLUMN, ROW)")
def a_maximum():
    return np.maximum(COLUMN, ROW)


@mistake("np.isclose(COLUMN, ROW)")
def a_comparison_with_tolerance():
    return np.isclose(COLUMN, ROW).all()


@mistake("np.allclose(COLUMN, ROW)")
def a_comparison_to_one_answer():
    return np.allclose(COLUMN, ROW)


@mistake("np.where(ROW > 0, COLUMN, 0.0)")
def a_choice():
    return np.where(ROW > 0, COLUMN, 0.0)


@mistake("np.where(SQUARE[0] > 0, COLUMN, ROW)")
def a_choice_of_two():
    return np.where(SQUARE[0] > 0, COLUMN, ROW)


@mistake("best * ROW")
def a_kept_axis():
    best = SQUARE.max(axis=1, keepdims=True)
    return best * ROW


@mistake("y - pred")
def a_flat_target_and_a_fitted_column():
    X = np.column_stack([np.ones(4), ROW])
    theta = np.zeros((2, 1))
    y, pred = ROW, X @ theta
    return y - pred


@mistake("error ** 2 * weights")
def a_weight_of_each_example():
    error, weights = COLUMN, np.abs(ROW)
    return (error**2 * weights).mean()


@mistake("pred - y")
def in_a_batch():
    pred, y = np.matmul(rng.normal(size=(2, 4, 3)), np.ones((3, 1))), rng.normal(size=(2, 4))[:, :4]
    pred, y = pred[0], y[0]
    return pred - y


@mistake("pred - y")
def met_in_a_lambda():
    cost = lambda pred, y: ((pred - y) ** 2).mean()  # noqa: E731
    return cost(COLUMN, ROW)


# Axes that meet another one of their own array.


@mistake("X - X.mean(axis=1)")
def centring_by_the_wrong_axis():
    X = SQUARE
    return X - X.mean(axis=1)


@mistake("centred / X.std(1)")
def standardising_by_the_wrong_axis():
    X = SQUARE
    centred = X - X.mean(axis=1, keepdims=True)
    return centred / X.std(1)


@mistake("e / e.sum(axis=1)")
def softmax_without_a_kept_axis():
    e = np.exp(SQUARE - SQUARE.max(axis=1, keepdims=True))
    return e / e.sum(axis=1)


@mistake("np.exp(SQUARE) / np.exp(SQUARE).sum(axis=-1)")
def softmax_in_one_line():
    return np.exp(SQUARE) / np.exp(SQUARE).sum(axis=-1)


@mistake("X / norms")
def rows_of_length_one():
    X = SQUARE
    norms = np.linalg.norm(X, axis=1)
    return X / norms


@mistake("X / norms")
def rows_of_length_one_by_hand():
    X = SQUARE
    norms = np.sqrt(np.sum(X**2, axis=1))
    return X / norms


@mistake("X - lowest")
def scaled_from_nought_to_one():
    X = SQUARE
    lowest, highest = X.min(axis=1), X.max(axis=1)
    return (X - lowest) / (highest - lowest)[:, None]


@mistake("counts / total")
def transitions():
    counts = np.zeros((4, 4))
    np.add.at(counts, (LABELS[:-1], LABELS[1:]), 1)
    counts = counts + np.eye(4)
    total = counts.sum(axis=1)
    return counts / total


@mistake("stack - level")
def levels_of_frames():
    stack = rng.random((4, 4, 4))
    level = stack.mean(axis=(1, 2))
    return stack - level


@mistake("a -= a.mean(axis=1)")
def in_place():
    a = SQUARE.copy()
    a -= a.mean(axis=1)
    return a


@mistake("probs /= probs.sum(axis=1)")
def in_place_and_divided():
    probs = np.exp(SQUARE)
    probs /= probs.sum(axis=1)
    return probs


@mistake("np.subtract(SQUARE, SQUARE.mean(axis=1))")
def centring_by_a_function():
    return np.subtract(SQUARE, SQUARE.mean(axis=1))


@mistake("x > x.mean(axis=1)")
def above_the_mean_of_the_row():
    x = SQUARE
    return x > x.mean(axis=1)


@mistake("grad * rates")
def a_rate_for_each_input():
    X = SQUARE
    rates = 1 / X.var(axis=0)
    grad = X.T @ (X @ IMAGE[:, :, 0])
    return grad * rates


@mistake("x - mu")
def by_a_function_that_is_an_argument():
    x = SQUARE
    mu, sd = (f(x, axis=1) for f in (np.mean, np.std))
    return (x - mu) / sd[:, None]


@mistake("X @ W + b")
def a_bias_as_a_column_beside_examples_as_rows():
    inputs, units = 3, 4
    X, W, b = IMAGE[0], np.ones((inputs, units)), np.zeros((units, 1))
    return X @ W + b


@mistake("W.T * delta")
def star_for_a_product():
    W, delta = SQUARE, rng.normal(size=(4, 1))
    return W.T * delta


# What is right.


@right
def bias_row():
    return SQUARE @ SQUARE + ROW


@right
def bias_row_of_a_square_batch_and_its_gradient():
    W, b = SQUARE.copy(), ROW.copy()
    Z = SQUARE @ W + b
    dZ = Z - SQUARE
    W -= 0.1 * SQUARE.T @ dZ
    b -= 0.1 * dZ.sum(axis=0)
    return np.maximum(SQUARE @ W + b, 0)


@right
def bias_column():
    b = np.zeros((4, 1))
    return SQUARE @ SQUARE + b


@right
def bias_column_beside_examples_as_columns():
    units, inputs, m = 4, 3, 4
    X, W, b = np.ones((inputs, m)), np.ones((units, inputs)), np.zeros((units, 1))
    return W @ X + b


@right
def a_row_and_a_column_of_one_name():
    n = 4
    table, x, y = np.zeros((n, n)), np.arange(n), np.ones((n, 1))
    return table + x, table * y, y * x, table - x


@right
def batch_statistics():
    mu, var = SQUARE.mean(axis=0), SQUARE.var(axis=0)
    hat = (SQUARE - mu) / np.sqrt(var + 1e-5)
    gamma, beta = np.ones(4), np.zeros(4)
    return gamma * hat + beta


@right
def batch_statistics_backwards():
    mu, var = SQUARE.mean(axis=0), SQUARE.var(axis=0)
    hat = (SQUARE - mu) / np.sqrt(var)
    d = SQUARE * ROW
    return (4 * d - d.sum(axis=0) - hat * (d * hat).sum(axis=0)) / (4 * np.sqrt(var))


@right
def images():
    out = IMAGE - np.array([0.4, 0.5, 0.6])
    out /= IMAGE.std(axis=(0, 1))
    return out * (IMAGE.mean(axis=2) > 0.5)[..., None]


@right
def masks():
    mask = ROW > 0
    return np.where(mask, SQUARE, 0) + SQUARE * mask + np.where(mask[:, None], SQUARE, ROW)


@right
def outer_sums():
    x = ROW
    return [
        x[:, None] + x,
        x[:, np.newaxis] * x[np.newaxis, :],
        x.reshape(-1, 1) - x,
        np.expand_dims(x, 1) - x,
        np.atleast_2d(x).T - x,
        np.broadcast_to(x, (4, 4)) - x,
        np.add.outer(x, x) - np.outer(x, x),
    ]


@right
def open_grids():
    i, j = np.ogrid[:4, :4]
    a, b = np.ix_(range(4), range(4))
    x, y = np.meshgrid(ROW, ROW, sparse=True)
    u, v = np.indices((4, 4), sparse=True)
    return [i + j, a * b, np.hypot(x, y), u - v, i == ROW, (x - 1) ** 2 + y]


@right
def columns_made_on_purpose():
    c = rng.normal(size=(4, 1))
    return [
        np.ones((4, 1)) * ROW,
        c + ROW,
        c * ROW,
        np.full((4, 1), 2.0) ** ROW,
        rng.random((4, 1)) / ROW,
    ]


@right
def columns_by_entry():
    column = np.array([[1.0], [2.0], [3.0], [4.0]])
    return [column + ROW, column * ROW, np.c_[ROW] + ROW, np.vstack(ROW) * ROW]


@right
def columns_cut_out():
    return [SQUARE[:, 0:1] * ROW, SQUARE[:, [0]] + ROW, SQUARE[:, :1] * SQUARE[0]]


@right
def tables_of_different_lengths():
    few, many = SQUARE @ np.ones((4, 1)), np.arange(7.0)
    return [few - many, few == many, few * many]


@right
def pairwise_distances():
    A, B = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
    by_axes = ((A[:, None] - B[None]) ** 2).sum(-1)
    by_squares = (A**2).sum(1)[:, None] + (B**2).sum(1) - 2 * A @ B.T
    return by_axes - by_squares


@right
def pairwise_distances_with_kept_axes():
    A = rng.normal(size=(4, 3))
    squares = (A**2).sum(axis=1, keepdims=True)
    return squares + squares.T - 2 * A @ A.T


@right
def kernels():
    def rbf(a, b):
        return np.exp(-((a - b) ** 2))

    return rbf(ROW[:, None], ROW) + 1e-3 * np.eye(4)


@right
def attention():
    scores = SQUARE @ SQUARE.T
    t = np.arange(4)
    scores = np.where(t > t[:, None], -np.inf, scores)
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True) @ SQUARE


@right
def one_hot():
    return [LABELS[:, None] == np.arange(4), np.arange(4) == LABELS.reshape(-1, 1)]


@right
def polynomial_features():
    return ROW[:, None] ** np.arange(4) * (1 / np.arange(1, 5))


@right
def scalars_and_one_entry():
    return [SQUARE * np.array([2.0]), COLUMN - np.array([[1.0]]), ROW - ROW.mean(keepdims=True)]


@right
def a_symmetric_table_by_its_sums():
    A = SQUARE @ SQUARE.T
    degree = np.abs(A).sum(axis=1)
    return A / np.sqrt(degree)[:, None] / np.sqrt(degree)


@right
def a_symmetric_table_by_sums_of_another():
    D = np.abs(ROW[:, None] - ROW) + 1
    D /= D.max()
    return D / (D**2).sum(axis=1), D - D.mean(axis=1), D / np.sqrt(np.abs(D).sum(axis=1))


@right
def centring_twice():
    return SQUARE - SQUARE.mean(axis=0) - SQUARE.mean(axis=1, keepdims=True) + SQUARE.mean()


@right
def expected_counts():
    rows, columns = SQUARE.sum(axis=1, keepdims=True), SQUARE.sum(axis=0, keepdims=True)
    return rows * columns / SQUARE.sum()


@right
def expected_counts_with_one_flat():
    rows, columns = SQUARE.sum(axis=1, keepdims=True), SQUARE.sum(axis=0)
    return rows * columns / SQUARE.sum()


@right
def a_correlation():
    cov = np.cov(SQUARE)
    sd = np.sqrt(np.diag(cov))
    return cov / sd[:, None] / sd


@right
def scaled_on_both_sides():
    d = 1 / np.sqrt(np.abs(SQUARE).sum(axis=0))
    return SQUARE * d, d[:, None] * (SQUARE.T @ SQUARE) * d


@right
def columns_that_are_meant():
    ones = np.ones((4, 1))
    v = ROW.reshape(-1, 1)
    return ones @ ones.T * ROW, v @ v.T - v, SQUARE @ v + v, (SQUARE @ v) * v


@right
def matrices_that_take_a_star_for_a_product():
    sparse = pytest.importorskip("scipy.sparse")
    S = sparse.csr_matrix(SQUARE)
    return S.T * COLUMN, S * ROW


@right
def of_text_and_sets():
    seen = set()
    seen.add("x")
    return [1] * 3, {1} - seen, seen == {2}


# PyTorch and JAX.


def torch_() -> Any:
    return pytest.importorskip("torch", reason="PyTorch is not installed")


def jnp_() -> Any:
    return pytest.importorskip("jax.numpy", reason="JAX is not installed")


@mistake("F.mse_loss(pred, target)")
def pytorch_loss():
    torch = torch_()
    F = torch.nn.functional
    pred, target = torch.nn.Linear(3, 1)(torch.ones(4, 3)), torch.arange(4.0)
    return F.mse_loss(pred, target)


@mistake("F.l1_loss(input=pred, target=target)")
def pytorch_loss_by_names():
    torch = torch_()
    F = torch.nn.functional
    pred, target = torch.nn.Linear(3, 1)(torch.ones(4, 3)), torch.arange(4.0)
    return F.l1_loss(input=pred, target=target)


@mistake("nn.MSELoss()(pred, target)")
def pytorch_loss_made_and_called():
    nn, torch = torch_().nn, torch_()
    pred, target = nn.Linear(3, 1)(torch.ones(4, 3)), torch.arange(4.0)
    return nn.MSELoss()(pred, target)


@mistake("criterion(pred, target)")
def pytorch_loss_by_another_name():
    torch = torch_()
    criterion = torch.nn.SmoothL1Loss()
    pred, target = torch.nn.Linear(3, 1)(torch.ones(4, 3)), torch.arange(4.0)
    return criterion(pred, target)


@mistake("target - pred")
def pytorch_difference():
    torch = torch_()
    pred, target = torch.nn.Linear(3, 1)(torch.ones(4, 3)), torch.arange(4.0)
    return ((target - pred) ** 2).mean()


@mistake("pred.round().eq(y)")
def pytorch_method():
    torch = torch_()
    pred, y = torch.nn.Linear(3, 1)(torch.ones(4, 3)), torch.arange(4.0)
    return pred.round().eq(y).float().mean()


@mistake("torch.sub(pred, y)")
def pytorch_function():
    torch = torch_()
    pred, y = torch.nn.Linear(3, 1)(torch.ones(4, 3)), torch.arange(4.0)
    return torch.sub(pred, y)


@mistake("x - x.mean(dim=1)")
def pytorch_wrong_axis():
    x = torch_().arange(16.0).reshape(4, 4)
    return x - x.mean(dim=1)


@mistake("x.t() - x.mean(dim=0)")
def pytorch_transposed():
    x = torch_().arange(16.0).reshape(4, 4)
    return x.t() - x.mean(dim=0)


@mistake("SQUARE.transpose() - SQUARE.mean(axis=0)")
def transposed_by_a_method():
    return SQUARE.transpose() - SQUARE.mean(axis=0)


@right
def transposed_and_centred_along_its_own_axis():
    return SQUARE.transpose() - SQUARE.mean(axis=1), SQUARE.T - SQUARE.mean(axis=1)


@mistake("x -= x.mean(dim=1)")
def pytorch_in_place():
    x = torch_().arange(16.0).reshape(4, 4)
    x -= x.mean(dim=1)
    return x


@mistake("p * y")
def jax_loss():
    jnp = jnp_()
    p, y = jnp.asarray(COLUMN) @ jnp.ones((1, 1)), jnp.asarray(ROW)
    return (p * y).mean()


@mistake("jnp.subtract(p, y)")
def jax_function():
    jnp = jnp_()
    p, y = jnp.asarray(COLUMN), jnp.asarray(ROW)
    return jnp.subtract(p, y)


@mistake("x / x.sum(axis=1)")
def jax_wrong_axis():
    x = jnp_().asarray(SQUARE)
    return x / x.sum(axis=1)


@mistake("pred - y")
def jax_under_differentiation():
    jax, jnp = pytest.importorskip("jax", reason="JAX is not installed"), jnp_()
    y = jnp.asarray(ROW)

    def cost(w):
        pred = jnp.asarray(SQUARE) @ w
        return ((pred - y) ** 2).mean()

    return jax.grad(cost)(jnp.ones((4, 1)))


@right
def pytorch_pairs():
    torch = torch_()
    z, y = torch.arange(4.0), torch.arange(4)
    return [
        z.unsqueeze(1) - z.unsqueeze(0),
        z.view(-1, 1) - z,
        z[:, None] * z,
        y.unsqueeze(1) == y,
        torch.cdist(z.view(-1, 1), z.view(-1, 1)) + z,
    ]


@right
def pytorch_losses():
    torch = torch_()
    F = torch.nn.functional
    pred, target = torch.nn.Linear(3, 1)(torch.ones(4, 3)), torch.arange(4.0)
    scores = torch.nn.Linear(3, 4)(torch.ones(4, 3))
    return [
        F.mse_loss(pred.squeeze(1), target),
        F.mse_loss(pred, target.unsqueeze(1)),
        torch.nn.MSELoss()(pred.view(-1), target),
        torch.nn.CrossEntropyLoss()(scores, torch.tensor([0, 1, 2, 3])),
        F.nll_loss(scores, torch.tensor([0, 1, 2, 3])),
    ]


@right
def pytorch_layers():
    torch = torch_()
    layer = torch.nn.Linear(4, 4)
    x = layer(torch.ones(4, 4)) + torch.ones(4)
    return torch.softmax(x, dim=1) * torch.ones(4), x - x.mean(dim=0), x - x.mean(1, keepdim=True)


@right
def jax_code():
    jax, jnp = pytest.importorskip("jax", reason="JAX is not installed"), jnp_()
    x, w = jnp.asarray(SQUARE), jnp.asarray(ROW)
    batched = jax.vmap(lambda row: (row * w).sum())
    return x @ x + w, w[:, None] - w, batched(x) - w, x / x.sum(axis=1, keepdims=True)


@pytest.mark.filterwarnings("ignore:Using a target size")  # PyTorch says so by itself
@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_found(name):
    function, expression = MISTAKES[name]
    reading = read(function)
    if isinstance(reading.error, Exception):
        raise reading.error
    assert reading.notes.missed == 0
    said = [broadcast.expression.replace("**", " ** ") for broadcast in reading.broadcasts]
    assert [text.replace("  ", " ") for text in said] == [expression]


@pytest.mark.parametrize("name", RIGHT)
def test_no_complaint_comes_of_right_code(name):
    reading = read(RIGHT[name])
    if isinstance(reading.error, Exception):
        raise reading.error
    assert reading.notes.missed == 0
    assert [str(broadcast) for broadcast in reading.broadcasts] == []


def pairs_of_all() -> Any:
    pred, target = SQUARE @ np.ones((4, 1)), ROW
    return pred - 2 * target


def along_the_other_axis() -> Any:
    return SQUARE / SQUARE.sum(axis=1)


def entry_by_entry() -> Any:
    W, d = SQUARE, SQUARE @ np.ones((4, 1))
    return W.T * d


@pytest.mark.parametrize(
    ("function", "lines"),
    [
        (
            pairs_of_all,
            [
                "pred - 2 * target",
                "",
                "  pred         (4, 1)",
                "  2 * target   (4,)",
                "",
                "  is (4, 4): each is spread over the other.",
                "  If that is not meant: pred - 2 * target[:, None] or pred.ravel() - 2 * target",
            ],
        ),
        (
            along_the_other_axis,
            [
                "SQUARE / SQUARE.sum(axis=1)",
                "",
                "  SQUARE               (4, 4)",
                "  SQUARE.sum(axis=1)   (4,)",
                "",
                "  is (4, 4): they meet along different axes of the same array.",
                "  If that is not meant: SQUARE / SQUARE.sum(axis=1, keepdims=True) or "
                "SQUARE / SQUARE.sum(axis=1)[:, None]",
            ],
        ),
        (
            entry_by_entry,
            [
                "W.T * d",
                "",
                "  W.T   (4, 4)",
                "  d     (4, 1)",
                "",
                "  is (4, 4): each entry by itself, where a product of matrices would fit too.",
                "  If that is not meant: W.T @ d",
            ],
        ),
    ],
)
def test_what_is_said_of_it(function: Callable[[], Any], lines: list[str]) -> None:
    (broadcast,) = read(function).broadcasts
    place, *rest = str(broadcast).splitlines()
    where, _, expression = place.partition("   ")
    assert where == f"  test_broadcasts.py:{broadcast.line}"
    assert [expression, *rest] == lines


@contextmanager
def loaded(path: Path) -> Iterator[ModuleType]:
    """A case as a module of its own."""
    for library in ("torch", "jax"):
        if f"import {library}" in path.read_text():
            pytest.importorskip(library, reason=f"{library} is not installed")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    try:
        spec.loader.exec_module(module)
        yield module
    finally:
        del sys.modules[path.stem]


def plain(text: str) -> str:
    return text.replace(" ", "").replace("'", '"')


RIGHT_OR_SILENT = [path for path in CASES if '"group": "A"' not in path.read_text("utf-8")]


@pytest.mark.parametrize("path", RIGHT_OR_SILENT, ids=lambda path: path.stem)
def test_given_cases(path):
    with loaded(path) as case:
        truth = case.TRUTH
        reading = read(case.run)
        assert reading.error is None
        if truth["group"] == "C" or path.stem in NOT_FOUND:
            assert reading.broadcasts == []
            return
        (broadcast,) = reading.broadcasts
    assert broadcast.line == truth["line"]
    assert plain(broadcast.expression) == plain(truth["expression"])
    assert broadcast.operands == truth["operands"]
    assert broadcast.result == truth["result"]
    if path.stem in NO_LISTED_REPAIR:
        return
    written = [plain(repair) for repair in broadcast.repairs]
    assert any(plain(one) in repair for one in truth["repairs"] for repair in written)
