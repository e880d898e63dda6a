"""Every kind of function, and every way of calling one."""

import asyncio
import contextlib
import dataclasses
import functools
import inspect
import pickle
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Annotated, NamedTuple

import cloudpickle
import numpy as np
import pytest
from beartype.vale import Is
from jaxtyping import Float

from shapecheck_bp import Array, ShapeError, column, enforce, shapechecked
from shapecheck_bp.shapes import law
from shapecheck_bp.shapes.switch import listen


def ones(*shape):
    return np.ones(shape)


@shapechecked
def product(A: Float[Array, "n k"], B: Float[Array, "k p"]) -> Float[Array, "n p"]:
    """C = A @ B."""
    return A @ B


@shapechecked
async def product_later(A: Float[Array, "n k"], B: Float[Array, "k p"]) -> Float[Array, "n p"]:
    await asyncio.sleep(0)
    return A @ B if A.shape[0] != 9 else B


@shapechecked
@dataclasses.dataclass
class Batch:
    X: Float[Array, "m n"]
    y: Float[Array, "m 1"]

    @shapechecked
    def scores(self, w: Float[Array, "n 1"]) -> Float[Array, "m 1"]:
        return self.X @ w

    @shapechecked
    @classmethod
    def of_ones(cls, like: Float[Array, "m n"]) -> "Batch":
        return cls(like, ones(len(like), 1))

    @shapechecked
    @staticmethod
    def total(a: Float[Array, "m 1"], b: Float[Array, "m 1"]) -> Float[Array, "m 1"]:
        return a + b

    @shapechecked
    @property
    def mean(self) -> Float[Array, "1 _"]:
        return self.X.mean(axis=0, keepdims=len(self.X) != 9)


@shapechecked
class Point(NamedTuple):
    x: Float[Array, "n 1"]
    y: "Vector"


Vector = Float[Array, "n 1"]


def test_methods_class_methods_static_methods_and_properties():
    for _ in range(2):
        batch = Batch.of_ones(ones(5, 3))
        assert batch.scores(ones(3, 1)).shape == (5, 1)
        assert Batch.total(batch.y, batch.y).shape == (5, 1)
        assert batch.mean.shape == (1, 3)
        with pytest.raises(ShapeError):
            batch.scores(ones(3))
        with pytest.raises(ShapeError):
            Batch.of_ones(ones(5))
        with pytest.raises(ShapeError):
            Batch.total(ones(2, 1), ones(3, 1))
        with pytest.raises(ShapeError):
            _ = Batch.of_ones(ones(9, 3)).mean


def test_a_property_is_checked_when_set_and_when_deleted():
    class Weights:
        @property
        def W(self) -> Float[Array, "n m"]:
            """The weights."""
            return self._W

        @W.setter
        def W(self, W: Float[Array, "n m"]) -> None:
            self._W = W

        @W.deleter
        def W(self) -> Float[Array, "n m"]:
            return self.__dict__.pop("_W")

    Weights.W = shapechecked(Weights.W)
    assert Weights.W.__doc__ == "The weights."
    weights = Weights()
    weights.W = ones(2, 3)
    assert weights.W.shape == (2, 3)
    with pytest.raises(ShapeError, match="W does not fit"):
        weights.W = ones(3)
    del weights.W
    weights._W = ones(3)
    for look in (lambda: weights.W, lambda: delattr(weights, "W")):
        with pytest.raises(ShapeError, match="the result"):
            look()


def test_dataclasses_and_named_tuples_are_checked_when_made():
    Batch(X=ones(5, 3), y=ones(5, 1))
    Point(ones(2, 1), y=ones(2, 1))
    with pytest.raises(ShapeError, match="y does not fit"):
        Batch(ones(5, 3), ones(4, 2))
    with pytest.raises(ShapeError) as caught:
        Point(ones(2, 1), ones(3, 1))
    assert caught.value.function == "test_law.Point.__new__"
    assert isinstance(Point(ones(2, 1), ones(2, 1)), Point)


def test_a_named_tuple_keeps_what_is_annotated_beside_the_type():
    @shapechecked
    class Share(NamedTuple):
        of: Annotated[float, Is[lambda share: 0 <= share <= 1]]

    assert Share(0.5).of == 0.5
    with pytest.raises(ShapeError, match="Share"):
        Share(1.5)


