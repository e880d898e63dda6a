"""The axes and dtypes that every public function declares, as the README has them."""

import importlib
import inspect
from typing import get_args, get_type_hints

import pytest

from shapecheck_bp import column
from shapecheck_bp.shapes.annotations import is_array_hint

# As column has them; row has the axes of each matrix in reverse.
LAYERS = [("n[l] n[l-1]", "n[l] 1"), ...]
CACHE = (["n[l] m", ...], ["n[l-1] m", ...])
DECLARED = {
    "linear_forward": {"A_prev": "n_in m", "W": "n_out n_in", "b": "n_out 1", "return": "n_out m"},
    "softmax": {"Z": "n m", "return": "n m"},
    "log_softmax": {"Z": "n m", "return": "n m"},
    "activation_forward": {"Z": "n m", "return": "n m"},
    "activation_backward": {"dA": "n m", "Z": "n m", "return": "n m"},
    "weights_backward": {"dZ": "n_out m", "A_prev": "n_in m", "return": ("n_out n_in", "n_out 1")},
    "linear_backward": {
        "dZ": "n_out m",
        "A_prev": "n_in m",
        "W": "n_out n_in",
        "return": ("n_in m", "n_out n_in", "n_out 1"),
    },
    "init": {"return": LAYERS},
    "forward": {"params": LAYERS, "X": "n[0] m", "return": CACHE},
    "cost": {"cache": CACHE, "Y": "n[L] m", "return": ""},
    "backward": {"params": LAYERS, "cache": CACHE, "Y": "n[L] m", "return": LAYERS},
    "gradients": {"params": LAYERS, "X": "n[0] m", "Y": "n[L] m", "return": ("", LAYERS)},
    "update": {"params": LAYERS, "grads": LAYERS, "learning_rate": ("",), "return": LAYERS},
    "predict": {"params": LAYERS, "X": "n[0] m", "return": "m"},
    "one_hot": {"labels": "m", "return": "classes m"},
    "check_data": {"X": "n[0] m", "Y": "n[L] m"},
}
DEFAULTS = {
    "init": {"seed": 0, "dtype": "float64"},
    "gradients": {"block_size": None},
    "one_hot": {"dtype": None},
}
INTEGERS = {("predict", "return"), ("one_hot", "labels")}


def axes(hint):
    """The axes of an annotation's arrays: a list where there may be any number of an item."""
    if is_array_hint(hint):
        return hint.dim_str
    inside = [axes(part) for part in get_args(hint) if axes(part) is not None]
    if Ellipsis in get_args(hint):
        return [*inside, ...]
    return tuple(inside) or None


def dtypes(hint):
    if is_array_hint(hint):
        return {hint.dtype.__name__}
    return set().union(*map(dtypes, get_args(hint)))


def reverse(declared):
    """The same with the axes of every matrix in reverse, as flip does it."""
    if isinstance(declared, str):
        return " ".join(declared.split()[::-1])
    if isinstance(declared, tuple | list):
        return type(declared)(map(reverse, declared))
    return declared


def test_every_function_is_here():
    assert {*DECLARED} == {*column.__all__}


@pytest.mark.parametrize("name", DECLARED)
def test_declared(bp, name):
    declared = DECLARED[name]
    hints = get_type_hints(getattr(bp, name), include_extras=True)
    found = {key: axes(hint) for key, hint in hints.items() if axes(hint) is not None}
    wanted = declared if bp is column else {key: reverse(one) for key, one in declared.items()}
    assert found == wanted
    for key, hint in hints.items():
        if key in declared:
            assert dtypes(hint) == {"Integer" if (name, key) in INTEGERS else "Float"}


@pytest.mark.parametrize("name", DECLARED)
def test_declared_is_enforced(bp, name):
    assert getattr(bp, name).__wrapped__.__name__ == name


@pytest.mark.parametrize("name", DECLARED)
def test_defaults(bp, name):
    parameters = inspect.signature(getattr(bp, name)).parameters.values()
    found = {one.name: one.default for one in parameters if one.default is not one.empty}
    assert found == DEFAULTS.get(name, {})


@pytest.mark.parametrize("name", ["column", "row", "shapes"])
def test_what_a_module_offers_it_has(name):
    module = importlib.import_module(f"shapecheck_bp.{name}")
    for offered in module.__all__:
        assert hasattr(module, offered)
