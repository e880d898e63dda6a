"""Real arrays for every public function, found by the names of its parameters.

>>> from shapecheck_bp import Network, column
>>> net = Network((4, 3, 2))
>>> given = pool(net, column.init(net), np.ones((4, 5)), np.ones((2, 5)) / 2)
>>> [call.about for call in calls("softmax", column, given)]
['float64', 'large Z, float64']
>>> [call.about for call in calls("activation_forward", column, given)][:2]
['sigmoid, float64', 'tanh, float64']
"""

from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Any

import numpy as np

from shapecheck_bp import column as shipped
from shapecheck_bp.network import Network
from shapecheck_bp.proof.cases import OUTPUTS, Case, law_for
from shapecheck_bp.proof.rounding import Rounded
from shapecheck_bp.shapes.switch import enforce
from shapecheck_bp.transpose import flip, map_leaves

LARGE = 1e4  # of the Z that no softmax and no sigmoid may overflow on


def pool(net: Network, params: Any, X: Any, Y: Any) -> dict[str, Any]:
    """What a parameter of each name is given; the arrays lie as ``column`` has them.

    Raises:
        Exception: whatever the shipped ``forward`` and ``backward`` may raise, if they are broken.
    """
    with enforce(True):
        cache = shipped.forward(net, params, X)
        grads = shipped.backward(net, params, cache, Y)
    dZ = np.asarray(cache.A[-1] - Y)
    last = params[-1]
    return {
        "net": net,
        "params": params,
        "X": X,
        "Y": Y,
        "cache": cache,
        "grads": grads,
        "A_prev": cache.A[-2],
        "W": last.W,
        "b": last.b,
        "Z": cache.Z[-1],
        "dA": dZ,
        "dZ": dZ,
        "learning_rate": 0.5,
        "labels": np.argmax(Y, axis=0),
        "classes": Y.shape[0],
        "seed": 1,
        "dtype": X.dtype,
        "block_size": None,
    }


def calls(name: str, column: ModuleType, given: Mapping[str, Any]) -> Iterator[Case]:
    """The calls of a function; none where a parameter is not known.

    One for each activation; one with a Z that is large; one in blocks of examples.
    """
    law = law_for(name, column)
    parameters = law.signature.parameters if law else {}
    if law is None or not given.keys() | {"activation"} >= parameters.keys():
        return
    m = given["X"].shape[1]
    others: list[tuple[str, dict[str, Any]]] = [("", {})]
    if "activation" in parameters:
        others = [(activation, {"activation": activation}) for activation in OUTPUTS]
    if "Z" in parameters:
        large = {"Z": LARGE * given["Z"]}
        others += [(f"{about}, large Z".lstrip(", "), one | large) for about, one in others]
    if "block_size" in parameters:
        size = max(1, m // 4)  # at most 4 blocks of one size and a smaller one
        others.append((f"in blocks of {size}", {"block_size": size}))
    for about, other in others:
        known = {**given, **other}
        arguments = tuple(known[parameter] for parameter in parameters)
        yield Case(name, f"{about}, {given['dtype']}".lstrip(", "), arguments)


def lifted(value: Any) -> Any:
    """Every floating-point array as one that knows its rounding."""
    Rounded.random = np.random.default_rng(0)  # the same numbers for the same calls
    return map_leaves(lambda one: Rounded.exact(one) if is_float(one) else one, value)


def is_float(value: Any) -> bool:
    """Whether this is an array of floating-point numbers, or holds one."""
    if isinstance(value, tuple):
        return any(map(is_float, value))
    numeric = isinstance(value, np.ndarray | np.generic)
    return numeric and np.issubdtype(value.dtype, np.floating)


def outcomes(case: Case, column: ModuleType, row: ModuleType) -> tuple[Any, Any]:
    """What each convention returns, row's as column has it; or why it refuses, in words."""
    found = []
    turns: list[tuple[ModuleType, Callable[[Any], Any]]] = [(column, lambda one: one), (row, flip)]
    for bp, turn in turns:
        try:
            with enforce(True):
                found.append(turn(getattr(bp, case.function)(*turn(case.arguments))))
        except ValueError as error:
            found.append(f"refuses: {error}")
    return found[0], found[1]
