"""What is tried in the place of an expression: each way, in this order, and no other."""

import ast

import pytest

from shapecheck_bp.reading.variants import Operand, expression, of_expression, of_operand, of_two


def operand(text, *shape):
    return Operand(expression(text), text, shape)


@pytest.mark.parametrize(
    ("text", "shape", "beside", "library", "ways"),
    [
        ("W", (3, 4), (), "numpy", "W.T"),
        ("W.T", (3, 4), (), "numpy", "W"),
        ("A + B", (3, 4), (), "numpy", "(A + B).T"),
        ("b", (3,), (), "numpy", "b[:, None] | b[None, :]"),
        (
            *("b", (3,), (), "sklearn"),
            "b.reshape(-1, 1) | b.reshape(1, -1) | b[:, None] | b[None, :]",
        ),
        (
            *("x.sum(axis=1)", (3,), (), "numpy"),
            "x.sum(axis=1, keepdims=True) | x.sum(axis=1)[:, None] | x.sum(axis=1)[None, :]",
        ),
        (
            *("x.sum(dim=1)", (3,), (), "torch"),
            "x.sum(dim=1, keepdim=True) | x.sum(dim=1)[:, None] | x.sum(dim=1)[None, :]",
        ),
        (
            *("x.sum(axis=1, keepdims=True)", (3, 1), (), "numpy"),
            "x.sum(axis=1, keepdims=True).T | x.sum(axis=1, keepdims=True).ravel()",
        ),
        (
            *("x.sum(dim=1, keepdim=True)", (3, 1), (), "torch"),
            "x.sum(dim=1, keepdim=True).T | x.sum(dim=1, keepdim=True).squeeze(1)",
        ),
        ("b[:, None]", (3, 1), (), "numpy", "b | b[:, None].T | b[:, None].ravel()"),
        ("b", (3,), (2, 3, 4), "numpy", "b[:, None] | b[None, :] | b[:, None]"),
        ("b", (3,), (2, 4, 5), "numpy", "b[:, None] | b[None, :]"),
        ("W", (2, 3), (2, 5, 3), "numpy", "W.T | W[:, None, :]"),
        ("W", (2, 3), (3, 5, 4), "numpy", "W.T"),
        (
            *("A", (2, 3, 4), (), "numpy"),
            "A.reshape(len(A), -1) | A.transpose(0, 2, 1) | A.transpose(0, 2, 1)"
            " | A.transpose(2, 0, 1) | A.transpose(1, 2, 0)",
        ),
        (
            *("A", (2, 1, 4, 5), (), "torch"),
            "A.squeeze(1) | A.flatten(1) | A.permute(0, 3, 1, 2) | A.permute(0, 2, 3, 1)"
            " | A.permute(3, 0, 1, 2) | A.permute(1, 2, 3, 0)",
        ),
    ],
)
def test_an_operand_is_written_in_these_ways(text, shape, beside, library, ways):
    found = [*of_operand(operand(text, *shape), beside, library)]
    assert " | ".join(one.text for one in found) == ways
    for one in found:
        assert ast.dump(one.tree) == ast.dump(expression(one.text))


A, B = operand("A", 3, 4), operand("B", 3, 4)
TWO = "A.T @ B | A @ B.T | B.T @ A | B @ A.T | A.T @ B.T | B.T @ A.T | A * B.T | A.T * B"


@pytest.mark.parametrize(
    ("text", "operands", "ways"),
    [
        ("A @ B", (A, B), "A * B | B @ A"),
        ("A * B", (A, B), "A @ B"),
        ("A + B", (A, B), ""),
        ("np.dot(A, B)", (A, B), "B @ A | A * B"),
        ("np.multiply(A, B)", (A, B), "A @ B"),
        ("x[i]", (), "x[:, i]"),
        ("x[i, j]", (), "x[np.ix_(i, j)] | x[j, i]"),
        ("x[i, :]", (), ""),
        ("np.vstack((A, B))", (), "np.hstack((A, B))"),
        ("np.sum(A)", (A,), "np.sum(A, axis=1) | np.sum(A, axis=0)"),
        ("A.sum(dim=1)", (A,), "A.sum(dim=1) | A.sum(dim=0)"),
        ("softmax(A, axis=2)", (A,), "softmax(A, axis=1) | softmax(A, axis=0)"),
        ("f(A, axis=1)", (A,), "f(A, axis=1) | f(A, axis=0)"),
        ("f(A)", (A,), ""),
        ("x.reshape(2, 3)", (), "x.reshape(2, -1) | x.reshape(-1, 3)"),
        ('np.einsum("ij,j", A, b)', (), "np.einsum('ji,j', A, b)"),
    ],
)
def test_an_expression_is_written_in_these_ways(text, operands, ways):
    found = [*of_expression(expression(text), operands, ast.unparse)]
    assert " | ".join(one.text for one in found).replace('"', "'") == ways


@pytest.mark.parametrize(
    ("text", "ways"),
    [("A @ B", TWO), ("A * B", TWO), ("np.multiply(A, B)", TWO), ("A + B", ""), ("f(A, B)", "")],
)
def test_a_product_is_written_in_these_ways(text, ways):
    assert " | ".join(one.text for one in of_two(expression(text), [A, B])) == ways
    assert not [*of_two(expression(text), [A])]
