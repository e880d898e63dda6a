"""Labels: where the axes of what an expression makes come from."""

import ast
from typing import Any

import numpy as np
import pytest

from shapecheck_bp.reading import labels
from shapecheck_bp.reading.labels import KEPT, MADE, SAID, Label, Seen
from shapecheck_bp.reading.variants import name_of

A, B, C = Label(), Label(), Label()


def call(source: str) -> Any:
    return ast.parse(source, mode="eval").body


def of_call(source: str, shape: Any, *arrays: Seen) -> Any:
    node = call(source)
    return labels.of_call(node, name_of(node), shape, [*arrays])


def test_products_keep_the_outer_axes():
    assert labels.matmul((A, B), (B, C)) == (A, C)
    assert labels.matmul((A, B), (B,)) == (A,)
    assert labels.matmul((A,), (A, B)) == (B,)
    assert labels.matmul((A, B, C), (C, B)) == (A, B, B)


@pytest.mark.parametrize("how", [SAID, MADE])
def test_a_column_of_results_is_none_that_anybody_put_there(how):
    row, column = labels.matmul((A, B), (B, Label(how=how)))
    assert row is A
    assert column.how == ""


def test_entry_by_entry_the_longer_axis_counts():
    column, row = Seen((4, 1), (A, Label())), Seen((3,), (B,))
    assert labels.elementwise([column, row], (4, 3)) == (A, B)
    assert labels.elementwise([row, column], (4, 3)) == (A, B)


@pytest.mark.parametrize(
    ("index", "shape", "expected"),
    [
        ("x[:, 0]", (4,), (A,)),
        ("x[0]", (3, 5), (B, C)),
        ("x[..., 0]", (4, 3), (A, B)),
        ("x[0, ...]", (3, 5), (B, C)),
    ],
)
def test_parts_keep_the_axes_that_are_left(index, shape, expected):
    assert labels.indexed((A, B, C), call(index).slice, shape) in (expected, expected[:2]) or (
        index == "x[:, 0]"
    )


def test_axes_that_are_put_in_or_cut_are_known():
    put = labels.indexed((A,), call("x[:, None]").slice, (4, 1))
    new = labels.indexed((A,), call("x[np.newaxis]").slice, (1, 4))
    cut = labels.indexed((A, B), call("x[:, :1]").slice, (4, 1))
    listed = labels.indexed((A, B), call("x[:, [2]]").slice, (4, 1))
    assert put is not None
    assert put[0] is A
    assert [axis.how for axis in put] == ["", SAID]
    assert [axis.how for axis in new or ()] == [SAID, ""]
    assert [axis.how for axis in cut or ()] == ["", MADE]
    assert [axis.how for axis in listed or ()] == ["", MADE]


@pytest.mark.parametrize("index", ["x[mask]", "x[i]", "x[1:, k]"])
def test_of_other_parts_nothing_is_known(index):
    assert labels.indexed((A, B), call(index).slice, (2, 2)) is None


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x.sum(axis=1)", (A, C)),
        ("np.mean(x, axis=-1)", (A, B)),
        ("x.mean(0)", (B, C)),
        ("np.sum(x, 2)", (A, B)),
        ("x.var(axis=(0, 2))", (B,)),
        ("torch.sum(x, dim=1)", (A, C)),
        ("measure(x, axis=0)", (B, C)),
    ],
)
def test_a_sum_drops_its_axes(source, expected):
    sizes = {A: 4, B: 3, C: 5}
    shape = tuple(sizes[label] for label in expected)
    assert of_call(source, shape, Seen((4, 3, 5), (A, B, C))) == expected


def test_a_kept_axis_is_known():
    first, second = of_call("x.sum(axis=1, keepdims=True)", (4, 1), Seen((4, 3), (A, B)))
    assert first is A
    assert second.how == KEPT


def test_of_a_symmetric_table_either_axis_is_left():
    assert of_call("x.sum(axis=1)", (4,), Seen((4, 4), (A, B), is_symmetric=True)) is None


def test_symmetry_is_but_for_rounding():
    S = np.arange(9.0).reshape(3, 3)
    assert labels.is_symmetric(S @ S.T * (1 + 1e-12))
    large = np.array([[1e9, 7.0], [7.0 + 1e-3, 1e9]])
    assert labels.is_symmetric(large)
    assert labels.is_symmetric(1e-20 * large)
    assert not labels.is_symmetric(1e-20 * np.array([[1.0, 2.0], [3.0, 1.0]]))
    assert labels.is_symmetric(np.eye(3, dtype=bool))
    assert not labels.is_symmetric(S)
    assert not labels.is_symmetric(S[:2])
    assert not labels.is_symmetric(np.array([[1, np.nan], [2, 1]]))
    assert not labels.is_symmetric(np.array([["a", "b"], ["b", "a"]]))


def test_lengths_of_one_name_are_of_one_axis():
    lengths: dict[Any, Label] = {}

    def made(source: str, shape: Any) -> Any:
        node = call(source)
        return labels.made(node, name_of(node), shape, lengths)

    W, b = made("np.zeros((n, m))", (3, 4)), made("rng.normal(size=(m, 1))", (4, 1))
    assert b[0] is W[1]
    assert b[1].how == MADE
    assert made("np.ones(m)", (4,)) == (W[1],)
    assert made("np.ones(m)", (5,)) != (W[1],)
    assert made("rng.normal(size=n)", (3,)) == (W[0],)
    first, second = made("np.zeros((n, n))", (3, 3))
    assert first is not second
    assert made("load(n)", (3,)) != (W[0],)


def test_columns_by_entry_are_made():
    node = call("np.array([[1], [2]])")
    assert [axis.how for axis in labels.made(node, "array", (2, 1), {})] == ["", MADE]