def test_dataclasses_are_checked_as_arguments():
    @dataclasses.dataclass
    class Loose:
        X: Float[Array, "m n"]
        y: Float[Array, "m 1"]

    @shapechecked
    def use(loose: Loose, w: Float[Array, "n 1"]) -> None:
        pass

    for _ in range(2):
        use(Loose(ones(5, 3), ones(5, 1)), ones(4, 1))
        with pytest.raises(ShapeError, match=r"loose\.y does not fit"):
            use(Loose(ones(3, 5), ones(5, 2)), ones(3, 1))
        with pytest.raises(ShapeError, match="loose   Loose    got ndarray"):
            use(ones(5, 3), ones(3, 1))


class Plain:
    pass


class Sequence(tuple):
    __slots__ = ()


@pytest.mark.parametrize("thing", [3, "f", object(), SimpleNamespace(__annotations__={})])
def test_what_is_no_function_is_refused_at_once(thing):
    with pytest.raises(TypeError) as caught:
        shapechecked(thing)
    assert str(caught.value) == f"shapechecked: expected a function or a class; got {thing!r}"


@pytest.mark.parametrize(
    ("thing", "name"), [(int, "int"), (Plain, "Plain"), (Sequence, "Sequence")]
)
def test_what_has_no_annotations_is_refused_at_once(thing, name):
    with pytest.raises(TypeError) as caught:
        shapechecked(thing)
    assert str(caught.value) == (
        f"shapechecked: {name} has no annotations. Write down what it takes and returns, as in"
        " X: Float[Array, 'n m']"
    )


def test_a_function_that_says_nothing_is_decorated_with_a_warning():
    def silent(X):
        return X

    for decorate in (shapechecked, shapechecked()):
        with pytest.warns(UserWarning, match=r"silent has no annotations, and nothing is") as seen:
            decorate(silent)
        assert seen[0].filename == __file__

    def asks(X):
        return isinstance(X, Float[Array, "n"])

    assert shapechecked(asks)(ones(3))


def test_the_signature_and_the_kind_of_function_are_kept():
    assert [*inspect.signature(product).parameters] == ["A", "B"]
    assert inspect.iscoroutinefunction(product_later)
    assert not inspect.iscoroutinefunction(product)
    assert product.__wrapped__(ones(2), ones(2)) == 2


def test_every_kind_of_parameter():
    @shapechecked
    def call(
        a: Float[Array, "n"],
        /,
        b: Float[Array, "n"],
        c: int = 1,
        *rest: Float[Array, "n"],
        d: Float[Array, "n"],
        e: str = "e",
        **named: Float[Array, "n"],
    ) -> tuple[int, ...]:
        return (c, len(rest), len(e), len(named))

    x, y = ones(3), ones(4)
    for _ in range(2):
        assert call(x, x, d=x) == (1, 0, 1, 0)
        assert call(x, x, 2, x, x, d=x, e="long", f=x, g=x) == (2, 2, 4, 2)
        assert call(x, d=x, b=x) == (1, 0, 1, 0)
        for args, kwargs in [
            ((y, x), {"d": x}),
            ((x, x), {"d": y}),
            ((x, x, 2, x, y), {"d": x}),
            ((x, x), {"d": x, "f": y}),
            ((x, x, "2"), {"d": x}),
            ((x, x), {"d": x, "e": 1}),
        ]:
            with pytest.raises(ShapeError):
                call(*args, **kwargs)


def test_async_functions():
    async def main():
        for _ in range(2):
            assert (await product_later(ones(2, 3), ones(3, 4))).shape == (2, 4)
            with pytest.raises(ShapeError, match="A or B does not fit"):
                await product_later(ones(2, 3), ones(2, 3))
            with pytest.raises(ShapeError, match="the result does not fit"):
                await product_later(ones(9, 3), ones(3, 4))

    asyncio.run(main())


def test_interleaved_tasks_do_not_disturb_one_another():
    async def one(n):
        for k in range(1, 8):
            await product_later(ones(n, k), ones(k, 2))
            with pytest.raises(ShapeError):
                await product_later(ones(n, k), ones(k + 1, 2 * k))

    async def main():
        await asyncio.gather(*(one(n) for n in range(10, 60)))

    asyncio.run(main())


def test_threads_do_not_disturb_one_another():
    @shapechecked
    def fresh(A: Float[Array, "n k"], B: Float[Array, "k p"]) -> Float[Array, "n p"]:
        return A @ B

    start = threading.Barrier(8)

    def work(seed):
        start.wait()
        random = np.random.default_rng(seed)
        for _ in range(120):
            n, k, p = (int(size) for size in random.integers(1, 9, 3))
            assert fresh(ones(n, k), ones(k, p)).shape == (n, p)
            with pytest.raises(ShapeError):
                fresh(ones(n, k), ones(k + 1, p))

    with ThreadPoolExecutor(8) as pool:
        assert [*pool.map(work, range(8))] == [None] * 8


