"""Whatever a page of the documentation shows runs, and prints what stands behind it.

The blocks of a page share names and a folder. After a change that is meant, this writes what has
become stale:

    python tests/project/test_docs.py
"""

import contextlib
import importlib.util
import io
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import shapecheck_bp
from shapecheck_bp.cli import COMMANDS, main

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(
    path
    for path in DOCS.rglob("*")
    if path.suffix in (".md", ".rst") and not path.relative_to(DOCS).parts[0].startswith("_")
)
NEEDS = {"torch_and_jax": ("torch", "jax"), "devices": ("jax",), "weights": ("onnx",)}
FENCE = re.compile(
    r"^```(?:\{code-block\} )?(\w+)\n(?::caption: (\S+)\n\n)?(.*?)^```$", re.DOTALL | re.MULTILINE
)
# Run on a machine of one's own; test_benchmarks.py and test_mesh.py have the last two.
NOT_RUN = (
    *("pip install", "python3 -m venv", "python tests/benchmarks"),
    "python docs/how-to/sharded.py ",
)


def name_of(page):
    return page.relative_to(DOCS if DOCS in page.parents else DOCS.parent).as_posix()


def run(language, caption, code, names):
    """What a block prints."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        if caption:
            Path(caption).write_text(code, encoding="utf-8")
        elif language == "python":
            exec(compile(code, "<a page>", "exec"), names)
        else:
            for line in code.splitlines():
                if not line.startswith(NOT_RUN):
                    command, *arguments = shlex.split(line)
                    assert command in ("shapecheck-bp", "pytest"), f"not known to run: {line}"
                    if command == "pytest":
                        print(run_pytest(arguments), end="")
                    else:
                        main(arguments)
    return "".join(f"{line.rstrip()}\n" for line in printed.getvalue().splitlines())


def run_pytest(arguments):
    """What pytest prints in this folder with our plugin and no others."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "shapecheck_bp_pytest", *arguments],
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
    ).stdout


def outputs_of(page):
    """What each of a page's blocks that has a text behind it prints, in their order."""
    blocks = FENCE.findall(page.read_text(encoding="utf-8"))
    names, found = {"__name__": "__main__"}, []
    sys.path.insert(0, "")  # a page may import the file that it shows
    assert {language for language, _, _ in blocks} <= {"python", "sh", "text"}
    for block, following in pairwise([*blocks, ("", "", "")]):
        if block[0] in ("python", "sh"):
            printed = run(*block, names)
            if following[0] == "text":
                found.append(printed)
            else:
                assert block[0] == "sh" or block[1], f"nothing behind:\n{block[2]}"
    return found


def shown_on(page):
    """The texts that stand behind a page's blocks."""
    blocks = FENCE.findall(page.read_text(encoding="utf-8"))
    return [text for language, _, text in blocks if language == "text"]


