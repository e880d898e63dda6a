"""Functions that notice whether somebody reads them; test_hostile.py runs each plainly and read.

Each takes nothing, or what ``arguments_of`` has for it, and returns what it noticed.
"""

import ast
import asyncio
import contextlib
import enum
import functools
import gc
import inspect
import itertools
import operator
import random
import sys
import tempfile
import threading
import traceback
import types
import warnings
import weakref
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

counter = 0
log = []
cache = {}


# Classes that answer themselves.


class Meta(type):
    """Counts whatever is asked of its classes."""

    asked = []

    def __getattribute__(cls, name):
        type.__getattribute__(Meta, "asked").append(name)
        return type.__getattribute__(cls, name)

    def __eq__(cls, other):
        Meta.asked.append("==")
        return cls is other

    def __hash__(cls):
        Meta.asked.append("hash")
        return 7

    def __instancecheck__(cls, thing):
        Meta.asked.append("isinstance")
        return True

    def __call__(cls, *args):
        Meta.asked.append("call")
        return super().__call__(*args)


class Odd(metaclass=Meta):
    def __init__(self, value):
        self.value = value

    def __add__(self, other):
        return Odd(self.value + other)


class Asked:
    """Counts every attribute that is asked for."""

    def __init__(self):
        object.__setattr__(self, "asked", [])

    def __getattribute__(self, name):
        asked = object.__getattribute__(self, "asked")
        asked.append(name)
        if name == "asked":
            return list(asked)
        return object.__getattribute__(self, name)

    def __getattr__(self, name):
        if name.startswith("made"):
            return np.arange(3.0)
        raise AttributeError(name)

    def __setattr__(self, name, value):
        object.__getattribute__(self, "asked").append(f"set {name}")
        object.__setattr__(self, name, value)


class Faked:
    """Says that it is an array, and an int."""

    asked = []

    @property
    def __class__(self):
        self.asked.append("__class__")
        return int

    @property
    def shape(self):
        self.asked.append("shape")
        return (2, 3)

    @property
    def dtype(self):
        self.asked.append("dtype")
        return np.dtype(float)


class Raising:
    """Raises whatever it is asked."""

    def _raise(self, *_):
        raise RuntimeError("never ask me")

    __repr__ = __str__ = __eq__ = __bool__ = __len__ = __hash__ = __iter__ = _raise
    __deepcopy__ = __reduce__ = __reduce_ex__ = __copy__ = __getstate__ = __format__ = _raise

    def __add__(self, other):
        return other


class Counted:
    made = 0
    copied = 0

    def __new__(cls):
        cls.made += 1
        return super().__new__(cls)

    def __deepcopy__(self, memo):
        type(self).copied += 1
        return self

    def __getstate__(self):
        type(self).copied += 1
        return self.__dict__

    def __del__(self):
        log.append("gone")


class Finalized(np.ndarray):
    made = 0

    def __new__(cls, values):
        return np.asarray(values, dtype=float).view(cls)

    def __array_finalize__(self, obj):
        Finalized.made += 1
        self.note = getattr(obj, "note", "none")


class Shapeless(np.ndarray):
    asked = 0

    @property
    def shape(self):
        Shapeless.asked += 1
        raise RuntimeError("no shape")


class Overriding:
    calls = []

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        self.calls.append((ufunc.__name__, method, len(inputs)))
        return len(self.calls)

    def __array_function__(self, func, kinds, args, kwargs):
        self.calls.append(func.__name__)
        return 0


class Private:
    def __init__(self):
        self.__hidden = np.ones(2)
        self.__n = 0

    def __twice(self):
        self.__n += 1
        return self.__hidden * 2

    def run(self):
        return self.__twice() + self.__hidden, self.__n, sorted(vars(self))


class Base:
    def scale(self, x):
        return x * 2

    @classmethod
    def name_of(cls):
        return cls.__name__

    @staticmethod
    def plus(x, y):
        return x + y


class Derived(Base):
    def scale(self, x):
        return super().scale(x) + super(Derived, self).scale(x)

    @classmethod
    def name_of(cls):
        return super().name_of() + __class__.__name__

    def own(self):
        return __class__, self.plus(1, 2), Derived.plus(3, 4), self.name_of()


class Ticking:
    def __init__(self):
        self.n = 0

    @property
    def tick(self):
        self.n += 1
        return self.n

    @functools.cached_property
    def once(self):
        self.n += 100
        return self.n


