"""Whether the tests notice a mutant: a copy of the repository, and a fork for each of them.

A fork finds the libraries imported, and pays for the mutant and the tests alone. Nothing is changed
in the repository itself.
"""

import importlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

from mutants import path_of

LIBRARIES = ("array_api_compat.numpy", "beartype", "cloudpickle", "hypothesis.extra.numpy")
LIBRARIES += ("jaxtyping", "mpmath", "numpy", "pytest", "rich.console", "sympy")
NEEDED = ("shapecheck_bp", "tests", "notebooks", "docs")
NEEDED += ("conftest.py", "shapecheck_bp_pytest.py", "pyproject.toml")
NEEDED += ("README.md", "CONTRIBUTING.md")
DOES_NOT_IMPORT = 99
PRINTED = "printed.txt"

copy = Path()


def copied(root, folder):
    """What the tests need of a repository, in another folder."""
    ignored = shutil.ignore_patterns("__pycache__", "_build")
    for name in NEEDED:
        if (root / name).is_dir():
            shutil.copytree(root / name, folder / name, ignore=ignored)
        else:
            shutil.copy2(root / name, folder / name)


def settle(root):
    """Make this process's copy, and load what every fork needs."""
    global copy
    copy = Path(tempfile.mkdtemp(dir=root.parent))
    copied(root, copy)
    os.environ["PYTHONPATH"] = str(copy)
    # Compiled once here, and not by every fork: its own would be taken for the next mutant's.
    collect = [sys.executable, "-m", "pytest", "-q", "--collect-only"]
    compiling = os.environ | {"PYTHONDONTWRITEBYTECODE": ""}
    subprocess.run(collect, cwd=copy, env=compiling, check=True, stdout=subprocess.DEVNULL)
    sys.dont_write_bytecode = True
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    sys.path.insert(0, str(copy))
    for library in LIBRARIES:
        importlib.import_module(library)


def tested(module, tests):
    """In a fork: run the tests, and leave with their exit status."""
    import pytest

    os.setsid()
    os.chdir(copy)
    printed = os.open(copy / PRINTED, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(printed, 1)
    os.dup2(printed, 2)
    try:
        found = importlib.import_module(f"shapecheck_bp.{module}").__file__
    except Exception:
        os._exit(DOES_NOT_IMPORT)
    assert Path(found) == copy / path_of(module), found
    quiet = "ignore::pytest.PytestAssertRewriteWarning"  # of plugins, loaded before the fork
    status = pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-W", quiet, *tests])
    sys.stdout.flush()
    os._exit(status)


def exit_status(module, tests, limit):
    """What ``tested`` leaves with; what takes more than ``limit`` seconds has failed."""
    started, child = time.monotonic(), os.fork()
    if child == 0:
        try:
            tested(module, tests)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if limit is not None and time.monotonic() - started > limit:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return -signal.SIGKILL
        time.sleep(0.005)


def judged(mutant, stages, limit):
    """The mutant, which stage's tests fail (``None`` if none do, "import" if it is no program), and
    what the last of them printed.
    """
    path, fate = copy / path_of(mutant.module), None
    shutil.copy2(path, path.with_suffix(".kept"))
    path.write_text(mutant.text, encoding="utf-8")
    try:
        for number, tests in enumerate(stages):
            if status := exit_status(mutant.module, tests, limit):
                fate = "import" if status == DOES_NOT_IMPORT else number
                break
        return mutant, fate, (copy / PRINTED).read_text(encoding="utf-8", errors="replace")[-3000:]
    finally:
        os.replace(path.with_suffix(".kept"), path)