def fresh_outputs(page):
    """The same, in a process and a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        ran = subprocess.run(
            [sys.executable, __file__, str(page)],
            cwd=folder,
            env=os.environ | {"COLUMNS": "100", "NO_COLOR": "1"},
            capture_output=True,
            text=True,
        )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_blocks_print_what_stands_behind_them(page):
    for library in NEEDS.get(page.stem, ()):
        pytest.importorskip(library, reason=f"{library} is not installed")
    if page.stem == "design" and np.lib.NumpyVersion(np.__version__) < "2.3.0":
        pytest.skip("before NumPy 2.3 a program takes its products otherwise than the page shows")
    shown = shown_on(page)
    if shown or FENCE.search(page.read_text(encoding="utf-8")):
        assert fresh_outputs(page) == shown


def links_on(page):
    """The pages and headings of the documentation that a page links to."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    found = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r":doc:`([^`<]+)`", text)
    return [link for link in found if not link.startswith("http")]


def headings_of(page):
    """The anchors of a page's headings."""
    lines = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in lines}


@pytest.mark.parametrize("page", [*PAGES, DOCS.parent / "README.md"], ids=name_of)
def test_links_lead_somewhere(page):
    for link in links_on(page):
        path, _, heading = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        targets = [target, *(target.with_name(target.name + end) for end in (".md", ".rst"))]
        there = [one for one in targets if one.is_file()]
        assert there, f"{name_of(page)} links to {link}"
        assert not heading or heading in headings_of(there[0]), f"{name_of(page)}: {link}"


def test_every_page_is_in_a_table_of_contents():
    listed = {"index"}
    for page in PAGES:
        for toctree in re.findall(r"```\{toctree\}\n(.*?)```", page.read_text("utf-8"), re.DOTALL):
            for line in toctree.splitlines():
                if line and not line.startswith(":"):
                    listed.add((page.parent / line).relative_to(DOCS).as_posix())
    notebooks = {f"_notebooks/{path.stem}" for path in (DOCS.parent / "notebooks").glob("*.ipynb")}
    assert listed == {name_of(page.with_suffix("")) for page in PAGES} | notebooks


def test_every_public_name_is_in_the_reference():
    reference = "".join(page.read_text(encoding="utf-8") for page in PAGES if page.suffix == ".rst")
    for name in set(shapecheck_bp.__all__) - {"column", "row"}:
        assert re.search(rf":: (shapecheck_bp\.)?{name}\n", reference), name
    assert re.findall(r"beside:: (\w+)", reference) != []
    assert set(re.findall(r"beside:: (\w+)", reference)) == set(shapecheck_bp.column.__all__)
    for module in ("layouts", "tracing.draw", "tracing", "proof", "doctor"):
        for name in importlib.import_module(f"shapecheck_bp.{module}").__all__:
            aliases = rf"(shapecheck_bp\.|shapecheck_bp\.{module}\.)?{name}\n"
            assert re.search(rf":: {aliases}", reference), f"{module}.{name}"


def test_every_command_is_in_the_reference():
    page = (DOCS / "reference" / "command.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `shapecheck-bp (\w+)", page, re.MULTILINE)) == COMMANDS.keys()


def test_the_site_builds_without_a_warning(tmp_path):
    for library in ("sphinx", "myst_nb", "furo"):
        pytest.importorskip(library, reason=f"{library} is not installed")
    built = subprocess.run(
        [
            *(sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"),
            *("-d", str(tmp_path / "doctrees"), str(DOCS), str(tmp_path / "html")),
        ],
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr
    pages = list((tmp_path / "html").rglob("*.html"))
    assert len(pages) > len(PAGES)
    for page in pages:
        text = page.read_text(encoding="utf-8")
        fetched = re.findall(r'<(?:script|link|img)[^>]*(?:src|href)="(https?:[^"]*)"', text)
        assert fetched == [], f"{page.name} needs a network"
    side_by_side = (tmp_path / "html" / "side_by_side.html").read_text(encoding="utf-8")
    lessons = re.findall(r'href="(try/[^"]*)"', side_by_side)
    assert len(lessons) == 3
    assert all((tmp_path / "html" / lesson).is_file() for lesson in lessons)


def write_anew():
    """Put what the blocks print behind them."""
    for page in PAGES:
        if all(map(importlib.util.find_spec, NEEDS.get(page.stem, ()))):
            found = iter(fresh_outputs(page) if FENCE.search(page.read_text("utf-8")) else [])

            def anew(block, found=found):
                return f"```text\n{next(found)}```" if block[1] == "text" else block[0]

            page.write_text(FENCE.sub(anew, page.read_text("utf-8")), encoding="utf-8")
        else:
            print(f"{name_of(page)} is as it was: {NEEDS[page.stem]} are not all installed")


if __name__ == "__main__":
    if sys.argv[1:]:
        print(json.dumps(outputs_of(Path(sys.argv[1]))))
    else:
        write_anew()
