"""What weights are handed out in: state dicts, lists, pairs, dicts inside dicts; and in what order.

A list, a Keras model and a graph have an order. A dict has one that may be a machine's sorting, and
a safetensors file has none: there one number in the names tells it, as in 0.weight and 2.weight.
Where none does the order is the person's, for a wrong one between equal sizes is silent; so it is
where there may be several networks.

>>> import numpy as np
>>> state = {"2.bias": np.ones(2), "2.weight": np.ones((2, 4))}
>>> state |= {"0.weight": np.ones((4, 3)), "0.bias": np.ones(4)}
>>> [(one.names, one.W.shape) for one in layers_of(state)]
[(('2.weight', '2.bias'), (2, 4)), (('0.weight', '0.bias'), (4, 3))]
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from shapecheck_bp.layouts.table import Named, expected
from shapecheck_bp.shapes.arrays import Array

BIASES = {"weight": "bias", "kernel": "bias", "weights": "biases", "coefs": "intercepts"}
BIASES |= {"W": "b", "w": "b"}
"""What b is called where W is called so."""
LISTS = "W, b, W, b, …, or a tuple (W, b) for each layer, or a list of all W and one of all b"
IN_W = "where the first column of each W is its bias, pass [(W[:, 1:], W[:, :1]) for W in weights]"


def layers_of(weights: Any, what: str = "weights") -> list[Named]:
    """Every layer in a container, in its order; ``what`` it is called in errors.

    Raises:
        ValueError: something that is no W or b of a fully connected layer; nothing is left out.
    """
    if hasattr(weights, "coefs_") and hasattr(weights, "intercepts_"):  # a scikit-learn estimator
        weights = (weights.coefs_, weights.intercepts_)
    if isinstance(weights, Mapping):
        return checked(_of_names(weights), what)
    if not isinstance(weights, Sequence) or isinstance(weights, str):
        raise expected(what, f"a dict by name, or a list: {LISTS}", type(weights).__name__)
    if [*map(type, weights)] == [list, list] and 2 not in map(_axes, weights[1]):
        Ws, bs = weights
    else:
        arrays = [array for one in weights for array in _arrays(one)]
        Ws, bs = arrays[::2], arrays[1::2]
    if len(Ws) != len(bs):
        raise expected(what, f"as many W as b, {LISTS}", f"{len(Ws)} W and {len(bs)} b; {IN_W}")
    pairs = enumerate(zip(Ws, bs, strict=True))
    return checked([Named(*pair, (f"{what}[{i}].W", f"{what}[{i}].b")) for i, pair in pairs], what)


def checked(layers: list[Named], what: str = "weights") -> list[Named]:
    """The layers, if there are any, and each has a W of two axes and a b of one."""
    if not layers:
        raise expected(what, "at least one fully connected layer", "none")
    for W, b, (W_name, b_name) in layers:
        if _axes(W) != 2:
            wanted = "an array of 2 axes; a layer in a list is a tuple (W, b)"
            raise expected(W_name, wanted, getattr(W, "shape", type(W).__name__))
        if not (b is None or _axes(b) == 1 or (_axes(b) == 2 and 1 in b.shape)):
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


def some(names: Sequence[str]) -> str:
    """Names in an error, which are not all told if they are many."""
    return ", ".join(names if len(names) < 7 else [*names[:3], "…", names[-1]])


class Unordered(ValueError):
    """What only a person knows: the order of layers, or which of several networks is meant."""


def ordered(layers: list[Named]) -> list[Named]:
    """The layers of a dict in the order that one number in their names tells.

    Raises:
        Unordered: their names differ in more than a number, or come in an order of their own.
    """
    if len(layers) < 2:
        return layers
    names = [one.names[0] for one in layers]
    # Keras and Haiku give the first of dense, dense_1, … no number.
    counted = [re.sub(r"\b(dense|linear)/", r"\1_0/", name) for name in names]
    texts = {re.sub(r"\d+", "#", name) for name in counted}
    columns = zip(*(map(int, re.findall(r"\d{1,99}", name)) for name in counted), strict=False)
    varying = [column for column in columns if len({*column}) > 1]
    if len(texts) == len(varying) == 1 and len({*varying[0]}) == len(layers):
        by_number = dict(zip(varying[0], layers, strict=True))
        in_turn = [by_number[number] for number in sorted(by_number)]
        # A dict that no machine has sorted, such as one of up2, up1, may be in an order of its own.
        if names in (sorted(names), [one.names[0] for one in in_turn]):
            return in_turn
    raise Unordered(
        f"weights: no number in names tells the order of {some(names)}; pass order=, the names as"
        " the layers follow one another, or only=, what names begin with in one network of several"
    )


def as_told(layers: list[Named], order: Sequence[str]) -> list[Named]:
    """The layers in the order of their names, or of words that these begin with."""
    found: list[Named] = []
    for begin in order:
        same = [one for one in layers if re.match(rf"{re.escape(begin)}\b", one.names[0])]
        found += ordered(sorted(same, key=lambda one: one.names[0]))
    names, told = (sorted(one.names[0] for one in each) for each in (layers, found))
    if names != told:
        raise expected("order", f"each of {some(names)}, once", ", ".join(order))
    return found


def _flat(weights: Mapping[Any, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """The arrays in dicts inside dicts, with the names on the way to them."""
    for key, value in weights.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{key}/")
        else:
            yield f"{before}{key}", value


def _of_names(weights: Mapping[Any, Any]) -> list[Named]:
    flat = [*_flat(weights)]
    arrays, found = dict(flat), []
    if len(arrays) < len(flat):
        raise expected("weights", "every name once, also on the way", ", ".join(map(str, weights)))
    for name, W in flat:
        match = re.fullmatch(rf"(.*?)({'|'.join(BIASES)})(_?\d*(?::0)?)", name)
        if match and _axes(W) == 2:
            other = f"{match[1]}{BIASES[match[2]]}{match[3]}"
            found.append(Named(W, arrays.get(other), (name, other)))
    used = arrays_of(found)
    if left := [name for name in arrays if name not in used]:
        raise ValueError(
            f"weights: nothing is left out, and no W of two axes, or its b, is {some(left)}; they"
            " are called weight and bias, kernel and bias, W1 and b1, …; only= takes those of a"
            " file that begin so, and [*weights.values()] is W, b, W, b, … if that is their order"
        )
    bare = [one.names for one in found if one.b is None]
    if bare and len(bare) < len(found):
        raise expected(f"weights: {bare[0][1]}", "a bias, as others have, or zeros", "none")
    return found


def _arrays(one: Any) -> Sequence[Any]:
    """The arrays in an item of a list: a layer, as a tuple, a dict or an object, or one array."""
    if isinstance(one, Mapping):
        return [array for layer in layers_of(one) for array in layer[:2]]
    if hasattr(one, "weight") and hasattr(one, "bias"):
        return one.weight, one.bias
    return one if isinstance(one, tuple) else [one]


def _axes(one: Any) -> int | None:
    """How many axes an array has; None of what is none."""
    return len(one.shape) if isinstance(one, Array) else None  # type: ignore[misc]
