"""What somebody's code is kept from while it is run for a diagnosis.

What it prints is dropped, nothing is asked for, no window is opened, and a step that does not end
is ended.
"""

import builtins
import io
import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from ctypes import c_ulong, py_object, pythonapi
from typing import Any

import numpy as np

from shapecheck_bp.reading.safety import same_random_numbers

SECONDS = 60.0
"""How long the code that leads to a step, or a step, may take."""


class CannotJudge(Exception):
    """Nothing can be said of this code, and why."""


class TooLong(BaseException):
    """A step does not end."""


@contextmanager
def quiet() -> Iterator[None]:
    """While this lasts, nothing is printed, asked for or warned of."""
    shows = os.environ.get("MPLBACKEND")
    os.environ["MPLBACKEND"] = "Agg"
    before, builtins.input = builtins.input, _refuse
    try:
        out, err = redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO())
        with out, err, warnings.catch_warnings(), same_random_numbers():
            warnings.simplefilter("ignore")
            with np.errstate(all="ignore"):
                yield
    finally:
        builtins.input = before
        if shows is None:
            del os.environ["MPLBACKEND"]
        else:
            os.environ["MPLBACKEND"] = shows


def _refuse(prompt: Any = "") -> str:
    raise CannotJudge(
        f"it asks for input ({str(prompt).strip() or 'input()'}): give what it needs as arguments"
    )


@contextmanager
def ending(what: str) -> Iterator[None]:
    """End what does not end by itself.

    Raises:
        CannotJudge: it had to be ended.
    """
    thread, done = threading.get_ident(), threading.Event()

    def end() -> None:
        if not done.wait(SECONDS):
            pythonapi.PyThreadState_SetAsyncExc(c_ulong(thread), py_object(TooLong))

    watchdog = threading.Thread(target=end, daemon=True)
    watchdog.start()
    try:
        yield
    except TooLong:
        raise CannotJudge(f"{what} does not end within {SECONDS:.0f} s") from None
    finally:
        done.set()
        watchdog.join()
