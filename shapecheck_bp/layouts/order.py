"""In which order layers follow one another, where what holds them does not say.

A list, a Keras model and a graph have an order. A dict has one that may be a machine's sorting, and
a safetensors file has none. Shapes decide where one order alone fits them; then numbers in names;
and where both leave a choice it is the person's, for a wrong order between equal sizes is silent.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice, pairwise
from typing import Any

from shapecheck_bp.layouts.containers import Named

Sizes = Callable[[Named], tuple[int, int] | None]


def ordered(layers: list[Named], sizes: Sizes, known: bool) -> list[Named]:
    """The layers in the order in which they follow one another.

    Args:
        layers: as they come.
        sizes: n_in and n_out of a layer, if its shapes allow any.
        known: whether the order in which they come is a framework's own.

    Raises:
        ValueError: several orders fit, and neither shapes nor names say which is meant.
    """
    fitting = list(islice(_chains(layers, sizes), 2))
    if len(fitting) < 2:
        return fitting[0] if fitting else layers
    names = [one.names[0] for one in layers]
    by_number = sorted(layers, key=lambda one: natural(one.names[0]))
    numbered = len({re.sub(r"\d+", "#", name) for name in names}) == 1
    come = [one.names for one in layers] == [one.names for one in by_number]
    sorted_by_machine = names == sorted(names)
    if numbered and (come or sorted_by_machine or not known) and _follow(by_number, sizes):
        return by_number
    if known and not numbered and _follow(layers, sizes):
        return by_number if sorted_by_machine and _follow(by_number, sizes) else layers
    raise ValueError(
        f"weights: several orders of {', '.join(names)} fit, because sizes coincide; pass order=,"
        " the names in the order in which the layers follow one another"
    )


def as_told(layers: list[Named], order: Sequence[str]) -> list[Named]:
    """The layers in the order of names, or of their beginnings, that a person gives.

    Raises:
        ValueError: names that are not those of the layers.
    """
    found = []
    for name in order:
        same = [one for one in layers if re.match(rf"{re.escape(name)}(\W|$)", one.names[0])]
        if len(same) != 1:
            names = ", ".join(one.names[0] for one in layers)
            raise ValueError(f"order: expected the names of the layers, {names}; got {name!r}")
        found += same
    if len({one.names for one in found}) != len(layers) or len(found) != len(layers):
        raise ValueError(f"order: expected {len(layers)} layers, each once; got {', '.join(order)}")
    return found


def natural(name: str) -> list[Any]:
    """For sorting: layer_10 after layer_2."""
    return [(1, int(part)) if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name)]


def _follow(layers: Sequence[Named], sizes: Sizes) -> bool:
    found = [sizes(one) for one in layers]
    return all(before and after and before[1] == after[0] for before, after in pairwise(found))


def _chains(layers: list[Named], sizes: Sizes) -> Iterator[list[Named]]:
    """Every order in which each layer's n_in is the n_out before it."""
    known = [sizes(one) for one in layers]
    if not all(known):
        return

    def from_here(done: list[int], at: int | None) -> Iterator[list[int]]:
        if len(done) == len(layers):
            yield done
        for i, size in enumerate(known):
            if i not in done and size is not None and at in (None, size[0]):
                yield from from_here([*done, i], size[1])

    for order in from_here([], None):
        yield [layers[i] for i in order]
