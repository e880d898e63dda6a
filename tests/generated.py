"""Functions that nobody wrote, by the thousand: each is run plainly, and read.

    python tests/generated.py --functions 5000 --seed 0

A reading must change nothing: the same result to the bit or the same exception from the same place,
the same prints and warnings, the same arguments, globals and random numbers behind it. The first
function of which that is not true ends the run with its source and its seed.
"""

import argparse
import contextlib
import importlib.util
import io
import random
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from bits import bits

from shapecheck_bp import read

HEAD = """\
import contextlib
import numpy as np

total, log, cache = 0, [], {}


class Box:
    made = 0

    def __init__(self, value, **more):
        self.value, self.more = value, more
        Box.made += 1

    @property
    def twice(self):
        log.append("twice")
        return self.value * 2

    def __add__(self, other):
        return Box(self.value + (other.value if isinstance(other, Box) else other))

    def __call__(self, a, b=1):
        self.value = self.value + b
        return a @ a.T if np.ndim(a) == 2 else a


def helper(a, *rest, scale=1.0, **named):
    global total
    total += 1
    return a * scale + sum(rest)


@contextlib.contextmanager
def quiet(name):
    log.append(("in", name))
    try:
        yield name
    except ZeroDivisionError:
        log.append("caught")
    finally:
        log.append(("out", name))


"""
ARRAYS = ["X", "W", "v", "k"]
BINARY = ["+", "-", "*", "@", "/", "//", "%", "**"]
COMPARED = ["<", "<=", "==", "!=", ">", "is not", "in"]
CALLS = [
    "np.dot({}, {})", "np.sum({}, axis=0)", "({}).T", "({}).sum(axis={n}, keepdims=True)",
    "np.maximum({}, {})", "np.where({} > 0, {}, {})", "helper({}, {}, scale=0.5)",
    "helper(*[{}, {}])", "helper(**{{'a': {}, 'b': 2}})", "Box({}).twice", "(Box({}) + {}).value",
    "box({}, b={n})", "np.einsum('ij,jk->ik', {}, {})", "({})[{n}]", "({})[:, {n}]",
    "({})[None, ...]", "({})[..., ::-1]", "np.random.rand({n}, 3)", "len({})", "({}).reshape(-1)",
    "np.concatenate([{}, {}])", "float({})", "[({}) for i in range({n})]",
    "sum(i * {} for i in range(3))", "{{i: {} for i in range(2)}}", "(lambda a, b={n}: a + b)({})",
    "np.shape({})", "np.array({}, dtype=float)", "abs({})", "({} if {n} > 1 else {})", "(z := {})",
    "(np.mean({}) or {})", "(not np.any({}))", "-({})", "f'{{np.shape(z)}} {{{n}!r:>4}}'",
    "print('seen', np.shape({}), sep=':')", "inner({})", "np.asarray({}).mean()", "max({}, {n})",
    "np.linalg.norm({})", "1 / {n} * ({})", "int({n}) // ({n} - 1)", "(0 < {n} < len(log) < 9)",
    "({}, *[{}])[0]", "np.exp(-abs({})) + {}", "list(turns({}, {n}))",
]  # fmt: skip


