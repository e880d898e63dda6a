"""Weights in whatever frameworks hand them out in: state dicts, lists, pairs, nested dicts.

>>> import numpy as np
>>> state = {"2.bias": np.ones(2), "2.weight": np.ones((2, 4))}
>>> state |= {"0.weight": np.ones((4, 3)), "0.bias": np.ones(4)}
>>> [(one.names, one.W.shape) for one in layers_of(state)]
[(('2.weight', '2.bias'), (2, 4)), (('0.weight', '0.bias'), (4, 3))]
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from shapecheck_bp.layouts.table import Layout

PAIRS = [("weight", "bias"), ("kernel", "bias"), ("weights", "biases"), ("W", "b"), ("w", "b")]
PAIRS += [("coefs", "intercepts")]
BIAS_COLUMNS = (
    "weights: expected W, b, W, b, …; here each W has its bias in its first column: pass"
    " [(W[:, 1:], W[:, :1]) for W in weights] and layout='column'"
)


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


def layers_of(weights: Any) -> list[Named]:
    """Every layer in a container, in its order.

    Raises:
        ValueError: something that is no W or b of a fully connected layer; nothing is left out.
    """
    if isinstance(weights, Mapping):
        return _of_names(weights)
    if hasattr(weights, "coefs_") and hasattr(weights, "intercepts_"):  # a scikit-learn estimator
        weights = (weights.coefs_, weights.intercepts_)
    if not isinstance(weights, Sequence) or isinstance(weights, str) or not len(weights):
        raise ValueError(
            f"weights: expected a dict by name, a list of (W, b), a list W, b, W, b, … or a pair of"
            f" lists; got {type(weights).__name__}"
        )
    names = "weights[{i}].W", "weights[{i}].b"
    if all(_rank(one) >= 0 for one in weights):
        matrices = all(_rank(one) == 2 and 1 not in one.shape[:1] for one in weights[:-1])
        steps = [(a.shape, b.shape) for a, b in pairwise(weights)] if matrices else []
        if steps and all(len(b) == 2 and a[0] + 1 == b[1] != a[1] for a, b in steps):
            raise ValueError(BIAS_COLUMNS)
        if len(weights) % 2 or not any(map(_may_be_bias, weights)):
            raise ValueError(
                f"weights: expected W, b, W, b, …; got {len(weights)} arrays; for layers without"
                " biases pass {f'W{i}': W for i, W in enumerate(weights)}"
            )
        items: list[Sequence[Any]] = [*zip(weights[::2], weights[1::2], strict=True)]
        names = "weights[{W}]", "weights[{b}]"
    else:
        items = [_fields(one) for one in weights]
        pairs = all(len(one) == 2 and _rank(one[0]) == 2 and _may_be_bias(one[1]) for one in items)
        if len(items) == 2 and items[0] and all(_rank(W) == 2 for W in items[0]):
            lists = all(map(_may_be_bias, items[1]))
            if lists and pairs and all(isinstance(one, list) for one in items):
                raise ValueError(
                    "weights: could be two layers, or all W and all b; pass a tuple (W, b) for each"
                )
            if lists and not pairs:
                if len(items[0]) != len(items[1]):
                    told = f"{len(items[0])} W and {len(items[1])} b"
                    raise ValueError(f"weights: expected as many W as b; got {told}")
                items, names = [*zip(*items, strict=True)], ("weights[0][{i}]", "weights[1][{i}]")
    if not all(len(one) == 2 for one in items):
        raise ValueError("weights: expected a (W, b) for each layer, or a list of W and one of b")
    found = []
    for i, (W, b) in enumerate(items):
        found.append(
            Named(W, b, (names[0].format(i=i, W=2 * i), names[1].format(i=i, b=2 * i + 1)))
        )
    return _checked(found)


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


def _flat(weights: Mapping[Any, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in weights.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{key}/")
        else:
            yield f"{before}{key}", value


def _of_names(weights: Mapping[Any, Any]) -> list[Named]:
    flat: dict[str, Any] = {}
    for name, value in _flat(weights):
        if name in flat:
            raise ValueError(f"weights: expected every name once; {name} is there twice")
        flat[name] = value
    found: list[Named] = []
    for name, W in flat.items():
        for weight, bias in PAIRS:
            if _rank(W) == 2 and (match := re.fullmatch(rf"(.*?){weight}(_?\d*(?::0)?)", name)):
                other = f"{match[1]}{bias}{match[2]}"
                found.append(Named(W, flat.get(other), (name, other)))
                break
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
    return _checked(found)


def _checked(layers: list[Named]) -> list[Named]:
    for one in layers:
        for name, array, ranks in zip(one.names, one[:2], ((2,), (1, 2)), strict=True):
            if array is None and 1 in ranks:
                continue
            if _rank(array) not in ranks or isinstance(array, np.matrix | np.ma.MaskedArray):
                wanted = " or ".join(map(str, ranks))
                got = getattr(array, "shape", type(array).__name__)
                raise ValueError(f"{name}: expected an array of {wanted} axes; got {got}")
    if not layers:
        raise ValueError("weights: expected at least one layer; got none")
    return layers


def _fields(one: Any) -> Sequence[Any]:
    """A layer's W and b, if it is a pair of them, or has them as attributes, or a list."""
    if isinstance(one, Mapping):
        return [layer for found in layers_of(one) for layer in found[:2]]
    if hasattr(one, "weight") and hasattr(one, "bias"):
        return one.weight, one.bias
    return one if isinstance(one, Sequence) else ()


def _may_be_bias(array: Any) -> bool:
    return _rank(array) == 1 or (_rank(array) == 2 and 1 in array.shape) or array is None


def _rank(array: Any) -> int:
    """The number of axes; -1 of what is no array."""
    shape = getattr(array, "shape", None)
    return len(shape) if hasattr(array, "dtype") and isinstance(shape, tuple) else -1
