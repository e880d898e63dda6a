"""The doctor on a file: a script with its loop, a function of it, a method of an object of it.

A script is run up to its training, and then one turn of that is read; what stands behind it is not
run. Of ``FILE.py:function`` the arguments are what the file has under the names of its parameters,
or what the script itself calls it with.
"""

import ast
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from traceback import extract_tb
from typing import Any

from shapecheck_bp.doctor.diagnosing import diagnose, of_steps
from shapecheck_bp.doctor.guarding import CannotJudge, ending, quiet
from shapecheck_bp.doctor.opening import NothingTrains, alone, chosen, of_script
from shapecheck_bp.doctor.report import Diagnosis
from shapecheck_bp.network import Network
from shapecheck_bp.reading.explaining import explanation
from shapecheck_bp.reading.sources import file_at
from shapecheck_bp.reading.variants import name_of


def diagnose_file(
    path: str,
    name: str = "",
    *,
    arguments: str = "",
    loss: Any = None,
    net: Network | None = None,
    convention: str = "column",
) -> Any:
    """The diagnosis of a script, or of what has a name in it.

    Args:
        path: a Python file; it is run.
        name: a function in it, or ``Class.method``; else its own loop is looked at.
        arguments: what stands between the brackets of the call: names and expressions of the file.
        loss: as ``diagnose`` has it.
        net: the network for which a problem is made, where it is a function of (params, X, Y).
        convention: how X and Y then lie.

    Raises:
        ValueError: there is no such file, it cannot be run, or there is no such function in it.
    """
    file = Path(path)
    if file.suffix != ".py" or not file.is_file():
        raise ValueError(f"{path}: no such Python file")
    source = str(file.resolve())
    with quiet(), _as_main(file) as names:
        try:
            if not name:
                return of_steps(of_script(source, names), file.name, loss)
            _run(file, names, name)
            thing = _thing(file, names, name)
            if net is not None:
                return diagnose(thing, net, convention)
            called = (
                f"__call__({arguments})"
                if arguments
                else _call_in(ast.parse(file.read_bytes()), name)
            )
            if called is None:
                raise ValueError(
                    f"it calls {name} nowhere: say with what, as in --arguments 'X, Y, 0.1'"
                )
            args, kwargs = _arguments(called, names)
            return diagnose(thing, *args, loss=loss, **kwargs)
        except NothingTrains as why:
            told = f"{why}; where a function does that, name it: {file.name}:step"
            return Diagnosis(None, recognised=file.name, why=told)
        except CannotJudge as why:
            return Diagnosis(None, recognised=file.name, why=str(why))
        except (Exception, SystemExit) as error:
            theirs = _line_of(error, source)
            if not theirs and isinstance(error, ValueError | TypeError):
                raise
            if not theirs and not isinstance(error, SystemExit):
                raise ValueError(
                    f"{path}: the doctor itself failed at it, by {_said(error)}; that says nothing"
                    " of your code, and a report of it would help"
                ) from error
            raise _not_run(path, error, theirs) from error


def _line_of(error: BaseException, source: str) -> str:
    """Where in a file an exception was met, if it was."""
    lines = [at.lineno for at in extract_tb(error.__traceback__) if at.filename == source]
    return f"line {lines[-1]}: " if lines else ""


def _not_run(path: str | Path, error: BaseException, where: str) -> ValueError:
    """The error about a file that ends in one itself; of shapes more can be shown."""
    more = f"; which shapes met there: shapecheck-bp read {path}" if explanation(error) else ""
    return ValueError(f"{path} cannot be run: {where}{_said(error)}{more}")


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _run(path: Path, names: dict[str, Any], name: str) -> None:
    """Run a file up to the statement in which something of this name is called first."""
    source = str(path.resolve())
    file = file_at(source)
    if file is None:
        raise ValueError(f"{path} is no source of this Python")
    try:
        with ending("the file"):
            for statement in chosen(file, file.tree.body, names):
                if _call_in(statement, name) is not None and not _defines(statement):
                    return
                exec(alone(file, statement), names)
    except (Exception, SystemExit) as error:
        raise _not_run(path, error, _line_of(error, source)) from error


def _defines(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)


def _thing(file: Path, names: dict[str, Any], name: str) -> Any:
    first, *parts = name.split(".")
    if first not in names:
        functions = [key for key, value in names.items() if _is_own(value, file)]
        raise ValueError(f"{file} has no {first}; it has {', '.join(functions) or 'no functions'}")
    thing = names[first]
    if parts and isinstance(thing, type):
        thing = _object_of(thing, names)
    for part in parts:
        if not hasattr(thing, part):
            raise ValueError(f"{file} has no {name}")
        thing = getattr(thing, part)
    return thing


def _is_own(value: Any, file: Path) -> bool:
    return callable(value) and getattr(value, "__module__", None) in (file.stem, "__main__")


def _object_of(kind: type, names: dict[str, Any]) -> Any:
    """The first object of a class that the file made, or one made without arguments."""
    for value in names.values():
        if type(value) is kind:
            return value
    try:
        return kind()
    except TypeError as error:
        raise ValueError(
            f"the file makes no {kind.__name__}: put a line such as net = {kind.__name__}(…) at its"
            f" end; by itself: {error}"
        ) from error


def _call_in(tree: ast.AST, name: str) -> str | None:
    """The first call of a function of this name in a tree."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and name_of(node) == name.rpartition(".")[2]:
            given = ast.Call(ast.Name("__call__", ast.Load()), node.args, node.keywords)
            return ast.unparse(given)
    return None


def _arguments(call: str, names: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    def given(*args: Any, **kwargs: Any) -> Any:
        return args, kwargs

    try:
        return eval(call, {**names, "__call__": given})  # type: ignore[no-any-return]
    except NameError as error:
        raise ValueError(f"{error}; say what it is called with by --arguments") from error


@contextmanager
def _as_main(file: Path) -> Iterator[dict[str, Any]]:
    """Be where a script is run, and give the names of its module."""
    from types import ModuleType

    before = sys.argv, [*sys.path], sys.modules.get("__main__"), sys.modules.get(file.stem)
    module = ModuleType("__main__")
    module.__file__ = str(file)
    sys.argv = [str(file)]
    sys.path.insert(0, str(file.parent.resolve()))
    sys.modules["__main__"] = sys.modules[file.stem] = module
    try:
        yield vars(module)
    finally:
        sys.argv, sys.path[:] = before[:2]
        for key, value in (("__main__", before[2]), (file.stem, before[3])):
            if value is None:
                del sys.modules[key]
            else:
                sys.modules[key] = value