class Writer:
    """One function, by a seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.names = [*ARRAYS]
        self.loops = 0

    def source(self) -> str:
        """The module, of which ``f(X, W, v, k)`` is to be called."""
        inner = [
            "    def inner(a):",
            "        nonlocal k",
            "        k = k + 1",
            "        return a * 2",
        ]
        turns = ["    def turns(a, n):", "        for i in range(n):", "            yield a * i"]
        body = [*inner, *turns, "    box = Box(v, name='b')", "    z, y, a, b = 0, 1, X + 1, X * 2"]
        self.names += ["z", "y", "a", "b", "X"]
        for _ in range(self.random.randint(3, 9)):
            lines, go_on = self.statement(1, 3), self.random.random() < 0.9
            caught = [
                "    try:",
                *indented(lines),
                "    except Exception as e:",
                "        log.append(str(e))",
            ]
            body += caught if go_on else lines
        body.append("    return a, b, box.value, z, y, k")
        return HEAD + "\n".join(["def f(X, W, v, k):", *body]) + "\n"

    def expression(self, depth: int) -> str:
        """An expression; many fit no shape, and end in an exception."""
        pick = self.random.random()
        if depth == 0 or pick < 0.25:
            return self.random.choice([*self.names, *self.names, str(self.random.randint(0, 3))])
        if pick < 0.5:
            left, right = self.expression(depth - 1), self.expression(depth - 1)
            return f"({left} {self.random.choice(BINARY[:4] if pick < 0.45 else BINARY)} {right})"
        call = self.random.choice(CALLS)
        filled = [self.expression(depth - 1) for _ in range(call.count("{}"))]
        return call.format(*filled, n=self.random.randint(0, 3))

    def statement(self, indent: int, depth: int) -> list[str]:
        """Some lines of one statement, which ends."""
        space, pick = "    " * indent, self.random.random()
        name, value = self.random.choice(["z", "y", "a", "b"]), self.expression(2)
        if pick < 0.3 or depth == 0:
            self.names.append(name)
            return [f"{space}{name} = {value}"]
        simple = [
            f"{name} = y = {value}", f"z += {value}", f"X[{self.random.randint(0, 3)}] = {value}",
            f"X *= {value}", "X[:, 0] -= 1", f"box.value = {value}",
            f"box.more[{name!r}] = {value}", f"log.append({value})",
            f"cache.setdefault('a', {value})", f"y, *z = {value}, 1, 2",
            f"assert np.size({value}) > 0, 'nothing'", f"print({value})", "box(X)", f"y = {value},",
            "del box.more['name']", f"(y, z), k = ({value}, 1), 2", f"return {value}",
            "raise KeyError(k)", "np.add(X, 1, out=X)", "np.random.shuffle(v)",
            f"v[v > 0] = {value}", f"y: float = {value}",
        ]  # fmt: skip
        if pick < 0.62:
            return [space + self.random.choice(simple)]
        block = [line for _ in range(2) for line in self.statement(indent + 1, depth - 1)]
        other = self.statement(indent + 1, depth - 1)
        self.loops += 1
        i, n = f"i{self.loops}", self.random.randint(0, 3)
        stop = [
            f"{space}    if {i} > 1:",
            f"{space}        {self.random.choice(['break', 'continue'])}",
        ]
        test = f"{self.expression(1)} {self.random.choice(COMPARED)} {self.expression(1)}"
        heads = [
            [f"{space}if {test}:", *block, f"{space}else:", *other],
            [f"{space}if {test} and k:", *block, f"{space}elif not {self.expression(1)}:", *other],
            [f"{space}for {i} in range({n}):", *stop, *block, f"{space}else:", *other],
            [f"{space}for {i}, row in enumerate(X):", *stop, *block],
            [f"{space}{i} = 0", f"{space}while {i} < {n}:", f"{space}    {i} += 1", *stop, *block],
            [f"{space}try:", *block, f"{space}except (ValueError, TypeError) as e:",
             f"{space}    log.append(str(e))", f"{space}finally:", *other],
            [f"{space}try:", *block, f"{space}except Exception:", *other, f"{space}    raise"],
            [f"{space}with quiet({i!r}) as y:", *block],
            [f"{space}match {self.expression(1)}:", f"{space}    case 0 | 1:", *indented(block),
             f"{space}    case [a, *_]:", *indented(other),
             f"{space}    case _:", f"{space}        z = k"],
        ]  # fmt: skip
        return self.random.choice(heads)


def indented(lines: list[str]) -> list[str]:
    """The lines, one step further in."""
    return ["    " + line for line in lines]


def module(path: Path) -> ModuleType:
    """A module of its own, so that nothing is left in it of another run."""
    spec = importlib.util.spec_from_file_location("generated_function", path)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules["generated_function"] = made
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # 3[0], among others
        spec.loader.exec_module(made)
    return made


def seen(path: Path, read_it: bool) -> tuple[str, Any]:
    """How the call ended, and everything that can be told of it."""
    made = module(path)
    np.random.seed(3)
    X, W = np.random.rand(4, 3) - 0.5, np.random.rand(3, 4)
    arguments = [X, W, np.random.rand(3) - 0.5, 2]
    printed, result, error = io.StringIO(), None, None
    with warnings.catch_warnings(record=True) as warned, contextlib.redirect_stdout(printed):
        warnings.simplefilter("always")
        if read_it:
            reading = read(made.f, *arguments)
            result, error = reading.result, reading.error
            assert not reading.why_not, reading.why_not
        else:
            try:
                result = made.f(*arguments)
            except Exception as raised:
                error = raised
    trace = traceback.extract_tb(error.__traceback__ if error else None)
    places = [(f.name, f.lineno, f.colno, f.end_colno) for f in trace if f.filename == str(path)]
    around = type(error.__context__ if error else None).__name__
    warned_of = [(str(w.message), w.category.__name__, w.lineno) for w in warned]
    state = [made.total, made.log, made.cache, made.Box.made, np.random.rand()]
    ended = (type(error).__name__, str(error), around, places)
    return type(error).__name__, (
        bits(result), ended, printed.getvalue(), warned_of, bits(arguments), bits(state),
    )  # fmt: skip


def hold(functions: int, seed: int) -> Counter[str]:
    """So many functions, one for each seed from this one on; gives how often each ending came."""
    endings: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(seed, seed + functions):
            path = Path(folder) / f"f{number}.py"
            source = Writer(number).source()
            path.write_text(source)
            plainly, read_ = seen(path, read_it=False), seen(path, read_it=True)
            if plainly != read_:
                differ = next(
                    pair for pair in zip(plainly[1], read_[1], strict=True) if pair[0] != pair[1]
                )
                raise AssertionError(
                    f"seed {number}:\n{source}\nplainly {differ[0]}\nread    {differ[1]}"
                )
            endings[plainly[0]] += 1
            path.unlink()
    return endings


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--functions", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    counted = hold(asked.functions, asked.seed)
    print(f"{asked.functions} functions, the same plainly and read; they ended in")
    for ending, times in counted.most_common():
        print(f"  {times:5}  {ending.replace('NoneType', 'a result')}")
