import json
import os
import pickle
import subprocess
import sys

import pytest

from shapecheck_bp.cli import main

pytestmark = pytest.mark.usefixtures("no_test_is_loaded")

FAILS = """\
import sys
import numpy as np
from layers import softmax

print(__name__, sys.argv[1:])
S = softmax(np.diag(np.ones(2), 1))
W = np.ones((4, 2))
A = S @ W
"""
LAYERS = """\
import numpy as np


def softmax(Z):
    E = np.exp(Z)
    return E / E.sum(axis=1)
"""
# Everything that a script may ask of the process that it is.
ABOUT = """\
from __future__ import annotations
import os, pickle, sys
from dataclasses import dataclass

@dataclass
class Point:
    x: int = 0

print(sys.argv, sys.path[0], __name__, __file__, __spec__, __package__, __doc__)
print(sorted(name for name in globals() if not name.startswith("@")))
print(sys.modules["__main__"].Point is Point, pickle.loads(pickle.dumps(Point(3))))
print(type(__builtins__), __loader__.get_filename("__main__") == __file__)
print(list(map(lambda x: x + 1, range(3))), [x for x in "ab"], sys.stdin.read())
def g():
    yield from sys.argv
print(*g(), flush=True)
print("to stderr", file=sys.stderr)
"""

# What Python offers, at the top of a file.
EVERYTHING = """\
from __future__ import annotations
import asyncio, contextlib, enum, functools, inspect, multiprocessing, pickle, sys, threading
import typing, warnings
import numpy as np

class Meta(type):
    def __getattr__(cls, name):
        return name.upper()
class A(metaclass=Meta):
    x: int = 3
    y = [i for i in range(2)] if x else x
    def __init__(self):
        super().__init__()
        self.z = __class__.__name__
    @property
    def p(self):
        return self.z * 2
class B(A):
    def __init__(self):
        super().__init__()
        self.__private = 3
    def __repr__(self):
        return f"B({self.__private!r:>4} {self.z=})"
class C(enum.Enum):
    RED = enum.auto()
    BLUE = "b"
class N(typing.NamedTuple):
    a: int
    b: str = "q"
print(A.foo, A().p, B(), list(C), N(1), A.__annotations__)
def gen(n):
    while n:
        x = yield n
        n -= 1
async def co():
    await asyncio.sleep(0)
    return [i async for i in ag()]
async def ag():
    for i in range(2):
        yield i
print(list(gen(3)), [*map(str, (i for i in range(3)))], {k: v for k, v in zip("ab", (1, 2))})
print(asyncio.run(co()))
if (n := 10) > 5 and 1 < n <= 10:
    print(f"{n=} {n:>{5}} {n!r} {[n, *range(2)]}")
match {"a": [1, 2], "k": A}:
    case {"a": [x, *rest], **kw}:
        print(x, rest, kw)
a, *b, (c, d) = 1, 2, 3, (4, 5)
x = y = np.arange(6).reshape(2, 3)
x[0, :] += 1; x[..., 0] *= 2; del y
print(a, b, c, d, x, locals() is globals(), "x" in vars(), sorted(dir())[:3])
exec("q = 1 + 1")
print(q, eval("q * 2", globals()), eval("q"))
with contextlib.suppress(KeyError), open(__file__) as file:
    print(len(file.read()))
    {}["a"]
try:
    raise ExceptionGroup("g", [ValueError(1)])
except* ValueError as group:
    print(group.exceptions)
def deco(k):
    def decorate(function):
        @functools.wraps(function)
        def wrapped(*args):
            return function(*args) + k
        return wrapped
    return decorate
@deco(5)
def add(a, b=2, *, c=3): return a + b + c
print(add(1), inspect.getsource(add), inspect.signature(add), add.__code__.co_firstlineno)
def factorial(n): return 1 if n == 0 else n * factorial(n - 1)
print(factorial(200) % 1000003)
try:
    (lambda f: f(f))(lambda f: f(f))
except RecursionError:
    print("deep")
def caller(): return sys._getframe(1).f_lineno, sys._getframe(1).f_code.co_name
print(caller())
thread = threading.Thread(target=lambda: print("in a thread", (np.ones(2) + 1).sum()))
thread.start(); thread.join()
warnings.warn("careful")
print(pickle.loads(pickle.dumps(N(2, "z"))), pickle.loads(pickle.dumps(C.BLUE)))
print((lambda *a, **k: (a, k))(*[1, 2], **{"z": 1}), not a, -a, ~a, a if a else 0, *[1], sep="|")
i = 0
def counter():
    v = 0
    def increase():
        nonlocal v
        global i
        v += 1
        i += 1
        return v, i
    return increase
count = counter()
print(count(), count())
if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(pool.map(factorial, range(3)))
    sys.exit(5)
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


def write(folder, source, name="train.py"):
    (folder / name).write_text(source, encoding="utf-8")
    return name


def run(*arguments, command=("-m", "shapecheck_bp", "read"), **options):
    return subprocess.run(
        [sys.executable, *command, *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        check=False,
        **options,
    )


def test_a_script_that_fails_as_a_person_sees_it(folder):
    write(folder, LAYERS, "layers.py")
    done = run(write(folder, FAILS), "--epochs", "3")
    assert done.returncode == 1
    assert (
        done.stdout
        == """\
__main__ ['--epochs', '3']

train.py, at the top
    1  import sys
    2  import numpy as np
    3  from layers import softmax
    5  print(__name__, sys.argv[1:])
    6  S = softmax(np.diag(np.ones(2), 1))   (3, 3)
    7  W = np.ones((4, 2))                   (4, 2)
    8  A = S @ W

