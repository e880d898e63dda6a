"""The pictures: what is on them, to scale, and in the colours of the axes."""

import subprocess
import sys
from itertools import combinations

import numpy as np
import pytest
from jaxtyping import Float

from shapecheck_bp import (
    Array,
    Gradient,
    Network,
    column,
    draw,
    equations,
    flip,
    row,
    shapechecked,
    trace,
)
from shapecheck_bp.tracing.colours import EXAMPLES, INPUTS, OUTPUTS, palette
from shapecheck_bp.tracing.draw.product import boxes_of
from shapecheck_bp.tracing.draw.products import products_of

PNG = b"\x89PNG\r\n\x1a\n"


def ones(*shape):
    return np.ones(shape)


def traced(name, *arguments):
    with trace() as here:
        getattr(column, name)(*arguments)
    with trace() as there:
        getattr(row, name)(*flip(arguments))
    return here, there


FORWARD = traced("linear_forward", ones(3, 5), ones(2, 3), ones(2, 1))
BACKWARD = traced("linear_backward", ones(2, 5), ones(3, 5), ones(2, 3))


def test_products_in_words():
    assert draw.products(*BACKWARD).words == (
        "column dA_prev = W.T @ dZ: (3, 5) = (3, 2) @ (2, 5); n_out meets n_out.\n"
        "column dW = dZ @ A_prev.T / m: (2, 3) = (2, 5) @ (5, 3); m meets m.\n"
        "row dA_prev = dZ @ W.T: (5, 3) = (5, 2) @ (2, 3); n_out meets n_out.\n"
        "row dW = A_prev.T @ dZ / m: (3, 2) = (3, 5) @ (5, 2); m meets m."
    )


@pytest.mark.parametrize("traces", [FORWARD, BACKWARD])
def test_the_picture_of_row_is_that_of_column_mirrored_at_the_diagonal(traces):
    here, there = ([one for call in t.calls for one in products_of(call)] for t in traces)
    for mine, theirs in zip(here, there, strict=True):
        boxes = {(box.word.place.name, *box[1:]) for box in boxes_of(mine)}
        mirrored = {
            (box.word.place.name, box.y, box.x, box.width, box.height) for box in boxes_of(theirs)
        }
        assert boxes == mirrored


@pytest.mark.parametrize("traces", [FORWARD, BACKWARD])
def test_boxes_are_to_scale_and_the_inner_axes_meet(traces):
    for one in (one for t in traces for call in t.calls for one in products_of(call)):
        result, left, right, *_ = boxes = boxes_of(one)
        assert [(box.height, box.width) for box in boxes] == [box.word.sizes for box in boxes]
        assert left.word.axes[1] == right.word.axes[0]
        # As far from the corner along the left matrix's top as down the right one's side.
        assert result.x - left.x == result.y - right.y
        assert (left.y, right.x) == (result.y, result.x)
        assert (left.height, right.width) == (result.height, result.width)


def test_the_picture_names_every_matrix_axis_and_equation_and_all_of_it_is_on_the_paper():
    figure = draw.products(*FORWARD).figure
    figure.canvas.draw()
    texts = {text.get_text() for axes in figure.axes for text in axes.texts}
    assert texts == {
        "column:  Z = W @ A_prev + b", "row:  Z = A_prev @ W + b", "W", "A_prev", "b", "Z", "+",
        "m = 5", "n_in = 3", "n_out = 2",
    }  # fmt: skip
    for text in (text for axes in figure.axes for text in axes.texts):
        box = text.get_window_extent()
        assert figure.bbox.x0 <= box.x0 <= box.x1 <= figure.bbox.x1, text
        assert figure.bbox.y0 <= box.y0 <= box.y1 <= figure.bbox.y1, text


@pytest.mark.parametrize("m", [1, 1000])
def test_extreme_sizes_are_drawn_too(m):
    picture = draw.products(*traced("linear_forward", ones(3, m), ones(1, 3), ones(1, 1)))
    assert picture._repr_png_().startswith(PNG)
    assert max(picture.figure.get_size_inches()) < 15


def test_an_axis_has_one_colour_wherever_it_is():
    found = palette(["q", "n_in", "k", "n_out", "m", "d", "n_0", "n_1"])
    assert (found["m"], found["n_in"], found["n_out"]) == (EXAMPLES, INPUTS, OUTPUTS)
    assert (found["n_0"], found["n_1"]) == (INPUTS, OUTPUTS)
    assert len({found[axis] for axis in "qkd"}) == 3
    assert len(set(palette(f"n_{layer}" for layer in range(5)).values())) == 5


