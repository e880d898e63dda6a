"""What errors say: of unions, of long annotations, and of classes as people know them."""

from typing import Any

import numpy as np
import pytest
from jaxtyping import Float, Int

from shapecheck_bp import Array, ShapeError, column, row, shapechecked
from shapecheck_bp.shapes.errors import table

N = np.ndarray
Row = Float[N, "d"]


def ones(*shape):
    return np.ones(shape)


def said(function, *args, **kwargs):
    with pytest.raises(ShapeError) as caught:
        function(*args, **kwargs)
    return caught.value


@shapechecked
def mean(xs: Float[N, "n d"] | list[Row] | tuple[Row, ...] | None, w: Row) -> None:
    pass


def test_a_union_says_of_each_option_why_it_is_not_what_came():
    error = said(mean, {"a": ones(3)}, ones(3))
    assert str(error).splitlines() == [
        "test_words.mean: xs does not fit.",
        "",
        "  xs   one of 4   got dict of (3,)",
        "  w    (d,)       got (3,)",
        "",
        "  not Float (n, d):          got dict of (3,)",
        "  not list of Float (d,):    got dict of (3,)",
        "  not tuple of Float (d,):   got dict of (3,)",
        "  not None:                  got dict of (3,)",
        "",
        "  Pass xs as Float (n, d) or list of Float (d,) or tuple of Float (d,) or None.",
    ]
    assert error.expected.startswith("Float (n, d) or list of")
    error = said(mean, ones(2, 3, 4), ones(3))
    assert "xs   (n, d)   got (2, 3, 4)" in str(error) or "3 axes where 2 are meant" in str(error)


def test_where_one_option_is_meant_the_error_is_about_that():
    for bad in ([ones(3), ones(4)], (ones(3), ones(4))):
        assert "xs[1]   (d,)   got (4,)   d is 4 here, and 3 in xs[0]" in str(
            said(mean, bad, ones(3))
        )


def test_the_options_are_judged_after_the_arguments_before_them():
    @shapechecked
    def take(w: Row, x: tuple[Row, int] | tuple[Row, Row]) -> None:
        pass

    text = str(said(take, ones(3), (ones(3), ones(4))))
    assert "x   one of 2   got tuple of (3,), (4,)" in text
    assert "not tuple of Float (d,), int:          x[1] got ndarray (4,)" in text
    assert "not tuple of Float (d,), Float (d,):   x[1] got (4,); d is 4 here, and 3 in w" in text
    text = str(said(take, ones(3), (ones(4), ones(4))))
    assert text.count("x[0] got (4,); d is 4 here, and 3 in w") == 2


def test_a_module_that_has_a_mirror_image_is_told_where_one_array_is_to_blame():
    error = said(column.activation_backward, ones(3, 4), ones(4, 3), "relu")
    assert error.suggestion == "Pass dA.T or Z.T.", "either may be in the other convention"
    assert "dZ = dA * g'(Z)        examples are columns\n" in str(error)


def test_an_ellipsis_is_no_entry():
    @shapechecked
    def take(rows: tuple[Row, ...], pair: tuple[Row, int]) -> None:
        pass

    assert "3 entries where 2 are meant" in str(said(take, (ones(2),), (ones(2), 1, 2)))
    assert "1 entry where 2 are meant" in str(said(take, (ones(2),), (ones(2),)))
    assert "are meant" not in str(said(take, (ones(2), 3), (ones(2), 3)))


