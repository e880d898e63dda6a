"""A reading changes nothing of what a person's code does: results, errors, prints, side effects."""

import ast
import contextlib
import io
import random
import signal
import statistics
import sys
import textwrap
import threading
import traceback
import tracemalloc
import types
import warnings
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import cloudpickle
import numpy as np
import pytest
from _pytest.assertion.rewrite import rewrite_asserts
from bits import bits

from shapecheck_bp.reading import copies, live, notes, passing, read, sources

HOSTILE = Path(__file__).with_name("hostile.py")


def load():
    """The hostile functions, freshly imported, so that nothing has been counted yet."""
    spec = spec_from_file_location("hostile", HOSTILE)
    module = module_from_spec(spec)
    sys.modules["hostile"] = module
    spec.loader.exec_module(module)
    return module


CASES = load().cases()
# Nothing of these is noted.
LEFT = {"a_generator", "a_coroutine"}


def of_error(error):
    """What a traceback would print of an error, but for frames that are not the person's."""
    if error is None:
        return None
    lines = [
        (entry.lineno, entry.name, entry.line, entry.colno, entry.end_colno)
        for entry in traceback.extract_tb(error.__traceback__)
        if entry.filename == str(HOSTILE)
    ]
    if isinstance(error, RecursionError):  # how deep one may go is the caller's affair
        return type(error), lines[:3]
    inner = [of_error(part) for part in getattr(error, "exceptions", ())]
    chain = of_error(error.__cause__), of_error(error.__context__)
    return type(error).__name__, repr(error.args), str(error), lines, inner, chain


def what_is_seen(name, run):
    """Everything that somebody outside could see of a run."""
    module = load()
    make = module.arguments_of.get(name, lambda: ())
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    args = make()
    out, err = io.StringIO(), io.StringIO()
    result = error = None
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        warnings.catch_warnings(record=True) as caught,
    ):
        warnings.simplefilter("always")
        filters = list(warnings.filters)
        try:
            result = run(getattr(module, name), args)
        except BaseException as raised:
            error = raised
        assert warnings.filters == filters
    said = [(str(w.message), w.category, w.lineno, w.filename == str(HOSTILE)) for w in caught]
    kept = {
        key: bits(value)
        for key, value in vars(module).items()
        if not key.startswith("__") and not isinstance(value, types.ModuleType)
    }
    return {
        "result": bits(result),
        "error": of_error(error),
        "printed": (out.getvalue(), err.getvalue()),
        "warned": said,
        "module": kept,
        "arguments": bits(args) if name == "changed_argument" else None,
        "asked": (list(module.Faked.asked), module.Finalized.made, module.Counted.copied),
        "random": (random.random(), np.random.rand()),  # noqa: NPY002
        "limit": sys.getrecursionlimit(),
        "codes": [
            (key, value.__code__.co_code, value.__code__.co_consts and True)
            for key, value in vars(module).items()
            if type(value) is types.FunctionType
        ],
    }


@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore:coroutine")
def test_reading_changes_nothing(name):
    readings = []

    def run_read(function, args):
        reading = read(function, *args)
        readings.append(reading)
        if reading.error is not None:
            raise reading.error
        return reading.result

    plain = what_is_seen(name, lambda function, args: function(*args))
    seen = what_is_seen(name, run_read)
    assert seen == plain
    for reading in readings:
        assert reading.notes.missed == 0
        assert bool(reading.notes.order) == (name not in LEFT), reading.not_read


def test_there_are_enough():
    assert len(CASES) >= 50


