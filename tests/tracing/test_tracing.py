"""The trace: every checked call, what its axes are, and where the check was blind."""

import asyncio
import contextlib
import contextvars
import gc
import io
import json
import re
import subprocess
import sys
import weakref
from html.parser import HTMLParser
from typing import NamedTuple

import numpy as np
import pytest
from jaxtyping import Float
from problems import problem
from rich.console import Console

from shapecheck_bp import (
    Array,
    Network,
    ShapeError,
    blind_spots,
    column,
    enforce,
    flip,
    row,
    shapechecked,
    trace,
)
from shapecheck_bp.cli import main


def ones(*shape):
    return np.ones(shape)


def traced(bp, sizes, m):
    """The trace of one gradient step."""
    output = "sigmoid" if sizes[-1] == 1 else "softmax"
    arguments = problem(bp, Network(sizes, "tanh", output), m)
    with trace() as t:
        bp.gradients(*arguments)
    return t


def one(t, name):
    return next(call for call in t.calls if call.name == name)


STEPS = [
    (0, "gradients"),
    (1, "forward"),
    (2, "linear_forward"),
    (2, "activation_forward"),
    (2, "linear_forward"),
    (2, "activation_forward"),
    (1, "cost"),
    (1, "backward"),
    (2, "linear_backward"),
    (3, "weights_backward"),
    (2, "activation_backward"),
    (2, "weights_backward"),
]


def test_every_step_in_order_with_its_depth(bp):
    calls = traced(bp, (3, 2, 1), 5).calls
    assert [(call.depth, call.name) for call in calls] == STEPS
    assert calls[0].calls == 3
    assert calls[2].function == f"{bp.__name__.rpartition('.')[2]}.linear_forward"


def test_a_step_has_its_equation_axes_and_sizes():
    call = one(traced(column, (3, 2, 1), 5), "linear_forward")
    assert call.equation == "Z = W @ A_prev + b"
    assert [(place.name, place.axes, place.sizes) for place in call.places] == [
        ("A_prev", ("n_in", "m"), (3, 5)),
        ("W", ("n_out", "n_in"), (2, 3)),
        ("b", ("n_out", "1"), (2, 1)),
        ("Z", ("n_out", "m"), (2, 5)),
    ]
    assert call.sizes == {"n_in": 3, "m": 5, "n_out": 2}
    assert {place.dtype for place in call.places} == {"float64"}
    assert one(traced(row, (3, 2, 1), 5), "activation_forward").others == {"activation": "'tanh'"}


def test_arrays_in_containers_have_the_fields_names():
    call = traced(row, (3, 2, 1), 5).calls[0]
    names = {place.path: (place.name, place.axes) for place in call.places}
    assert names["params[1].W"] == ("W[2]", ("n_1", "n_2"))
    assert names["the result[1][0].dW"] == ("dW[1]", ("n_0", "n_1"))
    assert names["the result[0]"] == ("J", ())


def test_one_convention_is_the_other_turned():
    here, there = (traced(bp, (3, 2, 1), 5).calls for bp in (column, row))
    for mine, theirs in zip(here, there, strict=True):
        assert sorted((place.name, place.axes, place.sizes) for place in mine.places) == sorted(
            (place.name, place.axes[::-1], place.sizes[::-1]) for place in theirs.places
        )


def test_what_the_check_could_not_see_is_said_where_blind_spots_says_it(bp):
    t = traced(bp, (4, 4, 2), 4)
    net, params, X, _ = problem(bp, Network((4, 4, 2), "tanh"), 4)
    forward = one(t, "forward")
    blind = [place.path for place in forward.arguments if place.blind]
    assert blind == blind_spots(bp.forward, net, params, X) == ["params[0].W", "X"]
    assert one(t, "linear_forward").blind_to == ["A_prev.T", "W.T", "Z.T"]
    assert "blind to A_prev.T, W.T, Z.T" in str(t)
    assert "blind to W[1].T, X.T" in str(t)
    assert "Blind to a transpose: two axes of that array have the same size" in str(t)
    assert "Blind to a transpose" in t._repr_html_()
    assert "lind" not in str(traced(bp, (4, 3, 2), 5))


def test_an_axis_of_size_one_hides_nothing():
    """A (1, 1) array is its own transpose."""
    assert blind_spots(column.linear_forward, ones(3, 5), ones(1, 3), ones(1, 1)) == []
    with trace() as t:
        column.linear_forward(ones(3, 5), ones(1, 3), ones(1, 1))
    assert t.calls[0].blind_to == []


@shapechecked
def swap(T: Float[Array, "a b c"]) -> Float[Array, "c b a"]:
    """Exchange the outer axes."""
    return np.transpose(T, (2, 1, 0))


