"""Weights in whatever frameworks hand them out in: state dicts, lists, pairs, nested dicts.

>>> import numpy as np
>>> state = {"2.bias": np.ones(2), "2.weight": np.ones((2, 4))}
>>> state |= {"0.weight": np.ones((4, 3)), "0.bias": np.ones(4)}
>>> [(one.names, one.W.shape) for one in layers_of(state)]
[(('2.weight', '2.bias'), (2, 4)), (('0.weight', '0.bias'), (4, 3))]
"""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from shapecheck_bp.layouts.table import Layout, expected
from shapecheck_bp.shapes.arrays import Array

BIASES = {"weight": "bias", "kernel": "bias", "weights": "biases", "coefs": "intercepts"}
BIASES |= {"W": "b", "w": "b"}
"""What b is called where W is called so."""


class Named(NamedTuple):
    """One layer's W and b, and what they are called where they come from."""

    W: Any
    b: Any
    """None where the layer has no bias."""
    names: tuple[str, str]
    turned: bool = False
    """Whether W lies the other way in its file."""

    def arrays(self) -> list[tuple[str, Any]]:
        """Its arrays, by name."""
        both = zip(self.names, self[:2], strict=True)
        return [(name, array) for name, array in both if array is not None]


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
    if not found:
        raise expected(what, "at least one layer", "none")
    of_b = "an array of n_out numbers, or None where there is no bias"
    for one in found:
        for name, array, fits, wanted in (
            (one.names[0], one.W, _is_W, "an array of 2 axes"),
            (one.names[1], one.b, _is_b, of_b),
        ):
            if not fits(array):
                raise expected(name, wanted, getattr(array, "shape", type(array).__name__))
    return found


def packed(pairs: Sequence[tuple[Any, Any]], line: Layout) -> Any:
    """W and b of each layer in the container of a layout."""
    if line.form == "layers":
        return [tuple(pair) for pair in pairs]
    if line.form == "list":
        return [array for pair in pairs for array in pair]
    if line.form == "pair":
        return [W for W, _ in pairs], [b for _, b in pairs]
    flat = by_name(pairs, line)
    if line.form == "flat":
        return flat
    nested: dict[str, Any] = {}
    for name, array in flat.items():
        folder, last = name.split("/")
        nested.setdefault(folder, {})[last] = array
    return nested


def by_name(pairs: Sequence[tuple[Any, Any]], line: Layout) -> dict[str, Any]:
    """W and b of each layer by the names that a layout has for them."""
    return {
        name.format(i=i * line.step, l=i + 1): array
        for i, pair in enumerate(pairs)
        for name, array in zip(line.names, pair, strict=True)
    }


def like(template: Mapping[Any, Any], arrays: Mapping[str, Any], before: str = "") -> Any:
    """Other values in the dicts of a template, by their names."""
    return {
        key: like(value, arrays, f"{before}{key}/")
        if isinstance(value, Mapping)
        else arrays[f"{before}{key}"]
        for key, value in template.items()
    }


def _flat(weights: Mapping[Any, Any], before: str = "") -> dict[str, Any]:
    """The arrays in dicts inside dicts, by the names on the way to them."""
    flat: dict[str, Any] = {}
    for key, value in weights.items():
        name = f"{before}{key}"
        inner = _flat(value, f"{name}/") if isinstance(value, Mapping) else {name: value}
        if twice := flat.keys() & inner.keys():
            raise expected("weights", "every name once", f"{min(twice)} twice")
        flat |= inner
    return flat


def _of_names(flat: Mapping[str, Any]) -> list[Named]:
    found: list[Named] = []
    for name, W in flat.items():
        match = re.fullmatch(rf"(.*?)({'|'.join(BIASES)})(_?\d*(?::0)?)", name)
        if match and _is_W(W):
            other = f"{match[1]}{BIASES[match[2]]}{match[3]}"
            found.append(Named(W, flat.get(other), (name, other)))
    used = {name for one in found for name, _ in one.arrays()}
    if left := [name for name in flat if name not in used]:
        told = ", ".join(left[:6] + ["…"] * (len(left) > 6))
        raise ValueError(
            f"weights: expected a W of two axes and its b for every layer, called weight and bias,"
            f" kernel and bias, W1 and b1, …; not so: {told}; and nothing is left out; only= takes"
            " the part of a file whose names begin so, and [*weights.values()] is W, b, W, b, … if"
            " that is their order"
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
    shapes = [one.shape for one in weights] if all(map(_is_W, weights)) else []
    steps = [*pairwise(shapes)]
    if steps and all(a[0] > 1 and a[0] + 1 == b[1] != a[1] for a, b in steps):
        raise ValueError(
            f"{what}: expected W, b, W, b, …; here each W has its bias in its first column: pass"
            " [(W[:, 1:], W[:, :1]) for W in weights] and layout='column'"
        )
    items = [_fields(one) for one in weights]
    in_turn = [array for one in items for array in one]
    Ws: Sequence[Any] = in_turn[::2]
    bs: Sequence[Any] = in_turn[1::2]
    if len(items) == 2 and all(map(_is_W, items[0])) and all(map(_is_b, items[1])):
        pairs = all(len(one) == 2 for one in items) and all(map(_is_W, Ws)) and all(map(_is_b, bs))
        if pairs and all(isinstance(one, list) for one in weights):
            raise ValueError(
                f"{what}: could be two layers, or all W and all b; pass a tuple (W, b) for each"
            )
        Ws, bs = (Ws, bs) if pairs else items
    if len(Ws) != len(bs):
        told = f"{len(Ws)} W and {len(bs)} b"
        raise expected(what, "W, b, W, b, …, as many W as b, or a (W, b) for each layer", told)
    return [*zip(Ws, bs, strict=True)]


def _fields(one: Any) -> Sequence[Any]:
    """The arrays in an item of a list: a layer, as a pair, a dict or an object, or one array."""
    if isinstance(one, Mapping):
        return [array for layer in layers_of(one) for array in layer[:2]]
    if hasattr(one, "weight") and hasattr(one, "bias"):
        return one.weight, one.bias
    return one if isinstance(one, Sequence) and not isinstance(one, str) else [one]


def _rank(one: Any) -> int:
    """The number of axes; -1 of what is no array."""
    return len(one.shape) if isinstance(one, Array) else -1  # type: ignore[misc]


def _is_W(one: Any) -> bool:
    return _rank(one) == 2


def _is_b(one: Any) -> bool:
    return one is None or _rank(one) == 1 or (_rank(one) == 2 and 1 in one.shape)
