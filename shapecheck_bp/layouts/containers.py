"""Weights in whatever frameworks hand them out in: state dicts, lists, pairs, nested dicts.

>>> import numpy as np
>>> state = {"2.bias": np.ones(2), "2.weight": np.ones((2, 4))}
>>> state |= {"0.weight": np.ones((4, 3)), "0.bias": np.ones(4)}
>>> [(one.names, one.W.shape) for one in layers_of(state)]
[(('2.weight', '2.bias'), (2, 4)), (('0.weight', '0.bias'), (4, 3))]
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from shapecheck_bp.layouts.table import Layout

PAIRS = (("weight", "bias"), ("kernel", "bias"), ("W", "b"), ("w", "b"), ("coefs", "intercepts"))


class Named(NamedTuple):
    """One layer's W and b, and what they are called where they come from."""

    W: Any
    b: Any
    names: tuple[str, str]


def layers_of(weights: Any) -> list[Named]:
    """Every layer in a container, in its order.

    Raises:
        ValueError: something that is no W or b of a fully connected layer; nothing is left out.
    """
    if isinstance(weights, Mapping):
        return _of_names(_only_once(list(_flat(weights))))
    if not isinstance(weights, Sequence) or isinstance(weights, str) or not len(weights):
        raise ValueError(
            f"weights: expected a dict by name, a list of (W, b), a list W, b, W, b, … or a pair of"
            f" lists; got {type(weights).__name__}"
        )
    if all(_rank(one) >= 0 for one in weights):
        if len(weights) % 2:
            raise ValueError(f"weights: expected W, b, W, b, …; got {len(weights)} arrays")
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
    found = {}
    for i, pair in enumerate(pairs):
        for name, array in zip(line.names, pair, strict=True):
            found[name.format(i=i * line.step, l=i + 1)] = array
    return found


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
    found, used = [], set()
    for name, W in flat.items():
        for weight, bias in PAIRS:
            if not (match := re.fullmatch(rf"(.*?)({weight})(_?\d*)", name)):
                continue
            other = f"{match[1]}{bias}{match[3]}"
            if other in flat and other not in used and _rank(W) == 2:
                found.append((W, flat[other], (name, other)))
                used |= {name, other}
                break
    if left := [name for name in flat if name not in used]:
        raise ValueError(
            f"weights: expected a W of two axes and its b for every layer, called weight and bias,"
            f" kernel and bias, W1 and b1, …; not so: {', '.join(left)}; and nothing is left out"
        )
    return _checked([(W, b) for W, b, _ in found], lambda i: found[i][2])


def _checked(
    pairs: Sequence[tuple[Any, Any]], name: Callable[[int], tuple[str, str]]
) -> list[Named]:
    for i, pair in enumerate(pairs):
        for array, called, ranks in zip(pair, name(i), ((2,), (1, 2)), strict=True):
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
