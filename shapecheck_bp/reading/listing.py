"""A reading as it is printed: the source of what ran, each line with the shapes that it made."""

import ast
from typing import TYPE_CHECKING, Any, NamedTuple

from shapecheck_bp.reading.failing import shown_name
from shapecheck_bp.reading.notes import Statements
from shapecheck_bp.reading.sources import File

if TYPE_CHECKING:
    from shapecheck_bp.reading.running import Reading

WIDEST = 72


class Line(NamedTuple):
    """A line of source, and what its statement came to, the first and the last time."""

    number: int
    source: str
    first: Any
    last: Any
    times: int


def listing(reading: "Reading") -> str:
    """Each function that ran, in the order in which they began, and what could be said of it."""
    parts, seen = [], reading.notes.statements()
    for file, function in functions_of(reading):
        lines = lines_of(seen, file, function)
        width = min(max((len(line.source) for line in lines), default=0), WIDEST)
        parts.append(f"{shown_name(file.name)}, {getattr(function, 'name', 'at the top')}")
        parts += [_written(line, width) for line in lines]
        parts.append("")
    parts += [f"{broadcast}\n" for broadcast in reading.broadcasts]
    if reading.error is not None:
        parts.append(f"{type(reading.error).__name__}: {reading.error}\n")
        parts += [f"{reading.explanation}\n"] if reading.explanation else []
    if reading.why_not:
        parts.append(f"{reading.name} was not read: {reading.why_not}.")
    return "\n".join(parts).rstrip()


def _written(line: Line, width: int) -> str:
    shapes = "" if line.first is None else str(line.first)
    if line.last is not None and line.last != line.first:
        shapes += f" … {line.last}"
    times = f"   x {line.times}" if line.times > 1 else ""
    return f"{line.number:>5}  {line.source:<{width}}   {shapes}{times}".rstrip()


def functions_of(reading: "Reading") -> list[tuple[File, ast.AST]]:
    """The functions that ran, each once; those that stand in another one are shown with it."""
    ran: dict[ast.AST, File] = {}
    for site in reading.notes.order:
        ran.setdefault(site.function, site.file)
    inside = {node for outer in ran for node in ast.walk(outer) if node is not outer}
    return [(file, function) for function, file in ran.items() if function not in inside]


def lines_of(seen: Statements, file: File, function: ast.AST) -> list[Line]:
    """The lines of a function, and what was noted of those that ran."""
    first = {
        statement.lineno: seen[id(statement)]
        for statement in ast.walk(function)
        if isinstance(statement, ast.stmt) and id(statement) in seen
    }
    source = file.source.splitlines()
    start, stop = getattr(function, "lineno", 1), getattr(function, "end_lineno", len(source))
    return [
        Line(number, source[number - 1], *first.get(number, (None, None, 0)))
        for number in range(start, (stop or start) + 1)
        if source[number - 1].strip()
    ]
