"""Which repairs are found for a call that was refused, and which are not."""

from typing import Any

import jaxtyping
import numpy as np
import pytest
from jaxtyping import Float, Shaped

from shapecheck_bp.shapes.leaves import Leaf, Seen, Sizes
from shapecheck_bp.shapes.repairs import (
    Repair,
    Verdict,
    blame,
    culprits,
    is_array,
    repairs,
    root,
    wrong_dtype,
)

LONG_CALL = 32


def leaf(declared, *shape, dtype="float64", array=np.ndarray):
    """``leaf("A: Float n m", 2, 3)`` is an array of shape (2, 3) for A: Float[Array, "n m"]."""
    path, _, annotation = declared.partition(": ")
    kind, _, axes = annotation.partition(" ")
    value = np.empty(shape, dtype) if array is np.ndarray else Seen(shape, dtype)
    return Leaf(path, getattr(jaxtyping, kind)[array, axes], value)


def sizes(path, axes, *values):
    return Leaf(path, Shaped[Any, axes], Sizes(values))


def instead(*leaves, misfit=None):
    """What to pass for which argument; in a short call it is the same whatever the misfit."""
    fitting = repairs(leaves, misfit or leaves[0])
    return [(" and ".join(repair.arguments), repair.instead) for repair in fitting]


A, W, b = leaf("A: Float n m", 5, 4), leaf("W: Float k n", 3, 4), leaf("b: Float k 1", 3, 1)


def test_a_call_that_fits_needs_no_repair_and_the_first_asked_for_changes_nothing():
    fits = leaf("A: Float n m", 4, 5)
    assert culprits([fits, W, b], b) == [fits, W, b], "without any one of them the rest still fits"


def test_one_matrix_transposed():
    assert instead(A, W, b) == [("A", "A.T")]
    (repair,) = repairs([A, W, b], b)
    assert repair == Repair(("A",), "A.T", {"A": Seen((4, 5), np.dtype("float64"))}, axes=".T")


def test_either_of_two():
    V = leaf("V: Float k n", 5, 4)
    assert instead(A, V) == [("A", "A.T"), ("V", "V.T")]
    assert culprits([A, V], V) == [A, V]


@pytest.mark.parametrize(
    ("declared", "shape", "written"),
    [
        ("b: Float k 1", (3,), "b[:, None]"),
        ("b: Float 1 k", (3,), "b[None, :]"),
        ("b: Float k", (1, 3), "b[0]"),
        ("b: Float k", (3, 1), "b[:, 0]"),
    ],
)
def test_an_axis_more_or_fewer(declared, shape, written):
    assert instead(W, leaf(declared, *shape)) == [("b", written)]


def test_a_line_is_taken_of_a_matrix_that_has_but_one():
    assert instead(W, leaf("b: Float k", 2, 3)) == []
    assert instead(W, leaf("b: Float k", 3, 2)) == []
    assert instead(leaf("b: Float k", 0, 3)) == []
    assert instead(leaf("x: Float k", 1, 1)) == [("x", "x[0]"), ("x", "x[:, 0]")]


def test_no_axis_is_put_where_a_line_is_meant_or_taken_where_a_matrix_is():
    assert instead(W, leaf("b: Float k", 4)) == [("W", "W.T")]
    assert instead(leaf("x: Float n k p", 3)) == []
    assert instead(leaf("x: Float n m", 1, 2, 3)) == []
    assert instead(leaf("x: Float n")) == []
    assert instead(leaf("x: Float n", 3, 1, 9)) == []
    assert instead(sizes("net", "n m k", 4, 3, 2), leaf("x: Float n m k", 2, 3, 4)) == []
    assert instead(sizes("net", "n", 3), leaf("x: Float *m n", 3, 1)) == [("x", "x.T")]