def test_more_than_two_axes():
    with trace() as t:
        swap(ones(3, 4, 3))
    assert t.calls[0].blind_to == ["a for c in T", "c for a in the result"]
    assert "of T" in str(t)
    assert "gives the result" in str(t)


class Attention(NamedTuple):
    scores: Float[Array, "q k"]


@shapechecked
def attention(
    Q: Float[Array, "q d"], K: Float[Array, "k d"], scale: float = 1.0, mask: object = None
) -> Attention:
    """scores = Q @ K.T * scale."""
    return Attention(Q @ K.T * scale)


def test_functions_of_a_users_own():
    with trace() as t:
        attention(ones(2, 8), ones(5, 8), mask=["large", "things"])
    assert str(t) == (
        "attention   scale = 1.0   mask = list\n"
        "  scores = Q      @ K.T    * scale\n"
        "  (q, k)   (q, d)   (d, k)\n"
        "  (2, 5)   (2, 8)   (8, 5)"
    )


def test_a_list_of_ones_own_is_called_as_python_calls_it():
    @shapechecked
    def total(rows: list[Float[Array, "n m"]]) -> Float[Array, "n m"]:
        return sum(rows)

    with trace() as t:
        total([ones(2, 3), ones(2, 3)])
    assert [place.name for place in t.calls[0].places] == ["rows[0]", "rows[1]", "the result"]

    @shapechecked
    def layered(items: list[Float[Array, "n_1 n_0"]]) -> None:
        pass

    with trace() as t:
        layered([ones(2, 3)])
    assert t.calls[0].arguments[0].name == "items[0]"


def test_a_call_that_raises_is_marked_and_those_after_it_stand_where_they_belong():
    @shapechecked
    def inner(X: Float[Array, "n m"], fails: bool) -> Float[Array, "n m"]:
        if fails:
            raise ValueError("no")
        return X

    @shapechecked
    def outer(X: Float[Array, "n m"]) -> Float[Array, "n m"]:
        with contextlib.suppress(ValueError):
            inner(X, True)
        return inner(X, False)

    @shapechecked
    def wrong(X: Float[Array, "n m"]) -> Float[Array, "m n"]:
        return inner(X, False)

    with trace() as t:
        outer(ones(2, 3))
        with pytest.raises(ShapeError):
            wrong(ones(2, 3))
        with pytest.raises(ShapeError):
            outer(ones(2))
    found = [(call.name, call.depth, call.raised) for call in t.calls]
    assert found == [
        ("outer", 0, ""),
        ("inner", 1, "ValueError"),
        ("inner", 1, ""),
        ("wrong", 0, "ShapeError"),
        ("inner", 1, ""),
        ("outer", 0, "ShapeError"),
    ]
    assert t.calls[-1].arguments[0].sizes == (2,)
    assert "  inner   raised ValueError   fails = True" in str(t)
    assert "raised ValueError" in t._repr_html_()


def test_whatever_an_argument_does_when_looked_at_the_call_is_not_disturbed():
    class Hostile(int):
        def __repr__(self):
            raise ZeroDivisionError

        def __getattr__(self, name):
            raise ZeroDivisionError(name)

    @shapechecked
    def take(X: Float[Array, "n m"], k: object) -> Float[Array, "n m"]:
        return X

    take.__wrapped__.__doc__ = 3
    with trace() as t:
        for k in (Hostile(3), 10**5000, "x" * 1000, np.ones((2, 3)), type):
            take(ones(2, 3), k)
    written = [call.others["k"] for call in t.calls]
    assert written == ["Hostile", "int", f"'{'x' * 99}…", "ndarray (2, 3)", "type"]
    assert {call.equation for call in t.calls} == {""}


def test_a_coroutine_that_is_closed_elsewhere():
    @shapechecked
    async def later(X: Float[Array, "n m"]) -> Float[Array, "n m"]:
        await asyncio.sleep(0)
        return X

    with trace() as t:
        waiting = later(ones(2, 3))
        waiting.send(None)
        contextvars.copy_context().run(waiting.close)
    assert t.calls[0].raised == "GeneratorExit"


def test_an_argument_and_a_result_of_one_name():
    @shapechecked
    def turned(X: Float[Array, "n m"]) -> Float[Array, "m n"]:
        """X = turned(X)."""
        return X.T

    with trace() as t:
        turned(ones(2, 3))
    assert str(t).splitlines()[2:] == ["  (m, n)          (n, m)", "  (3, 2)          (2, 3)"]


def test_only_arrays_have_shapes():
    @shapechecked
    def loss(X: Float[Array, "n m"]) -> tuple[float, dict[str, Float[Array, "m n"]]]:
        """J, dW = loss(X)."""
        return 0.5, {"a": X.T}

    with trace() as t:
        loss(ones(2, 3))
    assert [place.name for place in t.calls[0].result] == ["the result[1]['a']"]


