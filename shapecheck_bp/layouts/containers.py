"""What weights are handed out in: state dicts, lists, pairs, dicts inside dicts.

>>> import numpy as np
>>> state = {"2.bias": np.ones(2), "2.weight": np.ones((2, 4))}
>>> state |= {"0.weight": np.ones((4, 3)), "0.bias": np.ones(4)}
>>> [(one.names, one.W.shape) for one in layers_of(state)]
[(('2.weight', '2.bias'), (2, 4)), (('0.weight', '0.bias'), (4, 3))]
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from shapecheck_bp.layouts.table import Named, expected
from shapecheck_bp.shapes.arrays import Array

BIASES = {"weight": "bias", "kernel": "bias", "weights": "biases", "coefs": "intercepts"}
BIASES |= {"W": "b", "w": "b"}
"""What b is called where W is called so."""
IN_W = "where the first column of each W is its bias, pass [(W[:, 1:], W[:, :1]) for W in weights]"


def layers_of(weights: Any, what: str = "weights") -> list[Named]:
    """Every layer in a container, in its order; ``what`` it is called in errors.

    Raises:
        ValueError: something that is no W or b of a fully connected layer; nothing is left out.
    """
    if hasattr(weights, "coefs_") and hasattr(weights, "intercepts_"):  # a scikit-learn estimator
        weights = (weights.coefs_, weights.intercepts_)
    if isinstance(weights, Mapping):
        found = _of_names(_flat(weights))
    elif isinstance(weights, Sequence) and not isinstance(weights, str):
        pairs = enumerate(_pairs(weights, what))
        found = [Named(W, b, (f"{what}[{i}].W", f"{what}[{i}].b")) for i, (W, b) in pairs]
    else:
        wanted = "a dict by name, a list of (W, b), a list W, b, W, b, … or a pair of lists"
        raise expected(what, wanted, type(weights).__name__)
    return checked(found, what)


def checked(layers: list[Named], what: str = "weights") -> list[Named]:
    """The layers, if there are any, and each has a W of two axes and a b of one."""
    if not layers:
        raise expected(what, "at least one fully connected layer", "none")
    for W, b, (W_name, b_name) in layers:
        if not _is_W(W):
            raise expected(W_name, "an array of 2 axes", getattr(W, "shape", type(W).__name__))
        if not _is_b(b):
            wanted = "an array of n_out numbers, or None where there is no bias"
            raise expected(b_name, wanted, f"{getattr(b, 'shape', type(b).__name__)}; {IN_W}")
    return layers


def arrays_of(layers: Iterable[Named]) -> dict[str, Any]:
    """The arrays of layers by name."""
    return dict(pair for one in layers for pair in one.arrays())


PACKED: dict[str, Callable[[Sequence[Named]], Any]] = {
    "layers": lambda layers: [(one.W, one.b) for one in layers],
    "list": lambda layers: [array for one in layers for array in (one.W, one.b)],
    "pair": lambda layers: ([one.W for one in layers], [one.b for one in layers]),
    "flat": arrays_of,
    "nested": lambda layers: {
        one.names[0].split("/")[0]: {name.split("/")[1]: array for name, array in one.arrays()}
        for one in layers
    },
}
"""What puts layers into a container of each form."""


def refilled(template: Mapping[Any, Any], arrays: Mapping[str, Any], before: str = "") -> Any:
    """Other values in the dicts of a template, by their names."""
    return {
        key: refilled(value, arrays, f"{before}{key}/")
        if isinstance(value, Mapping)
        else arrays[f"{before}{key}"]
        for key, value in template.items()
    }


def some(names: Sequence[str]) -> str:
    """Names in an error, which are not all told if they are many."""
    return ", ".join(names if len(names) < 7 else [*names[:3], "…", names[-1]])


def _flat(weights: Mapping[Any, Any], before: str = "") -> dict[str, Any]:
    """The arrays in dicts inside dicts, with the names on the way to them."""
    flat: dict[str, Any] = {}
    for key, value in weights.items():
        name = f"{before}{key}"
        inside = _flat(value, f"{name}/") if isinstance(value, Mapping) else {name: value}
        if twice := flat.keys() & inside.keys():
            raise expected("weights", "every name once", f"{min(twice)} twice")
        flat |= inside
    return flat


def _of_names(arrays: Mapping[str, Any]) -> list[Named]:
    found: list[Named] = []
    for name, W in arrays.items():
        match = re.fullmatch(rf"(.*?)({'|'.join(BIASES)})(_?\d*(?::0)?)", name)
        if match and _is_W(W):
            other = f"{match[1]}{BIASES[match[2]]}{match[3]}"
            found.append(Named(W, arrays.get(other), (name, other)))
    used = arrays_of(found)
    if left := [name for name in arrays if name not in used]:
        raise ValueError(
            f"weights: expected a W of two axes and its b for every layer, called weight and bias,"
            f" kernel and bias, W1 and b1, …; not so: {some(left)}; and nothing is left out; only="
            " takes the part of a file whose names begin so, and [*weights.values()] is"
            " W, b, W, b, … if that is their order"
        )
    bare = [one.names for one in found if one.b is None]
    if bare and len(bare) < len(found):
        raise ValueError(
            f"weights: {bare[0][0]} has no bias, and others have; where that is meant, add"
            f" {bare[0][1]!r} with zeros"
        )
    return found


def _pairs(weights: Sequence[Any], what: str) -> list[tuple[Any, Any]]:
    """W and b of each layer, from W, b, W, b, …, from pairs, or from all W and all b."""
    items = [_fields(one) for one in weights]
    in_turn = [array for one in items for array in one]
    Ws: Sequence[Any] = in_turn[::2]
    bs: Sequence[Any] = in_turn[1::2]
    if len(items) == 2 and all(map(_is_W, items[0])) and all(map(_is_b, items[1])):
        if not (all(map(_is_W, Ws)) and all(map(_is_b, bs))):
            Ws, bs = items
        elif len(Ws) > 1 and all(isinstance(one, list) for one in weights):
            raise ValueError(
                f"{what}: could be two layers, or all W and all b; pass a tuple (W, b) for each"
            )
    if len(Ws) != len(bs):
        told = f"{len(Ws)} W and {len(bs)} b; {IN_W}"
        raise expected(what, "W, b, W, b, …, as many W as b, or a (W, b) for each layer", told)
    return [*zip(Ws, bs, strict=True)]


def _fields(one: Any) -> Sequence[Any]:
    """The arrays in an item of a list: a layer, as a pair, a dict or an object, or one array."""
    if isinstance(one, Mapping):
        return [array for layer in layers_of(one) for array in layer[:2]]
    if hasattr(one, "weight") and hasattr(one, "bias"):
        return one.weight, one.bias
    return one if isinstance(one, Sequence) and not isinstance(one, str) else [one]


def _is_W(one: Any) -> bool:
    return isinstance(one, Array) and len(one.shape) == 2  # type: ignore[misc]


def _is_b(one: Any) -> bool:
    if one is None or _is_W(one):
        return one is None or 1 in one.shape
    return isinstance(one, Array) and len(one.shape) == 1  # type: ignore[misc]