class Kind(enum.Enum):
    SMALL = 1
    LARGE = 2


@dataclass
class Point:
    x: float
    y: float = 0.0
    more: list = field(default_factory=list)


def metaclasses():
    odd = Odd(1)
    odd = odd + 1
    same = [odd, Odd(2)]
    return odd.value, len(same), list(Meta.asked)


def attribute_asked():
    thing = Asked()
    thing.x = 3
    y = thing.x + thing.made_up.sum()
    try:
        thing.missing
    except AttributeError as error:
        return y, str(error), thing.asked
    return None


def asked_argument(thing):
    thing.y = thing.x + 1
    return thing.asked


def says_it_is_an_int():
    thing = Faked()
    other = [thing, thing][0]
    return Faked.asked, other is thing, issubclass(type(thing), int)


def faked_argument(thing):
    kept = thing
    return list(Faked.asked), kept is thing


def properties_that_count():
    ticking = Ticking()
    values = [ticking.tick, ticking.tick + ticking.tick, ticking.once, ticking.once]
    ticking.n += ticking.tick
    return values, ticking.n


def raises_when_asked():
    thing = Raising()
    kept = [thing, (thing,), {"a": thing}]
    total = thing + 1
    return total, len(kept), thing is kept[0]


def raising_argument(thing, many):
    return thing + 1, len(many)


def raising_repr():
    return f"{Raising()!r}"


def counted_argument(thing):
    thing.x = 1
    return Counted.made, Counted.copied, log


def subclasses_of_arrays():
    a = Finalized([[1, 2], [3, 4]])
    a.note = "mine"
    b = a + a.T
    c = b[0] @ a
    return b.note, type(c).__name__, Finalized.made, np.asarray(c)


def finalized_argument(a):
    return (a * 2).note, Finalized.made


def without_a_shape():
    a = np.ones((2, 3)).view(Shapeless)
    b = a + 1
    return np.asarray(b * a), Shapeless.asked


def overrides_ufuncs():
    thing = Overriding()
    return np.ones(3) + thing, np.sum(thing), thing.calls, np.add.reduce([1, 2])


def private_names():
    return Private().run()


def supers():
    derived = Derived()
    return derived.scale(np.ones(2)), [str(part) for part in derived.own()]


def bound_class_and_static():
    scale, plus, name = Derived().scale, Base.plus, Base.name_of
    return scale(3), plus(1, 2), name(), Base.scale(None, 4), list(map(Derived().scale, (1, 2)))


def classes_made_inside():
    class Namespace(dict):
        read = []

        def __getitem__(self, key):
            self.read.append(key)
            return dict.__getitem__(self, key)

        def __missing__(self, key):
            raise KeyError(key)

    class Recording(type):
        @classmethod
        def __prepare__(cls, name, bases):
            return Namespace()

    class Made(metaclass=Recording):
        x = 1
        y = x + 1
        y += x
        z = [y for _ in range(2)]

        def method(self, w=y):
            return self.x + w

    return Made().method(), Made.z, Namespace.read


def auto_namespace():
    class Auto(dict):
        def __missing__(self, key):
            if key.startswith("__"):
                raise KeyError(key)
            self[key] = len(self)
            return self[key]

    class Enumerating(type):
        @classmethod
        def __prepare__(cls, name, bases):
            return Auto()

    class Colours(metaclass=Enumerating):
        red, green
        blue

    return {key: value for key, value in vars(Colours).items() if not key.startswith("__")}


def slots_and_descriptors():
    class Descriptor:
        def __get__(self, thing, owner):
            log.append((thing is None, owner.__name__))
            return 5

        def __set__(self, thing, value):
            log.append(value)

        def __set_name__(self, owner, name):
            log.append(name)

    class Slotted:
        __slots__ = ("a",)
        d = Descriptor()

    thing = Slotted()
    thing.a = thing.d + Slotted.d
    thing.d = thing.a
    thing.d += 1
    return thing.a, list(log)


def init_subclass_and_generic():
    class Registered:
        every = {}

        def __init_subclass__(cls, /, key, **kwargs):
            super().__init_subclass__(**kwargs)
            Registered.every[key] = cls.__qualname__

        def __class_getitem__(cls, item):
            return cls.__name__, item

    class One(Registered, key="one"):
        pass

    return Registered.every, One[int][0], One[1 + 1]


# Syntax.


