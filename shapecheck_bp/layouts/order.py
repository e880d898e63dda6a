"""In which order layers follow one another, where what holds them does not say.

A list, a Keras model and a graph have an order. A dict has one that may be a machine's sorting, and
a safetensors file has none. Shapes decide where one order alone fits them; then numbers in names;
and where both leave a choice it is the person's, for a wrong order between equal sizes is silent.
So it is where there may be several networks.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from shapecheck_bp.layouts.containers import some
from shapecheck_bp.layouts.table import Layout, Named, expected

MOST = 50_000


class Unordered(ValueError):
    """What only a person knows: the order of layers, or which of several networks is meant."""


def ordered(layers: list[Named], line: Layout) -> list[Named]:
    """The layers of a dict in the order in which they follow one another, if there is any.

    Raises:
        Unordered: several orders fit, and neither shapes nor names say which is meant; or the names
            are those of several networks.
    """
    names = [one.names[0] for one in layers]
    for group in (_folder, _pattern):
        several = [one for one, count in Counter(map(group, names)).items() if one and count > 1]
        if len(several) > 1:
            begins = [one.split("#")[0] for one in several]
            raise Unordered(
                f"weights: {some(names)} may be several networks; pass only={begins[0]!r} for one"
                f" of them, or order=, all names or beginnings, where they follow one another, as"
                f" {[one.rstrip('./') for one in begins]}"
            )
    found = _fitting([[one] for one in layers], line)
    bare = len(layers) > 1 and any(one.b is None for one in layers)
    if len(found) > 1 or (found and bare):  # without biases the transposes fit too, in reverse
        groups = defaultdict(list)
        for one in sorted(layers, key=lambda one: natural(one.names[0])):
            groups[_pattern(one.names[0])].append(one)
        found = _fitting([*groups.values()], line)
        # Numbers against an order that no machine made, as in a dict of up2, up1, tell nothing.
        told = names == sorted(names) or names in [[one.names[0] for one in way] for way in found]
        numbered = len(groups) < len(names)
        if (found or not bare) and not (len(found) == 1 and told and numbered):
            raise Unordered(
                f"weights: several orders of {some(names)} fit, because sizes coincide; pass"
                " order=, the names in the order in which the layers follow one another"
            )
    return found[0] if found else layers


def as_told(layers: list[Named], order: Sequence[str], line: Layout) -> list[Named]:
    """The layers in the order of names, or of their beginnings, that a person gives."""
    found: list[Named] = []
    names = [one.names[0] for one in layers]
    for begin in order:
        exact = [one for one in layers if re.match(rf"{re.escape(begin)}\b", one.names[0])]
        same = exact or [one for one in layers if one.names[0].startswith(begin)]
        if not same:
            raise expected("order", f"the names of the layers, {some(names)}", repr(begin))
        found += ordered(sorted(same, key=lambda one: one.names[0]), line)
    if sorted(one.names[0] for one in found) != sorted(names):
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


def _fitting(groups: list[list[Named]], line: Layout) -> list[list[Named]]:
    """The orders in which each n_in is the n_out before it, two at most; a group's own is kept.

    Where there are too many to look at, several are said to fit.
    """
    found: list[list[Named]] = []
    begun: list[tuple[list[Named], list[list[Named]]]] = [([], groups)]
    seen = 0
    while begun and len(found) < 2:
        way, left = begun.pop()
        if not any(left):
            found.append(way)
        for g, group in enumerate(left):
            if group and (not way or line.sizes(way[-1])[1] == line.sizes(group[0])[0]):
                begun.append(([*way, group[0]], [*left[:g], group[1:], *left[g + 1 :]]))
                seen += len(groups)
        if seen > MOST:
            return [[], []]
    return found
