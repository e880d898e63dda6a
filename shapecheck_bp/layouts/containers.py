"""Weights in whatever frameworks hand them out in: state dicts, lists, pairs, nested dicts.

>>> import numpy as np
>>> state = {"2.bias": np.ones(2), "2.weight": np.ones((2, 4))}
>>> state |= {"0.weight": np.ones((4, 3)), "0.bias": np.ones(4)}
>>> [(one.names, one.W.shape) for one in layers_of(state)]
[(('2.weight', '2.bias'), (2, 4)), (('0.weight', '0.bias'), (4, 3))]
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from shapecheck_bp.layouts.table import Layout

PAIRS = [("weight", "bias"), ("kernel", "bias"), ("weights", "biases"), ("W", "b"), ("w", "b")]
PAIRS += [("coefs", "intercepts")]


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
        return _of_names(_only_once(list(_flat(weights))))
    if hasattr(weights, "coefs_") and hasattr(weights, "intercepts_"):  # a scikit-learn estimator
        weights = (weights.coefs_, weights.intercepts_)
    if not isinstance(weights, Sequence) or isinstance(weights, str) or not len(weights):
        raise ValueError(
            f"weights: expected a dict by name, a list of (W, b), a list W, b, W, b, … or a pair of"
            f" lists; got {type(weights).__name__}"
        )
    if all(_rank(one) >= 0 for one in weights):
        no_b = all(_rank(one) == 2 and 1 not in one.shape for one in weights)
        if _with_bias_columns(weights):
            raise ValueError(
                "weights: expected W, b, W, b, …; here each W has its bias in its first column:"
                " pass [(W[:, 1:], W[:, :1]) for W in weights] and layout='column'"
            )
        if len(weights) % 2 or no_b:
            raise ValueError(
                f"weights: expected W, b, W, b, …; got {len(weights)} arrays, of shapes"
                f" {', '.join(str(tuple(one.shape)) for one in weights[:6])}; for layers without"
                " biases pass {f'W{i}': W for i, W in enumerate(weights)}"
            )
        pairs = list(zip(weights[::2], weights[1::2], strict=True))
        return _checked(pairs, lambda i: (f"weights[{2 * i}]", f"weights[{2 * i + 1}]"))
    items = [_fields(one) for one in weights]
    if len(items) == 2 and _are_lists(items):
        if len(items[0]) != len(items[1]):
            told = f"{len(items[0])} W and {len(items[1])} b"
            raise ValueError(f"weights: expected as many W as b; got {told}")
        pairs = list(zip(*items, strict=True))
        return _checked(pairs, lambda i: (f"weights[0][{i}]", f"weights[1][{i}]"))
    if not all(len(one) == 2 for one in items):
        raise ValueError("weights: expected a (W, b) for each layer, or a list of W and one of b")
    pairs = [(one[0], one[1]) for one in items]
    return _checked(pairs, lambda i: (f"weights[{i}].W", f"weights[{i}].b"))


def _with_bias_columns(weights: Sequence[Any]) -> bool:
    """Whether each W has as many columns as the units before it, and one more."""
    if len(weights) < 2 or any(_rank(one) != 2 for one in weights):
        return False
    return all(
        before.shape[0] > 1 and before.shape[0] + 1 == one.shape[1] != before.shape[1]
        for before, one in pairwise(weights)
    )


def _are_lists(items: Sequence[Sequence[Any]]) -> bool:
    """Whether these two are all W and all b, and not the (W, b) of two layers."""
    if len(items[0]) == len(items[1]) == 2 and {_rank(one) for pair in items for one in pair} == {
        2
    }:
        lists, pairs = (
            all(1 in b.shape for b in biases) for biases in (items[1], [items[0][1], items[1][1]])
        )
        if lists == pairs and all(isinstance(one, list) for one in items):
            raise ValueError(
                "weights: could be two layers, or all W and all b; pass a tuple (W, b) for each"
            )
        return lists and not pairs
    return all(_rank(W) == 2 for W in items[0]) and len(items[0]) > 0


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
        *folders, last = name.split("/")
        place = nested
        for folder in folders:
            place = place.setdefault(folder, {})
        place[last] = array
    return nested


def by_name(pairs: Sequence[tuple[Any, Any]], line: Layout) -> dict[str, Any]:
    """W and b of each layer by the names that a layout has for them."""
    return {
        name.format(i=i * line.step, l=i + 1): array
        for i, pair in enumerate(pairs)
        for name, array in zip(line.names, pair, strict=True)
    }


def like(
    template: Mapping[Any, Any], arrays: Mapping[str, Any], before: str = ""
) -> dict[Any, Any]:
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


def _only_once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"weights: expected every name once; {name} is there twice")
        found[name] = value
    return found


def _of_names(flat: Mapping[str, Any]) -> list[Named]:
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
            " the part whose names begin so"
        )
    bare = [one for one in found if one.b is None]
    if bare and len(bare) < len(found):
        W, b = bare[0].names
        raise ValueError(
            f"weights: {W} has no bias, and others have; where that is meant, add {b!r} with zeros"
        )
    return _checked([one[:2] for one in found], lambda i: found[i].names)


def _checked(
    pairs: Sequence[tuple[Any, Any]], name: Callable[[int], tuple[str, str]]
) -> list[Named]:
    for i, pair in enumerate(pairs):
        for array, called, ranks in zip(pair, name(i), ((2,), (1, 2)), strict=True):
            if array is None and len(ranks) > 1:
                continue  # a layer without a bias
            if _rank(array) not in ranks or isinstance(array, np.matrix | np.ma.MaskedArray):
                got = getattr(array, "shape", type(array).__name__)
                raise ValueError(
                    f"{called}: expected an array of {' or '.join(map(str, ranks))} axes; got {got}"
                )
    if not pairs:
        raise ValueError("weights: expected at least one layer; got none")
    return [Named(W, b, name(i)) for i, (W, b) in enumerate(pairs)]


def _fields(one: Any) -> Sequence[Any]:
    if isinstance(one, Mapping):
        return [layer for found in layers_of(one) for layer in found[:2]]
    if hasattr(one, "weight") and hasattr(one, "bias"):
        return one.weight, one.bias
    return one if isinstance(one, Sequence) else ()


def _rank(array: Any) -> int:
    """The number of axes; -1 of what is no array."""
    shape = getattr(array, "shape", None)
    return len(shape) if hasattr(array, "dtype") and isinstance(shape, tuple) else -1
