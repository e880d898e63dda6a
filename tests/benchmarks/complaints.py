"""How often a reading complains of code that is right:

    python tests/benchmarks/complaints.py                  # tests and documentation examples
    python tests/benchmarks/complaints.py scipy --most 9   # of one package, of nine files
    python tests/benchmarks/complaints.py --whole sklearn  # the package's own code is read too
    python tests/benchmarks/complaints.py --kinds tests some/folder  # of any test files

Libraries are not read, so what is read is a copy: the test files of installed packages, and the
examples of their documentation, in a temporary folder. Each function runs under ``read`` with a
time limit, and every complaint is printed, for a person to look at. A function that fails, or runs
out of time, counts as run: what came before was noted.
"""

import argparse
import doctest
import importlib
import inspect
import json
import os
import pkgutil
import re
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

PACKAGES = ("numpy", "scipy", "sklearn", "torch", "jax")
# These do something to the process that reads, or take the better part of an hour.
LEFT = {"test_mem_overlap.py", "test_public_api.py", "test_reloading.py", "test_extending.py"}
A_FILE, A_FUNCTION = 300, 5  # seconds
RELATIVE = re.compile(r"^(\s*from )(\.+)([\w.]* import)", re.MULTILINE)


class Reads:
    """A plugin of pytest: every test function runs under ``read``."""

    def __init__(self, out: Path, variants: int) -> None:
        self.out, self.variants = out, variants
        self.times: Counter[str] = Counter()

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """The first few of each function's parameters do."""
        kept = []
        for item in items:
            name = item.nodeid.partition("[")[0]
            self.times[name] += 1
            if self.times[name] <= self.variants:
                kept.append(item)
        items[:] = kept

    def pytest_pyfunc_call(self, pyfuncitem: Any) -> bool:
        """Run it, and write down what was said."""
        names = pyfuncitem._fixtureinfo.argnames
        arguments = {name: pyfuncitem.funcargs[name] for name in names}
        said = reading_of(pyfuncitem.obj, arguments)
        with self.out.open("a") as out:
            print(json.dumps({"name": pyfuncitem.nodeid, **said}), file=out)
        return True


def reading_of(function: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    """What is said of one call."""
    import signal

    from shapecheck_bp.reading import read

    def stop(*_: Any) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, A_FUNCTION)
    try:
        reading = read(function, **arguments)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return {
        "expressions": len(reading.notes.order),
        "missed": reading.notes.missed,
        "error": repr(reading.error) if reading.error else "",
        "complaints": [[broadcast.file, str(broadcast)] for broadcast in reading.broadcasts],
    }


def read_a_file(file: Path, package: str, out: Path, variants: int) -> None:
    """In a process of its own: run the functions of a test file."""
    import pytest

    options = ["-q", "-p", "no:cacheprovider", "--assert=plain", "--import-mode=importlib"]
    if os.sep not in package and importlib.util.find_spec(f"{package}.conftest"):
        options += ["-p", f"{package}.conftest"]
    warnings.simplefilter("ignore")
    os.environ["MPLBACKEND"] = "Agg"
    pytest.main(
        [*options, "-W", "ignore", f"--rootdir={file.parent}", "-c", os.devnull, str(file)],
        plugins=[Reads(out, variants)],
    )


def test_files(package: str, folder: Path) -> Iterator[Path]:
    """Copies of a package's test files, which import what they imported beside them."""
    root = _root(package)
    for number, path in enumerate(sorted(root.rglob("test_*.py"))):
        if path.name in LEFT:
            continue
        home = [root.name, *path.parent.relative_to(root).parts]
        copy = folder / f"test_{number}_{root.name}_{path.name}"
        copy.write_text(RELATIVE.sub(partial(_absolute, home), path.read_text()))
        yield copy


def _root(package: str) -> Path:
    """The folder of a package, or the folder of that name."""
    if os.sep in package:
        return Path(package)
    return Path(importlib.import_module(package).__file__ or "").parent


def _absolute(home: list[str], found: re.Match[str]) -> str:
    """``from ..x import``, with the name of the package."""
    start, dots, rest = found.groups()
    name, _, imported = rest.rpartition(" ")
    owner = ".".join([*home[: len(home) - len(dots) + 1], *([name] if name else [])])
    return f"{start}{owner} {imported}"


