"""A call's equation with its arrays found in it, so that their axes can stand underneath.

>>> from shapecheck_bp.tracing.calls import Place
>>> W, X = Place("W", "W", ("n", "k"), (2, 3), "float64"), Place("X", "X", ("k", "m"), (3, 5), "f4")
>>> (words,) = statements("S = X.T @ W.T", [W, X])
>>> [(word.text, word.axes) for word in words]
[('S = ', ()), ('X.T', ('m', 'k')), (' @ ', ()), ('W.T', ('k', 'n'))]
"""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from shapecheck_bp.tracing.calls import Call, Place

# Between two statements of one line: "dA_prev = W.T @ dZ; dW, db as in …", "dW = …, db = …".
_BETWEEN = re.compile(r"; |, (?=[\w ]+(?:\[[^\]]*\])? = )")
MOST_IN_A_LINE = 4


class Word(NamedTuple):
    """A piece of an equation, and the array that it names, if any, turned if it ends in .T."""

    text: str
    place: Place | None = None
    turned: bool = False

    @property
    def axes(self) -> tuple[str, ...]:
        """The axes' names as they lie here."""
        return self._turn(self.place.axes) if self.place else ()

    @property
    def sizes(self) -> tuple[Any, ...]:
        """Their sizes."""
        return self._turn(self.place.sizes) if self.place else ()

    def _turn(self, axes: tuple[Any, ...]) -> tuple[Any, ...]:
        return axes[::-1] if self.turned else axes


def statements(equation: str, places: Sequence[Place]) -> list[list[Word]]:
    """Each statement of a docstring's first line, in words."""
    by_name = {place.name: place for place in places}
    names = "|".join(map(re.escape, sorted(by_name, key=len, reverse=True)))
    # An array, and neither a part of another word, a function, an entry, nor the article a.
    found = re.compile(rf"(?<![\w.'])(?!a [a-z])({names})(\.T)?(?![\w(\['^])" if names else r"(?!)")
    return [list(_words(text, found, by_name)) for text in _BETWEEN.split(equation) if text]


def _words(text: str, found: re.Pattern[str], by_name: dict[str, Place]) -> list[Word]:
    words, end = [], 0
    for match in found.finditer(text) if " = " in text else ():
        words += [Word(text[end : match.start()])] * (match.start() > end)
        words.append(Word(match[0], by_name[match[1]], turned=bool(match[2])))
        end = match.end()
    return words + [Word(text[end:])] * (end < len(text))


class Working(NamedTuple):
    """A call written out: lines of words, and what of the equation names no array of the call."""

    lines: list[list[Word]]
    rest: str


def working(call: Call, nested: bool = True) -> Working:
    """A call's equation in words, and after it whatever arrays are not named there.

    Of a call that made others only what it did itself: these show the rest. ``nested`` arrays are
    those inside an argument, such as a cache's.
    """
    lines = statements(call.equation, call.places)
    if call.calls:
        own = [line for line in lines if _names(line, call.arguments) and _names(line, call.result)]
        rest = [line for line in lines if line not in own]
        return Working(own, ", ".join("".join(word.text for word in line) for line in rest))
    named = {word.place for line in lines for word in line}
    for verb, places in (("of", call.arguments), ("gives", call.result)):
        more = [one for one in places if one not in named and (nested or one.path.isidentifier())]
        for start in range(0, len(more), MOST_IN_A_LINE):
            line = [Word(f"{verb} ")]
            for place in more[start : start + MOST_IN_A_LINE]:
                line += [Word(", ")] * (len(line) > 1) + [Word(place.name, place)]
            lines.append(line)
    return Working(lines, "")


def _names(line: Sequence[Word], places: Sequence[Place]) -> bool:
    return any(word.place in places for word in line)
