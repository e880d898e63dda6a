"""Weights in whatever frameworks hand them out in: state dicts, lists, pairs, nested dicts.

>>> import numpy as np
>>> state = {"2.bias": np.ones(2), "2.weight": np.ones((2, 4))}
>>> state |= {"0.weight": np.ones((4, 3)), "0.bias": np.ones(4)}
>>> [(one.names, one.W.shape) for one in layers_of(state)]
[(('2.weight', '2.bias'), (2, 4)), (('0.weight', '0.bias'), (4, 3))]
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from shapecheck_bp.layouts.table import Layout, expected
from shapecheck_bp.shapes.arrays import Array

BIASES = {"weight": "bias", "kernel": "bias", "weights": "biases", "coefs": "intercepts"}
BIASES |= {"W": "b", "w": "b"}
"""What b is called where W is called so."""
IN_W = "where the first column of each W is its bias, pass [(W[:, 1:], W[:, :1]) for W in weights]"


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
        found = _of_names(weights)
    elif isinstance(weights, Sequence) and not isinstance(weights, str):
        pairs = enumerate(_pairs(weights, what))
        found = [Named(W, b, (f"{what}[{i}].W", f"{what}[{i}].b")) for i, (W, b) in pairs]
    else:
        wanted = "a dict by name, a list of (W, b), a list W, b, W, b, … or a pair of lists"
        raise expected(what, wanted, type(weights).__name__)
    return checked(found, what)


def checked(layers: list[Named], what: str) -> list[Named]:
    """The layers, if there are any, and each has a W of two axes and a b of one."""
    if not layers:
        raise expected(what, "at least one fully connected layer", "none")
    for W, b, (W_name, b_name), _ in layers:
        if not _is_W(W):
            raise expected(W_name, "an array of 2 axes", _told(W))
        if not _is_b(b):
            wanted = "an array of n_out numbers, or None where there is no bias"
            raise expected(b_name, wanted, f"{_told(b)}; {IN_W}")
    return layers


def laid_out(
    params: Iterable[tuple[Any, Any]], line: Layout, like: Sequence[Named] | None = None
) -> list[Named]:
    """Column's parameters as they lie in a layout, by its names, or by those of other layers.

    Raises:
        ValueError: the others have other shapes, or no bias where there is one here.
    """
    here = [Named(*line.of_column(*one), line.names_of(i)) for i, one in enumerate(params)]
    if like is None:
        return here
    shapes, theirs = ([tuple(one.W.shape) for one in layers] for layers in (here, like))
    if shapes != theirs:
        raise expected("like", f"weights of the same shapes, {shapes}", theirs)
    found = []
    for one, other in zip(here, like, strict=True):
        if other.b is None and bool((one.b != 0).any()):
            name = other.names[0]
            raise ValueError(f"like: {name} has no bias there, and one that is not 0 here")
        found.append(other._replace(W=one.W, b=None if other.b is None else one.b))
    return found


def arrays_of(layers: Iterable[Named]) -> dict[str, Any]:
    """The arrays of layers by name."""
    return dict(pair for one in layers for pair in one.arrays())


def packed(layers: Sequence[Named], form: str) -> Any:
    """W and b of each layer in a container of that form."""
    if form == "layers":
        return [(one.W, one.b) for one in layers]
    if form == "list":
        return [array for one in layers for array in (one.W, one.b)]
    if form == "pair":
        return [one.W for one in layers], [one.b for one in layers]
    flat = arrays_of(layers)
    if form == "flat":
        return flat
    nested: dict[str, Any] = {}
    for name, array in flat.items():
        folder, last = name.split("/")
        nested.setdefault(folder, {})[last] = array
    return nested


def refilled(template: Mapping[Any, Any], arrays: Mapping[str, Any], before: str = "") -> Any:
    """Other values in the dicts of a template, by their names."""
    return {
        key: refilled(value, arrays, f"{before}{key}/")
        if isinstance(value, Mapping)
        else arrays[f"{before}{key}"]
        for key, value in template.items()
    }


def _flat(weights: Mapping[Any, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """The arrays in dicts inside dicts, with the names on the way to them."""
    for key, value in weights.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{key}/")
        else:
            yield f"{before}{key}", value


def _of_names(weights: Mapping[Any, Any]) -> list[Named]:
    flat: dict[str, Any] = {}
    for name, array in _flat(weights):
        if name in flat:
            raise expected("weights", "every name once", f"{name} twice")
        flat[name] = array
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


def _rank(one: Any) -> int:
    """The number of axes; -1 of what is no array."""
    return len(one.shape) if isinstance(one, Array) else -1  # type: ignore[misc]


def _is_W(one: Any) -> bool:
    return _rank(one) == 2


def _is_b(one: Any) -> bool:
    return one is None or _rank(one) == 1 or (_rank(one) == 2 and 1 in one.shape)


def _told(one: Any) -> Any:
    return getattr(one, "shape", type(one).__name__)