@pytest.mark.parametrize(
    ("kind", "dtype", "written"),
    [
        ("Float", "int64", "x as float64"),
        ("Float", "uint8", "x as float64"),
        ("Float", "bool", "x as float64"),
        ("Integer", "float32", "x as int64"),
        ("Int", "float64", "x as int64"),
        ("Int", "uint8", "x as int64"),
    ],
)
def test_a_dtype_that_can_be_cast(kind, dtype, written):
    x = leaf(f"x: {kind} n", 3, dtype=dtype)
    cast = written.split()[-1]
    assert repairs([x], x) == [Repair(("x",), written, {"x": Seen((3,), cast)}, cast=cast)]


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [("Float", "complex128"), ("Float", "object"), ("UInt8", "int64"), ("Bool", "int64")],
)
def test_a_dtype_that_no_cast_is_known_for(kind, dtype):
    assert instead(leaf(f"x: {kind} n", 3, dtype=dtype)) == []


def test_a_cast_to_a_floating_type_of_a_name_of_its_own_is_left_to_the_reader():
    others = [leaf(f"{name}: Float n", 3, dtype="bfloat16", array=Any) for name in "ab"]
    assert instead(*others, leaf("x: BFloat16 n", 3, dtype="int64", array=Any)) == []


def test_a_cast_is_to_the_floating_type_of_most_of_the_others():
    others = [leaf(f"{name}: Float n", 3, dtype="float32") for name in "ab"]
    others += [leaf("c: Float n", 3, dtype="float64")]
    assert instead(*others, leaf("x: Float n", 3, dtype=int)) == [("x", "x as float32")]
    integers = [leaf(f"{name}: Integer n", 3, dtype="int32") for name in "abc"]
    assert instead(*integers, *others, leaf("x: Float n", 3, dtype=int)) == [("x", "x as float32")]
    truths = [leaf(f"{name}: Bool n", 3, dtype=bool) for name in "fg"]
    assert instead(*truths, leaf("x: Float n", 3, dtype=int)) == [("x", "x as float64")]
    wrong = [leaf(f"{name}: Float n", 3, dtype="int8") for name in "de"]
    assert instead(*others, wrong[0]) == [("d", "d as float32")]
    assert instead(*wrong) == [("d and e", "d as float64 and e as float64")]


def test_a_cast_and_a_transpose():
    assert instead(leaf("A: Float n m", 5, 4, dtype="uint8"), W, b) == [("A", "A.T as float64")]


def test_the_simple_comes_before_the_compound():
    """A.T as float64 would do as well, and asks for more."""
    square = leaf("A: Float n m", 4, 4, dtype="uint8")
    assert instead(square, W, b) == [("A", "A as float64")]
    line = leaf("v: Float n 1", 4, dtype="uint8")
    assert instead(line, W, b) == [("v", "v[:, None] as float64")]
    for path in ("XT", "x[0]", "x['T as ']"):
        square = leaf(f"{path}: Float n m", 4, 4, dtype="uint8")
        assert instead(square, W, b) == [(path, f"{path} as float64")], "whatever its name"


def test_one_argument_as_a_whole():
    layers = [leaf("params[0].W: Float a b", 3, 4), leaf("params[1].W: Float c a", 4, 2)]
    X = leaf("X: Float b m", 3, 5)
    assert instead(*layers, X) == [("params", "flip(params)")]
    (repair,) = repairs([*layers, X], X)
    assert {path: seen.shape for path, seen in repair.seen.items()} == {
        "params[0].W": (4, 3),
        "params[1].W": (2, 4),
    }


def test_all_is_transposed_only_where_one_argument_is_not_enough():
    layers = leaf("params[0]: Float n k", 4, 3), leaf("params[1]: Float m k", 4, 5)
    assert instead(*layers, leaf("x: Float k", 4)) == [("params", "flip(params)")]


def test_every_matrix_in_both_of_two_arguments():
    net = sizes("net", "a b c d", 2, 3, 4, 5)
    call = [leaf("W: Float b a", 2, 3), leaf("V: Float c b", 3, 4), leaf("U: Float d c", 4, 5)]
    (repair,) = repairs([net, *call], net)
    assert repair.everything
    assert instead(net, *call) == [("the arguments", "every matrix transposed")]
    assert {path: seen.shape for path, seen in repair.seen.items()} == {
        "W": (3, 2),
        "V": (4, 3),
        "U": (5, 4),
    }
    assert {seen.dtype for seen in repair.seen.values()} == {np.dtype("float64")}


