"""In which order layers follow one another, where what holds them does not say.

A list, a Keras model and a graph have an order. A dict has one that may be a machine's sorting, and
a safetensors file has none. Shapes decide where one order alone fits them; then numbers in names;
and where both leave a choice it is the person's, for a wrong order between equal sizes is silent.
So it is where there may be several networks.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from shapecheck_bp.layouts.containers import Named
from shapecheck_bp.layouts.table import expected

Sizes = Callable[[Named], tuple[int, int] | None]
MOST = 50_000


class Unordered(ValueError):
    """What only a person knows: the order of layers, or which of several networks is meant."""


def ordered(layers: list[Named], sizes: Sizes) -> list[Named]:
    """The layers of a dict in the order in which they follow one another, if there is any.

    Args:
        layers: as they come.
        sizes: n_in and n_out of a layer, if its shapes allow any.

    Raises:
        Unordered: several orders fit, and neither shapes nor names say which is meant; or the names
            are those of several networks.
    """
    if not all(map(sizes, layers)):
        return layers
    names = [one.names[0] for one in layers]
    for group in (_folder, _pattern):
        several = [one for one, count in Counter(map(group, names)).items() if one and count > 1]
        if len(several) > 1:
            begins = [one.split("#")[0] for one in several]
            raise Unordered(
                f"weights: {_some(names)} may be several networks; pass only={begins[0]!r} for one"
                f" of them, or order=, all names or beginnings, where they follow one another, as"
                f" {[one.rstrip('./') for one in begins]}"
            )
    ways, found = _fitting([[one] for one in layers], sizes)
    bare = len(layers) > 1 and any(one.b is None for one in layers)
    if ways > 1 or (ways and bare):  # without biases the transposes fit too, in reverse
        groups = defaultdict(list)
        for one in sorted(layers, key=lambda one: natural(one.names[0])):
            groups[_pattern(one.names[0])].append(one)
        ways, found = _fitting([*groups.values()], sizes)
        # Numbers against an order that no machine made: as in a dict of up2, up1.
        against = names != sorted(names) and [one.names[0] for one in found] != names
        if ways > 1 or (not bare and not ways) or (ways and (against or len(groups) == len(names))):
            raise Unordered(
                f"weights: several orders of {_some(names)} fit, because sizes coincide; pass"
                " order=, the names in the order in which the layers follow one another"
            )
    return found if ways else layers


def as_told(layers: list[Named], order: Sequence[str], sizes: Sizes) -> list[Named]:
    """The layers in the order of names, or of their beginnings, that a person gives.

    Raises:
        ValueError: names that are not those of the layers.
    """
    found: list[Named] = []
    for name in order:
        begin = re.escape(name)
        exact = [one for one in layers if re.match(rf"{begin}(\b|$)", one.names[0])]
        same = exact or [one for one in layers if re.match(rf"{begin}\d", one.names[0])]
        if not same:
            names = _some([one.names[0] for one in layers])
            raise expected("order", f"the names of the layers, {names}", repr(name))
        found += ordered(sorted(same, key=lambda one: one.names[0]), sizes)
    if len({one.names for one in found}) != len(layers) or len(found) != len(layers):
        told = f"{len(found)} from {', '.join(order)}"
        raise expected("order", f"{len(layers)} layers, each once", told)
    return found


def natural(name: str) -> list[Any]:
    """For sorting: layer_10 after layer_2."""
    return [(1, int(part)) if part.isdecimal() else (0, part) for part in re.split(r"(\d+)", name)]


def _folder(name: str) -> str:
    """What stands before the name of a layer: actor. in actor.0.weight."""
    return "".join(re.split(r"(?<=[./])", name)[:-2])


def _pattern(name: str) -> str:
    return re.sub(r"\d+", "#", name)


def _some(names: list[str]) -> str:
    return ", ".join(names if len(names) < 7 else [*names[:3], "…", names[-1]])


def _fitting(groups: list[list[Named]], sizes: Sizes) -> tuple[int, list[Named]]:
    """In how many orders each n_in is the n_out before it, and one; a group's own order is kept.

    What has been taken of each group, and the last n_out, are all that matters for what follows.
    Where these are too many to look at, several orders are said to fit.
    """
    known = [[sizes(one) or (0, 0) for one in group] for group in groups]
    ways: dict[Any, tuple[int, Any]] = {((0,) * len(groups), None): (1, None)}
    seen = 0
    for _ in range(sum(map(len, groups))):
        further: dict[Any, tuple[int, Any]] = {}
        for (taken, at), (count, path) in ways.items():
            for g, k in enumerate(taken):
                if k < len(known[g]) and at in (None, known[g][k][0]):
                    key = (*taken[:g], k + 1, *taken[g + 1 :]), known[g][k][1]
                    before = further.get(key, (0, None))[0]
                    further[key] = before + count, (path, groups[g][k])
                    seen += len(groups)
            if seen > MOST:
                return 2, []
        ways = further
    path, found = next((path for _, path in ways.values()), None), []
    while path:
        path, one = path
        found.append(one)
    return sum(count for count, _ in ways.values()), found[::-1]
