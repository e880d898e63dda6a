"""``%load_ext shapecheck_bp``: errors in cells explained, and cells read.

An error of an array operation in a cell is shown as it was, with its explanation behind it. And
there are two commands. With ``%%read`` above a cell, the shapes that each of its lines made stand
behind it, and those of the functions that it called. From ``%read on`` until ``%read off`` the
silent broadcasts of each cell stand behind it.

A cell that is read runs where and as it would: only its tree is exchanged for the noted one.
"""

import ast
import linecache
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from shapecheck_bp.reading.explaining import annotate
from shapecheck_bp.reading.instrument import File
from shapecheck_bp.reading.scripts import TopReading, being_read

# What array libraries raise. SyntaxErrors are none of these, and IPython has its own way with them.
RAISED = (ValueError, TypeError, LookupError, RuntimeError, AttributeError)
NOT_NOTED = "The lines of this cell were not noted, since it awaits; what they called was."
FIRST_WITH_NOTES = (8, 14)  # the first IPython that shows the notes of an exception
USAGE = "Usage: %%read above a cell, %read on, or %read off"
_extensions: dict[int, "Extension"] = {}


def load_ipython_extension(shell: Any) -> None:
    """What ``%load_ext shapecheck_bp`` calls."""
    if id(shell) not in _extensions:
        _extensions[id(shell)] = Extension(shell)


def unload_ipython_extension(shell: Any) -> None:
    """What ``%unload_ext shapecheck_bp`` calls."""
    extension = _extensions.pop(id(shell), None)
    if extension is not None:
        extension.unload()


@dataclass
class Cell:
    """A cell that is being read."""

    raw: str
    transformed: str
    reading: TopReading
    lasts: ExitStack
    noted: bool = False
    """Whether its own lines are."""


class Extension:
    """What is added to a shell, and taken away from it again."""

    def __init__(self, shell: Any) -> None:
        """Explain errors, and offer the commands."""
        self.shell = shell
        self.always = False
        self.cell: Cell | None = None
        self.before = shell.custom_exceptions, shell.CustomTB
        shell.set_custom_exc((*RAISED, *self.before[0]), self._show)
        self.handler = shell.CustomTB
        shell.register_magic_function(self._switch, "line", "read")
        shell.input_transformers_cleanup.append(without_command)
        shell.events.register("pre_run_cell", self._begin)
        shell.events.register("post_run_cell", self._end)

    def unload(self) -> None:
        """Leave the shell as it was."""
        self._finish()
        if self.shell.CustomTB == self.handler:
            self.shell.custom_exceptions, self.shell.CustomTB = self.before
        del self.shell.magics_manager.magics["line"]["read"]
        self.shell.input_transformers_cleanup.remove(without_command)
        self.shell.events.unregister("pre_run_cell", self._begin)
        self.shell.events.unregister("post_run_cell", self._end)

    def _show(
        self, shell: Any, kind: type, error: Exception, traceback: Any, tb_offset: int | None = None
    ) -> Any:
        """Show an error as it would have been shown, with the note that it then has."""
        annotate(error)
        exceptions, show = self.before
        if isinstance(error, exceptions):
            return show(kind, error, traceback, tb_offset)
        shell.showtraceback((kind, error, traceback), tb_offset=tb_offset)
        if sys.modules["IPython"].version_info[:2] < FIRST_WITH_NOTES:
            for note in getattr(error, "__notes__", ()):
                print(note)
        return None

    def _switch(self, line: str) -> None:
        """Show the silent broadcasts of every cell behind it: %read on, %read off.

        With %%read above it, one cell is read: behind it stand the shapes of all its lines.
        """
        if line.strip() in ("on", "off"):
            self.always = line.strip() == "on"
        else:
            print(USAGE)

    def _begin(self, info: Any) -> None:
        """Before a cell is run."""
        if self.cell is None and (self.always or is_read(info.raw_cell)):
            transformed = getattr(info, "transformed_cell", None)
            if transformed is None:  # before IPython 9
                transformed = self.shell.transform_cell(info.raw_cell)
            lasts = ExitStack()
            reading = lasts.enter_context(being_read("the cell"))
            self.cell = Cell(info.raw_cell, transformed, reading, lasts)
            self.shell.ast_transformers.append(self)

    def visit(self, tree: ast.Module) -> ast.Module:
        """The noted tree of the cell that is being read; any other as it is."""
        file = self._file()
        if file is None or _text(tree) != _text(file.tree):
            return tree
        assert self.cell is not None
        self.cell.reading.add(file)
        self.cell.noted = True
        return ast.Module(_statement_for_statement(file), [])

    def _file(self) -> File | None:
        """The source that IPython keeps of the cell under a name that counts cells."""
        if self.cell is None:
            return None
        for number in (self.shell.execution_count, self.shell.execution_count - 1):
            name = self.shell.compile.get_code_name(self.cell.raw, self.cell.transformed, number)
            if name in linecache.cache:
                try:
                    return File(name)
                except SyntaxError:  # one that awaits
                    return None
        return None

    def _end(self, result: Any) -> None:
        """After a cell has run, and perhaps another one inside it."""
        if self.cell is None or (result is not None and result.info.raw_cell != self.cell.raw):
            return
        cell = self.cell
        self._finish()
        if is_read(cell.raw):
            listing = str(cell.reading)
            print(listing if cell.noted else f"{NOT_NOTED}\n\n{listing}".rstrip())
        else:
            for broadcast in cell.reading.broadcasts:
                print(broadcast)

    def _finish(self) -> None:
        """Stop reading."""
        if self.cell is not None:
            self.cell.lasts.close()
            self.cell = None
            if self in self.shell.ast_transformers:
                self.shell.ast_transformers.remove(self)


def is_read(cell: str) -> bool:
    """Whether %%read stands above a cell."""
    return cell.lstrip().partition("\n")[0].strip() == "%%read"


def without_command(lines: list[str]) -> list[str]:
    """The lines of a cell, with an empty one for %%read, so that the others keep their numbers."""
    return ["\n", *lines[1:]] if lines and is_read(lines[0]) else lines


def _text(tree: ast.AST) -> str:
    return ast.dump(tree, include_attributes=True)


def _statement_for_statement(file: File) -> list[ast.stmt]:
    """The noted statements, one for each: the last may be shown, if it is an expression."""
    noted = iter(file.noted_tree.body)
    made: list[ast.stmt] = []
    for statement in file.tree.body:
        made.append(next(noted))
        if isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
            both = [made.pop(), next(noted)]
            made.append(ast.copy_location(ast.If(ast.Constant(True), both, []), statement))
    return [ast.fix_missing_locations(statement) for statement in made]