@pytest.mark.parametrize("columns", [60, 80, 100])
def test_no_table_is_wider_than_the_terminal(columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    deep = dict[str, tuple[int, float, list[dict[str, tuple[int, float]]]]]

    @shapechecked
    def take(
        a_long_name_of_an_argument: deep | Float[N, "batch channels"] | list[deep],
        w: Float[N, "batch channels height width"],
        y: Float[N, "2*batch channels+1 height//2 width//2"],
    ) -> None:
        pass

    x = ones(1, 2, 3, 4)
    for args in (({3: 3}, x, x), (ones(1, 2), x, x), (3, x, x)):
        lines = str(said(take, *args)).splitlines()
        assert max(map(len, lines[1:-1])) <= columns, "\n".join(lines)


def test_a_table_that_is_narrow_enough_is_left_as_it_is():
    assert table([("a", "bb", ""), ("ccc", "d", "e")]) == ["a     bb", "ccc   d    e"]


def test_each_column_of_a_table_that_is_too_wide_gets_an_equal_share(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    rows = [("a" * 10, "b" * 11, "c" * 30, "d " * 20), ("e", "f", "g", "h")]
    assert table(rows) == [
        "aaaaaaaaaa   bbbbbbbbb…   ccccccccc…",
        "    d d d d d d d d d d d d d d d d d",
        "    d d d",
        "e            f            g   h",
    ]
    assert table([("a" * 18, "b" * 17)]) == ["a" * 18 + "   " + "b" * 17]
    assert table([("a" * 18, "b" * 18)]) == ["a" * 18, "    " + "b" * 18]


def test_only_a_row_of_integers_may_be_labels():
    @shapechecked
    def take(X: Float[N, "m n"], Y: Float[N, "m 3"]) -> None:
        pass

    X = np.ones((4, 2))
    error = said(take, X, np.arange(4))
    assert error.suggestion.endswith("; if these are labels, pass their one_hot.")
    for other in (np.ones((5, 3), dtype=int), np.ones((5, 3), dtype=complex), np.ones(4)):
        assert "labels" not in said(take, X, other).suggestion


def test_arrays_of_jax_are_called_as_people_call_them():
    jax = pytest.importorskip("jax", reason="JAX is not installed")

    @shapechecked
    def take(x: Float[jax.Array, "n"], y: Any = None) -> None:
        pass

    error = said(take, ones(3))
    assert error.suggestion == "Pass x as a jax.Array (n,)."
    assert "got ndarray" in str(error)


def test_a_dtype_without_a_name_is_called_by_what_it_is_written_as():
    class Lent:
        shape, dtype = (3,), "theirs.bfloat16"

    @shapechecked
    def take(x: Int[Array, "n"]) -> None:
        pass

    assert "x   Int (n,)   got bfloat16 (3,)   bfloat16 is not Int" in str(said(take, Lent()))


def test_two_classes_of_one_name_are_told_apart():
    class Mesh: ...

    @shapechecked
    def draw(mesh: Mesh) -> None:
        pass

    other = type("Mesh", (), {"__module__": "elsewhere.meshes"})
    assert "mesh   Mesh   got another Mesh, of elsewhere.meshes" in str(said(draw, other()))


@shapechecked
def many(
    x: Float[Array, "n"],
    y: Float[Array, "n 3"] = None,
    z: dict[str, Float[Array, "n"]] | None = None,
    w: Float[Array, "*batch"] = None,
) -> Float[Array, "n"]:
    return {5: x.astype("f4"), 6: x[:, None]}.get(len(x), x)


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ({"x": ones(2, 2)}, ["x   (n,)   got (2, 2)   2 axes where 1 is meant", "Pass x as (n,)."]),
        (
            {"x": ones(2), "y": ones(2, 4)},
            ["y   (n, 3)   got (2, 4)   4 where 3 is meant", "Pass y as (n, 3) = (2, 3)."],
        ),
        (
            {"x": ones(2), "z": {3: ones(2)}},
            ["many: a key of z does not fit.", "a key of z   str    got int"],
        ),
        ({"x": [1.0]}, ["Pass x as an array (n,), for example numpy.asarray(x)."]),
        ({"x": {}}, ["Pass x as an array (n,)."]),
        ({"x": ones(0)}, ["many: x is empty.", "Pass at least one entry along n."]),
        ({"x": ones(2), "w": ones(0, 2)}, ["Pass at least one entry along every axis."]),
        (
            {"x": ones(5)},
            [
                "many: the result is float32, and x is float64.",
                "Look for a cast in the function, or for a number among its arguments that has a "
                "dtype of its own.",
            ],
        ),
        (
            {"x": ones(6)},
            [
                "many: the result does not fit, and the result[:, 0] would.",
                "The arguments fit: look inside test_words.many, or at its annotations.",
            ],
        ),
    ],
)
def test_what_is_wrong_and_what_to_do(arguments, wanted):
    lines = [line.strip() for line in str(said(many, **arguments)).splitlines()]
    for line in wanted:
        assert line.replace("many: ", "test_words.many: ") in lines


def test_everything_in_the_other_convention():
    error = said(row.linear_forward, ones(4, 3), ones(5, 4), ones(5, 1))
    headline = "the arguments do not fit, and with every matrix transposed they would."
    assert str(error).startswith(f"row.linear_forward: {headline}\n")
    assert error.suggestion == (
        "Use shapecheck_bp.column, or pass every matrix transposed: these lie in the other"
        " convention."
    )

    @shapechecked
    def chain(
        A: Float[N, "a b"], B: Float[N, "b c"], C: Float[N, "c d"], D: Float[N, "d e"]
    ) -> None:
        pass

    assert said(chain, ones(2, 3), ones(4, 2), ones(5, 4), ones(6, 5)).suggestion == (
        "Pass every matrix transposed: these lie in the other convention."
    )


class Frame:
    def to_numpy(self): ...


@pytest.mark.parametrize("how_many", [6, 7])
def test_a_long_table_has_only_what_shares_an_axis(how_many):
    @shapechecked
    def take(
        a: Float[N, "a"],
        b: Float[N, "b"],
        c: Float[N, "c"],
        d: Float[N, "d"],
        e: Float[N, "a b"],
        *more: Float[N, "g"],
    ) -> None:
        pass

    error = said(take, *map(ones, range(1, 5)), ones(9, 9), *[ones(3)] * (how_many - 5))
    rows = [line.split()[0] for line in str(error).splitlines() if " got " in line]
    assert rows == (["a", "b", "c", "d", "e", "more[0]"] if how_many == 6 else ["a", "b", "e"])


def test_a_table_of_another_library_is_told_how_it_becomes_an_array():
    assert said(many, Frame()).suggestion == "Pass x as an array (n,), for example x.to_numpy()."


def test_what_contradicts_twice_is_said_once():
    @shapechecked
    def take(w: Float[N, "d"], x: Float[N, "d d"]) -> None:
        pass

    assert "x   (d, d)   got (4, 4)   d is 4 here, and 3 in w\n" in str(
        said(take, ones(3), ones(4, 4))
    )


def test_any_number_of_axes_and_one_more_are_every_axis():
    @shapechecked
    def take(x: Float[Array, "... n"]) -> None:
        pass

    assert said(take, ones(2, 0)).suggestion == "Pass at least one entry along every axis."


def test_sizes_that_are_the_same_are_not_spoken_of_however_large():
    @shapechecked
    def take(X: Float[N, "m n"], Y: Float[N, "m k"], Z: Float[N, "m k"]) -> None:
        pass

    text = str(said(take, ones(1000, 2), ones(1000, 3), ones(1000, 4)))
    assert "k is 4 here, and 3 in Y" in text
    assert "1000 in X" not in text


def test_all_that_does_not_fit_is_said_in_one_line():
    @shapechecked
    def take(X: Float[N, "m n"], Y: Float[N, "m n"]) -> None:
        pass

    text = str(said(take, ones(5, 2), ones(4, 3)))
    assert "m is 4 here, and 5 in X; n is 3 here, and 2 in X" in text
