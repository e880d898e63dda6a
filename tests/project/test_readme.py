"""Whatever the README shows runs, and prints what it says."""

import contextlib
import io
import re
import runpy
import tomllib
import traceback
import types
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from shapecheck_bp import Network, column, layouts
from shapecheck_bp.cli import main

README = Path(__file__).parents[2] / "README.md"
TEXT = README.read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", TEXT, flags=re.DOTALL)


PROGRAMS = [code for language, code in BLOCKS if language == "python"]


def ends_in(code: str, folder: Path) -> str:
    """What a program prints as homework.py, or the last of what it prints where it fails."""
    path = folder / "homework.py"
    path.write_text(code, encoding="utf-8")
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        try:
            runpy.run_path(str(path), run_name="__main__")
        except Exception as error:
            return "".join(traceback.format_exception_only(error))
    return printed.getvalue()


@pytest.mark.parametrize("code", PROGRAMS[1:])
def test_each_program_runs_alone_and_prints_what_stands_behind_it(code, tmp_path):
    (shown,) = (text for (_, before), (_, text) in pairwise(BLOCKS) if before == code)
    assert ends_in(code, tmp_path).strip() == shown.strip()


def test_the_first_screen_is_what_the_first_program_ends_in(tmp_path):
    numpys, ours = (text for language, text in BLOCKS[:2] if language == "text")
    shown = ends_in(PROGRAMS[0], tmp_path)
    assert shown.rstrip().splitlines() == [numpys.rstrip(), "", *ours.splitlines()]


def test_there_are_four_doors():
    assert len(PROGRAMS) == 4


@pytest.mark.xdist_group("main job")
@pytest.mark.usefixtures("main_job_as_found")
def test_excerpts_of_the_main_job_are_what_it_prints(capsys):
    main([])
    printed = [line.strip() for line in capsys.readouterr().out.splitlines()]
    shown = TEXT.partition("## What the first command shows\n")[2].partition("\n## ")[0]
    excerpts = re.findall(r"```text\n(.*?)```", shown, flags=re.DOTALL)
    assert len(excerpts) == 2
    for line in "".join(excerpts).splitlines():
        assert line.strip() in printed


def test_the_figures_of_speed_stand_on_the_page_about_it():
    page = README.with_name("docs") / "performance.md"
    measured = " ".join(page.read_text(encoding="utf-8").split())
    (paragraph,) = (part for part in TEXT.split("\n\n") if part.startswith("**Fast**"))
    figures = re.findall(r"\d+\.\d+", paragraph)
    assert len(figures) == 5
    for figure in figures:
        assert re.search(rf"(?<![\d.]){figure}(?!\d)", measured), figure


def test_the_lines_of_the_table_run():
    net = Network((3, 4, 2))
    params = column.init(net, seed=0)
    names = {
        "layouts": layouts,
        "parameters": layouts.from_column(params, "ng"),
        "model": types.SimpleNamespace(state_dict=lambda: layouts.from_column(params, "torch")),
    }
    lines = re.findall(r"`params = (layouts\..*?)`", TEXT)
    assert len(lines) == 2
    for line in lines:
        for layer, (W, b) in zip(params, eval(line, names), strict=True):
            W, b = (W, b) if "column" in line else (W.T, b.T)
            np.testing.assert_array_equal(layer.W, W)
            np.testing.assert_array_equal(layer.b, b)


def test_a_package_index_shows_no_link_that_leads_nowhere():
    project = tomllib.loads(README.with_name("pyproject.toml").read_text(encoding="utf-8"))
    hook = project["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]
    assert hook["fragments"] == [{"path": "README.md"}]
    text = TEXT
    for substitution in hook["substitutions"]:
        text = re.sub(substitution["pattern"], substitution["replacement"], text)
    targets = [target for _, target in re.findall(r"\[([^]]*)\]\(([^)]*)\)", text)]
    assert len(targets) >= 3
    assert all(target.startswith("https://") for target in targets), targets
    assert "My code raises (docs/how-to/my_code_raises.md) has the rest" in text