def test_lines_stay_as_they_are_when_matrices_are_transposed():
    net = sizes("net", "a b c", 2, 3, 4)
    call = [leaf("W: Float b a", 2, 3), leaf("V: Float c b", 3, 4), leaf("v: Float a", 2)]
    call += [leaf("U: Float a c", 4, 2), leaf("T: Float a b c", 2, 3, 4)]
    (repair,) = repairs([net, *call], net)
    assert repair.everything
    assert {*repair.seen} == {"W", "V", "U"}


def test_two_arrays():
    net = sizes("net", "a b", 2, 3)
    call = [leaf("W: Float b a", 2, 3), leaf("v: Float a 1", 2)]
    assert instead(net, *call) == [("W and v", "W.T and v[:, None]")]
    (repair,) = repairs([net, *call], net)
    assert repair.arguments == ("W", "v")
    assert {path: seen.shape for path, seen in repair.seen.items()} == {"W": (3, 2), "v": (2, 1)}
    assert instead(net, *call[::-1]) == [("v and W", "v[:, None] and W.T")]


def test_one_array_is_not_repaired_twice_over():
    """A pair of changes of one array is neither of both."""
    assert instead(sizes("net", "k", 5), leaf("v: Float k 1", 3)) == []


def test_two_arrays_are_tried_only_where_there_are_few_changes():
    net = sizes("net", "a b", 2, 3)
    call = [leaf("W: Float b a", 2, 3), leaf("v: Float a 1", 2)]

    def with_others(changes):
        return [net, *call, *(leaf(f"x{i}: Float p{i} q{i}", 7, 7) for i in range(changes - 3))]

    assert instead(*with_others(16)) == [("W and v", "W.T and v[:, None]")]
    assert instead(*with_others(17)) == []


def unrelated(count):
    return [leaf(f"x{i}: Float p{i} q{i}", 7, 6) for i in range(count)]


def test_in_a_long_call_those_that_share_an_axis_are_tried_wherever_they_stand():
    long = [*unrelated(LONG_CALL), A, W, b]
    assert instead(*long, misfit=W) == [("A", "A.T")]
    assert culprits(long, W) == [A, W]
    alone = [*unrelated(LONG_CALL), sizes("net", "n m", 4, 5), A]
    assert instead(*alone, misfit=A) == [("A", "A.T")]


def test_in_a_long_call_those_that_share_no_axis_are_not_tried():
    """The first of the others would be tried, and be found wanting, in a short call."""
    wrong = leaf("x: Float p p", 7, 6)
    long = [wrong, *unrelated(LONG_CALL), A, W, b]
    assert culprits([wrong, A], A) == [wrong]
    assert culprits(long, A) == []
    assert culprits([wrong, *unrelated(LONG_CALL - 2), A], A) == [wrong]
    assert instead(leaf("y: Float p", 1, 7), *unrelated(LONG_CALL), W, misfit=W) == []
    assert instead(leaf("y: Float p", 1, 7), W, misfit=W) == [("y", "y[0]")]


def test_of_the_arrays_that_share_an_axis_the_first_and_the_misfit_are_tried():
    many = [leaf(f"A{i}: Float n m{i}", 4, 6) for i in range(LONG_CALL)]
    late = leaf("V: Float n q", 6, 4)
    assert instead(*many, late, misfit=late) == [("V", "V.T")]
    last = leaf("U: Float n p", 6, 4)
    assert instead(*many, late, misfit=many[0]) == [("V", "flip(V)")], (
        "as an argument, not by itself"
    )
    assert instead(*many[:-1], last, misfit=last) == [("U", "U.T")]
    assert instead(*many[:-1], last, sizes("net", "z", 1), misfit=many[0]) == [("U", "U.T")]


def test_culprits_are_arrays_without_which_the_rest_fits():
    a, b, c = (leaf(f"{name}: Float n m", 3, 5) for name in "abc")
    odd = b._replace(value=np.empty((7, 2)))
    assert culprits([a, odd, c], odd) == [odd]
    assert culprits([odd, a, c], a) == [odd]
    assert culprits([sizes("net", "n", 3), odd], odd) == [odd]
    assert culprits([sizes("net", "n", 7), a, c], a) == [], "and never sizes, which are no array's"
    assert culprits([a, odd, c._replace(value=np.empty((4, 4)))], odd) == []