def theirs(tmp_path, source, name="theirs"):
    """A module of a person's, from a file of its own."""
    path = tmp_path / f"{name}.py"
    path.write_text(textwrap.dedent(source))
    spec = spec_from_file_location(name, path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SUM = """
    import numpy as np

    def total(x, times=1):
        for _ in range(times):
            x = x + 1
        return x
"""


@pytest.mark.parametrize("name", ["leaves", "interrupted", "own_base_exception"])
def test_what_ends_a_program_comes_out_and_everything_is_put_back(name):
    module = load()
    function = getattr(module, name)
    code, limit = function.__code__, sys.getrecursionlimit()
    with pytest.raises((SystemExit, KeyboardInterrupt, module.Stop)):
        read(function)
    assert function.__code__ is code
    assert sys.getrecursionlimit() == limit
    assert not passing._taking
    assert not live._held


def test_the_error_is_kept_and_everything_is_put_back():
    module = load()
    code = module.wrong_shapes.__code__
    reading = read(module.wrong_shapes)
    assert isinstance(reading.error, ValueError)
    assert module.wrong_shapes.__code__ is code
    assert not live._held


def test_code_that_a_function_gave_itself_stays():
    module = load()
    new = read(module.replaces_its_own_code)
    assert new.result == module.to_be_replaced(1) == "new"
    one, other = module.one_of_two.__code__, module.other_of_two.__code__
    read(module.swaps_code)
    assert (module.one_of_two.__code__, module.other_of_two.__code__) == (other, one)


def test_a_reading_inside_a_reading(tmp_path):
    module = theirs(tmp_path, SUM)
    inner = theirs(
        tmp_path,
        """
        from shapecheck_bp.reading import read

        def outer(total, x):
            before = total(x)
            reading = read(total, x, times=3)
            return before, total(x), reading
        """,
        "outer",
    )
    code = module.total.__code__
    reading = read(inner.outer, module.total, np.zeros(2))
    before, after, inside = reading.result
    assert before.tolist() == after.tolist() == [1, 1]
    assert inside.result.tolist() == [3, 3]
    whole = {site.text: reading.notes.records[site.number].times for site in reading.notes.order}
    assert whole["x + 1"] == 2  # what the inner one notes is the inner one's
    assert sum(record.times for record in inside.notes.records.values()) > 0
    assert module.total.__code__ is code


def test_two_threads_read_at_once(tmp_path):
    module = theirs(tmp_path, SUM)
    code, together, results = module.total.__code__, threading.Barrier(4), {}

    def work(n):
        together.wait()
        for _ in range(5):
            reading = read(module.total, np.full(2, n), times=20 + n)
            times = {s.text: reading.notes.records[s.number].times for s in reading.notes.order}
            results.setdefault(n, []).append((reading.result.tolist(), times["x + 1"]))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {n: [([2 * n + 20] * 2, 20 + n)] * 5 for n in range(4)}
    assert module.total.__code__ is code
    assert not live._held


def test_another_thread_calls_the_same_function_unread(tmp_path):
    module = theirs(tmp_path, SUM)
    stop, results = threading.Event(), []

    def unread():
        while not stop.is_set():
            results.append(module.total(np.zeros(1)).item())

    thread = threading.Thread(target=unread)
    thread.start()
    node = next(n for n in ast.walk(sources.file_of(module.total).tree) if is_sum(n))
    other = ast.parse("x * 0 + 100", mode="eval").body
    try:
        for _ in range(20):
            reading = read(module.total, np.zeros(1), times=50)
            assert reading.result.item() == 50
            assert reading.again(instead={node: other}).result.item() == 100
            record = next(r for r in reading.notes.records.values() if r.site.text == "x + 1")
            assert record.times == 50
    finally:
        stop.set()
        thread.join()
    assert set(results) == {1.0}


def is_sum(node):
    return isinstance(node, ast.BinOp)


def test_other_threads_are_not_noted_and_go_on(tmp_path):
    module = theirs(tmp_path, SUM)
    results = []

    def starts():
        thread = threading.Thread(target=lambda: results.append(module.total(np.zeros(1), 5)))
        thread.start()
        thread.join()
        return module.total(np.zeros(1), 2)

    reading = read(starts)
    assert results[0].item() == 5
    record = next(r for r in reading.notes.records.values() if r.site.text == "x + 1")
    assert record.times == 2


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers on this system")
def test_a_signal_handler_may_raise_while_a_note_is_taken(tmp_path):
    module = theirs(tmp_path, SUM)

    class Late(RuntimeError):  # of a kind that a mistake in taking notes might raise, too
        pass

    def handler(*_):
        raise Late

    before = signal.signal(signal.SIGALRM, handler)
    try:
        for _ in range(20):
            signal.setitimer(signal.ITIMER_REAL, 0.005)
            try:
                error = read(module.total, np.zeros(1), times=10**7).error
            except Late as early:  # before the call began
                error = early
            assert isinstance(error, Late)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_what_goes_wrong_in_taking_a_note_is_counted_and_kept_from_the_person(
    tmp_path, monkeypatch
):
    module = theirs(tmp_path, SUM)

    monkeypatch.setattr(notes.labels, "new", None)
    reading = read(module.total, np.zeros(2), times=3)
    assert reading.error is None
    assert reading.result.tolist() == [3, 3]
    assert reading.notes.missed > 0


def test_a_source_that_has_changed_since_is_not_read(tmp_path):
    module = theirs(tmp_path, SUM)
    path = Path(module.__file__)
    path.write_text(path.read_text().replace("x + 1", "x - 1"))
    reading = read(module.total, np.zeros(2))
    assert reading.result.tolist() == [1, 1]
    assert reading.not_read == {"total": "its source is not what it was made of"}
    assert str(reading) == "total was not read: its source is not what it was made of."


def test_a_source_that_is_gone_or_no_python_is_not_read(tmp_path):
    module = theirs(tmp_path, SUM)
    path = Path(module.__file__)
    path.write_text("def total(:")
    assert read(module.total, 1).not_read == {"total": "its file is no source of this Python"}
    path.unlink()
    reading = read(module.total, 1)
    assert (reading.result, reading.not_read) == (2, {"total": "it has no source"})


def test_code_without_source_is_not_read():
    space = {}
    exec(compile("def f(x):\n    return x + 1", "nowhere", "exec"), space)
    reading = read(space["f"], 1)
    assert (reading.result, reading.error) == (2, None)
    assert reading.not_read == {"f": "it has no source"}
    assert str(reading) == "f was not read: it has no source."


def test_code_from_a_prompt_is_not_read():
    space = {}
    exec("def f(x):\n    return x + 1", space)
    reading = read(space["f"], 1)
    assert reading.result == 2
    assert str(reading) == "f was not read: it has no source."


def test_what_is_not_written_in_python_is_not_read():
    for function, args in ((len, ([1],)), (np.add, (1, 2)), (np.zeros(3).sum, ()), (int, ("3",))):
        reading = read(function, *args)
        assert reading.result == function(*args)
        name = getattr(function, "__name__", "")
        assert str(reading) == f"{name} was not read: it is not written in Python."
    assert str(read(statistics.mean, [1, 2])) == "mean was not read: it is a library's."


def test_generators_and_coroutines_are_left_and_said():
    module = load()
    reading = read(module.a_generator)
    assert reading.not_read == {"a_generator": "it is a generator"}
    assert str(reading) == "a_generator was not read: it is a generator."
    coroutine = read(module.a_coroutine)
    assert coroutine.not_read == {"a_coroutine": "it is a coroutine"}
    coroutine.result.close()


def test_what_another_compiler_reads_is_left(tmp_path):
    module = theirs(
        tmp_path,
        """
        codes = []

        def njit(function):
            codes.append(function.__code__.co_code)
            return function

        @njit
        def compiled(x):
            return x + 1

        def calls(x):
            @njit
            def inside(y):
                return y * 2

            return compiled(x) + inside(x)
        """,
    )
    expected = module.calls(1)
    reading = read(module.calls, 1)
    assert reading.result == expected
    assert module.codes[1] == module.codes[2]
    assert reading.not_read == {"compiled": "njit compiles it"}


def test_a_module_that_pytest_has_rewritten_runs_as_it_does(tmp_path):
    source = (
        "import numpy as np\n\ndef f(x):\n    assert x == 2, 'two'\n\ndef g(x):\n    return x + 1\n"
    )
    path = tmp_path / "rewritten.py"
    path.write_text(source)
    tree = ast.parse(source)
    rewrite_asserts(tree, source.encode(), str(path), None)
    space = {"__name__": "rewritten"}
    exec(compile(tree, str(path), "exec"), space)
    errors = []
    for run in (lambda: space["f"](3), lambda: raise_again(read(space["f"], 3))):
        with pytest.raises(AssertionError) as raised:
            run()
        errors.append(str(raised.value))
    assert errors[0] == errors[1]
    assert read(space["f"], 2).not_read == {"f": "its source is not what it was made of"}
    assert read(space["g"], 2).not_read == {}


def raise_again(reading):
    raise reading.error


def test_a_function_made_while_it_is_read_may_go_to_another_process(tmp_path):
    module = theirs(tmp_path, SUM)

    def makes(x):
        return lambda y: y + x

    made = read(makes, np.ones(2)).result
    assert made(1).tolist() == [2, 2]
    assert cloudpickle.loads(cloudpickle.dumps(made))(1).tolist() == [2, 2]
    assert module.total(1) == 2


def test_builtins_of_its_own_are_enough(tmp_path):
    path = tmp_path / "bare.py"
    path.write_text("def f(x):\n    return x + 1\n")
    space = {"__builtins__": {}}
    exec(compile(path.read_text(), str(path), "exec"), space)
    reading = read(space["f"], 2)
    assert (reading.result, reading.error, reading.not_read) == (3, None, {})
    assert reading.notes.order


def test_warnings_that_were_shown_once_are_not_shown_again(tmp_path):
    path = tmp_path / "warns.py"
    source = (
        "import warnings\ndef warns():\n    warnings.warn('me', stacklevel=1)\n    return 1 is 1\n"
    )
    path.write_text(source)
    space = {"__name__": "warns"}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        exec(compile(source, str(path), "exec"), space)  # Python remarks on "is"
        space["warns"]()
        said = len(caught)
        assert read(space["warns"]).notes.order
        assert len(caught) == said == 2


def test_huge_arrays_are_not_copied(tmp_path):
    module = theirs(tmp_path, "def first(x):\n    y = x[:3]\n    return y.sum() + x.shape[0]\n")
    x = np.zeros(copies.MOST_BYTES // 8 + 1)
    tracemalloc.start()
    try:
        reading = read(module.first, x)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert reading.result == len(x)
    assert peak < 5e6
    with pytest.raises(copies.NotAgain, match="it may change more than 256 MB"):
        reading.again()


def test_notes_keep_no_array_alive(tmp_path):
    module = theirs(
        tmp_path,
        """
        import weakref

        def makes(n, refs):
            for k in range(n):
                x = [[float(k)] * 3]
                y = np.array(x)
                refs.append(weakref.ref(y))
                z = y * 2 + y.T
            return None

        import numpy as np
        """,
    )
    refs = []

    def alive(n, refs):
        module.makes(n, refs)
        return sum(ref() is not None for ref in refs)

    reading = read(alive, 100, refs)
    assert reading.result == 0
    assert len(refs) == 100
    assert reading.notes.order


def test_many_notes_take_little_memory(tmp_path):
    module = theirs(tmp_path, SUM)
    read(module.total, np.zeros(2), times=10)
    tracemalloc.start()
    try:
        reading = read(module.total, np.zeros(2), times=30_000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sum(record.times for record in reading.notes.records.values()) > 30_000
    assert peak < 5e6


def test_deep_recursion_goes_as_deep_as_it_may(tmp_path):
    module = theirs(tmp_path, "def down(n):\n    return 0 if n == 0 else 1 + down(n - 1)\n")
    left = sys.getrecursionlimit()
    while left:
        left -= 1
        with contextlib.suppress(RecursionError):
            module.down(left)
            break
    assert left > 100
    assert read(module.down, left).result == left


def test_recursion_does_not_mix_up_operands(tmp_path):
    module = theirs(
        tmp_path,
        """
        import numpy as np

        def halves(x):
            if len(x) == 1:
                return x[:, None]
            half = len(x) // 2
            return x[:, None] * halves(x[:half]).sum()
        """,
    )
    assert read(module.halves, np.ones(8)).broadcasts == []