def test_commas_inside_parentheses_are_no_new_statement():
    @shapechecked
    def total(X: Float[Array, "n m"]) -> Float[Array, "n 1"]:
        """s = sum(X, axis = 1, keep = True), over m."""
        return X.sum(axis=1, keepdims=True)

    with trace() as t:
        total(ones(2, 3))
    assert "  s      = sum(X     , axis = 1, keep = True), over m" in str(t)


def test_no_array_is_kept():
    X = ones(3, 5)
    seen = weakref.ref(X)
    with trace() as t:
        Z = column.linear_forward(X, ones(2, 3), ones(2, 1))
        result = weakref.ref(Z)
        del X, Z
        gc.collect()
        assert seen() is None
        assert result() is None
    assert len(t.calls) == 1


def test_traces_inside_traces_and_switched_off_checks():
    with trace() as outer:
        column.softmax(ones(2, 5))
        with trace() as inner:
            column.softmax(ones(2, 5))
        with enforce(False):
            column.softmax(ones(2, 5))
            with enforce(True):
                column.log_softmax(ones(2, 5))
            with trace():
                column.log_softmax(ones(2, 5))
    column.softmax(ones(2, 5))
    assert (len(outer.calls), len(inner.calls)) == (4, 1)
    assert [call.name for call in outer.calls[2:]] == ["log_softmax"] * 2
    assert {call.depth for call in outer.calls} == {0}


def test_tasks_do_not_mix_their_calls_up():
    @shapechecked
    async def inner(X: Float[Array, "n m"]) -> Float[Array, "n m"]:
        await asyncio.sleep(0)
        return X

    @shapechecked
    async def outer(X: Float[Array, "n m"]) -> Float[Array, "n m"]:
        for _ in range(3):
            X = await inner(X)
        return X

    async def both():
        await asyncio.gather(outer(ones(2, 3)), outer(ones(4, 5)))

    with trace() as t:
        asyncio.run(both())
    found = [(call.name, call.depth, call.calls, call.arguments[0].sizes) for call in t.calls]
    assert found == [
        ("outer", 0, 3, (2, 3)),
        *[("inner", 1, 0, (2, 3))] * 3,
        ("outer", 0, 3, (4, 5)),
        *[("inner", 1, 0, (4, 5))] * 3,
    ]


def test_symbols_have_names_for_sizes():
    from shapecheck_bp import equations

    with trace() as t:
        equations(column, Network((3, 2)))
    assert "n_1" in str(t)
    assert t.calls[0].to_dict()["arguments"][0]["sizes"] == ["n_1", "n_0"]
    json.dumps(t.to_dict())


class Tables(HTMLParser):
    """What is left of HTML whose styles and classes are stripped, as GitHub does."""

    def __init__(self, html):
        super().__init__()
        self.open, self.text, self.skip = [], "", False
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.skip = tag == "style"
        if tag != "br":
            self.open.append(tag)
        if tag in ("tr", "table", "br"):
            self.text += "\n"

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        self.skip = False
        self.text += " " * (tag in ("td", "th"))

    def handle_data(self, data):
        self.text += "" if self.skip else data


def test_html_is_complete_without_styles():
    here, there = traced(column, (3, 2, 1), 5), traced(row, (3, 2, 1), 5)
    text = Tables(here._repr_html_()).text
    assert "Z = W @ A_prev + b" in text
    assert "(n_out, m)  (n_out, n_in)  (n_in, m)  (n_out, 1)" in text
    assert "(2, 5)  (2, 3)  (3, 5)  (2, 1)" in text
    assert "activation = 'tanh'" in text
    text = Tables(here.beside(there)._repr_html_()).text
    assert "step column row" in text
    assert "(5, 2)  (5, 3)  (3, 2)  (1, 2)" in text


def test_html_escapes_what_a_user_wrote():
    @shapechecked
    def angled(X: Float[Array, "n m"], tag: str) -> None:
        """X < 1 & <b>."""

    with trace() as t:
        angled(ones(2, 3), tag="<script>")
    html = t._repr_html_()
    assert "<script>" not in html
    assert "&lt;b&gt;" in html
    Tables(html)