layers.py, softmax
    4  def softmax(Z):
    5      E = np.exp(Z)              (3, 3)
    6      return E / E.sum(axis=1)   (3, 3)

  layers.py:6   E / E.sum(axis=1)

  E               (3, 3)
  E.sum(axis=1)   (3,)

  is (3, 3): they meet along different axes of the same array.
  If that is not meant: E / E.sum(axis=1, keepdims=True) or E / E.sum(axis=1)[:, None]

ValueError: matmul: Input operand 1 has a mismatch in its core dimension 0, with gufunc signature \
(n?,k),(k,m?)->(n?,m?) (size 4 is different from 3)

  train.py:8   A = S @ W
                   ^^^^^
  S   (3, 3)
  W   (4, 2)     S's 3 meets W's 4
"""
    )
    same = run("train.py", "--epochs", "3", command=())
    assert done.stderr == same.stderr


def test_a_script_runs_as_python_runs_it(folder):
    write(folder, ABOUT)
    there = folder / "there"
    there.mkdir()
    for path in ("train.py", str(folder / "train.py"), "../train.py"):
        cwd = there if path.startswith("..") else folder
        plain = run(path, "a", "-b", command=(), cwd=cwd, input="typed")
        read = run(path, "a", "-b", cwd=cwd, input="typed")
        assert read.stdout.partition("\n\ntrain.py, at the top")[0] == plain.stdout.rstrip()
        assert (
            (read.returncode, read.stderr)
            == (plain.returncode, plain.stderr)
            == (
                0,
                "to stderr\n",
            )
        )


def test_everything_that_python_offers_runs_as_without(folder):
    plain = run(write(folder, EVERYTHING), command=())
    read = run("train.py")
    assert (plain.returncode, "careful" in plain.stderr) == (5, True), plain.stderr
    assert (read.returncode, read.stderr) == (plain.returncode, plain.stderr)
    assert read.stdout.partition("\n\ntrain.py, at the top")[0] == plain.stdout.rstrip()


@pytest.mark.parametrize(
    ("line", "status", "err"),
    [
        ("", 0, ""),
        ("sys.exit()", 0, ""),
        ("sys.exit(3)", 3, ""),
        ("sys.exit('no')", 1, "no\n"),
        ("np.ones(3) - np.eye(3) @ np.ones((3, 1))", 1, ""),
        ("np.ones(3) - np.eye(3) @ np.ones((3, 1)); sys.exit(0)", 1, ""),
        ("np.ones(3) - np.eye(3) @ np.ones((3, 1)); sys.exit(4)", 4, ""),
    ],
)
def test_exit_status(folder, capsys, line, status, err):
    script = write(folder, f"import sys\nimport numpy as np\n{line}\n")
    assert main(["read", script]) == status
    out, shown = capsys.readouterr()
    assert shown == err
    assert ("each is spread over the other" in out) == ("np.ones(3) -" in line)


def test_json_is_one_object_with_the_same_facts(folder, capsys):
    write(folder, LAYERS, "layers.py")
    assert main(["read", "--json", write(folder, FAILS), "--json"]) == 1
    out, err = capsys.readouterr()
    facts = json.loads(out)
    assert err.startswith("__main__ ['--json']\nTraceback")
    assert (facts["script"], facts["exit_status"]) == ("train.py", 1)
    top, softmax = facts["functions"]
    assert (top["function"], softmax["function"]) == (None, "softmax")
    assert top["lines"][4] == {
        "number": 6,
        "source": "S = softmax(np.diag(np.ones(2), 1))",
        "first": [3, 3],
        "last": [3, 3],
        "times": 1,
    }
    (broadcast,) = facts["broadcasts"]
    assert broadcast["file"] == str(folder / "layers.py")
    assert broadcast["operands"] == {"E": [3, 3], "E.sum(axis=1)": [3]}
    assert broadcast["repairs"][0] == "E / E.sum(axis=1, keepdims=True)"
    assert facts["error"]["type"] == "ValueError"
    assert (facts["explanation"]["line"], facts["explanation"]["expression"]) == (8, "S @ W")
    assert main(["--json", "read", write(folder, "x = 1\n", "fine.py")]) == 0
    fine = json.loads(capsys.readouterr().out)
    assert (fine["broadcasts"], fine["error"], fine["explanation"]) == ([], None, None)


@pytest.mark.parametrize(
    ("script", "source", "message"),
    [
        ("no.py", None, "no.py: no such file"),
        ("", None, ": no such file"),
        ("bad.py", "x = (", "bad.py cannot be read: SyntaxError: '(' was never closed"),
        ("nul.py", "\0", "nul.py cannot be read: "),
    ],
)
def test_what_is_no_script_is_exit_status_2(folder, capsys, script, source, message):
    if source is not None:
        write(folder, source, script)
    with pytest.raises(SystemExit) as stopped:
        main(["read", script])
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


def test_the_process_is_as_it_was(folder, capsys):
    script = write(
        folder, "import sys, late\ndef f():\n    return late.g()\nsys.path.append('x')\nf()\n"
    )
    write(folder, "def g():\n    return max([1])\n", "late.py")
    before = sys.modules["__main__"], sys.argv, [*sys.path], [*sys.meta_path]
    try:
        assert main(["read", script, "a"]) == 0
        assert (sys.modules["__main__"], sys.argv, sys.path, sys.meta_path) == before
        late = sys.modules["late"]
        assert "__shapecheck_seen__" not in late.g.__code__.co_names
        assert late.__loader__.get_code("late").co_consts[0].co_names == ("max",)
    finally:
        sys.modules.pop("late", None)
    assert "late.py, g" in capsys.readouterr().out


def test_a_keyboard_interrupt_goes_through(folder):
    script = write(folder, "raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        main(["read", script])
    assert sys.argv[-1] != script
    assert pickle.dumps(sys.modules["__main__"].__name__)
