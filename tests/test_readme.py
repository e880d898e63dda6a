"""Whatever the README shows runs, and prints what it says."""

import contextlib
import io
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from shapecheck_bp.cli import main

README = Path(__file__).parent.parent / "README.md"
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL)


def test_the_python_blocks_print_what_stands_behind_them():
    names: dict[str, object] = {"__name__": "__main__"}
    shown = 0
    for (language, code), (next_language, text) in pairwise(BLOCKS):
        if language == "python" and not code.startswith("import jax\n"):
            assert next_language == "text"
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                exec(compile(code, README.name, "exec"), names)
            assert printed.getvalue() == text
            shown += 1
    assert shown == 10


def test_the_block_on_devices_prints_what_stands_behind_it():
    pytest.importorskip("jax", reason="JAX is not installed")
    ((code, text),) = (
        (code, text) for (_, code), (_, text) in pairwise(BLOCKS) if code.startswith("import jax\n")
    )
    command = [sys.executable, "-c", code]  # JAX counts its devices once in a process
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == text


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