def test_products_that_are_not_there():
    with trace() as nothing:
        column.softmax(ones(2, 5))
    with pytest.raises(
        ValueError, match="equally many products of two matrices.*and at least one; got 0"
    ):
        draw.products(nothing)
    with pytest.raises(ValueError, match="got 1, 2"):
        draw.products(FORWARD[0], BACKWARD[0])
    with pytest.raises(ValueError, match="got no trace"):
        draw.products()
    with pytest.raises(TypeError, match="^products: expected traces; got Network"):
        draw.products(Network((3, 2)))


def test_an_equation_that_its_shapes_contradict_is_not_drawn():
    @shapechecked
    def inner(X: Float[Array, "m n_in"], W: Float[Array, "n_in n_out"]) -> Float[Array, "m n_out"]:
        """Z = W @ X."""
        return X @ W

    @shapechecked
    def outer(X: Float[Array, "m n_in"], W: Float[Array, "n_in n_out"]) -> Float[Array, "n_out m"]:
        """Z = X @ W."""
        return (X @ W).T

    for function, told in (
        (inner, r"the docstring's W @ X cannot be: \(3, 4\) @ \(5, 3\)"),
        (outer, r"the docstring's Z = X @ W cannot be: \(4, 5\) = \(5, 3\) @ \(3, 4\)"),
    ):
        with trace() as t:
            function(ones(5, 3), ones(3, 4))
        with pytest.raises(ValueError, match=told):
            draw.products(t)
    with trace() as t:
        inner(ones(5, 3), ones(3, 4))
    assert "the docstring's W @ X cannot be: (3, 4) @ (5, 3)" in str(t)


def test_a_single_trace_needs_no_heading():
    figure = draw.products(FORWARD[0]).figure
    assert "Z = W @ A_prev + b" in {text.get_text() for text in figure.axes[0].texts}


def test_gradients_beside_their_flips():
    net = Network((4, 3, 2), "tanh")
    arguments = net, column.init(net), np.linspace(-1, 1, 20).reshape(4, 5), np.full((2, 5), 0.5)
    here, there = column.gradients(*arguments)[1], row.gradients(*flip(arguments))[1]
    picture = draw.gradients(here, there)
    panels = [axes.images[0].get_array() for axes in picture.figure.axes]
    assert len(panels) == 6
    for layer, (dW, same, difference) in enumerate((panels[:3], panels[3:])):
        np.testing.assert_array_equal(dW, here[layer].dW)
        np.testing.assert_array_equal(same, there[layer].dW.T)
        assert np.max(np.abs(difference)) < 8
    titles = [axes.get_title(loc="left") for axes in picture.figure.axes]
    assert titles[:3] == ["column: dW[1] (3, 4)", "row's, flipped (3, 4)", "difference, ±8 eps"]


def test_a_difference_shows():
    here = (Gradient(ones(2, 3), ones(2, 1)),)
    there = flip((Gradient(ones(2, 3) * (1 + 1e-12), ones(2, 1)),))
    difference = draw.gradients(here, there).figure.axes[2].images[0]
    assert np.min(np.abs(difference.get_array())) > difference.get_clim()[1]
    axes = draw.gradients(here, flip((Gradient(ones(2, 3) * 1.5, ones(2, 1)),))).figure.axes[2]
    assert axes.get_title(loc="left") == "DIFFERENT, by up to 0.5"
    assert {text.get_text() for text in axes.texts} == {"-0.50"}


def test_gradients_that_are_not_flips():
    here = (Gradient(ones(2, 3), ones(2, 1)),)
    with pytest.raises(ValueError, match=r"layer 1's dW of row to be \(3, 2\).*; got \(2, 3\)"):
        draw.gradients(here, here)


def test_values_of_matrices_and_tensors_on_one_scale():
    picture = draw.values(a=np.array([[0.0, -0.004, 2.0]]), T=np.zeros((2, 3, 4)))
    axes = picture.figure.axes
    titles = [one.get_title(loc="left") for one in axes]
    assert titles == ["a (1, 3)", "T[0] (3, 4)", "T[1] (3, 4)"]
    assert {one.images[0].get_clim() for one in axes} == {(-2.0, 2.0)}
    assert [text.get_text() for text in axes[0].texts] == ["0", "-0.00", "2.00"]
    assert picture.words == "a (1, 3), T (2, 3, 4)"
    assert draw.values(zero=np.zeros((2, 2)))._repr_png_().startswith(PNG)