def example_files(package: str, folder: Path) -> Iterator[Path]:
    """The examples in a package's documentation, as functions, a file for each module."""
    seen: set[int] = set()
    for module in _modules(package):
        parts = [f"import numpy as np\nimport {package}\n"]
        for name, thing in [*vars(module).items()]:
            text = inspect.getdoc(thing) if callable(thing) and name[0] != "_" else None
            if text and hash(text) not in seen and ">>>" in text:
                seen.add(hash(text))
                parts += _as_function(f"{len(parts)}_{name}", text)
        if len(parts) > 1:
            file = folder / f"test_examples_{module.__name__.replace('.', '_')}.py"
            file.write_text("\n".join(parts))
            yield file


def _modules(package: str) -> Iterator[ModuleType]:
    owner = importlib.import_module(package)
    yield owner
    for found in pkgutil.walk_packages(owner.__path__, f"{package}.", onerror=lambda _: None):
        parts = found.name.split(".")
        if len(parts) < 5 and not any(part[0] == "_" or part == "tests" for part in parts):
            try:
                yield importlib.import_module(found.name)
            except (Exception, SystemExit):
                continue


def _as_function(name: str, text: str) -> list[str]:
    try:
        examples = doctest.DocTestParser().get_examples(text)
        source = "".join(example.source for example in examples)
        compile(source, name, "exec")
    except (SyntaxError, ValueError):
        return []
    body = "".join(f"    {line}\n" for line in source.splitlines())
    return [f"def test_{name}():\n{body}"]


def main() -> None:
    """Read, count, and print every complaint."""
    parser = argparse.ArgumentParser(
        prog="python tests/benchmarks/complaints.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("packages", nargs="*", default=PACKAGES)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=[*KINDS])
    parser.add_argument(
        "--most", type=int, default=10**6, help="files of each kind and package, evenly spaced"
    )
    parser.add_argument("--variants", type=int, default=2, help="parameters of each function")
    parser.add_argument("--minutes", type=float, default=60, help="of each kind and package")
    parser.add_argument("--whole", action="store_true", help="read a copy of the package itself")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)  # what a process of its own does
    options = parser.parse_args()
    if options.one:
        file, package, out = options.one
        read_a_file(Path(file), package, Path(out), options.variants)
        return
    with tempfile.TemporaryDirectory() as name:
        for package in options.packages:
            for kind in options.kinds:
                folder = Path(name, Path(package).name, kind)
                folder.mkdir(parents=True)
                _report(package, kind, folder, options)


KINDS = {"tests": test_files, "examples": example_files}


def _report(package: str, kind: str, folder: Path, options: argparse.Namespace) -> None:
    environment = dict(os.environ)
    if options.whole:
        shutil.copytree(_root(package), folder / package)
        paths = [str(folder), str(Path(__file__).parents[2])]
        environment["PYTHONPATH"] = os.pathsep.join(paths)
    out = folder / "said.jsonl"
    out.touch()
    said: list[dict[str, Any]] = []
    complaints: set[str] = set()
    files = [*KINDS[kind](package, folder)]
    stop = time.monotonic() + 60 * options.minutes
    for file in files[:: -(-len(files) // options.most) or 1]:
        left = stop - time.monotonic()
        if left < 0:
            print(f"out of time before {file.name}", flush=True)
            break
        command = [sys.executable, __file__, "--one", str(file), package, str(out)]
        command += ["--variants", str(options.variants)]
        try:
            limit = min(A_FILE, left)
            subprocess.run(command, timeout=limit, capture_output=True, env=environment, cwd=folder)
        except subprocess.TimeoutExpired:
            print(f"out of time in {file.name}", flush=True)
        for line in out.read_text().splitlines()[len(said) :]:
            said.append(json.loads(line))
            for _, text in said[-1]["complaints"]:
                if text not in complaints:
                    print(f"{said[-1]['name']}\n{text}\n", flush=True)
                complaints.add(text)
    functions = {entry["name"].partition("[")[0] for entry in said}
    print(
        f"{package} {kind}: {len(functions)} functions, {len(said)} calls, "
        f"{sum(entry['expressions'] for entry in said)} expressions, "
        f"{sum(bool(entry['error']) for entry in said)} ended in an error, "
        f"{sum(entry['missed'] for entry in said)} values not noted, "
        f"{len(complaints)} complaints\n",
        flush=True,
    )


if __name__ == "__main__":
    main()
