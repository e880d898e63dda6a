"""Whatever the README shows runs, and prints what it says."""

import contextlib
import io
import re
from itertools import pairwise
from pathlib import Path

import pytest

from shapecheck_bp.cli import main

README = Path(__file__).parents[2] / "README.md"
TEXT = README.read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", TEXT, flags=re.DOTALL)


def test_the_python_blocks_print_what_stands_behind_them():
    names: dict[str, object] = {"__name__": "__main__"}
    shown = 0
    for (language, code), (next_language, text) in pairwise(BLOCKS):
        if language == "python":
            assert next_language == "text"
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                exec(compile(code, README.name, "exec"), names)
            assert printed.getvalue() == text
            shown += 1
    assert shown == [language for language, _ in BLOCKS].count("python") == 2


@pytest.mark.xdist_group("main job")
@pytest.mark.usefixtures("main_job_as_found")
def test_excerpts_of_the_main_job_are_what_it_prints(capsys):
    main([])
    printed = [line.strip() for line in capsys.readouterr().out.splitlines()]
    excerpts = [
        text
        for (before, _), (language, text) in pairwise(BLOCKS)
        if language == "text" and before != "python"
    ]
    assert len(excerpts) == 2
    for line in "".join(excerpts).splitlines():
        assert line.strip() in printed


def test_the_opening_example_has_ten_lines():
    lines = [line for line in BLOCKS[0][1].splitlines() if line.strip()]
    assert len(lines) <= 10


def test_the_figures_of_speed_stand_on_the_page_about_it():
    page = README.with_name("docs") / "performance.md"
    measured = " ".join(page.read_text(encoding="utf-8").split())
    paragraph = " ".join(TEXT.partition("## Performance\n")[2].partition("\n## ")[0].split())
    figures = re.findall(r"(?:\d+ to )?\d+ %|\d+\.\d+", paragraph)
    assert len(figures) > 10
    for figure in figures:
        assert re.search(rf"(?<![\d.]){figure}(?!\d)", measured), figure


@pytest.mark.parametrize(
    ("heading", "page"),
    [("My code raises", "my_code_raises.md"), ("My network does not learn", "homework.md")],
)
def test_what_a_section_shows_is_on_the_page_about_it(heading, page):
    page = README.with_name("docs") / "how-to" / page
    section = TEXT.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    shown = [line[4:] for line in section.splitlines() if line.startswith("    ")]
    assert len(shown) > 5
    assert set(shown) <= set(page.read_text(encoding="utf-8").splitlines())