def walrus():
    seen = [last := n * 2 for n in range(4) if (half := n // 2)]
    while (left := len(seen)) > 1:
        seen.pop()
    return last, half, left, seen, (first := np.ones(2)).sum() + first[0]


def matches():
    found = []
    for thing in (
        *(3, -1, "a", [1, 2, 3], {"k": 1, "z": 2}, Point(1.0, 2.0), Kind.LARGE, None),
        *(Point(0.0), (4, 5), {"k": {"n": 1}}, 2.5, b"x"),
    ):
        match thing:
            case -1 | "a":
                found.append("constant")
            case int(n) if n > 2:
                found.append(("int", n))
            case [first, *rest]:
                found.append((first, rest))
            case {"k": int(k), **others}:
                found.append((k, others))
            case {"k": {"n": n}}:
                found.append(("nested", n))
            case Point(x=0.0, y=y) | Point(1.0, y):
                found.append(("point", y))
            case Kind.LARGE as kind:
                found.append(kind.name)
            case None:
                found.append("none")
            case float() | bytes() as rest:
                found.append(rest)
    return found


def stars():
    first, *middle, last = range(5)
    (a, *b), c = "hey", {"x": 1, **{"y": 2}}

    def takes(*args, key=0, **kwargs):
        return args, key, kwargs

    return (first, middle, last, a, b, *middle, *{1: 2}), takes(*b, *"z", **c, key=[*middle])


def f_strings():
    x, width, name = np.pi, 12, "n"
    return (
        f"{x:>{width}.{width - 8}f}|{x!r:.5}|{f'{name}{x + 1:.1f}'}|{width=}|"
        f"{(lambda v: v * 2)(3)}|{{}}|{[n for n in range(3)]!s:>{width}}"
    )


def comprehensions():
    matrix = [[i * j for j in range(3)] for i in range(3)]
    flat = [x for row in matrix if row for x in row if x % 2 == 0]
    table = {i: {j for j in range(i)} for i in range(3)}
    functions = [lambda n=n: n + i for n in range(2) for i in range(2)]
    return matrix, flat, table, [f() for f in functions], sum(x for row in matrix for x in row)


def outliving_expressions():
    data = np.arange(3.0)
    return (x * data for x in range(3)), (lambda k: data + k), iter([data[0]])


def chained_comparisons():
    calls = []

    def say(x):
        calls.append(x)
        return x

    results = [say(1) < say(2) < say(3), say(3) < say(2) < say(9), 1 < say(5) != 4 in [True, 1]]
    return results, calls


def short_circuits():
    calls = []

    def say(x):
        calls.append(x)
        return x

    a = say(0) and say(1)
    b = say(2) or say(3)
    c = say(4) if say(0) else say(5)
    d = not say(0) or say(6) and say(0) or say(7)
    return a, b, c, d, calls


# fmt: off
def two_lambdas_on_one_line():
    f, g = (lambda x: x + 1), (lambda x: x * 2); h = lambda x: x + 1
    return f(3), g(3), h(4), f.__code__ == h.__code__, f.__name__
# fmt: on


def order_of_evaluation():
    calls = []

    def say(x):
        calls.append(x)
        return x

    d = {}
    d[say("key")] = say("value")
    (d[say("b")], d[say("c")]) = say(1), say(2)
    {say("k1"): say("v1"), say("k2"): say("v2")}
    d[say("key")] += say("more")
    max(say(1), *[say(2)], key=say(abs), **{"default": say(3)} if say(0) else {})
    return calls, d


def closures():
    total, arrays = 0, [np.zeros(2)]

    def add(n):
        nonlocal total
        total += n
        arrays[0] += n

        def inner():
            nonlocal arrays
            arrays = [*arrays, total]
            return arrays

        return inner()

    return [len(add(n)) for n in range(3)], total, arrays


def globals_changed():
    global counter, made_by_a_test
    counter += 1
    made_by_a_test = [counter]
    cache[counter] = np.full(2, counter)
    log.append("x")
    globals()["sideways"] = counter + 1
    return counter, sideways, sorted(cache)


def deletes():
    a, b, d = [1, 2, 3], {"x": 1, "y": 2}, Point(1.0)
    del a[0], b["x"], d.more
    del a[:1]
    x = 1
    del x
    try:
        x
    except UnboundLocalError as error:
        return a, b, vars(d), str(error)
    return None


def finally_wins():
    order = []
    for n in range(4):
        try:
            order.append(n)
            if n == 1:
                continue
            if n == 2:
                raise ValueError(n)
        except ValueError as error:
            order.append(repr(error))
        else:
            order.append("else")
        finally:
            order.append("finally")
            if n == 3:
                break
    else:
        order.append("never")
    return order, (lambda: [order for _ in range(1)])()[0] is order


def with_statements():
    order = []

    @contextlib.contextmanager
    def managed(name):
        order.append(f"+{name}")
        try:
            yield name
        except ValueError as error:
            order.append(str(error))
        finally:
            order.append(f"-{name}")

    with managed("a") as a, managed("b" + a) as cache[0]:
        order.append(cache[0])
        raise ValueError("inside")
    return order


def exception_groups():
    order = []
    try:
        raise ExceptionGroup("many", [ValueError(1), TypeError(2), OSError(3)])
    except* ValueError as group:
        order.append(group.exceptions)
    except* (TypeError, OSError) as group:
        order.append([str(error) for error in group.exceptions])
    raise ExceptionGroup("out", [ValueError("x"), ExceptionGroup("in", [KeyError("k")])])


def exception_chains():
    try:
        try:
            {}["missing"]
        except KeyError as error:
            raise ValueError("second") from error
    except ValueError as error:
        kept = error
    try:
        raise kept
    finally:
        cache["context"] = type(kept.__cause__).__name__, kept.__suppress_context__


def constants_are_the_same():
    def pair():
        return (-1, 2 * 3, not True)

    if not True:
        pair = lambda: [lambda: 0]
    return pair() is pair(), pair()


def long_chain():
    x = 1
    return eval("+".join(["x"] * 500)), x + x + x + x + x + x + x + x + x + x + x + x + x + x + x


def annotations():
    x: "np.ndarray[1/0]" = np.ones(2)
    y: missing_name

    def f(a: "b[c]" = x, *, d: int = 1) -> "e":
        return a + d

    return f(), f.__annotations__, f.__defaults__


# Functions about functions.


def without_wraps(function):
    def replaced(*args):
        log.append(len(args))
        return function(*args)

    return replaced


@without_wraps
def decorated(x):
    """Its own words."""
    return x + 1


def decorators_without_wraps():
    @without_wraps
    @functools.lru_cache
    def inside(x):
        return decorated(x) * 2

    return inside(1), inside(1), log, decorated.__name__, decorated.__doc__


def partials():
    f = functools.partial(operator.add, 1)
    g = functools.partial(decorated)
    h = functools.partialmethod(Base.scale, 3)
    return f(2), g(5), h.args, functools.reduce(lambda a, b: a * b, [1, 2, 3])


class Callable_:
    def __init__(self):
        self.calls = 0

    def __call__(self, x):
        self.calls += 1
        return x * self.calls


def callables():
    thing = Callable_()
    return thing(np.ones(2)), thing(2), thing.calls


def deep_recursion():
    def down(n):
        return 0 if n == 0 else 1 + down(n - 1)

    left = sys.getrecursionlimit() - len(inspect.stack(0)) - 200
    return down(300), down(left) > 0


def recursion_to_the_limit(depth=0):
    return recursion_to_the_limit(depth + 1)


def even(n):
    return True if n == 0 else odd(n - 1)


def odd(n):
    return False if n == 0 else even(n - 1)


def mutual_recursion():
    return even(10), odd(7), even(3)


def generators():
    def numbers(n):
        sent = yield n
        try:
            yield sent * 2
        finally:
            log.append("closed")

    def both():
        returned = yield from numbers(3)
        return returned

    g = both()
    values = [next(g), g.send(np.ones(2))]
    g.close()
    return values, log, [*itertools.islice(itertools.count(), 3)]


def a_generator():
    yield counter + 1
    yield np.ones(2) * 2


def coroutines():
    async def double(x):
        await asyncio.sleep(0)
        return x * 2

    async def main():
        values = await asyncio.gather(double(1), double(np.ones(2)))
        return values, [x async for x in numbers()]

    async def numbers():
        for n in range(2):
            yield n + 1

    return asyncio.run(main())


async def a_coroutine():
    return np.ones(2) + 1


def threads():
    results = {}

    def work(n):
        total = np.zeros(3)
        for k in range(50):
            total = total + n * k
        results[n] = total

    started = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
    return dict(sorted(results.items()))


def monkey_patches():
    class Number:
        def __init__(self, n):
            self.n = n

    Number.__add__ = lambda self, other: Number(self.n * 10 + other.n)
    Number.__matmul__ = lambda self, other: self.n
    before = np.dot
    np.dot = lambda a, b: "patched"
    try:
        return (Number(1) + Number(2)).n, Number(5) @ Number(6), np.dot(1, 2)
    finally:
        np.dot = before


def replaces_its_own_code():
    def new(x=1):
        return "new"

    to_be_replaced.__code__ = new.__code__
    return to_be_replaced(1)


def to_be_replaced(x):
    return x + 1


def swaps_code():
    one_of_two.__code__, other_of_two.__code__ = other_of_two.__code__, one_of_two.__code__
    return one_of_two(1), other_of_two(1)


def one_of_two(x):
    return ("one", x + 0)


def other_of_two(x):
    return ("other", x + 0)


def signatures():
    def f(a, b=np.int64(1), *args: int, c, **kwargs) -> int:
        return a + b

    return str(inspect.signature(f)), inspect.getsource(f), f.__code__.co_varnames, f.__defaults__


# Looking at oneself.


def frames():
    here = sys._getframe()
    names = [frame.f_code.co_name for frame, _ in traceback.walk_stack(here)]
    return here.f_lineno, names[: names.index("frames") + 1], here.f_code.co_name


def stacks():
    def inner():
        stack = inspect.stack()
        return [(info.function, info.lineno, info.code_context) for info in stack[:2]]

    return inner() + inner()


def names_of_the_frame():
    x, y = 1, np.ones(2)
    found = locals()
    inner = [sorted(locals()) for z in range(1) if x]
    return sorted(found), sorted(vars()), dir(), inner, y


def evals():
    x = 3
    names = {}
    exec("y = x + 1\ndef f(z): return z * y", {"x": x}, names)
    return (
        eval("x * 2"),
        names["y"],
        eval("[x for _ in range(2)]", {"x": 1}),
        eval("sorted(locals())"),
    )


def empty_builtins():
    space = {"__builtins__": {}}
    exec(compile("def f(x): return x + 1", __file__, "exec"), space)
    return space["f"](1), sorted(space)


def odd_globals():
    class Space(dict):
        def __missing__(self, name):
            return f"<{name}>"

    space = Space(a=1)
    return eval("a, b", {}, space), eval(compile("(a, c)", __file__, "eval"), space)


def tracebacks():
    # fmt: off
    def fails(x):
        return (
            x
            + 1
            + np.ones(2) @ np.ones(
                3
            )
        )
    # fmt: on

    try:
        fails(1)
    except ValueError as error:
        return [
            (entry.lineno, entry.name, entry.line, entry.colno, entry.end_colno)
            for entry in traceback.extract_tb(error.__traceback__)
        ]
    return None


def refers_weakly():
    a = np.ones(3)
    gone = []
    weakref.finalize(a, gone.append, "array")
    b = weakref.ref(a)
    c = a + 1
    alive = b() is a
    del a
    return alive, b() is None, gone, c


def garbage():
    class Node:
        pass

    node = Node()
    node.itself = node
    node.array = np.ones(5) * 2
    gone = weakref.ref(node.array)
    del node
    gc.collect()
    return gone() is None


def temporaries_die():
    died = []

    class Dying:
        def __del__(self):
            died.append(len(died))

        def value(self):
            return 1

    x = Dying().value() + Dying().value()
    died.append("after")
    return x, died


# Arrays.


def not_a_number():
    x = np.array([np.nan, 1.0, np.inf, -0.0])
    with np.errstate(all="ignore"):
        return x - np.inf, x == x, float("nan") != float("nan"), x / 0, np.float32(1) / 3, -x


def error_states():
    found = []
    with np.errstate(divide="call", call=lambda *told: found.append(told)):
        np.ones(2) / 0
    try:
        with np.errstate(all="raise"):
            np.ones(2) / np.zeros(2)
    except FloatingPointError as error:
        return str(error), found, sorted(np.geterr().items())
    return None


def warned():
    with np.errstate(all="warn"):
        x = np.log(np.zeros(2) - 1)
    warnings.warn("mine", UserWarning, stacklevel=1)
    for _ in range(2):
        warnings.warn("again", DeprecationWarning, stacklevel=1)
    return x


def warning_filters():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("once")
        for _ in range(3):
            warnings.warn("once", UserWarning, stacklevel=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.warn("now an error", RuntimeWarning, stacklevel=1)
    return caught


def warning_registry():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(3):
            warnings.warn("default", UserWarning, stacklevel=1)
        names = sorted(map(str, globals().get("__warningregistry__", {})))
    return [(str(one.message), one.lineno) for one in caught], names


def resized():
    a = np.arange(6.0)
    a.resize((2, 2))
    b = np.ones(3)
    b = b + 1
    b.resize(5)
    c = np.ones((2, 3))
    c.shape = (3, 2)
    c.dtype = "float32"
    return a, b, c


def object_arrays():
    a = np.empty(2, dtype=object)
    a[:] = [Point(1.0), [1, 2]]
    b = np.array([1, "a", None], dtype=object)
    c = np.array([np.ones(2), np.ones(3)], dtype=object)
    return len(a), b + b[:1] if False else b, c * 2, a[1] + a[1]


def views_and_in_place():
    a = np.arange(12.0).reshape(3, 4)
    v = a[1:, ::2]
    v += 1
    v *= v
    a[0], a[1, 2] = 7, v[0, 0]
    a[a > 6] -= 1
    np.add(a, 1, out=a)
    return a, v, v.base is not None, a.T.flags.c_contiguous


def changed_argument(a, many, names):
    a += 1
    a[0] = a[1] * 2
    many.append(a.sum())
    names["new"] = many
    many[0][0] -= 1
    return a


def structured():
    table = np.zeros(2, dtype=[("a", int), ("b", float, 2)])
    table["b"][0] = 1, 2
    table[1]["a"] += 4
    record = table.view(np.recarray)
    return table, record.a + 1, np.ma.masked_array([1, 2], [0, 1]) + 1, np.matrix("1 2") * 2


def random_numbers():
    a = random.random(), np.random.rand(2), np.random.default_rng(1).normal(size=2)
    random.shuffle(log)
    return a


def files_written():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x"
        path.write_text("a")
        with path.open("a") as file:
            file.write("b" * 2)
            position = file.tell()
        print("said", position, end="!\n", file=sys.stdout)
        print("also", file=sys.stderr)
        return path.read_text(), position, [entry.name for entry in Path(folder).iterdir()]


def long_strings():
    text = ""
    for n in range(2000):
        text += str(n)
        text = text + "x"
    return len(text), hash(text) == hash(str(text))


def imports_inside():
    import math as counter
    from os.path import join as log

    return counter.floor(2.5), log("a", "b")


def module_made_by_hand():
    module = types.ModuleType("by_hand")
    exec("x = 1\ndef f(): return x + 1", vars(module))
    tree = ast.parse("x + 1", mode="eval")
    return module.f(), module.x, ast.dump(tree.body.op)


def leaves():
    cache["before"] = counter
    sys.exit(3)


def interrupted():
    cache["before"] = counter
    raise KeyboardInterrupt("now")


class Stop(BaseException):
    pass


def own_base_exception():
    raise Stop("enough")


def own_exception():
    class Strange(Exception):
        def __str__(self):
            return "strange"

        def __getattr__(self, name):
            log.append(name)
            raise AttributeError(name)

    raise Strange(1, [2])


def wrong_shapes():
    W, X = np.ones((2, 3)), np.ones((2, 4))
    return W @ X


def deepest_error():
    def outer(x):
        return inner(x)[0] + 1

    def inner(x):
        return [y / 0 for y in [x, 2]]

    return outer(1)


def name_errors():
    return counter + not_there


def assertions():
    x = np.ones(2)
    assert x.shape == (2,), "fine"
    assert x.sum() == 3, f"sum is {x.sum()}"


arguments_of = {
    "asked_argument": lambda: (_asked(),),
    "faked_argument": lambda: (Faked(),),
    "raising_argument": lambda: (Raising(), [Raising(), {"a": Raising()}]),
    "counted_argument": lambda: (Counted(),),
    "finalized_argument": lambda: (Finalized([1, 2]),),
    "changed_argument": lambda: (np.arange(3.0), [np.ones(2)], {"old": 1}),
}


def _asked():
    thing = Asked()
    thing.x = 1
    return thing


NOT_CASES = {"without_wraps", "decorated", "even", "odd", "to_be_replaced", "one_of_two"}
NOT_CASES |= {"other_of_two", "_asked"}
if sys.version_info >= (3, 14):  # where NumPy refuses to resize what has been passed to anything
    NOT_CASES |= {"resized"}


def cases():
    """The names of all functions that are run."""
    return [
        name
        for name, value in globals().items()
        if type(value) is types.FunctionType
        and value.__code__.co_filename == __file__
        and name not in NOT_CASES | {"cases", "<lambda>"}
    ]
