"""A whole package in a line, whole classes, and whatever else can be called."""

import ast
import functools
import importlib
import os
import subprocess
import sys
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pytest
from beartype import BeartypeConf
from jaxtyping import Float

from shapecheck_bp import ShapeError, install_import_hook, shapechecked
from shapecheck_bp.shapes.hook import Decorating

N = np.ndarray

PACKAGE = '''
"""A package of somebody's own."""
from __future__ import annotations
import functools
from dataclasses import dataclass
from typing import no_type_check
import numpy as np
from jaxtyping import Float

def total(x: Float[np.ndarray, "n"], y: Float[np.ndarray, "n"]) -> float:
    return float(x @ y)

def later(x):
    return isinstance(x, Float[np.ndarray, "n"])

def asks(x: Float[np.ndarray, "n"], y) -> bool:
    return later(y)

def outer(k: int):
    def inner(x: Float[np.ndarray, "{k}"]) -> int: return len(x)
    return inner

@functools.lru_cache
def cached(n: int) -> Float[np.ndarray, "{n}"]:
    return np.ones(n)

@no_type_check
def unchecked(x: int) -> int:
    return x

@dataclass
class Pair:
    a: Float[np.ndarray, "n"]
    b: Float[np.ndarray, "n"]
    @property
    def sum(self) -> Float[np.ndarray, "2"]: return self.a + self.b

class Net:
    def __init__(self, W: Float[np.ndarray, "o i"]): self.W = W
    def __call__(self, x: Float[np.ndarray, "i"]) -> Float[np.ndarray, "o"]: return self.W @ x
    def scale(self, by: float) -> None: self.W = by * self.W
'''


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package on disk, called ``somebodys``, forgotten after the test."""
    inside = tmp_path / "somebodys"
    inside.mkdir()
    (inside / "__init__.py").write_text("from somebodys.code import total\n")
    (inside / "code.py").write_text(PACKAGE)
    (tmp_path / "somebodys_else.py").write_text("def take(x: int) -> int: return x\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("somebodys")]:
        del sys.modules[name]


def refuses(function, *args, **kwargs):
    with pytest.raises(ShapeError):
        function(*args, **kwargs)


def ones(*shape):
    return np.ones(shape)


def test_every_function_and_class_of_a_package(package):
    with install_import_hook("somebodys"):
        code = importlib.import_module("somebodys.code")
    other = importlib.import_module("somebodys_else")
    assert sys.modules["somebodys"].total is code.total
    for _ in range(2):
        assert code.total(ones(2), ones(2)) == 2
        assert code.outer(2)(ones(3)) == 3, "k is no argument, and so is not known"
        refuses(code.outer(2), ones(2, 2))
        assert code.cached(3).shape == (3,)
        assert code.unchecked("x") == other.take("x") == "x"
        assert code.Pair(ones(2), ones(2)).sum.shape == (2,)
        assert code.asks(ones(2), ones(3)), "a function without annotations has axes of its own"
        net = code.Net(ones(2, 3))
        assert net(ones(3)).shape == (2,)
        for bad in (
            lambda: code.total(ones(2), ones(3)),
            lambda: code.Pair(ones(2), ones(3)),
            lambda: code.Pair(ones(3), ones(3)).sum,
            lambda: code.Net(ones(2)),
            functools.partial(net, ones(2, 2)),
            functools.partial(net.scale, "x"),
        ):
            refuses(bad)
    with pytest.raises(ShapeError, match=r"^code\.total: x and y do not fit together\.\n"):
        code.total(ones(2), ones(3))


def test_the_hook_ends_and_takes_what_beartype_is_to_do(package):
    conf = BeartypeConf(is_pep484_tower=True)
    with pytest.warns(UserWarning, match="no package nothing is found, and nothing is checked by"):
        hook = install_import_hook(["nothing", "somebodys.code"], conf)
    code = importlib.import_module("somebodys.code")
    hook.uninstall()
    hook.uninstall()
    code.Net(ones(2, 3)).scale(3)
    refuses(code.Net(ones(2, 3)).scale, "x")
    del sys.modules["somebodys.code"]
    importlib.import_module("somebodys.code").Net(ones(2))


def test_what_is_imported_already_is_said_to_be_unchecked(package):
    importlib.import_module("somebodys")
    with pytest.warns(UserWarning, match="somebodys has been imported already, and is not checked"):
        install_import_hook("somebodys").uninstall()


@pytest.mark.parametrize("bad", [3, [3], "no-name", "", ["a", "b c"]])
def test_what_is_no_package_is_refused(bad):
    with pytest.raises(TypeError, match="install_import_hook: expected names of packages; got"):
        install_import_hook(bad)


def test_pytest_s_option(package):
    (package / "conftest.py").write_text("import somebodys\n")
    (package / "test_it.py").write_text(
        "import numpy as np\n"
        "from somebodys import total\n"
        "def test_it(): assert total(np.ones(2), np.ones((2, 2)).T[0]) == 2\n"
        "def test_bad(): total(np.ones(2), np.ones((2, 2)))\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=short"]
    if "shapecheck_bp_pytest" not in sys.modules:
        command += ["-p", "shapecheck_bp_pytest"]
    done = subprocess.run(
        [*command, "--shapechecked=somebodys,nothing"],
        cwd=package,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, sys.path))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 failed, 1 passed" in done.stdout, done.stdout + done.stderr
    assert "y does not fit" in done.stdout
    assert "shapecheck_bp/shapes" not in done.stdout, "no frame of ours is shown"


def test_a_magic_in_notebooks(monkeypatch):
    testing = pytest.importorskip("IPython.testing.globalipapp", reason="IPython is not installed")
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)  # IPython warns where another is active
    shell = testing.get_ipython() or testing.start_ipython()
    shell.run_line_magic("load_ext", "shapecheck_bp")
    try:
        shell.run_cell("import numpy as np\nfrom jaxtyping import Float\nN = np.ndarray")
        cell = "def f(x: Float[N, 'n'], y: Float[N, 'n']): return 3\n"
        shell.run_line_magic("shapechecked", "on")
        assert shell.run_cell(cell + "f(np.ones(2), np.ones(2))").result == 3
        refuses(shell.user_ns["f"], ones(2), ones(3))
        shell.run_line_magic("shapechecked", "off")
        assert shell.run_cell(cell + "f(np.ones(2), np.ones(3))").result == 3
        with pytest.raises(ValueError, match="^%shapechecked: expected on or off; got 'maybe'"):
            shell.run_line_magic("shapechecked", "maybe")
    finally:
        shell.run_line_magic("unload_ext", "shapecheck_bp")


@shapechecked
class Net:
    """Every kind of method."""

    width = 3

    def __init__(self, W: Float[N, "o i"]) -> None:
        self.W = W

    def __call__(self, x: Float[N, "i"], *more: int) -> "Float[N, 'o']":
        return self.W @ x

    @classmethod
    def square(cls, W: Float[N, "n n"]) -> "Net":
        return cls(W)

    @staticmethod
    def twice(x: Float[N, "n"]) -> Float[N, "2*n"]:
        return np.concatenate([x, x])

    @property
    def bias(self) -> Float[N, "{self.width}"]:
        return ones(3)

    @functools.cached_property
    def rows(self) -> int:
        return len(self.W)

    def plain(self, x):
        return x


def test_a_whole_class():
    for _ in range(2):
        net = Net(ones(2, 3))
        assert net(ones(3), 1).shape == (2,)
        assert net.rows == 2
        assert net.bias.shape == (3,)
        assert net.plain("x") == "x"
        assert Net.twice(ones(2)).shape == (4,)
        net.width = 4
        for bad in (
            lambda: Net(ones(2)),
            functools.partial(net, ones(3, 3)),
            functools.partial(net, ones(3), "x"),
            lambda: Net.square(ones(2, 3)),
            lambda: Net.twice(3),
            lambda net=net: net.bias,
        ):
            refuses(bad)


def test_a_constructor_s_fields_are_checked_however_they_are_filled():
    @shapechecked
    @dataclass
    class Late:
        n: int
        x: Float[N, "n n"] = field(init=False)

        def __post_init__(self):
            self.x = ones(self.n, abs(self.n - 3))

    @shapechecked
    @dataclass
    class Own:
        x: Float[N, "n"]
        y: Float[N, "n"]

        def __init__(self, k: int) -> None:
            self.x, self.y = ones(2), ones(k)

    for _ in range(2):
        with pytest.raises(ShapeError, match=r"x does not fit"):
            Late(1)
        with pytest.raises(ShapeError, match=r"y does not fit"):
            Own(3)
        refuses(Own, "x")
        assert Own(2).y.shape == (2,)


def test_classes_of_attrs_and_pydantic():
    attrs = pytest.importorskip("attrs", reason="attrs is not installed")
    pydantic = pytest.importorskip("pydantic", reason="pydantic is not installed")

    @shapechecked
    @attrs.define
    class Point:
        x: Float[N, "n"]
        _y: Float[N, "n"]

    @shapechecked
    class Model(pydantic.BaseModel):
        model_config = pydantic.ConfigDict(arbitrary_types_allowed=True)
        x: Float[N, "n"]
        y: Float[N, "n"]

    for _ in range(2):
        Point(ones(2), ones(2))
        Model(x=ones(2), y=ones(2))
        refuses(Point, ones(2), ones(3))
        with pytest.raises((ShapeError, pydantic.ValidationError)):
            Model(x=ones(2), y=ones(3))


def test_a_module_of_torch_and_one_of_equinox():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    eqx = pytest.importorskip("equinox", reason="Equinox is not installed")
    jnp = pytest.importorskip("jax.numpy", reason="JAX is not installed")

    @shapechecked
    class Block(torch.nn.Module):
        def __init__(self, n: int) -> None:
            super().__init__()
            self.linear = torch.nn.Linear(n, n)

        def forward(self, x: Float[torch.Tensor, "b n"]) -> Float[torch.Tensor, "b n"]:
            return self.linear(x)

    @shapechecked
    class Linear(eqx.Module):
        W: Float[jnp.ndarray, "o i"]
        b: Float[jnp.ndarray, "o"]

        def __call__(self, x: Float[jnp.ndarray, "i"]) -> Float[jnp.ndarray, "o"]:
            return self.W @ x + self.b

    for _ in range(2):
        assert Block(3)(torch.ones(2, 3)).shape == (2, 3)
        assert Linear(jnp.ones((2, 3)), jnp.ones(2))(jnp.ones(3)).shape == (2,)
        refuses(Block(3), torch.ones(3))
        refuses(Block, "x")
        refuses(Linear, jnp.ones((2, 3)), jnp.ones(3))
        refuses(Linear(jnp.ones((2, 3)), jnp.ones(2)), jnp.ones((3, 3)))


def test_an_equinox_module_with_a_constructor_of_its_own_is_looked_at_when_it_is_made():
    eqx = pytest.importorskip("equinox", reason="Equinox is not installed")
    jax = pytest.importorskip("jax", reason="JAX is not installed")
    jnp = jax.numpy

    @shapechecked
    class Linear(eqx.Module):
        W: Float[jax.Array, "o i"]
        b: Float[jax.Array, "o"]

        def __init__(self, n: int, k: int) -> None:
            self.W, self.b = jnp.ones((n, 2)), jnp.ones(k)

    one = Linear(3, 3)
    for _ in range(2):
        Linear(3, 3)
        refuses(Linear, 3, 2)
        refuses(Linear, "3", 3)
        assert jax.tree.map(np.shape, one).W == (3, 2)
        many = eqx.filter_vmap(lambda _: Linear(3, 3))(jnp.ones(4))
        assert many.W.shape == (4, 3, 2)


def test_partial_functions_and_objects_that_are_called():
    def f(x: Float[N, "b d"], w: Float[N, "d"]) -> Float[N, "b"]:
        return x @ w

    class Scale:
        def __call__(self, x: Float[N, "n"]) -> Float[N, "n"]:
            return x * 2

    g, h = shapechecked(functools.partial(f, w=ones(2))), shapechecked(Scale())
    for _ in range(2):
        assert g(ones(3, 2)).shape == (3,)
        assert h(ones(3)).sum() == 6
        refuses(g, ones(3, 4))
        refuses(h, ones(3, 4))


def test_a_configuration_of_beartype():
    @shapechecked(conf=BeartypeConf(is_pep484_tower=True))
    def f(x: Float[N, "n"], tol: float = 1e-3, *more: float) -> float:
        return 3

    for _ in range(2):
        assert f(ones(2), 1, 1) == 3
        refuses(f, ones(2), "x")
        refuses(f, ones(2), 1, "x")
    refuses(shapechecked(f.__wrapped__), ones(2), 1)


def test_a_named_tuple_inside_another_class_of_its_kind():
    @shapechecked
    class A(NamedTuple):
        x: Float[N, "n"]

    class B(A):
        pass

    B(ones(2))
    refuses(B, ones(2, 2))


@pytest.mark.parametrize(
    ("imports", "decorator"),
    [
        ("from torch import jit", "jit.script"),
        ("import torch.jit as tj", "tj.script"),
        ("from numba import njit as fast", "fast(cache=True)"),
        ("from cupyx import jit", "jit.rawkernel()"),
        ("import typing as t", "t.no_type_check"),
    ],
)
def test_what_another_compiler_reads_is_left_alone_under_any_name(imports, decorator):
    source = f"{imports}\n\n@{decorator}\ndef double(x: int) -> int:\n    return 2 * x"
    assert ast.unparse(Decorating().visit(ast.parse(source))) == ast.unparse(ast.parse(source))
    other = source.replace(imports, "")
    assert "__shapechecked__" in ast.unparse(Decorating().visit(ast.parse(other)))
