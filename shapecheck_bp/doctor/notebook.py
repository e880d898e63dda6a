"""``%%diagnose``: a cell that trains, diagnosed as a script is.

What stands before the training is run, and then one step of that is read and judged. All of it is
done on copies of what the cell can come to, and the names are put back, so that the notebook is
afterwards what it was. The first line of a cell is the one with the command.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, FunctionType, TracebackType
from typing import Any

from shapecheck_bp.doctor.diagnosing import of_steps
from shapecheck_bp.doctor.guarding import CannotJudge, quiet
from shapecheck_bp.doctor.opening import of_script
from shapecheck_bp.doctor.report import Diagnosis
from shapecheck_bp.doctor.truth import LOSSES
from shapecheck_bp.reading.failing import is_a_persons, shown_name
from shapecheck_bp.reading.reached import Reached
from shapecheck_bp.reading.state import State

USAGE = f"Usage: %%diagnose above a cell, or %%diagnose --loss with one of {', '.join(LOSSES)}"
OF_THE_SHELL = {"get_ipython", "exit", "quit", "_", "__", "___"}
"""Names that IPython itself puts among a person's; what is needed of them is a builtin, too."""


def diagnose_cell(shell: Any, line: str, cell: str) -> None:
    """Show the diagnosis of a cell.

    Args:
        shell: where it stands.
        line: what stands behind the command: nothing, or ``--loss`` with the name of one.
        cell: what stands below.

    Raises:
        Exception: whatever the cell raises by itself.
    """
    __tracebackhide__ = True
    words = line.replace("=", " ").split()
    if words and (len(words) != 2 or words[0] != "--loss" or words[1] not in LOSSES):
        print(USAGE)
        return
    source = shell.transform_cell(f"# %%diagnose {line}\n{cell}")  # lines keep their numbers
    name = shell.compile.cache(source, _number())
    compile(source, name, "exec", dont_inherit=True)  # an error of its syntax is raised here
    IPython: Any = sys.modules["IPython"]
    try:
        # A loop may show its progress, in each of some hundred runs.
        with IPython.utils.capture.capture_output(), quiet(), _on_copies(shell.user_ns, source):
            diagnosis = of_steps(of_script(name, shell.user_ns), "the cell", *words[1:])
    except CannotJudge as why:
        diagnosis = Diagnosis(None, recognised="the cell", why=str(why))
    except Exception as error:
        raise error.with_traceback(_own(error.__traceback__)) from error.__cause__
    IPython.display.display(diagnosis)


@contextmanager
def _on_copies(space: dict[str, Any], source: str) -> Iterator[None]:
    """While this lasts, names stand for copies of what a cell can come to, and others for nothing.

    So what has nothing to do with it need not be such that it can be copied.

    Raises:
        CannotJudge: something that it can come to cannot be copied.
    """
    before = dict(space)
    for name in OF_THE_SHELL & {*space}:
        del space[name]
    try:
        words = {*re.findall(r"\w+", source)} & {*space}  # also in strings, as for %time
        reached = Reached(*(space[name] for name in words)).named
        names = words | reached.pop(id(space), (space, set()))[1]
        named = [(space, names), *reached.values()]
        functions = {n: space[n] for n in names if isinstance(space.get(n), FunctionType)}
        state = State(dict, (functions,), {}, named)
        if state.why_not:
            raise CannotJudge(f"it cannot be run again: {state.why_not}")
        with state.again() as copied:
            space.update(copied())  # of what a function holds, a module's names give no copies
            for name in {*space} - names:
                if not name.startswith("__"):
                    del space[name]
            yield
    finally:
        space.update(before)


def _number() -> int:
    """The number of the cell that is being run."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if found := re.match(r"In\[(\d+)\]", shown_name(frame.f_code.co_filename)):
            return int(found[1])
        frame = frame.f_back
    return 0


def _own(traceback: TracebackType | None) -> TracebackType | None:
    """A traceback from the first frame of a person's own code on."""
    part = traceback
    while part is not None and not is_a_persons(part.tb_frame.f_code):
        part = part.tb_next
    return part or traceback
