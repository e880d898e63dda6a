"""Code that stands at the top of a file, read as well: a script, a cell, and what they import.

A function that is alive can be given noted code. What stands at the top of a file runs once, while
the file is run, so here it is the noted code that is run. Afterwards every function that it has
made is given its code as it stands.

>>> from tempfile import TemporaryDirectory
>>> with TemporaryDirectory() as folder:
...     path = Path(folder, "script.py")
...     _ = path.write_text("import numpy as np\\nx = np.ones((2, 3)).T\\n")
...     print(read_script(str(path)))
script.py, at the top
    1  import numpy as np
    2  x = np.ones((2, 3)).T   (3, 2)
"""

import builtins
import gc
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from threading import get_ident
from types import CodeType, FunctionType, ModuleType, TracebackType
from typing import Any

from shapecheck_bp.reading.copies import NotAgain
from shapecheck_bp.reading.failing import HERE, is_a_persons_file
from shapecheck_bp.reading.instrument import SEEN
from shapecheck_bp.reading.live import exchanged
from shapecheck_bp.reading.notes import Notes
from shapecheck_bp.reading.passing import deeper, seen, taken_by
from shapecheck_bp.reading.reached import Reached
from shapecheck_bp.reading.running import Reading
from shapecheck_bp.reading.sources import File, file_at

setattr(builtins, SEEN, seen)  # a name of code that others compile, as IPython does its cells


class TopReading(Reading):
    """What was seen while a script or a cell ran.

    It is run once: what it reads, writes and asks for is not known, so nothing is tried on it.
    """

    def __init__(self, name: str) -> None:
        """Begin with nothing."""
        self.name, self.why_not = name, ""
        self.files: dict[str, File] = {}
        self.not_read: dict[str, str] = {}
        self.result = self.error = None
        self.exit: SystemExit | None = None
        """The SystemExit that it ended in, which is no error."""
        self.notes = Notes(())

    def add(self, file: File) -> None:
        """Note what is in a file too."""
        self.files[file.name] = file
        self.notes.add(file.sites.values())

    def again(self, *_: Any, **__: Any) -> Reading:
        """Refuse.

        Raises:
            NotAgain: always.
        """
        raise NotAgain("a script or a cell is not run again: it may write files, or ask for input")


@contextmanager
def being_read(name: str, *roots: Any) -> Iterator[TopReading]:
    """Note what a person's functions do while this lasts, and the modules that are imported.

    The functions are those that the roots, such as the names of a notebook, may come to. Noted code
    that is run in here is noted too, once its file is added.
    """
    reading = TopReading(name)
    lives = reading._lives(Reached(*roots))
    for file in {id(live.file): live.file for live in lives}.values():
        reading.add(file)
    codes = [(live, live.file.noted(live.plain)) for live in lives]
    try:
        with _imports_noted(reading), exchanged(codes), taken_by(reading.notes), deeper():
            yield reading
    finally:
        reading.notes.done()
        _put_back(reading.files)


def read_script(path: str, arguments: Sequence[str] = ()) -> TopReading:
    """Run a script as ``python path arguments`` would, and note every expression in it.

    What it ends in is kept: an exception in ``.error``, and a SystemExit in ``.exit``.

    Raises:
        OSError: it cannot be read.
        SyntaxError: it is no source of this Python.
    """
    name = str(Path(path).absolute())
    compile(Path(name).read_bytes(), name, "exec", dont_inherit=True)  # raises what Python would
    file = file_at(name)
    assert file is not None
    imported = [[*vars(each).values()] for each in [*sys.modules.values()] if _is_a_persons(each)]
    with _as_main(path, name, arguments) as names, being_read(Path(path).name, imported) as reading:
        code = file.module_code()
        reading.add(file)
        try:
            exec(code, names)
        except SystemExit as end:
            reading.exit = end
        except Exception as error:
            reading.error = error.with_traceback(_from_the_script(error))
    return reading


def _is_a_persons(module: ModuleType) -> bool:
    file = getattr(module, "__file__", None)
    return isinstance(file, str) and is_a_persons_file(file)


@contextmanager
def _as_main(path: str, name: str, arguments: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Be the process that Python starts for a script, and give the names of its ``__main__``."""
    before = sys.modules["__main__"], sys.argv, [*sys.path]
    main = ModuleType("__main__")
    main.__file__, main.__loader__ = name, SourceFileLoader("__main__", name)
    main.__dict__["__builtins__"] = builtins
    for each, value in (("__annotations__", {}), ("__cached__", None)):  # not of every Python
        if each in vars(before[0]):
            main.__dict__[each] = value
    sys.modules["__main__"], sys.argv = main, [path, *arguments]
    if not sys.flags.safe_path:
        sys.path[0] = str(Path(name).resolve().parent)
    try:
        yield vars(main)
    finally:
        sys.modules["__main__"], sys.argv, sys.path[:] = before


def _from_the_script(error: Exception) -> TracebackType | None:
    """Its traceback, without the calls that lead to the script."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_frame.f_code.co_filename.startswith(HERE):
        traceback = traceback.tb_next
    return traceback


def _put_back(files: dict[str, File]) -> None:
    """Give every function that was made of noted code its code as it stands."""
    for thing in gc.get_objects():
        if type(thing) is FunctionType and thing.__code__.co_filename in files:
            code = files[thing.__code__.co_filename].plain(thing.__code__)
            if code is not None:
                thing.__code__ = code


class _Finder(MetaPathFinder):
    """Finds what the others find; a person's own module is then loaded with noted code."""

    def __init__(self, reading: TopReading) -> None:
        """Add every file that is loaded to a reading."""
        self.reading = reading
        self.thread = get_ident()

    def find_spec(self, fullname: str, *where: Any) -> ModuleSpec | None:
        """Whatever the other finders say, with another loader."""
        if self.thread != get_ident():
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(fullname, *where)
            if spec is not None:
                if type(spec.loader) is SourceFileLoader and is_a_persons_file(spec.loader.path):
                    spec.loader = _Loader(fullname, spec.loader.path, self)
                return spec
        return None


class _Loader(SourceFileLoader):
    """Loads a person's module with noted code, as long as the reading lasts."""

    def __init__(self, fullname: str, path: str, finder: _Finder) -> None:
        """Load that file."""
        super().__init__(fullname, path)
        self.finder = finder

    def get_code(self, fullname: str) -> CodeType | None:
        """The noted code, or else the usual one."""
        file = file_at(self.path) if self.finder in sys.meta_path else None
        if file is None:
            return super().get_code(fullname)
        code = file.module_code()
        self.finder.reading.add(file)
        return code


@contextmanager
def _imports_noted(reading: TopReading) -> Iterator[None]:
    """While this lasts, the person's modules that are imported are noted."""
    finder = _Finder(reading)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