def test_pickle():
    again = pickle.loads(pickle.dumps(product))
    assert again is product
    assert pickle.loads(pickle.dumps(column.gradients)) is column.gradients


def in_a_script(code, *flags):
    """Run a script of its own, so that its functions live in __main__."""
    done = subprocess.run(
        [sys.executable, *flags, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


SCRIPT = """
    import cloudpickle, numpy as np, subprocess, sys
    from jaxtyping import Float
    from shapecheck_bp import Array, shapechecked

    @shapechecked
    def product(A: Float[Array, "n k"], B: Float[Array, "k p"]) -> Float[Array, "n p"]:
        return A @ B

    @shapechecked
    async def later(A: Float[Array, "n k"]) -> Float[Array, "k n"]:
        return A.T
"""


@pytest.mark.parametrize("called", [True, False], ids=["called before", "not called before"])
def test_cloudpickle_of_functions_in_main(called, tmp_path):
    path = tmp_path / "functions"
    in_a_script(
        SCRIPT
        + f"""
    if {called}:
        product(np.ones((2, 3)), np.ones((3, 4)))
    with open({str(path)!r}, "wb") as file:
        cloudpickle.dump((product, later), file)
    """
    )
    product, later = cloudpickle.loads(path.read_bytes())
    for _ in range(2):
        assert product(ones(2, 3), ones(3, 4)).shape == (2, 4)
        assert asyncio.run(later(ones(2, 3))).shape == (3, 2)
        with pytest.raises(ShapeError, match="product: A or B does not fit"):
            product(ones(2, 3), ones(2, 3))


@pytest.mark.parametrize("flag", ["-O", "-OO"])
def test_optimised_python_enforces_as_before(flag):
    printed = in_a_script(
        SCRIPT
        + """
    try:
        product(np.ones((2, 3)), np.ones((2, 3)))
    except TypeError as error:
        print(error)
    """,
        flag,
    )
    assert printed.startswith("product: A or B does not fit")


def test_enforce_for_a_block_and_from_here_on():
    bad = ones(2, 3), ones(3, 4).astype(int)
    with enforce(False):
        product(*bad)
        with enforce(True), pytest.raises(ShapeError):
            product(*bad)
        product(*bad)
    with pytest.raises(ShapeError):
        product(*bad)
    switch = enforce(False)
    product(*bad)
    with switch:
        product(*bad)
    with pytest.raises(ShapeError):
        product(*bad)
    with pytest.raises(TypeError, match="enforce: expected True or False; got str"):
        enforce("no")


def test_enforce_is_a_matter_of_the_thread_and_task():
    bad = ones(2, 3), ones(2, 3).astype(int)

    def elsewhere():
        with pytest.raises(ShapeError):
            product(*bad)
        return True

    with enforce(False), ThreadPoolExecutor(1) as pool:
        assert pool.submit(elsewhere).result()

    async def task(on):
        with enforce(on):
            await asyncio.sleep(0)
            if on:
                with pytest.raises(ShapeError):
                    product(*bad)
            else:
                product(ones(2, 3), ones(3, 2).astype(int))
            await asyncio.sleep(0)

    async def main():
        await asyncio.gather(*(task(bool(i % 2)) for i in range(20)))

    asyncio.run(main())


@pytest.mark.parametrize(("word", "on"), [("0", False), ("off", False), ("1", True), ("", True)])
def test_the_environment_variable(word, on, monkeypatch):
    monkeypatch.setenv("SHAPECHECK_BP_ENFORCE", word)
    printed = in_a_script(
        SCRIPT
        + """
    try:
        product(np.ones((2, 3)), np.ones((3, 3), dtype=int))
        print("not checked")
    except TypeError as error:
        print("checked")
    """
    )
    assert printed.strip() == ("checked" if on else "not checked")


def test_an_unknown_word_in_the_environment(monkeypatch):
    monkeypatch.setenv("SHAPECHECK_BP_ENFORCE", "maybe")
    code = "import shapecheck_bp"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "SHAPECHECK_BP_ENFORCE: expected 1 or 0; got 'maybe'" in done.stderr


def test_any_name_of_a_parameter_will_do():
    @shapechecked
    def take(
        dict: Float[Array, "n"], Exception: int, _results: int, _law: int, len: int, *, args: int
    ) -> int:
        return Exception + _results + _law + len + args

    for _ in range(2):
        assert take(ones(3), 1, 2, 3, 4, args=5) == 15
        with pytest.raises(ShapeError, match=r"dict does not fit"):
            take(ones(3, 3), 1, 2, 3, 4, args=5)


def test_decorated_over_another_wrapper():
    def traced(function):
        @functools.wraps(function)
        def call(*args, **kwargs):
            return function(*args, **kwargs)

        return call

    @shapechecked
    @traced
    @shapechecked
    def scale(X: Float[Array, "n"], k: int = 3, *, by: float = 2.0) -> Float[Array, "n"]:
        return X * k * by

    for _ in range(2):
        assert scale(ones(1))[0] == 6
        assert scale(ones(1), 1, by=1.0)[0] == 1
        with pytest.raises(ShapeError):
            scale(ones(1, 1))


def test_expressions_of_jaxtyping_with_subscripts():
    @shapechecked
    def take(
        s: tuple[int, int], Y: Float[Array, "k m"], X: Float[Array, "{s[0]} {Y.shape[1]}"]
    ) -> None:
        pass

    for _ in range(2):
        take((2, 3), ones(4, 5), ones(2, 5))
        with pytest.raises(ShapeError):
            take((3, 3), ones(4, 5), ones(2, 5))


class Heard(list):
    """A listener that keeps what it hears."""

    def __init__(self):
        self.entered = []

    @contextlib.contextmanager
    def __call__(self, law, arguments):
        name = law.function.__name__
        self.entered.append(name)
        yield lambda result: self.append((name, arguments, result))


def test_a_listener_hears_every_checked_call_after_those_inside_it():
    @shapechecked
    def inner(X: Float[Array, "n m"]) -> Float[Array, "m n"]:
        return X.T

    @shapechecked
    def outer(X: Float[Array, "n m"], times: int = 2) -> Float[Array, "m n"]:
        return inner(X) * times

    heard = Heard()
    X = np.ones((3, 4))
    outer(X)
    with listen(heard):
        result = outer(X)
        with enforce(True):  # changes nothing for those who listen
            inner(X)
        with enforce(False):
            inner(X)
    outer(X)
    assert heard.entered == ["outer", "inner", "inner"]
    assert [name for name, _, _ in heard] == ["inner", "outer", "inner"]
    assert heard[1][1]["X"] is X
    assert heard[1][1]["times"] == 2
    assert heard[1][2] is result


def test_what_a_listener_hears_was_judged():
    @shapechecked
    def broken(X: Float[Array, "n m"]) -> Float[Array, "m n"]:
        return X

    heard = Heard()
    with listen(heard):
        with pytest.raises(ShapeError, match="X does not fit"):
            broken(np.ones(3))
        assert heard.entered == ["broken"]
        with pytest.raises(ShapeError, match="the result does not fit"):
            broken(np.ones((3, 4)))
        assert heard == []


@pytest.mark.parametrize("nobody", [None, True, 3])
def test_nobody_can_listen_who_cannot_hear(nobody):
    with pytest.raises(TypeError, match="^listen: expected a listener"), listen(nobody):
        pass


def test_two_listeners_both_hear(bp, small):
    first, second = Heard(), Heard()
    with listen(first):
        bp.forward(*small[:3])
        with listen(second):
            bp.softmax(np.ones((3, 4)))
    assert first.entered[0] == "forward"
    assert first.entered[-1:] == second.entered == ["softmax"]
    assert second[0] == first[-1]


def test_a_coroutine_is_heard_when_it_is_over():
    @shapechecked
    async def later(X: Float[Array, "n m"]) -> Float[Array, "n m"]:
        return X

    heard = Heard()
    with listen(heard):
        X = asyncio.run(later(np.ones((3, 4))))
    assert heard[0][2] is X


def test_threads_that_call_a_function_for_the_first_time(monkeypatch):
    """Its code is written once, and set when its defaults are."""
    written, set_ = [], []
    write = law.Law._write_code

    def slowly(self):
        written.append(self)
        time.sleep(0.05)
        write(self)

    def hear(event, details):
        if event == "object.__setattr__" and set_ is not None and details[0] is checked:
            set_.append(details[1])

    @shapechecked
    def checked(A: Float[Array, "n m"], times: int = 2, *, plus: int = 0) -> Float[Array, "n m"]:
        return times * A + plus

    monkeypatch.setattr(law.Law, "_write_code", slowly)
    sys.addaudithook(hear)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(checked, [ones(2, 3)] * 4))
    assert [float(result.sum()) for result in results] == [12.0] * 4
    assert (len(written), set_[-1]) == (1, "__code__")
    set_ = None
