"""The body of a checked call, and what it calls, know the sizes of the call's axes."""

import asyncio
import contextlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from beartype import beartype
from beartype.roar import BeartypeCallHintViolation
from jaxtyping import AnnotationError, Float, jaxtyped, print_bindings

from shapecheck_bp import ShapeError, enforce, shapechecked
from shapecheck_bp.shapes.switch import listen

N = np.ndarray


def ones(*shape):
    return np.ones(shape)


@shapechecked
def judge(x: Float[N, "b d"], h: object, axes: str = "b d") -> bool:
    return isinstance(h, Float[N, axes])


def test_an_axis_that_is_computed_may_come_before_what_it_is_computed_from():
    @shapechecked
    def histogram(edges: Float[np.ndarray, "n+1"], counts: Float[np.ndarray, "n"]) -> None:
        pass

    for _ in range(2):
        histogram(ones(4), ones(3))
        with pytest.raises(ShapeError, match=r"edges does not fit|edges and counts"):
            histogram(ones(3), ones(3))


@pytest.mark.parametrize("axes", ["n-x m", "2n m", "n+ m", "n*m k"])
def test_an_axis_that_cannot_be_computed_is_named_with_its_argument(axes):
    @shapechecked
    def take(X: Float[np.ndarray, axes]) -> None:
        pass

    for _ in range(2):
        with pytest.raises(AnnotationError) as caught:
            take(ones(2, 3))
        assert str(caught.value).endswith(
            "take: X: expected axes that are names, numbers, or computed from other axes of the"
            f" call, as in 'n+1'; got {axes!r}"
        )


def test_isinstance_in_the_body_whether_or_not_the_call_is_remembered():
    for _ in range(3):
        for b, d in ((2, 3), (3, 2), (3, 3)):
            x = ones(b, d)
            assert judge(x, x)
            assert judge(x, x.T) is (b == d)
            assert judge(x, x, "b 2*d") is False
            assert judge(x, ones(b, 2 * d), "b 2*d")
            assert judge(x, ones(7, b), "other b")


def test_the_body_adds_to_what_is_known_and_forgets_it_at_the_end():
    @shapechecked
    def f(x: Float[N, "b d"], y: Float[N, "_"], z: Float[N, "_"]) -> bool:
        assert isinstance(y, Float[N, "k"])
        assert not isinstance(y, Float[N, "k k"])
        return isinstance(z, Float[N, "k"])

    for _ in range(2):
        assert f(ones(2, 3), ones(4), ones(4))
        assert not f(ones(2, 3), ones(4), ones(5))
        assert f(ones(2, 3), ones(5), ones(5))


def test_what_the_body_finds_does_not_bind_the_result():
    @shapechecked
    def f(x: Float[N, "b"]) -> Float[N, "k"]:
        assert isinstance(x, Float[N, "b"])
        return ones(len(x) + 1)

    assert f(ones(2)).shape == f(ones(2)).shape == (3,)


def test_the_bindings_are_printed(capsys):
    @shapechecked
    def f(x: Float[N, "b d"], *more: Float[N, "*rest"], size: int) -> None:
        print_bindings()

    for _ in range(2):
        f(ones(2, 3), ones(4, 5), size=3)
        shown = capsys.readouterr().out
        assert "b=2" in shown
        assert "d=3" in shown
        assert "rest=(4, 5)" in shown


def test_a_helper_of_beartype_is_tied_to_the_call():
    @beartype
    def helper(y: Float[N, "d b"]) -> None:
        pass

    @shapechecked
    def f(x: Float[N, "b d"]) -> None:
        helper(x.T)

    @shapechecked
    def wrong(x: Float[N, "b d"]) -> None:
        helper(x)

    for _ in range(2):
        f(ones(2, 3))
        f(ones(4, 5))
        helper(ones(7, 7))
        with pytest.raises(BeartypeCallHintViolation):
            wrong(ones(2, 3))


def test_a_call_inside_a_call_has_axes_of_its_own_and_so_has_jaxtyped_inside():
    @shapechecked
    def inner(x: Float[N, "b"]) -> bool:
        return isinstance(x, Float[N, "b"])

    @jaxtyped(typechecker=beartype)
    def plain(x: Float[N, "b"]) -> bool:
        return isinstance(x, Float[N, "b"])

    @shapechecked
    def outer(x: Float[N, "b d"]) -> None:
        assert inner(ones(7))
        assert plain(ones(8))
        with jaxtyped("context"):
            assert isinstance(ones(9), Float[N, "b"])
            assert not isinstance(ones(2), Float[N, "b"])
            assert inner(ones(7))
        assert not isinstance(ones(9), Float[N, "b"])
        with contextlib.suppress(ShapeError):
            inner(ones(2, 2))
        assert isinstance(x, Float[N, "b d"])

    @jaxtyped(typechecker=beartype)
    def around(x: Float[N, "b"]) -> None:
        outer(ones(2, 3))
        assert not isinstance(ones(2), Float[N, "b"])

    for _ in range(2):
        outer(ones(2, 3))
        around(ones(5))
    assert isinstance(ones(9), Float[N, "b"])


def test_tasks_that_take_turns_have_each_their_own():
    @shapechecked
    async def later(x: Float[N, "b"]) -> None:
        for _ in range(3):
            await asyncio.sleep(0)
            assert isinstance(ones(len(x)), Float[N, "b"])
            assert not isinstance(ones(len(x) + 1), Float[N, "b"])

    async def main():
        await asyncio.gather(*(later(ones(n)) for _ in range(2) for n in range(1, 9)))

    asyncio.run(main())


def test_a_thread_that_the_body_starts_knows_nothing():
    @shapechecked
    def f(x: Float[N, "b"]) -> bool:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(isinstance, ones(9), Float[N, "b"]).result()

    assert f(ones(2))
    assert f(ones(2))


def test_where_the_checks_are_off_the_body_knows_nothing():
    with enforce(False):
        assert judge(ones(2, 3), ones(4, 5))

    @shapechecked
    def outer(x: Float[N, "b d"]) -> bool:
        with enforce(False):
            return judge(ones(2, 3), ones(4, 5))

    assert outer(ones(7, 7))


def test_a_call_that_is_heard_knows_its_axes():
    @contextlib.contextmanager
    def hear(law, arguments):
        yield lambda result: None

    with listen(hear):
        assert judge(ones(2, 3), ones(2, 3))
        assert not judge(ones(2, 3), ones(3, 2))
        assert judge(ones(2, 3), ones(4, 5), "x y")


def test_the_check_may_be_imported_while_a_jaxtyped_function_runs():
    code = """
import threading, numpy as np
from jaxtyping import Float, jaxtyped
started, done = threading.Event(), threading.Event()

@jaxtyped(typechecker=None)
def waits(x):
    assert isinstance(x, Float[np.ndarray, "n"])
    started.set()
    done.wait()

@jaxtyped(typechecker=None)
def imports(x):
    assert isinstance(x, Float[np.ndarray, "n"])
    import shapecheck_bp.shapes
    assert not isinstance(np.ones(3), Float[np.ndarray, "n"])

thread = threading.Thread(target=waits, args=(np.ones(2),))
thread.start()
started.wait()
imports(np.ones(2))
done.set()
thread.join()
assert isinstance(np.ones(3), Float[np.ndarray, "n"])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == ""
