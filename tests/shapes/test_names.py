"""Names in annotations that are text: what cannot be known is not checked, all else is."""

# ruff: noqa: UP037, UP045, UP006, UP007  # strings of axes, and forms that others write

from __future__ import annotations

import sys
import typing
import weakref
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, ForwardRef, List, NamedTuple, Optional, Union  # noqa: UP035

import numpy as np
import pytest
from jaxtyping import Float

from shapecheck_bp import ShapeError, shapechecked
from shapecheck_bp.shapes.names import meant_by

if TYPE_CHECKING:
    from nowhere import Model, plotting


def ones(*shape):
    return np.ones(shape)


def refuses(function, *args, **kwargs):
    with pytest.raises(ShapeError):
        function(*args, **kwargs)


def test_a_class_and_an_alias_of_the_function_around():
    class Local: ...

    Vector = Float[np.ndarray, "n"]

    @shapechecked
    def take(it: Local, x: Vector, y: Optional[Vector] = None) -> Local:
        return it

    for _ in range(2):
        take(Local(), ones(3), ones(3))
        refuses(take, 3, ones(3))
        refuses(take, Local(), ones(3), ones(4))


def test_names_around_are_found_where_a_method_is_decorated():
    Vector = Float[np.ndarray, "n"]

    class Outer:
        Pair = tuple[Vector, Vector]

        @shapechecked
        def take(self, pair: Pair, other: Outer, more: list[Vector]) -> Outer:
            return self

    one = Outer()
    for _ in range(2):
        assert one.take((ones(2), ones(2)), one, [ones(2)]) is one
        refuses(one.take, (ones(2), ones(3)), one, [])
        refuses(one.take, (ones(2), ones(2)), one, [ones(3)])


def test_what_only_a_type_checker_imports_is_not_checked():
    @shapechecked
    def take(
        model: Model[int],
        x: Float[np.ndarray, "n m"],
        axes: plotting.Axes | None,
        by_name: dict[str, Model],
        y: Float[Model, "m n"],
        z: Model | Float[np.ndarray, "n"] = 3,
    ) -> Model:
        return model

    for _ in range(2):
        take("anything", ones(2, 3), None, {"a": 3}, ones(3, 2), ones(7))
        refuses(take, "anything", ones(2), None, {}, ones(3, 2))
        refuses(take, "anything", ones(2, 3), None, {}, ones(2, 3))
        refuses(take, "anything", ones(2, 3), None, {3: 3}, ones(3, 2))


Tree = Union[Float[np.ndarray, "..."], List["Tree"]]


def test_an_alias_that_contains_itself():
    @shapechecked
    def take(tree: Tree, x: Float[np.ndarray, "n"]) -> None:
        pass

    for _ in range(2):
        take(ones(3), ones(2))
        take([ones(3), [ones(2), [ones(1)]]], ones(2))
        for bad in ("a", ["a"], [["a"]], [ones(3), [ones(2), [1]]]):
            refuses(take, bad, ones(2))


def test_a_class_that_is_defined_later():
    @shapechecked
    def take(x: Later, y: Float[np.ndarray, "n"]) -> Later:
        return x

    globals()["Later"] = Later = type("Later", (), {})
    take(Later(), ones(3))
    refuses(take, 3, ones(3))


def test_a_record_whose_names_are_local_is_checked_where_it_can_be():
    Vector = Float[np.ndarray, "n"]

    @shapechecked
    class Pair(NamedTuple):
        x: Vector
        y: Float[np.ndarray, "n"]

    Pair(ones(2), ones(2))
    refuses(Pair, ones(2), ones(2).reshape(1, 2))


def test_an_annotation_that_is_no_annotation_is_not_checked():
    @shapechecked
    def take(x: Float[np.ndarray, "*a *b"], y: f(3)(4), z: Float[np.ndarray, "n n"]) -> None:
        pass

    said = (
        r"take: x is not checked: its annotation Float\[np.ndarray, '\*a \*b'\] is no shape. Cannot"
    )
    with pytest.warns(UserWarning, match=said) as seen:
        take(1, 2, ones(2, 2))
    assert len(seen) == 1
    refuses(take, 1, 2, ones(2, 3))


@typing.no_type_check
@shapechecked
def unchecked(x: Float[np.ndarray, "n"]) -> int:
    return x


def test_no_type_check_inside_and_outside():
    @shapechecked
    @typing.no_type_check
    def inside(x: Float[np.ndarray, "n"]) -> int:
        return x

    assert unchecked("x") == inside("x") == "x"


def test_data_that_is_called_like_an_annotation_is_not_kept_alive():
    def make():
        n = np.ones(3)

        @shapechecked
        def take(x: Float[np.ndarray, "n"]) -> None:
            pass

        return take, weakref.ref(n)

    take, seen = make()
    assert seen() is None
    take(ones(2))


def test_the_same_where_annotations_are_computed_when_they_are_asked_for(monkeypatch):
    """Since Python 3.14 they are, without being text; before that this runs the same once more."""
    source, space = Path(__file__).read_text("utf-8"), ModuleType("annotated_lazily")
    if sys.version_info >= (3, 14):
        source = source.replace("from __future__ import annotations\n", "", 1)
    monkeypatch.setitem(sys.modules, space.__name__, space)
    exec(compile(source, __file__, "exec", dont_inherit=True), vars(space))
    own = [*vars(space).items()]
    tests = [test for name, test in own if name.startswith("test_") and name not in NOT_AGAIN]
    assert len(tests) == 9
    for test in tests:
        test()


NOT_AGAIN = (  # itself, and what an error of Python's would end where it is no text
    "test_the_same_where_annotations_are_computed_when_they_are_asked_for",
    "test_an_annotation_that_is_no_annotation_is_not_checked",
)


def test_a_name_that_was_never_read_stands_for_nothing():
    assert meant_by(ForwardRef("Nowhere")) is None
    assert meant_by(int) is None
