"""A call's equation with its arrays found in it, so that their axes can stand underneath.

>>> W, X = Place("W", "W", ("n", "k"), (2, 3), "float64"), Place("X", "X", ("k", "m"), (3, 5), "f4")
>>> (words,) = statements(Call("f", "S = X.T @ W.T", 0, (W, X)))
>>> [(word.text, word.axes) for word in words]
[('S', ()), (' = ', ()), ('X.T', ('m', 'k')), (' @ ', ()), ('W.T', ('k', 'n'))]
"""

import re
from collections.abc import Iterator, Sequence
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


def statements(call: Call) -> list[list[Word]]:
    """Each statement of a docstring's first line, in words; left of = stand the results."""
    return [list(_words(text, call)) for text in _split(call.equation) if text]


def _split(equation: str) -> list[str]:
    """The statements; what stands in parentheses is in one of them."""
    parts, start = [], 0
    for match in _BETWEEN.finditer(equation):
        before = equation[: match.start()]
        if before.count("(") == before.count(")"):
            parts.append(equation[start : match.start()])
            start = match.end()
    return [*parts, equation[start:]]


def _words(text: str, call: Call) -> Iterator[Word]:
    left, equals, right = text.partition(" = ")
    if not equals:
        yield Word(text)
        return
    yield from words_of(left, (*call.arguments, *call.result))
    yield Word(" = ")
    yield from words_of(right, (*call.result, *call.arguments))


def words_of(text: str, places: Sequence[Place]) -> Iterator[Word]:
    """A formula in words; where two arrays have one name, the later one is meant."""
    by_name = {place.name: place for place in places}
    names = "|".join(map(re.escape, sorted(by_name, key=len, reverse=True)))
    # An array, and neither a part of another word, a function, an entry, nor the article a.
    pattern = rf"(?<![\w.'])(?!a [a-z])({names})(\.m?T)?(?![\w(\['^.])" if names else r"(?!)"
    end = 0
    for match in re.finditer(pattern, text):
        if match.start() > end:
            yield Word(text[end : match.start()])
        yield Word(match[0], by_name[match[1]], turned=bool(match[2]))
        end = match.end()
    if end < len(text):
        yield Word(text[end:])


def contradiction(call: Call) -> str:
    """A product in a docstring that cannot be, with these shapes; or nothing."""
    for words in statements(call):
        for left, sign, right in zip(words, words[1:], words[2:], strict=False):
            if sign.text != " @ " or left.place is None or right.place is None:
                continue
            inner_left, inner_right = left.sizes[-1:], right.sizes[-2:-1] or right.sizes
            if inner_left != inner_right:
                shapes = f"{left.sizes} @ {right.sizes}"
                return f"the docstring's {left.text} @ {right.text} cannot be: {shapes}"
    return ""


class Working(NamedTuple):
    """A call written out: lines of words, and what of the equation names no array of the call."""

    lines: list[list[Word]]
    rest: str


def working(call: Call, nested: bool = True) -> Working:
    """A call's equation in words, and after it whatever arrays are not named there.

    Of a call that made others only what gives a result of its own: these show the rest. ``nested``
    arrays are those inside an argument, such as a cache's.
    """
    lines = statements(call)
    if call.calls:
        own = [
            line for line in lines if any(word.place in call.result for word in line if word.axes)
        ]
        rest = [line for line in lines if line not in own]
        return Working(own, ", ".join("".join(word.text for word in line) for line in rest))
    named = {word.place for line in lines for word in line}
    for verb, places in (("of", call.arguments), ("gives", call.result)):
        more = [
            place
            for place in places
            if place not in named and (nested or place.path.isidentifier())
        ]
        for start in range(0, len(more), MOST_IN_A_LINE):
            first, *others = more[start : start + MOST_IN_A_LINE]
            line = [Word(f"{verb} "), Word(first.name, first)]
            for place in others:
                line += [Word(", "), Word(place.name, place)]
            lines.append(line)
    return Working(lines, "")