@pytest.mark.parametrize("shape", [(3,), (2, 2, 2, 2), (0, 3)])
def test_values_of_no_matrix(shape):
    with pytest.raises(
        ValueError, match="^X: expected a matrix or a 3-tensor of real numbers, not empty; got "
    ):
        draw.values(X=np.zeros(shape))


def test_values_that_blew_up_are_shown():
    picture = draw.values(X=np.array([[1.0, np.nan], [np.inf, -2.0]]))
    texts = [text.get_text() for text in picture.figure.axes[0].texts]
    assert texts == ["1.00", "nan", "inf", "-2.00"]
    assert picture._repr_png_().startswith(PNG)


@pytest.mark.parametrize("panels", [1, 5, 20])
@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (200, 2), (2, 300)])
def test_every_panel_is_on_the_paper(panels, shape):
    figure = draw.values(**{f"panel_{i}": np.ones(shape) for i in range(panels)}).figure
    assert figure.get_size_inches()[0] < 10
    boxes = [axes.get_position() for axes in figure.axes]
    assert all(0 <= box.x0 < box.x1 <= 1 and 0 <= box.y0 < box.y1 <= 1 for box in boxes)
    assert not any(
        a.x0 < b.x1 and b.x0 < a.x1 and a.y0 < b.y1 and b.y0 < a.y1
        for a, b in combinations(boxes, 2)
    )


def test_dollars_are_no_formulas():
    picture = draw.values(**{r"$\foo$": np.eye(2)})
    assert picture._repr_png_().startswith(PNG)
    assert draw.curves(**{r"$\foo$": [1.0, 2.0]})._repr_png_().startswith(PNG)


def test_gradients_of_different_networks():
    here = (Gradient(ones(2, 3), ones(2, 1)),)
    with pytest.raises(ValueError, match="of the same layers, without J; got 1 and 2"):
        draw.gradients(here, (*here, *here))
    with pytest.raises(ValueError, match="without J; got 2 and 2"):
        draw.gradients((1.0, here), (1.0, here))


@pytest.mark.parametrize("m", [1, 5])
def test_what_is_added_is_to_scale_too(m):
    here, there = traced("linear_forward", ones(3, m), ones(2, 3), ones(2, 1))
    for t, size in ((here, (2, 1)), (there, (1, 2))):
        (one,) = products_of(t.calls[0])
        assert (boxes_of(one)[3].height, boxes_of(one)[3].width) == size


def test_sizes_that_are_symbols_are_not_drawn():
    with trace() as t:
        equations(column, Network((3, 2)))
    with pytest.raises(ValueError, match="expected sizes that are numbers"):
        draw.products(t)


def test_headings_for_each_trace():
    with pytest.raises(ValueError, match="^headings: expected one for each of 2 traces; got"):
        draw.products(*FORWARD, headings=["one"])


def test_values_of_nothing():
    with pytest.raises(ValueError, match="^values: expected an array"):
        draw.values()


def test_curves_that_lie_on_one_another_are_both_seen():
    axes = draw.curves(column=[2.0, 1.0, 0.5], row=(2.0, 1.0, 0.5)).figure.axes[0]
    first, second = axes.lines
    assert list(first.get_ydata()) == list(second.get_ydata()) == [2.0, 1.0, 0.5]
    assert list(first.get_xdata()) == [1, 2, 3]
    assert first.get_linewidth() > second.get_linewidth()
    assert second.get_linestyle() == "--"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["column", "row"]
    with pytest.raises(ValueError, match="^curves: expected a run"):
        draw.curves()


def test_the_same_picture_is_the_same_file(tmp_path):
    first, second = (draw.products(*FORWARD)._repr_png_() for _ in range(2))
    assert first == second
    assert first.startswith(PNG)
    assert b"Software" not in first
    draw.products(*FORWARD).save(tmp_path / "products.svg")
    assert (tmp_path / "products.svg").read_text(encoding="utf-8").startswith("<?xml")


def test_without_matplotlib_it_says_how_to_get_it():
    code = (
        "import sys; sys.modules['matplotlib'] = sys.modules['matplotlib.figure'] = None\n"
        "import numpy\nfrom shapecheck_bp import draw\n"
        "try: draw.values(X=numpy.ones((2, 2)))\n"
        "except ImportError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == (
        "shapecheck_bp.tracing.draw needs matplotlib: pip install 'shapecheck-bp[draw]'\n"
    )
