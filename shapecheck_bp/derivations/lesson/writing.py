"""The page: every run that can be chosen on it, as facts, and the HTML, CSS and JavaScript."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html import escape
from importlib.resources import files
from itertools import product
from typing import Any

import numpy as np

from shapecheck_bp import __version__, column, flip, row
from shapecheck_bp.data.settings import whole_number
from shapecheck_bp.derivations.lesson.steps import (
    AXES,
    MOST,
    Problem,
    Walk,
    drawn,
    names,
    steps,
    walked,
)
from shapecheck_bp.derivations.lesson.telling import told
from shapecheck_bp.derivations.mistakes import MISTAKES
from shapecheck_bp.network import Network
from shapecheck_bp.tracing.colours import MEANINGS

CONVENTIONS = {"column": column, "row": row}
MOST_LAYERS = 4
OTHERS = ("relu", "tanh", "sigmoid")  # hidden activations to choose from
NAME = re.compile(rf"(?<![\w.'])({'|'.join((*AXES, 'J'))})(\.T)?(?!\w)")
TITLE = "Backprop in both conventions: which transpose goes where"


def page(net: Network, m: int | None = None) -> str:
    """One page of HTML that needs no other file: both conventions side by side, step by step.

    Args:
        net: a small network: at most 4 layers, of at most 8 units.
        m: how many examples, at most 8; by default 5, or another number that is no layer's size.

    Raises:
        ValueError: they are more than can be looked at.

    >>> page(Network((2, 2)), m=3).startswith("<!doctype html>")
    True
    """
    if net.L > MOST_LAYERS or {*net.sizes} - {*range(MOST + 1)}:
        raise ValueError(
            f"sizes: expected at most {MOST_LAYERS} layers of at most {MOST} units, which can be"
            f" looked at number by number; got {_written(net.sizes)}"
        )
    if m is None:
        m = next(size for size in (5, 6, 7, 8, 4, 3, 2) if size not in net.sizes)
    m = whole_number("m", m, least=1)
    if m > MOST:
        raise ValueError(f"m: expected at most {MOST} examples, which can be looked at; got {m}")
    colours = "".join(
        f"--{axis}-ink: {colour.ink}; --{axis}-pale: {colour.pale}; "
        for axis, colour in MEANINGS.items()
    )
    text = json.dumps(facts(net, m), separators=(",", ":"), allow_nan=False)
    for sign in "<>&":  # so that nothing in it can end the element that it stands in
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    made = _file("lesson.html")
    for place, content in {
        "{{title}}": escape(f"{TITLE}, {_written(net.sizes)}"),
        "{{heading}}": escape(TITLE),
        "{{version}}": escape(__version__),
        "/* style */": f":root {{ {colours}}}\n{_file('lesson.css')}",
        "/* script */": _file("entries.js") + _file("drawing.js"),
        "{{data}}": text,
    }.items():
        made = made.replace(place, content)
    return made


def _file(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def facts(net: Network, m: int) -> dict[str, Any]:
    """All that the page shows, as plain values."""
    sizes, examples = list(_sizes(net.sizes)), sorted({m, net.sizes[0], 1})
    hidden = list(dict.fromkeys([net.hidden, *OTHERS])) if net.L > 1 else [net.hidden]
    runs = {
        f"{_written(some)} {m} {g}": _run(replace(net, sizes=some, hidden=g), m)
        for some, m, g in product(sizes, examples, hidden)
    }
    return {
        "net": {"output": net.output, "L": net.L},
        "asked": {"sizes": _written(net.sizes), "examples": m, "hidden": net.hidden},
        "choices": {"sizes": [*map(_written, sizes)], "examples": examples, "hidden": hidden},
        "equal": _equal(net, sizes),
        "steps": list(_steps(net)),
        "mistakes": {name: _mistake(name, net) for name in MISTAKES},
        "runs": runs,
    }


def _written(sizes: tuple[int, ...]) -> str:
    return "-".join(map(str, sizes))


def _sizes(sizes: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """The sizes that were asked for, with a unit less and one more, and with all of them equal."""
    several = {sizes}
    if len(sizes) > 2:
        several |= {(sizes[0], units, *sizes[2:]) for units in (sizes[1] - 1, sizes[1] + 1)}
    if sizes[0] > 1:
        several |= {(sizes[0],) * (len(sizes) - 1) + (1 if sizes[-1] == 1 else sizes[0],)}
    yield from sorted(one for one in several if min(one) > 0 and max(one) <= MOST)


def _equal(net: Network, sizes: list[tuple[int, ...]]) -> dict[str, str | int] | None:
    """What to choose to see a wrong transpose that fits."""
    found = next((one for one in sizes if len({*one[:-1]}) == 1 and one[-1] in (1, one[0])), None)
    if found is None:
        return None
    name = "weights_not_transposed" if net.L > 1 and net.sizes[-1] > 1 else "dw_transposed"
    return {"sizes": _written(found), "examples": found[0], "mistake": name}


def _steps(net: Network) -> Iterator[dict[str, Any]]:
    problem = drawn(net, 1)
    for quantity, layer, name in steps(net):
        say = told(quantity, layer, net)
        sides = {}
        for side, bp in CONVENTIONS.items():
            formula = walked(bp, _as(side, problem)).formulas[name]
            words = _words(formula, layer, side)
            sides[side] = {"words": words, "say": say[side], "mixes": say["mixes"]}
        backward = quantity.startswith("d")
        about = {"name": name, "quantity": quantity, "layer": layer, "backward": backward}
        yield about | {"say": say["both"]} | sides


def _mistake(name: str, net: Network) -> dict[str, Any]:
    """A mistake, and its formulas in words in the place of the right ones."""
    one, layers = MISTAKES[name], {name: (q, layer) for q, layer, name in steps(net)}
    facts: dict[str, Any] = {"say": one.told, "lacks": one.lacks(net), "steps": {}}
    if not facts["lacks"]:
        for side in CONVENTIONS:
            for step, code in one.instead(net, side).items():
                quantity, layer = layers[step]
                words = _words(f"{quantity} = {code}", layer, side)
                facts["steps"].setdefault(step, {})[side] = words
    return facts


def _words(formula: str, layer: int, side: str) -> list[Any]:
    """A formula in pieces: plain text, and arrays, with their axes as they lie there."""
    known = names(layer)
    pieces: list[Any] = []
    for text, name, t in re.findall(rf"(.*?)(?:{NAME.pattern}|$)", formula):
        pieces += [one for one in re.split("^( = )", text) if one]
        if name:
            axes = AXES.get(name, "").split()[:: -1 if (side == "row") != bool(t) else 1]
            word = {"text": name + t, "array": known[name], "axes": axes, "turned": bool(t)}
            pieces.append(word)
    return pieces


def _as(side: str, problem: Problem) -> Problem:
    return problem if side == "column" else flip(problem)


def _run(net: Network, m: int) -> dict[str, Any]:
    """Every array in both conventions; and with each mistake those that come out otherwise."""
    problem = drawn(net, m)
    right = {side: walked(bp, _as(side, problem)) for side, bp in CONVENTIONS.items()}
    facts: dict[str, Any] = {side: _plain(walk.arrays) for side, walk in right.items()}
    facts["mistakes"] = {
        name: {
            side: _differing(walked(bp, _as(side, problem), one.instead(net, side)), right[side])
            for side, bp in CONVENTIONS.items()
        }
        for name, one in MISTAKES.items()
        if not one.lacks(net)
    }
    return facts


def _differing(walk: Walk, right: Walk) -> dict[str, Any]:
    """Where a walk stopped, and the arrays that are not as they should be."""
    differing = {
        name: array
        for name, array in walk.arrays.items()
        if name not in right.arrays
        or np.shape(array) != right.arrays[name].shape
        or not np.allclose(array, right.arrays[name], rtol=1e-9, atol=1e-12)
    }
    return {"arrays": _plain(differing), "stopped": walk.stopped, "error": walk.error}


def _plain(arrays: dict[str, Any]) -> dict[str, Any]:
    """Arrays as lists, with six digits."""

    def plain(value: Any) -> Any:
        return [*map(plain, value)] if isinstance(value, list) else float(f"{value:.6g}")

    return {name: plain(np.asarray(array).tolist()) for name, array in arrays.items()}
