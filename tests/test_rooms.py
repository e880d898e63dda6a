"""The house: few names at the top, imports that run one way, and the shape law on its own."""

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import shapecheck_bp

HOUSE = Path(shapecheck_bp.__file__).parent
NO_ROOMS = {"__init__.py", "__main__.py", "py.typed", "__pycache__"}
MOST_ROOMS = 17
MOST_FLOORS = 9


@cache
def rooms() -> dict[str, list[Path]]:
    """The files of each module or folder at the top, the two with underscores too."""
    found = {
        path.stem: sorted(path.rglob("*.py")) if path.is_dir() else [path]
        for path in HOUSE.iterdir()
        if path.suffix == ".py" or (path.is_dir() and path.name != "__pycache__")
    }
    return dict(sorted(found.items()))


def imported(path: Path) -> Iterator[str]:
    """Every module of ours that a file imports, also in functions and for type checkers alone."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: imports name what they import in full"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room_of(module: str) -> str | None:
    """The room that an imported name lies in; what the package itself gives is its ``__init__``."""
    package, *inside = module.split(".")
    if package != "shapecheck_bp":
        return None
    return inside[0] if inside and inside[0] in rooms() else "__init__"


# What the package gives on demand is named there for type checkers, and needs no room above it.
ABOVE = {
    room: {above for path in files for module in imported(path) if (above := room_of(module))}
    - {room}
    for room, files in rooms().items()
    if room != "__init__"
} | {"__init__": {"shapes", "transpose"}}


@cache
def floor(room: str, below: tuple[str, ...] = ()) -> int:
    """How many rooms stand on one another up to this one; a circle would never end."""
    assert room not in below, f"a circle: {' -> '.join((*below, room))}"
    return 1 + max((floor(other, (*below, room)) for other in ABOVE[room]), default=0)


def test_few_names_stand_at_the_top():
    names = {path.name for path in HOUSE.iterdir()} - NO_ROOMS
    assert len(names) <= MOST_ROOMS, sorted(names)


@pytest.mark.parametrize("room", rooms())
def test_imports_run_one_way_over_few_floors(room):
    assert floor(room) <= MOST_FLOORS


PAGE = HOUSE.parent / "docs" / "design.md"


def drawn() -> dict[str, tuple[int, str]]:
    """Each name in the picture of the house, with its floor, and whether it is a file or a room."""
    section = PAGE.read_text(encoding="utf-8").partition("## The rooms\n")[2].partition("\n## ")[0]
    places, number = {}, 0
    for line in section.splitlines():
        beside, *cells = line.split("│")
        if cells and beside.strip():
            number = int(beside)
        for kind, cell in zip(("file", "room"), cells, strict=False):
            if cell.strip():
                places[cell.split()[0]] = number, kind
    return places


def test_the_picture_of_the_house_is_what_the_imports_say():
    assert drawn() == {
        room: (floor(room), "room" if (HOUSE / room).is_dir() else "file")
        for room in rooms()
        if not room.startswith("__")
    }


def test_what_the_package_offers_is_there():
    for name in shapecheck_bp.__all__:
        assert getattr(shapecheck_bp, name) is not None
        assert name in dir(shapecheck_bp)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        shapecheck_bp.nothing  # noqa: B018


def test_two_rooms_inside_others_are_offered_by_the_package():
    from shapecheck_bp import draw, examples

    assert draw is importlib.import_module("shapecheck_bp.tracing.draw")
    assert examples is importlib.import_module("shapecheck_bp.derivations.examples")
    assert {"draw", "examples"} <= {*dir(shapecheck_bp)}


def test_the_shape_law_imports_nothing_of_ours_from_outside():
    outside = [
        (path.name, module)
        for path in rooms()["shapes"]
        for module in imported(path)
        if room_of(module) not in (None, "shapes")
    ]
    assert outside == []


def test_the_check_alone_loads_the_check_alone():
    code = "import sys; from shapecheck_bp.shapes import shapechecked; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {room_of(module) for module in done.stdout.split()}
    assert loaded == {None, "__init__", "shapes", "transpose"}
    assert "shapecheck_bp.shapes.words" not in done.stdout.split()
