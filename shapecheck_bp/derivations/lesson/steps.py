"""One gradient in one convention, step by step: each formula as code, its arrays, and its values.

>>> from shapecheck_bp import Network, column
>>> problem = drawn(Network((3, 4, 2)), m=5)
>>> walk = walked(column, problem)
>>> walk.formulas["dW2"], walk.arrays["dW2"].shape
('dW = dZ @ A_prev.T / m', (2, 4))

A formula may be exchanged. What comes of it is computed, up to where NumPy or the check stops it:

>>> walk = walked(column, problem, {"dA1": "W @ dZ"})
>>> walk.stopped, walk.error.partition(":")[0]
('dA1', 'ValueError')
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import count
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from shapecheck_bp import column
from shapecheck_bp.activations import ACTIVATIONS
from shapecheck_bp.derivations.mistakes import RIGHT, mirrored, right
from shapecheck_bp.losses import squared_error_prime
from shapecheck_bp.network import Cache, Gradient, Layer, Network
from shapecheck_bp.shapes import ShapeError

AXES = {
    "W": "n_out n_in", "W_new": "n_out n_in", "dW": "n_out n_in", "b": "n_out 1", "db": "n_out 1",
    "X": "n_0 m", "Z_prev": "n_in m", "A_prev": "n_in m", "dA_prev": "n_in m",
    "Z": "n_out m", "A": "n_out m", "dA": "n_out m", "dZ": "n_out m", "Y": "n_out m",
}  # fmt: skip
"""What each array's axes are called where examples are columns; in ``row`` the other way round."""

MOST = 8
"""Of units in a layer, and of examples: more cannot be looked at."""


class Problem(NamedTuple):
    """A network, its parameters and its data."""

    net: Network
    params: Any
    X: Any
    Y: Any


class Walk(NamedTuple):
    """What came of the steps, by name: dW2 is the dW of layer 2."""

    formulas: dict[str, str]
    arrays: dict[str, Any]
    stopped: str = ""
    """The step that could not be made, or "update"; or nothing."""
    error: str = ""


def steps(net: Network) -> Iterator[tuple[str, int, str]]:
    """Each step's quantity, its layer and its name, in the order in which they are made.

    >>> [name for *_, name in steps(Network((3, 2)))]
    ['Z1', 'A1', 'J', 'dZ1', 'dW1', 'db1']
    """
    for layer in range(1, net.L + 1):
        yield "Z", layer, f"Z{layer}"
        yield "A", layer, f"A{layer}"
    yield "J", net.L, "J"
    if not net.paired:
        yield "dA", net.L, f"dA{net.L}"
    for layer in range(net.L, 0, -1):
        for quantity in ("dZ", "dW", "db"):
            yield quantity, layer, f"{quantity}{layer}"
        if layer > 1:
            yield "dA_prev", layer, f"dA{layer - 1}"


def names(layer: int) -> dict[str, str]:
    """What a layer's formulas call each array, and its name among all arrays."""
    of_layer = ("W", "W_new", "b", "Z", "A", "dA", "dZ", "dW", "db")
    here = {name: f"{name}{layer}" for name in of_layer}
    below = {f"{name}_prev": f"{name}{layer - 1}" for name in ("Z", "A", "dA")}
    return here | below | {"X": "A0", "Y": "Y", "J": "J"}


def drawn(net: Network, m: int) -> Problem:
    """Small numbers that can be followed, with each unit at work in the first examples.

    They lie as columns. Another activation, or another m up to ``MOST``, leaves all else as it is.
    """
    return next(filter(None, (_drawn(net, m, seed) for seed in count())))


def _drawn(net: Network, m: int, seed: int) -> Problem | None:
    """What this seed gives, if relu would leave no unit without a gradient."""
    random = np.random.default_rng(seed)
    params = tuple(
        Layer(
            np.round(random.normal(size=(n_out, n_in)) / np.sqrt(n_in), 1),
            np.round(random.normal(size=(n_out, 1)) / 2, 1),
        )
        for n_in, n_out in zip(net.sizes, net.sizes[1:], strict=False)
    )
    X = np.round(random.normal(size=(MOST, net.sizes[0])), 1).T
    classes = max(2, net.sizes[-1])
    Y = column.one_hot(random.permutation(MOST) % classes, classes)[-net.sizes[-1] :]
    _, grads = column.gradients(replace(net, hidden="relu"), params, X[:, :3], Y[:, :3])
    if all(np.all(np.any(dW != 0, axis=1)) for dW, _ in grads):
        return Problem(net, params, X[:, :m], Y[:, :m])
    return None