def test_who_is_to_blame_where_a_repair_is_known():
    V = leaf("V: Float k n", 5, 4)
    assert blame([A, W, b], W) == Verdict(A, repairs([A, W, b], W), ["A"]), "not the misfit"
    assert blame([A, V], V) == Verdict(V, repairs([A, V], V), ["A", "V"]), (
        "the misfit before others"
    )
    net, v = sizes("net", "a b", 2, 3), leaf("v: Float a 1", 2)
    both = blame([net, U := leaf("W: Float b a", 2, 3), v], U)
    assert (both.leaf, both.candidates) == (U, ["W and v"])


def test_who_is_to_blame_where_no_repair_is_known():
    a, c = leaf("a: Float n m", 3, 5), leaf("c: Float n m", 3, 5)
    odd = leaf("b: Float n m", 7, 2)
    assert blame([odd, a, c], a) == Verdict(odd, [], ["b"])
    assert blame([a, odd], odd) == Verdict(odd, [], ["a", "b"])
    assert blame([a, odd, leaf("d: Float n m", 4, 4)], odd) == Verdict(odd, [], [])


def test_a_result_and_what_is_no_array_are_to_blame_themselves():
    result = leaf("the result: Float n k", 5, 4)
    assert blame([A, W, result], result) == Verdict(result, [], [])
    entry = leaf("the result[0]: Float n k", 5, 4)
    assert blame([A, W, entry], entry) == Verdict(entry, [], [])
    plain = Leaf("k", int, "three")
    assert blame([W, b, plain], plain) == Verdict(plain, [], [])
    net = sizes("net", "n", 7)
    assert blame([W, b, net], net).candidates == ["W"], "but sizes may be right"


def test_an_axis_that_only_another_leaf_settles():
    """Without x there is no n, and n+1 has no meaning."""
    x, y = leaf("x: Float n", 3), leaf("y: Float n+1", 3)
    assert culprits([x, y], y) == [y]
    assert instead(x, y) == []


def test_what_is_an_array():
    hint = Float[np.ndarray, "n"]
    assert is_array(Leaf("x", hint, np.ones(3)))
    assert is_array(Leaf("x", hint, np.ones((3, 3), int))), "whatever its shape and dtype"
    assert is_array(Leaf("x", Float[Any, "n"], Seen((3,))))
    assert not is_array(Leaf("x", hint, [1.0]))
    assert not is_array(Leaf("x", hint, Seen((3,)))), "of another class"
    assert not is_array(Leaf("x", np.ndarray, np.ones(3))), "no axes are declared"
    assert not is_array(Leaf("x", Float[Any, "n"], Sizes((3,))))

    class NoShape:
        dtype = "float64"

    class NoDtype:
        shape = (3,)

    assert not is_array(Leaf("x", Float[Any, "n"], NoShape()))
    assert not is_array(Leaf("x", Float[Any, "n"], NoDtype()))


def test_what_is_no_array_is_left_alone():
    plain = Leaf("k", int, "three")
    assert instead(A, W, b, Leaf("k", int, 3)) == [("A", "A.T")]
    assert instead(A, W, b, plain) == []
    assert culprits([plain], plain) == []


def test_a_wrong_dtype():
    assert wrong_dtype(leaf("x: Float n", 3, dtype="int64"))
    assert not wrong_dtype(leaf("x: Float n", 3, dtype="float16"))
    assert not wrong_dtype(leaf("x: Float n", 3, 3)), "whatever the shape"
    assert wrong_dtype(leaf("x: Int n", 3, dtype="uint8"))
    assert not wrong_dtype(leaf("x: Integer n", 3, dtype="uint8"))


@pytest.mark.parametrize("path", ["params", "params[0].W", "params.W", "params['a.b'][1]"])
def test_the_argument_that_a_place_lies_in(path):
    assert root(path) == "params"
