"""Real arrays for every public function, found by the names of its parameters.

>>> from shapecheck_bp import Network, column
>>> net = Network((4, 3, 2))
>>> given = pool(net, column.init(net), np.ones((4, 5)), np.ones((2, 5)) / 2)
>>> [call.about for call in calls("softmax", column, given)]
['']
>>> [call.about for call in calls("activation_forward", column, given)][:2]
['sigmoid', 'tanh']
"""

from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

import numpy as np

from shapecheck_bp import column as shipped
from shapecheck_bp.network import Network
from shapecheck_bp.proof.cases import OUTPUTS, Case, law_for
from shapecheck_bp.proof.rounding import Rounded
from shapecheck_bp.shapes.law import Law
from shapecheck_bp.shapes.switch import enforce
from shapecheck_bp.transpose import flip, map_leaves

NO_ARGUMENTS = "its parameters have names that no array is known for"


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
        "block_size": max(1, X.shape[1] // 4),  # at most 4 blocks of one size and a smaller one
    }


def calls(name: str, column: ModuleType, given: Mapping[str, Any]) -> Iterator[Case]:
    """The calls of a function; none where a parameter is not known.

    One for each activation; and one on all examples at once, and one in blocks of them.
    """
    law = law_for(name, column)
    parameters = law.signature.parameters if law else {}
    for activation in OUTPUTS if "activation" in parameters else ("",):
        known = {**given, "activation": activation}
        if law and all(parameter in known for parameter in parameters):
            case = Case(name, activation, tuple(known[parameter] for parameter in parameters))
            if "block_size" in parameters:
                yield case._replace(arguments=(*case.arguments[:-1], None))
                net, size = given["net"], given["block_size"]
                case = case._replace(about=f"{net.hidden}, {net.output}, in blocks of {size}")
            yield case


def at_once(case: Case, law: Law | None) -> Case | None:
    """The call on all examples at once, of one in blocks of them."""
    if law is None or "block_size" not in law.signature.parameters or case.arguments[-1] is None:
        return None
    return case._replace(arguments=(*case.arguments[:-1], None))


def lifted(value: Any) -> Any:
    """Every floating-point array as one that knows its rounding."""
    Rounded.random = np.random.default_rng(0)  # the same signs for the same calls
    return map_leaves(lambda one: Rounded(one) if is_float(one) else one, value)


def is_float(value: Any) -> bool:
    """Whether this is an array of floating-point numbers."""
    numeric = isinstance(value, np.ndarray | np.generic)
    return numeric and np.issubdtype(value.dtype, np.floating)


def unlike(a: Any, b: Any) -> str:
    """What differs in two results, bit by bit."""
    if not isinstance(a, np.ndarray | np.generic):
        return "" if a is b else f"flip of column: {a!r}; row: {b!r}"
    if (a.shape, a.dtype) != (b.shape, b.dtype):
        return f"flip of column: {a.shape} {a.dtype}; row: {b.shape} {b.dtype}"
    count = int(np.sum(a != b))
    return f"{count} of {a.size} entries differ" if count else ""


def outcomes(case: Case, column: ModuleType, row: ModuleType) -> tuple[Any, Any]:
    """What each convention returns, row's as it lies there; or why it refuses, in words."""
    found = []
    for bp, arguments in ((column, case.arguments), (row, flip(case.arguments))):
        try:
            with enforce(True):
                found.append(getattr(bp, case.function)(*arguments))
        except ValueError as error:
            found.append(f"refuses: {error}")
    return found[0], found[1]