def test_every_colour_can_be_read():
    """The W3C's contrast, at least 4.5 to 1, of each axis's ink on its own background."""
    from shapecheck_bp.tracing.page import COLOURS

    def luminance(colour):
        parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
        red, green, blue = (
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    for one in COLOURS:
        assert (luminance(one.pale) + 0.05) / (luminance(one.ink) + 0.05) >= 4.5


def test_traces_of_other_steps_do_not_stand_side_by_side():
    with trace() as here:
        column.softmax(ones(2, 5))
    with trace() as there:
        column.log_softmax(ones(2, 5))
    with pytest.raises(ValueError, match="call 1 is softmax in one and log_softmax in the other"):
        here.beside(there)
    with trace() as nothing:
        pass
    with pytest.raises(ValueError, match="call 1 is softmax in one and nothing more in the other"):
        here.beside(nothing)
    with pytest.raises(TypeError, match="^beside: expected a trace; got int"):
        here.beside(3)
    for headings in (("a",), "ab", ("a", "a")):
        with pytest.raises(ValueError, match="^headings: expected two different ones; got"):
            here.beside(here, headings)


def test_what_differs_between_two_traces_is_said():
    with trace() as here:
        column.activation_forward(ones(2, 5), "tanh")
    with trace() as there:
        column.activation_forward(ones(3, 3), "relu")
    told = str(here.beside(there)).splitlines()[1]
    for part in ("'tanh'", "'relu'", "n = 2, m = 5", "n = m = 3", "blind to Z.T, A.T"):
        assert part in told


def printed(view, **options):
    console = Console(file=io.StringIO(), **options)
    console.print(view)
    return console.file.getvalue()


def test_a_narrow_terminal_has_one_convention_under_the_other():
    both = traced(column, (3, 2, 1), 5).beside(traced(row, (3, 2, 1), 5))
    narrow = printed(both, width=80)
    assert max(map(len, narrow.splitlines())) <= 80
    assert "Z          = W             @ A_prev    + b   (column)\n" in narrow
    assert "Z          = A_prev    @ W             + b   (row)\n" in narrow
    assert printed(both, width=130).rstrip("\n") == str(both)


def test_colours_only_where_they_are_wanted(monkeypatch):
    t = traced(column, (3, 2, 1), 5)
    coloured = printed(t, width=130, force_terminal=True, color_system="256")
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured).rstrip("\n") == str(t)
    assert "\x1b[38;5;" in coloured
    monkeypatch.setenv("NO_COLOR", "1")
    plain = printed(t, width=130, force_terminal=True, color_system="256")
    assert "\x1b[38;5;" not in plain


def test_the_command_for_both_conventions_fits_one_screen(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    assert main(["trace", "3", "2", "1", "--both"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "3-2-1, relu then sigmoid, log_loss; m = 5"
    assert len(lines) <= 44
    assert max(map(len, lines)) <= 120
    assert re.match(r"column +\|  row$", lines[1])


def test_the_command_for_one_convention(capsys):
    assert main(["trace", "3", "2", "1", "--convention", "row", "--hidden", "tanh"]) == 0
    shown = capsys.readouterr().out
    assert "Z          = A_prev    @ W             + b" in shown
    assert "(5, 2)       (5, 3)      (3, 2)          (1, 2)" in shown
    assert "activation = 'tanh'" in shown


def test_the_command_as_json(capsys):
    assert main(["trace", "5", "4", "3", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["network"]["output"] == "softmax"
    assert facts["examples"] == 6, "5 is a size"
    assert facts["calls"][2]["function"] == "column.linear_forward"
    assert facts["calls"][2]["result"][0]["sizes"] == [4, 6]
    assert main(["trace", "5", "4", "3", "--json", "--both", "--examples", "4"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["row"][2]["blind_to"] == ["Z.T"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["3"], "sizes: expected two or more positive whole numbers"),
        (["3", "0"], "sizes: expected two or more positive whole numbers"),
        (["3", "2", "--examples", "0"], "--examples: expected a whole number from 1 up; got 0"),
        (["3", "2", "--hidden", "gelu"], "hidden: expected one of"),
        (["3", "2", "--loss", "log_loss"], "does not go with output='softmax'"),
        (["3", "2", "--both", "--convention", "row"], "not allowed with argument"),
        (["3", "2", "--output", ""], "output: expected one of"),
        (["100000", "100000", "1"], "sizes: expected a step that can be run here"),
    ],
)
def test_a_command_line_that_cannot_be_traced_is_exit_status_2(arguments, message, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["trace", *arguments])
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


def test_tracing_loads_nothing_heavy():
    code = (
        "import sys, shapecheck_bp as s\n"
        "with s.trace() as t: s.row.softmax(__import__('numpy').ones((2, 3)))\n"
        "t.to_dict(), t._repr_html_()\n"
        "print([m for m in ('sympy', 'rich', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_flipped_arguments_give_the_flipped_trace():
    net, params, X, Y = problem(column, Network((4, 3, 2), "tanh"), 5)
    with trace() as here:
        column.gradients(net, params, X, Y)
    with trace() as there:
        row.gradients(net, *flip((params, X, Y)))
    assert here.beside(there).to_dict().keys() == {"column", "row"}