def walked(bp: ModuleType, problem: Problem, wrong: Mapping[str, str] | None = None) -> Walk:
    """Make all steps, each by a call of the library's own function; or by what stands instead.

    Args:
        bp: ``column`` or ``row``.
        problem: whose arrays lie as ``bp`` has them.
        wrong: what is computed instead, by the step's name, as Python.
    """
    net, wrong = problem.net, wrong or {}
    arrays = {"A0": problem.X, "Y": problem.Y}
    for layer, (W, b) in enumerate(problem.params, start=1):
        arrays |= {f"W{layer}": W, f"b{layer}": b}
    layers = range(1, net.L + 1)
    walk, name = Walk({}, arrays), ""
    try:
        for quantity, layer, name in steps(net):
            scope = {n: arrays[key] for n, key in names(layer).items() if key in arrays}
            if name in wrong:
                walk.formulas[name] = f"{quantity} = {wrong[name]}"
                if "W_new" in wrong[name]:
                    scope["W_new"] = arrays[f"W_new{layer}"] = scope["W"] - scope["dW"]
                g = net.activations[layer - 1]
                arrays[name] = _instead(problem, wrong[name], scope, g)
            elif quantity == "J":
                cache = Cache(
                    tuple(arrays[f"Z{layer}"] for layer in layers),
                    tuple(arrays[f"A{layer}"] for layer in (0, *layers)),
                )
                walk.formulas[name] = _formula(bp, "J", layer, net)
                arrays[name] = bp.cost(net, cache, problem.Y)
            else:
                walk.formulas[name] = _formula(bp, quantity, layer, net)
                arrays[name] = _right(bp, net, quantity, net.activations[layer - 1], scope)
        name = "update"
        grads = (Gradient(arrays[f"dW{layer}"], arrays[f"db{layer}"]) for layer in layers)
        bp.update(problem.params, tuple(grads), 1.0)
    except (ShapeError, ValueError) as error:
        said = f"{type(error).__name__}: {error}".partition("\n")[0]
        return walk._replace(stopped=name, error=said)
    return walk


def _instead(problem: Problem, code: str, scope: dict[str, Any], g: str) -> Any:
    """What a wrong formula gives."""
    net = problem.net
    m = problem.X.size // net.sizes[0]
    others = {"np": np, "m": m, "n_L": net.sizes[-1]}
    if g in ACTIVATIONS:
        others["g_prime"] = ACTIVATIONS[g].g_prime
    return eval(code.replace("g'(", "g_prime("), scope | others)


def _formula(bp: Any, quantity: str, layer: int, net: Network) -> str:
    """The right line as one says it: without axes, and with one g for all activations."""
    code = RIGHT["A"] if quantity == "A" else right(quantity, layer, net)
    code = mirrored(code) if bp.EXAMPLES_AXIS == 0 else code
    return f"{quantity} = {re.sub(r'np[.]|, axis=[01]|, keepdims=True', '', code)}"


def _right(bp: Any, net: Network, quantity: str, g: str, s: dict[str, Any]) -> Any:
    """What the library's function gives."""
    if quantity == "dA":
        return squared_error_prime(s["A"], s["Y"])
    if quantity == "dZ" and net.paired and "dA" not in s:
        return s["A"] - s["Y"]
    function, arguments = {
        "Z": (bp.linear_forward, (s.get("A_prev"), s["W"], s["b"])),
        "A": (bp.activation_forward, (s.get("Z"), g)),
        "dZ": (bp.activation_backward, (s.get("dA"), s.get("Z"), g)),
        "dW": (bp.weights_backward, (s.get("dZ"), s["A_prev"])),
        "db": (bp.weights_backward, (s.get("dZ"), s["A_prev"])),
        "dA_prev": (bp.linear_backward, (s.get("dZ"), s["A_prev"], s["W"])),
    }[quantity]
    value = function(*arguments)
    if isinstance(value, tuple):
        value = value[("dA_prev", "dW", "db")[-len(value) :].index(quantity)]
    return value
